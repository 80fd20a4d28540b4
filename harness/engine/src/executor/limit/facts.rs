//! What limits did to a run.

use std::sync::Arc;

/// What the limits of one backend did to a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LimitFacts {
    /// Name of the backend.
    pub name: Arc<str>,
    /// Calls that had to wait for a limit before they were sent.
    pub waited: u64,
    /// All their waits together, in milliseconds.
    pub waited_ms: f64,
    /// Longest wait, in milliseconds.
    pub longest_wait_ms: f64,
    /// Times that the server asked to be left alone.
    pub pauses: u64,
    /// Rate-limit refusals of the server.
    pub refusals: u64,
    /// Times that the calls under way were halved.
    pub cuts: u64,
    /// Fewest calls that were allowed at once, if there was any such limit.
    pub fewest_at_once: Option<u32>,
    /// Times that the breaker opened.
    pub openings: u64,
    /// Calls that failed at once and were not sent.
    pub not_sent: u64,
}

impl LimitFacts {
    /// Whether nothing happened.
    pub fn is_quiet(&self) -> bool {
        self.waited + self.pauses + self.refusals + self.cuts + self.openings + self.not_sent == 0
    }

    /// In one sentence, what happened first.
    pub fn sentence(&self) -> String {
        let mut parts = Vec::new();
        let mut part = |count: u64, one: &str, many: &str| {
            if count > 0 {
                let words = if count == 1 { one } else { many };
                parts.push(format!("{count} {words}"));
            }
        };
        part(self.refusals, "rate-limit refusal", "rate-limit refusals");
        part(
            self.pauses,
            "pause that the server asked for",
            "pauses that the server asked for",
        );
        part(
            self.cuts,
            "cut of the calls at once",
            "cuts of the calls at once",
        );
        part(
            self.openings,
            "opening of the breaker",
            "openings of the breaker",
        );
        part(
            self.not_sent,
            "call failed at once, unsent",
            "calls failed at once, unsent",
        );
        if self.waited > 0 {
            let calls = if self.waited == 1 { "call" } else { "calls" };
            parts.push(format!(
                "{} {calls} waited {:.1} s for a limit, {:.1} s at most",
                self.waited,
                self.waited_ms / 1e3,
                self.longest_wait_ms / 1e3
            ));
        }
        if let Some(fewest) = self.fewest_at_once.filter(|_| self.cuts > 0) {
            parts.push(format!("down to {fewest} at once"));
        }
        parts.join("; ")
    }
}
