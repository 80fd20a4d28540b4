//! A policy against the controls every router must beat.

use super::cells::Cells;
use super::columns::{Column, mean};
use super::difference::{bounded_mean, informative, paired_difference, spread_interval};
use super::pair::Pair;
use super::{LEVEL, mix_at_cost};
use crate::model::{ControlCheck, Estimate};
use crate::stats::StatsError;

/// Fewest samples that differ before the noise of the costs is modelled as well.
const MIN_INFORMATIVE: usize = 10;

/// Mean quality against the best random mix of single models at the policy's own mean cost.
///
/// The mix is fixed by two mean costs that are noisy themselves; `slope * (cost - cost of the mix)`
/// has mean 0 and carries that noise into the interval (delta method).
pub(super) fn cost_matched_random(
    cells: &Cells,
    policy: &Column,
) -> Result<Option<ControlCheck>, StatsError> {
    let Some(mix) = mix_at_cost(&cells.means, mean(&policy.cost)) else {
        return Ok(None);
    };
    let (a, b) = (&cells.models[mix.lower], &cells.models[mix.upper]);
    let difference: Vec<f64> = (0..cells.len())
        .map(|i| policy.quality[i] - mix.expect(a.quality[i], b.quality[i]))
        .collect();
    let mut estimate = paired_difference(&difference, cells.clusters(), LEVEL)?;
    if mix.slope > 0.0 && informative(&difference, cells.clusters()) >= MIN_INFORMATIVE {
        let residual: Vec<f64> = (0..cells.len())
            .map(|i| {
                let cost = policy.cost[i] - mix.expect(a.cost[i], b.cost[i]);
                difference[i] - mix.slope * cost
            })
            .collect();
        let centre = mean(&residual);
        let (interval, method) = spread_interval(&residual, centre, cells.clusters(), LEVEL)?;
        if let Some(interval) = interval {
            estimate.lower = Some(estimate.point + (interval.lo - centre));
            estimate.upper = Some(estimate.point + (interval.hi - centre));
            estimate.method = format!("{method}, noise of the costs included");
        }
    }
    let what = if mix.lower == mix.upper {
        "the single model that its cost buys"
    } else {
        "mixing single models at random at the same cost"
    };
    Ok(Some(check("cost-matched random", what, estimate)))
}

/// Mean quality against a threshold on prompt length at the same share of strong calls, or at the
/// same cost where the policy is not one call of either model of the pair.
pub(super) fn length_threshold(
    cells: &Cells,
    policy: &Column,
    pair: Pair,
    share: Option<f64>,
) -> Result<ControlCheck, StatsError> {
    let (weak, strong) = (&cells.models[pair.weak], &cells.models[pair.strong]);
    let n = cells.len() as f64;
    let (wanted, what) = if let Some(share) = share {
        (
            share * n,
            "sending the longest prompts to the strong model at the same share",
        )
    } else {
        let extra: Vec<f64> = (0..cells.len())
            .map(|i| strong.cost[i] - weak.cost[i])
            .collect();
        let budget = (mean(&policy.cost) - mean(&weak.cost)) * n;
        (
            cells.by_length.affordable(&extra, budget)?,
            "sending the longest prompts to the strong model at the same cost",
        )
    };
    let chance = cells.by_length.prefix(wanted);
    let difference: Vec<f64> = (0..cells.len())
        .map(|i| {
            let control = weak.quality[i] + chance[i] * (strong.quality[i] - weak.quality[i]);
            policy.quality[i] - control
        })
        .collect();
    let estimate = if chance.iter().all(|c| *c == 0.0 || *c == 1.0) {
        paired_difference(&difference, cells.clusters(), LEVEL)?
    } else {
        bounded_mean(&difference, (-1.0, 1.0), cells.clusters(), LEVEL)?
    };
    Ok(check("length threshold", what, estimate))
}

/// Mean quality against another column over the same samples, whatever it costs.
pub(super) fn against(
    cells: &Cells,
    policy: &Column,
    control: &str,
    what: &str,
    quality: &[f64],
) -> Result<ControlCheck, StatsError> {
    let difference: Vec<f64> = policy
        .quality
        .iter()
        .zip(quality)
        .map(|(p, q)| p - q)
        .collect();
    let estimate = paired_difference(&difference, cells.clusters(), LEVEL)?;
    Ok(check(control, what, estimate))
}

/// Three significant digits are enough in a sentence.
pub(super) fn dollars(x: f64) -> String {
    if x >= 100.0 || x == 0.0 {
        return format!("{x:.0}");
    }
    let digits = (2.0 - x.abs().log10().floor()).clamp(0.0, 9.0);
    format!("{x:.*}", digits as usize)
}

fn check(control: &str, what: &str, difference: Estimate) -> ControlCheck {
    let beats = difference.lower.is_some_and(|lower| lower > 0.0);
    ControlCheck {
        control: control.to_owned(),
        sentence: sentence(what, &difference, beats),
        beats,
        difference,
    }
}

fn sentence(what: &str, difference: &Estimate, beats: bool) -> String {
    let verb = match (beats, difference.lower, difference.upper) {
        (true, ..) => "beats",
        (_, _, Some(upper)) if upper < 0.0 => "is worse than",
        (_, Some(_), Some(_)) => "does not beat",
        _ => "cannot be told apart from",
    };
    let points = |x: f64| {
        let rounded = (x * 1000.0).round() / 10.0 + 0.0;
        // A minus sign as wide as a plus, as in the numbers beside the sentence.
        format!("{rounded:+.1}").replace('-', "−")
    };
    let level = 100.0 * difference.level;
    let interval = match (difference.lower, difference.upper) {
        (Some(lower), Some(upper)) => format!(
            ", {level:.0}% interval {} to {}",
            points(lower),
            points(upper)
        ),
        _ => ", too few samples for an interval".to_owned(),
    };
    format!(
        "{verb} {what} (difference {} points{interval})",
        points(difference.point)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(point: f64, limits: Option<(f64, f64)>) -> Estimate {
        Estimate {
            point,
            lower: limits.map(|l| l.0),
            upper: limits.map(|l| l.1),
            level: 0.95,
            n: 100,
            method: String::new(),
        }
    }

    #[test]
    fn sentences_say_what_is_known() {
        let say = |point, limits| check("c", "chance", estimate(point, limits)).sentence;
        assert_eq!(
            say(-0.003, Some((-0.011, 0.005))),
            "does not beat chance (difference −0.3 points, 95% interval −1.1 to +0.5)"
        );
        assert!(say(0.02, Some((0.01, 0.03))).starts_with("beats chance"));
        assert!(say(-0.02, Some((-0.03, -0.01))).starts_with("is worse than chance"));
        assert!(say(0.5, None).contains("too few samples"));
        assert!(!say(-0.0001, Some((-0.1, 0.1))).contains("−0.0 points"));
    }
}
