//! The oracle: the cheapest of the best models, request by request.

use super::checks::same_len;
use crate::stats::StatsError;

/// What a request costs that no model answers at all (best quality 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoneCorrect {
    /// The cheapest model is called all the same; a call is a call.
    Cheapest,
    /// Nothing is charged, as RouterBench has it (`no_model_correct`).
    Free,
}

/// The oracle's outcomes, one entry per request.
#[derive(Debug, Clone, PartialEq)]
pub struct Oracle {
    /// Position of the chosen model; `None` where it was not called ([`NoneCorrect::Free`]).
    pub model: Vec<Option<usize>>,
    /// Best quality of any model.
    pub quality: Vec<f64>,
    /// Cost of the chosen model.
    pub cost: Vec<f64>,
}

/// Cheapest among the best models of each request; of equally cheap ones the first. `models` holds
/// (quality, cost) of each model over the same requests.
///
/// It needs the truth and is a bound, not a policy.
///
/// # Errors
/// Columns of different lengths, or no models.
pub fn oracle(
    models: &[(&[f64], &[f64])],
    none_correct: NoneCorrect,
) -> Result<Oracle, StatsError> {
    let Some(first) = models.first() else {
        return Err(StatsError::TooFew {
            what: "models",
            got: 0,
            needed: 1,
        });
    };
    let n = first.0.len();
    for (quality, cost) in models {
        same_len("models", n, quality.len())?;
        same_len("models", n, cost.len())?;
    }
    let mut result = Oracle {
        model: Vec::with_capacity(n),
        quality: Vec::with_capacity(n),
        cost: Vec::with_capacity(n),
    };
    for i in 0..n {
        let (at, quality, cost) = best_at(models, i);
        let free = none_correct == NoneCorrect::Free && quality <= 0.0;
        result.model.push((!free).then_some(at));
        result.quality.push(quality);
        result.cost.push(if free { 0.0 } else { cost });
    }
    Ok(result)
}

fn best_at(models: &[(&[f64], &[f64])], i: usize) -> (usize, f64, f64) {
    let mut best = (0, models[0].0[i], models[0].1[i]);
    for (at, (quality, cost)) in models.iter().enumerate().skip(1) {
        let (quality, cost) = (quality[i], cost[i]);
        if quality > best.1 || (quality == best.1 && cost < best.2) {
            best = (at, quality, cost);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEAK: (&[f64], &[f64]) = (&[1.0, 0.0, 0.0], &[1.0, 1.0, 1.0]);
    const STRONG: (&[f64], &[f64]) = (&[1.0, 1.0, 0.0], &[9.0, 9.0, 9.0]);

    #[test]
    fn cheapest_of_the_best() {
        let o = oracle(&[STRONG, WEAK], NoneCorrect::Cheapest).unwrap();
        assert_eq!(o.model, [Some(1), Some(0), Some(1)]);
        assert_eq!(o.quality, [1.0, 1.0, 0.0]);
        assert_eq!(o.cost, [1.0, 9.0, 1.0]);
    }

    #[test]
    fn a_hopeless_request_is_free_only_if_asked_for() {
        let o = oracle(&[STRONG, WEAK], NoneCorrect::Free).unwrap();
        assert_eq!((o.model[2], o.cost[2]), (None, 0.0));
        assert!(oracle(&[], NoneCorrect::Free).is_err());
    }
}
