//! Words and signs for the states of the model, the same in every format.

use weighbridge_datasets::health::Severity;
use weighbridge_record::{Mode, PolicyRole, SliceTier};

use super::number::{self, count};
use super::table::Tone;
use crate::model::{ClaimKind, ClaimState, Comparison, Outcome, Report, SliceResult, SliceState};

/// The outcome in capitals.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Inconclusive => "INCONCLUSIVE",
        Outcome::Block => "BLOCK",
        Outcome::Invalid => "INVALID",
    }
}

/// A sign that tells outcomes apart without colour.
pub(crate) fn outcome_sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✓",
        Outcome::Inconclusive => "?",
        Outcome::Block => "✕",
        Outcome::Invalid => "!",
    }
}

/// Meaning of an outcome.
pub(crate) fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Pass => Tone::Good,
        Outcome::Inconclusive => Tone::Unsure,
        Outcome::Block | Outcome::Invalid => Tone::Bad,
    }
}

/// What a claim is about.
pub(crate) fn claim_kind(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Coverage => "coverage",
        ClaimKind::Quality => "quality",
        ClaimKind::QualityWorstCase => "quality, worst case",
        ClaimKind::TtftSlo => "time to first token",
        ClaimKind::Errors => "errors",
        ClaimKind::Saving => "saving",
        ClaimKind::Client => "measuring client",
    }
}

/// How a claim stands, with its sign and meaning.
pub(crate) fn claim_state(state: ClaimState) -> (&'static str, Tone) {
    match state {
        ClaimState::Holds => ("✓ holds", Tone::Good),
        ClaimState::Fails => ("✕ fails", Tone::Bad),
        ClaimState::Open => ("? open", Tone::Unsure),
    }
}

/// What the data say about a slice, in words with the number needed, and its meaning.
pub(crate) fn slice_state(slice: &SliceResult) -> (String, Tone) {
    match &slice.verdict {
        SliceState::Proven => ("✓ proven".to_owned(), Tone::Good),
        SliceState::Blocked => ("✕ loss shown".to_owned(), Tone::Bad),
        SliceState::Undecided { needs_n: Some(n) } => {
            (format!("? needs n ≥ {}", needed(*n)), Tone::Unsure)
        }
        SliceState::Undecided { needs_n: None } => ("? undecided".to_owned(), Tone::Unsure),
        SliceState::Exploratory => ("shown only".to_owned(), Tone::Mute),
        SliceState::Empty => ("no sample".to_owned(), Tone::Mute),
    }
}

/// A number of samples needed, in thousands from a hundred thousand on: nobody plans by its digits.
fn needed(n: u64) -> String {
    match n {
        0..100_000 => count(n),
        100_000..10_000_000 => format!("{}k", count(n.div_ceil(1000))),
        _ => format!("{}M", count(n.div_ceil(1_000_000))),
    }
}

/// Name of a tier.
pub(crate) fn tier(tier: SliceTier) -> &'static str {
    match tier {
        SliceTier::Critical => "critical",
        SliceTier::Guarded => "guarded",
        SliceTier::Exploratory => "exploratory",
    }
}

/// Name of a role.
pub(crate) fn role(role: PolicyRole) -> &'static str {
    match role {
        PolicyRole::Baseline => "baseline",
        PolicyRole::Candidate => "candidate",
        PolicyRole::Other => "other",
        PolicyRole::Control => "control",
    }
}

/// Name of a mode.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "live run",
        Mode::Replay => "replay of recorded answers",
    }
}

/// Severity with its sign and meaning.
pub(crate) fn severity(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::Note => ("note", Tone::Mute),
        Severity::Warning => ("▲ warning", Tone::Unsure),
        Severity::Defect => ("✕ defect", Tone::Bad),
    }
}

/// What is certain about the loss on a slice. Never says that there is none.
pub(crate) fn certified(slice: &SliceResult) -> String {
    match slice.certified_loss {
        Some(bound) => format!("{} excluded", number::bound(bound, slice.margin)),
        None => "nothing excluded".to_owned(),
    }
}

/// Critical slices before guarded before exploratory; in a tier the weakest bound first.
pub(crate) fn sorted_slices(comparison: &Comparison) -> Vec<&SliceResult> {
    let mut slices: Vec<&SliceResult> = comparison.slices.iter().collect();
    slices.sort_by(|a, b| {
        let bound = |s: &SliceResult| s.certified_loss.unwrap_or(f64::INFINITY);
        a.tier
            .cmp(&b.tier)
            .then_with(|| bound(b).total_cmp(&bound(a)))
            .then_with(|| a.name.cmp(&b.name))
    });
    slices
}

/// The verdict on the whole report in one sentence.
pub(crate) fn whole_sentence(report: &Report) -> String {
    if let [only] = report.verdicts.as_slice() {
        return only.sentence.clone();
    }
    let total = report.verdicts.len();
    let of = |outcome: Outcome| {
        report
            .verdicts
            .iter()
            .filter(|v| v.outcome == outcome)
            .count()
    };
    let parts: Vec<String> = [
        (
            Outcome::Invalid,
            "cannot be judged because the run is not valid",
        ),
        (Outcome::Block, "shown to be worse"),
        (Outcome::Inconclusive, "not decided by this data"),
        (Outcome::Pass, "proven to stay within the margins"),
    ]
    .into_iter()
    .filter(|(outcome, _)| of(*outcome) > 0)
    .map(|(outcome, words)| format!("{} {words}", of(outcome)))
    .collect();
    format!("Of {total} candidates: {}.", parts.join("; "))
}

/// One sentence where data-health findings make results untrustworthy.
pub(crate) fn health_alarm(report: &Report) -> Option<String> {
    let of = |severity| {
        report
            .health
            .iter()
            .filter(|f| f.severity == severity)
            .count()
    };
    let (defects, warnings) = (of(Severity::Defect), of(Severity::Warning));
    let first = report
        .health
        .iter()
        .find(|f| f.severity == Severity::Defect)?;
    let named = |n: usize, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let rest: Vec<String> = [
        named(defects.saturating_sub(1), "more defect"),
        named(warnings, "warning"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let more = if rest.is_empty() {
        String::new()
    } else {
        format!(" ({})", rest.join(", "))
    };
    Some(format!("{}{more}", first.message))
}

/// A sentence with a full stop at its end.
pub(crate) fn stopped(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?', ':']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// `1 sample`, `2 samples`.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{ending}")
}
