//! Explicit caches: made, used, paid for, deleted, and found again after a crash.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use weighbridge_mock::{Fleet, FleetConfig, Provider, serve};

use crate::support::{code, log, talk, weighbridge};

/// A fleet that outlives the program under test.
struct Server {
    runtime: tokio::runtime::Runtime,
    fleet: Fleet,
}

impl Server {
    fn start(speed: f64) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = FleetConfig {
            speed,
            provider: Provider::named("gemini"),
            ..FleetConfig::default()
        };
        let fleet = runtime.block_on(serve(config)).unwrap();
        Self { runtime, fleet }
    }

    /// Names of the caches that are there.
    fn caches(&self) -> Vec<String> {
        let address = self.fleet.addr();
        let body = self.runtime.block_on(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
            let request =
                "GET /v1beta/cachedContents HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut text = String::new();
            socket.read_to_string(&mut text).await.unwrap();
            text
        });
        let list: Value = serde_json::from_str(body.split_once("\r\n\r\n").unwrap().1).unwrap();
        let all = list["cachedContents"].as_array().cloned();
        let name = |cache: &Value| cache["name"].as_str().unwrap().to_owned();
        all.unwrap_or_default().iter().map(name).collect()
    }
}

const SYSTEM: &str = "You are careful with numbers. Read the question twice before you answer it. Say \
    what you did in one short sentence. Do not add anything that was not asked for.";

fn experiment(dir: &Path, server: &Server, samples: usize, more: &str) -> PathBuf {
    let mut lines = String::new();
    for i in 0..samples {
        let line = serde_json::json!({
            "id": format!("s{i}"),
            "messages": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": format!("Compute {i} + {i}.")},
            ],
            "target": {"kind": "number", "value": 2 * i},
        });
        lines += &format!("{line}\n");
    }
    std::fs::write(dir.join("samples.jsonl"), lines).unwrap();
    let text = format!(
        "name = \"cached\"\nseed = 1\n[dataset]\npath = \"samples.jsonl\"\n\
         [run]\nmode = \"live\"\nconcurrency = 2\n{more}\n\
         [run.client]\nmax_overhead_share = 1e6\n\
         [controls]\nsingle = false\nshuffled = false\nlength = false\n\
         [[backend]]\nname = \"google\"\ndialect = \"gemini\"\nbase_url = \"http://{}/v1beta\"\n\
         explicit_cache = {{ ttl_s = 600, storage_per_mtok_hour_usd = 1000.0 }}\n\
         [[model]]\nname = \"small\"\nbackend = \"google\"\nprice = {{ input_per_mtok_usd = 1.0, output_per_mtok_usd = 2.0, cache_read_per_mtok_usd = 0.1 }}\n\
         [[model]]\nname = \"large\"\nbackend = \"google\"\nprice = {{ input_per_mtok_usd = 2.0, output_per_mtok_usd = 8.0, cache_read_per_mtok_usd = 0.2 }}\n\
         [[policy]]\nname = \"small\"\nkind = \"always\"\nmodel = \"small\"\nrole = \"baseline\"\n\
         [[policy]]\nname = \"large\"\nkind = \"always\"\nmodel = \"large\"\nrole = \"candidate\"\n",
        server.fleet.addr()
    );
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn command(verb: &str, experiment: &Path, dir: &Path) -> Command {
    let mut command = weighbridge();
    command.arg(verb).arg(experiment);
    if verb == "run" {
        command.arg("--out").arg(dir.join("out"));
        command.arg("--ledger").arg(dir.join("ledger"));
    }
    command
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn it_is_read_by_every_request_paid_for_in_the_ledger_and_gone_afterwards() {
    let server = Server::start(50.0);
    let dir = tempfile::tempdir().unwrap();
    let path = experiment(dir.path(), &server, 12, "max_cost_usd = 1.0");
    let output = command("run", &path, dir.path()).output().unwrap();
    assert!(code(&output) <= 2, "{}", talk(&output));
    assert_eq!(server.caches(), Vec::<String>::new(), "left behind");

    let caches = json(dir.path().join("out/caches.json"));
    let caches = caches.as_array().unwrap();
    assert_eq!(caches.len(), 2, "one for each model");
    let tokens = caches[0]["tokens"].as_u64().unwrap();
    assert!(tokens > 30, "{tokens}");
    for trial in &log(&dir.path().join("out"))[1..] {
        let read = trial["attempts"][0]["usage"]["cache_read_tokens"].as_u64();
        assert!(read >= Some(tokens), "{trial}");
    }
    let report = json(dir.path().join("out/report.json"));
    let row = |model: &str| {
        let ledger = report["ledger"].as_array().unwrap();
        let name = format!("explicit cache of {model}, shared");
        ledger
            .iter()
            .find(|r| r["policy"] == name.as_str())
            .unwrap()
            .clone()
    };
    for (model, price) in [("small", 1.0), ("large", 2.0)] {
        let row = row(model);
        let usd = |key: &str| row[key].as_f64().unwrap();
        assert!((usd("cache_write_usd") - tokens as f64 * price / 1e6).abs() < 1e-12);
        // Kept for as long as the run took, and not for ten minutes.
        let whole = tokens as f64 / 1e6 * (600.0 / 3600.0) * 1000.0;
        assert!(
            usd("other_usd") > 0.0 && usd("other_usd") < whole / 2.0,
            "{row}"
        );
        assert!((usd("total_usd") - usd("cache_write_usd") - usd("other_usd")).abs() < 1e-12);
    }
    let page = std::fs::read_to_string(dir.path().join("out/report.html")).unwrap();
    assert!(page.contains("explicit cache of large, shared"));
}

#[test]
fn the_doctor_tries_it_and_leaves_nothing() {
    let server = Server::start(50.0);
    let dir = tempfile::tempdir().unwrap();
    let path = experiment(dir.path(), &server, 2, "");
    let output = command("doctor", &path, dir.path())
        .arg("--json")
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", talk(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    for model in found["models"].as_array().unwrap() {
        let checks = model["checks"].as_array().unwrap();
        let state = |name: &str| checks.iter().find(|c| c["name"] == name).unwrap();
        assert_eq!(state("explicit cache")["state"], "ok", "{model:#}");
        assert_eq!(state("cached tokens")["state"], "ok", "{model:#}");
    }
    assert_eq!(server.caches(), Vec::<String>::new());
}

