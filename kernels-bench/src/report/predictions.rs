//! Predictions for an H200, written down before anything ran on one, beside what was measured.

use super::Block;
use super::number::{percent, short, time};
use super::table::{Cell, Kind, Mixed, Table};
use crate::record::{Log, Measured, Oracle, Record};

/// A prediction, how it is looked up, and what a miss would mean.
struct Prediction {
    bench: &'static str,
    says: &'static str,
    /// What was measured, and whether it is as predicted; none if it was not measured.
    found: fn(&Log) -> Option<(String, bool)>,
    miss: &'static str,
}

/// In the order of the benchmarks.
const PREDICTIONS: [Prediction; 11] = [
    Prediction {
        bench: "G0",
        says: "a device copy runs at 4.3 TB/s, read plus written, within 10%",
        found: |log| {
            let rates =
                all(log, "G0", &[("what", "device_copy")]).filter_map(|(_, m)| m.gb_per_s());
            let best = rates.fold(None, |best: Option<f64>, x| {
                Some(best.map_or(x, |b| b.max(x)))
            })?;
            let met = (3870.0..=4730.0).contains(&best);
            Some((format!("{} TB/s", short(best / 1e3)), met))
        },
        miss: "another device, or memory clocks; every rate below is bounded by it",
    },
    Prediction {
        bench: "G0",
        says: "the link carries 55 GB/s from pinned memory, within 10%",
        found: |log| {
            let rate = link(log, "pinned")?;
            Some((
                format!("{} GB/s", short(rate)),
                (49.5..=60.5).contains(&rate),
            ))
        },
        miss: "a narrower or virtual link, or pinned memory on the other NUMA node",
    },
    Prediction {
        bench: "G0",
        says: "pageable memory reaches at most a third of that",
        found: |log| {
            let share = link(log, "pageable")? / link(log, "pinned")?;
            Some((percent(share), share <= 1.0 / 3.0))
        },
        miss: "the driver stages pageable memory better than expected",
    },
    Prediction {
        bench: "G0",
        says: "a launch takes 2 to 3 µs",
        found: |log| {
            let launches =
                all(log, "G0", &[("what", "launch")]).filter(|(r, _)| is(r, "launches", 100));
            let ns = first(launches)?.time.median_ns;
            Some((time(ns), (2000.0..=3000.0).contains(&ns)))
        },
        miss: "launches overlap in a queue, or the host is slow",
    },
    Prediction {
        bench: "G1",
        says: "gathering the K rows of 32k tokens of an 8B layer takes 31 µs cold (62 µs with V), at least 85% of a device copy",
        found: |log| {
            let m = gathered(log, 32_768, 16, "identity")?;
            let share = m.of_ceiling()?;
            let text = format!("{}, {}", time(m.time.median_ns), percent(share));
            Some((text, share >= 0.85 && m.time.median_ns <= 31_000.0 / 0.85))
        },
        miss: "too few bytes in flight: pages are too small or the grid too short",
    },
    Prediction {
        bench: "G1",
        says: "shuffled pages of 16 tokens and more are within 5% of pages in order",
        found: |log| {
            let pairs = [16, 64, 128].into_iter().flat_map(|block| {
                let ratio = move |prefix| shuffled(log, prefix, block);
                [8192, 32_768].into_iter().filter_map(ratio)
            });
            let worst = pairs.fold(None, |worst: Option<f64>, x| {
                Some(worst.map_or(x, |w| w.max(x)))
            })?;
            Some((
                format!("at most {} of the time", short(worst)),
                worst <= 1.05,
            ))
        },
        miss: "address translation shows: pages lie further apart than a TLB entry covers",
    },
    Prediction {
        bench: "G2",
        says: "scattering the K rows of 8,192 tokens takes 8 µs (16 µs with V), within 20%",
        found: |log| {
            let rows = all(log, "G2", &[]).filter(|(r, _)| is(r, "tokens", 8192));
            let ns = first(rows)?.time.median_ns;
            Some((time(ns), (6_400.0..=9_600.0).contains(&ns)))
        },
        miss: "it is short enough that a launch is a large part of it",
    },
    Prediction {
        bench: "G3",
        says: "10,000 descriptors of 32 KiB in one batched copy run between the cliff (6 GB/s) and 45 GB/s",
        found: |log| {
            let rate = onload(log, 32 << 10, 10_000, "batched")?;
            Some((
                format!("{} GB/s", short(rate)),
                (6.0..=45.0).contains(&rate),
            ))
        },
        miss: "this driver has its cliff at another size: see the chart",
    },
    Prediction {
        bench: "G3",
        says: "descriptors of 2 MiB reach 95% of one bulk copy",
        found: |log| {
            let count = [128, 256, 1000]
                .into_iter()
                .find(|n| onload(log, 2 << 20, *n, "batched").is_some())?;
            let share =
                onload(log, 2 << 20, count, "batched")? / onload(log, 2 << 20, count, "bulk")?;
            Some((percent(share), share >= 0.95))
        },
        miss: "the cost of a descriptor is not hidden even at this size",
    },
    Prediction {
        bench: "G6",
        says: "merging 256 × 32 rows of 128 takes as long as an empty launch, within half",
        found: |log| {
            let axes =
                |r: &Record| is(r, "tokens", 256) && is(r, "heads", 32) && is(r, "width", 128);
            let m = first(all(log, "G6", &[]).filter(|(r, _)| axes(r)))?;
            let ratio = 1.0 / m.of_ceiling()?;
            Some((format!("{} launches", short(ratio)), ratio <= 1.5))
        },
        miss: "bytes, not launches, bound it",
    },
    Prediction {
        bench: "G7",
        says: "a cascade of 128 requests over 8k shared tokens is 7.8 to 15.6 times as fast (30% to 60% of its bound of 26)",
        found: |log| {
            let of = |method| {
                let words = [("method", method)];
                let axes = |r: &Record| {
                    is(r, "batch", 128)
                        && is(r, "prefix", 8192)
                        && is(r, "suffix", 256)
                        && is(r, "group", 4)
                };
                let rows = all(log, "G7", &words).filter(|(r, _)| axes(r));
                Some(first(rows)?.time.median_ns)
            };
            let speedup = of("plain")? / of("cascade")?;
            Some((
                format!("{} times", short(speedup)),
                (7.8..=15.6).contains(&speedup),
            ))
        },
        miss: "three launches replace one, and mma.sync is not wgmma",
    },
];

