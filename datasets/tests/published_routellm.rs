//! The RouteLLM evaluation data gives the published figures.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod shared;

use std::collections::BTreeSet;

use weighbridge_datasets::health::{FindingKind, Severity};
use weighbridge_datasets::import::{Format, Imported, import, routellm_mtbench};
use weighbridge_datasets::{Score, TokenSource};

const WEAK: &str = "mistralai/Mixtral-8x7B-Instruct-v0.1";
const STRONG: &str = "gpt-4-1106-preview";

fn read(format: Format) -> Option<Imported> {
    let dir = shared::data("routellm")?;
    Some(import(format, &dir).unwrap())
}

/// Rows where (both, only strong, only weak, none) are right.
fn table(imported: &Imported) -> [u32; 4] {
    let mut counts = [0; 4];
    for sample in imported.dataset.samples() {
        let right = |model| {
            let outcome = imported.outcomes.get(&sample.id, model).unwrap();
            outcome.score == Score::Value(1.0)
        };
        let cell = match (right(STRONG), right(WEAK)) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        counts[cell] += 1;
    }
    counts
}

/// Mean score in percent with three decimals, as published.
fn percent(imported: &Imported, model: &str) -> String {
    let scores = imported.outcomes.iter().filter(|o| o.model == model);
    let values: Vec<f64> = scores.filter_map(|o| o.score.value()).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    format!("{:.3}", 100.0 * mean)
}

fn findings(imported: &Imported) -> Vec<(FindingKind, u64)> {
    let findings = &imported.dataset.manifest().findings;
    findings.iter().map(|f| (f.kind, f.n)).collect()
}

#[test]
fn gsm8k_meets_the_published_table() {
    let Some(imported) = read(Format::RouteLlmGsm8k) else {
        return;
    };
    assert_eq!(imported.dataset.samples().len(), 1307);
    assert_eq!(table(&imported), [739, 382, 94, 92]);
    assert_eq!(percent(&imported, WEAK), "63.734");
    assert_eq!(percent(&imported, STRONG), "85.769");
    assert_eq!(findings(&imported), [(FindingKind::DroppedRows, 12)]);
    assert_eq!(imported.outcomes.models(), [WEAK, STRONG]);
    let outcome = imported.outcomes.get("gsm8k-0004", WEAK).unwrap();
    assert!(outcome.answer.as_ref().unwrap().contains("####"));
    let usage = outcome.usage.unwrap();
    assert_eq!(usage.source, TokenSource::Estimated);
    assert!(usage.output_tokens > Some(20));
}

#[test]
fn mmlu_meets_the_published_table() {
    let Some(imported) = read(Format::RouteLlmMmlu) else {
        return;
    };
    assert_eq!(imported.dataset.samples().len(), 14037);
    assert_eq!(table(&imported), [8816, 2496, 742, 1983]);
    assert_eq!(percent(&imported, WEAK), "68.091");
    assert_eq!(percent(&imported, STRONG), "80.587");
    let samples = imported.dataset.samples();
    let subjects: BTreeSet<_> = samples.iter().map(|s| &s.labels["subject"]).collect();
    assert_eq!(subjects.len(), 57);
    assert!(samples.iter().all(|s| s.target.chance() == Some(0.25)));
    assert_eq!(findings(&imported)[0], (FindingKind::DroppedRows, 5));
    let outcome = imported.outcomes.iter().next().unwrap();
    assert_eq!(outcome.usage.unwrap().output_tokens, Some(1));
}

#[test]
fn the_evals_folder_itself_is_accepted() {
    let Some(dir) = shared::data("routellm") else {
        return;
    };
    let whole = import(Format::RouteLlmGsm8k, &dir).unwrap();
    let evals = import(Format::RouteLlmGsm8k, &dir.join("routellm/evals")).unwrap();
    assert_eq!(whole.dataset.fingerprint(), evals.dataset.fingerprint());
}

#[test]
fn mtbench_meets_the_published_means() {
    let Some(imported) = read(Format::RouteLlmMtBench) else {
        return;
    };
    let samples = imported.dataset.samples();
    let questions: BTreeSet<_> = samples.iter().map(|s| &s.cluster).collect();
    assert_eq!((questions.len(), samples.len()), (72, 144));
    assert_eq!(format!("{:.5}", mean_rating(&imported, WEAK)), "8.28125");
    assert_eq!(format!("{:.5}", mean_rating(&imported, STRONG)), "9.21181");
    assert_eq!(findings(&imported), [(FindingKind::DroppedRows, 16)]);
}

#[test]
fn commercial_routers_meet_the_published_means_once_the_judge_failure_is_set_apart() {
    let Some(imported) = read(Format::RouteLlmCommercial) else {
        return;
    };
    assert_eq!(
        format!("{:.6}", mean_rating(&imported, "unify")),
        "8.757862"
    );
    assert_eq!(
        format!("{:.4}", mean_rating(&imported, "martian")),
        "8.3125"
    );
    let [failure] = &imported.dataset.manifest().findings[..] else {
        panic!("one judge failure");
    };
    assert_eq!(failure.kind, FindingKind::JudgeFailure);
    assert_eq!(failure.severity, Severity::Warning);
    assert_eq!((failure.model.as_deref(), failure.n), (Some("unify"), 1));
    let unscored = imported
        .outcomes
        .iter()
        .filter(|o| o.score.value().is_none());
    assert_eq!(
        unscored.count(),
        1,
        "the failed judgement stays in the denominator"
    );
    assert!(imported.outcomes.iter().all(|o| o.answer.is_some()));
}

fn mean_rating(imported: &Imported, model: &str) -> f64 {
    let scores = imported.outcomes.iter().filter(|o| o.model == model);
    let values: Vec<f64> = scores.filter_map(|o| o.score.value()).collect();
    routellm_mtbench::rating(values.iter().sum::<f64>() / values.len() as f64)
}
