//! What the hardware gives: compute, and where KV can be fetched from.

use crate::record::Origin;

/// Compute of one replica.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compute {
    /// Effective rate ηG, FLOP/s: what prefill reaches, not the data sheet.
    pub flops: f64,
    /// Memory bandwidth, bytes/s, read plus written.
    pub memory_bytes_per_s: f64,
    /// Where the numbers come from.
    pub origin: Origin,
}

impl Compute {
    /// One H200-class GPU at 600 TFLOP/s effective and 4.3 TB/s.
    pub const H200: Self = Self {
        flops: 600e12,
        memory_bytes_per_s: 4.3e12,
        origin: Origin::Preset,
    };
}

/// A place that KV is fetched from.
#[derive(Debug, Clone, PartialEq)]
pub struct Tier {
    /// Name in reports.
    pub name: String,
    /// Bandwidth for large transfers, bytes/s.
    pub bytes_per_s: f64,
    /// Fixed cost of a fetch, seconds.
    pub fixed_s: f64,
    /// Cost of one descriptor, seconds: transfers cannot go faster than their descriptors.
    pub per_descriptor_s: f64,
    /// Where the numbers come from.
    pub origin: Origin,
}

impl Tier {
    fn preset(name: &str, gb_per_s: f64, fixed_s: f64, per_descriptor_s: f64) -> Self {
        Self {
            name: name.to_owned(),
            bytes_per_s: gb_per_s * 1e9,
            fixed_s,
            per_descriptor_s,
            origin: Origin::Preset,
        }
    }
}

/// Published tiers. The small-descriptor cliff is its own tier: one batched copy of 50 000
/// descriptors of 4 to 24 KiB runs at 4 to 7 GB/s on an H100 (vLLM pull request 42212).
pub fn tiers() -> Vec<Tier> {
    vec![
        Tier::preset("hbm", 4300.0, 0.0, 0.0),
        Tier::preset("host-pcie5", 55.0, 0.0, 0.0),
        Tier::preset("host-small-descriptors", 6.0, 0.0, 0.0),
        Tier::preset("host-pcie4", 26.0, 0.0, 0.0),
        Tier::preset("host-c2c", 400.0, 0.0, 0.0),
        Tier::preset("nvme", 7.0, 0.0, 0.0),
        Tier::preset("rdma-100g", 12.5, 0.0, 0.0),
        Tier::preset("ethernet-25g", 3.1, 0.0, 0.0),
    ]
}
