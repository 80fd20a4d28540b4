//! The CUDA side. Builds everywhere; every entry goes through [`probe`], so nothing here panics on a
//! machine without a driver.

#[cfg(feature = "cuda")]
mod bench;
#[cfg(feature = "cuda")]
mod compiler;
#[cfg(feature = "cuda")]
mod cubins;
#[cfg(feature = "cuda")]
mod device;
mod entry;
pub mod kernels;
#[cfg(feature = "cuda")]
mod nvrtc;
#[cfg(feature = "cuda")]
mod probe;
#[cfg(feature = "cuda")]
mod resources;
mod state;

#[cfg(feature = "cuda")]
pub use compiler::{CompileError, Compiler};
pub(crate) use entry::bench;
pub use entry::probe;
#[cfg(feature = "cuda")]
pub use resources::{Resources, resources};
pub use state::Gpu;
