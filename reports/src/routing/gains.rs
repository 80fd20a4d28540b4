//! LLMRouterBench's relative gains.

/// Relative gains over datasets; `None` where a reference is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gains {
    /// Gain@R: quality over that of a uniformly random model, minus 1.
    pub over_random: Option<f64>,
    /// Gain@B: quality over that of the best single model, minus 1.
    pub over_best: Option<f64>,
    /// Gap@O: 1 minus quality over that of the oracle.
    pub to_oracle: Option<f64>,
}

/// Mean quality of one router and its references on one dataset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatasetQuality {
    /// The router.
    pub router: f64,
    /// A uniformly random model of the pool.
    pub random: f64,
    /// The model that is best over all datasets.
    pub best_single: f64,
    /// The oracle.
    pub oracle: f64,
}

/// Gain@R, Gain@B and Gap@O of quality averaged over datasets, each dataset weighing the same.
pub fn gains(datasets: &[DatasetQuality]) -> Gains {
    let mean = |of: fn(&DatasetQuality) -> f64| -> f64 {
        datasets.iter().map(of).sum::<f64>() / datasets.len() as f64
    };
    let router = mean(|d| d.router);
    let over = |reference: f64| (reference > 0.0).then(|| router / reference - 1.0);
    Gains {
        over_random: over(mean(|d| d.random)),
        over_best: over(mean(|d| d.best_single)),
        to_oracle: over(mean(|d| d.oracle)).map(|x| -x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_to_the_mean_over_datasets() {
        let a = DatasetQuality {
            router: 0.6,
            random: 0.4,
            best_single: 0.5,
            oracle: 0.8,
        };
        let b = DatasetQuality {
            router: 0.8,
            random: 0.3,
            best_single: 0.9,
            oracle: 0.9,
        };
        let g = gains(&[a, b]);
        assert!((g.over_random.unwrap() - 1.0).abs() < 1e-12);
        assert!(g.over_best.unwrap().abs() < 1e-12);
        assert!((g.to_oracle.unwrap() - (1.0 - 1.4 / 1.7)).abs() < 1e-12);
        assert_eq!(gains(&[]).over_best, None);
    }
}
