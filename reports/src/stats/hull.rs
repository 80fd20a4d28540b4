//! Cost-quality fronts: which policies are worth having, and what mixing them can reach.

use super::error::StatsError;

/// A policy as a point: cost (any unit, lower is better) and quality (higher is better).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostQuality {
    /// Mean cost per request.
    pub cost: f64,
    /// Mean score.
    pub quality: f64,
}

fn sorted(points: &[CostQuality]) -> Result<Vec<CostQuality>, StatsError> {
    for (index, p) in points.iter().enumerate() {
        for value in [p.cost, p.quality] {
            if !value.is_finite() {
                return Err(StatsError::NotFinite {
                    what: "cost-quality points",
                    index,
                    value,
                });
            }
        }
    }
    let mut points = points.to_vec();
    // At equal cost the better one first, so that it hides the others.
    points.sort_by(|a, b| {
        a.cost
            .total_cmp(&b.cost)
            .then(b.quality.total_cmp(&a.quality))
    });
    Ok(points)
}

/// Points that no other point beats in both cost and quality, by ascending cost. Exact duplicates
/// appear once.
///
/// # Errors
/// A point that is not finite.
pub fn pareto(points: &[CostQuality]) -> Result<Vec<CostQuality>, StatsError> {
    let mut front: Vec<CostQuality> = Vec::new();
    for point in sorted(points)? {
        if front.last().is_none_or(|best| point.quality > best.quality) {
            front.push(point);
        }
    }
    Ok(front)
}

/// Upper concave hull of the Pareto front, by ascending cost: qualities never decrease. A point
/// between two neighbours is reachable only by randomising between them; say so where it is drawn.
///
/// # Errors
/// A point that is not finite.
pub fn nondecreasing_upper_hull(points: &[CostQuality]) -> Result<Vec<CostQuality>, StatsError> {
    let mut hull: Vec<CostQuality> = Vec::new();
    for point in pareto(points)? {
        while let [.., a, b] = hull[..] {
            let cross = (b.cost - a.cost) * (point.quality - a.quality)
                - (b.quality - a.quality) * (point.cost - a.cost);
            // Collinear up to rounding: the point stays, it is an existing policy.
            let scale = (b.cost - a.cost).abs() * (point.quality - a.quality).abs();
            if cross <= 1e-12 * scale {
                break;
            }
            hull.pop();
        }
        hull.push(point);
    }
    Ok(hull)
}

/// Area under a piecewise linear curve of ascending cost, in cost times quality.
pub fn area(curve: &[CostQuality]) -> f64 {
    let trapezium =
        |w: &[CostQuality]| (w[1].cost - w[0].cost) * 0.5 * (w[0].quality + w[1].quality);
    curve.windows(2).map(trapezium).sum()
}

/// [`area`] over the range of cost: the mean quality of a uniformly drawn budget. `None` when the curve
/// has no width.
pub fn normalised_area(curve: &[CostQuality]) -> Option<f64> {
    let width = curve.last()?.cost - curve.first()?.cost;
    (width > 0.0).then(|| area(curve) / width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cost: f64, quality: f64) -> CostQuality {
        CostQuality { cost, quality }
    }

    #[test]
    fn points_below_a_chord_leave_the_hull_but_not_the_front() {
        let points = [
            at(0.0, 0.0),
            at(0.5, 0.1),
            at(1.0, 1.0),
            at(2.0, 0.5),
            at(0.5, 0.05),
        ];
        assert_eq!(pareto(&points).unwrap().len(), 3);
        assert_eq!(
            nondecreasing_upper_hull(&points).unwrap(),
            [at(0.0, 0.0), at(1.0, 1.0)]
        );
    }

    #[test]
    fn degenerate_input() {
        assert!(pareto(&[]).unwrap().is_empty());
        assert_eq!(normalised_area(&[at(1.0, 0.5)]), None);
        assert_eq!(pareto(&[at(1.0, 0.5), at(1.0, 0.5)]).unwrap().len(), 1);
        assert!(pareto(&[at(f64::NAN, 0.5)]).is_err());
    }
}
