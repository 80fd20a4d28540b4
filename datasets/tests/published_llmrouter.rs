//! The LLMRouter example scores are read whole.

mod shared;

use std::collections::BTreeMap;

use weighbridge_datasets::health::FindingKind;
use weighbridge_datasets::import::{Format, import, llmrouter};

#[test]
fn both_splits_join_with_their_tasks() {
    let Some(dir) = shared::data("llmrouter") else {
        return;
    };
    let imported = import(Format::LlmRouter, &dir).unwrap();
    let mut tasks: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for sample in imported.dataset.samples() {
        let split = sample.split.as_deref().unwrap();
        *tasks.entry((split, &sample.labels["task"])).or_default() += 1;
    }
    let total = |split| {
        let of_split = tasks.iter().filter(|(key, _)| key.0 == split);
        of_split.fold((0, 0), |(n, rows), (_, count)| (n + 1, rows + count))
    };
    assert_eq!(total("train"), (14, 5608));
    assert_eq!(total("test"), (10, 500));
    assert_eq!(imported.outcomes.models().len(), 9);
    assert_eq!(imported.outcomes.len(), 9 * 6108);
    let findings = &imported.dataset.manifest().findings;
    let findings: Vec<_> = findings.iter().map(|f| (f.kind, f.n)).collect();
    assert_eq!(
        findings,
        [
            (FindingKind::Inconsistent, 8),
            (FindingKind::SplitOverlap, 238)
        ]
    );
}

#[test]
fn chance_follows_the_number_of_choices() {
    let Some(dir) = shared::data("llmrouter") else {
        return;
    };
    let imported = import(Format::LlmRouter, &dir).unwrap();
    let mut choices: BTreeMap<&str, BTreeMap<u32, u32>> = BTreeMap::new();
    for sample in imported.dataset.samples() {
        if let Some(chance) = sample.target.chance() {
            let number = (1.0 / chance).round() as u32;
            let task = choices.entry(&sample.labels["task"]).or_default();
            *task.entry(number).or_default() += 1;
        }
    }
    let tasks: Vec<_> = choices.keys().copied().collect();
    assert_eq!(
        tasks,
        [
            "agentverse-logicgrid",
            "arc_challenge",
            "commonsense_qa",
            "gpqa",
            "mmlu",
            "openbook_qa"
        ]
    );
    assert_eq!(choices["commonsense_qa"], [(5, 500)].into());
    assert_eq!(choices["mmlu"].keys().copied().collect::<Vec<_>>(), [4]);
    assert_eq!(choices["gpqa"], [(4, 498)].into());
    assert_eq!(choices["agentverse-logicgrid"].len(), 4);
}

#[test]
fn prices_are_per_million_tokens() {
    let Some(dir) = shared::data("llmrouter") else {
        return;
    };
    let prices = llmrouter::prices(&dir).unwrap();
    assert_eq!(prices.len(), 14);
    assert_eq!(prices["qwen2.5-7b-instruct"], (0.20, 0.20));
}
