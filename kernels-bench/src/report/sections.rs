//! The report's content.

use std::collections::BTreeMap;

use super::chart;
use super::inputs::{Inputs, inputs, onload, rate};
use super::measured::{peers, roofline};
use super::number::short;
use super::table::{Cell, Kind, Mixed, Table};
use super::{Block, Document};
use crate::bench::model_records;
use crate::gpu::Gpu;
use crate::model::{Compute, ModelShape, break_even_bandwidth, least_prefix};
use crate::record::{Log, Oracle, Outcome, Record};

/// The whole report.
///
/// # Errors
/// Only if a section put numbers of different kinds in one column: a bug.
pub fn document(log: &Log) -> Result<Document, Mixed> {
    let inputs = inputs(log);
    let mut blocks = vec![Block::Text(machine(log))];
    blocks.extend(failures(log));
    blocks.extend(onload_section(log, &inputs));
    blocks.extend(break_even(&inputs)?);
    blocks.extend(policy(&inputs));
    blocks.push(Block::Heading(
        "What was measured, against its ceiling".to_owned(),
    ));
    blocks.push(Block::Text(
        "Each part of a hit is judged against a ceiling of its own, named at the end of the row and \
         measured in turns with it. Noise is how far the same configuration differs from itself; \
         differences below it are ties."
            .to_owned(),
    ));
    blocks.push(Block::Table(roofline(log)?));
    blocks.extend(peers(log)?);
    blocks.extend(skipped(log)?);
    Ok(Document {
        title: "What a prefix-cache hit costs here".to_owned(),
        blocks,
    })
}

fn machine(log: &Log) -> String {
    let h = &log.header;
    let gpu = match &h.gpu {
        Gpu::Ready {
            name,
            cc,
            driver,
            compiler,
            ..
        } => {
            format!(
                "{name} (sm_{cc}, driver CUDA {}.{}, {compiler})",
                driver / 1000,
                driver % 1000 / 10
            )
        }
        Gpu::Skipped(reason) => format!("no GPU measured: {reason}"),
    };
    let vm = if h.host.virtual_machine {
        ", virtual machine"
    } else {
        ""
    };
    format!(
        "{}, {} threads, {} GiB{vm}; {gpu}. Written by {}, seed {}.",
        h.host.cpu,
        h.host.threads,
        h.host.memory_bytes >> 30,
        h.writer,
        h.seed
    )
}

/// Wrong results first: their times are worth nothing.
fn failures(log: &Log) -> Vec<Block> {
    let wrong = log
        .records
        .iter()
        .filter_map(|r| match &r.measured()?.oracle {
            Oracle::Failed(check) => {
                Some(format!("{} {}: failed {check}", r.bench, r.config_line()))
            }
            _ => None,
        });
    let lines: Vec<String> = wrong.collect();
    if lines.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Heading("Wrong results".to_owned()),
        Block::Text("These times are worth nothing.".to_owned()),
        Block::Code(lines.join("\n")),
    ]
}

fn onload_section(log: &Log, inputs: &Inputs) -> Vec<Block> {
    let mut lines: BTreeMap<&str, BTreeMap<u64, f64>> = BTreeMap::new();
    for (method, size, m) in onload(log) {
        if let Some(rate) = rate(m) {
            lines.entry(method).or_default().insert(size as u64, rate);
        }
    }
    let lines: Vec<chart::Line> = lines
        .into_iter()
        .map(|(name, points)| chart::Line {
            name: name.to_owned(),
            points: points.into_iter().map(|(x, y)| (x as f64, y)).collect(),
        })
        .collect();
    let needed = ModelShape::preset("llama3-8b").map(|shape| {
        break_even_bandwidth(&shape, &inputs.preset.compute, 8192.0).bytes_per_s / 1e9
    });
    let levels: Vec<_> = needed
        .map(|y| ("8B breaks even (8k)".to_owned(), y))
        .into_iter()
        .collect();
    let heading = Block::Heading("Host to device, by descriptor size".to_owned());
    match chart::onload(&lines, &levels) {
        Some(svg) => {
            let caption = "Largest count measured of each size; below the dashed level a host hit of \
                           8k tokens of an 8B model costs more than recomputing it.";
            vec![
                heading,
                Block::Chart {
                    svg,
                    caption: caption.to_owned(),
                },
            ]
        }
        None => {
            let why = match &log.header.gpu {
                Gpu::Skipped(reason) => format!("{reason}. {}", reason.hint()),
                Gpu::Ready { .. } => "G3 was not run".to_owned(),
            };
            vec![
                heading,
                Block::Text(format!("Not measured: {}.", why.trim_end_matches(". "))),
            ]
        }
    }
}

