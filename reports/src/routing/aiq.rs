//! Average improvement in quality, AIQ (Hu et al. 2024, RouterBench).

use super::hull::{Point, hull_area, non_decreasing_hull};

/// The range of costs that all compared routers share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostRange {
    /// Smallest cost.
    pub min: f64,
    /// Largest cost.
    pub max: f64,
}

impl CostRange {
    /// The range that holds all finite costs; `None` if there are none.
    pub fn of(costs: impl IntoIterator<Item = f64>) -> Option<Self> {
        costs
            .into_iter()
            .filter(|c| c.is_finite())
            .map(|c| Self { min: c, max: c })
            .reduce(|a, b| Self {
                min: a.min.min(b.min),
                max: a.max.max(b.max),
            })
    }
}

/// AIQ as the paper defines it: the integral of the router's non-decreasing convex hull over the
/// common cost range, divided by its width.
///
/// After its last corner the hull stays flat. Before its first corner the router is mixed with the
/// null router (quality 0 at cost 0), as nothing else costs less. `None` for an empty range or
/// without points.
pub fn aiq_paper(points: &[Point], range: CostRange) -> Option<f64> {
    let hull = non_decreasing_hull(points);
    let first = *hull.first()?;
    let width = range.max - range.min;
    if width <= 0.0 {
        return None;
    }
    let mut extended = hull;
    if first.cost > range.min && first.cost > 0.0 {
        let at = first.quality * range.min.max(0.0) / first.cost;
        extended.insert(0, Point::new(range.min, at));
    }
    Some((hull_area(&extended, range.max) - hull_area(&extended, range.min)) / width)
}

/// AIQ as the released code computes it: the integral from the router's own smallest cost to
/// `c_max`, divided by `c_max`. `None` without points or for `c_max <= 0`.
///
/// It rewards routers that start cheap and is not comparable with [`aiq_paper`].
pub fn aiq_released(points: &[Point], c_max: f64) -> Option<f64> {
    let hull = non_decreasing_hull(points);
    (!hull.is_empty() && c_max > 0.0).then(|| hull_area(&hull, c_max) / c_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_normalisations_by_hand() {
        let points = [Point::new(1.0, 0.5), Point::new(3.0, 0.9)];
        let range = CostRange { min: 1.0, max: 4.0 };
        // 0.7 * 2 + 0.9 * 1 = 2.3.
        assert!((aiq_paper(&points, range).unwrap() - 2.3 / 3.0).abs() < 1e-15);
        assert!((aiq_released(&points, 4.0).unwrap() - 2.3 / 4.0).abs() < 1e-15);
    }

    #[test]
    fn a_router_that_starts_late_is_mixed_with_nothing() {
        let points = [Point::new(2.0, 0.8)];
        let range = CostRange { min: 1.0, max: 3.0 };
        // From 0.4 to 0.8 over one unit, then 0.8 over one unit.
        assert!((aiq_paper(&points, range).unwrap() - 0.7).abs() < 1e-15);
    }

    #[test]
    fn a_router_that_starts_early_is_cut_to_the_common_range() {
        let points = [Point::new(0.0, 0.0), Point::new(2.0, 1.0)];
        let range = CostRange { min: 1.0, max: 2.0 };
        assert!((aiq_paper(&points, range).unwrap() - 0.75).abs() < 1e-15);
        assert_eq!(aiq_paper(&[], range), None);
        assert_eq!(aiq_paper(&points, CostRange { min: 1.0, max: 1.0 }), None);
    }

    #[test]
    fn the_range_covers_all_routers() {
        let range = CostRange::of([2.0, 0.5, f64::NAN, 1.0]).unwrap();
        assert_eq!(range, CostRange { min: 0.5, max: 2.0 });
        assert_eq!(CostRange::of([]), None);
    }
}
