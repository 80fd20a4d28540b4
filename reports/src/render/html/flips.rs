//! Samples on which a candidate differs, both answers side by side.

use serde::Serialize;

use super::detail::Detail;
use crate::model::{Flip, FlipSide, Report};
use crate::render::escape::shorten;
use crate::render::number::{count, millis, signed, usd};
use crate::render::words::counted;

/// The flips of one candidate.
#[derive(Debug, Serialize)]
pub(super) struct View {
    candidate: String,
    counts: String,
    losses: Vec<One>,
    gains: Vec<One>,
    gains_count: String,
}

#[derive(Debug, Serialize)]
struct One {
    sample: String,
    difference: String,
    slices: String,
    prompt: String,
    expected: Option<String>,
    sides: [Side; 2],
}

#[derive(Debug, Serialize)]
struct Side {
    who: &'static str,
    model: String,
    score: String,
    facts: String,
    route: Vec<String>,
    answer: Option<String>,
    cut: Option<String>,
}

/// Prepares the flips by candidate, in the order of the counts.
pub(super) fn view(report: &Report, detail: Detail) -> Vec<View> {
    report
        .flip_counts
        .iter()
        .map(|(candidate, losses, gains)| {
            let mine = || {
                report
                    .flips
                    .iter()
                    .filter(|f| f.candidate_policy == *candidate)
            };
            let some = |flips: &mut dyn Iterator<Item = &Flip>| -> Vec<One> {
                flips.take(detail.flips).map(|f| one(f, detail)).collect()
            };
            let lost = some(&mut mine().filter(|f| f.difference < 0.0));
            let gained = some(&mut mine().filter(|f| f.difference > 0.0));
            View {
                candidate: candidate.clone(),
                counts: format!(
                    "{} samples lost ({} shown), {} gained ({} shown)",
                    count(*losses),
                    lost.len(),
                    count(*gains),
                    gained.len()
                ),
                gains_count: counted(gained.len(), "gained sample"),
                losses: lost,
                gains: gained,
            }
        })
        .collect()
}

fn one(flip: &Flip, detail: Detail) -> One {
    One {
        sample: shorten(&flip.sample, 120),
        difference: signed(flip.difference, 2),
        slices: shorten(&flip.slices.join(", "), 300),
        prompt: shorten(&flip.prompt, detail.text),
        expected: flip.expected.as_ref().map(|text| shorten(text, 600)),
        sides: [
            side("Baseline", &flip.baseline, detail),
            side("Candidate", &flip.candidate, detail),
        ],
    }
}

fn side(who: &'static str, side: &FlipSide, detail: Detail) -> Side {
    let shown = side.answer.as_ref().map(|text| shorten(text, detail.text));
    let here = side.answer.as_ref().map_or(0, String::len);
    let kept = shown.as_ref().map_or(0, String::len);
    let cut = side.answer_cut_bytes + u64::try_from(here.saturating_sub(kept)).unwrap_or(0);
    let ttft = side.ttft_ms.map_or_else(
        || "no first token".to_owned(),
        |ms| format!("first token {}", millis(ms)),
    );
    Side {
        who,
        model: side.model.clone().unwrap_or_else(|| "no answer".to_owned()),
        score: side.score.clone(),
        facts: format!("{}, {ttft}", usd(side.cost_usd)),
        route: side
            .route
            .iter()
            .take(12)
            .map(|r| shorten(r, 300))
            .collect(),
        answer: shown,
        cut: (cut > 0).then(|| format!("{} bytes more are left out.", count(cut))),
    }
}
