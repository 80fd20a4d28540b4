//! Expected outcomes of a threshold control at an exact share.

use super::checks::{finite, same_len};
use crate::stats::StatsError;

use super::deferral::falling_order;

/// Chance of each request to be sent to the strong model when the `wanted` most needy requests (may
/// be fractional, cut to `[0, n]`) are: 1 above the cut, 0 below it, and within the tie at the cut
/// the same fraction for all its members. The order of the file decides nothing.
///
/// With prompt lengths as ranks this is the length control; with a constant rank it is random
/// routing at the same share.
///
/// # Errors
/// No requests, or ranks that are not finite.
pub fn prefix_expectation(rank: &[f64], wanted: f64) -> Result<Vec<f64>, StatsError> {
    finite("rank", rank)?;
    Ok(Falling::new(rank).prefix(wanted))
}

/// Ranks grouped by falling value; sorted once, cut many times.
#[derive(Debug, Clone)]
pub(super) struct Falling {
    /// Positions of the requests, most needy first.
    order: Vec<u32>,
    /// End of each group of equal ranks in `order`.
    ends: Vec<usize>,
}

impl Falling {
    pub(super) fn new(rank: &[f64]) -> Self {
        let order = falling_order(rank);
        let groups = order.chunk_by(|a, b| a.0 == b.0);
        let ends = groups.scan(0, |end, group| {
            *end += group.len();
            Some(*end)
        });
        let ends = ends.collect();
        Self {
            order: order.iter().map(|(_, i)| *i as u32).collect(),
            ends,
        }
    }

    /// See [`prefix_expectation`].
    pub(super) fn prefix(&self, wanted: f64) -> Vec<f64> {
        let mut chance = vec![0.0; self.order.len()];
        let mut start = 0;
        for &end in &self.ends {
            let left = wanted - start as f64;
            if left <= 0.0 {
                break;
            }
            let fraction = (left / (end - start) as f64).min(1.0);
            for &i in &self.order[start..end] {
                chance[i as usize] = fraction;
            }
            start = end;
        }
        chance
    }

    /// How many of the most needy requests can be upgraded for an extra total cost, given the extra
    /// cost of each: first passage, linear within a tie; all of them if the money is never spent.
    pub(super) fn affordable(&self, extra: &[f64], budget: f64) -> Result<f64, StatsError> {
        same_len("ranks and costs", self.order.len(), extra.len())?;
        let (mut spent, mut start) = (0.0, 0);
        for &end in &self.ends {
            let group: f64 = self.order[start..end]
                .iter()
                .map(|&i| extra[i as usize])
                .sum();
            if spent + group > budget {
                let part = ((budget - spent) / group).clamp(0.0, 1.0);
                return Ok(start as f64 + part * (end - start) as f64);
            }
            spent += group;
            start = end;
        }
        Ok(start as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tie_at_the_cut_is_shared() {
        let chance = prefix_expectation(&[5.0, 9.0, 5.0, 1.0], 2.0).unwrap();
        assert_eq!(chance, [0.5, 1.0, 0.5, 0.0]);
        assert_eq!(prefix_expectation(&[1.0; 4], 1.0).unwrap(), [0.25; 4]);
        assert_eq!(prefix_expectation(&[1.0, 2.0], 9.0).unwrap(), [1.0; 2]);
    }

    #[test]
    fn the_budget_is_spent_on_the_most_needy() {
        let falling = Falling::new(&[5.0, 9.0, 5.0, 1.0]);
        let wanted = falling.affordable(&[2.0, 3.0, 4.0, 1.0], 6.0).unwrap();
        assert!((wanted - 2.0).abs() < 1e-12);
        assert_eq!(falling.affordable(&[1.0; 4], 100.0), Ok(4.0));
        assert_eq!(falling.affordable(&[1.0; 4], -1.0), Ok(0.0));
    }
}
