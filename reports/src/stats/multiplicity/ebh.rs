//! Multiple testing with e-values.

use crate::stats::error::{StatsError, open_unit, within};

/// e-BH (Wang and Ramdas 2022): rejects the `k` largest e-values for the largest `k` with
/// `k e_(k) / K >= 1/alpha`. False discovery rate at most `alpha` under any dependence, so it suits
/// overlapping slices and optional stopping. Returns the rejected indices in ascending order.
///
/// # Errors
/// A negative or NaN e-value (plus infinity is allowed), or `alpha` outside (0, 1).
pub fn e_bh(e_values: &[f64], alpha: f64) -> Result<Vec<usize>, StatsError> {
    open_unit("alpha", alpha)?;
    for &e in e_values {
        within("e-value", e, 0.0, f64::INFINITY, "not negative")?;
    }
    let mut order: Vec<usize> = (0..e_values.len()).collect();
    order.sort_by(|&i, &j| e_values[j].total_cmp(&e_values[i]));
    let needed = e_values.len() as f64 / alpha;
    // Compared as a product: one division fewer to round on exact ties.
    let k = (1..=order.len())
        .rev()
        .find(|&k| k as f64 * e_values[order[k - 1]] >= needed);
    let mut rejected = order[..k.unwrap_or(0)].to_vec();
    rejected.sort_unstable();
    Ok(rejected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rejected_from_nothing() {
        assert!(e_bh(&[], 0.05).unwrap().is_empty());
        assert!(e_bh(&[1.0, 2.0], 0.05).unwrap().is_empty());
        assert_eq!(e_bh(&[f64::INFINITY], 0.05).unwrap(), [0]);
        assert!(e_bh(&[-1.0], 0.05).is_err());
    }
}
