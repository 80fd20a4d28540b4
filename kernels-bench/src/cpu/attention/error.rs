//! How far a result is from the reference, and how far it may be.

/// Limits of error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// ‖Δ‖/‖reference‖.
    pub norm: f64,
    /// max|Δ| over the root mean square of the reference.
    pub max: f64,
    /// |Δ| of the log-sum-exp, natural log.
    pub lse: f64,
}

impl Tolerance {
    /// f32 throughout.
    pub const F32: Self = Self {
        norm: 1e-5,
        max: 1e-4,
        lse: 1e-4,
    };
    /// Probabilities and output in bf16.
    pub const BF16: Self = Self {
        norm: 5e-3,
        max: 3e-2,
        lse: 1e-4,
    };

    /// What is wrong, if anything. NaN is never within tolerance.
    pub fn check(&self, got: &[f32], want: &[f64], lse: (&[f32], &[f64])) -> Result<(), String> {
        let norm = relative_norm(got, want);
        let max = max_over_rms(got, want);
        let differences = lse
            .0
            .iter()
            .zip(lse.1)
            .map(|(a, b)| (f64::from(*a) - b).abs());
        let log = differences.fold(
            0.0,
            |worst: f64, d| if d.is_nan() { d } else { worst.max(d) },
        );
        let within = norm <= self.norm && max <= self.max && log <= self.lse;
        if within && got.len() == want.len() && lse.0.len() == lse.1.len() {
            return Ok(());
        }
        Err(format!(
            "norm {norm:.1e}, max/rms {max:.1e}, log-sum-exp {log:.1e}"
        ))
    }
}

/// ‖Δ‖/‖reference‖.
pub fn relative_norm(got: &[f32], want: &[f64]) -> f64 {
    let delta: f64 = got
        .iter()
        .zip(want)
        .map(|(a, b)| (f64::from(*a) - b).powi(2))
        .sum();
    let norm: f64 = want.iter().map(|b| b * b).sum();
    (delta / norm).sqrt()
}

/// max|Δ| over the root mean square of the reference.
pub fn max_over_rms(got: &[f32], want: &[f64]) -> f64 {
    let rms = (want.iter().map(|b| b * b).sum::<f64>() / want.len() as f64).sqrt();
    let worst = got.iter().zip(want).map(|(a, b)| (f64::from(*a) - b).abs());
    worst.fold(0.0, |w: f64, d| if d.is_nan() { d } else { w.max(d) }) / rms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_never_passes() {
        let t = Tolerance::BF16;
        assert!(t.check(&[1.0, 2.0], &[1.0, 2.0], (&[0.0], &[0.0])).is_ok());
        assert!(
            t.check(&[1.0, f32::NAN], &[1.0, 2.0], (&[0.0], &[0.0]))
                .is_err()
        );
        assert!(
            t.check(&[1.0, 2.0], &[1.0, 2.0], (&[f32::NAN], &[0.0]))
                .is_err()
        );
        assert!(t.check(&[1.0], &[1.0, 2.0], (&[], &[])).is_err());
    }
}
