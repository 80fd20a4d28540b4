use crate::{CLOSED, close, close_bounds, golden, nums, rows};
use weighbridge_reports::stats::rank::{
    SignedRankShift, mann_whitney, paired_log_ratio, signed_rank,
};

#[test]
fn mann_whitney_rows() {
    for row in rows(&golden("mann_whitney")) {
        let (x, y) = (nums(&row["x"]), nums(&row["y"]));
        let test = mann_whitney(&x, &y, 0.95).unwrap();
        close(test.u, &row["U"], CLOSED, row);
        close(test.p_asymptotic, &row["p_asym_cc_two_sided"], CLOSED, row);
        close(test.shift, &row["hodges_lehmann_shift"], CLOSED, row);
        if row.get("p_exact_greater").is_some() {
            close(
                test.p_exact_greater.unwrap(),
                &row["p_exact_greater"],
                CLOSED,
                row,
            );
            close(
                test.p_exact_two_sided.unwrap(),
                &row["p_exact_two_sided"],
                CLOSED,
                row,
            );
            close(test.superiority, &row["prob_superiority"], CLOSED, row);
            // R prints -0.15 and 0.76 for this example.
            let (lo, hi) = (test.bounds.lo.unwrap(), test.bounds.hi.unwrap());
            assert!(
                (lo + 0.15).abs() < 1e-9 && (hi - 0.76).abs() < 1e-9,
                "{lo} {hi}"
            );
        } else {
            assert_eq!(test.p_exact_greater, None);
        }
    }
}

#[test]
fn wilcoxon_signed_rank() {
    let g = &golden("wilcoxon_signed_rank")[0];
    let d: Vec<f64> = nums(&g["x"])
        .iter()
        .zip(nums(&g["y"]))
        .map(|(x, y)| x - y)
        .collect();
    let test = signed_rank(&d).unwrap();
    close(test.v, &g["V"], CLOSED, "V");
    close(test.p_greater, &g["p_exact_greater"], CLOSED, "p");
    let shift = SignedRankShift::new(&d, 0.95).unwrap();
    close(shift.shift, &g["hodges_lehmann"], CLOSED, "shift");
}

#[test]
fn paired_latency_hl() {
    let g = golden("paired_latency_hl");
    let (cand, base) = (nums(&g["cand_ms"]), nums(&g["base_ms"]));
    let ratio = paired_log_ratio(&cand, &base, 0.95).unwrap();
    close(ratio.log.shift, &g["hl_log_ratio"], CLOSED, "log shift");
    close(ratio.ratio, &g["ratio"], CLOSED, "ratio");
    close_bounds(ratio.log.bounds, &g["walsh_ci_log"], CLOSED, "log interval");
    close_bounds(ratio.bounds, &g["ratio_ci"], CLOSED, "interval");
    close(
        ratio.log.achieved,
        &g["achieved_conf"],
        CLOSED,
        "confidence",
    );
    let mut d: Vec<f64> = cand.iter().zip(&base).map(|(a, b)| a - b).collect();
    d.sort_by(f64::total_cmp);
    close(
        0.5 * (d[4] + d[5]),
        &g["median_diff_ms"],
        CLOSED,
        "median difference",
    );
}
