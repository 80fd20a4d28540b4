use crate::{CLOSED, close, close_all, golden, int, num, nums, rows};
use serde_json::Value;
use weighbridge_reports::stats::multiplicity::{
    benjamini_hochberg, benjamini_yekutieli, bonferroni, e_bh, hochberg, holm, min_attainable_p,
    sidak, tarone_holm, weighted_holm,
};
use weighbridge_reports::stats::paired::{PairedCounts, mcnemar_losses_exceed};
use weighbridge_reports::stats::westfall_young::WestfallYoung;

fn indices(value: &Value) -> Vec<usize> {
    rows(value).iter().map(|i| int(i) as usize).collect()
}

/// Rows of `[losses, gains]`.
fn tables(value: &Value) -> Vec<PairedCounts> {
    let table = |row: &Value| {
        let (losses, gains) = (int(&row[0]), int(&row[1]));
        PairedCounts::new(gains, losses, losses + gains + 1).unwrap()
    };
    rows(value).iter().map(table).collect()
}

#[test]
fn adjusted_p_values() {
    for row in rows(&golden("multiplicity")) {
        let p = nums(&row["p"]);
        close_all(
            &bonferroni(&p).unwrap(),
            &row["bonferroni"],
            CLOSED,
            "Bonferroni",
        );
        close_all(&holm(&p).unwrap(), &row["holm"], CLOSED, "Holm");
        close_all(&hochberg(&p).unwrap(), &row["hochberg"], CLOSED, "Hochberg");
        close_all(&benjamini_hochberg(&p).unwrap(), &row["bh"], CLOSED, "BH");
        close_all(&benjamini_yekutieli(&p).unwrap(), &row["by"], CLOSED, "BY");
        close_all(&sidak(&p).unwrap(), &row["sidak"], CLOSED, "Sidak");
    }
}

#[test]
fn multiplicity_note() {
    // The published counts of rejections in Benjamini and Hochberg's example.
    let note = golden("multiplicity_note");
    assert!(
        note.as_str()
            .unwrap()
            .contains("Bonferroni rejects 3, BH rejects 4")
    );
    let p = nums(&golden("multiplicity")[0]["p"]);
    let rejected = |adjusted: Vec<f64>| adjusted.iter().filter(|&&a| a <= 0.05).count();
    assert_eq!(rejected(bonferroni(&p).unwrap()), 3);
    assert_eq!(rejected(benjamini_hochberg(&p).unwrap()), 4);
}

#[test]
fn weighted_holm_rows() {
    for row in rows(&golden("weighted_holm")) {
        let adjusted = weighted_holm(&nums(&row["p"]), &nums(&row["w"])).unwrap();
        close_all(&adjusted, &row["adj"], CLOSED, "weighted Holm");
    }
}

#[test]
fn e_bh_rows() {
    for row in rows(&golden("e_bh")) {
        let rejected = e_bh(&nums(&row["e"]), num(&row["alpha"])).unwrap();
        assert_eq!(rejected, indices(&row["rejected"]), "{row}");
    }
}

#[test]
fn tarone_holm_steps() {
    let g = golden("tarone_holm");
    let tables = tables(&g["loss_gain"]);
    let p: Vec<f64> = tables.iter().map(|t| mcnemar_losses_exceed(*t)).collect();
    let attainable: Vec<f64> = tables
        .iter()
        .map(|t| min_attainable_p(t.discordant()))
        .collect();
    close_all(&p, &g["p_one_sided"], CLOSED, "p");
    close_all(&attainable, &g["min_attainable_p"], CLOSED, "attainable");
    let outcome = tarone_holm(&p, &attainable, num(&g["alpha"])).unwrap();
    assert_eq!(outcome.rejected, indices(&g["rejected"]));
    assert_eq!(outcome.steps.len(), rows(&g["steps"]).len());
    for (step, expected) in outcome.steps.iter().zip(rows(&g["steps"])) {
        assert_eq!(
            (step.k as u64, step.candidate as u64),
            (int(&expected["K"]), int(&expected["candidate"]))
        );
        close(step.threshold, &expected["threshold"], CLOSED, expected);
    }
    close_all(
        &holm(&p).unwrap(),
        &g["holm_adjusted"],
        CLOSED,
        "Holm for comparison",
    );
}

#[test]
fn westfall_young_exact_minp() {
    let g = golden("westfall_young_exact_minp");
    let (mut d, mut slices) = (Vec::new(), Vec::new());
    for row in rows(&g["loss_gain"]) {
        let start = d.len() as u32;
        d.extend(std::iter::repeat_n(-1.0, int(&row[0]) as usize));
        d.extend(std::iter::repeat_n(1.0, int(&row[1]) as usize));
        d.push(0.0);
        slices.push((start..d.len() as u32).collect::<Vec<_>>());
    }
    let result = WestfallYoung::new(&slices, &d, None)
        .unwrap()
        .run_exact()
        .unwrap();
    let raw: Vec<f64> = result.slices.iter().map(|s| s.p_raw).collect();
    let adjusted: Vec<f64> = result.slices.iter().map(|s| s.p_adjusted).collect();
    close_all(&raw, &g["p"], CLOSED, "raw");
    close_all(&adjusted, &g["single_step_adjusted"], CLOSED, "adjusted");
    assert_eq!((result.flips, result.exact), (8192, true));
}
