use crate::{CLOSED, ROOT, close, close_pair, golden, int, num, rows};
use weighbridge_reports::stats::paired::{
    PairedCounts, PairedTable, PhiCorrection, bonett_price, mcnemar_asymptotic, mcnemar_continuity,
    mcnemar_exact, mcnemar_gains_exceed, mcnemar_losses_exceed, mcnemar_mid_p, newcombe_paired,
    tango_interval, tango_non_inferiority_p, tango_statistic, wald,
};

#[test]
fn paired_difference() {
    for row in rows(&golden("paired_difference")["rows"]) {
        let [both, gains, losses, neither] = ["a", "b", "c", "d"].map(|cell| int(&row[cell]));
        let table = PairedTable {
            both,
            gains,
            losses,
            neither,
        };
        let (counts, what) = (table.counts(), format!("{table:?}"));
        close(counts.difference(), &row["diff"], CLOSED, &what);
        let newcombe = |phi| newcombe_paired(table, 0.95, phi).unwrap();
        close_pair(
            newcombe(PhiCorrection::Continuity),
            &row["newcombe10"],
            CLOSED,
            &what,
        );
        close_pair(
            newcombe(PhiCorrection::None),
            &row["newcombe_no_cc"],
            CLOSED,
            &what,
        );
        close_pair(
            tango_interval(counts, 0.95).unwrap(),
            &row["tango"],
            CLOSED,
            &what,
        );
        close_pair(
            tango_interval(counts, 0.90).unwrap(),
            &row["tango_90"],
            CLOSED,
            &what,
        );
        close_pair(
            bonett_price(counts, 0.95).unwrap(),
            &row["bonett_price"],
            CLOSED,
            &what,
        );
        close_pair(wald(counts, 0.95).unwrap(), &row["wald"], CLOSED, &what);
    }
}

#[test]
fn tango_score_statistic() {
    for row in rows(&golden("tango_statistic")) {
        let counts = PairedCounts::new(int(&row["b"]), int(&row["c"]), int(&row["n"])).unwrap();
        let delta = num(&row["delta0"]);
        close(
            tango_statistic(counts, delta).unwrap(),
            &row["z"],
            CLOSED,
            row,
        );
        let p = tango_non_inferiority_p(counts, -delta).unwrap();
        close(p, &row["p_one_sided_greater"], CLOSED, row);
    }
}

#[test]
fn mcnemar() {
    for row in rows(&golden("mcnemar")) {
        let (gains, losses) = (int(&row["b"]), int(&row["c"]));
        let counts = PairedCounts::new(gains, losses, gains + losses + 10).unwrap();
        close(mcnemar_exact(counts), &row["exact"], CLOSED, row);
        close(mcnemar_mid_p(counts), &row["mid_p"], CLOSED, row);
        let (plain, corrected) = (mcnemar_asymptotic(counts), mcnemar_continuity(counts));
        close(plain.statistic, &row["chi2"], CLOSED, row);
        close(plain.p, &row["chi2_p"], CLOSED, row);
        close(corrected.statistic, &row["chi2_cc"], CLOSED, row);
        close(corrected.p, &row["chi2_cc_p"], CLOSED, row);
        close(
            mcnemar_gains_exceed(counts),
            &row["exact_one_sided_b_greater"],
            CLOSED,
            row,
        );
        close(
            mcnemar_losses_exceed(counts),
            &row["exact_one_sided_c_greater"],
            CLOSED,
            row,
        );
    }
}

#[test]
fn smallest_slice_that_can_pass_without_a_flip() {
    use weighbridge_reports::stats::paired::tango_lower;
    for row in rows(&golden("ni_min_n_zero_discordant")) {
        let (margin, alpha, n) = (
            num(&row["margin"]),
            num(&row["alpha"]),
            int(&row["tango_n"]),
        );
        let none = |n| PairedCounts::new(0, 0, n).unwrap();
        let lower = tango_lower(none(n), alpha).unwrap();
        close(lower, &row["tango_lower_at_that_n"], ROOT, row);
        assert!(
            tango_non_inferiority_p(none(n), margin).unwrap() <= alpha,
            "{row}"
        );
        assert!(
            tango_non_inferiority_p(none(n - 1), margin).unwrap() > alpha,
            "{row}"
        );
    }
}
