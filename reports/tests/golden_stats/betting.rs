use crate::{CLOSED, ROOT, close, close_all, close_pair, golden, int, num, rows};
use serde_json::Value;
use weighbridge_reports::stats::Interval;
use weighbridge_reports::stats::betting::{
    Horizon, Looks, asymptotic_cs, asymptotic_rho2, asymptotic_rho2_approximate,
    calibrate_integrated, calibrate_power, discordant_jeffreys, discordant_losses, hedged_bets,
    hedged_capital, predmix_empirical_bernstein, predmix_hoeffding,
};

fn bernoulli() -> Vec<f64> {
    [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0].repeat(5)
}

fn uniform() -> Vec<f64> {
    (0..40).map(|i| f64::from(i * 37 % 101) / 100.0).collect()
}

fn rescaled() -> Vec<f64> {
    let mut block = [0.5; 20];
    block[9] = 0.0;
    block.repeat(5)
}

fn check(x: &[f64], g: &Value) {
    let (alpha, trunc) = (num(&g["alpha"]), num(&g["trunc_c"]));
    for row in rows(&g["cs_running_intersection"]) {
        let t = int(&row["t"]) as usize;
        let ci = hedged_capital(&x[..t], alpha, trunc, Horizon::Anytime, Looks::Running).unwrap();
        close(ci.lo, &row["lo"], ROOT, row);
        close(ci.hi, &row["hi"], ROOT, row);
    }
    for (looks, key) in [
        (Looks::Running, "fixed_n_ci_last_running"),
        (Looks::Last, "fixed_n_ci_last_no_running"),
    ] {
        let ci = hedged_capital(x, alpha, trunc, Horizon::FixedN, looks).unwrap();
        close(ci.lo, &g[key]["lo"], ROOT, key);
        close(ci.hi, &g[key]["hi"], ROOT, key);
    }
    let bets = |horizon| hedged_bets(x, alpha, horizon).unwrap()[..4].to_vec();
    close_all(&bets(Horizon::Anytime), &g["first_bets_cs"], CLOSED, "bets");
    close_all(
        &bets(Horizon::FixedN),
        &g["first_bets_fixed"],
        CLOSED,
        "bets",
    );
    authors_grid(x, g);
}

/// The authors' code answers on a grid of 20,000 points, so it may differ by one cell.
fn authors_grid(x: &[f64], g: &Value) {
    let near = |actual: f64, expected: &Value| (actual - num(expected)).abs() <= 1.0 / 19_000.0;
    for (horizon, key) in [(Horizon::Anytime, "cs"), (Horizon::FixedN, "fixed_n")] {
        let ci = hedged_capital(x, 0.05, 0.5, horizon, Looks::Running).unwrap();
        let expected = &g["authors_code_grid_20000"][key];
        assert!(
            near(ci.lo, &expected[0]) && near(ci.hi, &expected[1]),
            "{key}: {ci:?}"
        );
    }
}

#[test]
fn betting() {
    let g = golden("betting");
    check(&bernoulli(), &g["bernoulli_80pct_n50"]);
    check(&uniform(), &g["lcg_uniform_n40"]);
    check(&rescaled(), &g["paired_diff_rescaled_n100"]);
}

#[test]
fn predmix() {
    let g = golden("predmix");
    for (x, key) in [
        (bernoulli(), "bernoulli_80pct_n50"),
        (uniform(), "lcg_uniform_n40"),
    ] {
        let pair = |ci: Interval, name: &str| close_pair(ci, &g[key][name], CLOSED, name);
        pair(
            predmix_empirical_bernstein(&x, 0.05).unwrap(),
            "empirical_bernstein_last",
        );
        pair(predmix_hoeffding(&x, 0.05).unwrap(), "hoeffding_last");
    }
}

#[test]
fn asymptotic_confidence_sequence() {
    let g = golden("asymptotic_cs");
    for row in rows(&g).iter().filter(|row| row.get("ci").is_some()) {
        let [mean, sd, rho2, alpha] = ["mean", "sd", "rho2", "alpha"].map(|key| num(&row[key]));
        let ci = asymptotic_cs(mean, sd, int(&row["t"]), rho2, alpha).unwrap();
        close_pair(ci, &row["ci"], CLOSED, &row.to_string());
    }
    close(
        asymptotic_rho2(500, 0.05).unwrap(),
        &g[2]["rho2_lambert_t500"],
        CLOSED,
        "Lambert W",
    );
    let approximate = asymptotic_rho2_approximate(500, 0.05).unwrap();
    close(
        approximate,
        &g[2]["rho2_approx_t500"],
        CLOSED,
        "approximation",
    );
}

#[test]
fn discordant_e_process() {
    for row in rows(&golden("discordant_e_process")["rows"]) {
        let (c, b, q0) = (int(&row["c"]), int(&row["b"]), num(&row["q0"]));
        let mixture = discordant_jeffreys(c, b, q0).unwrap();
        close(mixture, &row["e_jeffreys_mixture"], CLOSED, row);
        let one_sided = discordant_losses(c, b, q0).unwrap();
        close(one_sided, &row["e_one_sided_uniform_above_q0"], CLOSED, row);
    }
}

#[test]
fn calibrators() {
    for row in rows(&golden("calibrators")) {
        let p = num(&row["p"]);
        close(
            calibrate_power(p, 0.5).unwrap(),
            &row["kappa_half"],
            CLOSED,
            row,
        );
        close(
            calibrate_integrated(p).unwrap(),
            &row["ramdas_int"],
            CLOSED,
            row,
        );
    }
}
