//! The trials of one policy, as columns.

use weighbridge_record::{AttemptErrorKind, Score, Step, TokenSource, Trial, Usage};

use super::{Ledger, Money, Place, Reliability};

/// What is known of a trial's score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ScoreState {
    /// The trial is not in the log.
    Missing,
    /// A value in `[0, 1]`.
    Value,
    /// An answer that could not be judged.
    Unscored,
    /// No usable answer.
    Failed,
}

/// No model: served from a cache, abstained or failed.
const NO_MODEL: u16 = u16::MAX;

/// A token count that is not known, or not of a single call.
const NO_COUNT: u32 = u32::MAX;

/// The trials of one policy. Every column has one entry per (repeat, sample): position
/// `repeat * samples + sample`.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Score state.
    pub state: Vec<ScoreState>,
    /// Score; 0 unless the state is [`ScoreState::Value`].
    pub score: Vec<f64>,
    /// Cost in US dollars.
    pub cost_usd: Vec<f64>,
    /// Time to first token in milliseconds; NaN where there is none.
    pub ttft_ms: Vec<f32>,
    /// Router time in milliseconds; NaN where it was not measured.
    pub router_ms: Vec<f32>,
    /// End-to-end time in milliseconds; NaN where there is none.
    pub e2e_ms: Vec<f32>,
    /// The policy's ranking score of its first decision that has one; NaN where there is none.
    pub rank_score: Vec<f64>,
    /// Propensity of the first decision; NaN where unknown.
    pub propensity: Vec<f32>,
    final_model: Vec<u16>,
    first_model: Vec<u16>,
    input_tokens: Vec<u32>,
    output_tokens: Vec<u32>,
    /// Calls made, retries included.
    pub calls: Vec<u16>,
    /// Whether the trial belongs to the warm-up: it has no latency, and is like any other apart from
    /// that.
    pub is_warmup: Vec<bool>,
    /// Whether the answer came from a cache.
    pub served: Vec<bool>,
    /// Whether any attempt was rate limited, reset, truncated or otherwise in error.
    pub any_error: Vec<bool>,
    /// Where the trial's line is in the log.
    pub place: Vec<Place>,
    /// Where the money went.
    pub ledger: Ledger,
    /// What failed, and what became of it.
    pub reliability: Reliability,
    /// Failed attempts by kind.
    pub errors: std::collections::BTreeMap<AttemptErrorKind, u64>,
    /// Trials present.
    pub trials: u64,
}

impl Arm {
    pub(super) fn new(len: usize, models: usize) -> Self {
        Self {
            state: vec![ScoreState::Missing; len],
            score: vec![0.0; len],
            cost_usd: vec![0.0; len],
            ttft_ms: vec![f32::NAN; len],
            router_ms: vec![f32::NAN; len],
            e2e_ms: vec![f32::NAN; len],
            rank_score: vec![f64::NAN; len],
            propensity: vec![f32::NAN; len],
            final_model: vec![NO_MODEL; len],
            first_model: vec![NO_MODEL; len],
            input_tokens: vec![NO_COUNT; len],
            output_tokens: vec![NO_COUNT; len],
            calls: vec![0; len],
            is_warmup: vec![false; len],
            served: vec![false; len],
            any_error: vec![false; len],
            place: vec![Place::default(); len],
            ledger: Ledger::default(),
            reliability: Reliability::new(models),
            errors: std::collections::BTreeMap::new(),
            trials: 0,
        }
    }

    /// The arm at some positions only. Money and counts stay as they are, so that nothing may be left
    /// out that has any.
    pub(super) fn pick(&self, at: &[usize]) -> Self {
        fn of<T: Copy>(column: &[T], at: &[usize]) -> Vec<T> {
            at.iter().map(|&i| column[i]).collect()
        }
        Self {
            state: of(&self.state, at),
            score: of(&self.score, at),
            cost_usd: of(&self.cost_usd, at),
            ttft_ms: of(&self.ttft_ms, at),
            router_ms: of(&self.router_ms, at),
            e2e_ms: of(&self.e2e_ms, at),
            rank_score: of(&self.rank_score, at),
            propensity: of(&self.propensity, at),
            final_model: of(&self.final_model, at),
            first_model: of(&self.first_model, at),
            input_tokens: of(&self.input_tokens, at),
            output_tokens: of(&self.output_tokens, at),
            calls: of(&self.calls, at),
            is_warmup: of(&self.is_warmup, at),
            served: of(&self.served, at),
            any_error: of(&self.any_error, at),
            place: of(&self.place, at),
            ledger: self.ledger,
            reliability: self.reliability.clone(),
            errors: self.errors.clone(),
            trials: self.trials,
        }
    }

