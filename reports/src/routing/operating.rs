//! LLMRouterBench's PerfGain and CostSave.

use super::Point;

/// Best operating points of a router against the best single model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestOperating {
    /// PerfGain: highest quality of any setting, relative to the best single model's, minus 1.
    pub performance_gain: Option<f64>,
    /// CostSave: largest relative saving among settings at least as good as the best single model;
    /// negative if all of those cost more. `None` if no setting is as good.
    pub cost_save: Option<f64>,
}

/// PerfGain and CostSave over the settings of one router.
///
/// Both take the best setting on the data it is judged by and are therefore optimistic: choose the
/// setting on a split of its own before quoting them.
pub fn best_operating(settings: &[Point], best_single: Point) -> BestOperating {
    let highest = settings.iter().map(|s| s.quality).reduce(f64::max);
    let cheapest = settings
        .iter()
        .filter(|s| s.quality >= best_single.quality)
        .map(|s| s.cost)
        .reduce(f64::min);
    BestOperating {
        performance_gain: highest
            .filter(|_| best_single.quality > 0.0)
            .map(|q| q / best_single.quality - 1.0),
        cost_save: cheapest
            .filter(|_| best_single.cost > 0.0)
            .map(|c| 1.0 - c / best_single.cost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_saving_counts_only_settings_that_are_as_good() {
        let single = Point::new(10.0, 0.8);
        let settings = [
            Point::new(1.0, 0.5),
            Point::new(6.0, 0.8),
            Point::new(20.0, 0.84),
        ];
        let best = best_operating(&settings, single);
        assert!((best.performance_gain.unwrap() - 0.05).abs() < 1e-12);
        assert!((best.cost_save.unwrap() - 0.4).abs() < 1e-12);
        assert_eq!(best_operating(&settings[..1], single).cost_save, None);
    }
}
