//! JSON and the files of a run directory.

use weighbridge_reports::model::Report;
use weighbridge_reports::render::{report_json, verdict_json, write_all};

use crate::fixture;

#[test]
fn report_json_holds_the_whole_report() {
    let report = fixture::report();
    let json = report_json(&report).unwrap();
    let back: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(back, report);
    assert!(!json.contains(['\u{202e}', '\u{2028}', '\x1b']));
}

#[test]
fn verdict_json_says_what_scripts_branch_on() {
    let json: serde_json::Value =
        serde_json::from_str(&verdict_json(&fixture::report()).unwrap()).unwrap();
    assert_eq!(json["outcome"], "block");
    assert_eq!(json["candidates"][0]["outcome"], "pass");
    assert_eq!(json["candidates"][2]["outcome"], "inconclusive");
    let difference = json["candidates"][0]["quality"]["difference"]["point"]
        .as_f64()
        .unwrap();
    assert!((difference + 0.0056).abs() < 1e-12);
    assert_eq!(json["candidates"][1]["claims"][3]["slice"], "task=math");
}

#[test]
fn all_files_are_written_over_old_ones_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("made/here");
    write_all(&fixture::report(), &dir).unwrap();
    std::fs::write(dir.join("report.md"), "old").unwrap();
    write_all(&fixture::report(), &dir).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "junit.xml",
            "report.html",
            "report.json",
            "report.md",
            "verdict.json"
        ]
    );
    assert!(
        std::fs::read_to_string(dir.join("report.md"))
            .unwrap()
            .len()
            > 1000
    );
}

#[test]
fn an_error_names_the_path() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = write_all(&fixture::report(), &file).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
}
