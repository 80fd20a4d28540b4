//! The shape of the gaps between arrivals.

use rand::{Rng, RngExt};

/// How gaps vary about their mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gaps {
    /// All alike.
    Constant,
    /// Exponential: a Poisson process, coefficient of variation 1.
    Exponential,
    /// Gamma with shape `burstiness` b > 0 and scale 1/(λb): coefficient of variation 1/√b. Below 1
    /// is burstier than Poisson, 1 is Poisson, above 1 is more regular.
    Gamma {
        /// The shape b.
        burstiness: f64,
    },
}

impl Gaps {
    /// One gap of mean 1.
    pub(super) fn draw(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Exponential => exponential(rng),
            Self::Gamma { burstiness } => gamma(burstiness, rng) / burstiness,
        }
    }

    /// Coefficient of variation of the gaps.
    pub fn cv(self) -> f64 {
        match self {
            Self::Constant => 0.0,
            Self::Exponential => 1.0,
            Self::Gamma { burstiness } => burstiness.sqrt().recip(),
        }
    }
}

/// Uniform in (0, 1].
fn positive(rng: &mut impl Rng) -> f64 {
    1.0 - rng.random::<f64>()
}

/// Exponential with mean 1, by inversion: −ln U.
pub(super) fn exponential(rng: &mut impl Rng) -> f64 {
    -positive(rng).ln()
}

/// Standard normal. Box and Muller, Annals of Mathematical Statistics 29 (1958).
pub(super) fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (2.0 * exponential(rng)).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Gamma with a shape and scale 1. Marsaglia and Tsang, "A simple method for generating gamma
/// variables", ACM TOMS 26 (2000); for a shape below 1 the boost of the same paper, section 6.
fn gamma(shape: f64, rng: &mut impl Rng) -> f64 {
    if shape < 1.0 {
        let boost = positive(rng).powf(shape.recip());
        return gamma(shape + 1.0, rng) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = (9.0 * d).sqrt().recip();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && positive(rng).ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::cv;

    #[test]
    fn gaps_have_mean_one_and_the_promised_variation() {
        for gaps in [
            Gaps::Constant,
            Gaps::Exponential,
            Gaps::Gamma { burstiness: 0.25 },
            Gaps::Gamma { burstiness: 1.0 },
            Gaps::Gamma { burstiness: 4.0 },
        ] {
            let mut rng = weighbridge_policies::stream(11, "gaps", "", 0);
            let drawn: Vec<f64> = (0..100_000).map(|_| gaps.draw(&mut rng)).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            // Three standard errors of the mean, and as much for the variation.
            assert!(
                (mean - 1.0).abs() < 0.01 * gaps.cv() + 1e-9,
                "{gaps:?}: {mean}"
            );
            let seen = cv(&drawn);
            assert!(
                (seen - gaps.cv()).abs() < 0.02 * gaps.cv() + 1e-9,
                "{gaps:?}: {seen}"
            );
        }
    }
}
