//! Reference attention of a suffix over a cached prefix, the tiled form that the kernels use, and the
//! merge of partial results. The tiled form is what a kernel does, on the host: a fault in the logic
//! shows without a GPU.

mod error;
mod merge;
mod problem;
mod reference;
mod tiled;

pub use error::{Tolerance, max_over_rms, relative_norm};
pub use merge::{LogBase, State, merge};
pub use problem::{Paged, Problem, bf16, from_bf16, round_bf16};
pub use reference::{Reference, reference};
pub use tiled::{Fault, Precision, Tiled, Tiling, tiled};
