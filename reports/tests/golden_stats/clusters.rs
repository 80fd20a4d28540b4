use crate::{CLOSED, close, close_bounds, close_pair, golden, nums, rows};
use serde_json::Value;
use weighbridge_reports::stats::clustered::clustered_mean;
use weighbridge_reports::stats::ratio::ratio_of_sums;

fn ids(value: &Value) -> Vec<u32> {
    rows(value).iter().map(|id| crate::int(id) as u32).collect()
}

#[test]
fn clustered_se() {
    let g = golden("clustered_se");
    let m = clustered_mean(&nums(&g["y"]), &ids(&g["cluster"])).unwrap();
    assert_eq!((m.n, m.clusters), (17, 6));
    close(m.mean, &g["mean"], CLOSED, "mean");
    close(m.se_iid.unwrap(), &g["se_iid"], CLOSED, "iid");
    close(m.se_cr0.unwrap(), &g["se_cr0_miller"], CLOSED, "CR0");
    close(m.se_cr1.unwrap(), &g["se_cr1_inspect"], CLOSED, "CR1");
    close(
        m.se_cr1.unwrap(),
        &g["se_statsmodels_use_correction"],
        CLOSED,
        "CR1",
    );
    close(m.se_cr2.unwrap(), &g["se_cr2"], CLOSED, "CR2");
    close(m.se_cr3.unwrap(), &g["se_cr3_jackknife"], CLOSED, "CR3");
    close(m.df.unwrap(), &g["satterthwaite_df_cr2"], CLOSED, "df");
    close(
        m.design_effect().unwrap(),
        &g["design_effect_cr1"],
        CLOSED,
        "design effect",
    );
    let ci = m.interval(0.95).unwrap().unwrap();
    close_pair(ci, &g["ci_t_cr2"], CLOSED, "CR2 interval");
}

#[test]
fn clustered_paired() {
    let g = golden("clustered_paired");
    let (a, b) = (nums(&g["candidate"]), nums(&g["baseline"]));
    let d: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    let m = clustered_mean(&d, &ids(&g["cluster"])).unwrap();
    close(m.mean, &g["mean_diff"], CLOSED, "mean");
    close(m.se_iid.unwrap(), &g["se_iid"], CLOSED, "iid");
    close(m.se_cr0.unwrap(), &g["se_cr0"], CLOSED, "CR0");
    close(m.se_cr1.unwrap(), &g["se_cr1"], CLOSED, "CR1");
    close(m.se_cr2.unwrap(), &g["se_cr2"], CLOSED, "CR2");
    // The unpaired error ignores the covariance of the arms, which is why it is larger.
    let singles: Vec<u32> = (0..17).collect();
    let error = |x: &[f64]| clustered_mean(x, &singles).unwrap().se_iid.unwrap();
    let (se_a, se_b) = (error(&a), error(&b));
    close(se_a.hypot(se_b), &g["se_unpaired"], CLOSED, "unpaired");
    let covariance = (se_a * se_a + se_b * se_b - m.se_iid.unwrap().powi(2)) / 2.0;
    close(
        covariance / (se_a * se_b),
        &g["corr"],
        CLOSED,
        "correlation",
    );
}

#[test]
fn cost_ratio() {
    let g = golden("cost_ratio");
    let (cand, base) = (nums(&g["cand"]), nums(&g["base"]));
    let r = ratio_of_sums(&cand, &base, None).unwrap();
    close(r.ratio, &g["ratio_of_sums"], CLOSED, "ratio");
    close(1.0 - r.ratio, &g["saving"], CLOSED, "saving");
    close(r.delta_se.unwrap(), &g["delta_se"], CLOSED, "delta");
    close(
        r.jackknife_se.unwrap(),
        &g["jackknife_se"],
        CLOSED,
        "jackknife",
    );
    let delta = r.delta_interval(0.95).unwrap().unwrap();
    close_pair(delta, &g["delta_ci_t"], CLOSED, "delta interval");
    let fieller = r.fieller(0.95).unwrap().unwrap();
    close(fieller.g, &g["fieller_g"], CLOSED, "g");
    close_bounds(fieller.bounds, &g["fieller_ci"], CLOSED, "Fieller");
    // The other estimand, which the crate does not offer, is far away on these data.
    let other = cand.iter().zip(&base).map(|(a, b)| a / b).sum::<f64>() / 10.0;
    close(other, &g["mean_of_ratios"], CLOSED, "mean of ratios");
    assert!((r.ratio - other).abs() > 0.1);
}
