//! A large run, timed by hand: `cargo nextest run --release --run-ignored all gate_scale`.

use std::time::Instant;

use weighbridge_datasets::SliceRule;
use weighbridge_record::{
    Attempt, Cost, Decision, Mode, ModelEntry, PolicyEntry, PolicyRole, RunHeader, SampleLine,
    Score, Step, Trial,
};
use weighbridge_reports::assemble::assemble;
use weighbridge_reports::table::{Place, RunTable};

fn header(policies: usize) -> RunHeader {
    let model = |name: &str| ModelEntry {
        name: name.to_owned(),
        dialect: "recorded".to_owned(),
        price: None,
    };
    let entry = |i: usize| PolicyEntry {
        name: format!("p{i:02}"),
        kind: "made".to_owned(),
        role: match i {
            0 => PolicyRole::Baseline,
            _ => PolicyRole::Candidate,
        },
        hash: String::new(),
        notes: Vec::new(),
    };
    RunHeader {
        weighbridge: "test".to_owned(),
        seed: 3,
        fleet: vec![model("small"), model("big")],
        policies: (0..policies).map(entry).collect(),
        slices: vec![SliceRule::By("subject".to_owned())],
        ..RunHeader::new("large", Mode::Replay)
    }
}

fn large(policies: usize, samples: usize, ttft: bool) -> RunTable {
    let ids: Vec<String> = (0..samples).map(|i| format!("s{i:06}")).collect();
    let lines = ids.iter().enumerate().map(|(i, id)| SampleLine {
        id: id.as_str().into(),
        labels: [("subject".to_owned(), format!("{:02}", i % 57))].into(),
        cluster: None,
        chance: Some(0.25),
        prompt_chars: 10,
        prompt: String::new(),
        expected: None,
        fingerprint: None,
    });
    let mut table = RunTable::new(header(policies), lines.collect());
    for policy in 0..policies {
        for (i, id) in ids.iter().enumerate() {
            // The policy decides which samples go to the strong model.
            let strong = policy == 0 || (i * 7919 + policy * 104_729) % 25 < policy;
            let model: std::sync::Arc<str> = if strong { "big" } else { "small" }.into();
            let hard = i * 31 % 100;
            let right = hard < if strong { 80 } else { 65 };
            let mut attempt = Attempt::new(std::sync::Arc::clone(&model));
            attempt.cost = Cost::lump(if strong { 0.01 } else { 0.001 });
            let ms = 100.0 + (i * 7919 % 1009) as f64 + if strong { 150.0 } else { 0.0 };
            let mut call = Decision::new(Step::Call(std::sync::Arc::clone(&model)), "by cut");
            call.rank_score = Some(hard as f64);
            let trial = Trial {
                sample: id.as_str().into(),
                policy: format!("p{policy:02}").as_str().into(),
                repeat: 0,
                model: Some(model),
                score: Score::Value(f64::from(u8::from(right))),
                cost_usd: attempt.cost.total_usd,
                ttft_ms: ttft.then_some(ms),
                router_ms: None,
                e2e_ms: None,
                decisions: vec![call, Decision::new(Step::Accept(0), "")],
                attempts: vec![attempt],
                answer: None,
                start_ms: None,
                arrival: None,
            };
            table.push(&trial, Place::default());
        }
    }
    table
}

#[test]
#[ignore = "for timing by hand, in release"]
fn twenty_five_policies_on_fourteen_thousand_samples() {
    for (samples, ttft) in [(14_037, false), (14_037, true), (40_000, true)] {
        let table = large(25, samples, ttft);
        let start = Instant::now();
        let report = assemble(&table, None);
        eprintln!(
            "{samples} samples, first-token times {ttft}: {:.2} s",
            start.elapsed().as_secs_f64()
        );
        assert_eq!(report.comparisons.len(), 24);
        assert_eq!(report.comparisons[0].slices.len(), 58);
    }
}
