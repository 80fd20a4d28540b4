use crate::{CLOSED, close, golden, int, num, rows};
use weighbridge_reports::stats::quantile::{dkw_epsilon, min_n_for_upper_bound, quantile_ranks};

#[test]
fn quantile_order_stat_ci() {
    for row in rows(&golden("quantile_order_stat_ci")["rows"]) {
        let ranks = quantile_ranks(int(&row["n"]), num(&row["p"]), num(&row["conf"])).unwrap();
        assert_eq!(
            (ranks.lower, ranks.upper),
            (row["l"].as_u64(), row["u"].as_u64()),
            "{row}"
        );
        close(ranks.coverage, &row["coverage"], CLOSED, row);
    }
}

#[test]
fn min_n_for_upper_quantile_bound() {
    for row in rows(&golden("min_n_for_upper_quantile_bound")) {
        let n = min_n_for_upper_bound(num(&row["p"]), num(&row["one_sided_alpha"])).unwrap();
        assert_eq!(n, int(&row["n"]), "{row}");
    }
}

#[test]
fn dkw() {
    for row in rows(&golden("dkw_epsilon")) {
        let epsilon = dkw_epsilon(int(&row["n"]), num(&row["alpha"])).unwrap();
        close(epsilon, &row["eps"], CLOSED, row);
    }
}
