//! Recorded outcomes of one sample, resolved by model position once for all policies.

use std::sync::Arc;

use weighbridge_datasets::{Outcome, OutcomeStore, Sample, Score, TokenSource, Usage};
use weighbridge_record::{Attempt, AttemptError, AttemptErrorKind, Cost};

use crate::PriceBook;

/// One recorded answer with everything that is the same in every trial that calls it.
pub(super) struct Cell<'a> {
    pub(super) outcome: &'a Outcome,
    /// The attempt, without clock marks.
    pub(super) attempt: Attempt,
    pub(super) answer: Option<Arc<str>>,
    /// Whether neither a recorded cost nor a price and complete token counts exist.
    pub(super) is_unpriced: bool,
}

/// One sample with its cells by model position.
pub(super) struct Row<'a> {
    pub(super) sample: &'a Sample,
    pub(super) id: Arc<str>,
    /// Position in arrival order.
    pub(super) position: usize,
    pub(super) cells: Vec<Option<Cell<'a>>>,
    /// Whether any cell has a recorded time, so that a time of zero means something.
    pub(super) is_timed: bool,
}

impl<'a> Row<'a> {
    pub(super) fn new(
        sample: &'a Sample,
        position: usize,
        models: &[Arc<str>],
        outcomes: &'a OutcomeStore,
        prices: &PriceBook,
    ) -> Self {
        let cells: Vec<_> = models
            .iter()
            .map(|model| {
                let outcome = outcomes.get(&sample.id, model)?;
                Some(Cell::new(outcome, model, sample, prices))
            })
            .collect();
        let is_timed = cells
            .iter()
            .flatten()
            .any(|c| c.outcome.ttft_ms.is_some() || c.outcome.latency_ms.is_some());
        Self {
            sample,
            id: sample.id.as_str().into(),
            position,
            cells,
            is_timed,
        }
    }
}

impl<'a> Cell<'a> {
    fn new(outcome: &'a Outcome, model: &Arc<str>, sample: &Sample, prices: &PriceBook) -> Self {
        let usage = outcome.usage.unwrap_or_else(|| estimated(outcome, sample));
        let counted = usage.input_tokens.is_some() && usage.output_tokens.is_some();
        let priced = prices.cost(model, &usage);
        let mut attempt = Attempt::new(Arc::clone(model));
        attempt.usage = usage;
        attempt.cost = match outcome.cost_usd {
            Some(usd) => Cost::lump(usd),
            None => priced.unwrap_or_default(),
        };
        attempt.confidence = outcome.confidence;
        if let Score::Failed(reason) = &outcome.score {
            attempt.error = Some(AttemptError {
                kind: AttemptErrorKind::RecordedFailure,
                status: None,
                message: reason.clone(),
            });
        }
        Self {
            outcome,
            attempt,
            answer: outcome.answer.as_deref().map(Arc::from),
            is_unpriced: outcome.cost_usd.is_none() && !(counted && priced.is_some()),
        }
    }
}

/// Token counts from characters. Without the answer's text its tokens stay unknown.
fn estimated(outcome: &Outcome, sample: &Sample) -> Usage {
    match &outcome.answer {
        Some(answer) => Usage::estimate(sample.prompt_chars(), answer.chars().count()),
        None => Usage {
            output_tokens: None,
            source: TokenSource::Estimated,
            ..Usage::estimate(sample.prompt_chars(), 0)
        },
    }
}
