//! The operations of the CPU benchmarks, each with its oracle.

pub mod attention;
pub mod block_table;
pub mod disk;
pub mod gather;
pub mod hash;
pub mod index;
mod inputs;
pub mod relayout;
mod streaming;

pub use inputs::Inputs;
