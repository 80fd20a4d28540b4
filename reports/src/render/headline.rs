//! The three numbers that every format shows first: quality, money, time to first token.

use serde::Serialize;

use super::number::{self, NONE, level, percent, signed_millis, signed_points, usd};
use super::table::Tone;
use super::words;
use crate::model::{Comparison, Estimate, SliceState};

/// One of the three numbers.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Headline {
    /// What it is about.
    pub(crate) title: &'static str,
    /// The number with its unit.
    pub(crate) value: String,
    /// Its interval in words; empty where there is none.
    pub(crate) interval: String,
    /// What stands beside it.
    pub(crate) note: String,
    /// What it means.
    pub(crate) tone: Tone,
}

/// Quality, saving and time to first token of a comparison, in this order.
pub(crate) fn headlines(comparison: &Comparison, alpha_pass: f64) -> [Headline; 3] {
    [
        quality(comparison, alpha_pass),
        saving(comparison),
        ttft(comparison),
    ]
}

/// `95% interval −1.5 to +0.3`, each limit written by `write`.
pub(crate) fn interval(estimate: &Estimate, write: impl Fn(f64) -> String) -> String {
    let limit = |x: Option<f64>| x.map_or_else(|| "unbounded".to_owned(), &write);
    if estimate.lower.is_none() && estimate.upper.is_none() {
        return "no interval".to_owned();
    }
    format!(
        "{} interval {} to {}",
        level(estimate.level),
        limit(estimate.lower),
        limit(estimate.upper)
    )
}

/// `−1.2 [−2.0, −0.4]`.
pub(crate) fn bracketed(estimate: &Estimate, write: impl Fn(f64) -> String) -> String {
    let limit = |x: Option<f64>| x.map_or_else(|| NONE.to_owned(), &write);
    if estimate.lower.is_none() && estimate.upper.is_none() {
        return write(estimate.point);
    }
    format!(
        "{} [{}, {}]",
        write(estimate.point),
        limit(estimate.lower),
        limit(estimate.upper)
    )
}

/// Points or point, as the number says.
fn with_unit(text: &str) -> String {
    format!("{text} points")
}

fn quality(comparison: &Comparison, alpha_pass: f64) -> Headline {
    let overall = &comparison.overall;
    let note = match overall.certified_loss {
        Some(bound) => {
            format!(
                "a loss above {} points is excluded at {}; margin {}",
                number::bound(bound, overall.margin),
                level(1.0 - alpha_pass),
                number::margin(overall.margin)
            )
        }
        None => format!(
            "no loss can be excluded; margin {}",
            number::margin(overall.margin)
        ),
    };
    let tone = match overall.verdict {
        // A loss that is sure, though smaller than the margin, is no good news.
        SliceState::Proven if direction(&overall.difference) == Tone::Bad => Tone::Plain,
        SliceState::Proven => Tone::Good,
        SliceState::Blocked => Tone::Bad,
        SliceState::Undecided { .. } => Tone::Unsure,
        SliceState::Exploratory | SliceState::Empty => Tone::Plain,
    };
    if overall.verdict == SliceState::Empty {
        return Headline {
            title: "Quality",
            value: words::slice_state(overall).0,
            interval: String::new(),
            note: String::new(),
            tone,
        };
    }
    Headline {
        title: "Quality",
        value: with_unit(&signed_points(overall.difference.point)),
        interval: interval(&overall.difference, signed_points),
        note,
        tone,
    }
}

/// Which way an interval lies of 0, where more is better.
fn direction(estimate: &Estimate) -> Tone {
    match (estimate.lower, estimate.upper) {
        (Some(lower), _) if lower > 0.0 => Tone::Good,
        (_, Some(upper)) if upper < 0.0 => Tone::Bad,
        _ => Tone::Plain,
    }
}

fn saving(comparison: &Comparison) -> Headline {
    let cost = &comparison.cost;
    let note = format!(
        "{} instead of {} per 1,000 requests",
        usd(cost.candidate_per_1k_usd),
        usd(cost.baseline_per_1k_usd)
    );
    let Some(saving) = &cost.saving else {
        return Headline {
            title: "Cost",
            value: "no saving defined".to_owned(),
            interval: "the baseline cost nothing".to_owned(),
            note,
            tone: Tone::Plain,
        };
    };
    let word = if saving.point < 0.0 {
        "dearer"
    } else {
        "cheaper"
    };
    Headline {
        title: "Cost",
        value: format!("{} {word}", percent(saving.point.abs())),
        interval: format!("saving: {}", interval(saving, percent)),
        note,
        tone: direction(saving),
    }
}

fn ttft(comparison: &Comparison) -> Headline {
    const TITLE: &str = "Time to first token";
    let Some(latency) = &comparison.latency else {
        return Headline {
            title: TITLE,
            value: "not measured".to_owned(),
            interval: String::new(),
            note: "the run has no clock marks".to_owned(),
            tone: Tone::Plain,
        };
    };
    let change = |x: Option<f64>| x.map_or_else(|| "unbounded".to_owned(), signed_millis);
    let note = format!(
        "median {}, 95th percentile {}",
        change(latency.p50_change_ms),
        change(latency.p95_change_ms)
    );
    let Some(ratio) = &latency.ttft_ratio else {
        return Headline {
            title: TITLE,
            value: "no typical change".to_owned(),
            interval: "too few pairs".to_owned(),
            note,
            tone: Tone::Plain,
        };
    };
    let word = if ratio.point > 1.0 {
        "slower"
    } else {
        "faster"
    };
    let tone = match (ratio.lower, ratio.upper) {
        (Some(lower), _) if lower > 1.0 => Tone::Bad,
        (_, Some(upper)) if upper < 1.0 => Tone::Good,
        _ => Tone::Plain,
    };
    Headline {
        title: TITLE,
        value: format!("{} {word}", percent((ratio.point - 1.0).abs())),
        interval: interval(ratio, |x| signed_share(x - 1.0)),
        note,
        tone,
    }
}

/// A change as a signed percentage.
pub(crate) fn signed_share(x: f64) -> String {
    format!("{}%", number::signed(100.0 * x, 1))
}
