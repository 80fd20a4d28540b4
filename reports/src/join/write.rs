//! Joins two run directories into a third.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use weighbridge_record::{GatePolicy, Mode, RunReader, RunWriter, Trial};

use super::prices::Reprice;
use super::samples::{Matched, matched};
use super::side::Side;
use super::{JoinError, Names, choose, header, settings};
use crate::model::{RunJoin, RunSide};
use crate::table::{Place, RunTable};

/// Trials of one run that are taken over.
struct Taken<'a> {
    side: &'a Side,
    policy: usize,
    /// The policy's name in the joined run.
    name: Arc<str>,
    repeats: u32,
    /// Whether times are dropped.
    timeless: bool,
}

/// Joins the policies `names` of runs `a` and `b` into the run directory `out`, to be judged by
/// `gate`, or by B's gate policy. Returns the table of what was written; `RunTable::load(out)` gives
/// the same.
///
/// # Errors
/// [`JoinError`]: a log that cannot be read, policies that are not clear, no common sample, or an
/// `out` that holds another run.
pub fn join(
    a: &Path,
    b: &Path,
    names: Names<'_>,
    gate: Option<GatePolicy>,
    out: &Path,
) -> Result<RunTable, JoinError> {
    let (a, b) = (Side::open(a)?, Side::open(b)?);
    let at = choose::choose(&a.header, &b.header, names)?;
    if same(&a.dir, &b.dir) && at.0 == at.1 {
        return Err(JoinError::Same(a.header.policies[at.0].name.clone()));
    }
    spare(&a, &b, out)?;
    let found = matched(&a.samples, &b.samples);
    if found.lines.is_empty() {
        return Err(nothing(&found));
    }
    let gate = gate.unwrap_or_else(|| b.header.gate.clone());
    let mut prices = Reprice::between(&a.header, &b.header);
    if let (Some(model), true) = (prices.one_sided.first(), gate.min_saving.is_some()) {
        return Err(JoinError::Prices {
            model: model.clone(),
        });
    }
    let taken = |side, policy: usize, run| taken(side, policy, run, &a, &b);
    let (from_a, from_b) = (taken(&a, at.0, 'A'), taken(&b, at.1, 'B'));
    // Once to count, so that the header can say everything, and once to write.
    let (trials_a, torn_a) = from_a.each(|trial| {
        prices.apply(trial);
        Ok(())
    })?;
    let (trials_b, torn_b) = from_b.each(|_| Ok(()))?;
    let join = RunJoin {
        a: from_a.about(trials_a, torn_a),
        b: from_b.about(trials_b, torn_b),
        matched: found.lines.len() as u64,
        notes: notes(&a, &b, &found, &prices),
        only_a: found.only_a,
        only_b: found.only_b,
        changed: found.changed,
        relabelled: found.relabelled,
        config: settings::changes(&a.header, &b.header),
    };
    let mut joined = header::joined(&a, &b, at, &join);
    joined.gate = gate;

    let kept: HashSet<Arc<str>> = found.lines.iter().map(|l| Arc::clone(&l.id)).collect();
    let mut writer = RunWriter::fresh(out, &joined, &found.lines)?;
    let mut table = RunTable::new(joined, found.lines);
    table.note_clients(out);
    let mut put = |trial: &mut Trial| {
        if kept.contains(&trial.sample) {
            let (offset, len) = writer.append(trial)?;
            table.push(trial, Place { offset, len });
        }
        Ok(())
    };
    from_a.each(|trial| {
        prices.apply(trial);
        put(trial)
    })?;
    from_b.each(&mut put)?;
    writer.flush()?;
    Ok(table)
}

fn taken<'s>(side: &'s Side, policy: usize, run: char, a: &Side, b: &Side) -> Taken<'s> {
    Taken {
        side,
        policy,
        name: header::name(&side.header.policies[policy], run).into(),
        repeats: header::repeats(&a.header, &b.header),
        timeless: a.header.mode != b.header.mode,
    }
}

