//! Means and paired differences with intervals that stay honest at small n.

use super::checks::{finite, same_len};
use crate::model::Estimate;
use crate::stats::clustered::{ClusteredPaired, clustered_mean};
use crate::stats::paired::{PairedCounts, tango_interval};
use crate::stats::proportion::wilson;
use crate::stats::special::t_quantile;
use crate::stats::{Interval, StatsError};

/// Below this many units that differ from the median, a t interval is not trusted.
const MIN_INFORMATIVE: usize = 10;

/// Mean of the paired differences `d` in `[-1, 1]` with a two-sided interval.
///
/// Binary scores (all `d` are -1, 0 or 1): Tango's score interval, with the design effect of the
/// clusters where there are any. Graded scores: [`bounded_mean`].
///
/// # Errors
/// Empty data, values that are not finite, or lengths that differ.
pub fn paired_difference(
    d: &[f64],
    clusters: Option<&[u32]>,
    level: f64,
) -> Result<Estimate, StatsError> {
    finite("difference", d)?;
    let Ok(counts) = PairedCounts::from_differences(d) else {
        return bounded_mean(d, (-1.0, 1.0), clusters, level);
    };
    let (interval, method) = match clusters {
        None => (tango_interval(counts, level)?, "Tango score interval"),
        Some(ids) => (
            ClusteredPaired::new(d, ids)?.interval(level)?,
            "Tango score interval with design effect",
        ),
    };
    Ok(Estimate {
        point: counts.difference(),
        lower: Some(interval.lo),
        upper: Some(interval.hi),
        level,
        n: counts.n,
        method: method.to_owned(),
    })
}

/// Mean of values that lie in `range`, with a two-sided interval cut to it.
///
/// Values that are all 0 or 1, unclustered: Wilson. Otherwise the t interval (CR2 with
/// Satterthwaite degrees of freedom by cluster), and where fewer than 10 units differ from the
/// median value, so that no spread can be estimated, the empirical Bernstein bound (Maurer and
/// Pontil 2009), which needs the range and nothing else.
///
/// # Errors
/// Empty data, values that are not finite, or lengths that differ.
pub fn bounded_mean(
    values: &[f64],
    range: (f64, f64),
    clusters: Option<&[u32]>,
    level: f64,
) -> Result<Estimate, StatsError> {
    finite("values", values)?;
    let n = values.len() as u64;
    let point = values.iter().sum::<f64>() / n as f64;
    let (interval, method) = if clusters.is_none() && range == (0.0, 1.0) && is_binary(values) {
        let hits = values.iter().filter(|&&v| v == 1.0).count() as u64;
        (Some(wilson(hits, n, level)?), "Wilson")
    } else if informative(values, clusters) >= MIN_INFORMATIVE {
        spread_interval(values, point, clusters, level)?
    } else {
        let bound = bernstein(values, point, range, clusters, level)?;
        (bound, "empirical Bernstein")
    };
    let cut = interval.map(|i| i.clamped(range.0, range.1));
    Ok(Estimate {
        point,
        lower: cut.map(|i| i.lo),
        upper: cut.map(|i| i.hi),
        level,
        n,
        method: method.to_owned(),
    })
}

/// t interval without a range: textbook for independent values, CR2 by cluster.
pub(super) fn spread_interval(
    values: &[f64],
    mean: f64,
    clusters: Option<&[u32]>,
    level: f64,
) -> Result<(Option<Interval>, &'static str), StatsError> {
    if let Some(ids) = clusters {
        let interval = clustered_mean(values, ids)?.interval(level)?;
        return Ok((interval, "CR2 t interval by cluster"));
    }
    let n = values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let interval = (values.len() > 1 && squares > 0.0).then(|| {
        let se = (squares / (n - 1.0) / n).sqrt();
        Interval::around(mean, se * t_quantile(0.5 + 0.5 * level, n - 1.0))
    });
    Ok((interval, "t interval"))
}

