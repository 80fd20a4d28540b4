//! The benchmarks: operations, grids, oracles and ceilings turned into records.

mod c1_hash;
mod c2_index;
mod c3_table;
mod c4_gather;
mod c5_relayout;
mod c6_disk;
mod c7_attention;
mod c8_model;
mod catalog;
mod context;
mod measured;
#[cfg(feature = "peers")]
mod peers;
mod run;

pub use c8_model::{Preset, model_records};
pub use catalog::{Entry, catalog};
pub use context::{Context, Options};
pub use run::{RunError, run};