impl Taken<'_> {
    /// Hands every trial of the policy on, under its joined name. Returns how many the log holds of
    /// it and whether the log ends in a torn line.
    fn each(
        &self,
        mut sink: impl FnMut(&mut Trial) -> Result<(), JoinError>,
    ) -> Result<(u64, bool), JoinError> {
        let mut reader = RunReader::open(&self.side.dir)?;
        let own = &self.side.header.policies[self.policy].name;
        let mut trials = 0;
        while let Some(at) = reader.next_trial()? {
            let mut trial = at.trial;
            if *trial.policy != **own {
                continue;
            }
            trials += 1;
            if trial.repeat >= self.repeats {
                continue;
            }
            trial.policy = Arc::clone(&self.name);
            if self.timeless {
                (trial.ttft_ms, trial.router_ms, trial.e2e_ms) = (None, None, None);
            }
            sink(&mut trial)?;
        }
        Ok((trials, reader.is_torn()))
    }

    fn about(&self, trials: u64, torn: bool) -> RunSide {
        let header = &self.side.header;
        RunSide {
            name: header.name.clone(),
            policy: header.policies[self.policy].name.clone(),
            experiment_hash: header.experiment_hash.clone(),
            mode: header.mode,
            started_unix_ms: header.started_unix_ms,
            samples: self.side.samples.len() as u64,
            repeats: header.repeats.max(1),
            trials,
            torn,
        }
    }
}

