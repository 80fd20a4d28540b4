//! Tables of measurements: ours against ceilings, peers beside ours.

use super::Block;
use super::number::{percent, short, time};
use super::table::{Cell, Kind, Mixed, Table};
use crate::record::{Log, Measured, Record, Work};
use crate::timing::{self, Difference};

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

/// Peers on a configuration that we measured too, beside the same work and our best.
pub(super) fn peers(log: &Log) -> Result<Vec<Block>, Mixed> {
    let mut table = Table::new(&[
        (Kind::Axis, "benchmark"),
        (Kind::Axis, "configuration"),
        (Kind::Axis, "peer"),
        (Kind::Measured, "peer's time"),
        (Kind::Measured, "ours, alike"),
        (Kind::Measured, "ours / peer"),
        (Kind::Measured, "our best"),
        (Kind::Measured, "our best / peer"),
    ]);
    for record in log.records.iter().filter(|r| r.by != "weighbridge") {
        let Some(peer) = record.measured() else {
            continue;
        };
        let ours = |fits: fn(&Record, &Record) -> bool| {
            let own = |r: &&Record| r.by == "weighbridge" && r.bench == record.bench;
            let measured = log.records.iter().filter(own).filter(|r| fits(r, record));
            let measured = measured.filter_map(Record::measured);
            let measured = measured.filter(|m| same_work(&m.work, &peer.work));
            measured.min_by(|a, b| a.time.median_ns.total_cmp(&b.time.median_ns))
        };
        let alike = ours(|a, b| a.config == b.config);
        let best = ours(same_grid);
        let ratio = |ours: Option<&Measured>| {
            ours.map(|ours| match timing::compare(&peer.time, &ours.time) {
                Difference::Tie { .. } => "tie".to_owned(),
                _ => short(ours.time.median_ns / peer.time.median_ns),
            })
        };
        let number = |text: Option<String>| text.map_or(Cell::Empty, Cell::Measured);
        let took = |m: Option<&Measured>| number(m.map(|m| time(m.time.median_ns)));
        table.push(vec![
            Cell::Axis(record.bench.clone()),
            Cell::Axis(record.config_line()),
            Cell::Axis(record.by.clone()),
            Cell::Measured(time(peer.time.median_ns)),
            took(alike),
            number(ratio(alike)),
            took(best),
            number(ratio(best)),
        ])?;
    }
    if table.rows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![
        Block::Heading("Peers on the same grid".to_owned()),
        Block::Text(
            "Alike is the same algorithm on the same configuration; our best is whatever of ours does the \
             same work fastest. Files of other processes were not measured in turns with ours, so that \
             their ratios include how the machine was at the time."
                .to_owned(),
        ),
        Block::Table(table),
    ])
}

/// How far our suffix attention is from a peer's best on the same configurations; composed times of G8
/// rest on ours.
pub(super) fn attention_distance(log: &Log) -> String {
    let mine = |peer: &Record| {
        let alike =
            |r: &&Record| r.by == "weighbridge" && r.bench == "G5" && r.config == peer.config;
        log.records.iter().find(alike).and_then(Record::measured)
    };
    let peers = log
        .records
        .iter()
        .filter(|r| r.bench == "G5" && r.by != "weighbridge");
    let mut ratios: Vec<f64> = peers
        .filter_map(|peer| Some(mine(peer)?.time.median_ns / peer.measured()?.time.median_ns))
        .collect();
    ratios.sort_by(f64::total_cmp);
    let ends = (ratios.first(), ratios.get(ratios.len() / 2), ratios.last());
    let (Some(least), Some(middle), Some(most)) = ends else {
        return "Composed times rest on rates of operations, not on our own attention kernel. How far \
                that kernel (G5, G8) is from torch's best attention is not known here: both must be \
                measured on one GPU (peers/peers.py)."
            .to_owned();
    };
    format!(
        "Our own attention kernel (G5, G8) takes {} times as long as the peer's on the same \
         configuration (median of {}; {} to {}): a composed time of G8 overstates a hit by that.",
        short(*middle),
        ratios.len(),
        short(*least),
        short(*most)
    )
}

/// As much of everything that both count: a wider grid moves more bytes under the same configuration.
fn same_work(a: &Work, b: &Work) -> bool {
    let counts = |w: &Work| [w.bytes, w.flops, w.tokens, w.blocks];
    let equal = |(x, y): (Option<f64>, Option<f64>)| match (x, y) {
        (Some(x), Some(y)) => (x - y).abs() <= 1e-6 * y.abs(),
        _ => true,
    };
    counts(a).into_iter().zip(counts(b)).all(equal)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_bytes_are_other_work_and_what_one_does_not_count_does_not_matter() {
        let bytes = |n: f64| Work {
            bytes: Some(n),
            ..Work::default()
        };
        assert!(same_work(&bytes(8.0), &bytes(8.0)));
        assert!(!same_work(&bytes(8.0), &bytes(16.0)));
        assert!(same_work(&bytes(8.0), &Work::default()));
    }
}
