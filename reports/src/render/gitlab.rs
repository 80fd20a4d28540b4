//! Code-quality findings for GitLab: one for each claim that does not hold, at the experiment file.
//!
//! Fingerprints depend on candidate, slice and kind of claim alone, so that a finding is recognised
//! from run to run while its numbers change.

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::RenderError;
use super::escape::line;
use super::json::pretty;
use super::words;
use crate::model::{Claim, ClaimState, Report, Verdict};

#[derive(Serialize)]
struct Finding {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Writes code-quality findings; `experiment` is the path of the experiment file in the repository.
///
/// # Errors
/// Only where the findings cannot be written as JSON.
pub fn gitlab_code_quality(report: &Report, experiment: &str) -> Result<String, RenderError> {
    let findings: Vec<Finding> = report
        .verdicts
        .iter()
        .flat_map(|verdict| {
            verdict
                .claims
                .iter()
                .filter(|claim| claim.state != ClaimState::Holds)
                .map(|claim| finding(verdict, claim, experiment))
        })
        .collect();
    pretty(&findings)
}

fn finding(verdict: &Verdict, claim: &Claim, experiment: &str) -> Finding {
    let check = words::claim_kind(claim.kind);
    let key = serde_json::json!([verdict.candidate, verdict.baseline, claim.slice, check]);
    Finding {
        description: format!(
            "{}: {} ({})",
            line(&verdict.candidate),
            line(&claim.sentence),
            line(&claim.slice)
        ),
        check_name: format!("weighbridge: {check}"),
        fingerprint: format!("{:032x}", xxh3_128(key.to_string().as_bytes())),
        severity: match (claim.state, claim.required) {
            (ClaimState::Fails, _) => "blocker",
            (_, true) => "major",
            (_, false) => "info",
        },
        location: Location {
            path: experiment.to_owned(),
            lines: Lines { begin: 1 },
        },
    }
}
