//! An answer while it arrives: marks, text and how it ended.

use weighbridge_record::{Attempt, AttemptErrorKind, Usage};

use super::head::BodySaid;
use crate::wire::{WireError, WireEvent};

/// Longest error message kept, in characters.
const MESSAGE: usize = 300;

/// Chunks closer than this came in one read or two that followed at once, in milliseconds. No model
/// decodes 10,000 tokens a second for one request.
const TOGETHER_MS: f64 = 0.1;

/// Bursts at least this far apart on average are a buffer's doing, in milliseconds.
const HELD_BACK_MS: f64 = 5.0;

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
    first_reasoning_ms: Option<f64>,
    first_tool_ms: Option<f64>,
    last_token_ms: Option<f64>,
    chunks: u32,
    /// Chunks that arrived together with the one before.
    together: u32,
    /// Tokens of the message under way, where the wire says it.
    tokens: u32,
    /// The gap before each chunk, where they are wanted.
    gaps: Option<Vec<(f64, Option<u32>)>>,
    pub(super) said: BodySaid,
    finish: Option<String>,
    pub(super) is_done: bool,
    failure: Option<(AttemptErrorKind, String)>,
}

impl Reading {
    /// Nothing read yet; keeps the gap before each chunk if wanted.
    pub(super) fn new(record_gaps: bool) -> Self {
        Self {
            gaps: record_gaps.then(Vec::new),
            ..Self::default()
        }
    }

