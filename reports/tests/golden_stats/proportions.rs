use crate::{CLOSED, ROOT, close, close_pair, golden, int, num, rows};
use weighbridge_reports::stats::{proportion, slo, special};

#[test]
fn normal_quantiles() {
    let table = golden("normal_quantiles");
    for (p, z) in table.as_object().unwrap() {
        close(special::norm_quantile(p.parse().unwrap()), z, 1e-13, p);
    }
}

#[test]
fn student_t_quantiles() {
    for row in rows(&golden("student_t_quantiles")) {
        let t = special::t_quantile(num(&row["p"]), num(&row["df"]));
        close(t, &row["t"], CLOSED, row);
    }
}

#[test]
fn beta_quantiles() {
    for row in rows(&golden("beta_quantiles")) {
        let x = special::beta_quantile(num(&row["a"]), num(&row["b"]), num(&row["p"]));
        close(x, &row["x"], CLOSED, row);
    }
}

#[test]
fn proportion_intervals() {
    let table = golden("proportion");
    let level = num(&table["conf"]);
    for row in rows(&table["rows"]) {
        let (x, n) = (int(&row["x"]), int(&row["n"]));
        let what = format!("{x} of {n}");
        close_pair(
            proportion::wilson(x, n, level).unwrap(),
            &row["wilson"],
            CLOSED,
            &what,
        );
        let corrected = proportion::wilson_continuity(x, n, level).unwrap();
        close_pair(corrected, &row["wilson_cc"], CLOSED, &what);
        let exact = proportion::clopper_pearson(x, n, level).unwrap();
        close_pair(exact, &row["clopper_pearson"], CLOSED, &what);
        close_pair(
            proportion::jeffreys(x, n, level).unwrap(),
            &row["jeffreys"],
            CLOSED,
            &what,
        );
        let adjusted = proportion::agresti_coull(x, n, level).unwrap();
        close_pair(adjusted, &row["agresti_coull"], CLOSED, &what);
    }
}

#[test]
fn newcombe_independent() {
    for row in rows(&golden("newcombe_independent")["rows"]) {
        let first = (int(&row["x1"]), int(&row["n1"]));
        let second = (int(&row["x2"]), int(&row["n2"]));
        let ci = proportion::newcombe_independent(first, second, 0.95).unwrap();
        close_pair(ci, &row["ci"], CLOSED, &row.to_string());
    }
}

#[test]
fn slo_exceedance() {
    for row in rows(&golden("slo_exceedance")) {
        let (x, n) = (int(&row["exceed"]), int(&row["n"]));
        let test = slo::slo_test(x, n, num(&row["p0"]), 0.05).unwrap();
        close(test.p_met, &row["p_one_sided_meets_slo"], CLOSED, row);
        close(test.upper, &row["cp_upper_95_one_sided"], ROOT, row);
    }
}
