use crate::{CLOSED, ROOT, close, close_all, golden, int, num, nums, rows};
use serde_json::Value;
use weighbridge_reports::stats::hull::{
    CostQuality, area, nondecreasing_upper_hull, normalised_area, pareto,
};
use weighbridge_reports::stats::planning::{
    PairedVariance, decompose_repeats, min_n_without_flips_exact, min_n_without_flips_score,
    non_inferiority_items,
};
use weighbridge_reports::stats::shrinkage::{
    TauMethod, beta_prior_likelihood, beta_prior_moments, random_effects,
};

#[test]
fn resampling_decomposition() {
    let g = golden("resampling_decomposition");
    let scores: Vec<Vec<f64>> = rows(&g["scores"]).iter().map(nums).collect();
    let split = decompose_repeats(&scores).unwrap();
    close(split.mean, &g["mean"], CLOSED, "mean");
    close(
        split.se,
        &g["se_of_mean_from_question_means"],
        CLOSED,
        "error",
    );
    close(split.within, &g["mean_within_var"], CLOSED, "within");
    close(split.between, &g["between_var_unbiased"], CLOSED, "between");
    close(
        split.se_naive,
        &g["naive_se_treating_all_iid"],
        CLOSED,
        "naive",
    );
}

#[test]
fn miller_power() {
    let g = golden("miller_power");
    for row in rows(&g["rows"]) {
        let variance = PairedVariance {
            between: num(&row["omega2"]),
            candidate: (num(&row["sA2"]), int(&row["KA"]) as u32),
            baseline: (num(&row["sB2"]), int(&row["KB"]) as u32),
        };
        let n = variance.items(num(&row["delta"]), 0.05, 0.8).unwrap();
        close(n, &row["n"], CLOSED, row);
    }
    let noise = (1.0 / 6.0, 1);
    let variance = PairedVariance {
        between: 1.0 / 9.0,
        candidate: noise,
        baseline: noise,
    };
    close(
        variance.detectable(198, 0.05, 0.8).unwrap(),
        &g["mde_at_n198"],
        CLOSED,
        "MDE",
    );
}

#[test]
fn ni_min_n_zero_discordant() {
    for row in rows(&golden("ni_min_n_zero_discordant")) {
        let (margin, alpha) = (num(&row["margin"]), num(&row["alpha"]));
        assert_eq!(
            min_n_without_flips_score(margin, alpha).unwrap(),
            int(&row["tango_n"]),
            "{row}"
        );
        let exact = min_n_without_flips_exact(margin, alpha).unwrap();
        assert_eq!(exact, int(&row["exact_rule_n"]), "{row}");
    }
}

#[test]
fn ni_sample_size_normal() {
    for row in rows(&golden("ni_sample_size_normal")) {
        let [margin, flips, alpha, power] =
            ["margin", "discordance", "alpha", "power"].map(|key| num(&row[key]));
        let n = non_inferiority_items(margin, flips, alpha, power).unwrap();
        assert_eq!(n, int(&row["n"]), "{row}");
    }
}

#[test]
fn beta_binomial_eb() {
    let g = golden("beta_binomial_eb");
    let groups: Vec<(u64, u64)> = rows(&g["data"])
        .iter()
        .map(|row| (int(&row[0]), int(&row[1])))
        .collect();
    let rates: Vec<f64> = groups.iter().map(|&(x, n)| x as f64 / n as f64).collect();
    let mean = rates.iter().sum::<f64>() / 70.0;
    let variance = rates.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 69.0;
    close(mean, &g["mean"], CLOSED, "mean");
    close(variance, &g["var_ddof1"], CLOSED, "variance");
    let moments = beta_prior_moments(&groups).unwrap();
    close(moments.alpha, &g["mom_alpha"], CLOSED, "alpha by moments");
    close(moments.beta, &g["mom_beta"], CLOSED, "beta by moments");
    close(
        moments.shrink(4, 14),
        &g["shrunk_4_of_14_mom"],
        CLOSED,
        "shrunk",
    );
    let fitted = beta_prior_likelihood(&groups).unwrap();
    close(fitted.alpha, &g["mle_alpha"], 1e-5, "alpha by likelihood");
    close(fitted.beta, &g["mle_beta"], 1e-5, "beta by likelihood");
    close(
        fitted.shrink(4, 14),
        &g["shrunk_4_of_14_mle"],
        ROOT,
        "shrunk",
    );
}

#[test]
fn random_effects_bcg() {
    let g = golden("random_effects");
    let (y, v) = (nums(&g["yi"]), nums(&g["vi"]));
    for (row, (y, v)) in rows(&g["tables_a_b_c_d"]).iter().zip(y.iter().zip(&v)) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| num(&row[i]));
        let log_risk = (a / (a + b) / (c / (c + d))).ln();
        assert!((log_risk - y).abs() < 1e-12);
        assert!((1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d) - v).abs() < 1e-12);
    }
    let fit = random_effects(&y, &v, TauMethod::DerSimonianLaird).unwrap();
    close(fit.fixed_mean, &g["fixed"], CLOSED, "fixed");
    close(fit.q, &g["Q"], CLOSED, "Q");
    close(fit.i2, &g["I2"], CLOSED, "I2");
    close(fit.tau2, &g["tau2_DL"], CLOSED, "tau2");
    close(fit.mean, &g["mu_DL"], CLOSED, "mean");
    close(fit.se, &g["se_DL"], CLOSED, "error");
    close(
        fit.se_hartung_knapp,
        &g["se_hartung_knapp_DL"],
        CLOSED,
        "Hartung-Knapp",
    );
    close_all(&fit.shrunken, &g["blup"], CLOSED, "shrunken");
    let fit = random_effects(&y, &v, TauMethod::PauleMandel).unwrap();
    close(fit.tau2, &g["tau2_PM"], ROOT, "Paule-Mandel");
}

#[test]
fn random_effects_eight_schools() {
    let g = golden("random_effects_eight_schools");
    let v: Vec<f64> = nums(&g["se"]).iter().map(|se| se * se).collect();
    let fit = random_effects(&nums(&g["y"]), &v, TauMethod::DerSimonianLaird).unwrap();
    close(fit.fixed_mean, &g["mu_fixed"], CLOSED, "mean");
    close(fit.fixed_se, &g["se_fixed"], CLOSED, "error");
    close(fit.q, &g["Q"], CLOSED, "Q");
    assert_eq!(fit.tau2, 0.0);
}

#[test]
fn cost_quality_hull() {
    let g = golden("cost_quality_hull");
    let points = |v: &Value| -> Vec<CostQuality> {
        rows(v)
            .iter()
            .map(|p| CostQuality {
                cost: num(&p[0]),
                quality: num(&p[1]),
            })
            .collect()
    };
    let all = points(&g["points_cost_quality"]);
    assert_eq!(pareto(&all).unwrap(), points(&g["pareto"]));
    let hull = nondecreasing_upper_hull(&all).unwrap();
    assert_eq!(hull, points(&g["nondecreasing_upper_hull"]));
    close(area(&hull), &g["area"], CLOSED, "area");
    close(
        normalised_area(&hull).unwrap(),
        &g["normalised_area"],
        CLOSED,
        "normalised area",
    );
}
