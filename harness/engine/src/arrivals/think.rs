//! Time between an answer and the next turn of its conversation.

use rand::Rng;

use super::gaps::{exponential, normal};

/// How long somebody thinks before the next turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Think {
    /// Always the same.
    Constant {
        /// Seconds, at least 0.
        mean_s: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean in seconds, at least 0.
        mean_s: f64,
    },
    /// Log-normal, as measured reading and typing times are.
    LogNormal {
        /// Mean in seconds, at least 0.
        mean_s: f64,
        /// Standard deviation of the logarithm, at least 0.
        sigma: f64,
    },
}

impl Think {
    /// One think time in seconds.
    pub(crate) fn draw_s(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Constant { mean_s } => mean_s,
            Self::Exponential { mean_s } => mean_s * exponential(rng),
            // E exp(μ + σZ) = exp(μ + σ²/2).
            Self::LogNormal { mean_s, sigma } => {
                mean_s * (sigma * normal(rng) - 0.5 * sigma * sigma).exp()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_mean_it_is_given() {
        for think in [
            Think::Constant { mean_s: 2.0 },
            Think::Exponential { mean_s: 2.0 },
            Think::LogNormal {
                mean_s: 2.0,
                sigma: 0.8,
            },
        ] {
            let mut rng = weighbridge_policies::stream(5, "think", "", 0);
            let sum: f64 = (0..50_000).map(|_| think.draw_s(&mut rng)).sum();
            assert!(
                (sum / 50_000.0 - 2.0).abs() < 0.05,
                "{think:?}: {}",
                sum / 50_000.0
            );
        }
    }
}
