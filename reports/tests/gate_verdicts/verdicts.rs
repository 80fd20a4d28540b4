//! Known verdicts.

use weighbridge_record::{GatePolicy, Score};
use weighbridge_reports::gate::exit;
use weighbridge_reports::model::{ClaimKind, ClaimState, Outcome, SliceState};

use crate::build::{Run, gate};

const RIGHT: Score = Score::Value(1.0);
const WRONG: Score = Score::Value(0.0);

#[test]
fn no_change_on_few_samples_is_inconclusive_and_says_how_many_are_needed() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 30, 0, 0);
    let verdict = run.verdict();
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    // The exact bound is 9.6 points at n = 30, and 59 samples are the least that prove 5 points.
    assert!(
        verdict
            .sentence
            .contains("cannot exclude a loss of up to 9.6 points"),
        "{}",
        verdict.sentence
    );
    assert!(
        verdict.sentence.contains("about 59 samples needed"),
        "{}",
        verdict.sentence
    );
    assert_eq!(
        exit(verdict.outcome, run.header.gate.on_inconclusive).code(),
        2
    );
}

#[test]
fn zero_flips_prove_five_points_from_59_samples_on() {
    for (n, outcome) in [(58, Outcome::Inconclusive), (59, Outcome::Pass)] {
        let mut run = Run::new(gate(0.05));
        run.counts("a", n, 0, 0);
        let verdict = run.verdict();
        assert_eq!(verdict.outcome, outcome, "n = {n}: {}", verdict.sentence);
    }
}

#[test]
fn a_pass_never_claims_more_than_it_has() {
    let mut run = Run::new(gate(0.02));
    run.counts("a", 600, 2, 3);
    let verdict = run.verdict();
    assert_eq!(verdict.outcome, Outcome::Pass);
    assert!(
        verdict
            .sentence
            .starts_with("loss above 2 points excluded at 95%"),
        "{}",
        verdict.sentence
    );
    assert!(!verdict.sentence.contains("no regression"));
}

#[test]
fn a_loss_planted_in_one_guarded_slice_blocks() {
    let mut run = Run::new(gate(0.05));
    run.counts("large", 1000, 20, 20);
    run.counts("small", 60, 15, 0);
    let report = run.report();
    let verdict = &report.verdicts[0];
    assert_eq!(verdict.outcome, Outcome::Block, "{}", verdict.sentence);
    let failing: Vec<_> = verdict
        .claims
        .iter()
        .filter(|c| c.state == ClaimState::Fails)
        .map(|c| (c.slice.as_str(), c.required))
        .collect();
    assert_eq!(failing, [("task=small", false)]);
    let slice = report.comparisons[0]
        .slices
        .iter()
        .find(|s| s.name == "task=small")
        .unwrap();
    assert_eq!(slice.verdict, SliceState::Blocked);
    assert!(slice.worse_p_adjusted.unwrap() >= slice.worse_p.unwrap());
    assert_eq!(
        exit(verdict.outcome, run.header.gate.on_inconclusive).code(),
        1
    );
}

#[test]
fn the_same_loss_in_an_exploratory_slice_does_not_gate() {
    let mut run = Run::new(GatePolicy {
        exploratory: vec!["task=small".to_owned()],
        ..gate(0.05)
    });
    run.counts("large", 1000, 20, 20);
    run.counts("small", 60, 15, 0);
    let report = run.report();
    assert_ne!(report.outcome, Outcome::Block);
    let slice = report.comparisons[0]
        .slices
        .iter()
        .find(|s| s.name == "task=small")
        .unwrap();
    assert_eq!(slice.verdict, SliceState::Exploratory);
    assert!(slice.worse_p_adjusted.is_none());
}

#[test]
fn a_significant_loss_within_the_margin_does_not_block() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 2000, 40, 0);
    let report = run.report();
    assert!(report.comparisons[0].overall.worse_p_adjusted.unwrap() < 1e-3);
    assert_eq!(
        report.outcome,
        Outcome::Pass,
        "{}",
        report.verdicts[0].sentence
    );
}

#[test]
fn a_critical_slice_must_be_proven() {
    let critical = GatePolicy {
        critical: vec!["task=b".to_owned()],
        ..gate(0.05)
    };
    let mut run = Run::new(critical);
    run.counts("a", 500, 5, 5);
    run.counts("b", 40, 0, 0);
    let verdict = run.verdict();
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    assert!(
        verdict.sentence.starts_with("task=b: cannot exclude"),
        "{}",
        verdict.sentence
    );
    run.header.gate.critical.clear();
    assert_eq!(run.verdict().outcome, Outcome::Pass);
}

