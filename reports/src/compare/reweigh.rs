//! The same comparison with other scores: what the gate would have said.

use weighbridge_record::SliceTier;

use super::pairs::Pairs;
use super::slice::Slice;
use super::weigh::{measure, slices, weigh};
use super::{Evidence, Frame, Weighed, per_sample};
use crate::gate::judge_claims;
use crate::model::{ClaimKind, SliceResult, Verdict};
use crate::table::{Arm, ScoreState};

/// A candidate prepared for being judged on other scores by the very steps of the gate.
///
/// Slices, clusters, margins and error rates are the run's. Claims on latency, errors and saving are
/// left out: scores do not move them.
pub(crate) struct Bench<'a> {
    frame: &'a Frame<'a>,
    candidate: usize,
    template: Weighed,
    slices: Vec<Slice>,
    /// How far unjudged trials move the mean of each sample at worst: baseline, then candidate.
    worst: Option<[Vec<f64>; 2]>,
}

impl<'a> Bench<'a> {
    /// Prepares one candidate.
    pub(crate) fn new(frame: &'a Frame<'a>, baseline: usize, candidate: usize) -> Self {
        let arms = frame.table.arms();
        let (base, cand) = (&arms[baseline], &arms[candidate]);
        let pairs = Pairs::new(frame, &frame.scores[baseline], &frame.scores[candidate]);
        Self {
            frame,
            candidate,
            template: weigh(frame, baseline, candidate),
            slices: slices(frame, &pairs, base, cand),
            worst: worst(frame, base, cand),
        }
    }

    /// The verdict on scores by sample; NaN where a sample has none. `seed` draws the screen's flips.
    pub(crate) fn judge(&self, baseline: &[f64], candidate: &[f64], seed: u64) -> Verdict {
        let pairs = Pairs::new(self.frame, baseline, candidate);
        let slices = placed(&self.slices, &pairs);
        let (mut results, screen) = measure(self.frame, &pairs, &slices, seed);
        let mut weighed = self.template.clone();
        weighed.comparison.overall = results.remove(0);
        weighed.comparison.slices = results;
        weighed.comparison.screen = screen;
        if let Some(worst) = &self.worst {
            weighed.evidence.worst = self.worst_case(worst, baseline, candidate, &slices);
        }
        judge_claims(self.frame, self.candidate, Some(&weighed), about_scores)
    }

    /// The verdict on the run's own scores, on the claims that scores can move.
    pub(crate) fn as_run(&self) -> Verdict {
        judge_claims(
            self.frame,
            self.candidate,
            Some(&self.template),
            about_scores,
        )
    }

    fn worst_case(
        &self,
        [base, cand]: &[Vec<f64>; 2],
        baseline: &[f64],
        candidate: &[f64],
        slices: &[Slice],
    ) -> Vec<(String, f64, Evidence)> {
        let moved = |scores: &[f64], by: &[f64], empty: f64| -> Vec<f64> {
            let one = |(&x, &by): (&f64, &f64)| {
                if x.is_nan() {
                    empty
                } else {
                    (x + by).clamp(0.0, 1.0)
                }
            };
            scores.iter().zip(by).map(one).collect()
        };
        let pairs = Pairs::new(
            self.frame,
            &moved(baseline, base, 1.0),
            &moved(candidate, cand, 0.0),
        );
        let claims = slices.iter().filter(|s| s.tier == SliceTier::Critical);
        claims
            .map(|slice| {
                let evidence = Evidence::of(&pairs, &pairs.of(&slice.members));
                (slice.name.clone(), slice.margin, evidence)
            })
            .collect()
    }
}

/// Overall and registered slices of two columns of scores, the overall one first; nothing routed.
/// `arm` is any arm of the run.
pub(crate) fn measure_scores(
    frame: &Frame<'_>,
    arm: &Arm,
    baseline: &[f64],
    candidate: &[f64],
    seed: u64,
) -> Vec<SliceResult> {
    let pairs = Pairs::new(frame, baseline, candidate);
    // An arm against itself goes nowhere else, so that no routed slice is made.
    let slices = slices(frame, &pairs, arm, arm);
    measure(frame, &pairs, &slices, seed).0
}

