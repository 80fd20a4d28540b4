//! The exact lower tail of the binomial distribution.

use statrs::function::gamma::ln_gamma;

/// P(X <= `right`) for X ~ Binomial(`n`, `chance`), in `[0, 1]`.
///
/// Sums the point probabilities downwards from `right`, each from the last by the ratio
/// `P(i - 1) / P(i) = i (1 - p) / ((n - i + 1) p)`, so that tails down to 1e-300 keep their relative
/// precision. The sum is taken in units of its first term, whose logarithm comes from the gamma
/// function.
pub fn lower_tail(right: u64, n: u64, chance: f64) -> f64 {
    if right >= n || chance <= 0.0 {
        return 1.0;
    }
    if chance >= 1.0 {
        return 0.0;
    }
    let odds = (1.0 - chance) / chance;
    let (mut term, mut sum) = (1.0_f64, 1.0_f64);
    for i in (1..=right).rev() {
        let ratio = i as f64 * odds / (n - i + 1) as f64;
        term *= ratio;
        sum += term;
        // Ratios fall from here on, so that what is left is below term / (1 - ratio).
        if ratio < 1.0 && term < sum * 1e-17 * (1.0 - ratio) {
            break;
        }
    }
    (ln_point(right, n, chance) + sum.ln()).exp().min(1.0)
}

/// Logarithm of P(X = k), with 0 < p < 1.
fn ln_point(k: u64, n: u64, p: f64) -> f64 {
    let ln_factorial = |m: u64| ln_gamma(m as f64 + 1.0);
    let ln_ways = ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    ln_ways + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_cases_are_exact() {
        // Binomial(3, 1/4): 27/64, 27/64, 9/64, 1/64.
        for (k, sum) in [(0, 27.0), (1, 54.0), (2, 63.0), (3, 64.0)] {
            assert!((lower_tail(k, 3, 0.25) - sum / 64.0).abs() < 1e-13);
        }
    }

    #[test]
    fn extreme_tails_keep_their_size() {
        // References: 0.75^448, and the sum of nine exact rational terms.
        let zero = lower_tail(0, 448, 0.25);
        assert!((zero / 0.75_f64.powi(448) - 1.0).abs() < 1e-11);
        let published = lower_tail(8, 270, 0.25);
        assert!(
            (published / 1.952_143_245_471_706_3e-23 - 1.0).abs() < 1e-11,
            "{published:e}"
        );
    }

    #[test]
    fn degenerate_arguments_have_limits() {
        assert_eq!(lower_tail(0, 0, 0.5), 1.0);
        assert_eq!(lower_tail(5, 5, 1.0), 1.0);
        assert_eq!(lower_tail(4, 5, 1.0), 0.0);
        assert_eq!(lower_tail(0, 5, 0.0), 1.0);
        assert_eq!(lower_tail(0, 1_000_000, 0.5), 0.0);
    }

    #[test]
    fn large_samples_approach_one_half_at_the_mean() {
        let tail = lower_tail(500_000, 1_000_000, 0.5);
        assert!((tail - 0.5).abs() < 1e-3, "{tail}");
    }
}