/// Measurements of ours with these words on their axes, whose result was right.
fn all<'a>(
    log: &'a Log,
    bench: &'a str,
    words: &'a [(&'a str, &'a str)],
) -> impl Iterator<Item = (&'a Record, &'a Measured)> {
    log.records.iter().filter_map(move |r| {
        let m = r.measured()?;
        let word = |(axis, word): &(&str, &str)| {
            r.config.get(*axis).and_then(|v| v.as_str()) == Some(word)
        };
        let fits = r.bench == bench && r.by == "weighbridge" && words.iter().all(word);
        (fits && !matches!(m.oracle, Oracle::Failed(_))).then_some((r, m))
    })
}

fn first<'a>(mut rows: impl Iterator<Item = (&'a Record, &'a Measured)>) -> Option<&'a Measured> {
    rows.next().map(|(_, m)| m)
}

fn is(record: &Record, axis: &str, number: u64) -> bool {
    record.config.get(axis).and_then(serde_json::Value::as_u64) == Some(number)
}

/// GB/s from the host, end to end.
fn link(log: &Log, memory: &str) -> Option<f64> {
    let words = [("what", "host_to_device"), ("memory", memory)];
    let m = first(all(log, "G0", &words))?;
    Some(m.work.bytes? / m.copy?.end_to_end_ns)
}

fn gathered<'a>(log: &'a Log, prefix: u64, block: u64, order: &'a str) -> Option<&'a Measured> {
    log.records.iter().find_map(|r| {
        let fits = r.bench == "G1"
            && r.by == "weighbridge"
            && is(r, "prefix", prefix)
            && is(r, "block", block);
        let ordered = r.config.get("order").and_then(|v| v.as_str()) == Some(order);
        r.measured()
            .filter(|m| fits && ordered && !matches!(m.oracle, Oracle::Failed(_)))
    })
}

/// Time of shuffled pages over pages in order.
fn shuffled(log: &Log, prefix: u64, block: u64) -> Option<f64> {
    let [a, b] = ["shuffled", "identity"].map(|order| gathered(log, prefix, block, order));
    Some(a?.time.median_ns / b?.time.median_ns)
}

