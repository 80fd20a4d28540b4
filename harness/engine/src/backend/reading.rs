//! An answer while it arrives: marks, text and how it ended.

use weighbridge_record::{Attempt, AttemptErrorKind, Usage};

use crate::wire::{WireError, WireEvent};

/// Longest error message kept, in characters.
const MESSAGE: usize = 300;

/// What has been read of one answer.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) text: String,
    tool: String,
    usage: Option<Usage>,
    logprob_sum: f64,
    logprob_count: u32,
    first_token_ms: Option<f64>,
    first_text_ms: Option<f64>,
    last_token_ms: Option<f64>,
    chunks: u32,
    finish: Option<String>,
    pub(super) is_done: bool,
    failure: Option<(AttemptErrorKind, String)>,
}

impl Reading {
    /// Reads one decoded message whose bytes arrived at `at_ms`.
    pub(super) fn message(
        &mut self,
        at_ms: f64,
        decode: impl FnOnce(&mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError>,
    ) {
        let mut has_token = false;
        let result = decode(&mut |event| has_token |= self.event(event, at_ms));
        if has_token {
            self.chunks += 1;
            self.first_token_ms.get_or_insert(at_ms);
            self.last_token_ms = Some(at_ms);
        }
        if let Err(error) = result {
            self.fail(AttemptErrorKind::Malformed, error.to_string());
        }
    }

    /// Takes one event; says whether it bears tokens.
    fn event(&mut self, event: WireEvent<'_>, at_ms: f64) -> bool {
        match event {
            WireEvent::Content(text) => {
                self.first_text_ms.get_or_insert(at_ms);
                self.text.push_str(text);
                return true;
            }
            WireEvent::Reasoning(_) => return true,
            WireEvent::ToolCall(text) => {
                self.tool.push_str(text);
                return true;
            }
            WireEvent::Logprobs { sum, count } => {
                self.logprob_sum += sum;
                self.logprob_count += count;
            }
            WireEvent::Usage(usage) => self.usage = Some(usage),
            WireEvent::Finish(reason) => self.finish = Some(reason.to_owned()),
            WireEvent::Done => self.is_done = true,
            WireEvent::Error(message) => self.fail(AttemptErrorKind::ErrorEvent, message),
            WireEvent::FirstRole => {}
        }
        false
    }

    /// Remembers the first failure.
    pub(super) fn fail(&mut self, kind: AttemptErrorKind, message: impl Into<String>) {
        self.failure.get_or_insert_with(|| (kind, message.into()));
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Writes what was read into the attempt. The answer, or why there is none.
    pub(super) fn finish(
        mut self,
        attempt: &mut Attempt,
        prompt_chars: usize,
    ) -> Result<String, (AttemptErrorKind, String)> {
        if self.text.is_empty() {
            self.text = std::mem::take(&mut self.tool);
        }
        attempt.first_token_ms = self.first_token_ms;
        attempt.first_text_ms = self
            .first_text_ms
            .filter(|t| Some(*t) != self.first_token_ms);
        attempt.last_token_ms = self.last_token_ms;
        attempt.chunks = (self.chunks > 0).then_some(self.chunks);
        attempt.finish = self.finish.take();
        // Geometric mean of the token probabilities.
        attempt.confidence = (self.logprob_count > 0)
            .then(|| (self.logprob_sum / f64::from(self.logprob_count)).exp())
            .filter(|c| c.is_finite());
        let chars = self.text.chars().count();
        attempt.usage = self
            .usage
            .unwrap_or_else(|| Usage::estimate(prompt_chars, chars));
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if !self.is_done {
            let message =
                format!("the stream ended without its terminator after {chars} characters");
            return Err((AttemptErrorKind::Truncated, message));
        }
        if self.text.is_empty() {
            let reason = attempt.finish.as_deref().unwrap_or("no reason given");
            return Err((
                AttemptErrorKind::Empty,
                format!("no text in the answer ({reason})"),
            ));
        }
        Ok(self.text)
    }
}

/// One line of at most [`MESSAGE`] characters.
pub(super) fn shortened(message: &str) -> String {
    let line = message
        .split_whitespace()
        .flat_map(|word| word.chars().chain([' ']));
    let mut short: String = line.take(MESSAGE).collect();
    short.truncate(short.trim_end().len());
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_become_one_short_line() {
        assert_eq!(shortened(" a\n\tb "), "a b");
        assert_eq!(shortened(&"x".repeat(9999)).len(), MESSAGE);
    }

    #[test]
    fn confidence_is_the_geometric_mean() {
        let mut reading = Reading::default();
        reading.message(1.0, |on| {
            on(WireEvent::Content("x"));
            on(WireEvent::Logprobs {
                sum: 2.0 * 0.5f64.ln(),
                count: 2,
            });
            on(WireEvent::Done);
            Ok(())
        });
        let mut attempt = Attempt::new("m".into());
        assert_eq!(reading.finish(&mut attempt, 4).unwrap(), "x");
        assert!((attempt.confidence.unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(attempt.first_text_ms, None);
    }
}
