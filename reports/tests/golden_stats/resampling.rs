use crate::{CLOSED, close, close_pair, golden, int, num, nums, rows};
use weighbridge_reports::stats::bootstrap::{
    TieRule, basic, bca, exhaustive, jackknife, linear_quantile, percentile,
};
use weighbridge_reports::stats::permutation::sign_flip;

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn median(x: &[f64]) -> f64 {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    0.5 * (sorted[(n - 1) / 2] + sorted[n / 2])
}

#[test]
fn sign_flip_exact() {
    let g = golden("sign_flip_exact");
    let flip = sign_flip(&nums(&g["d"]), None, 1024, 0).unwrap();
    close(flip.mean, &g["mean"], CLOSED, "mean");
    close(flip.p_two_sided, &g["p_two_sided"], CLOSED, "p");
    // Zeros have no sign to flip: 2^8 patterns stand for the 2^10 of the reference.
    assert!(flip.exact && flip.patterns * 4 == int(&g["n_perm"]));
}

#[test]
fn bca_exhaustive() {
    for (index, row) in rows(&golden("bca_exhaustive")).iter().enumerate() {
        // The third row of the reference was computed at 90 %, the others at 95 %.
        let level = if index == 2 { 0.90 } else { 0.95 };
        let x = nums(&row["x"]);
        let statistic = if row["stat"] == "median" {
            median
        } else {
            mean
        };
        let theta = statistic(&x);
        let values = exhaustive(&x, statistic).unwrap();
        close(theta, &row["theta"], CLOSED, "estimate");
        assert_eq!(values.len() as u64, int(&row["n_resamples"]));
        let centre = mean(&values);
        let squares = values
            .iter()
            .map(|v| (v - centre).powi(2))
            .collect::<Vec<_>>();
        close(
            mean(&squares).sqrt(),
            &row["boot_se"],
            1e-4,
            "bootstrap error",
        );
        let plain = percentile(&values, level).unwrap();
        close_pair(plain, &row["percentile_ci_type1"], CLOSED, "percentile");
        let reflected = basic(theta, &values, level).unwrap();
        close_pair(reflected, &row["basic_ci_type1"], CLOSED, "basic");
        let left_out = jackknife(&x, statistic);
        for (ties, key) in [
            (TieRule::Strict, "strict_less"),
            (TieRule::Half, "mid_ties"),
        ] {
            let g = &row[key];
            let b = bca(theta, &values, &left_out, level, ties).unwrap();
            close(b.acceleration, &row["acceleration"], CLOSED, "acceleration");
            close(b.p0, &g["p0"], CLOSED, "p0");
            close(b.z0, &g["z0"], CLOSED, "z0");
            close(b.alpha_lower, &g["alpha1"], CLOSED, "lower level");
            close(b.alpha_upper, &g["alpha2"], CLOSED, "upper level");
            close_pair(b.interval, &g["ci_type1"], CLOSED, key);
            let lower = linear_quantile(&values, b.alpha_lower).unwrap();
            let upper = linear_quantile(&values, b.alpha_upper).unwrap();
            close(lower, &g["ci_type7"][0], CLOSED, "interpolated");
            close(upper, &g["ci_type7"][1], CLOSED, "interpolated");
        }
    }
}

#[test]
fn bca_note() {
    // The note defines the two quantile rules that the rows above are checked with.
    let note = golden("bca_note");
    assert!(
        note.as_str()
            .unwrap()
            .contains("ci_type1 is the inverse-CDF quantile")
    );
    let sorted = [1.0, 2.0, 3.0, 4.0];
    let inverse = percentile(&sorted, 0.5).unwrap();
    assert_eq!((inverse.lo, inverse.hi), (1.0, 3.0));
    assert_eq!(linear_quantile(&sorted, 0.25).unwrap(), 1.75);
    assert!(num(&golden("bca_exhaustive")[0]["theta"]) > 0.0);
}
