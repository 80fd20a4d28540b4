//! GPU benchmarks G0 to G9: buffers, launches, oracles and ceilings turned into records.
//!
//! Everything here runs on one stream that is not the default one, over random data and poisoned
//! outputs. A configuration whose driver call fails becomes a skipped record; the run goes on.

mod attention;
mod cascade;
mod ceilings;
mod clock;
mod contended;
mod data;
mod hit;
mod merge;
mod pages;
mod transfer;

use super::device::{Device, Result};
use crate::bench::Context;
use crate::record::Outcome;

/// Runs one benchmark.
pub(super) fn run(id: &str, ctx: &mut Context<'_>) {
    if let Err(reason) = start(id, ctx) {
        ctx.emit(&[], Outcome::Skipped(reason));
    }
}

fn start(id: &str, ctx: &mut Context<'_>) -> Result<()> {
    let device = Device::open(ctx.options)?;
    match id {
        "G0" => ceilings::run(&device, ctx),
        "G1" => pages::gather(&device, ctx),
        "G2" => pages::scatter(&device, ctx),
        "G3" => transfer::onload(&device, ctx),
        "G3b" => contended::run(&device, ctx),
        "G4" => transfer::offload(&device, ctx),
        "G5" => attention::run(&device, ctx),
        "G6" => merge::run(&device, ctx),
        "G7" => cascade::run(&device, ctx),
        "G8" => hit::run(&device, ctx),
        _ => pages::latent(&device, ctx),
    }
}
