//! Group-sequential bounds for planned stages (Lan and DeMets 1983).

use super::error::{StatsError, open_unit};
use super::root::last_true;
use super::special::{norm_pdf, norm_quantile, norm_sf};

/// Nodes of each Simpson grid; odd.
const NODES: usize = 1601;

/// How the one-sided error rate is spent over the information fraction `t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spending {
    /// `2 - 2 Phi(z_(1 - alpha/2) / sqrt(t))`: almost nothing early.
    ObrienFleming,
    /// `alpha ln(1 + (e - 1) t)`: nearly equal bounds.
    Pocock,
}

/// Bound of one stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Information fraction, in (0, 1].
    pub information: f64,
    /// Reject when the stage's z statistic is at least this.
    pub z: f64,
    /// `1 - Phi(z)`.
    pub nominal_p: f64,
    /// Error rate spent up to and including this stage.
    pub spent: f64,
}

impl Spending {
    /// Cumulative error rate spent at information fraction `t` in [0, 1].
    pub fn spent(self, alpha: f64, t: f64) -> f64 {
        match self {
            Self::ObrienFleming => 2.0 * norm_sf(norm_quantile(1.0 - 0.5 * alpha) / t.sqrt()),
            Self::Pocock => alpha * (std::f64::consts::E - 1.0).mul_add(t, 1.0).ln(),
        }
    }
}

/// One-sided bounds at increasing information fractions, so that the chance of ever crossing one
/// under the null hypothesis is the spent `alpha`.
///
/// The density of the not yet stopped score is carried from stage to stage on a Simpson grid
/// (Armitage, McPherson and Rowe 1969); bounds agree with `rpact` to 1e-6. Assumes a statistic with
/// independent increments, as a mean over fresh items has.
///
/// # Errors
/// `alpha` outside (0, 1), or fractions that are not increasing within (0, 1].
pub fn spending_bounds(
    kind: Spending,
    alpha: f64,
    information: &[f64],
) -> Result<Vec<Stage>, StatsError> {
    open_unit("alpha", alpha)?;
    let mut stages = Vec::with_capacity(information.len());
    let mut grid: Option<Grid> = None;
    let (mut before, mut already) = (0.0, 0.0);
    for &t in information {
        if !(t > before && t <= 1.0) {
            let domain = "increasing within (0, 1]";
            return Err(StatsError::OutOfRange {
                what: "information fraction",
                value: t,
                domain,
            });
        }
        let spent = kind.spent(alpha, t);
        let step = (t - before).sqrt();
        let bound = match &grid {
            None => norm_quantile(1.0 - spent) * t.sqrt(),
            Some(grid) => last_true(-8.0, 12.0, |bound| {
                grid.crossing(bound, step) >= spent - already
            }),
        };
        let z = bound / t.sqrt();
        stages.push(Stage {
            information: t,
            z,
            nominal_p: norm_sf(z),
            spent,
        });
        grid = Some(Grid::advance(grid.as_ref(), bound, t, step));
        (before, already) = (t, spent);
    }
    Ok(stages)
}

/// Sub-density of the score below the last bound: nodes and weighted density.
struct Grid {
    nodes: Vec<f64>,
    mass: Vec<f64>,
}

impl Grid {
    fn advance(previous: Option<&Self>, bound: f64, t: f64, step: f64) -> Self {
        let low = (-9.0 * t.sqrt()).min(bound - 1e-9);
        let width = (bound - low) / (NODES - 1) as f64;
        let nodes: Vec<f64> = (0..NODES).map(|i| low + width * i as f64).collect();
        let simpson = |i: usize| match i {
            0 => 1.0,
            _ if i == NODES - 1 => 1.0,
            _ if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let density = |s: f64| match previous {
            None => norm_pdf(s / step) / step,
            Some(grid) => {
                let terms = grid.nodes.iter().zip(&grid.mass);
                terms
                    .map(|(u, m)| m * norm_pdf((s - u) / step))
                    .sum::<f64>()
                    / step
            }
        };
        let weigh = |(i, &s): (usize, &f64)| density(s) * simpson(i) * width / 3.0;
        let mass = nodes.iter().enumerate().map(weigh).collect();
        Self { nodes, mass }
    }

    /// Probability of going on and then exceeding `bound` after an increment with sd `step`.
    fn crossing(&self, bound: f64, step: f64) -> f64 {
        self.nodes
            .iter()
            .zip(&self.mass)
            .map(|(s, m)| m * norm_sf((bound - s) / step))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_look_is_the_fixed_test() {
        for kind in [Spending::ObrienFleming, Spending::Pocock] {
            let stage = spending_bounds(kind, 0.05, &[1.0]).unwrap()[0];
            assert!((stage.z - norm_quantile(0.95)).abs() < 1e-12);
        }
    }

    #[test]
    fn fractions_must_increase() {
        for bad in [&[0.5, 0.5][..], &[0.0], &[1.1], &[f64::NAN]] {
            assert!(spending_bounds(Spending::Pocock, 0.05, bad).is_err());
        }
    }
}
