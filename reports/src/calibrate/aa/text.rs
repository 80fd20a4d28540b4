//! The A/A measurement for people.

use std::fmt::Write as _;

use weighbridge_record::SliceTier;

use super::alarms::SliceNoise;
use super::run::{Aa, Noise};
use super::times::TimeNoise;
use crate::calibrate::words::share;
use crate::gate::{percent, points, points_up};
use crate::model::{Estimate, Outcome};
use crate::render::plain;

impl Aa {
    /// A table for each policy, then what must be known about it.
    pub fn text(&self) -> String {
        let mut out = format!("Noise of {}\n", plain(&self.name));
        if let Some(why) = &self.no_noise {
            let _ = writeln!(out, "\nNo noise: {why}");
            return out;
        }
        let _ = writeln!(
            out,
            "{} random splits, {} joint sign flips each (the gate itself uses {}), seed {}; false BLOCK \
             allowed on scores: {}",
            self.trials,
            self.flips,
            self.flips_of_the_gate,
            self.seed,
            percent(self.alpha_block)
        );
        for noise in &self.policies {
            push_policy(&mut out, noise);
        }
        for remark in &self.remarks {
            let _ = writeln!(out, "- {}", plain(remark));
        }
        out
    }
}

fn push_policy(out: &mut String, noise: &Noise) {
    let names: Vec<String> = noise.policies.iter().map(|p| plain(p)).collect();
    let _ = writeln!(
        out,
        "\n{}: {} draws of each sample",
        names.join(" = "),
        noise.draws
    );
    let _ = writeln!(
        out,
        "  the first two draws differ by {} points; the gate says {} of them",
        points(noise.observed),
        match noise.observed_outcome {
            Outcome::Pass => "PASS",
            Outcome::Block => "BLOCK",
            Outcome::Inconclusive | Outcome::Invalid => "INCONCLUSIVE",
        }
    );
    let _ = writeln!(
        out,
        "  where nothing changed the gate says PASS in {}, INCONCLUSIVE in {}, BLOCK (a false alarm) \
         in {}",
        share(&noise.pass),
        share(&noise.inconclusive),
        share(&noise.false_alarms)
    );
    push_times(out, noise);
    let width = noise.slices.iter().map(|s| plain(&s.slice).chars().count());
    let width = width.max().unwrap_or(0).max(7);
    let _ = writeln!(
        out,
        "  {:<width$}  {:>6}  {:>24}  {:>14}  {:>14}  {:>11}  {:>6}",
        "slice", "n", "flip rate, 95%", "false alarms", "proven", "noise floor", "margin"
    );
    // The slices of policies that the gate does not judge are in the JSON form.
    let shown = if noise.gated { noise.slices.len() } else { 1 };
    for slice in noise.slices.iter().take(shown) {
        push_slice(out, slice, width);
    }
    if let Some(overall) = noise.slices.first() {
        let _ = writeln!(
            out,
            "  a change of less than {} points overall cannot be told from noise here",
            points_up(overall.noise_floor)
        );
    }
    if noise.slices.iter().take(shown).any(|s| s.floor_by_limit) {
        let _ = writeln!(
            out,
            "  * no sample flipped; the floor is that of the highest flip rate not excluded at 95%"
        );
    }
}

fn push_slice(out: &mut String, slice: &SliceNoise, width: usize) {
    let name = plain(&slice.slice);
    let critical = match slice.tier {
        SliceTier::Critical => "  must be proven",
        SliceTier::Guarded => "",
        SliceTier::Exploratory => "  never gates",
    };
    let star = if slice.floor_by_limit { "*" } else { "" };
    let floor = format!("<{}{star}", points_up(slice.noise_floor));
    let _ = writeln!(
        out,
        "  {name:<width$}  {:>6}  {:>24}  {:>14}  {:>14}  {floor:>11}  {:>6}{critical}",
        slice.flip_rate.n,
        rate(&slice.flip_rate),
        share(&slice.false_alarms),
        share(&slice.proven),
        points(slice.margin),
    );
}

fn push_times(out: &mut String, noise: &Noise) {
    for (what, time) in [
        ("time to first token", &noise.ttft),
        ("total time", &noise.e2e),
    ] {
        let text = match time {
            Some(time) => varies(time),
            None => "not measured twice".to_owned(),
        };
        let _ = writeln!(out, "  {what}: {text}");
    }
    let text = match noise.reworded {
        Some(share) => format!(
            "{} of the answers with the same score are worded differently ({} samples)",
            percent(share),
            noise.reworded_samples
        ),
        None => "no answer was kept twice".to_owned(),
    };
    let _ = writeln!(out, "  answers: {text}");
}

fn varies(time: &TimeNoise) -> String {
    format!(
        "varies by {} within a sample (CV, root mean square; median {}; {} samples)",
        percent(time.cv),
        percent(time.median_cv),
        time.samples
    )
}

fn rate(rate: &Estimate) -> String {
    let limit = |x: Option<f64>| x.map_or_else(|| "?".to_owned(), |x| format!("{:.1}", 100.0 * x));
    format!(
        "{} [{}, {}]",
        percent(rate.point),
        limit(rate.lower),
        limit(rate.upper)
    )
}
