//! Whether enough trials have a score.

use super::claims::Judged;
use super::words::percent;
use crate::compare::Frame;
use crate::model::{ClaimKind, ClaimState};
use crate::table::{Arm, ScoreState};

/// The coverage claim of one arm.
///
/// A failed trial of the baseline is not covered: an outage must not look like two equal arms. A
/// failed trial of the candidate is covered only where the policy gates errors, because that claim
/// then answers for it.
pub(super) fn claim(frame: &Frame<'_>, policy: usize, is_candidate: bool) -> Judged {
    let header = frame.table.header();
    let (name, gate) = (&header.policies[policy].name, &header.gate);
    let arm = &frame.table.arms()[policy];
    let count = |state: ScoreState| arm.state.iter().filter(|s| **s == state).count();
    let answered = is_candidate && gate.error_margin.is_some();
    let failed = count(ScoreState::Failed);
    let covered = count(ScoreState::Value) + if answered { failed } else { 0 };
    let share = covered as f64 / arm.state.len().max(1) as f64;
    let rest = parts(arm, failed);
    let floor = gate.coverage_floor;
    if covered > 0 && share >= floor {
        let text = format!(
            "{} of the trials of {name} have a score{rest}",
            percent(share)
        );
        return Judged::new("overall", ClaimKind::Coverage, ClaimState::Holds, text)
            .against(None, floor);
    }
    let text = format!(
        "only {} of the trials of {name} have a score, {} are required{rest}",
        percent(share),
        percent(floor)
    );
    Judged::new("overall", ClaimKind::Coverage, ClaimState::Fails, text)
        .against(None, floor)
        .invalid()
        .then(format!("complete or repair the trials of {name}"))
}

fn parts(arm: &Arm, failed: usize) -> String {
    let count = |state: ScoreState| arm.state.iter().filter(|s| **s == state).count();
    let parts: Vec<String> = [
        (failed, "failed"),
        (count(ScoreState::Unscored), "unjudged"),
        (count(ScoreState::Missing), "missing"),
    ]
    .iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}"))
    .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}
