//! A model of a serving engine: tokens, prefix cache, slots and a shared prefill lane.
//!
//! Time to first token = wait for a slot + wait for the prefill lane + uncached tokens / prefill
//! rate + a base. Where an engine has [`PrefillCosts`], the rate gives way to what a prefix hit costs:
//! lookup + wait for the link + fetch + wait for the lane + operations. Decoding then runs at a constant rate per stream. All durations are divided by
//! the fleet's speed factor; an infinite speed turns pacing off.

mod costs;
mod prefix;
mod profile;
mod slots;
mod tiered;
mod token;

pub use costs::{Found, PrefillCosts, PrefillTime};
pub use prefix::{BLOCK_TOKENS, PrefixCache, block_hashes};
pub use profile::EngineProfile;
pub use slots::{Engine, EngineCounters, Seat};
pub use tiered::TieredCache;
pub use token::{pieces, prompt_tokens, text_tokens};
