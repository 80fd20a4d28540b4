//! Upper tails of fair-coin binomials as tables.

use crate::stats::special::binom_pmf;

/// Up to here `2^-n` is a normal number and the products from `k = 0` on lose less than 1e-12.
const FROM_ZERO: usize = 1000;

/// `P(Bin(n, 1/2) >= k)` for `k = 0..=n`: multiplied outwards from `2^-n` (exact for small `n`, so that
/// ties are ties) or from the mode, then added from the far tail, so that small probabilities keep
/// their relative accuracy until they underflow.
pub(super) fn fair_tails(n: usize) -> Vec<f64> {
    let mut pmf = vec![0.0; n + 1];
    let start = if n <= FROM_ZERO { 0 } else { n / 2 };
    pmf[start] = if start == 0 {
        (-(n as f64)).exp2()
    } else {
        binom_pmf(start as u64, n as u64, 0.5)
    };
    for k in start..n {
        pmf[k + 1] = pmf[k] * (n - k) as f64 / (k + 1) as f64;
    }
    for k in 0..start {
        pmf[k] = pmf[n - k];
    }
    let mut total = 0.0;
    for value in pmf.iter_mut().rev() {
        total += *value;
        *value = f64::min(total, 1.0);
    }
    pmf[0] = 1.0;
    pmf
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::binom_sf;

    #[test]
    fn small_tables_are_exact() {
        assert_eq!(fair_tails(3), [1.0, 0.875, 0.5, 0.125]);
        assert_eq!(fair_tails(20)[20], 1.0 / 1_048_576.0);
    }

    #[test]
    fn tables_match_the_incomplete_beta_function() {
        for n in [0_usize, 1, 2, 13, 200, 1000, 4001] {
            let table = fair_tails(n);
            for k in (0..=n).step_by(1 + n / 50) {
                let expected = binom_sf(k as u64, n as u64, 0.5);
                assert!(
                    (table[k] - expected).abs() <= 1e-10 * expected,
                    "{k} of {n}"
                );
            }
        }
    }
}
