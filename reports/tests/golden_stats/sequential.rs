use crate::{CLOSED, ROOT, close, golden, num, nums, rows};
use weighbridge_reports::stats::spending::{Spending, spending_bounds};

#[test]
fn alpha_spending() {
    for row in rows(&golden("alpha_spending")) {
        let kind = match row["type"].as_str().unwrap() {
            "lan_demets_obrien_fleming" => Spending::ObrienFleming,
            "lan_demets_pocock" => Spending::Pocock,
            other => panic!("no such spending function: {other}"),
        };
        let information = nums(&row["info"]);
        let stages = spending_bounds(kind, num(&row["alpha_one_sided"]), &information).unwrap();
        assert_eq!(stages.len(), information.len());
        for (i, stage) in stages.iter().enumerate() {
            close(stage.z, &row["z"][i], ROOT, row);
            close(stage.nominal_p, &row["nominal_p"][i], ROOT, row);
            close(stage.spent, &row["cum_spent"][i], CLOSED, row);
        }
    }
}
