//! The mean of scores in `[0, 1]` with the interval that fits them.

use crate::compare::{Frame, LEVEL, is_binary};
use crate::model::Estimate;
use crate::stats::betting::{Horizon, Looks, hedged_capital};
use crate::stats::clustered::clustered_mean;
use crate::stats::proportion::wilson;

/// Fewest clusters before a t interval is trusted.
const MIN_CLUSTERS: usize = 10;

/// Mean over samples; `values` by sample, NaN where there is none.
///
/// Binary scores without shared clusters get Wilson's interval. Others get CR2 standard errors with
/// Satterthwaite degrees of freedom from 10 clusters on, when there is spread. The rest get the
/// hedged-capital bound where every sample is its own cluster, and no interval where it is not.
pub(super) fn mean(frame: &Frame<'_>, values: &[f64]) -> Estimate {
    let known: Vec<u32> = (0..values.len() as u32)
        .filter(|&i| !values[i as usize].is_nan())
        .collect();
    let x: Vec<f64> = known.iter().map(|&i| values[i as usize]).collect();
    let n = x.len();
    let mut estimate = Estimate {
        point: if n == 0 {
            0.0
        } else {
            x.iter().sum::<f64>() / n as f64
        },
        lower: None,
        upper: None,
        level: LEVEL,
        n: n as u64,
        method: "none: no score".to_owned(),
    };
    if n == 0 {
        return estimate;
    }
    if let Some((lower, upper, method)) = interval(frame, &known, &x) {
        estimate.lower = Some(lower);
        estimate.upper = Some(upper);
        estimate.method = method.to_owned();
    } else {
        estimate.method = "none: too few clusters".to_owned();
    }
    estimate
}

fn interval(frame: &Frame<'_>, known: &[u32], x: &[f64]) -> Option<(f64, f64, &'static str)> {
    let clusters = frame.clusters.as_ref();
    let ids: Vec<u32> = match clusters {
        Some(all) => known.iter().map(|&i| all[i as usize]).collect(),
        None => known.to_vec(),
    };
    if clusters.is_none() && is_binary(x) {
        let right = x.iter().filter(|v| **v == 1.0).count() as u64;
        let found = wilson(right, x.len() as u64, LEVEL).ok()?;
        return Some((found.lo, found.hi, "Wilson"));
    }
    let mean = clustered_mean(x, &ids).ok()?;
    if mean.clusters >= MIN_CLUSTERS
        && let Some(found) = mean.interval(LEVEL).ok()?
    {
        let found = found.clamped(0.0, 1.0);
        return Some((found.lo, found.hi, "CR2 t, Satterthwaite"));
    }
    if mean.clusters < x.len() {
        return None;
    }
    let mut order: Vec<(u64, f64)> = known
        .iter()
        .zip(x)
        .map(|(&i, &v)| (frame.order[i as usize], v))
        .collect();
    order.sort_by_key(|pair| pair.0);
    let ordered: Vec<f64> = order.into_iter().map(|pair| pair.1).collect();
    let found = hedged_capital(&ordered, 1.0 - LEVEL, 0.5, Horizon::FixedN, Looks::Running).ok()?;
    Some((found.lo, found.hi, "betting bound"))
}