/// Waits until the log holds that many trials.
fn wait_for(child: &mut Child, log: &Path, trials: usize) {
    let start = Instant::now();
    loop {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        if text.lines().count() > trials {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        assert!(start.elapsed() < Duration::from_secs(60), "nothing happens");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn started(path: &Path, dir: &Path) -> Child {
    let mut child = command("run", path, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(&mut child, &dir.join("out/run.jsonl"), 3);
    child
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_deletes_it() {
    let server = Server::start(1.0);
    let dir = tempfile::tempdir().unwrap();
    let path = experiment(dir.path(), &server, 200, "");
    let mut child = started(&path, dir.path());
    assert_eq!(server.caches().len(), 2);
    let pid = child.id().to_string();
    Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(server.caches(), Vec::<String>::new());
}

#[test]
fn a_killed_run_leaves_it_and_the_next_part_uses_and_deletes_it() {
    let server = Server::start(4.0);
    let dir = tempfile::tempdir().unwrap();
    let path = experiment(dir.path(), &server, 60, "");
    let mut child = started(&path, dir.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let left = server.caches();
    assert_eq!(left.len(), 2);
    // One of them as if the crash had come before the server's answer.
    let file = dir.path().join("out/caches.json");
    let mut caches = json(file.clone());
    caches[1]["name"] = Value::Null;
    caches[1]["tokens"] = 0.into();
    std::fs::write(&file, caches.to_string()).unwrap();

    let output = command("run", &path, dir.path()).output().unwrap();
    assert!(code(&output) <= 2, "{}", talk(&output));
    let talk = talk(&output);
    for name in &left {
        let words =
            format!("the explicit cache {name} of an earlier part of this run is used again");
        assert!(talk.contains(&words), "{talk}");
    }
    assert_eq!(server.caches(), Vec::<String>::new());
    let caches = json(file);
    assert_eq!(caches.as_array().unwrap().len(), 2, "no third was made");
    for cache in caches.as_array().unwrap() {
        assert!(
            cache["ended_unix_ms"].is_u64() && cache["tokens"].as_u64() > Some(30),
            "{cache}"
        );
    }
}

#[test]
fn what_cannot_be_kept_is_refused_before_it_costs_anything() {
    let server = Server::start(50.0);
    let dir = tempfile::tempdir().unwrap();
    let path = experiment(dir.path(), &server, 4, "max_cost_usd = 0.001");
    let output = command("run", &path, dir.path()).output().unwrap();
    assert_eq!(code(&output), 3, "{}", talk(&output));
    assert!(
        talk(&output).contains("more than max_cost_usd = 0.001"),
        "{}",
        talk(&output)
    );
    let path = experiment(dir.path(), &server, 4, "");
    let samples = dir.path().join("samples.jsonl");
    let text = std::fs::read_to_string(&samples).unwrap();
    std::fs::write(&samples, text.replacen("careful", "careless", 1)).unwrap();
    let output = command("run", &path, dir.path()).output().unwrap();
    assert_eq!(code(&output), 3, "{}", talk(&output));
    assert!(
        talk(&output).contains("sample `s1` has another system prompt"),
        "{}",
        talk(&output)
    );
    assert_eq!(server.caches(), Vec::<String>::new());
}
