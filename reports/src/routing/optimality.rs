//! RouterArena's optimality ratios over the requests that some model solves.

use super::checks::same_len;
use crate::stats::StatsError;

/// What a router did with one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// Position of the model that answered, if one did.
    pub model: Option<usize>,
    /// Score of the answer.
    pub quality: f64,
    /// What it cost.
    pub cost: f64,
}

/// Ratios over solvable requests; `None` where nothing is solvable or a denominator is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimality {
    /// Requests that some model solves with score 1.
    pub solvable: usize,
    /// Share of them answered by the cheapest such model (Opt.Sel).
    pub selection: Option<f64>,
    /// Sum of the cheapest right cost over sum of the router's cost (Opt.Cost).
    pub cost: Option<f64>,
    /// Sum of the router's score over sum of the best score (Opt.Acc).
    pub accuracy: Option<f64>,
}

/// Ratios of a router's choices against the cheapest right model. `models` holds (quality, cost) of
/// each model over the same requests.
///
/// Conditioned on the request being solvable, not on the router being right, which would hide its
/// mistakes. A choice as cheap as the cheapest right model and right itself counts as optimal.
///
/// # Errors
/// Columns of different lengths.
pub fn optimality(
    chosen: &[Chosen],
    models: &[(&[f64], &[f64])],
) -> Result<Optimality, StatsError> {
    for (quality, cost) in models {
        same_len("choices and models", chosen.len(), quality.len())?;
        same_len("choices and models", chosen.len(), cost.len())?;
    }
    let (mut solvable, mut hits) = (0usize, 0usize);
    let (mut best_cost, mut cost, mut quality) = (0.0, 0.0, 0.0);
    for (i, choice) in chosen.iter().enumerate() {
        let right = models.iter().filter(|m| m.0[i] >= 1.0).map(|m| m.1[i]);
        let Some(cheapest) = right.reduce(f64::min) else {
            continue;
        };
        solvable += 1;
        best_cost += cheapest;
        cost += choice.cost;
        quality += choice.quality;
        let is_best = |m: usize| models[m].0[i] >= 1.0 && models[m].1[i] <= cheapest;
        hits += usize::from(choice.model.is_some_and(is_best));
    }
    let n = solvable as f64;
    Ok(Optimality {
        solvable,
        selection: (solvable > 0).then(|| hits as f64 / n),
        cost: (cost > 0.0).then(|| best_cost / cost),
        accuracy: (solvable > 0).then(|| quality / n),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_solvable_requests_count() {
        let cheap: (&[f64], &[f64]) = (&[1.0, 0.0, 0.0], &[1.0, 1.0, 1.0]);
        let dear: (&[f64], &[f64]) = (&[1.0, 1.0, 0.0], &[4.0, 4.0, 4.0]);
        let to = |model: usize, quality: f64, cost: f64| Chosen {
            model: Some(model),
            quality,
            cost,
        };
        let chosen = [to(1, 1.0, 4.0), to(0, 0.0, 1.0), to(1, 0.0, 4.0)];
        let o = optimality(&chosen, &[cheap, dear]).unwrap();
        assert_eq!(o.solvable, 2);
        assert_eq!(o.selection, Some(0.0));
        assert_eq!(o.cost, Some(1.0));
        assert_eq!(o.accuracy, Some(0.5));
    }

    #[test]
    fn nothing_solvable_gives_no_ratio() {
        let none = optimality(&[], &[]).unwrap();
        assert_eq!(
            (none.selection, none.cost, none.accuracy),
            (None, None, None)
        );
    }
}
