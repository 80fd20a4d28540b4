//! `report.json`, the report as data, and `verdict.json`, the little that scripts branch on.
//!
//! Both are pretty-printed UTF-8 with keys in a fixed order and a final line feed. Characters that
//! change the direction of text or that some programs take for line ends are written as escapes.
//! Numbers are not rounded.
//!
//! `report.json` is [`Report`] as it stands; its `schema` is [`crate::model::REPORT_SCHEMA`].
//!
//! `verdict.json`, with `schema` [`VERDICT_SCHEMA`]:
//!
//! | Key | Meaning |
//! | --- | --- |
//! | `name`, `outcome` | the experiment; worst outcome of all candidates: `pass`, `inconclusive`, `block` or `invalid` |
//! | `seed`, `experiment_hash`, `gate_version`, `gate_hash`, `run_gate_hash` | what it rests on; the last is the policy the run was made under |
//! | `sequential` | of a sequential run: `method`, `stop`, `sentence`, `samples_used`, `samples_available`, `spent_usd`, `saved_usd`, `candidates[].evidence[]` with `slice`, `question`, `log_e` (natural logarithm of the e-value), `log_threshold`, `decided` |
//! | `attempt` | key of the change, `number` of this attempt, and what that means |
//! | `candidates[]` | one entry for each candidate, in the order of the experiment |
//! | `candidates[].candidate`, `.baseline`, `.outcome`, `.sentence`, `.next_steps` | the verdict |
//! | `candidates[].quality` | `difference` (an estimate, score units), `margin`, `certified_loss` |
//! | `candidates[].cost` | `baseline_per_1k_usd`, `candidate_per_1k_usd`, `saving` (an estimate, share) |
//! | `candidates[].ttft` | `ratio` (an estimate, candidate over baseline), `p50_change_ms`, `p95_change_ms`; `null` where not measured |
//! | `run_diff` | of two runs only: `matched`, `excluded` and `still_failing` as counts; `only_a`, `only_b`, `changed`, `new_failures`, `fixed` as lists of sample ids |
//! | `candidates[].claims[]` | `slice`, `kind`, `required`, `state`, `estimate`, `limit`, `sentence` |

use std::fmt::Write as _;

use serde::Serialize;

use super::RenderError;
use super::run_diff::RunDiffBrief;
use crate::model::{Attempts, Claim, Comparison, Estimate, Outcome, Report, Sequential, Verdict};
use crate::table::RunTable;

/// Version of `verdict.json`.
pub const VERDICT_SCHEMA: u32 = 1;

/// What `weighbridge gate --json` prints and `verdict.json` holds.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct VerdictFile<'a> {
    schema: u32,
    name: &'a str,
    outcome: Outcome,
    seed: u64,
    experiment_hash: &'a str,
    /// Version of the gate policy that judged.
    gate_version: u32,
    /// Its hash.
    gate_hash: &'a str,
    /// Hash of the policy that the run was made under; another one where it was judged anew.
    run_gate_hash: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequential: Option<&'a Sequential>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<Attempt<'a>>,
    candidates: Vec<Candidate<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_diff: Option<RunDiffBrief<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Attempt<'a> {
    change: &'a str,
    number: u32,
    note: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Candidate<'a> {
    candidate: &'a str,
    baseline: &'a str,
    outcome: Outcome,
    sentence: &'a str,
    next_steps: &'a [String],
    quality: Option<Quality<'a>>,
    cost: Option<Cost<'a>>,
    ttft: Option<Ttft<'a>>,
    claims: &'a [Claim],
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Quality<'a> {
    difference: &'a Estimate,
    margin: f64,
    certified_loss: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Cost<'a> {
    baseline_per_1k_usd: f64,
    candidate_per_1k_usd: f64,
    saving: Option<&'a Estimate>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Ttft<'a> {
    ratio: Option<&'a Estimate>,
    p50_change_ms: Option<f64>,
    p95_change_ms: Option<f64>,
}

/// Writes the whole report as JSON.
///
/// # Errors
/// Only where a number of the report cannot be written as JSON.
pub fn report_json(report: &Report) -> Result<String, RenderError> {
    pretty(report)
}

/// Writes the verdicts as JSON.
///
/// # Errors
/// Only where a number of the report cannot be written as JSON.
pub fn verdict_json(report: &Report) -> Result<String, RenderError> {
    pretty(&VerdictFile {
        schema: VERDICT_SCHEMA,
        name: &report.name,
        outcome: report.outcome,
        seed: report.provenance.seed,
        experiment_hash: &report.provenance.experiment_hash,
        gate_version: report.gate.version,
        gate_hash: &report.provenance.gate_hash,
        run_gate_hash: made_under(report),
        sequential: report.sequential.as_ref(),
        attempt: report.attempts.as_ref().map(attempt),
        candidates: report
            .verdicts
            .iter()
            .map(|verdict| candidate(report, verdict))
            .collect(),
        run_diff: report.run_diff.as_ref().map(RunDiffBrief::of),
    })
}

/// Hash of the policy the run was made under, as its header kept it; the judging one's where it did not.
pub(super) fn made_under(report: &Report) -> &str {
    let notes = &report.provenance.notes;
    let kept = notes.iter().find(|(key, _)| key == RunTable::GATE_HASH);
    kept.map_or(&report.provenance.gate_hash, |(_, hash)| hash)
}

/// JSON Schema of `verdict.json`.
#[cfg(feature = "schema")]
pub fn verdict_schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<VerdictFile<'static>>()
}

fn attempt(attempts: &Attempts) -> Attempt<'_> {
    Attempt {
        change: &attempts.change,
        number: attempts.number,
        note: &attempts.note,
    }
}

fn candidate<'a>(report: &'a Report, verdict: &'a Verdict) -> Candidate<'a> {
    let comparison: Option<&Comparison> = report
        .comparisons
        .iter()
        .find(|c| c.candidate == verdict.candidate);
    Candidate {
        candidate: &verdict.candidate,
        baseline: &verdict.baseline,
        outcome: verdict.outcome,
        sentence: &verdict.sentence,
        next_steps: &verdict.next_steps,
        quality: comparison.map(|c| Quality {
            difference: &c.overall.difference,
            margin: c.overall.margin,
            certified_loss: c.overall.certified_loss,
        }),
        cost: comparison.map(|c| Cost {
            baseline_per_1k_usd: c.cost.baseline_per_1k_usd,
            candidate_per_1k_usd: c.cost.candidate_per_1k_usd,
            saving: c.cost.saving.as_ref(),
        }),
        ttft: comparison
            .and_then(|c| c.latency.as_ref())
            .map(|latency| Ttft {
                ratio: latency.ttft_ratio.as_ref(),
                p50_change_ms: latency.p50_change_ms,
                p95_change_ms: latency.p95_change_ms,
            }),
        claims: &verdict.claims,
    }
}

pub(super) fn pretty<T: Serialize>(value: &T) -> Result<String, RenderError> {
    let mut text = serde_json::to_string_pretty(value)?;
    if text.chars().any(needs_escape) {
        text = escaped(&text);
    }
    text.push('\n');
    Ok(text)
}

/// Such characters can only stand inside strings, where an escape means the same.
fn needs_escape(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if needs_escape(c) {
            // Writing to a string cannot fail; all of these lie below U+10000.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_the_same() {
        let text = "a\u{2028}b\u{202e}c\u{1b}";
        let json = pretty(&text).unwrap();
        assert_eq!(json, "\"a\\u2028b\\u202ec\\u001b\"\n");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
