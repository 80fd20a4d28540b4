//! RouterEval's E_p: how spread out a router's choices are.

/// Shannon entropy of the distribution of answers over models, in bits. `counts` holds requests by
/// model; 0 for a constant router and for no requests.
pub fn routing_entropy_bits(counts: &[u64]) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    let parts = counts.iter().filter(|&&c| c > 0);
    let entropy: f64 = parts
        .map(|&c| {
            let p = c as f64 / total;
            -p * p.log2()
        })
        .sum();
    // A single part gives -0.
    entropy + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_is_zero_and_uniform_is_log2() {
        assert_eq!(routing_entropy_bits(&[7, 0]).to_bits(), 0.0f64.to_bits());
        assert_eq!(routing_entropy_bits(&[]).to_bits(), 0.0f64.to_bits());
        assert!((routing_entropy_bits(&[5, 5, 5, 5]) - 2.0).abs() < 1e-12);
    }
}
