//! Evidence over several attempts at one change.

use weighbridge_record::ChangeAttempt;
use weighbridge_reports::assemble::assemble;
use weighbridge_reports::model::{Outcome, Report};
use weighbridge_reports::sequential::settle;
use weighbridge_reports::table::RunTable;

use crate::build::{Run, change, gate};

fn report(run: &Run) -> Report {
    let table = run.table();
    // Trials are in no log here, and there are none to leave out.
    let settled: Option<RunTable> = settle(&table, std::path::Path::new("/nowhere")).unwrap();
    assemble(&settled.unwrap(), None)
}

fn attempt(run: &Run) -> ChangeAttempt {
    report(run).attempts.unwrap().this
}

fn quiet(n: usize, d: i8) -> Run {
    let mut run = Run::new(gate(0.05, 0.05));
    for _ in 0..n {
        run.difference("", d);
    }
    run
}

/// The same samples without the trials of those that an attempt used, or of the others.
fn part(run: &Run, blocks: std::ops::Range<usize>) -> Run {
    let named = run.samples.iter().map(|s| (&*s.id, None));
    let order = weighbridge_reports::sequential::visiting(named, "order");
    let kept: Vec<_> = order[blocks]
        .iter()
        .flatten()
        .map(|&i| run.samples[i as usize].id.clone())
        .collect();
    let mut part = run.clone();
    part.trials.retain(|t| kept.contains(&t.sample));
    part
}

#[test]
fn a_second_attempt_goes_on_where_the_first_one_stopped() {
    let all = quiet(400, 0);
    let first = part(&all, 0..80);
    let line = attempt(&first);
    assert_eq!(
        (line.outcome.as_deref(), line.to_block),
        (Some("inconclusive"), 80)
    );
    let mut second = part(&all, 80..400);
    *second.change() = change(1, 80);
    second.change().attempt = 2;
    second.change().earlier = vec![line];
    // Settling leaves out nothing, so only the samples needed are given.
    let mut alone = part(&all, 80..400);
    *alone.change() = change(1, 80);
    let needed = |run: &Run| {
        let table = run.table();
        let mut process = weighbridge_reports::sequential::Process::new(&table)
            .unwrap()
            .unwrap();
        process.advance(&table);
        process.samples_used()
    };
    assert_eq!(needed(&alone), 116, "without evidence from before");
    let used = needed(&second);
    assert!(used < 60 && used + 80 >= 116, "{used}");
}

#[test]
fn a_decided_change_stays_decided_and_spends_nothing() {
    for (d, outcome) in [(0, Outcome::Pass), (-1, Outcome::Block)] {
        let all = quiet(200, d);
        let table = all.table();
        let mut process = weighbridge_reports::sequential::Process::new(&table)
            .unwrap()
            .unwrap();
        process.advance(&table);
        let used = process.samples_used() as usize;
        let first = part(&all, 0..used);
        assert_eq!(report(&first).outcome, outcome);
        let line = attempt(&first);
        let mut second = part(&all, 0..0);
        *second.change() = change(1, line.to_block);
        second.change().earlier = vec![line];
        let again = report(&second);
        assert_eq!(again.outcome, outcome, "{}", again.verdicts[0].sentence);
        let sequential = again.sequential.as_ref().unwrap();
        assert_eq!(sequential.samples_used, 0);
        assert_eq!(sequential.samples_carried, used as u64);
        // Even an empty report can be rendered.
        weighbridge_reports::render::html(&again).unwrap();
        weighbridge_reports::render::junit(&again).unwrap();
    }
}

#[test]
fn a_further_round_asks_for_more_and_carries_nothing() {
    let run = quiet(400, 0);
    let needed = |round: u32| {
        let mut run = run.clone();
        *run.change() = change(round, 0);
        let table = run.table();
        let mut process = weighbridge_reports::sequential::Process::new(&table)
            .unwrap()
            .unwrap();
        process.advance(&table);
        process.samples_used()
    };
    assert_eq!(needed(1), 116);
    assert!(needed(2) > 130 && needed(3) > needed(2));
}
