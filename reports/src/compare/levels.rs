//! How the error rates of the gate policy are split.

use weighbridge_record::GatePolicy;

/// One-sided error rates of one verdict.
///
/// A PASS is an intersection-union claim (Berger 1982): every claim is tested at the full
/// `alpha_pass`, and their conjunction is wrong at most that often. A BLOCK is a union claim: its
/// rate is divided over the families that can block (quality, time to first token, errors,
/// saving), and within the quality family by the joint screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Of each claim that a PASS needs.
    pub pass: f64,
    /// Of each family that can BLOCK.
    pub family: f64,
    /// Of each upper limit that can BLOCK on its own: the family rate over the claims that must be
    /// proven, the overall one included.
    pub limit: f64,
}

impl Levels {
    /// Splits the rates of a policy.
    pub fn of(gate: &GatePolicy) -> Self {
        let others = [
            gate.ttft_slo_ms.is_some(),
            gate.error_margin.is_some(),
            gate.min_saving.is_some(),
        ];
        let families = 1 + others.iter().filter(|set| **set).count();
        let family = gate.alpha_block / families as f64;
        Self {
            pass: gate.alpha_pass,
            family,
            limit: family / (1 + gate.critical.len()) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_rates_add_up_to_the_policys() {
        let gate = GatePolicy {
            ttft_slo_ms: Some(500.0),
            min_saving: Some(0.3),
            critical: vec!["a".into(), "b".into()],
            ..GatePolicy::default()
        };
        let levels = Levels::of(&gate);
        assert!((3.0 * levels.family - gate.alpha_block).abs() < 1e-15);
        assert!((3.0 * levels.limit - levels.family).abs() < 1e-15);
        assert_eq!(levels.pass, gate.alpha_pass);
    }
}
