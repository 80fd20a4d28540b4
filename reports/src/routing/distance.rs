//! LLMRouterBench's ParetoDist: how far a method stays from the joint front.

use super::Point;

/// Mean distance of a method's points to the nearest point of the Pareto front of all methods, both
/// axes scaled to `[0, 1]` by the range of `all`. 0 if every point is on the front. `None` without
/// points, or where `all` is empty.
///
/// An axis without range contributes nothing.
pub fn mean_distance_to_front(method: &[Point], all: &[Point]) -> Option<f64> {
    let (costs, qualities) = (range(all, |p| p.cost)?, range(all, |p| p.quality)?);
    let front: Vec<Point> = all.iter().copied().filter(|p| on_front(*p, all)).collect();
    if method.is_empty() {
        return None;
    }
    let nearest = |p: &Point| {
        let distances = front.iter().map(|f| {
            let x = scaled(p.cost - f.cost, costs);
            let y = scaled(p.quality - f.quality, qualities);
            x.hypot(y)
        });
        distances.fold(f64::INFINITY, f64::min)
    };
    Some(method.iter().map(nearest).sum::<f64>() / method.len() as f64)
}

fn on_front(p: Point, all: &[Point]) -> bool {
    !all.iter().any(|q| {
        q.cost <= p.cost && q.quality >= p.quality && (q.cost < p.cost || q.quality > p.quality)
    })
}

fn range(points: &[Point], of: fn(&Point) -> f64) -> Option<f64> {
    let low = points.iter().map(of).reduce(f64::min)?;
    let high = points.iter().map(of).reduce(f64::max)?;
    Some(high - low)
}

fn scaled(difference: f64, range: f64) -> f64 {
    if range > 0.0 { difference / range } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_the_front_have_no_distance() {
        let all = [
            Point::new(0.0, 0.0),
            Point::new(1.0, 1.0),
            Point::new(1.0, 0.5),
        ];
        assert_eq!(mean_distance_to_front(&all[..2], &all), Some(0.0));
        assert_eq!(mean_distance_to_front(&all[1..], &all), Some(0.25));
        assert_eq!(mean_distance_to_front(&[], &all), None);
        assert_eq!(mean_distance_to_front(&all, &[]), None);
    }
}
