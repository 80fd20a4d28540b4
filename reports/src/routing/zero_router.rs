//! The zero router: mixing single models at random (Hu et al. 2024, RouterBench).

use super::hull::{Point, hull_corners};

/// Two single models and how often the dearer one is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mix {
    /// Position of the cheaper model.
    pub lower: usize,
    /// Position of the dearer model; the same as `lower` where nothing is mixed.
    pub upper: usize,
    /// Share of requests sent to `upper`, in `[0, 1]`.
    pub upper_share: f64,
    /// Quality gained per unit of cost along the edge of the hull; 0 where nothing is mixed.
    pub slope: f64,
}

/// The best random mix of the single models at a mean cost: a point of their hull.
///
/// Below the cheapest corner nothing can be mixed and the cheapest corner stands; beyond the dearest
/// corner the best model stands, for it costs less and nothing is better. `None` without models.
pub fn mix_at_cost(singles: &[Point], cost: f64) -> Option<Mix> {
    let corners = hull_corners(singles);
    let after = corners.partition_point(|&i| singles[i].cost <= cost);
    let alone = |i: usize| Mix {
        lower: i,
        upper: i,
        upper_share: 0.0,
        slope: 0.0,
    };
    let Some(before) = after.checked_sub(1) else {
        return corners.first().map(|&i| alone(i));
    };
    let lower = corners[before];
    let Some(&upper) = corners.get(after) else {
        return Some(alone(lower));
    };
    let (a, b) = (singles[lower], singles[upper]);
    Some(Mix {
        lower,
        upper,
        upper_share: (cost - a.cost) / (b.cost - a.cost),
        slope: (b.quality - a.quality) / (b.cost - a.cost),
    })
}

impl Mix {
    /// Expected value of the mix, given the values of its two models.
    pub fn expect(&self, lower: f64, upper: f64) -> f64 {
        lower + (upper - lower) * self.upper_share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_spends_the_cost() {
        let singles = [
            Point::new(10.0, 0.9),
            Point::new(1.0, 0.5),
            Point::new(5.0, 0.5),
        ];
        let mix = mix_at_cost(&singles, 4.0).unwrap();
        assert_eq!((mix.lower, mix.upper), (1, 0));
        assert!((mix.expect(1.0, 10.0) - 4.0).abs() < 1e-12);
        assert!((mix.expect(0.5, 0.9) - (0.5 + 0.4 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn outside_the_hull_the_nearest_useful_model_stands() {
        let singles = [Point::new(1.0, 0.5), Point::new(2.0, 0.9)];
        assert_eq!(mix_at_cost(&singles, 0.1).unwrap().upper, 0);
        assert_eq!(mix_at_cost(&singles, 7.0).unwrap().lower, 1);
        assert_eq!(mix_at_cost(&[], 7.0), None);
    }
}
