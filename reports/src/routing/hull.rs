//! The non-decreasing convex hull of points in the cost-quality plane (Hu et al. 2024, RouterBench).

use serde::{Deserialize, Serialize};

/// A point of the plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Cost, in any one unit.
    pub cost: f64,
    /// Mean score.
    pub quality: f64,
}

impl Point {
    /// A point from its coordinates.
    pub fn new(cost: f64, quality: f64) -> Self {
        Self { cost, quality }
    }
}

/// Positions of the points that are corners of the non-decreasing convex hull, by growing cost.
///
/// The hull is the best mean quality that mixing at random reaches at each cost. Points that are not
/// finite are left out; of equal points the first counts; points on an edge are no corners.
pub fn hull_corners(points: &[Point]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len())
        .filter(|&i| points[i].cost.is_finite() && points[i].quality.is_finite())
        .collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (points[a], points[b]);
        a.cost
            .total_cmp(&b.cost)
            .then(b.quality.total_cmp(&a.quality))
    });
    let mut hull: Vec<usize> = Vec::new();
    let mut best = f64::NEG_INFINITY;
    for i in order {
        let new = points[i];
        if new.quality <= best {
            continue;
        }
        best = new.quality;
        while let [.., a, b] = hull[..]
            && !turns_right(points[a], points[b], new)
        {
            hull.pop();
        }
        hull.push(i);
    }
    hull
}

/// Corners of the hull as points; see [`hull_corners`].
pub fn non_decreasing_hull(points: &[Point]) -> Vec<Point> {
    hull_corners(points)
        .into_iter()
        .map(|i| points[i])
        .collect()
}

/// Quality of a hull at a cost: linear between corners, flat after the last. `None` below the first
/// corner, where nothing can be bought, and for an empty hull.
pub fn hull_quality(hull: &[Point], cost: f64) -> Option<f64> {
    let after = hull.partition_point(|p| p.cost <= cost);
    let before = hull.get(after.checked_sub(1)?)?;
    let Some(next) = hull.get(after) else {
        return Some(before.quality);
    };
    let part = (cost - before.cost) / (next.cost - before.cost);
    Some(before.quality + (next.quality - before.quality) * part)
}

/// Integral of a hull from its first corner to `to`, flat after its last corner. 0 where `to` is not
/// beyond the first corner.
pub fn hull_area(hull: &[Point], to: f64) -> f64 {
    let mut area = 0.0;
    for pair in hull.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let end = b.cost.min(to);
        if end > a.cost {
            let part = (end - a.cost) / (b.cost - a.cost);
            let quality = a.quality + (b.quality - a.quality) * part;
            area += 0.5 * (a.quality + quality) * (end - a.cost);
        }
    }
    if let Some(last) = hull.last().filter(|last| to > last.cost) {
        area += last.quality * (to - last.cost);
    }
    area
}

fn turns_right(a: Point, b: Point, c: Point) -> bool {
    (b.quality - a.quality) * (c.cost - b.cost) > (c.quality - b.quality) * (b.cost - a.cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falling_points_and_points_below_a_chord_are_no_corners() {
        let points = [
            Point::new(3.0, 0.9),
            Point::new(1.0, 0.5),
            Point::new(2.0, 0.6),
            Point::new(4.0, 0.8),
            Point::new(1.0, 0.4),
            Point::new(f64::NAN, 1.0),
        ];
        assert_eq!(hull_corners(&points), [1, 0]);
    }

    #[test]
    fn quality_is_linear_between_corners_and_flat_beyond() {
        let hull = [Point::new(1.0, 0.4), Point::new(3.0, 0.8)];
        assert_eq!(hull_quality(&hull, 0.5), None);
        assert_eq!(hull_quality(&hull, 1.0), Some(0.4));
        assert!((hull_quality(&hull, 2.0).unwrap() - 0.6).abs() < 1e-15);
        assert_eq!(hull_quality(&hull, 9.0), Some(0.8));
        assert!((hull_area(&hull, 4.0) - 2.0).abs() < 1e-15);
        assert!((hull_area(&hull, 2.0) - 0.5).abs() < 1e-15);
    }
}
