//! The break-even model: when does a prefix-cache hit pay? Pure arithmetic.
//!
//! With `p` cached tokens, `P` active non-embedding weights, `L` layers, `hq` query heads of widths
//! `dqk` and `dv`, κ bytes of KV a token and an effective rate of `ηG` FLOP/s, a hit saves
//! `F(p) = 2·P·p + L·hq·(dqk+dv)·p²` operations and costs `t0 + max(κp/B, N·t_desc)`. Attention of the
//! suffix over the prefix is paid either way and cancels. The form is that of Mooncake (FAST'25,
//! equations 1 and 2); [`mooncake`] keeps its coefficients for the known-answer test.

mod break_even;
mod cascade;
mod hardware;
mod hit;
mod layout;
pub mod mooncake;
mod shape;

pub use break_even::{BreakEven, break_even_bandwidth, least_prefix};
pub use cascade::{Cascade, cascade_speedup_bound, vllm_uses_cascade};
pub use hardware::{Compute, Tier, tiers};
pub use hit::{Hit, HitCost, Lookup, LosesBecause, hit_cost, split_gain};
pub use layout::{Descriptors, Layout, descriptors};
pub use shape::{ModelShape, presets};
