//! A log that is written, torn and resumed.

use std::io::Write;

use weighbridge_record::{
    Attempt, Decision, LogError, Mode, RunHeader, RunReader, RunWriter, Score, Step, Trial,
};

fn header(hash: &str) -> RunHeader {
    RunHeader {
        weighbridge: "0.0.0".into(),
        seed: 1,
        experiment_hash: hash.into(),
        experiment: serde_json::json!({}),
        ..RunHeader::new("test", Mode::Live)
    }
}

fn trial(sample: &str) -> Trial {
    Trial {
        sample: sample.into(),
        policy: "p".into(),
        repeat: 0,
        model: Some("m".into()),
        score: Score::Value(1.0),
        cost_usd: 0.25,
        ttft_ms: Some(12.5),
        router_ms: None,
        e2e_ms: None,
        decisions: vec![
            Decision::call(&"m".into(), "fixed"),
            Decision::new(Step::Accept(0), ""),
        ],
        attempts: vec![Attempt::new("m".into())],
        answer: Some("42".into()),
        start_ms: None,
        arrival: None,
    }
}

#[test]
fn a_torn_line_is_cut_and_finished_trials_survive() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, done) = RunWriter::resume(dir.path(), &header("h"), &[]).unwrap();
    assert!(done.is_empty());
    writer.append(&trial("a")).unwrap();
    drop(writer);
    let log = dir.path().join("run.jsonl");
    std::fs::OpenOptions::new()
        .append(true)
        .open(&log)
        .unwrap()
        .write_all(b"{\"sample\":\"b")
        .unwrap();
    let (mut writer, done) = RunWriter::resume(dir.path(), &header("h"), &[]).unwrap();
    assert_eq!(done, [trial("a")]);
    writer.append(&trial("b")).unwrap();
    drop(writer);
    let mut reader = RunReader::open(dir.path()).unwrap();
    let first = reader.next_trial().unwrap().unwrap();
    assert_eq!(reader.next_trial().unwrap().unwrap().trial, trial("b"));
    assert!(reader.next_trial().unwrap().is_none());
    assert_eq!(reader.read_at(first.offset, first.len).unwrap(), trial("a"));
}

#[test]
fn another_experiment_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = RunWriter::resume(dir.path(), &header("one"), &[]).unwrap();
    writer.append(&trial("a")).unwrap();
    drop(writer);
    let before = std::fs::read(dir.path().join("run.jsonl")).unwrap();
    let error = RunWriter::resume(dir.path(), &header("two"), &[])
        .err()
        .unwrap();
    assert!(matches!(error, LogError::OtherExperiment { .. }), "{error}");
    assert_eq!(std::fs::read(dir.path().join("run.jsonl")).unwrap(), before);
}

#[test]
fn a_damaged_line_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::fresh(dir.path(), &header("h"), &[]).unwrap();
    writer.append_serialized(b"{\"nonsense\":1}\n").unwrap();
    writer.flush().unwrap();
    let mut reader = RunReader::open(dir.path()).unwrap();
    let error = reader.next_trial().unwrap_err().to_string();
    assert!(error.contains("run.jsonl:2: not a trial"), "{error}");
}
