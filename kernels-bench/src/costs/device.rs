//! Operations and memory of the device, from G0.

use super::{CostError, number, word};
use crate::model::Compute;
use crate::record::{Log, Measured, Oracle, Origin, Record};

/// Rates of the device as G0 measured them, and the name of the measurement of operations: the fastest
/// of `mma.sync` and a peer's matrix product (which reaches `wgmma` where there is one), and the
/// largest copy within the device.
///
/// # Errors
/// When either was not measured.
pub fn device(log: &Log) -> Result<(Compute, String), CostError> {
    let lacking = |what: &str| CostError::NotMeasured {
        bench: "G0",
        what: what.to_owned(),
    };
    // Peers count here: the fastest product is nobody's in particular.
    let ceilings = || {
        let right = |m: &&Measured| !matches!(m.oracle, Oracle::Failed(_));
        log.records
            .iter()
            .filter(|r| r.bench == "G0")
            .filter_map(move |r| {
                let m = r.measured().filter(right)?;
                Some((r, m))
            })
    };
    let is = |r: &Record, names: &[&str]| word(r, "what").is_some_and(|w| names.contains(&w));
    let products = ceilings()
        .filter(|(r, _)| is(r, &["mma_sync", "matmul"]))
        .filter_map(|(r, m)| Some((m.tflop_per_s()? * 1e12, r)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let (flops, from) = products.ok_or_else(|| lacking("rate of matrix products"))?;
    let size = |r: &Record| number(r, "bytes").unwrap_or(0.0);
    let largest = ceilings()
        .filter(|(r, _)| is(r, &["device_copy"]))
        .map(|(r, _)| size(r));
    let largest = largest.fold(0.0, f64::max);
    let copies = ceilings()
        .filter(|(r, _)| is(r, &["device_copy"]) && size(r) == largest)
        .filter_map(|(_, m)| m.gb_per_s());
    let memory = copies.fold(0.0, f64::max);
    if memory <= 0.0 {
        return Err(lacking("copy within the device"));
    }
    let compute = Compute {
        flops,
        memory_bytes_per_s: memory * 1e9,
        origin: Origin::Measured,
    };
    let what = word(from, "what").unwrap_or_default();
    Ok((compute, format!("{what} by {}", from.by)))
}
