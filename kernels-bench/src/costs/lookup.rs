//! Hash and index, from C1 and C2.

use super::{CostError, number, own, word};
use crate::model::Lookup;
use crate::record::{Log, Measured, Record};

/// Costs of naming and finding a prefix of blocks of `block` tokens: the two-level chain of C1 over the
/// longest prompt measured, and the radix index of C2 with most blocks resident and everything held.
///
/// # Errors
/// When either was not measured.
pub fn lookup(log: &Log, block: u64) -> Result<Lookup, CostError> {
    let hash = own(log, "C1")
        .filter(|r| word(r, "algorithm") == Some("xxh3-64-two-level"))
        .filter(|r| number(r, "block") == Some(block as f64))
        .max_by(|a, b| by(a, b, &["tokens"]));
    let index = own(log, "C2")
        .filter(|r| word(r, "index") == Some("radix"))
        .max_by(|a, b| by(a, b, &["hit_percent", "resident", "chain", "workers"]));
    let each =
        |record: Option<&Record>, bench, what: String, count: fn(&Measured) -> Option<f64>| {
            let cost = record.and_then(Record::measured).and_then(|m| {
                let n = count(m)?;
                (n > 0.0).then(|| m.time.median_ns * 1e-9 / n)
            });
            cost.ok_or(CostError::NotMeasured { bench, what })
        };
    Ok(Lookup {
        hash_s_per_token: each(
            hash,
            "C1",
            format!("two-level xxh3 chain of blocks of {block} tokens"),
            |m| m.work.tokens,
        )?,
        index_s_per_block: each(index, "C2", "radix index".to_owned(), |m| m.work.blocks)?,
        block,
    })
}

/// Orders by axes, the first one first; an absent axis is least.
fn by(a: &Record, b: &Record, axes: &[&str]) -> std::cmp::Ordering {
    let key = |r: &Record, axis: &str| number(r, axis).unwrap_or(f64::NEG_INFINITY);
    let each = axes
        .iter()
        .map(|axis| key(a, axis).total_cmp(&key(b, axis)));
    each.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
}
