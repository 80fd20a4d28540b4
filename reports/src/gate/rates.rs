//! Claims about rates that must not rise: time to first token above its objective, errors.

use super::claims::Judged;
use super::words::{confidence, count, points, points_up};
use crate::compare::{Evidence, Frame, Weighed};
use crate::model::{ClaimKind, ClaimState};

/// A rate as its sentences name it.
struct Rate<'a> {
    kind: ClaimKind,
    what: String,
    evidence: &'a Evidence,
    margin: f64,
}

/// The claim on the time-to-first-token objective, where the policy sets one.
pub(super) fn slo(frame: &Frame<'_>, weighed: &Weighed) -> Option<Judged> {
    let gate = &frame.table.header().gate;
    let objective = gate.ttft_slo_ms?;
    let latency = weighed.evidence.latency.as_ref();
    let Some((latency, evidence)) = latency.and_then(|l| Some((l, l.slo.as_ref()?))) else {
        let text = format!(
            "the gate sets a time-to-first-token objective of {objective} ms, and the run holds no \
             times to first token under both policies"
        );
        return Some(
            Judged::new("overall", ClaimKind::TtftSlo, ClaimState::Open, text)
                .against(None, gate.ttft_margin)
                .invalid()
                .then("record or simulate latencies, or drop `ttft_slo_ms`".to_owned()),
        );
    };
    let rate = Rate {
        kind: ClaimKind::TtftSlo,
        what: format!("share of requests with a first token after {objective} ms"),
        evidence,
        margin: gate.ttft_margin,
    };
    let mut judged = rate.judge(frame);
    if latency.known < gate.coverage_floor && judged.claim.state == ClaimState::Holds {
        judged.claim.state = ClaimState::Open;
        judged.claim.sentence = format!(
            "{}: known for only {} of the samples under both policies",
            rate.what,
            super::words::percent(latency.known)
        );
        judged.next_step = Some("record the time to first token of every answer".to_owned());
    }
    Some(judged)
}

/// The claim on the error rate, where the policy sets a margin.
pub(super) fn errors(frame: &Frame<'_>, weighed: &Weighed) -> Option<Judged> {
    let margin = frame.table.header().gate.error_margin?;
    let rate = Rate {
        kind: ClaimKind::Errors,
        what: "share of failed trials".to_owned(),
        evidence: &weighed.evidence.errors,
        margin,
    };
    Some(rate.judge(frame))
}

impl Rate<'_> {
    fn judge(&self, frame: &Frame<'_>) -> Judged {
        let levels = &frame.levels;
        let (evidence, margin) = (self.evidence, self.margin);
        let bound = points_up((0.0 - evidence.lower(levels.pass)).max(0.0));
        let needs = evidence.needed(margin, levels.pass);
        let (state, sentence) = if evidence.shows_loss(margin, levels.family) {
            let text = format!(
                "{}: a rise is shown; seen {} points, {} allowed",
                self.what,
                points(-evidence.mean),
                points(margin)
            );
            (ClaimState::Fails, text)
        } else if evidence.proves(margin, levels.pass) {
            let text = format!(
                "{}: rise above {} points excluded at {}",
                self.what,
                points(margin),
                confidence(levels.pass)
            );
            (ClaimState::Holds, text)
        } else {
            let needed = needs.map_or_else(
                || "the rise seen is at the margin".to_owned(),
                |n| format!("about {} needed", count(n, "sample")),
            );
            let text = format!(
                "{}: cannot exclude a rise of up to {bound} points; {needed}",
                self.what
            );
            (ClaimState::Open, text)
        };
        let judged = Judged::new("overall", self.kind, state, sentence)
            .against(Some(evidence.mirrored()), margin);
        match (state, needs) {
            (ClaimState::Open, Some(n)) => {
                judged.then(format!("{}: about {}", self.what, count(n, "sample")))
            }
            _ => judged,
        }
    }
}
