//! Agreement of two raters over categories.

use crate::stats::error::{StatsError, open_unit, same_len};
use crate::stats::interval::Interval;
use crate::stats::special::norm_quantile;

/// Agreement coefficients of a square table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Share of items on which the raters agree.
    pub observed: f64,
    /// Cohen's kappa (1960); `None` when one category takes everything. Near 0 at high agreement when
    /// one category dominates: read it beside [`Self::ac1`].
    pub kappa: Option<f64>,
    /// Normal interval of kappa (Cohen's simple variance), cut to [-1, 1]; `None` as kappa.
    pub kappa_interval: Option<Interval>,
    /// Gwet's AC1 (2008), robust to prevalence.
    pub ac1: f64,
}

/// Agreement from counts `table[i][j]`: first rater said `i`, second `j`. At least two categories.
///
/// # Errors
/// A table that is not square, has fewer than two categories or no items, or a level outside (0, 1).
pub fn agreement(table: &[Vec<u64>], level: f64) -> Result<Agreement, StatsError> {
    open_unit("level", level)?;
    let q = table.len();
    if q < 2 {
        return Err(StatsError::TooFew {
            what: "categories",
            got: q,
            needed: 2,
        });
    }
    for row in table {
        same_len("rows and columns of the table", q, row.len())?;
    }
    let n = table.iter().flatten().sum::<u64>() as f64;
    if n == 0.0 {
        return Err(StatsError::TooFew {
            what: "items",
            got: 0,
            needed: 1,
        });
    }
    let observed = (0..q).map(|i| table[i][i]).sum::<u64>() as f64 / n;
    let first = |i: usize| table[i].iter().sum::<u64>() as f64 / n;
    let second = |i: usize| table.iter().map(|row| row[i]).sum::<u64>() as f64 / n;
    let chance: f64 = (0..q).map(|i| first(i) * second(i)).sum();
    let spread = |i: usize| 0.5 * (first(i) + second(i)) * (1.0 - 0.5 * (first(i) + second(i)));
    let gwet_chance = (0..q).map(spread).sum::<f64>() / (q - 1) as f64;
    let kappa = (chance < 1.0).then(|| (observed - chance) / (1.0 - chance));
    let kappa_interval = kappa.map(|kappa| {
        let se = (observed * (1.0 - observed) / n).sqrt() / (1.0 - chance);
        Interval::around(kappa, norm_quantile(0.5 + 0.5 * level) * se).clamped(-1.0, 1.0)
    });
    let ac1 = (observed - gwet_chance) / (1.0 - gwet_chance);
    Ok(Agreement {
        observed,
        kappa,
        kappa_interval,
        ac1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_category_leaves_kappa_undefined() {
        let all = agreement(&[vec![9, 0], vec![0, 0]], 0.95).unwrap();
        assert_eq!((all.kappa, all.ac1), (None, 1.0));
        assert!(agreement(&[vec![1, 2], vec![3]], 0.95).is_err());
        assert!(agreement(&[vec![0, 0], vec![0, 0]], 0.95).is_err());
    }

    #[test]
    fn perfect_agreement_is_one() {
        let table = [vec![4, 0, 0], vec![0, 5, 0], vec![0, 0, 6]];
        let perfect = agreement(&table, 0.95).unwrap();
        assert_eq!(
            (perfect.kappa, perfect.observed, perfect.ac1),
            (Some(1.0), 1.0, 1.0)
        );
    }
}
