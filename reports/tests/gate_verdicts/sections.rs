//! Parts of the report: clusters, routed slices, latency, flips, repeats.

use weighbridge_datasets::health::FindingKind;
use weighbridge_record::{GatePolicy, PolicyRole, RunReader, RunWriter, Score, SliceTier};
use weighbridge_reports::assemble::assemble;
use weighbridge_reports::model::{ClaimKind, ClaimState, Outcome, SliceKind, SliceState};
use weighbridge_reports::table::{Place, RunTable};

use crate::build::{Run, gate, trial};

#[test]
fn one_cluster_gives_no_t_interval_and_no_pass() {
    for graded in [false, true] {
        let mut run = Run::new(gate(0.05));
        for i in 0..400 {
            let score = if graded && i % 2 == 0 { 0.75 } else { 1.0 };
            let sample = run.pair("a", Score::Value(1.0), Score::Value(score));
            sample.cluster = Some("talk".to_owned());
        }
        let report = run.report();
        let overall = &report.comparisons[0].overall;
        assert_eq!(overall.clusters, 1);
        assert!(
            !overall.difference.method.contains("CR2"),
            "{}",
            overall.difference.method
        );
        assert!(overall.certified_loss.unwrap() > 0.5);
        assert_eq!(report.outcome, Outcome::Inconclusive);
    }
}

#[test]
fn duplicates_of_a_cluster_do_not_narrow_the_interval() {
    let width = |copies: usize, graded: bool| {
        let mut run = Run::new(gate(0.05));
        for i in 0..60 {
            for _ in 0..copies {
                let loss = if graded {
                    0.1 * f64::from(i % 7)
                } else {
                    f64::from(u8::from(i % 4 == 0))
                };
                let sample = run.pair("a", Score::Value(1.0), Score::Value(1.0 - loss));
                sample.cluster = Some(format!("c{i}"));
            }
        }
        let difference = run.report().comparisons[0].overall.difference.clone();
        difference.upper.unwrap() - difference.lower.unwrap()
    };
    for graded in [false, true] {
        let (once, four) = (width(1, graded), width(4, graded));
        assert!(four > 0.97 * once, "graded {graded}: {once} then {four}");
    }
}

#[test]
fn identical_graded_arms_are_not_proven_by_a_zero_width_interval() {
    let mut run = Run::new(gate(0.05));
    for i in 0..20 {
        let score = f64::from(i) / 20.0;
        run.pair("a", Score::Value(score), Score::Value(score));
    }
    assert_eq!(run.report().outcome, Outcome::Inconclusive);
}

#[test]
fn routed_slices_are_exploratory_unless_the_policy_names_them() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 300, 0, 0);
    for t in run
        .trials
        .iter_mut()
        .filter(|t| &*t.policy == "cand" && &*t.sample < "s00200")
    {
        *t = trial(&t.sample.clone(), "cand", "big", t.score.clone());
    }
    let report = run.report();
    let routed: Vec<_> = report.comparisons[0]
        .slices
        .iter()
        .filter(|s| s.kind == SliceKind::Routed)
        .map(|s| (s.name.as_str(), s.n, s.tier))
        .collect();
    assert_eq!(routed, [("routed to small", 100, SliceTier::Exploratory)]);
    assert_eq!(report.comparisons[0].routed_loss.as_ref().unwrap().n, 100);

    run.header.gate.critical = vec!["routed to small".to_owned()];
    let report = run.report();
    let slice = report.comparisons[0]
        .slices
        .iter()
        .find(|s| s.kind == SliceKind::Routed)
        .unwrap();
    assert_eq!(
        (slice.tier, &slice.verdict),
        (SliceTier::Critical, &SliceState::Proven)
    );
}

#[test]
fn latency_appears_only_where_it_was_measured_and_failures_are_infinite() {
    let slo = GatePolicy {
        ttft_slo_ms: Some(500.0),
        error_margin: Some(0.5),
        ..gate(0.05)
    };
    let mut run = Run::new(slo);
    run.counts("a", 200, 0, 0);
    assert!(run.report().latency.is_empty());
    assert!(run.report().comparisons[0].latency.is_none());
    assert_eq!(run.report().outcome, Outcome::Invalid);

    for (i, t) in run.trials.iter_mut().enumerate() {
        let base = 100.0 + (i / 2) as f64;
        t.ttft_ms = Some(if &*t.policy == "cand" {
            2.0 * base
        } else {
            base
        });
    }
    let report = run.report();
    let change = report.comparisons[0].latency.clone().unwrap();
    assert!((change.ttft_ratio.unwrap().point - 2.0).abs() < 1e-6);
    // 2 * (100 + i) exceeds 500 for i = 151..=199.
    assert!((change.slo_rise.unwrap().point - 49.0 / 200.0).abs() < 1e-12);
    assert_eq!(report.outcome, Outcome::Block);

    for t in run
        .trials
        .iter_mut()
        .filter(|t| &*t.policy == "cand")
        .take(30)
    {
        t.score = Score::Failed("timeout".to_owned());
        t.ttft_ms = None;
    }
    let report = run.report();
    let cand = report.latency.iter().find(|l| l.policy == "cand").unwrap();
    assert_eq!(cand.ttft[2].value_ms, None, "p95 falls on the failed 15 %");
    assert_eq!(cand.ttft[0].n, 200);
    assert!((cand.ecdf.failed_share - 0.15).abs() < 1e-12);
    let rise = report.comparisons[0]
        .latency
        .clone()
        .unwrap()
        .slo_rise
        .unwrap()
        .point;
    assert!((rise - 79.0 / 200.0).abs() < 1e-12);
}

