//! The two ways in: probing, and running a benchmark where the probe succeeded.

use std::path::Path;

use super::Gpu;
use crate::bench::Context;

/// Looks for a usable GPU. Never panics, whatever is or is not installed. `nvrtc` is a folder to look
/// for the compiler's library in first.
pub fn probe(nvrtc: Option<&Path>) -> Gpu {
    #[cfg(feature = "cuda")]
    return super::probe::probe(nvrtc).unwrap_or_else(Gpu::Skipped);
    #[cfg(not(feature = "cuda"))]
    {
        let _ = nvrtc;
        Gpu::Skipped(crate::record::SkipReason::CudaNotBuilt)
    }
}

/// Runs a GPU benchmark.
pub(crate) fn bench(id: &str, ctx: &mut Context<'_>) {
    #[cfg(feature = "cuda")]
    super::bench::run(id, ctx);
    #[cfg(not(feature = "cuda"))]
    {
        let _ = id;
        let reason = crate::record::SkipReason::CudaNotBuilt;
        ctx.emit(&[], crate::record::Outcome::Skipped(reason));
    }
}
