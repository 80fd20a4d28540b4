//! Starting and stopping real servers.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::http;

/// A server in a process of its own; it ends with this value.
pub(crate) struct Server {
    process: Child,
    /// Where it listens on the loopback interface.
    pub(crate) port: u16,
    log: PathBuf,
}

/// The folder of the parts that are set up; prints why a test is skipped where one is missing.
pub(crate) fn set_up(parts: &[&str]) -> Option<PathBuf> {
    let base = folder();
    for part in parts {
        if !base.join(part).join("ready").is_file() {
            println!(
                "skipped: {part} is not set up in {}; run tests/real_stacks/setup.sh",
                base.display()
            );
            return None;
        }
    }
    Some(base)
}

/// Where `setup.sh` keeps what it made.
fn folder() -> PathBuf {
    let var = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    if let Some(own) = var("WEIGHBRIDGE_REAL_STACKS") {
        return own;
    }
    let cache = var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")));
    cache.unwrap_or_default().join("weighbridge/real-stacks")
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Server {
    /// Starts `command` and waits until `GET path` answers 200.
    pub(crate) fn start(mut command: Command, port: u16, path: &str, log: &Path) -> Self {
        let file = std::fs::File::create(log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        let mut server = Self {
            process: command.spawn().unwrap(),
            port,
            log: log.to_owned(),
        };
        let patience = Instant::now() + Duration::from_secs(240);
        while http::get(port, path).is_none_or(|(status, _)| status != 200) {
            let ended = server.process.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < patience,
                "the server does not come up ({ended:?}):\n{}",
                server.said()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// The end of what it wrote to its log.
    pub(crate) fn said(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let from = text.len().saturating_sub(4000);
        String::from_utf8_lossy(&text[from..]).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first, so that a server of several processes ends all of them.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let patience = Instant::now() + Duration::from_secs(15);
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// llama-server with the tiny model, in `dir`, with what the tests look at switched on, and so many
/// megabytes of main memory for prompts that left their slot.
pub(crate) fn llama(base: &Path, dir: &Path, cache_mb: &str) -> Server {
    let port = free_port();
    let mut command = Command::new(base.join("llama/llama-server"));
    command
        .arg("-m")
        .arg(base.join("model/tiny.gguf"))
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        // One slot, so that what one request leaves is what the next one finds.
        .args(["-c", "8192", "-np", "1", "-t", "2", "--seed", "1"])
        // The cache in main memory outlives an erased slot.
        .args(["--cache-ram", cache_mb, "--slot-save-path"])
        .arg(dir)
        .args(["--alias", "tiny", "--metrics", "--jinja"]);
    Server::start(
        command,
        port,
        "/health",
        &dir.join(format!("llama-{port}.log")),
    )
}