#[test]
fn losses_are_shown_worst_first_and_balanced_over_slices() {
    let mut run = Run::new(gate(0.05));
    run.counts("many", 400, 100, 30);
    run.counts("few", 50, 3, 0);
    let report = run.report();
    assert_eq!(report.flip_counts, [("cand".to_owned(), 103, 30)]);
    assert_eq!(report.flips.len(), 50);
    let few = report
        .flips
        .iter()
        .filter(|f| f.slices == ["task=few"])
        .count();
    assert_eq!(few, 3);
    assert!(report.flips[..40].iter().all(|f| f.difference < 0.0));
    assert!(report.flips[40..].iter().all(|f| f.difference > 0.0));
}

#[test]
fn repeats_are_averaged_and_do_not_count_as_samples() {
    let mut run = Run::new(gate(0.05));
    run.header.repeats = 10;
    run.counts("a", 30, 0, 0);
    let first = run.trials.clone();
    for repeat in 1..10 {
        run.trials.extend(first.iter().cloned().map(|mut t| {
            t.repeat = repeat;
            t
        }));
    }
    let report = run.report();
    assert_eq!(report.comparisons[0].pairs, 30);
    assert_eq!(report.outcome, Outcome::Inconclusive);
}

#[test]
fn controls_are_compared_and_do_not_gate() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 200, 0, 0);
    let mut control = run.header.policies[1].clone();
    control.name = "bad".to_owned();
    control.role = PolicyRole::Control;
    run.header.policies.push(control);
    for sample in run.samples.clone() {
        run.trials
            .push(trial(&sample.id, "bad", "small", Score::Value(0.0)));
    }
    let report = run.report();
    assert_eq!(report.comparisons.len(), 2);
    assert_eq!(report.comparisons[1].overall.verdict, SliceState::Blocked);
    assert_eq!((report.verdicts.len(), report.outcome), (1, Outcome::Pass));
    let kinds = report.verdicts[0]
        .claims
        .iter()
        .filter(|c| c.kind == ClaimKind::Coverage);
    assert!(kinds.into_iter().all(|c| c.state == ClaimState::Holds));
}

#[test]
fn constant_token_counts_of_the_log_are_found() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 60, 1, 1);
    for (i, t) in run.trials.iter_mut().enumerate() {
        let small = &*t.policy == "cand";
        t.attempts[0].usage.input_tokens = Some(if small { 40 } else { 20 + i as u64 });
        t.attempts[0].usage.output_tokens = Some(if small { 7 } else { 5 + i as u64 % 9 });
    }
    let health = run.report().health;
    let constant: Vec<_> = health
        .iter()
        .filter(|f| f.kind == FindingKind::ConstantTokens)
        .map(|f| (f.model.as_deref(), f.n))
        .collect();
    assert_eq!(constant, [(Some("small"), 60)]);
}

#[test]
fn a_misspelt_slice_of_the_policy_is_mentioned() {
    let mut run = Run::new(GatePolicy {
        exploratory: vec!["task=A".to_owned()],
        ..gate(0.05)
    });
    run.counts("a", 200, 0, 0);
    let verdict = run.verdict();
    assert_eq!(verdict.outcome, Outcome::Pass);
    assert!(verdict.next_steps.iter().any(|s| s.contains("`task=A`")));
}

#[test]
fn a_report_from_the_log_is_the_one_from_memory_and_has_the_texts() {
    let mut run = Run::new(gate(0.05));
    run.counts("a", 90, 3, 1);
    for (i, t) in run.trials.iter_mut().enumerate() {
        t.cost_usd *= 1.0 + (i * 31 % 17) as f64 / 10.0;
        t.answer = Some(
            format!("{} says {}", t.policy, "x".repeat(1600))
                .as_str()
                .into(),
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let mut table = RunTable::new(run.header.clone(), run.samples.clone());
    let mut log = RunWriter::fresh(dir.path(), &run.header, &run.samples).unwrap();
    for t in &run.trials {
        let (offset, len) = log.append(t).unwrap();
        table.push(t, Place { offset, len });
    }
    log.flush().unwrap();
    let reader = || RunReader::open(dir.path()).unwrap();
    let from_memory = assemble(&table, Some(&mut reader()));
    let from_log = assemble(&RunTable::load(dir.path()).unwrap(), Some(&mut reader()));
    let text = |report| serde_json::to_string(report).unwrap();
    assert_eq!(text(&from_memory), text(&from_log));
    let flip = &from_log.flips[0];
    assert!(
        flip.candidate
            .answer
            .as_ref()
            .unwrap()
            .starts_with("cand says xxx")
    );
    assert_eq!(flip.candidate.answer_cut_bytes, 110);
    assert_eq!(flip.baseline.route, ["only model", "first answer"]);
}
