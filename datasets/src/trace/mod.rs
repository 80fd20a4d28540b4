//! Recorded traffic without its texts: when requests came, and how long they and their answers were.
//!
//! A trace gives arrival times to a live run, and with [`synthesise`] a dataset whose prompts have the
//! recorded lengths and share the prefixes that the trace says were shared.

mod azure;
mod burstgpt;
mod format;
mod mooncake;
mod nonce;
mod row;
mod sharing;
mod synthetic;

pub use format::{TraceFormat, read};
pub use nonce::nonce_words;
pub use row::TraceRow;
pub use sharing::SharedPrefixes;
pub use synthetic::synthesise;