#[test]
fn a_critical_slice_that_does_not_exist_makes_the_run_invalid() {
    let mut run = Run::new(GatePolicy {
        critical: vec!["task=law".to_owned()],
        ..gate(0.05)
    });
    run.counts("a", 100, 0, 0);
    let verdict = run.verdict();
    assert_eq!(verdict.outcome, Outcome::Invalid);
    assert!(verdict.sentence.contains("`task=law`") && verdict.sentence.contains("`task=a`"));
    assert_eq!(
        exit(verdict.outcome, run.header.gate.on_inconclusive).code(),
        4
    );
}

#[test]
fn unjudged_trials_turn_a_pass_into_an_open_question() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 200, 0, 0);
    assert_eq!(run.verdict().outcome, Outcome::Pass);
    for _ in 0..8 {
        run.pair("a", RIGHT, Score::Unscored("judge failed".to_owned()));
    }
    let verdict = run.verdict();
    assert_eq!(
        verdict.outcome,
        Outcome::Inconclusive,
        "{}",
        verdict.sentence
    );
    let worst = verdict
        .claims
        .iter()
        .find(|c| c.kind == ClaimKind::QualityWorstCase)
        .unwrap();
    assert_eq!(worst.state, ClaimState::Open);
    // Unjudged trials of the baseline count for it, so they hurt the candidate as well.
    let mut mirrored = Run::new(gate(0.05));
    mirrored.counts("a", 200, 0, 0);
    for _ in 0..8 {
        mirrored.pair("a", Score::Unscored("judge failed".to_owned()), WRONG);
    }
    assert_eq!(mirrored.verdict().outcome, Outcome::Inconclusive);
}

#[test]
fn below_the_coverage_floor_the_run_is_invalid() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 300, 0, 0);
    for _ in 0..20 {
        run.pair("a", RIGHT, Score::Unscored("judge failed".to_owned()));
    }
    let verdict = run.verdict();
    assert_eq!(verdict.outcome, Outcome::Invalid);
    assert!(verdict.sentence.contains("93.8%"), "{}", verdict.sentence);
    let mut empty = Run::new(gate(0.05));
    empty.counts("a", 50, 0, 0);
    empty.trials.clear();
    assert_eq!(empty.verdict().outcome, Outcome::Invalid);
}

#[test]
fn an_outage_under_both_policies_is_not_equality() {
    let mut run = Run::new(GatePolicy {
        error_margin: Some(0.05),
        ..gate(0.05)
    });
    for _ in 0..300 {
        let failed = || Score::Failed("connect".to_owned());
        run.pair("a", failed(), failed());
    }
    assert_eq!(run.verdict().outcome, Outcome::Invalid);
}

#[test]
fn failures_of_the_candidate_alone_block_where_errors_are_gated() {
    let mut run = Run::new(GatePolicy {
        error_margin: Some(0.05),
        ..gate(0.05)
    });
    run.counts("a", 200, 0, 0);
    for _ in 0..40 {
        run.pair("a", RIGHT, Score::Failed("timeout".to_owned()));
    }
    let verdict = run.verdict();
    assert_eq!(verdict.outcome, Outcome::Block);
    let errors = verdict
        .claims
        .iter()
        .find(|c| c.kind == ClaimKind::Errors)
        .unwrap();
    assert_eq!(errors.state, ClaimState::Fails);
    assert!((errors.estimate.as_ref().unwrap().point - 40.0 / 240.0).abs() < 1e-12);
}

#[test]
fn a_promised_saving_must_be_shown() {
    for (promised, state) in [(0.7, ClaimState::Holds), (0.8, ClaimState::Fails)] {
        let mut run = Run::new(GatePolicy {
            min_saving: Some(promised),
            ..gate(0.05)
        });
        run.counts("a", 200, 0, 0);
        for (i, trial) in run.trials.iter_mut().enumerate() {
            trial.cost_usd *= 1.0 + 0.01 * ((i / 2) % 5) as f64;
        }
        let verdict = run.verdict();
        let saving = verdict
            .claims
            .iter()
            .find(|c| c.kind == ClaimKind::Saving)
            .unwrap();
        assert_eq!(saving.state, state, "{}", saving.sentence);
        assert!((saving.estimate.as_ref().unwrap().point - 0.75).abs() < 1e-9);
    }
}

#[test]
fn a_run_without_a_baseline_is_invalid() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 100, 0, 0);
    run.header.policies[0].role = weighbridge_record::PolicyRole::Other;
    assert_eq!(run.report().outcome, Outcome::Invalid);
}
