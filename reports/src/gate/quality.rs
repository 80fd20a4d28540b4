//! Claims about the mean score: overall, critical slices, their worst case, guarded slices.

use weighbridge_record::SliceTier;

use super::claims::Judged;
use super::words::{confidence, count, flips, points, points_up};
use crate::compare::{Evidence, Frame};
use crate::model::{ClaimKind, ClaimState, SliceResult, SliceState};

/// A claim on one slice; `None` for exploratory slices and guarded ones that do not block.
pub(super) fn claim(frame: &Frame<'_>, slice: &SliceResult) -> Option<Judged> {
    let alpha = frame.levels.pass;
    let (state, sentence) = match slice.verdict {
        SliceState::Blocked => (ClaimState::Fails, blocked(frame, slice)),
        SliceState::Proven => (ClaimState::Holds, proven(slice, alpha)),
        SliceState::Undecided { needs_n } => (ClaimState::Open, open(slice, needs_n)),
        SliceState::Empty => (
            ClaimState::Open,
            format!("{}: no sample is scored under both policies", slice.name),
        ),
        SliceState::Exploratory => return None,
    };
    let required = slice.tier == SliceTier::Critical;
    if !required && state != ClaimState::Fails {
        return None;
    }
    let mut judged = Judged::new(&slice.name, ClaimKind::Quality, state, sentence)
        .against(Some(slice.difference.clone()), -slice.margin);
    judged.claim.required = required;
    judged.invalid = slice.verdict == SliceState::Empty;
    judged.next_step = next_step(slice);
    Some(judged)
}

fn proven(slice: &SliceResult, alpha: f64) -> String {
    format!(
        "{}: loss above {} points excluded at {} ({})",
        slice.name,
        points(slice.margin),
        confidence(alpha),
        flips(slice.n, slice.losses, slice.gains)
    )
}

fn open(slice: &SliceResult, needs_n: Option<u64>) -> String {
    let bound = points_up(slice.certified_loss.unwrap_or(1.0));
    let needed = match needs_n {
        Some(n) => format!("about {} needed", count(n, "sample")),
        None => "the loss seen is at the margin, so more samples like these will not prove it"
            .to_owned(),
    };
    format!(
        "{}: cannot exclude a loss of up to {bound} points; {needed} ({})",
        slice.name,
        flips(slice.n, slice.losses, slice.gains)
    )
}

fn blocked(frame: &Frame<'_>, slice: &SliceResult) -> String {
    let loss = points(-slice.difference.point);
    let margin = points(slice.margin);
    let p = slice.worse_p_adjusted.filter(|p| *p <= frame.levels.family);
    let shown = match p {
        Some(p) => format!("adjusted p = {}", p_value(p)),
        None => format!(
            "loss above the margin at {}",
            confidence(frame.levels.limit)
        ),
    };
    format!(
        "{}: a loss is shown ({shown}); seen {loss} points, {margin} allowed ({})",
        slice.name,
        flips(slice.n, slice.losses, slice.gains)
    )
}

fn p_value(p: f64) -> String {
    if p < 1e-4 {
        format!("{p:.1e}")
    } else {
        format!("{p:.4}")
    }
}

fn next_step(slice: &SliceResult) -> Option<String> {
    match slice.verdict {
        SliceState::Undecided { needs_n: Some(n) } => Some(format!(
            "{}: about {}, there are {}",
            slice.name,
            count(n, "sample"),
            slice.n
        )),
        SliceState::Undecided { needs_n: None } | SliceState::Blocked => Some(format!(
            "{}: reduce the loss, {} of {} got worse",
            slice.name,
            slice.losses,
            count(slice.n, "sample")
        )),
        SliceState::Empty => Some(format!("{}: give it samples", slice.name)),
        SliceState::Proven | SliceState::Exploratory => None,
    }
}

/// The same claim with unjudged and missing trials counted against the candidate.
pub(super) fn worst_case(
    frame: &Frame<'_>,
    (name, margin, evidence): &(String, f64, Evidence),
) -> Judged {
    let alpha = frame.levels.pass;
    let holds = evidence.proves(*margin, alpha);
    let (state, sentence) = if holds {
        let text = format!(
            "{name}: loss above {} points excluded even with every unjudged or missing trial \
             counted against the candidate",
            points(*margin)
        );
        (ClaimState::Holds, text)
    } else {
        let bound = points_up((0.0 - evidence.lower(alpha)).max(0.0));
        let text = format!(
            "{name}: unjudged or missing trials could hide a loss of up to {bound} points, {} \
             allowed",
            points(*margin)
        );
        (ClaimState::Open, text)
    };
    let judged = Judged::new(name, ClaimKind::QualityWorstCase, state, sentence)
        .against(Some(evidence.estimate()), -margin);
    if holds {
        judged
    } else {
        judged.then(format!(
            "{name}: judge or repeat the trials without a score"
        ))
    }
}

/// A critical slice that the policy names and the comparison lacks.
pub(super) fn absent(frame: &Frame<'_>, name: &str, margin: f64) -> Judged {
    let routed_to = name.strip_prefix("routed to ");
    let fleet = &frame.table.header().fleet;
    if let Some(model) = routed_to.filter(|m| fleet.iter().any(|entry| entry.name == *m)) {
        let text =
            format!("{name}: the candidate sends no sample to {model} that the baseline does not");
        return Judged::new(name, ClaimKind::Quality, ClaimState::Holds, text)
            .against(None, -margin);
    }
    let text = format!(
        "the gate policy names the critical slice `{name}`, and the run has no such slice; it has {}",
        known(frame)
    );
    Judged::new(name, ClaimKind::Quality, ClaimState::Open, text)
        .against(None, -margin)
        .invalid()
        .then(format!(
            "register `{name}` under the experiment's slices or correct its name in the gate policy"
        ))
}

fn known(frame: &Frame<'_>) -> String {
    const SHOWN: usize = 5;
    let names: Vec<String> = frame
        .slices
        .iter()
        .map(|s| format!("`{}`", s.name))
        .collect();
    match names.len() {
        0 => "no slices".to_owned(),
        n if n > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}
