//! The checks find what is wrong with the published data, and nothing else.

mod shared;

use weighbridge_datasets::health::{Finding, FindingKind, Severity, check_outcomes, lower_tail};
use weighbridge_datasets::import::{Format, Imported, import};
use weighbridge_datasets::{Score, SliceRule};

fn below_chance(imported: &Imported, label: &str) -> Vec<Finding> {
    let rules = [SliceRule::By(label.to_owned())];
    let mut findings = check_outcomes(&imported.dataset, &imported.outcomes, &rules);
    findings.retain(|f| f.kind == FindingKind::BelowChance);
    findings
}

#[test]
fn routellm_mmlu_has_one_broken_cell() {
    let Some(dir) = shared::data("routellm") else {
        return;
    };
    let imported = import(Format::RouteLlmMmlu, &dir).unwrap();
    let found = below_chance(&imported, "subject");
    let [cell] = &found[..] else {
        panic!("one cell, not {found:?}");
    };
    assert_eq!(cell.severity, Severity::Defect);
    assert_eq!(cell.model.as_deref(), Some("gpt-4-1106-preview"));
    assert_eq!(
        cell.slice.as_deref(),
        Some("subject=high_school_mathematics")
    );
    assert_eq!(cell.n, 270);
    let p = cell.p.unwrap();
    assert!((1.5e-23..2.5e-23).contains(&p), "{p:e}");
    assert!(
        cell.message.contains("8 of 270 right (3.0%)"),
        "{}",
        cell.message
    );
}

#[test]
fn no_other_cell_of_routellm_mmlu_is_below_chance_even_unadjusted() {
    let Some(dir) = shared::data("routellm") else {
        return;
    };
    let imported = import(Format::RouteLlmMmlu, &dir).unwrap();
    let mut cells = std::collections::BTreeMap::new();
    for sample in imported.dataset.samples() {
        for model in imported.outcomes.models() {
            let outcome = imported.outcomes.get(&sample.id, model).unwrap();
            let cell = cells.entry((model, &sample.labels["subject"]));
            let (right, n) = cell.or_insert((0, 0));
            *right += u64::from(outcome.score == Score::Value(1.0));
            *n += 1;
        }
    }
    assert_eq!(cells.len(), 114);
    let tails = cells.values().map(|&(right, n)| lower_tail(right, n, 0.25));
    assert_eq!(tails.filter(|&p| p < 0.05).count(), 1);
}

#[test]
fn llmrouter_has_fifteen_broken_cells_of_45_and_seven_of_the_logic_grids() {
    let Some(dir) = shared::data("llmrouter") else {
        return;
    };
    let mut imported = import(Format::LlmRouter, &dir).unwrap();
    imported.dataset = imported.dataset.split("train", &dir).unwrap();
    let found = below_chance(&imported, "task");
    assert!(found.iter().all(|f| f.severity == Severity::Defect));
    assert!(found.iter().all(|f| f.p < Some(0.001)));
    let of = |task: &str| {
        let slice = format!("task={task}");
        let here = found.iter().filter(|f| f.slice.as_deref() == Some(&slice));
        here.count()
    };
    // Five tasks have a fixed number of choices, give or take one question; nine models each.
    let fixed = [
        "arc_challenge",
        "commonsense_qa",
        "gpqa",
        "mmlu",
        "openbook_qa",
    ];
    assert_eq!(fixed.map(of), [1, 1, 8, 4, 1]);
    assert_eq!(fixed.map(of).iter().sum::<usize>(), 15);
    // The grids have two to five choices; their mean chance is tested.
    assert_eq!(of("agentverse-logicgrid"), 7);
    assert_eq!(found.len(), 22);
}

#[test]
fn the_failed_judgement_is_found_in_the_outcomes_too() {
    let Some(dir) = shared::data("routellm") else {
        return;
    };
    let imported = import(Format::RouteLlmCommercial, &dir).unwrap();
    let found = check_outcomes(&imported.dataset, &imported.outcomes, &[]);
    let [failure] = &found[..] else {
        panic!("one finding, not {found:?}");
    };
    assert_eq!(failure.kind, FindingKind::JudgeFailure);
    assert_eq!((failure.model.as_deref(), failure.n), (Some("unify"), 1));
}
