use crate::{CLOSED, close, close_pair, golden, int, num, nums, rows};
use weighbridge_reports::stats::judge::{
    Critical, agreement, ppi_lambda, ppi_mean, ppi_plus_plus, rogan_gladen,
};
use weighbridge_reports::stats::ope::{Logged, OffPolicy};
use weighbridge_reports::stats::paired::PairedCounts;
use weighbridge_reports::stats::special::norm_quantile;

fn sample() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let g = golden("ppi_mean");
    let ones = int(&g["Yhat_unlabeled"]["ones"]) as usize;
    let zeros = int(&g["Yhat_unlabeled"]["zeros"]) as usize;
    let unlabelled = [vec![1.0; ones], vec![0.0; zeros]].concat();
    (nums(&g["Y"]), nums(&g["Yhat"]), unlabelled)
}

#[test]
fn ppi() {
    let g = golden("ppi_mean");
    let (y, f, unlabelled) = sample();
    let plain = ppi_mean(&y, &f, &unlabelled, 0.9, Critical::Normal).unwrap();
    close(plain.mean, &g["classic"]["point"][0], CLOSED, "mean");
    close(plain.mean, &g["classic"]["own_point"], CLOSED, "mean");
    close(plain.se, &g["classic"]["own_se_ddof0"], CLOSED, "error");
    close_pair(
        plain.interval,
        &g["classic"]["own_ci90"],
        CLOSED,
        "interval",
    );
    close(
        plain.interval.lo,
        &g["classic"]["ci90"][0][0],
        CLOSED,
        "reference lower",
    );
    close(
        plain.interval.hi,
        &g["classic"]["ci90"][1][0],
        CLOSED,
        "reference upper",
    );
    let tuned = ppi_plus_plus(&y, &f, &unlabelled, 0.9, true).unwrap();
    close(
        tuned.mean,
        &g["ppi_plus_plus"]["point"][0],
        CLOSED,
        "tuned mean",
    );
    close(
        tuned.interval.lo,
        &g["ppi_plus_plus"]["ci90"][0][0],
        CLOSED,
        "tuned lower",
    );
    close(
        tuned.interval.hi,
        &g["ppi_plus_plus"]["ci90"][1][0],
        CLOSED,
        "tuned upper",
    );
    // What the labels alone and the judge alone would have said.
    let share = y.iter().sum::<f64>() / 12.0;
    let half = norm_quantile(0.95) * (share * (1.0 - share) / 12.0).sqrt();
    close(share, &g["labelled_only"]["point"], CLOSED, "labels only");
    close(
        share - half,
        &g["labelled_only"]["ci90_wald"][0],
        CLOSED,
        "labels only",
    );
    close(
        unlabelled.iter().sum::<f64>() / 60.0,
        &g["judge_only"],
        CLOSED,
        "judge only",
    );
}

#[test]
fn ppi_lambda_note() {
    let (y, f, unlabelled) = sample();
    let lambda = ppi_lambda(&y, &f, &unlabelled).unwrap();
    close(
        lambda,
        &golden("ppi_lambda_note")["cov_ddof0_over_var_ddof1"],
        CLOSED,
        "lambda",
    );
    // With the other divisor of the pooled variance of 72 values.
    let other = &golden("ppi_mean")["ppi_plus_plus"]["lambda_own_formula"];
    close(lambda * 72.0 / 71.0, other, CLOSED, "lambda");
}

#[test]
fn rogan_gladen_rows() {
    for row in rows(&golden("rogan_gladen")) {
        let positive = (num(&row["sens"]), int(&row["npos"]));
        let negative = (num(&row["spec"]), int(&row["nneg"]));
        let judged = (int(&row["x"]), int(&row["n"]));
        let corrected = rogan_gladen(judged, positive, negative, 0.95).unwrap();
        close(corrected.rate, &row["theta"], CLOSED, row);
        close(corrected.clipped, &row["theta_clipped"], CLOSED, row);
        close(corrected.se, &row["se"], CLOSED, row);
        close_pair(corrected.interval, &row["ci"], CLOSED, &row.to_string());
    }
}

#[test]
fn agreement_rows() {
    for row in rows(&golden("agreement")) {
        let table: Vec<Vec<u64>> = rows(&row["table"])
            .iter()
            .map(|r| rows(r).iter().map(int).collect())
            .collect();
        let a = agreement(&table, 0.95).unwrap();
        close(a.observed, &row["po"], CLOSED, row);
        close(a.kappa.unwrap(), &row["kappa"], CLOSED, row);
        close(a.ac1, &row["gwet_ac1"], CLOSED, row);
        assert!(a.kappa_interval.unwrap().contains(a.kappa.unwrap()));
    }
}

#[test]
fn ope() {
    let g = golden("ope");
    let row = |r: &serde_json::Value| Logged {
        logging: num(&r["mu"]),
        target: num(&r["pi"]),
        reward: num(&r["r"]),
        model: num(&r["q"]),
        value: num(&r["v"]),
    };
    let logs = OffPolicy::new(rows(&g["rows"]).iter().map(row).collect()).unwrap();
    crate::close_all(logs.weights(), &g["weights"], CLOSED, "weights");
    close(logs.effective_size(), &g["ess"], CLOSED, "effective size");
    close(logs.ips().mean, &g["ips"], CLOSED, "IPS");
    close(logs.ips().se.unwrap(), &g["ips_se"], CLOSED, "IPS error");
    let snips = logs.snips().unwrap();
    close(snips.mean, &g["snips"], CLOSED, "SNIPS");
    close(
        snips.se.unwrap(),
        &g["snips_se_delta"],
        CLOSED,
        "SNIPS error",
    );
    close(logs.direct().mean, &g["dm"], CLOSED, "direct");
    close(logs.doubly_robust().mean, &g["dr"], CLOSED, "DR");
    close(
        logs.doubly_robust().se.unwrap(),
        &g["dr_se"],
        CLOSED,
        "DR error",
    );
    let normalised = logs.self_normalised_doubly_robust().unwrap();
    close(normalised, &g["sndr"], CLOSED, "SNDR");
    close(
        logs.switch(3.0).mean,
        &g["switch_dr_tau3"],
        CLOSED,
        "SWITCH",
    );
    close(
        logs.clipped_ips(2.0).mean,
        &g["clipped_ips_M2"],
        CLOSED,
        "clipped",
    );
    close(
        logs.shrunk(2.0).mean,
        &g["dr_optimistic_shrinkage_lambda2"],
        CLOSED,
        "shrunk",
    );
    let largest = logs.weights().iter().copied().fold(0.0, f64::max);
    close(largest, &g["max_weight"], CLOSED, "largest weight");
    assert!(logs.require_overlap().is_err(), "six rows are no overlap");
}

#[test]
fn dirichlet_posterior_ni() {
    use weighbridge_reports::stats::dirichlet::dirichlet_non_inferiority;
    for row in rows(&golden("dirichlet_posterior_ni")["rows"]) {
        let (gain, loss, n) = (int(&row["gain"]), int(&row["loss"]), int(&row["n"]));
        let counts = PairedCounts::new(gain, loss, n).unwrap();
        let p = dirichlet_non_inferiority(counts, num(&row["margin"])).unwrap();
        close(p, &row["prob_diff_gt_minus_margin"], crate::ROOT, row);
    }
}
