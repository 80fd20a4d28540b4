//! How a sequential run went.

use super::Process;
use super::candidate::Standing;
use super::verdict::rows;
use crate::compare::Frame;
use crate::gate::count;
use crate::model::{Sequential, SequentialCandidate, SequentialStop, Verdict};
use crate::table::Money;

/// Name of the method.
const METHOD: &str = "betting e-process, anytime-valid";

pub(super) fn summary(
    frame: &Frame<'_>,
    process: &Process,
    verdicts: &[Verdict],
    stop: SequentialStop,
) -> Sequential {
    let (table, layout) = (frame.table, &process.layout);
    let available = table.all_samples().count() as u64;
    let used = process.used.len() as u64;
    let carried: usize = layout.blocks[..layout.from_block.min(layout.blocks.len())]
        .iter()
        .map(Vec::len)
        .sum();
    let (unused_trials, unused_usd) = table.unused();
    let mut spent = Money::of_usd(unused_usd);
    for arm in table.arms() {
        arm.cost_usd
            .iter()
            .for_each(|usd| spent += Money::of_usd(*usd));
    }
    let spent_usd = spent.usd();
    let left = available.saturating_sub(used + carried as u64);
    let each = if used > 0 {
        (spent_usd - unused_usd) / used as f64
    } else {
        0.0
    };
    let candidates = process.candidates.iter().zip(verdicts);
    Sequential {
        method: METHOD.to_owned(),
        stop,
        sentence: sentence(frame, stop, used, carried as u64, available),
        round: layout.round,
        alpha_pass: layout.gate.alpha_pass,
        alpha_block: layout.gate.alpha_block,
        samples_used: used,
        samples_carried: carried as u64,
        samples_available: available,
        unused_trials,
        spent_usd,
        unused_usd,
        // What trials under way did cost is not saved.
        saved_usd: (each * left as f64 - unused_usd).max(0.0),
        candidates: candidates
            .map(|(candidate, verdict)| SequentialCandidate {
                candidate: candidate.name.clone(),
                outcome: verdict.outcome,
                decided_at: candidate.decided_at,
                sentence: standing(&candidate.standing, candidate.decided_at),
                evidence: rows(candidate),
            })
            .collect(),
    }
}

fn standing(standing: &Standing, at: Option<u64>) -> String {
    let after = count(at.unwrap_or(0), "sample");
    match standing {
        Standing::Pass => format!("every required claim proven after {after}"),
        Standing::Block => format!("a loss shown after {after}"),
        Standing::Hopeless(why) => format!("given up after {after}: {why}"),
        Standing::Going => "open to the end".to_owned(),
    }
}

fn sentence(
    frame: &Frame<'_>,
    stop: SequentialStop,
    used: u64,
    carried: u64,
    available: u64,
) -> String {
    let why = match stop {
        SequentialStop::Decided => "every candidate is decided",
        SequentialStop::Futile => "no candidate that is open can still pass",
        SequentialStop::Exhausted => "all samples are used",
        SequentialStop::Unfinished => frame
            .table
            .header()
            .notes
            .get(super::BUDGET_NOTE)
            .map_or("the log ends before the next sample", String::as_str),
    };
    let before = match carried {
        0 => String::new(),
        n => format!(" after {n} of earlier attempts"),
    };
    format!("stopped after {used} of {available} samples{before}: {why}")
}
