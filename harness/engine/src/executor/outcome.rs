//! From a live trial to a recorded outcome: record once, replay every policy.

use weighbridge_datasets::Outcome;
use weighbridge_record::{AttemptErrorKind, Trial};

/// The outcome that a trial of a single model recorded.
///
/// `None` where nothing about the model was learned: several models were called, the answer came
/// from a cache, or the last try failed for a passing reason (a broken connection, a rate limit, a
/// cut-off stream). Times are the call's own: waiting, routing and earlier tries are left out.
pub fn outcome_of(trial: &Trial) -> Option<Outcome> {
    let last = trial.attempts.last()?;
    if trial.attempts.iter().any(|a| a.model != last.model) || trial.repeat > 0 {
        return None;
    }
    if let Some(error) = &last.error {
        use AttemptErrorKind::{Empty, RecordedFailure, Rejected};
        if !matches!(error.kind, Empty | RecordedFailure | Rejected) {
            return None;
        }
    } else if trial.accepted() != Some(trial.attempts.len() - 1) {
        return None;
    }
    let start = last.sent_ms.or(last.intended_ms).unwrap_or(0.0);
    let since = |ms: Option<f64>| ms.map(|ms| (ms - start).max(0.0));
    let mut outcome = Outcome::scored(&*trial.sample, &*last.model, trial.score.clone());
    outcome.answer = trial.answer.as_deref().map(str::to_owned);
    outcome.usage = Some(last.usage);
    outcome.cost_usd = Some(last.cost.total_usd);
    outcome.ttft_ms = since(last.first_token_ms);
    outcome.latency_ms = since(last.end_ms);
    outcome.confidence = last.confidence;
    Some(outcome)
}
