//! What policies are ranked by, as one column for each policy.

use std::borrow::Cow;

use crate::compare::{Frame, per_sample};
use crate::model::BoardAxis;
use crate::routing::{arena_score, arena_slopes};
use crate::stats::ranking::Scale;
use crate::table::ScoreState;

/// Columns of an axis. Larger is better in all of them; NaN marks an absent value.
pub(super) struct Axis<'a> {
    pub(super) columns: Cow<'a, [Vec<f64>]>,
    pub(super) scale: Scale,
    /// From the columns to the unit of the board: -1 for cost, where less is better.
    pub(super) sign: f64,
}

/// US dollars per 1,000 requests, by policy and sample; trials that are not in the log are absent.
pub(super) fn costs(frame: &Frame<'_>) -> Vec<Vec<f64>> {
    let of = |arm: &crate::table::Arm| {
        per_sample(frame.table, |at| {
            (arm.state[at] != ScoreState::Missing).then(|| 1000.0 * arm.cost_usd[at])
        })
    };
    frame.table.arms().iter().map(of).collect()
}

/// The columns of an axis.
pub(super) fn axis<'a>(frame: &'a Frame<'_>, axis: BoardAxis, costs: &[Vec<f64>]) -> Axis<'a> {
    match axis {
        BoardAxis::Quality => Axis {
            columns: Cow::Borrowed(&frame.scores),
            scale: Scale::Unit,
            sign: 1.0,
        },
        BoardAxis::Cost => {
            let negated = |column: &Vec<f64>| column.iter().map(|x| -x).collect();
            Axis {
                columns: costs.iter().map(negated).collect(),
                scale: Scale::Free,
                sign: -1.0,
            }
        }
        BoardAxis::TradeOff => Axis {
            columns: frame
                .scores
                .iter()
                .zip(costs)
                .map(|(scores, costs)| trade_off(scores, costs))
                .collect(),
            scale: Scale::Free,
            sign: 1.0,
        },
    }
}

/// RouterArena's score spread over the samples (delta method): their mean is the score of the means,
/// and their spread is its spread to first order.
fn trade_off(scores: &[f64], costs: &[f64]) -> Vec<f64> {
    let (accuracy, cost) = (mean(scores), mean(costs));
    let whole = arena_score(accuracy, cost);
    let (by_accuracy, by_cost) = arena_slopes(accuracy, cost);
    scores
        .iter()
        .zip(costs)
        .map(|(s, c)| whole + by_accuracy * (s - accuracy) + by_cost * (c - cost))
        .collect()
}

/// Mean of the values that are present; NaN without any.
pub(super) fn mean(values: &[f64]) -> f64 {
    let present = values.iter().filter(|x| !x.is_nan());
    let (sum, n) = present.fold((0.0, 0u32), |(sum, n), x| (sum + x, n + 1));
    sum / f64::from(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trade_off_of_the_samples_has_the_score_of_the_means() {
        let scores: Vec<f64> = (0..50).map(|i| f64::from(u8::from(i % 4 != 0))).collect();
        let costs: Vec<f64> = (0..50).map(|i| 0.2 + 0.01 * f64::from(i % 7)).collect();
        let spread = trade_off(&scores, &costs);
        let whole = arena_score(mean(&scores), mean(&costs));
        assert!((mean(&spread) - whole).abs() < 1e-12);
        assert!(mean(&[f64::NAN]).is_nan());
    }
}
