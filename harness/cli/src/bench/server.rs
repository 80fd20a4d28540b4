//! A null backend in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

/// A null backend that ends with this value.
pub(super) struct Server {
    child: Child,
    /// `http://ADDRESS`.
    pub(super) url: String,
}

/// How the answers come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) tokens: usize,
    pub(super) ttft_ms: u64,
    pub(super) itl_ms: u64,
}

impl Server {
    /// Starts this program as a null backend and reads from its first line where it listens.
    pub(super) fn start(pace: Pace) -> Result<Self, Failure> {
        let mut child = program()?
            .args(["mock", "--null", "--until-eof", "--port", "0"])
            .args(["--tokens", &pace.tokens.to_string()])
            .args(["--ttft-ms", &pace.ttft_ms.to_string()])
            .args(["--itl-ms", &pace.itl_ms.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::invalid(format!("cannot start the null backend: {e}")))?;
        let mut line = String::new();
        if let Some(talk) = child.stderr.take() {
            // What it says later has no reader; it says nothing.
            let _ = BufReader::new(talk).read_line(&mut line);
        }
        let url = line.split_whitespace().find(|w| w.starts_with("http://"));
        let url = url.map(|u| u.trim_end_matches("/v1").to_owned());
        let server = Self {
            child,
            url: url.unwrap_or_default(),
        };
        match server.url.is_empty() {
            false => Ok(server),
            true => Err(Failure::invalid(format!(
                "the null backend did not start: {}",
                line.trim()
            ))),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program.
pub(super) fn program() -> Result<Command, Failure> {
    std::env::current_exe()
        .map(Command::new)
        .map_err(|e| Failure::invalid(format!("cannot find this program's own file: {e}")))
}
