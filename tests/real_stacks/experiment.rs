//! Experiment files on real servers, and what running them shows.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// An experiment on one server.
#[derive(Clone, Copy)]
pub(crate) struct Experiment<'a> {
    /// `[[backend]]` tables, without the name of the first, which is `server`.
    pub(crate) backend: &'a str,
    /// Keys of the models `small` and `large`.
    pub(crate) models: [&'a str; 2],
    /// Keys of `[run]`.
    pub(crate) run: &'a str,
    /// How many samples; each has the same long system prompt.
    pub(crate) samples: usize,
    /// Value of the environment variable `WEIGHBRIDGE_TEST_KEY`.
    pub(crate) key: &'a str,
}

/// Keys of a model that the server of the first `[[backend]]` serves.
pub(crate) const TINY: &str = "backend = \"server\"\nmodel = \"tiny\"";

impl Experiment<'_> {
    /// Writes the file and its samples.
    pub(crate) fn write(&self, dir: &Path) -> PathBuf {
        let mut samples = String::new();
        for i in 0..self.samples {
            let line = serde_json::json!({
                "id": format!("s{i}"),
                "messages": [
                    {"role": "system", "content": system()},
                    {"role": "user", "content": format!("Question {i}: what is {i} and {i}?")},
                ],
                "target": {"kind": "number", "value": 2 * i},
                "labels": {"parity": if i % 2 == 0 { "even" } else { "odd" }},
            });
            samples += &format!("{line}\n");
        }
        std::fs::write(dir.join("samples.jsonl"), samples).unwrap();
        let Self {
            backend,
            models: [small, large],
            run,
            ..
        } = self;
        let text = format!(
            r#"
name = "real"
[dataset]
path = "samples.jsonl"
[slices]
by = ["parity"]
[run]
temperature = 0.0
retries = 0
# The machine of a test is not what is tested.
client = {{ max_overhead_share = 1e6 }}
{run}
[controls]
single = false
shuffled = false
length = false
[[backend]]
name = "server"
{backend}
[[model]]
name = "small"
price = {{ input_per_mtok_usd = 0.1, output_per_mtok_usd = 0.4, cache_read_per_mtok_usd = 0.01 }}
{small}
[[model]]
name = "large"
price = {{ input_per_mtok_usd = 2.0, output_per_mtok_usd = 8.0, cache_read_per_mtok_usd = 0.2 }}
{large}
[[policy]]
name = "production"
kind = "always"
model = "large"
role = "baseline"
[[policy]]
name = "cheap"
kind = "always"
model = "small"
role = "candidate"
"#
        );
        let path = dir.join("experiment.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Runs it; its exit code with what it said, and the trials of the log.
    pub(crate) fn try_run(&self, dir: &Path, out: &str) -> ((i32, String), Vec<Value>) {
        let out = dir.join(out);
        let output = self
            .command("run", dir)
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        let log = std::fs::read_to_string(out.join("run.jsonl"));
        let log = log.unwrap_or_else(|e| panic!("{e}: {}", talk(&output)));
        let trials: Vec<Value> = log.lines().skip(1).map(json).collect();
        assert_eq!(trials.len(), 2 * self.samples, "{}", talk(&output));
        let code = output.status.code().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        ((code, format!("{said}{}", talk(&output))), trials)
    }

    /// Runs it to a verdict; the trials of the log and the notes about client and servers.
    pub(crate) fn run(&self, dir: &Path, out: &str) -> (Vec<Value>, Value) {
        let ((code, talk), trials) = self.try_run(dir, out);
        // Nonsense for text gets no verdict worth asserting; that there is one is.
        assert!((0..=2).contains(&code), "{code}: {talk}");
        let out = dir.join(out);
        assert!(out.join("report.html").is_file());
        let notes = std::fs::read_to_string(out.join("client.json")).unwrap();
        (trials, json(&notes))
    }

    /// What the doctor says about the first model.
    pub(crate) fn doctor(&self, dir: &Path) -> Value {
        let output = self.command("doctor", dir).arg("--json").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", talk(&output));
        json(&String::from_utf8(output.stdout).unwrap())["models"][0].clone()
    }

    fn command(&self, name: &str, dir: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weighbridge"));
        command
            .arg(name)
            .arg(self.write(dir))
            .env("WEIGHBRIDGE_TEST_KEY", self.key);
        command
    }
}

/// Long enough for the prefix caches of all servers, vLLM's blocks of 128 tokens on CPU included.
fn system() -> String {
    let rules = "Read the question twice before you answer it. Say what you did in one short sentence. \
        Do not add anything that was not asked for. If a number is missing, say that it is missing. ";
    format!("You are careful with numbers. {}", rules.repeat(8))
}

fn talk(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The only attempt of a trial, which must have succeeded.
pub(crate) fn attempt(trial: &Value) -> &Value {
    let attempts = trial["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{trial:#}");
    assert!(attempts[0]["error"].is_null(), "{:#}", attempts[0]);
    &attempts[0]
}

/// A token count of an attempt.
pub(crate) fn tokens(attempt: &Value, bucket: &str) -> u64 {
    let count = attempt["usage"][bucket].as_u64();
    count.unwrap_or_else(|| panic!("no {bucket}: {:#}", attempt["usage"]))
}

/// State and detail of one of the doctor's checks.
pub(crate) fn check<'d>(model: &'d Value, name: &str) -> (&'d str, &'d str) {
    let checks = model["checks"].as_array().unwrap();
    let found = checks.iter().find(|c| c["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no check `{name}`: {model:#}"));
    (
        found["state"].as_str().unwrap(),
        found["detail"].as_str().unwrap(),
    )
}

/// Whether any file below a folder holds a text.
pub(crate) fn contains(dir: &Path, text: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => contains(&path, text),
            false => {
                let bytes = std::fs::read(&path).unwrap();
                bytes.windows(text.len()).any(|w| w == text.as_bytes())
            }
        }
    })
}
