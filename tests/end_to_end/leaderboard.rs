//! Several policies at once: rank sets in every output.

use crate::support::{code, recorded, talk, weighbridge};

#[test]
fn ranks_are_ranges_in_every_output() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let out = dir.path().join("out");
    let run = weighbridge()
        .arg("run")
        .arg(&experiment)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert_eq!(code(&run), 1, "{}", talk(&run));
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
    let boards = report["leaderboard"]["boards"].as_array().unwrap();
    let axes: Vec<_> = boards.iter().map(|b| b["axis"].as_str().unwrap()).collect();
    assert_eq!(axes, ["quality", "cost", "trade_off"]);
    let policies = report["policies"].as_array().unwrap().len() as u64;
    for board in boards {
        let rows = board["rows"].as_array().unwrap();
        assert_eq!(rows.len() as u64, policies);
        for (place, row) in (1..).zip(rows) {
            let rank = |key: &str| row[key].as_u64().unwrap();
            let (best, worst) = (rank("best_rank"), rank("worst_rank"));
            assert!(
                best <= place && place <= worst && worst <= policies,
                "{row}"
            );
        }
        // The strong model is far better and dearer than the weak one: both ends are certain.
        let pairs = board["pairs"].as_array().unwrap();
        assert_eq!(pairs.len() as u64, policies * (policies - 1) / 2);
    }
    let quality = boards[0]["rows"].as_array().unwrap();
    assert_eq!(quality.last().unwrap()["policy"], "only weak");
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(text.contains("Leaderboard, simultaneous 95%"), "{text}");
    for name in ["report.html", "report.md"] {
        let page = std::fs::read_to_string(out.join(name)).unwrap();
        assert!(page.contains("cannot be told apart"), "{name}");
    }
}
