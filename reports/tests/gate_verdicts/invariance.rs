//! What must not change a report.

use proptest::prelude::*;
use weighbridge_record::{GatePolicy, Score};
use weighbridge_reports::model::Outcome;

use crate::build::{Run, gate};

fn mixed() -> Run {
    let mut run = Run::new(GatePolicy {
        critical: vec!["task=b".to_owned()],
        ..gate(0.03)
    });
    run.counts("a", 120, 9, 4);
    run.counts("b", 80, 2, 6);
    for i in 0..40 {
        let sample = run.pair(
            "c",
            Score::Value(0.3),
            Score::Value(f64::from(i % 10) / 10.0),
        );
        sample.cluster = Some(format!("c{}", i / 3));
    }
    for (i, t) in run.trials.iter_mut().enumerate() {
        t.ttft_ms = Some(50.0 + (i * 7919 % 997) as f64);
        t.cost_usd *= 1.0 + (i * 31 % 17) as f64 / 10.0;
    }
    run
}

#[test]
fn the_order_of_trials_and_the_number_of_threads_change_nothing() {
    let mut run = mixed();
    let first = serde_json::to_string(&run.report()).unwrap();
    let n = run.trials.len();
    run.trials = (0..n).map(|i| run.trials[i * 7919 % n].clone()).collect();
    assert_eq!(serde_json::to_string(&run.report()).unwrap(), first);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let alone = pool.install(|| serde_json::to_string(&run.report()).unwrap());
    assert_eq!(alone, first);
}

#[test]
fn a_report_survives_its_own_json() {
    let report = mixed().report();
    let text = serde_json::to_string(&report).unwrap();
    let back: weighbridge_reports::model::Report = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn more_agreement_never_turns_a_pass_into_a_block(
        n in 30_usize..400,
        losses in 0_usize..25,
        gains in 0_usize..25,
        more in 1_usize..300,
        margin in 0.01_f64..0.2,
    ) {
        prop_assume!(losses + gains <= n);
        let mut run = Run::new(GatePolicy { flips: 500, slice_margin: margin, ..gate(margin) });
        run.counts("a", n, losses, gains);
        let before = run.verdict().outcome;
        for _ in 0..more {
            run.pair("a", Score::Value(1.0), Score::Value(1.0));
        }
        let after = run.verdict().outcome;
        if before == Outcome::Pass {
            prop_assert_eq!(after, Outcome::Pass);
        }
        if after == Outcome::Block {
            prop_assert_eq!(before, Outcome::Block);
        }
    }
}
