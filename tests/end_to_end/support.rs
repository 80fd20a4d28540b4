//! Running the binary, and small experiments to run it on.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary under test.
pub(crate) fn weighbridge() -> Command {
    Command::new(env!("CARGO_BIN_EXE_weighbridge"))
}

/// Root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Exit code of a finished process.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// Standard error as text.
pub(crate) fn talk(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Recorded data of other projects, where it is at hand. Prints why a test is skipped.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let base = std::env::var_os("WEIGHBRIDGE_SHARED")
        .map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = base.join(part);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// Lines of a run log as JSON, the header first.
pub(crate) fn log(dir: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(dir.join("run.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A replay of two models over `n` samples in two slices: the weak one is right on two of three,
/// the strong one on all but every tenth.
pub(crate) fn recorded(dir: &Path, n: usize) -> PathBuf {
    let mut samples = String::new();
    let mut outcomes = String::new();
    for i in 0..n {
        let slice = if i % 4 == 0 { "rare" } else { "common" };
        samples += &format!(
            "{{\"id\":\"s{i}\",\"prompt\":\"question {i} {}\",\"target\":{{\"kind\":\"recorded\"}},\
             \"labels\":{{\"task\":\"{slice}\"}}}}\n",
            "x".repeat(i % 50)
        );
        for (model, right) in [("weak", i % 3 != 0), ("strong", i % 10 != 0)] {
            outcomes += &format!(
                "{{\"sample\":\"s{i}\",\"model\":\"{model}\",\"score\":{{\"value\":{}}},\
                 \"answer\":\"answer {i} of {model}\",\"ttft_ms\":{},\"latency_ms\":{}}}\n",
                if right { "1.0" } else { "0.0" },
                10 + i % 7,
                20 + i % 9
            );
        }
    }
    std::fs::write(dir.join("samples.jsonl"), samples).unwrap();
    std::fs::write(dir.join("outcomes.jsonl"), outcomes).unwrap();
    let path = dir.join("experiment.toml");
    std::fs::write(&path, RECORDED).unwrap();
    path
}

/// The experiment of [`recorded`].
pub(crate) const RECORDED: &str = r#"
name = "recorded"
seed = 3

[dataset]
path = "samples.jsonl"
outcomes = "outcomes.jsonl"

[slices]
by = ["task"]

[run]
mode = "replay"

[[model]]
name = "weak"
price = { input_per_mtok_usd = 0.1, output_per_mtok_usd = 0.4 }

[[model]]
name = "strong"
price = { input_per_mtok_usd = 2.0, output_per_mtok_usd = 8.0 }

[[policy]]
name = "production"
kind = "always"
model = "strong"
role = "baseline"

[[policy]]
name = "length"
kind = "length"
weak = "weak"
strong = "strong"
share_strong = 0.5
role = "candidate"

[[policy]]
name = "table"
kind = "table"
label = "task"
fit = { folds = 4 }
"#;
