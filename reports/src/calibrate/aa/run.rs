//! The A/A measurement of a run.

use serde::Serialize;
use weighbridge_record::{Mode, PolicyRole, SliceTier};

use super::alarms::{SliceNoise, alarms, outcome};
use super::answers::Answers;
use super::draws::Draws;
use super::flips::reworded;
use super::times::{TimeNoise, times};
use crate::assemble::gate_hash;
use crate::calibrate::{Share, selftest};
use crate::compare::{Frame, measure_scores};
use crate::model::Outcome;
use crate::table::RunTable;

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub struct AaOptions {
    /// Random splits, at least 1.
    pub trials: u32,
    /// Seed of the splits.
    pub seed: u64,
}

/// The noise of one policy, or of two of the same configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Noise {
    /// The policies whose draws are taken together.
    pub policies: Vec<String>,
    /// Whether one of them is the baseline or a candidate: what the gate judges.
    pub gated: bool,
    /// Draws of each sample.
    pub draws: u64,
    /// Difference of the first two draws, second minus first, in score units.
    pub observed: f64,
    /// What the gate says of them.
    pub observed_outcome: Outcome,
    /// Share of trials that pass.
    pub pass: Share,
    /// Share of trials with a false alarm: some slice is blocked.
    pub false_alarms: Share,
    /// Share of trials that are inconclusive.
    pub inconclusive: Share,
    /// Overall, then the registered slices.
    pub slices: Vec<SliceNoise>,
    /// Among A/A pairs with the same score: the share whose answers differ. Absent without answers.
    pub reworded: Option<f64>,
    /// Samples that share rests on.
    pub reworded_samples: u64,
    /// Variation of the time to first token.
    pub ttft: Option<TimeNoise>,
    /// Variation of the total time.
    pub e2e: Option<TimeNoise>,
}

/// The A/A measurement of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Aa {
    /// Version of this form.
    pub schema: u32,
    /// Name of the experiment.
    pub name: String,
    /// Live or replay.
    pub mode: Mode,
    /// Random splits.
    pub trials: u32,
    /// Joint sign flips of the screen in each trial.
    pub flips: u32,
    /// Joint sign flips of the screen when a run is judged.
    pub flips_of_the_gate: u32,
    /// Seed of the splits.
    pub seed: u64,
    /// Hash of the gate policy.
    pub gate_hash: String,
    /// False BLOCK allowed on scores.
    pub alpha_block: f64,
    /// Why there is no noise, where there is none.
    pub no_noise: Option<String>,
    /// Each policy, in the order of the run; empty where there is no noise.
    pub policies: Vec<Noise>,
    /// What the reader must know.
    pub remarks: Vec<String>,
}

/// Why a run tells nothing about noise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AaError {
    /// One draw of everything.
    #[error(
        "the run has one draw of each policy: one repeat, and no two policies of the same configuration"
    )]
    OneDraw,
}

/// Measures the noise of every policy that has two draws.
///
/// # Errors
/// [`AaError::OneDraw`] for a live run without a second draw.
pub fn aa(table: &RunTable, answers: &Answers, options: &AaOptions) -> Result<Aa, AaError> {
    let gate = table.header().gate.clone();
    let mut lighter = gate.clone();
    lighter.flips = lighter.flips.min(selftest::FLIPS);
    let flips = lighter.flips;
    let table = table.clone().with_gate(lighter);
    let frame = Frame::new(&table);
    let header = table.header();
    let draws = Draws::of(&table);
    let mut out = Aa {
        schema: 1,
        name: header.name.clone(),
        mode: header.mode,
        trials: options.trials,
        flips,
        flips_of_the_gate: gate.flips,
        seed: options.seed,
        gate_hash: gate_hash(&gate),
        alpha_block: frame.levels.family,
        no_noise: None,
        policies: Vec::new(),
        remarks: Vec::new(),
    };
    if header.mode == Mode::Replay && draws.iter().all(|d| d.identical(answers)) {
        out.no_noise = Some(one_recording(&draws));
        return Ok(out);
    }
    if draws.is_empty() {
        return Err(AaError::OneDraw);
    }
    out.policies = draws
        .iter()
        .map(|draws| noise(&frame, draws, answers, options))
        .collect();
    out.remarks = remarks(&table, &out);
    Ok(out)
}

fn one_recording(draws: &[Draws<'_>]) -> String {
    let compared = if draws.is_empty() {
        "replaying it again gives the same scores, answers and routes to the last bit".to_owned()
    } else {
        "all draws are the same in score, answer and route".to_owned()
    };
    format!(
        "this is a deterministic replay of one recording, so there is no noise: one answer was \
         recorded for each sample and model, and {compared}. That says nothing about how much the \
         models vary: record again, or run live with `repeats = 2`, to measure that."
    )
}

fn noise(frame: &Frame<'_>, draws: &Draws<'_>, answers: &Answers, options: &AaOptions) -> Noise {
    let policies = &frame.table.header().policies;
    let names = draws.policies.iter().map(|&p| policies[p].name.clone());
    let names: Vec<String> = names.collect();
    let samples = frame.table.samples().len();
    let found = alarms(frame, draws, &names.join("\u{1f}"), options);
    let column = |draw| -> Vec<f64> { (0..samples).map(|s| draws.score(draw, s)).collect() };
    let observed = measure_scores(frame, draws.arm(), &column(0), &column(1), options.seed);
    let reworded = reworded(draws, answers, samples);
    let gated = |&p: &usize| {
        let role = policies[p].role;
        matches!(role, PolicyRole::Baseline | PolicyRole::Candidate)
    };
    Noise {
        gated: draws.policies.iter().any(gated),
        draws: draws.len() as u64,
        observed: observed[0].difference.point,
        observed_outcome: outcome(&observed),
        pass: found.pass,
        false_alarms: found.block,
        inconclusive: found.inconclusive,
        slices: found.slices,
        reworded: reworded.map(|(share, _)| share),
        reworded_samples: reworded.map_or(0, |(_, n)| n),
        ttft: times(draws, |arm| &arm.ttft_ms, samples),
        e2e: times(draws, |arm| &arm.e2e_ms, samples),
        policies: names,
    }
}

fn remarks(table: &RunTable, out: &Aa) -> Vec<String> {
    let mut remarks = Vec::new();
    let header = table.header();
    if header.mode == Mode::Replay {
        remarks.push(
            "answers and times are replayed from one recording: what varies here is the routing alone"
                .to_owned(),
        );
    }
    let repeats = header.repeats.max(1);
    if repeats > 1 {
        remarks.push(format!(
            "this is the noise of one draw against another; the gate averages {repeats} repeats of \
             each arm, whose noise is {:.2} times as large",
            1.0 / f64::from(repeats).sqrt()
        ));
    }
    for noise in &out.policies {
        let allowed = out.alpha_block + 3.0 * noise.false_alarms.mc_error;
        if noise.false_alarms.share > allowed {
            remarks.push(format!(
                "{}: the gate alarms more often than the {} it is allowed",
                noise.policies.join(" and "),
                out.alpha_block
            ));
        }
        let must = |s: &&SliceNoise| s.tier == SliceTier::Critical && s.noise_floor >= s.margin;
        for slice in noise.slices.iter().filter(must) {
            remarks.push(format!(
                "{}: the noise of {} is as large as its margin; it needs more samples or more repeats",
                noise.policies.join(" and "),
                slice.slice
            ));
        }
    }
    remarks
}
