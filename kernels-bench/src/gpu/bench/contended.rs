//! G3b: a transfer beside compute: what each loses.

use std::time::Instant;

use super::clock::budget;
use crate::bench::Context;
use crate::gpu::device::{Device, DeviceBuffer, HostBuffer, HostKind, Params, Result};
use crate::record::{CacheState, Measured, Outcome, Work};
use crate::timing::{Series, try_fill};

/// Copies by engine and by kernel, alone and beside products on a stream of their own device handle.
pub(super) fn run(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let other = Device::open(ctx.options)?;
    let out = DeviceBuffer::new((device.sms * 4 * 256) as usize * 4)?;
    let products = Params::new()
        .buffer(&out)
        .u32(16_384)
        .u32(ctx.options.seed as u32 | 1);
    let compute = || {
        other.launch(
            other.kernel("mma_peak")?,
            (other.sms * 4, 1, 1),
            256,
            &products,
        )
    };
    for bytes in [4_usize << 20, 64 << 20, 256 << 20] {
        let buffer = DeviceBuffer::new(bytes)?;
        let host = HostBuffer::new(HostKind::Pinned, bytes)?;
        for method in ["engine", "zero_copy_8", "zero_copy_32"] {
            if ctx.out_of_time(&[("method", method.into()), ("bytes", bytes.into())]) {
                return Ok(());
            }
            let blocks = if method == "zero_copy_8" { 8 } else { 32 };
            let list = Params::new()
                .buffer(&buffer)
                .at(host.device_address()?)
                .u64(bytes as u64 / 16);
            let copy = || match method {
                "engine" => device.upload(&buffer, host.as_ref()),
                _ => device.launch(device.kernel("copy16")?, (blocks, 1, 1), 512, &list),
            };
            if let Err(reason) = one(device, &other, ctx, (method, bytes), &copy, &compute) {
                let config = [("method", method.into()), ("bytes", bytes.into())];
                ctx.emit(&config, Outcome::Skipped(reason));
            }
        }
    }
    Ok(())
}

/// Copy alone, compute alone, and both at once; each timed to its own completion.
fn one(
    device: &Device,
    other: &Device,
    ctx: &mut Context<'_>,
    (method, bytes): (&str, usize),
    copy: &dyn Fn() -> Result<()>,
    compute: &dyn Fn() -> Result<()>,
) -> Result<()> {
    let elapsed = |start: Instant| start.elapsed().as_nanos() as f64;
    let mut both = Series::default();
    let mut series = vec![Series::default(); 6];
    try_fill(&budget(ctx), &mut series, |i| {
        let start = Instant::now();
        match i % 3 {
            0 => {
                copy()?;
                device.wait()?;
                Ok(elapsed(start))
            }
            1 => {
                compute()?;
                other.wait()?;
                Ok(elapsed(start))
            }
            _ => {
                compute()?;
                copy()?;
                device.wait()?;
                let copied = elapsed(start);
                other.wait()?;
                both.push(elapsed(start));
                Ok(copied)
            }
        }
    })?;
    let summary = |i: usize| series[i].summary(&series[i + 3]);
    let (alone, computed) = (summary(0), summary(1));
    // The twins of this one took turns too.
    let [mut even, mut odd] = [Series::default(), Series::default()];
    for pair in both.samples().chunks(2) {
        even.push(pair[0]);
        pair.get(1).into_iter().for_each(|ns| odd.push(*ns));
    }
    let compute_beside = even.summary(&odd);
    let work = Work {
        bytes: Some(bytes as f64),
        ..Work::default()
    };
    for (what, time, alone) in [
        ("copy_beside_compute", summary(2), alone),
        ("compute_beside_copy", compute_beside, computed),
    ] {
        let work = if what == "copy_beside_compute" {
            work
        } else {
            Work::default()
        };
        let measured =
            Measured::new(time, work, CacheState::Cold).under("the same alone", alone.median_ns);
        let config = [
            ("what", what.into()),
            ("method", method.into()),
            ("bytes", bytes.into()),
        ];
        ctx.emit(&config, measured.outcome());
    }
    Ok(())
}
