//! Upper tails of fair-coin binomials as tables.

use crate::stats::special::binom_pmf;

/// `P(Bin(n, 1/2) >= k)` for `k = 0..=n`. Starts at the mode and multiplies outwards, then adds from
/// the far tail, so small probabilities keep their relative accuracy until they underflow.
pub(super) fn fair_tails(n: usize) -> Vec<f64> {
    let mut pmf = vec![0.0; n + 1];
    let mode = n / 2;
    pmf[mode] = binom_pmf(mode as u64, n as u64, 0.5);
    for k in mode..n {
        pmf[k + 1] = pmf[k] * ((n - k) as f64 / (k + 1) as f64);
    }
    for k in (0..mode).rev() {
        pmf[k] = pmf[n - k];
    }
    let mut total = 0.0;
    for value in pmf.iter_mut().rev() {
        total += *value;
        *value = total.min(1.0);
    }
    pmf[0] = 1.0;
    pmf
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::binom_sf;

    #[test]
    fn tables_match_the_incomplete_beta_function() {
        for n in [0_usize, 1, 2, 13, 200, 4001] {
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