/// Units (values, or clusters with such a value) that differ from the median value.
pub(super) fn informative(values: &[f64], clusters: Option<&[u32]>) -> usize {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    let median = *sorted.select_nth_unstable_by(middle, f64::total_cmp).1;
    match clusters {
        None => values.iter().filter(|&&v| v != median).count(),
        Some(ids) => {
            let differing = values.iter().zip(ids).filter(|(v, _)| **v != median);
            let mut seen: Vec<u32> = differing.map(|(_, id)| *id).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len()
        }
    }
}

fn is_binary(values: &[f64]) -> bool {
    values.iter().all(|&v| v == 0.0 || v == 1.0)
}

/// `sqrt(2 V ln(4/a) / n) + 7 R ln(4/a) / (3 (n - 1))` around the mean, on cluster totals scaled to
/// the mean where there are clusters. `None` for one unit.
fn bernstein(
    values: &[f64],
    mean: f64,
    range: (f64, f64),
    clusters: Option<&[u32]>,
    level: f64,
) -> Result<Option<Interval>, StatsError> {
    let mut width = range.1 - range.0;
    let units = match clusters {
        None => values.iter().map(|v| v - mean).collect(),
        Some(ids) => {
            same_len("values and clusters", values.len(), ids.len())?;
            let (totals, largest) = centred_totals(values, mean, ids);
            let scale = totals.len() as f64 / values.len() as f64;
            width *= largest * scale;
            totals.into_iter().map(|t| t * scale).collect::<Vec<f64>>()
        }
    };
    let n = units.len() as f64;
    if units.len() < 2 {
        return Ok(None);
    }
    let variance = units.iter().map(|u| u * u).sum::<f64>() / (n - 1.0);
    let log = (4.0 / (1.0 - level)).ln();
    let half = (2.0 * variance * log / n).sqrt() + 7.0 * width * log / (3.0 * (n - 1.0));
    Ok(Some(Interval::around(mean, half)))
}

/// Sum of the residuals of each cluster, and the size of the largest cluster.
fn centred_totals(values: &[f64], mean: f64, ids: &[u32]) -> (Vec<f64>, f64) {
    let mut by_id = std::collections::BTreeMap::<u32, (f64, f64)>::new();
    for (value, id) in values.iter().zip(ids) {
        let entry = by_id.entry(*id).or_default();
        entry.0 += value - mean;
        entry.1 += 1.0;
    }
    let largest = by_id.values().map(|e| e.1).fold(1.0, f64::max);
    (by_id.into_values().map(|e| e.0).collect(), largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_differences_use_the_score_interval() {
        let e = paired_difference(&[0.0; 30], None, 0.95).unwrap();
        assert_eq!(e.point, 0.0);
        // No flips in 30 pairs prove little: -z^2 / (n + z^2).
        let z2 = 1.959_963_984_540_054_f64.powi(2);
        assert!((e.lower.unwrap() + z2 / (30.0 + z2)).abs() < 1e-6);
    }

    #[test]
    fn few_graded_flips_get_a_wide_bound_instead_of_a_t_interval() {
        let mut d = vec![0.0; 40];
        d[0] = 0.5;
        let e = paired_difference(&d, None, 0.95).unwrap();
        assert_eq!(e.method, "empirical Bernstein");
        assert!(e.lower.unwrap() < -0.2 && e.upper.unwrap() > 0.2);
    }

    #[test]
    fn many_graded_values_use_t() {
        let d: Vec<f64> = (0..50).map(|i| f64::from(i % 7) / 10.0 - 0.3).collect();
        let e = paired_difference(&d, None, 0.95).unwrap();
        assert_eq!(e.method, "t interval");
        let ids: Vec<u32> = (0..50).collect();
        let c = paired_difference(&d, Some(&ids), 0.95).unwrap();
        assert!((e.lower.unwrap() - c.lower.unwrap()).abs() < 1e-9);
    }

    #[test]
    fn one_value_has_no_interval_unless_its_range_is_known_to_be_binary() {
        let graded = bounded_mean(&[0.4], (0.0, 1.0), None, 0.95).unwrap();
        assert_eq!((graded.lower, graded.upper), (None, None));
        assert!(paired_difference(&[f64::NAN], None, 0.95).is_err());
    }
}