fn about_scores(kind: ClaimKind) -> bool {
    matches!(
        kind,
        ClaimKind::Coverage | ClaimKind::Quality | ClaimKind::QualityWorstCase
    )
}

fn placed(slices: &[Slice], pairs: &Pairs) -> Vec<Slice> {
    let place = |slice: &Slice| Slice {
        at: pairs.of(&slice.members),
        ..slice.clone()
    };
    slices.iter().map(place).collect()
}

/// `None` where every trial is judged.
fn worst(frame: &Frame<'_>, base: &Arm, cand: &Arm) -> Option<[Vec<f64>; 2]> {
    let unknown = |arm: &Arm| {
        let open = |s: &ScoreState| matches!(s, ScoreState::Missing | ScoreState::Unscored);
        arm.state.iter().any(open)
    };
    if !unknown(base) && !unknown(cand) {
        return None;
    }
    let shift = |arm: &Arm, stand_in: f64| -> Vec<f64> {
        let mean = per_sample(frame.table, |at| arm.counted(at));
        let filled = per_sample(frame.table, |at| Some(arm.counted(at).unwrap_or(stand_in)));
        mean.iter().zip(filled).map(|(m, f)| f - m).collect()
    };
    Some([shift(base, 1.0), shift(cand, 0.0)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::judge;
    use crate::join::header_tests::{header, trial};
    use crate::table::{Place, RunTable};
    use weighbridge_datasets::SliceRule;
    use weighbridge_record::{PolicyRole, SampleLine, Score};

    /// 300 samples in two tasks and clusters of three; some lost, some gained, one of each arm
    /// unjudged in the first of two repeats, one unjudged in both.
    fn table() -> RunTable {
        let mut header = header(&[
            ("prod", PolicyRole::Baseline),
            ("cand", PolicyRole::Candidate),
        ]);
        header.repeats = 2;
        header.slices = vec![SliceRule::By("task".to_owned())];
        header.gate.critical = vec!["task=a".to_owned()];
        let line = |i: usize| SampleLine {
            id: format!("s{i}").as_str().into(),
            labels: [("task".to_owned(), ["a", "b"][i % 2].to_owned())].into(),
            cluster: Some((i / 3).to_string()),
            chance: None,
            prompt_chars: 1,
            prompt: "q".to_owned(),
            expected: None,
            fingerprint: None,
        };
        let mut table = RunTable::new(header, (0..300).map(line).collect());
        for i in 0..300 {
            for (policy, wrong, open) in [("prod", i % 17 == 0, 40), ("cand", i % 13 == 0, 41)] {
                for repeat in 0..2 {
                    let mut trial = trial(&format!("s{i}"), policy, "big", 1.0);
                    trial.repeat = repeat;
                    if wrong {
                        trial.score = Score::Value(0.0);
                    }
                    if (i == open && repeat == 0) || (i == 42 && policy == "cand") {
                        trial.score = Score::Unscored("no judge".to_owned());
                    }
                    table.push(&trial, Place::default());
                }
            }
        }
        table
    }

    #[test]
    fn the_runs_own_scores_give_the_runs_own_verdict() {
        let table = table();
        let frame = Frame::new(&table);
        let bench = Bench::new(&frame, 0, 1);
        let again = bench.judge(&frame.scores[0], &frame.scores[1], table.header().seed);
        let run = judge(&frame, 1, Some(&weigh(&frame, 0, 1)));
        // Worst-case claims are there to be equal.
        let worst = |v: &Verdict| {
            let kind = |k| k == ClaimKind::QualityWorstCase;
            v.claims.iter().filter(|c| kind(c.kind)).count()
        };
        assert_eq!(worst(&run), 2);
        assert_eq!(again, run);
        assert_eq!(bench.as_run(), run);
    }

    #[test]
    fn columns_alone_give_the_same_slices() {
        let table = table();
        let frame = Frame::new(&table);
        let (b, c) = (&frame.scores[0], &frame.scores[1]);
        let slices = measure_scores(&frame, &table.arms()[0], b, c, table.header().seed);
        let run = weigh(&frame, 0, 1).comparison;
        assert_eq!(slices[0], run.overall);
        assert_eq!(slices[1..], run.slices);
    }
}