fn break_even(inputs: &Inputs) -> Result<Vec<Block>, Mixed> {
    let mut table = Table::new(&[
        (Kind::Axis, "model"),
        (Kind::Axis, "tier"),
        (Kind::Axis, "prefix"),
        (Kind::Modelled, "recompute ms"),
        (Kind::Modelled, "fetch ms"),
        (Kind::Modelled, "saves ms"),
        (Kind::Modelled, "least prefix, tokens"),
        (Kind::Modelled, "breaks even at GB/s"),
        (Kind::Axis, "loses because"),
    ]);
    for record in model_records(&inputs.preset, None) {
        let Outcome::Modelled(m) = &record.outcome else {
            continue;
        };
        let text = |axis: &str| match record.config.get(axis) {
            Some(serde_json::Value::String(s)) => s.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        if !["8192", "32768"].contains(&text("prefix").as_str()) {
            continue;
        }
        let number =
            |name: &str| Cell::Modelled(short(m.values.get(name).copied().unwrap_or(f64::NAN)));
        table.push(vec![
            Cell::Axis(text("model")),
            Cell::Axis(text("tier")),
            Cell::Axis(text("prefix")),
            number("saved_gpu_ms"),
            number("fetch_ms"),
            number("saved_ms"),
            number("least_prefix_tokens"),
            number("break_even_gb_per_s"),
            Cell::Axis(m.loses_because.clone().unwrap_or_default()),
        ])?;
    }
    Ok(vec![
        Block::Heading("When a hit pays".to_owned()),
        Block::Text(format!("Inputs: {}.", inputs.origins.join("; "))),
        Block::Text(headline(inputs)),
        Block::Table(table),
    ])
}

/// The finding in one sentence: the best and the worst tier for the same hit.
fn headline(inputs: &Inputs) -> String {
    let values = |r: &Record| match (&r.outcome, r.config.get("prefix").and_then(|p| p.as_u64())) {
        (Outcome::Modelled(m), Some(8192)) => m.values.get("saved_ms").copied(),
        _ => None,
    };
    let tier = |r: &Record| {
        r.config
            .get("tier")
            .and_then(|t| t.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let records = model_records(&inputs.preset, Some("llama3-8b"));
    let mut saved: Vec<(f64, String)> = records
        .iter()
        .filter_map(|r| Some((values(r)?, tier(r))))
        .filter(|(_, t)| t.starts_with("host"))
        .collect();
    saved.sort_by(|a, b| a.0.total_cmp(&b.0));
    match (saved.first(), saved.last()) {
        (Some(worst), Some(best)) => format!(
            "A host hit of 8k tokens of an 8B model saves {} ms over {}; over {} it saves {} ms.",
            short(best.0),
            best.1,
            worst.1,
            short(worst.0)
        ),
        _ => String::new(),
    }
}

/// What the numbers mean for a cache policy, and the engine model's parameters to paste.
fn policy(inputs: &Inputs) -> Vec<Block> {
    let Some(shape) = ModelShape::preset("llama3-8b") else {
        return Vec::new();
    };
    let compute: &Compute = &inputs.preset.compute;
    let prefill = compute.flops / (2.0 * shape.linear_params);
    let rows = inputs.preset.tiers.iter().map(|tier| {
        let fetch = tier.bytes_per_s / shape.kv_bytes_per_token as f64;
        let least = least_prefix(&shape, compute, tier);
        format!(
            "# {}: {} tokens/s fetched, hits of {} tokens and more pay",
            tier.name,
            short(fetch),
            short(least.ceil())
        )
    });
    let code = format!(
        "prefill_tokens_per_s = {}\n{}",
        prefill.round(),
        rows.collect::<Vec<_>>().join("\n")
    );
    vec![
        Block::Heading("What it means for the cache policy under test".to_owned()),
        Block::Text(
            "A cache-aware router should count a hit by the time it saves, not by its tokens: prefer a \
             worker's own memory, treat a tier whose break-even lies above its bandwidth as a miss, and \
             ignore hits shorter than the least prefix. Parameters for the engine model of the embedded \
             fleet, for the 8B preset:"
                .to_owned(),
        ),
        Block::Code(code),
    ]
}

fn skipped(log: &Log) -> Result<Vec<Block>, Mixed> {
    let mut table = Table::new(&[
        (Kind::Axis, "benchmark"),
        (Kind::Axis, "by"),
        (Kind::Axis, "configuration"),
        (Kind::Axis, "reason"),
        (Kind::Axis, "what to do"),
    ]);
    for record in &log.records {
        if let Outcome::Skipped(reason) = &record.outcome {
            let texts = [
                record.bench.clone(),
                record.by.clone(),
                record.config_line(),
                reason.to_string(),
                reason.hint().to_owned(),
            ];
            table.push(texts.into_iter().map(Cell::Axis).collect())?;
        }
    }
    if table.rows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![
        Block::Heading("Not run".to_owned()),
        Block::Table(table),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::{html, markdown};
    use super::*;
    use crate::record::{CacheState, Grid, Header, Host, Measured, SkipReason, Timing, Work};

    fn measured(median_ns: f64, work: Work) -> Outcome {
        let time = Timing {
            median_ns,
            p20_ns: median_ns,
            p80_ns: median_ns,
            p99_ns: median_ns,
            n: 20,
            noise_rel: 0.01,
        };
        Measured::new(time, work, CacheState::Cold).outcome()
    }

    /// A log with a fast and a slow way to bring pages to the device.
    fn log() -> Log {
        let header = Header {
            schema: 1,
            writer: "test".to_owned(),
            seed: 1,
            grid: Grid::Quick,
            host: Host::detect(),
            gpu: Gpu::Skipped(SkipReason::NoDevice),
        };
        let mut records = Vec::new();
        for (method, size, gb_per_s) in [("batched", 32_768.0, 6.0), ("batched", 2_097_152.0, 55.0)]
        {
            let bytes = size * 1000.0;
            let work = Work {
                bytes: Some(bytes),
                ..Work::default()
            };
            let config = vec![("method", method.into()), ("descriptor_bytes", size.into())];
            records.push(Record::ours("G3", config, measured(bytes / gb_per_s, work)));
        }
        let reason = Outcome::Skipped(SkipReason::NotInstalled {
            package: "<torch>".to_owned(),
        });
        records.push(Record::by("torch", "G1", vec![], reason));
        Log { header, records }
    }

    #[test]
    fn the_finding_is_what_descriptors_cost() {
        let text = markdown(&document(&log()).unwrap());
        let want =
            "saves 200 ms over host batched 2 MiB; over host batched 32 KiB it saves 40.9 ms.";
        assert!(text.contains(want), "{text}");
    }

    #[test]
    fn chart_and_reasons_are_there_and_text_stays_text() {
        let text = html(&document(&log()).unwrap());
        assert!(text.contains("<polyline") && text.contains("&lt;torch&gt; is not installed"));
        assert!(!text.contains("<torch>"));
    }

    #[test]
    fn without_transfers_the_chart_says_why() {
        let mut log = log();
        log.records.clear();
        let text = markdown(&document(&log).unwrap());
        assert!(text.contains("Not measured: no CUDA device"), "{text}");
    }
}
