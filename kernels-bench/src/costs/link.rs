//! The link to host memory, from G3.

use std::collections::BTreeMap;

use super::{CostError, number, own, word};
use crate::model::Tier;
use crate::record::{Log, Measured, Origin};

/// Pinned onloads of one method and size: count of descriptors, nanoseconds end to end.
type Counts = BTreeMap<u64, f64>;

/// Time of a fetch of `n` descriptors of one size: `fixed_ns + n · each_ns`.
#[derive(Clone, Copy)]
struct Line {
    fixed_ns: f64,
    each_ns: f64,
}

/// The host tier as measured from pinned memory with one copy method and descriptors of `bytes`.
///
/// The time of a descriptor is taken from the least and the largest count of a size (what remains is
/// the fixed cost, never negative) and interpolated linearly between the sizes measured. Below the
/// smallest size a descriptor takes as long as the smallest, above the largest its rate holds.
///
/// # Errors
/// When the method was not measured; the message names the ones that were.
pub fn host_link(log: &Log, method: &str, bytes: f64) -> Result<Tier, CostError> {
    let sizes = sizes(log, method);
    let line = at(&sizes, bytes).ok_or_else(|| CostError::NotMeasured {
        bench: "G3",
        what: format!(
            "onload by method {method} from pinned memory; measured are {}",
            listed(pinned_methods(log))
        ),
    })?;
    Ok(Tier {
        name: format!("host {method} {}", crate::report::bytes(bytes)),
        bytes_per_s: bytes / line.each_ns * 1e9,
        fixed_s: line.fixed_ns * 1e-9,
        per_descriptor_s: 0.0,
        origin: Origin::Measured,
    })
}

/// Methods measured from pinned memory, by name.
pub fn pinned_methods(log: &Log) -> Vec<String> {
    let mut names: Vec<String> = onloads(log).map(|(name, ..)| name.to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn listed(names: Vec<String>) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// Method, descriptor bytes, count and nanoseconds end to end of every onload from pinned memory.
pub fn onloads(log: &Log) -> impl Iterator<Item = (&str, u64, u64, f64)> {
    own(log, "G3").filter_map(|r| {
        // Files without the axis are of pinned memory only.
        if word(r, "memory").is_some_and(|m| m != "pinned") {
            return None;
        }
        let size = number(r, "descriptor_bytes")? as u64;
        let m = r.measured()?;
        let count = number(r, "descriptors").or(Some(m.work.bytes? / size as f64))?;
        Some((word(r, "method")?, size, count as u64, end_to_end(m)))
    })
}

/// Nanoseconds until the data is there and the host knows it.
fn end_to_end(m: &Measured) -> f64 {
    m.copy.map_or(m.time.median_ns, |copy| copy.end_to_end_ns)
}

fn sizes(log: &Log, method: &str) -> BTreeMap<u64, Counts> {
    let mut sizes: BTreeMap<u64, Counts> = BTreeMap::new();
    for (_, size, count, ns) in onloads(log).filter(|(name, ..)| *name == method) {
        sizes.entry(size).or_default().insert(count, ns);
    }
    sizes
}

fn line(counts: &Counts) -> Option<Line> {
    let (&low, &short) = counts.first_key_value()?;
    let (&high, &long) = counts.last_key_value()?;
    if low == high || long <= short {
        return (high > 0).then(|| Line {
            fixed_ns: 0.0,
            each_ns: long / high as f64,
        });
    }
    let each_ns = (long - short) / (high - low) as f64;
    Some(Line {
        fixed_ns: (short - each_ns * low as f64).max(0.0),
        each_ns,
    })
}

fn at(sizes: &BTreeMap<u64, Counts>, bytes: f64) -> Option<Line> {
    let below = sizes.range(..=bytes as u64).next_back();
    let above = sizes.range(bytes.ceil() as u64..).next();
    match (below, above) {
        (Some((&a, x)), Some((&b, y))) if a < b => {
            let (x, y) = (line(x)?, line(y)?);
            let share = (bytes - a as f64) / (b - a) as f64;
            let between = |x: f64, y: f64| x + share * (y - x);
            Some(Line {
                fixed_ns: between(x.fixed_ns, y.fixed_ns),
                each_ns: between(x.each_ns, y.each_ns),
            })
        }
        (Some((&a, x)), _) => {
            let x = line(x)?;
            let scale = (bytes / a as f64).max(1.0);
            Some(Line {
                each_ns: x.each_ns * scale,
                ..x
            })
        }
        (None, Some((_, y))) => line(y),
        (None, None) => None,
    }
}
