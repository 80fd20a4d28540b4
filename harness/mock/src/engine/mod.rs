//! A model of a serving engine: tokens, prefix cache, slots and a shared prefill lane.
//!
//! Time to first token = wait for a slot + wait for the prefill lane + uncached tokens / prefill
//! rate + a base. Decoding then runs at a constant rate per stream. All durations are divided by
//! the fleet's speed factor; an infinite speed turns pacing off.

mod prefix;
mod profile;
mod slots;
mod token;

pub use prefix::{BLOCK_TOKENS, PrefixCache, block_hashes};
pub use profile::EngineProfile;
pub use slots::{Engine, EngineCounters, Seat};
pub use token::{pieces, prompt_tokens, text_tokens};