    /// Reads one decoded message whose bytes arrived at `at_ms`.
    pub(super) fn message(
        &mut self,
        at_ms: f64,
        decode: impl FnOnce(&mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError>,
    ) {
        let mut has_token = false;
        let before = self.output_tokens();
        self.tokens = 0;
        let result = decode(&mut |event| has_token |= self.event(event, at_ms));
        if has_token {
            let counted = self.output_tokens().saturating_sub(before);
            self.chunk(at_ms, (before > 0).then_some(counted));
        }
        if let Err(error) = result {
            self.fail(AttemptErrorKind::Malformed, error.to_string());
        }
    }

    /// Whether the first token has come.
    pub(super) fn has_begun(&self) -> bool {
        self.first_token_ms.is_some()
    }

    /// Whether nothing was read that belongs to an answer.
    pub(super) fn is_untouched(&self) -> bool {
        let is_quiet = self.chunks == 0 && self.usage.is_none() && self.finish.is_none();
        is_quiet && !self.is_done && !self.has_failed()
    }

    /// Counts one token-bearing chunk. `counted` are its tokens by the server's running count.
    fn chunk(&mut self, at_ms: f64, counted: Option<u64>) {
        let gap_ms = self.last_token_ms.map_or(0.0, |last| at_ms - last);
        if self.chunks > 0 && gap_ms < TOGETHER_MS {
            self.together += 1;
        }
        self.chunks += 1;
        self.first_token_ms.get_or_insert(at_ms);
        self.last_token_ms = Some(at_ms);
        if let Some(gaps) = &mut self.gaps {
            let said = Some(self.tokens).filter(|n| *n > 0);
            let counted = counted
                .and_then(|n| u32::try_from(n).ok())
                .filter(|n| *n > 0);
            // Microseconds are as fine as the clock is worth.
            gaps.push(((gap_ms * 1e3).round() / 1e3, said.or(counted)));
        }
    }

    /// Output tokens by the server's running count.
    fn output_tokens(&self) -> u64 {
        self.usage.and_then(|u| u.total_output()).unwrap_or(0)
    }

    /// Takes one event; says whether it bears tokens.
    fn event(&mut self, event: WireEvent<'_>, at_ms: f64) -> bool {
        match event {
            WireEvent::Content(text) => {
                self.first_text_ms.get_or_insert(at_ms);
                self.text.push_str(text);
                return true;
            }
            WireEvent::Reasoning(_) => {
                self.first_reasoning_ms.get_or_insert(at_ms);
                return true;
            }
            WireEvent::ToolCall(text) => {
                self.first_tool_ms.get_or_insert(at_ms);
                self.tool.push_str(text);
                return true;
            }
            WireEvent::Logprobs { sum, count } => {
                self.logprob_sum += sum;
                self.logprob_count += count;
                self.tokens += count;
            }
            WireEvent::Tokens(count) => self.tokens += count,
            WireEvent::Usage(usage) => self.usage = Some(usage),
            WireEvent::UsagePart(part) => {
                self.usage = Some(overlaid(self.usage.unwrap_or_default(), part));
            }
            // Said again in every chunk: only the first is kept.
            WireEvent::Model(name) if self.said.model.is_none() => {
                self.said.model = Some(shortened(name));
            }
            WireEvent::Provider(name) if self.said.provider.is_none() => {
                self.said.provider = Some(shortened(name));
            }
            WireEvent::GatewayTry(number) => self.said.gateway_try = Some(number),
            WireEvent::CostUsd(cost) => self.said.cost_usd = Some(cost),
            WireEvent::ModelLoadMs(ms) => self.said.model_load_ms = Some(ms),
            WireEvent::Finish(reason) => self.finish = Some(shortened(reason)),
            WireEvent::Done => self.is_done = true,
            WireEvent::Error(message) => self.fail(AttemptErrorKind::ErrorEvent, message),
            WireEvent::FirstRole | WireEvent::Model(_) | WireEvent::Provider(_) => {}
        }
        false
    }

    /// Whether more than half of at least four gaps are no gaps, and those that are left are long or
    /// there are none. A fast model behind a timer of a millisecond is not held back.
    fn is_bursty(&self) -> bool {
        let gaps = self.chunks.saturating_sub(1);
        if gaps < 4 || self.together * 2 <= gaps {
            return false;
        }
        let span = self.last_token_ms.zip(self.first_token_ms);
        let span_ms = span.map_or(0.0, |(last, first)| last - first);
        match gaps - self.together {
            0 => true,
            real => span_ms / f64::from(real) >= HELD_BACK_MS,
        }
    }

    /// Remembers the first failure.
    pub(super) fn fail(&mut self, kind: AttemptErrorKind, message: impl Into<String>) {
        self.failure.get_or_insert_with(|| (kind, message.into()));
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// What failed, if something did.
    pub(super) fn failure(&self) -> Option<&(AttemptErrorKind, String)> {
        self.failure.as_ref()
    }

    /// Whether the server said why the model stopped.
    pub(super) fn has_finish(&self) -> bool {
        self.finish.is_some()
    }

    /// Writes what was read into the attempt. The answer, or why there is none.
    pub(super) fn finish(
        mut self,
        attempt: &mut Attempt,
        prompt_chars: impl FnOnce() -> usize,
    ) -> Result<String, (AttemptErrorKind, String)> {
        if self.text.is_empty() {
            self.text = std::mem::take(&mut self.tool);
        }
        attempt.first_token_ms = self.first_token_ms;
        attempt.first_text_ms = self
            .first_text_ms
            .filter(|t| Some(*t) != self.first_token_ms);
        attempt.first_reasoning_ms = self.first_reasoning_ms;
        attempt.first_tool_ms = self.first_tool_ms;
        attempt.last_token_ms = self.last_token_ms;
        attempt.chunks = (self.chunks > 0).then_some(self.chunks);
        attempt.is_bursty = self.is_bursty();
        attempt.gaps = self.gaps.take().unwrap_or_default();
        attempt.finish = self.finish.take();
        // Geometric mean of the token probabilities.
        attempt.confidence = (self.logprob_count > 0)
            .then(|| (self.logprob_sum / f64::from(self.logprob_count)).exp())
            .filter(|c| c.is_finite());
        // Most servers count; then nobody here has to.
        attempt.usage = self
            .usage
            .filter(|usage| usage.total_input().or(usage.total_output()).is_some())
            .unwrap_or_else(|| Usage::estimate(prompt_chars(), self.text.chars().count()));
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if !self.is_done {
            let chars = self.text.chars().count();
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

/// Known counts of `part` over those of `whole`.
fn overlaid(whole: Usage, part: Usage) -> Usage {
    Usage {
        input_tokens: part.input_tokens.or(whole.input_tokens),
        cache_read_tokens: part.cache_read_tokens.or(whole.cache_read_tokens),
        cache_write_tokens: part.cache_write_tokens.or(whole.cache_write_tokens),
        output_tokens: part.output_tokens.or(whole.output_tokens),
        reasoning_tokens: part.reasoning_tokens.or(whole.reasoning_tokens),
        source: part.source,
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
        assert_eq!(reading.finish(&mut attempt, || 4).unwrap(), "x");
        assert!((attempt.confidence.unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(attempt.first_text_ms, None);
    }

    fn chunk(reading: &mut Reading, at_ms: f64, events: &[WireEvent<'_>]) {
        reading.message(at_ms, |on| {
            events.iter().for_each(|e| on(*e));
            Ok(())
        });
    }

    #[test]
    fn the_three_kinds_of_first_token_are_told_apart() {
        let mut reading = Reading::default();
        chunk(&mut reading, 1.0, &[WireEvent::FirstRole]);
        chunk(&mut reading, 2.0, &[WireEvent::Reasoning("r")]);
        chunk(&mut reading, 3.0, &[WireEvent::Content("c")]);
        chunk(&mut reading, 4.0, &[WireEvent::ToolCall("t")]);
        chunk(&mut reading, 5.0, &[WireEvent::Done]);
        let mut attempt = Attempt::new("m".into());
        reading.finish(&mut attempt, || 4).unwrap();
        assert_eq!(attempt.first_token_ms, Some(2.0));
        assert_eq!(attempt.first_reasoning_ms, Some(2.0));
        assert_eq!(attempt.first_text_ms, Some(3.0));
        assert_eq!(attempt.first_tool_ms, Some(4.0));
        assert_eq!(attempt.last_token_ms, Some(4.0));
        assert_eq!((attempt.chunks, attempt.is_bursty), (Some(3), false));
    }

    #[test]
    fn gaps_carry_their_tokens_and_bursts_are_flagged() {
        let counted = |n| {
            WireEvent::Usage(Usage {
                output_tokens: Some(n),
                ..Usage::default()
            })
        };
        let logprobs = WireEvent::Logprobs {
            sum: -1.0,
            count: 2,
        };
        let mut reading = Reading::new(true);
        chunk(&mut reading, 5.0, &[WireEvent::Content("a"), logprobs]);
        chunk(&mut reading, 15.5, &[WireEvent::Content("b"), counted(3)]);
        chunk(&mut reading, 15.5, &[WireEvent::Content("c"), counted(7)]);
        chunk(&mut reading, 15.5, &[WireEvent::Content("d")]);
        chunk(
            &mut reading,
            15.55,
            &[WireEvent::Content("e"), WireEvent::Done],
        );
        let mut attempt = Attempt::new("m".into());
        reading.finish(&mut attempt, || 4).unwrap();
        let gaps = [
            (0.0, Some(2)),
            (10.5, None),
            (0.0, Some(4)),
            (0.0, None),
            (0.05, None),
        ];
        assert_eq!(attempt.gaps, gaps);
        assert!(attempt.is_bursty);
    }

    #[test]
    fn a_fast_stream_is_not_bursty() {
        let mut reading = Reading::default();
        for i in 0..30 {
            // Three tokens a tick of a millisecond.
            let at_ms = f64::from(i / 3);
            chunk(&mut reading, at_ms, &[WireEvent::Content("x")]);
        }
        assert!(!reading.is_bursty());
        let mut whole = Reading::default();
        for _ in 0..5 {
            chunk(&mut whole, 9.0, &[WireEvent::Content("x")]);
        }
        assert!(whole.is_bursty(), "everything came at once");
    }

    #[test]
    fn counts_that_say_nothing_are_estimated_and_no_answer_is_free() {
        let mut reading = Reading::default();
        let empty = WireEvent::Usage(Usage::default());
        let finish = WireEvent::Finish("stop\u{1b}[31m\n");
        chunk(&mut reading, 1.0, &[WireEvent::Content("four"), finish]);
        chunk(&mut reading, 2.0, &[empty, WireEvent::Done]);
        let mut attempt = Attempt::new("m".into());
        reading.finish(&mut attempt, || 8).unwrap();
        assert_eq!(attempt.usage, Usage::estimate(8, 4));
        assert_eq!(attempt.finish.as_deref(), Some("stop\u{1b}[31m"));
    }

    #[test]
    fn partial_counts_leave_what_is_known() {
        let mut reading = Reading::default();
        let start = Usage {
            input_tokens: Some(30),
            cache_read_tokens: Some(60),
            output_tokens: Some(1),
            ..Usage::default()
        };
        let end = Usage {
            output_tokens: Some(50),
            ..Usage::default()
        };
        chunk(&mut reading, 1.0, &[WireEvent::Usage(start)]);
        chunk(&mut reading, 2.0, &[WireEvent::UsagePart(end)]);
        let usage = reading.usage.unwrap();
        assert_eq!(
            (usage.total_input(), usage.total_output()),
            (Some(90), Some(50))
        );
    }
}