/// Whether two paths lead to the same place.
fn same(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// Refuses to write over a log that is not itself a comparison.
fn spare(a: &Side, b: &Side, out: &Path) -> Result<(), JoinError> {
    let overwrites = || Err(JoinError::Overwrites(out.display().to_string()));
    if same(&a.dir, out) || same(&b.dir, out) {
        return overwrites();
    }
    if !out.join(RunWriter::LOG).exists() {
        return Ok(());
    }
    match RunReader::open(out) {
        Ok(reader) if header::join_of(reader.header()).is_some() => Ok(()),
        _ => overwrites(),
    }
}

fn nothing(found: &Matched) -> JoinError {
    let first = [found.only_a.first(), found.only_b.first()];
    let named: Vec<String> = first.iter().flatten().map(|id| format!("`{id}`")).collect();
    JoinError::NothingInCommon {
        only_a: found.only_a.len(),
        only_b: found.only_b.len(),
        changed: found.changed.len(),
        example: if named.is_empty() {
            String::new()
        } else {
            format!(" (for example {})", named.join(" and "))
        },
    }
}

/// What was done so that the two can be compared.
fn notes(a: &Side, b: &Side, found: &Matched, prices: &Reprice) -> Vec<String> {
    let mut notes = Vec::new();
    let (ha, hb) = (&a.header, &b.header);
    if ha.repeats != hb.repeats {
        notes.push(format!(
            "repeats differ, {} in A and {} in B: the first {} count in both",
            ha.repeats.max(1),
            hb.repeats.max(1),
            header::repeats(ha, hb)
        ));
    }
    if ha.slices != hb.slices {
        notes.push("the slices differ: B's rules make them".to_owned());
    }
    if !found.relabelled.is_empty() {
        notes.push(format!(
            "{} samples have other labels or another cluster in B, which count",
            found.relabelled.len()
        ));
    }
    let models: Vec<&str> = prices.models().collect();
    if !models.is_empty() {
        let kept = if prices.kept > 0 {
            format!(
                "; {} calls keep their recorded cost, which A's prices do not explain",
                prices.kept
            )
        } else {
            String::new()
        };
        notes.push(format!(
            "prices differ ({}): {} calls of A are priced by B's price book, so that the saving is \
             that of the policy{kept}",
            models.join(", "),
            prices.done
        ));
    }
    if !prices.one_sided.is_empty() {
        notes.push(format!(
            "priced in one run only ({}): each run keeps its own costs, and the saving mixes both",
            prices.one_sided.join(", ")
        ));
    }
    if ha.mode != hb.mode {
        notes.push(
            "one run is live and the other a replay: their times are not comparable and are left out"
                .to_owned(),
        );
    } else if ha.host != hb.host {
        notes.push("the runs are from different machines: so are their times".to_owned());
    } else if hb.mode == Mode::Live && !same(&a.dir, &b.dir) {
        notes.push(
            "the runs are from different moments: a change of times can be the machine's as well as \
             the policy's (`weighbridge gate aa` on this comparison measures it where both policies \
             are the same)"
                .to_owned(),
        );
    }
    if found.by_excerpt > 0 {
        notes.push(format!(
            "{} samples are matched by the beginning of their prompt, its length and the expected \
             answer: a log of an older version has no fingerprints",
            found.by_excerpt
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::header::tests::{header, trial};
    use weighbridge_record::{PolicyRole, Price, RunHeader, SampleLine};

    /// A run of `policy` over ten samples, in a directory of its own; even samples are right.
    fn run(dir: &Path, name: &str, policy: &str, change: impl Fn(&mut RunHeader)) {
        let mut header = header(&[(policy, PolicyRole::Candidate)]);
        change(&mut header);
        let line = |i: u32| SampleLine {
            id: format!("s{i}").as_str().into(),
            labels: std::collections::BTreeMap::new(),
            cluster: None,
            chance: None,
            prompt_chars: 1,
            prompt: format!("q{i}"),
            expected: None,
            fingerprint: Some(i.to_string()),
        };
        let lines: Vec<SampleLine> = (0..10).map(line).collect();
        let mut writer = RunWriter::fresh(&dir.join(name), &header, &lines).unwrap();
        for i in 0..10 {
            for repeat in 0..header.repeats {
                let mut trial = trial(&format!("s{i}"), policy, "small", f64::from(i % 2));
                trial.repeat = repeat;
                trial.ttft_ms = Some(5.0);
                writer.append(&trial).unwrap();
            }
        }
        writer.flush().unwrap();
    }

    fn joined(dir: &Path, gate: Option<GatePolicy>) -> Result<RunTable, JoinError> {
        let [a, b, out] = ["a", "b", "out"].map(|name| dir.join(name));
        join(&a, &b, Names::default(), gate, &out)
    }

    #[test]
    fn what_is_written_is_what_is_returned() {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), "a", "live", |h| h.repeats = 3);
        run(dir.path(), "b", "live", |h| h.repeats = 2);
        let table = joined(dir.path(), None).unwrap();
        let read = RunTable::load(&dir.path().join("out")).unwrap();
        assert_eq!(table.header(), read.header());
        assert_eq!(table.samples(), read.samples());
        for (x, y) in table.arms().iter().zip(read.arms()) {
            assert_eq!(
                (&x.score, &x.place, x.trials),
                (&y.score, &y.place, y.trials)
            );
        }
        assert_eq!((table.repeats(), table.arms()[0].trials), (2, 20));
        let join = header::join_of(read.header()).unwrap();
        assert_eq!((join.a.trials, join.b.trials), (30, 20));
        assert_eq!(read.foreign(), 0);
    }

    #[test]
    fn times_of_a_live_run_and_a_replay_are_not_compared() {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), "a", "live", |_| ());
        run(dir.path(), "b", "live", |h| h.mode = Mode::Live);
        let table = joined(dir.path(), None).unwrap();
        assert!(
            table
                .arms()
                .iter()
                .all(|arm| arm.ttft_ms.iter().all(|ms| ms.is_nan()))
        );
        let join = header::join_of(table.header()).unwrap();
        assert!(
            join.notes[0].contains("times are not comparable"),
            "{:?}",
            join.notes
        );
    }

    #[test]
    fn a_promised_saving_needs_prices_on_both_sides() {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), "a", "live", |_| ());
        run(dir.path(), "b", "live", |h| {
            h.fleet[0].price = Some(Price::default())
        });
        let saving = GatePolicy {
            min_saving: Some(0.1),
            ..GatePolicy::default()
        };
        let error = joined(dir.path(), Some(saving)).unwrap_err().to_string();
        assert!(
            error.contains("small has a token price in one run only"),
            "{error}"
        );
        assert!(!dir.path().join("out").exists());
        assert!(joined(dir.path(), None).is_ok());
    }

    #[test]
    fn a_log_that_is_no_comparison_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), "a", "live", |_| ());
        run(dir.path(), "b", "live", |_| ());
        run(dir.path(), "out", "paid for", |_| ());
        let error = joined(dir.path(), None).unwrap_err();
        assert!(matches!(error, JoinError::Overwrites(_)), "{error}");
        assert!(!error.hint().is_empty());
    }
}
