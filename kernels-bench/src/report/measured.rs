//! Tables of measurements: ours against ceilings, peers beside ours.

use super::Block;
use super::number::{percent, short, time};
use super::table::{Cell, Kind, Mixed, Table};
use crate::record::{Log, Record};

/// Every measurement of ours.
pub(super) fn roofline(log: &Log) -> Result<Table, Mixed> {
    let mut table = Table::new(&[
        (Kind::Axis, "benchmark"),
        (Kind::Axis, "configuration"),
        (Kind::Measured, "median"),
        (Kind::Measured, "rate"),
        (Kind::Measured, "of ceiling"),
        (Kind::Measured, "noise"),
        (Kind::Axis, "ceiling"),
    ]);
    for record in log.records.iter().filter(|r| r.by == "weighbridge") {
        let Some(m) = record.measured() else { continue };
        let rate = m.tflop_per_s().map(|x| format!("{} TFLOP/s", short(x)));
        let rate = rate.or_else(|| m.gb_per_s().map(|x| format!("{} GB/s", short(x))));
        let number = |text: Option<String>| text.map_or(Cell::Empty, Cell::Measured);
        table.push(vec![
            Cell::Axis(record.bench.clone()),
            Cell::Axis(record.config_line()),
            Cell::Measured(time(m.time.median_ns)),
            number(rate),
            number(m.of_ceiling().map(percent)),
            Cell::Measured(percent(m.time.noise_rel)),
            Cell::Axis(
                m.ceiling
                    .as_ref()
                    .map(|c| c.name.clone())
                    .unwrap_or_default(),
            ),
        ])?;
    }
    Ok(table)
}

/// Peers on a configuration that we measured too, beside our best.
pub(super) fn peers(log: &Log) -> Result<Vec<Block>, Mixed> {
    let mut table = Table::new(&[
        (Kind::Axis, "benchmark"),
        (Kind::Axis, "configuration"),
        (Kind::Axis, "peer"),
        (Kind::Measured, "peer's time"),
        (Kind::Measured, "our best"),
        (Kind::Measured, "ours / peer"),
    ]);
    for record in log.records.iter().filter(|r| r.by != "weighbridge") {
        let Some(peer) = record.measured() else {
            continue;
        };
        let shared =
            |r: &&Record| r.by == "weighbridge" && r.bench == record.bench && same_grid(r, record);
        let ours = log
            .records
            .iter()
            .filter(shared)
            .filter_map(Record::measured);
        let best = ours.min_by(|a, b| a.time.median_ns.total_cmp(&b.time.median_ns));
        let ratio = best.map(
            |ours| match crate::timing::compare(&peer.time, &ours.time) {
                crate::timing::Difference::Tie { .. } => "tie".to_owned(),
                _ => short(ours.time.median_ns / peer.time.median_ns),
            },
        );
        let number = |text: Option<String>| text.map_or(Cell::Empty, Cell::Measured);
        table.push(vec![
            Cell::Axis(record.bench.clone()),
            Cell::Axis(record.config_line()),
            Cell::Axis(record.by.clone()),
            Cell::Measured(time(peer.time.median_ns)),
            number(best.map(|m| time(m.time.median_ns))),
            number(ratio),
        ])?;
    }
    if table.rows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![
        Block::Heading("Peers on the same grid".to_owned()),
        Block::Table(table),
    ])
}

/// Same configuration but for the axis that names the implementation.
fn same_grid(a: &Record, b: &Record) -> bool {
    let axes = |r: &Record| {
        let named = ["algorithm", "index", "stores", "method"];
        let rest = r
            .config
            .iter()
            .filter(|(k, _)| !named.contains(&k.as_str()));
        rest.map(|(k, v)| (k.clone(), v.to_string()))
            .collect::<Vec<_>>()
    };
    axes(a) == axes(b)
}