    /// Model whose answer was given (fleet position), where there is one.
    pub fn final_model(&self, at: usize) -> Option<usize> {
        known(self.final_model[at])
    }

    /// First model called: the route.
    pub fn first_model(&self, at: usize) -> Option<usize> {
        known(self.first_model[at])
    }

    /// Counted tokens of a trial that was one call, cached and reasoning tokens inside; `None` where
    /// there were several calls, or a count is unknown or an estimate.
    pub fn call_usage(&self, at: usize) -> Option<Usage> {
        let count = |n: u32| (n != NO_COUNT).then_some(u64::from(n));
        Some(Usage {
            input_tokens: Some(count(self.input_tokens[at])?),
            output_tokens: Some(count(self.output_tokens[at])?),
            source: TokenSource::Recorded,
            ..Usage::default()
        })
    }

    /// The score that enters a mean: failures count 0; `None` for unscored and missing trials.
    pub fn counted(&self, at: usize) -> Option<f64> {
        match self.state[at] {
            ScoreState::Value | ScoreState::Failed => Some(self.score[at]),
            ScoreState::Unscored | ScoreState::Missing => None,
        }
    }

    pub(super) fn fill(
        &mut self,
        at: usize,
        trial: &Trial,
        place: Place,
        model: impl Fn(&str) -> Option<u16>,
    ) {
        self.trials += 1;
        (self.state[at], self.score[at]) = match &trial.score {
            Score::Value(v) => (ScoreState::Value, *v),
            Score::Unscored(_) => (ScoreState::Unscored, 0.0),
            Score::Failed(_) => (ScoreState::Failed, 0.0),
        };
        self.cost_usd[at] = trial.cost_usd;
        self.is_warmup[at] = trial.is_warmup();
        if !self.is_warmup[at] {
            self.ttft_ms[at] = narrow(trial.ttft_ms);
            self.router_ms[at] = narrow(trial.router_ms);
            self.e2e_ms[at] = narrow(trial.e2e_ms);
        }
        self.rank_score[at] = trial
            .decisions
            .iter()
            .find_map(|d| d.rank_score)
            .unwrap_or(f64::NAN);
        self.propensity[at] = narrow(trial.decisions.first().and_then(|d| d.propensity));
        let id =
            |name: Option<&std::sync::Arc<str>>| name.and_then(|m| model(m)).unwrap_or(NO_MODEL);
        self.final_model[at] = id(trial.model.as_ref());
        self.first_model[at] = id(trial.first_model());
        self.calls[at] = u16::try_from(trial.attempts.len()).unwrap_or(u16::MAX);
        self.served[at] = trial
            .decisions
            .iter()
            .any(|d| matches!(d.step, Step::Serve { .. }));
        self.any_error[at] = trial.attempts.iter().any(|a| a.error.is_some());
        self.place[at] = place;
        if let [attempt] = trial.attempts.as_slice()
            && attempt.usage.source != TokenSource::Estimated
        {
            let count = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(NO_COUNT);
            self.input_tokens[at] = count(attempt.usage.total_input());
            self.output_tokens[at] = count(attempt.usage.total_output());
        }
        self.add_money(trial);
    }

    fn add_money(&mut self, trial: &Trial) {
        let accepted = trial.accepted();
        for (i, attempt) in trial.attempts.iter().enumerate() {
            self.ledger.add_cost(&attempt.cost);
            self.ledger.add_usage(&attempt.usage);
            let spent = Money::of_usd(attempt.cost.total_usd);
            if let Some(error) = &attempt.error {
                self.ledger.failed += spent;
                *self.errors.entry(error.kind).or_default() += 1;
            } else if accepted != Some(i) {
                self.ledger.discarded += spent;
            }
        }
        for decision in &trial.decisions {
            self.ledger.decisions += Money::of_usd(decision.decide_cost_usd.unwrap_or(0.0));
        }
    }
}

fn known(id: u16) -> Option<usize> {
    (id != NO_MODEL).then_some(usize::from(id))
}

fn narrow(x: Option<f64>) -> f32 {
    x.map_or(f32::NAN, |x| x as f32)
}
