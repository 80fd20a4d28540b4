//! `junit.xml`: one suite for each candidate on the dataset, one case for each claim and slice.
//!
//! A shown regression is a failure, an open question that a PASS needs is skipped with its sentence,
//! an invalid run is an error. The first case of a suite is the verdict itself, so that no reading of
//! the cases can miss it. Slices that only the screen guards succeed while the screen is silent;
//! exploratory and empty slices have no case. Numbers are properties, unrounded.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Property, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::RenderError;
use super::escape::visible;
use super::{run_diff, words};
use crate::model::{
    Claim, ClaimKind, ClaimState, Comparison, Estimate, Outcome, Report, SliceResult, SliceState,
    Verdict,
};

/// Writes the verdicts as JUnit XML.
///
/// # Errors
/// Only where the XML cannot be written.
pub fn junit(report: &Report) -> Result<String, RenderError> {
    let mut out = Junit::new(visible(&report.name));
    for verdict in &report.verdicts {
        out.add_test_suite(suite(report, verdict));
    }
    Ok(out.to_string()?)
}

fn suite(report: &Report, verdict: &Verdict) -> TestSuite {
    let dataset = &report.provenance.dataset.name;
    let name = visible(&format!("{} × {dataset}", verdict.candidate));
    let mut suite = TestSuite::new(name.clone());
    suite.add_property(Property::new("baseline", visible(&verdict.baseline)));
    suite.add_property(Property::new("outcome", words::outcome(verdict.outcome)));
    suite.add_property(Property::new(
        "experiment_hash",
        visible(&report.provenance.experiment_hash),
    ));
    if let Some(diff) = &report.run_diff {
        for (name, value) in run_diff::counts(diff) {
            suite.add_property(Property::new(name, value.to_string()));
        }
    }
    let mut cases = vec![verdict_case(verdict)];
    cases.extend(verdict.claims.iter().map(claim_case));
    let comparison = report
        .comparisons
        .iter()
        .find(|c| c.candidate == verdict.candidate);
    if let Some(comparison) = comparison {
        cases.extend(slice_cases(comparison, verdict));
    }
    // Names that come twice are dropped by some readers.
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for mut case in cases {
        let times = seen.entry(case.name.to_string()).or_default();
        *times += 1;
        if *times > 1 {
            case.name = format!("{} ({times})", case.name.as_str()).into();
        }
        case.set_classname(name.clone());
        suite.add_test_case(case);
    }
    suite
}

fn non_success(kind: NonSuccessKind, message: &str, category: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(visible(message));
    status.set_type(category);
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(visible(message));
    status
}

fn verdict_case(verdict: &Verdict) -> TestCase {
    let status = match verdict.outcome {
        Outcome::Pass => TestCaseStatus::success(),
        Outcome::Block => non_success(NonSuccessKind::Failure, &verdict.sentence, "block"),
        Outcome::Inconclusive => skipped(&verdict.sentence),
        Outcome::Invalid => non_success(NonSuccessKind::Error, &verdict.sentence, "invalid"),
    };
    let mut case = TestCase::new("verdict", status);
    case.set_system_out(visible(&verdict.sentence));
    case
}

fn claim_case(claim: &Claim) -> TestCase {
    let status = match (claim.state, claim.kind) {
        (ClaimState::Holds, _) => TestCaseStatus::success(),
        (ClaimState::Fails, ClaimKind::Coverage | ClaimKind::Client) => {
            non_success(NonSuccessKind::Error, &claim.sentence, "invalid")
        }
        (ClaimState::Fails, _) => non_success(NonSuccessKind::Failure, &claim.sentence, "block"),
        (ClaimState::Open, _) => skipped(&claim.sentence),
    };
    let name = format!("{} / {}", claim.slice, words::claim_kind(claim.kind));
    let mut case = TestCase::new(visible(&name), status);
    case.set_system_out(visible(&claim.sentence));
    if let Some(estimate) = &claim.estimate {
        add_estimate(&mut case, estimate);
    }
    add(&mut case, "limit", claim.limit);
    case
}

/// Slices that have no claim of their own.
fn slice_cases<'a>(
    comparison: &'a Comparison,
    verdict: &'a Verdict,
) -> impl Iterator<Item = TestCase> + 'a {
    std::iter::once(&comparison.overall)
        .chain(words::sorted_slices(comparison))
        .filter(|slice| {
            !verdict
                .claims
                .iter()
                .any(|c| c.kind == ClaimKind::Quality && c.slice == slice.name)
        })
        .filter_map(slice_case)
}

fn slice_case(slice: &SliceResult) -> Option<TestCase> {
    let status = match slice.verdict {
        SliceState::Exploratory | SliceState::Empty => return None,
        SliceState::Blocked => non_success(
            NonSuccessKind::Failure,
            "a loss is shown on this slice",
            "block",
        ),
        SliceState::Proven | SliceState::Undecided { .. } => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(visible(&format!("{} / quality screen", slice.name)), status);
    case.set_system_out(format!(
        "{}; loss in points: {}",
        words::slice_state(slice).0,
        words::certified(slice)
    ));
    add_estimate(&mut case, &slice.difference);
    add(&mut case, "margin", slice.margin);
    if let Some(loss) = slice.certified_loss {
        add(&mut case, "certified_loss", loss);
    }
    Some(case)
}

fn add(case: &mut TestCase, name: &str, value: f64) {
    case.add_property(Property::new(name, value.to_string()));
}

fn add_estimate(case: &mut TestCase, estimate: &Estimate) {
    add(case, "estimate", estimate.point);
    for (name, value) in [("lower", estimate.lower), ("upper", estimate.upper)] {
        if let Some(value) = value {
            add(case, name, value);
        }
    }
    add(case, "level", estimate.level);
    case.add_property(Property::new("n", estimate.n.to_string()));
    case.add_property(Property::new("method", visible(&estimate.method)));
}
