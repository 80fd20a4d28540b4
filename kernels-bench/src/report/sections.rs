//! The report's content.

use std::collections::BTreeMap;

use super::chart;
use super::inputs::{Inputs, inputs};
use super::measured::{attention_distance, peers, roofline};
use super::number::short;
use super::predictions;
use super::table::{Cell, Kind, Mixed, Table};
use super::{Block, Document};
use crate::bench::model_records;
use crate::costs::{measures_a_gpu, onloads};
use crate::gpu::Gpu;
use crate::model::{Compute, ModelShape, break_even_bandwidth, least_prefix, presets};
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
    blocks.extend(break_even(log, &inputs)?);
    blocks.extend(policy(log, &inputs));
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
    blocks.extend(predictions::section(log)?);
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
    // Method, then size, then the largest count, whose rate is shown.
    let mut lines: BTreeMap<&str, BTreeMap<u64, (u64, f64)>> = BTreeMap::new();
    for (method, size, count, ns) in onloads(log) {
        let rate = (size * count) as f64 / ns;
        let best = lines.entry(method).or_default().entry(size).or_default();
        if count >= best.0 {
            *best = (count, rate);
        }
    }
    let lines: Vec<chart::Line> = lines
        .into_iter()
        .map(|(name, points)| chart::Line {
            name: name.to_owned(),
            points: points.into_iter().map(|(x, y)| (x as f64, y.1)).collect(),
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
                Gpu::Skipped(reason) => format!("{reason}; to measure it, {}", reason.hint()),
                Gpu::Ready { .. } => "G3 was not run".to_owned(),
            };
            vec![
                heading,
                Block::Text(format!("Not measured: {}.", why.trim_end_matches(". "))),
            ]
        }
    }
}

fn break_even(log: &Log, inputs: &Inputs) -> Result<Vec<Block>, Mixed> {
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
    Ok([
        Block::Heading("When a hit pays".to_owned()),
        Block::Text(format!("Inputs: {}.", inputs.origins.join("; "))),
    ]
    .into_iter()
    .chain(headline(inputs).into_iter().map(Block::Text))
    .chain([Block::Text(attention_distance(log)), Block::Table(table)])
    .collect())
}

/// The finding, a sentence for each model: the best and the worst way to fetch the same host hit.
fn headline(inputs: &Inputs) -> Vec<String> {
    let number = |r: &Record| match (&r.outcome, r.config.get("prefix").and_then(|p| p.as_u64())) {
        (Outcome::Modelled(m), Some(8192)) => m.values.get("saved_ms").copied(),
        _ => None,
    };
    let tier = |r: &Record| {
        let name = r.config.get("tier").and_then(|t| t.as_str());
        name.unwrap_or_default().to_owned()
    };
    let sentence = |shape: ModelShape| {
        let records = model_records(&inputs.preset, Some(shape.name));
        let mut saved: Vec<(f64, String)> = records
            .iter()
            .filter_map(|r| Some((number(r)?, tier(r))))
            // One link, well and badly used, not two machines.
            .filter(|(_, t)| {
                t.starts_with("host") && !["host-c2c", "host-pcie4"].contains(&t.as_str())
            })
            .collect();
        saved.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (worst, best) = (saved.first()?, saved.last()?);
        let verb = |ms: f64| match ms < 0.0 {
            true => format!("loses {} ms", short(-ms)),
            false => format!("saves {} ms", short(ms)),
        };
        Some(format!(
            "{}: a host hit of 8k tokens {} over {}; over {} it {}.",
            shape.name,
            verb(best.0),
            best.1,
            worst.1,
            verb(worst.0)
        ))
    };
    presets().into_iter().filter_map(sentence).collect()
}

/// What the numbers mean for a cache policy, and how an experiment takes them up.
fn policy(log: &Log, inputs: &Inputs) -> Vec<Block> {
    let Some(shape) = ModelShape::preset("llama3-8b") else {
        return Vec::new();
    };
    let compute: &Compute = &inputs.preset.compute;
    let rows = inputs.preset.tiers.iter().map(|tier| {
        let fetch = tier.bytes_per_s / shape.kv_bytes_per_token as f64;
        let least = least_prefix(&shape, compute, tier);
        let pays = match least > 131_072.0 {
            true => "no hit up to 131072 tokens pays".to_owned(),
            false => format!("hits of {} tokens and more pay", least.ceil()),
        };
        format!("# {}: {} tokens/s fetched, {pays}", tier.name, short(fetch))
    });
    let hits_from = match measures_a_gpu(log) {
        true => "host",
        false => "host-pcie5",
    };
    let code = format!(
        "# In an experiment, below a [[backend]] of kind \"embedded\":\n\
         [[backend.engine]]\n\
         shape = \"{}\"\n\
         records = \"FILE\"           # this file\n\
         hits_from = \"{hits_from}\"\n\
         least_fetch_tokens = 256   # the policy under test\n{}",
        shape.name,
        rows.collect::<Vec<_>>().join("\n")
    );
    vec![
        Block::Heading("What it means for the cache policy under test".to_owned()),
        Block::Text(
            "A cache-aware router should count a hit by the time it saves, not by its tokens: prefer a \
             worker's own memory, treat a tier whose break-even lies above its bandwidth as a miss, and \
             ignore hits shorter than the least prefix. The embedded fleet takes these costs up, so that \
             a change of routing or caching is weighed with the times to first token that follow from \
             them; its report says which costs were measured. For the 8B preset:"
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
        let want = "llama3-8b: a host hit of 8k tokens saves 200 ms over host batched 2 MiB; over host batched 32 KiB it saves 40.9 ms.";
        assert!(text.contains(want), "{text}");
    }

    #[test]
    fn chart_and_reasons_are_there_and_text_stays_text() {
        let text = html(&document(&log()).unwrap());
        assert!(text.contains("<polyline") && text.contains("&lt;torch&gt; is not installed"));
        assert!(!text.contains("<torch>"));
    }

    #[test]
    fn the_distance_of_our_attention_is_told_beside_composed_figures() {
        let mut log = log();
        let config = || vec![("prefix", 8192.into()), ("suffix", 16.into())];
        let known = |log: &Log| markdown(&document(log).unwrap());
        assert!(known(&log).contains("is not known here"));
        for (by, ns) in [("weighbridge", 300.0), ("torch 2 SDPA, gathered", 100.0)] {
            let outcome = measured(ns, Work::default());
            log.records.push(Record::by(by, "G5", config(), outcome));
        }
        assert!(known(&log).contains("takes 3.00 times as long"));
    }

    #[test]
    fn without_transfers_the_chart_says_why() {
        let mut log = log();
        log.records.clear();
        let text = markdown(&document(&log).unwrap());
        assert!(
            text.contains("Not measured: no CUDA device; to measure it, make a device visible"),
            "{text}"
        );
    }
}
