//! When and why a sequential run stops, and what its report says.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use weighbridge_record::Score;
use weighbridge_reports::assemble::assemble;
use weighbridge_reports::model::{ClaimState, Outcome, Report, SequentialStop};
use weighbridge_reports::sequential::{Monitor, Process};
use weighbridge_reports::table::RunTable;

use crate::build::{Run, gate, right};

fn settled(run: &Run) -> Report {
    let table = run.table();
    let mut process = Process::new(&table).unwrap().unwrap();
    process.advance(&table);
    let dir = tempfile::tempdir().unwrap();
    // Without strays nothing is read again; with them the log is needed.
    let mut writer =
        weighbridge_record::RunWriter::fresh(dir.path(), &run.header, &run.samples).unwrap();
    for trial in &run.trials {
        writer.append(trial).unwrap();
    }
    writer.flush().unwrap();
    let table = RunTable::load(dir.path()).unwrap();
    let settled = weighbridge_reports::sequential::settle(&table, dir.path());
    assemble(&settled.unwrap().unwrap(), None)
}

fn quiet(n: usize) -> Run {
    let mut run = Run::new(gate(0.05, 0.05));
    for i in 0..n {
        run.difference(if i % 2 == 0 { "a" } else { "b" }, 0);
    }
    run
}

#[test]
fn a_quiet_run_passes_early_and_reports_only_what_it_used() {
    let report = settled(&quiet(400));
    let sequential = report.sequential.as_ref().unwrap();
    assert_eq!(report.outcome, Outcome::Pass);
    assert_eq!(sequential.stop, SequentialStop::Decided);
    assert_eq!(
        (sequential.samples_used, sequential.samples_available),
        (116, 400)
    );
    assert_eq!(report.comparisons[0].overall.n, 116);
    assert_eq!(report.coverage[0].missing, 0);
    // Everything in the log beyond the stop is counted as paid and not used: nothing was saved.
    assert!(sequential.saved_usd < 1e-9);
    assert_eq!(sequential.unused_trials, 2 * (400 - 116));
    assert!((sequential.spent_usd - 400.0 * 0.005).abs() < 1e-9);
    let overall = &report.comparisons[0].overall;
    assert!(overall.difference.method.contains("anytime-valid"));
    assert!(overall.certified_loss.unwrap() <= 0.05);
}

#[test]
fn neither_arrival_nor_file_order_matters() {
    let mut run = quiet(300);
    for i in (0..300).step_by(17) {
        run.trials[2 * i + 1].score = right(false);
    }
    let expected = settled(&run);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..3 {
        run.trials.shuffle(&mut rng);
        let monitor = RunTable::new(run.header.clone(), run.samples.clone());
        let mut monitor = Monitor::new(monitor).unwrap().unwrap();
        for trial in &run.trials {
            monitor.push(trial);
        }
        let used: BTreeSet<_> = monitor.used().cloned().collect();
        let sequential = expected.sequential.as_ref().unwrap();
        assert_eq!(used.len() as u64, sequential.samples_used);
        run.samples.shuffle(&mut rng);
        let again = settled(&run);
        assert_eq!(again.sequential.as_ref(), Some(sequential));
        assert_eq!(again.verdicts, expected.verdicts);
    }
}

#[test]
fn a_clear_loss_blocks_early() {
    let mut run = Run::new(gate(0.02, 0.05));
    for i in 0..600 {
        run.difference("a", if i % 4 == 0 { -1 } else { 0 });
    }
    let report = settled(&run);
    let sequential = report.sequential.unwrap();
    assert_eq!(report.outcome, Outcome::Block);
    assert!(sequential.samples_used < 120, "{}", sequential.samples_used);
    let failing = report.verdicts[0].claims.iter();
    assert!(failing.filter(|c| c.state == ClaimState::Fails).count() > 0);
}

