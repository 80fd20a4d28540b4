//! Shrunken slice differences, for display only: a shrunken value hides the one bad slice.

/// Normal-normal shrinkage towards the common mean with the DerSimonian-Laird (1986) variance
/// between slices. `None` entries have no standard error and are left out.
pub(crate) fn shrunken(values: &[Option<(f64, f64)>]) -> Vec<Option<f64>> {
    let known: Vec<(f64, f64)> = values.iter().flatten().copied().collect();
    let Some(between) = variance_between(&known) else {
        return vec![None; values.len()];
    };
    let weight = |se: f64| 1.0 / (se * se + between);
    let total: f64 = known.iter().map(|&(_, se)| weight(se)).sum();
    let mean = known.iter().map(|&(y, se)| y * weight(se)).sum::<f64>() / total;
    let pull = |(y, se): (f64, f64)| mean + between / (between + se * se) * (y - mean);
    values.iter().map(|v| v.map(pull)).collect()
}

/// `max(0, (Q - (k - 1)) / (sum w - sum w^2 / sum w))`; `None` with fewer than two values.
fn variance_between(known: &[(f64, f64)]) -> Option<f64> {
    if known.len() < 2 || known.iter().any(|&(_, se)| se <= 0.0) {
        return None;
    }
    let weights: Vec<f64> = known.iter().map(|&(_, se)| 1.0 / (se * se)).collect();
    let total: f64 = weights.iter().sum();
    let weighted = |f: &dyn Fn(f64) -> f64| -> f64 {
        known.iter().zip(&weights).map(|(v, w)| w * f(v.0)).sum()
    };
    let mean = weighted(&|y| y) / total;
    let q = weighted(&|y| (y - mean).powi(2));
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    Some(((q - (known.len() as f64 - 1.0)) / (total - squares / total)).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bcg_vaccine_trials_have_the_published_variance() {
        // The first values of the BCG table as metafor gives them; DL of all 13 is 0.30876.
        let text = include_str!("../../testdata/golden_stats.json");
        let golden: serde_json::Value = serde_json::from_str(text).unwrap();
        let case = &golden["random_effects"];
        let list = |key: &str| -> Vec<f64> { serde_json::from_value(case[key].clone()).unwrap() };
        let known: Vec<(f64, f64)> = list("yi")
            .into_iter()
            .zip(list("vi").into_iter().map(f64::sqrt))
            .collect();
        let between = variance_between(&known).unwrap();
        assert!((between - case["tau2_DL"].as_f64().unwrap()).abs() < 1e-12);
        let values: Vec<_> = known.iter().copied().map(Some).collect();
        for (ours, theirs) in shrunken(&values).iter().zip(list("blup")) {
            assert!((ours.unwrap() - theirs).abs() < 1e-9, "{ours:?} {theirs}");
        }
    }

    #[test]
    fn one_slice_is_not_shrunk() {
        assert_eq!(shrunken(&[Some((0.1, 0.2)), None]), [None, None]);
    }
}
