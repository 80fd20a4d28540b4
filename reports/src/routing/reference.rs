//! RouterEval's V_R and V_B.

/// Quality relative to a reference, `q / q_reference`: V_R with the reference model of the pool's
/// benchmark, V_B with the best single model. `None` where the reference is 0.
pub fn relative_to_reference(quality: f64, reference: f64) -> Option<f64> {
    (reference > 0.0).then(|| quality / reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_one_loses_to_the_reference() {
        assert_eq!(relative_to_reference(0.6, 0.8).map(|v| v < 1.0), Some(true));
        assert_eq!(relative_to_reference(0.6, 0.0), None);
    }
}