#[test]
fn a_small_slice_that_loses_holds_an_early_pass_back_until_it_is_shown() {
    let run = |loses: fn(usize) -> bool| {
        let mut run = Run::new(gate(0.05, 0.05));
        for i in 0..2_000 {
            let small = i % 20 == 0;
            let d = if small && loses(i / 20) { -1 } else { 0 };
            run.difference(if small { "small" } else { "rest" }, d);
        }
        settled(&run)
    };
    // Overall the loss is 2 points, well within the margin of 5; in the slice it is 40.
    let report = run(|nth| nth % 5 < 2);
    let sequential = report.sequential.as_ref().unwrap();
    assert_eq!(report.outcome, Outcome::Block);
    assert!(
        sequential.samples_used < 1_000,
        "{}",
        sequential.samples_used
    );
    let fails = |c: &&weighbridge_reports::model::Claim| c.state == ClaimState::Fails;
    let mut failing = report.verdicts[0].claims.iter().filter(fails);
    assert!(failing.any(|c| c.slice == "task=small"));
    // One loss at the start of a slice leans the wrong way for a while only.
    let report = run(|nth| nth == 0);
    assert_eq!(report.outcome, Outcome::Pass);
}

#[test]
fn a_slice_that_can_never_pass_stops_the_run_before_it_spends() {
    let mut run = quiet(300);
    for _ in 0..5 {
        run.difference("tiny", 0);
    }
    run.header.gate.critical = vec!["task=tiny".to_owned()];
    let table = run.table();
    let process = Process::new(&table).unwrap().unwrap();
    assert_eq!(process.stop(), Some(SequentialStop::Futile));
    let report = settled(&run);
    assert_eq!(report.outcome, Outcome::Inconclusive);
    assert_eq!(report.sequential.unwrap().samples_used, 0);
    assert!(report.verdicts[0].sentence.contains("task=tiny"));
}

#[test]
fn too_many_losses_end_in_futility_once_the_rest_cannot_make_up_for_them() {
    // Losses and gains in balance: never worse, never proven at this margin.
    let mut run = Run::new(gate(0.005, 0.05));
    for i in 0..60 {
        run.difference("", if i % 2 == 0 { -1 } else { 1 });
    }
    let table = run.table();
    let mut process = Process::new(&table).unwrap().unwrap();
    assert_eq!(process.stop(), None);
    assert!(process.is_hopeless_within(2));
    assert!(!process.is_hopeless_within(60));
    process.advance(&table);
    assert_eq!(process.stop(), Some(SequentialStop::Futile));
    assert!(process.samples_used() < 60 && process.samples_used() > 40);
}

#[test]
fn a_log_that_ends_early_is_open_and_says_so() {
    let mut run = quiet(400);
    run.trials.truncate(150);
    let report = settled(&run);
    let sequential = report.sequential.unwrap();
    assert_eq!(sequential.stop, SequentialStop::Unfinished);
    assert_eq!(report.outcome, Outcome::Inconclusive);
}

#[test]
fn unjudged_trials_count_against_a_pass_and_for_no_block() {
    let used = |unjudged: usize| {
        let mut run = quiet(2000);
        run.header.gate.coverage_floor = 0.5;
        for i in 0..unjudged {
            run.trials[2 * (i * 40) + 1].score = Score::Unscored("no label".to_owned());
        }
        let report = settled(&run);
        assert_eq!(report.outcome, Outcome::Pass);
        report.sequential.unwrap().samples_used
    };
    assert!(used(50) > used(0) + 10);
    let mut run = quiet(400);
    run.header.gate.coverage_floor = 0.0;
    for trial in run.trials.iter_mut().skip(1).step_by(2) {
        trial.score = Score::Unscored("no label".to_owned());
    }
    assert_ne!(settled(&run).outcome, Outcome::Block);
}

#[test]
fn a_gap_in_coverage_makes_the_run_invalid() {
    let mut run = quiet(400);
    for trial in run.trials.iter_mut().step_by(8) {
        trial.score = Score::Failed("down".to_owned());
    }
    assert_eq!(settled(&run).outcome, Outcome::Invalid);
}

#[test]
fn every_format_tells_the_story() {
    let report = settled(&quiet(400));
    let html = weighbridge_reports::render::html(&report).unwrap();
    let markdown = weighbridge_reports::render::markdown(&report);
    let json = weighbridge_reports::render::verdict_json(&report).unwrap();
    for text in [&html, &markdown, &json] {
        assert!(text.contains("betting e-process, anytime-valid"));
        assert!(text.contains("Attempt 1 of this change"), "{text}");
    }
    assert!(html.contains("id=\"attempts\""));
    assert!(
        !markdown.contains("\\\\$"),
        "a dollar sign is escaped twice"
    );
}
