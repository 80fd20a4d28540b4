//! GPU benchmarks.
use crate::bench::Context;
/// Runs one.
pub(super) fn run(_id: &str, _ctx: &mut Context<'_>) {}
