//! The self-test over runs whose shape is known: false PASS at the margin, catch of a large loss.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

use weighbridge_datasets::SliceRule;
use weighbridge_record::{
    GatePolicy, Mode, PolicyEntry, PolicyRole, RunHeader, SampleLine, Score, Trial,
};
use weighbridge_reports::calibrate::selftest::{Options, SelfTest, SelfTestError, selftest};
use weighbridge_reports::table::{Place, RunTable};

/// 600 samples, every third in the critical slice; `score` gives baseline and candidate.
fn table(cluster: usize, score: impl Fn(usize) -> (f64, f64)) -> RunTable {
    let entry = |name: &str, role| PolicyEntry {
        name: name.to_owned(),
        kind: "single".to_owned(),
        role,
        hash: String::new(),
        notes: Vec::new(),
    };
    let header = RunHeader {
        weighbridge: "test".to_owned(),
        seed: 1,
        policies: vec![
            entry("prod", PolicyRole::Baseline),
            entry("cand", PolicyRole::Candidate),
        ],
        slices: vec![SliceRule::By("task".to_owned())],
        gate: GatePolicy {
            overall_margin: 0.05,
            slice_margin: 0.1,
            critical: vec!["task=key".to_owned()],
            exploratory: vec!["task=odd".to_owned()],
            // Claims that scores do not move must not decide the self-test.
            min_saving: Some(0.5),
            ttft_slo_ms: Some(1.0),
            ..GatePolicy::default()
        },
        ..RunHeader::new("made", Mode::Replay)
    };
    let line = |i: usize| SampleLine {
        id: format!("s{i}").as_str().into(),
        labels: [("task".to_owned(), ["key", "rest", "odd"][i % 3].to_owned())].into(),
        cluster: (cluster > 1).then(|| (i / cluster).to_string()),
        chance: None,
        prompt_chars: 1,
        prompt: "q".to_owned(),
        expected: None,
        fingerprint: None,
    };
    let mut table = RunTable::new(header, (0..600).map(line).collect());
    for i in 0..600 {
        let (b, c) = score(i);
        for (policy, score) in [("prod", b), ("cand", c)] {
            let trial = Trial {
                sample: format!("s{i}").as_str().into(),
                policy: policy.into(),
                repeat: 0,
                model: None,
                score: Score::Value(score),
                cost_usd: 1.0,
                ttft_ms: None,
                router_ms: None,
                e2e_ms: None,
                decisions: Vec::new(),
                attempts: Vec::new(),
                answer: None,
                start_ms: None,
                arrival: None,
            };
            table.push(&trial, Place::default());
        }
    }
    table
}

fn test(table: &RunTable, trials: u32) -> SelfTest {
    let options = Options {
        trials,
        seed: 5,
        ..Options::default()
    };
    selftest(table, &options).unwrap()
}

/// Binary scores: one sample in twelve is lost, one in thirty gained.
fn flips(i: usize) -> (f64, f64) {
    let score = |right: bool| f64::from(u8::from(right));
    let turn = i * 7919 % 600;
    (
        score(!(50..70).contains(&turn) && turn < 540),
        score((50..540).contains(&turn)),
    )
}

fn check(result: &SelfTest) {
    assert!(result.behaves(), "{:#?}", result.candidates[0].findings);
    for target in &result.candidates[0].targets {
        for row in &target.rows {
            let sum = row.pass.count + row.block.count + row.inconclusive.count;
            assert_eq!(sum, u64::from(result.trials), "{target:?}");
            if row.loss >= target.margin {
                let error = (0.05 * 0.95 / f64::from(result.trials)).sqrt();
                assert!(row.pass.share <= 0.06 + 3.0 * error, "{target:?}");
            }
        }
        let last = target.rows.last().unwrap();
        assert!(last.loss == 0.2 && last.block.share > 0.9, "{target:?}");
    }
}

#[test]
fn the_gate_behaves_on_binary_scores_whatever_the_run_itself_shows() {
    let result = test(&table(1, flips), 300);
    check(&result);
    let targets = &result.candidates[0].targets;
    let names: Vec<&str> = targets.iter().map(|t| t.slice.as_str()).collect();
    assert_eq!(names, ["overall", "task=key"]);
    // Five points are lost in the run; in the base nothing is, and a PASS is likely.
    assert!(targets[0].rows[0].loss == 0.0 && targets[0].rows[0].pass.share > 0.5);
    assert!((targets[0].flip_rate - 70.0 / 600.0).abs() < 1e-12);
}

#[test]
fn the_gate_behaves_on_clustered_and_on_graded_scores() {
    // Whole clusters of four flip together.
    check(&test(&table(4, |i| flips(i / 4 * 4)), 200));
    let graded = |i: usize| {
        let (b, c) = flips(i);
        (0.5 + 0.5 * b, 0.25 + 0.75 * c)
    };
    check(&test(&table(1, graded), 100));
}

#[test]
fn named_losses_and_slices_are_taken_as_they_are() {
    let table = table(1, flips);
    let with = |slice: &str, losses: &[f64]| {
        let options = Options {
            losses: losses.to_vec(),
            slice: Some(slice.to_owned()),
            trials: 50,
            seed: 2,
        };
        selftest(&table, &options)
    };
    let result = with("task=rest", &[0.3, 0.99]).unwrap();
    let [target] = &result.candidates[0].targets[..] else {
        panic!("one target: {result:?}");
    };
    assert_eq!(
        (target.rows.len(), &target.impossible[..]),
        (1, &[0.99][..])
    );
    assert!((target.rows[0].overall_loss - 0.1).abs() < 1e-12);
    assert!(target.rows[0].block.share > 0.9);
    assert!(result.text().contains("99 points cannot be lost"));
    assert!(matches!(
        with("task=none", &[]),
        Err(SelfTestError::UnknownSlice { .. })
    ));
    assert!(matches!(
        with("task=odd", &[]),
        Err(SelfTestError::Exploratory(_))
    ));
}
