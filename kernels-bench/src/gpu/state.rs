//! What the probe found, as written to the header.

use serde::{Deserialize, Serialize};

use crate::record::SkipReason;

/// A usable GPU, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Gpu {
    /// Kernels can be compiled and run.
    Ready {
        /// Device name.
        name: String,
        /// Compute capability, major times ten plus minor.
        cc: i32,
        /// CUDA version of the driver (13000 is 13.0).
        driver: i32,
        /// Who compiles: NVRTC with its version, or nvcc.
        compiler: String,
        /// Multiprocessors.
        sms: i32,
        /// Device memory, bytes.
        memory_bytes: u64,
        /// Second-level cache, bytes.
        l2_bytes: u64,
        /// Bus id, for the topology tools of the system.
        pci: String,
        /// NUMA node the device hangs on; −1 if the system does not say.
        numa_node: i32,
    },
    /// Benchmarks G0 to G9 are skipped, and why.
    Skipped(SkipReason),
}