/// GB/s of an onload from pinned memory, end to end.
fn onload(log: &Log, size: u64, count: u64, method: &str) -> Option<f64> {
    let fits = |(name, bytes, n, _): &(&str, u64, u64, f64)| {
        *name == method && *bytes == size && *n == count
    };
    let (.., ns) = crate::costs::onloads(log).find(fits)?;
    Some((size * count) as f64 / ns)
}

/// Every prediction beside its measurement.
pub(super) fn section(log: &Log) -> Result<Vec<Block>, Mixed> {
    let mut table = Table::new(&[
        (Kind::Axis, "benchmark"),
        (Kind::Axis, "predicted for an H200"),
        (Kind::Measured, "measured"),
        (Kind::Axis, "prediction"),
        (Kind::Axis, "a miss would mean"),
    ]);
    for p in &PREDICTIONS {
        let (measured, verdict) = match (p.found)(log) {
            Some((text, true)) => (Cell::Measured(text), "met"),
            Some((text, false)) => (Cell::Measured(text), "missed"),
            None => (Cell::Empty, "not measured"),
        };
        let axis = |text: &str| Cell::Axis(text.to_owned());
        table.push(vec![
            axis(p.bench),
            axis(p.says),
            measured,
            axis(verdict),
            axis(p.miss),
        ])?;
    }
    Ok(vec![
        Block::Heading("Predictions, written before any of this ran on a GPU".to_owned()),
        Block::Table(table),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Gpu;
    use crate::record::{CacheState, CopyTimes, Grid, Header, Host, SkipReason, Timing, Work};

    fn log(records: Vec<Record>) -> Log {
        Log {
            header: Header {
                schema: 1,
                writer: "test".to_owned(),
                seed: 1,
                grid: Grid::Quick,
                host: Host::detect(),
                gpu: Gpu::Skipped(SkipReason::NoDevice),
            },
            records,
        }
    }

    fn record(bench: &str, config: Vec<(&str, serde_json::Value)>, ns: f64, bytes: f64) -> Record {
        let time = Timing {
            median_ns: ns,
            p20_ns: ns,
            p80_ns: ns,
            p99_ns: ns,
            n: 20,
            noise_rel: 0.01,
        };
        let work = Work {
            bytes: Some(bytes),
            ..Work::default()
        };
        let mut m = Measured::new(time, work, CacheState::Cold).under("x", ns);
        m.copy = Some(CopyTimes {
            submit_ns: ns,
            device_ns: ns,
            end_to_end_ns: ns,
        });
        Record::ours(bench, config, m.outcome())
    }

    fn verdicts(log: &Log) -> Vec<String> {
        let blocks = section(log).unwrap();
        let Block::Table(table) = &blocks[1] else {
            panic!("no table")
        };
        table
            .rows
            .iter()
            .map(|row| row[3].text().to_owned())
            .collect()
    }

    #[test]
    fn without_a_gpu_nothing_is_met_and_nothing_missed() {
        assert!(verdicts(&log(vec![])).iter().all(|v| v == "not measured"));
    }

    #[test]
    fn what_was_measured_is_judged() {
        let link = |memory: &str, gb_per_s: f64| {
            let config = vec![("what", "host_to_device".into()), ("memory", memory.into())];
            record("G0", config, 1e9 / gb_per_s, 1e9)
        };
        let cascade = |method: &str, ns: f64| {
            let config = vec![
                ("batch", 128.into()),
                ("prefix", 8192.into()),
                ("suffix", 256.into()),
                ("group", 4.into()),
                ("method", method.into()),
            ];
            record("G7", config, ns, 1.0)
        };
        let fast = log(vec![
            link("pinned", 54.0),
            link("pageable", 12.0),
            cascade("plain", 1000.0),
            cascade("cascade", 100.0),
        ]);
        assert_eq!(verdicts(&fast)[1..3], ["met", "met"]);
        assert_eq!(verdicts(&fast)[10], "met");
        let slow = log(vec![
            link("pinned", 20.0),
            link("pageable", 12.0),
            cascade("plain", 1000.0),
            cascade("cascade", 990.0),
        ]);
        assert_eq!(verdicts(&slow)[1..3], ["missed", "missed"]);
        assert_eq!(verdicts(&slow)[10], "missed");
    }
}
