//! What a prefix-cache hit costs on your own hardware, measured and modelled.
//!
//! A hit is five separable costs: hash the prompt, look the chain up, fetch the blocks, run the
//! suffix over the cached prefix, and re-read the shared prefix while decoding. Each has its own
//! ceiling (a cache, memory latency, a link, tensor cores), so each is measured against its own, and
//! [`model`] composes them into "does this hit pay?".
//!
//! - [`record`]: what is written to disk. A record is measured, modelled or skipped with a typed
//!   reason; the three never share a column.
//! - [`timing`]: how a measurement is taken, and when a difference is a tie.
//! - [`model`]: the break-even model, pure arithmetic.
//! - [`costs`]: the model's inputs, taken from measurements where there are any.
//! - [`cpu`]: the operations of the CPU benchmarks, each with its oracle.
//! - [`gpu`]: the CUDA side; builds and is safe to call on a machine without CUDA.
//! - [`mod@bench`]: the benchmarks C1 to C8 and G0 to G9, which turn operations into records.
//! - [`report`]: comparison of two record files and the report.

pub mod bench;
pub mod costs;
pub mod cpu;
pub mod gpu;
pub mod model;
pub mod record;
pub mod report;
pub mod timing;
