//! When output tokens came.

use weighbridge_datasets::TokenSource;
use weighbridge_record::{Attempt, Trial};

/// The output tokens of one attempt, in milliseconds since the run began.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Output {
    first_ms: f64,
    last_ms: f64,
    tokens: f64,
    /// Arrival in milliseconds after the first one, and tokens, of each chunk, where gaps were recorded.
    /// Half as precise as the rest: of a long run there are many.
    chunks: Vec<(f32, f32)>,
    is_estimated: bool,
}

impl Output {
    /// The output of every attempt of a trial that has any, answers that broke off or were thrown away
    /// included: the server made it.
    pub(super) fn of(trial: &Trial) -> impl Iterator<Item = Self> {
        let start_ms = trial.start_ms.unwrap_or(0.0);
        (trial.attempts.iter()).filter_map(move |attempt| Self::of_attempt(attempt, start_ms))
    }

    fn of_attempt(attempt: &Attempt, start_ms: f64) -> Option<Self> {
        let tokens = attempt.usage.total_output().filter(|n| *n > 0)? as f64;
        let first_ms = start_ms + attempt.first_token_ms?;
        let last_ms = start_ms + attempt.last_token_ms.or(attempt.end_ms)?;
        let known = attempt.gaps.iter().map(|(_, tokens)| *tokens);
        let known: Option<Vec<u32>> = known.collect();
        let each = tokens / attempt.gaps.len().max(1) as f64;
        let mut after_ms = 0.0;
        let chunks = attempt.gaps.iter().enumerate().map(|(i, (gap_ms, _))| {
            after_ms += gap_ms;
            let tokens = known.as_ref().map_or(each, |k| f64::from(k[i]));
            (after_ms as f32, tokens as f32)
        });
        Some(Self {
            chunks: chunks.collect(),
            last_ms: last_ms.max(first_ms),
            first_ms,
            tokens,
            is_estimated: attempt.usage.source == TokenSource::Estimated,
        })
    }

    /// Whether the time of each chunk is known; otherwise tokens are spread evenly from the first to the
    /// last.
    pub(super) fn is_by_chunk(&self) -> bool {
        !self.chunks.is_empty()
    }

    /// Whether the number of tokens is an estimate.
    pub(super) fn is_estimated(&self) -> bool {
        self.is_estimated
    }

    /// Tokens that came within `[from_ms, to_ms]`.
    pub(super) fn within(&self, from_ms: f64, to_ms: f64) -> f64 {
        if self.is_by_chunk() {
            let inside = self.chunks.iter();
            let inside = inside.filter(|(after_ms, _)| {
                (from_ms..=to_ms).contains(&(self.first_ms + f64::from(*after_ms)))
            });
            return inside.map(|(_, tokens)| f64::from(*tokens)).sum();
        }
        let step = (self.last_ms - self.first_ms) / (self.tokens - 1.0).max(1.0);
        if step <= 0.0 {
            let is_inside = (from_ms..=to_ms).contains(&self.first_ms);
            return if is_inside { self.tokens } else { 0.0 };
        }
        // Token j of n comes at first + j·step.
        let first = ((from_ms - self.first_ms) / step).ceil().max(0.0);
        let last = ((to_ms - self.first_ms) / step)
            .floor()
            .min(self.tokens - 1.0);
        (last - first + 1.0).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use weighbridge_datasets::Usage;

    use super::*;

    fn attempt(tokens: u64, gaps: &[(f64, Option<u32>)]) -> Attempt {
        let mut attempt = Attempt::new("m".into());
        attempt.first_token_ms = Some(100.0);
        attempt.last_token_ms = Some(190.0);
        attempt.usage = Usage {
            output_tokens: Some(tokens),
            ..Usage::default()
        };
        attempt.gaps = gaps.to_vec();
        attempt
    }

    fn output(tokens: u64, gaps: &[(f64, Option<u32>)]) -> Output {
        Output::of_attempt(&attempt(tokens, gaps), 1_000.0).unwrap()
    }

    #[test]
    fn tokens_count_where_they_came_not_where_their_answer_began() {
        // Ten tokens at 1100, 1110, …, 1190.
        let spread = output(10, &[]);
        assert!(!spread.is_by_chunk());
        assert_eq!(spread.within(0.0, 1_099.0), 0.0);
        assert_eq!(spread.within(1_100.0, 1_190.0), 10.0);
        assert_eq!(spread.within(1_105.0, 1_130.0), 3.0);
        assert_eq!(spread.within(1_150.0, 9_999.0), 5.0);
        assert_eq!(spread.within(1_191.0, 9_999.0), 0.0);
    }

    #[test]
    fn chunks_have_their_own_times_and_tokens() {
        let known = output(9, &[(0.0, Some(1)), (10.0, Some(4)), (70.0, Some(4))]);
        assert!(known.is_by_chunk());
        assert_eq!(known.within(1_100.0, 1_110.0), 5.0);
        assert_eq!(known.within(1_111.0, 1_179.0), 0.0);
        // Where the wire does not say whose tokens they are, they are shared evenly.
        let unknown = output(9, &[(0.0, Some(1)), (10.0, None), (70.0, Some(4))]);
        assert_eq!(unknown.within(1_100.0, 1_110.0), 6.0);
    }

    #[test]
    fn one_token_and_no_token() {
        let mut one = attempt(1, &[]);
        one.last_token_ms = Some(100.0);
        let one = Output::of_attempt(&one, 0.0).unwrap();
        assert_eq!(
            (one.within(100.0, 100.0), one.within(101.0, 200.0)),
            (1.0, 0.0)
        );
        assert_eq!(Output::of_attempt(&attempt(0, &[]), 0.0), None);
        assert_eq!(Output::of_attempt(&Attempt::new("m".into()), 0.0), None);
    }
}
