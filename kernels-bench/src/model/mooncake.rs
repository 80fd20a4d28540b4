//! Mooncake's own coefficients, for the known-answer test.

/// A dense model as Mooncake parameterises it (FAST'25, table 1).
#[derive(Debug, Clone, Copy)]
pub struct Dense {
    /// Model width.
    pub d: f64,
    /// Queries per KV head.
    pub group: f64,
    /// Attention coefficient; 4 counts the full square.
    pub a: f64,
    /// Linear coefficient: operations per token and layer over d².
    pub b: f64,
    /// Bytes of an element.
    pub s: f64,
}

/// LLaMA3-70B as in its table.
pub const LLAMA3_70B: Dense = Dense {
    d: 8192.0,
    group: 8.0,
    a: 4.0,
    b: 22.0,
    s: 2.0,
};

/// Least bandwidth at which loading beats recomputing, bytes/s (equation 2):
/// `B/G > 2ds / (group · (a·p·d + b·d²))`.
pub fn least_bandwidth(model: Dense, prefix: f64, flops: f64) -> f64 {
    let Dense { d, group, a, b, s } = model;
    flops * 2.0 * d * s / (group * (a * prefix * d + b * d * d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_minimum_bandwidths() {
        // "6 GB/s" on 8 A800 and "19 GB/s" on 8 H800.
        let a800 = least_bandwidth(LLAMA3_70B, 8192.0, 8.0 * 312e12) / 1e9;
        let h800 = least_bandwidth(LLAMA3_70B, 8192.0, 8.0 * 989e12) / 1e9;
        assert!((a800 - 5.86).abs() < 0.005, "{a800}");
        assert!((h800 - 18.57).abs() < 0.005, "{h800}");
    }
}
