//! Each foreign format on small files that are written for these tests.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::path::{Path, PathBuf};

use weighbridge_datasets::health::FindingKind;
use weighbridge_datasets::import::{Format, Imported, import};
use weighbridge_datasets::{Score, Usage};

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

fn read(format: Format) -> Imported {
    import(format, &testdata(folder(format))).unwrap()
}

fn folder(format: Format) -> &'static str {
    match format {
        Format::RouteLlmGsm8k => "routellm",
        other => other.name(),
    }
}

fn ids(imported: &Imported) -> Vec<&str> {
    let samples = imported.dataset.samples();
    samples.iter().map(|s| s.id.as_str()).collect()
}

fn findings(imported: &Imported) -> Vec<(FindingKind, u64)> {
    let findings = &imported.dataset.manifest().findings;
    findings.iter().map(|f| (f.kind, f.n)).collect()
}

fn score(imported: &Imported, sample: &str, model: &str) -> Score {
    imported.outcomes.get(sample, model).unwrap().score.clone()
}

#[test]
fn routellm_keeps_identifiers_when_rows_are_dropped() {
    let imported = read(Format::RouteLlmGsm8k);
    assert_eq!(ids(&imported), ["gsm8k-0001", "gsm8k-0003"]);
    assert_eq!(findings(&imported), [(FindingKind::DroppedRows, 1)]);
    let outcome = imported.outcomes.get("gsm8k-0001", "strong").unwrap();
    assert_eq!(outcome.answer.as_deref(), Some("four\n#### 4"));
    // 14 and 11 characters, four a token.
    assert_eq!(outcome.usage, Some(Usage::estimate(14, 11)));
    assert_eq!(score(&imported, "gsm8k-0003", "weak"), Score::Value(0.0));
}

#[test]
fn llmrouter_joins_scores_with_tasks() {
    let imported = read(Format::LlmRouter);
    assert_eq!(ids(&imported), ["train-0001", "train-0002", "test-0001"]);
    let samples = imported.dataset.samples();
    assert_eq!(samples[0].labels["task"], "picks", "the first entry counts");
    assert_eq!(samples[0].target.chance(), Some(0.5));
    assert_eq!(
        samples[1].target.chance(),
        None,
        "test cases are no choices"
    );
    assert_eq!(samples[2].split.as_deref(), Some("test"));
    assert_eq!(score(&imported, "train-0002", "large"), Score::Value(0.25));
    assert!(matches!(
        score(&imported, "train-0002", "small"),
        Score::Unscored(_)
    ));
    assert_eq!(
        findings(&imported),
        [
            (FindingKind::Inconsistent, 1),
            (FindingKind::MissingScore, 1),
            (FindingKind::SplitOverlap, 2)
        ]
    );
}

#[test]
fn routerbench_reads_the_wide_table() {
    let imported = read(Format::RouterBench);
    assert_eq!(ids(&imported), ["toy.0", "toy.1", "toy.2"]);
    assert_eq!(imported.outcomes.models(), ["small", "large"]);
    let samples = imported.dataset.samples();
    assert_eq!(samples[0].target.chance(), Some(0.25));
    assert_eq!(samples[1].labels["task"], "grade-school-math");
    assert!(samples.iter().all(|s| s.split.as_deref() == Some("test")));
    let outcome = imported.outcomes.get("toy.0", "large").unwrap();
    assert_eq!(outcome.answer.as_deref(), Some("A, the apple"));
    assert_eq!(outcome.cost_usd, Some(0.0012));
    assert_eq!(score(&imported, "toy.2", "small"), Score::Value(0.35));
    assert!(matches!(
        score(&imported, "toy.2", "large"),
        Score::Unscored(_)
    ));
    assert_eq!(findings(&imported), [(FindingKind::MissingScore, 1)]);
}

#[test]
fn routerbench_takes_a_single_file_too() {
    let dir = testdata("routerbench");
    let file = import(Format::RouterBench, &dir.join("toy_test.csv")).unwrap();
    let whole = import(Format::RouterBench, &dir).unwrap();
    assert_eq!(file.dataset.fingerprint(), whole.dataset.fingerprint());
}

#[test]
fn routerarena_merges_the_answers_of_several_routers() {
    let imported = read(Format::RouterArena);
    assert_eq!(ids(&imported), ["Toy_1", "Toy_2"]);
    assert_eq!(imported.dataset.samples()[0].labels["task"], "Toy");
    // The first file in order of name wins; the other answer is put aside.
    assert_eq!(score(&imported, "Toy_1", "vendor/small"), Score::Value(1.0));
    assert_eq!(imported.outcomes.duplicates().len(), 1);
    assert_eq!(
        score(&imported, "Toy_2", "vendor/small"),
        Score::Failed("429 too many requests".to_owned())
    );
    let thinker = imported.outcomes.get("Toy_1", "vendor/thinker").unwrap();
    assert_eq!(thinker.usage.unwrap().reasoning_tokens, Some(50));
    assert_eq!(
        findings(&imported),
        [
            (FindingKind::Inconsistent, 1),
            (FindingKind::MissingScore, 1)
        ]
    );
}

#[test]
fn llmrouterbench_takes_the_newest_file_of_each_model() {
    let imported = read(Format::LlmRouterBench);
    assert_eq!(
        ids(&imported),
        [
            "colours-test-00001",
            "colours-test-00002",
            "words-test-00001"
        ]
    );
    let small = imported
        .outcomes
        .get("colours-test-00001", "small")
        .unwrap();
    assert_eq!(small.answer.as_deref(), Some("red"));
    assert_eq!(small.cost_usd, Some(0.001));
    assert_eq!(small.usage.unwrap().total_output(), Some(3));
    let listed = imported
        .outcomes
        .get("colours-test-00002", "small")
        .unwrap();
    assert_eq!(listed.answer.as_deref(), Some("[\"grey\",\"no\"]"));
    assert!(imported.outcomes.get("words-test-00001", "large").is_none());
    assert_eq!(
        findings(&imported),
        [
            (FindingKind::DroppedRows, 1),
            (FindingKind::MissingScore, 1),
            (FindingKind::Inconsistent, 1)
        ]
    );
}

#[test]
fn every_format_survives_our_own_directory() {
    for format in [
        Format::RouteLlmGsm8k,
        Format::LlmRouter,
        Format::RouterBench,
        Format::RouterArena,
        Format::LlmRouterBench,
    ] {
        let before = read(format);
        let dir = tempfile::tempdir().unwrap();
        before.write(dir.path()).unwrap();
        let after = import(Format::Jsonl, dir.path()).unwrap();
        assert_eq!(before.dataset.manifest(), after.dataset.manifest());
        assert_eq!(before.dataset.fingerprint(), after.dataset.fingerprint());
        assert!(before.outcomes.iter().eq(after.outcomes.iter()), "{format}");
    }
}

#[test]
fn importing_twice_gives_the_same_bytes() {
    let bytes = || {
        let dir = tempfile::tempdir().unwrap();
        read(Format::LlmRouterBench).write(dir.path()).unwrap();
        ["dataset.json", "samples.jsonl", "outcomes.jsonl"]
            .map(|name| std::fs::read(dir.path().join(name)).unwrap())
    };
    assert_eq!(bytes(), bytes());
}
