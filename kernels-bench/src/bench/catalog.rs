//! Every benchmark by id.

use super::Context;

/// One benchmark.
#[derive(Clone, Copy)]
pub struct Entry {
    /// `C1` to `C8`, `G0` to `G9`.
    pub id: &'static str,
    /// Short name.
    pub name: &'static str,
    /// What is measured.
    pub measures: &'static str,
    /// What it is judged against.
    pub ceiling: &'static str,
    /// How it is known to be right.
    pub oracle: &'static str,
    /// Weight of the time it is given, against those of the benchmarks after it.
    pub(crate) weight: f64,
    /// Runs the CPU benchmark; none for those that need a GPU.
    pub(crate) run: Option<fn(&mut Context<'_>)>,
}

impl Entry {
    /// True if it needs a GPU.
    pub fn needs_gpu(&self) -> bool {
        self.run.is_none()
    }
}

/// Every benchmark, in order.
pub fn catalog() -> Vec<Entry> {
    let mut all = cpu().to_vec();
    all.extend(gpu());
    all
}

fn cpu() -> [Entry; 8] {
    let entry = |id, name, measures, ceiling, oracle, run: fn(&mut Context<'_>)| Entry {
        id,
        name,
        measures,
        ceiling,
        oracle,
        weight: weight(id),
        run: Some(run),
    };
    [
        entry(
            "C1",
            "hash_chain",
            "chained block hash of a prompt",
            "streaming xxh3 of the same bytes plus one call a block",
            "published vectors, other implementations",
            super::c1_hash::run,
        ),
        entry(
            "C2",
            "index_lookup",
            "longest held prefix of every worker",
            "measured memory latency, one access a run",
            "naive index (property test), agreement of all three",
            super::c2_index::run,
        ),
        entry(
            "C3",
            "block_table",
            "hit blocks to block table and slot map",
            "memcpy of the tables",
            "slots distinct and in bounds",
            super::c3_table::run,
        ),
        entry(
            "C4",
            "host_gather",
            "paged blocks to contiguous staging and back",
            "memcpy on the same threads",
            "bit-exact",
            super::c4_gather::run,
        ),
        entry(
            "C5",
            "relayout",
            "one host layout to another",
            "memcpy on the same threads",
            "bit-exact round trip",
            super::c5_relayout::run,
        ),
        entry(
            "C6",
            "disk_fetch",
            "blocks from a file, buffered and direct",
            "sequential read",
            "block numbers",
            super::c6_disk::run,
        ),
        entry(
            "C7",
            "cpu_attention",
            "reference attention and merge (informational)",
            "none",
            "f64 reference",
            super::c7_attention::run,
        ),
        entry(
            "C8",
            "model",
            "break-even of every preset and tier",
            "none: modelled",
            "published answers (tests)",
            super::c8_model::run,
        ),
    ]
}

/// Id, name, what is measured, ceiling, oracle.
type Row = [&'static str; 5];

const GPU: [Row; 11] = [
    [
        "G0",
        "ceilings",
        "device copy, link, launch, tensor-core rate",
        "data sheet",
        "byte compare",
    ],
    [
        "G1",
        "paged_gather",
        "pool to contiguous on the device",
        "device copy",
        "bit-exact",
    ],
    [
        "G2",
        "paged_scatter",
        "new rows into a paged pool",
        "device copy",
        "other slots untouched",
    ],
    [
        "G3",
        "onload",
        "host to device by descriptor size, count, method, memory",
        "bulk host-to-device copy",
        "bit-exact",
    ],
    [
        "G3b",
        "onload_contended",
        "compute and copy beside each other",
        "each alone",
        "none",
    ],
    [
        "G4",
        "offload",
        "device to host, mirror of G3",
        "bulk device-to-host copy",
        "bit-exact",
    ],
    [
        "G5",
        "suffix_attention",
        "suffix over paged prefix",
        "max(operations/peak, bytes/HBM)",
        "f64 on sampled rows",
    ],
    [
        "G6",
        "merge_state",
        "log-sum-exp merge",
        "an empty launch",
        "f64; empty states",
    ],
    [
        "G7",
        "cascade_decode",
        "shared prefix read once or for each request",
        "byte and operation bound",
        "equals plain decode",
    ],
    [
        "G8",
        "hit_vs_miss",
        "table upload, onload, suffix attention against recomputing",
        "model",
        "parts sum to the whole within 10%, or flagged",
    ],
    [
        "G9",
        "mla_gather",
        "576-wide bf16 and 656-byte fp8 entries",
        "device copy",
        "bit-exact",
    ],
];

fn gpu() -> impl Iterator<Item = Entry> {
    let rows = GPU.into_iter();
    rows.map(|[id, name, measures, ceiling, oracle]| Entry {
        id,
        name,
        measures,
        ceiling,
        oracle,
        weight: weight(id),
        run: None,
    })
}

/// Weights by what a benchmark's grid holds: the onload chart and attention take most.
fn weight(id: &str) -> f64 {
    match id {
        "G3" => 8.0,
        "G5" => 5.0,
        "G7" => 4.0,
        "C1" | "C2" | "C4" => 3.0,
        "G1" | "G4" | "G8" => 2.0,
        "C3" | "C7" | "C8" => 0.5,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<_> = catalog().iter().map(|e| e.id).collect();
        let n = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), n);
    }
}
