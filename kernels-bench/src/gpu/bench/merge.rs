//! G6: merging two states.

use super::clock::{Clock, budget};
use super::data;
use crate::bench::Context;
use crate::cpu::Inputs;
use crate::cpu::attention::{LogBase, State, from_bf16, merge};
use crate::gpu::device::{Device, DeviceBuffer, Params, Result};
use crate::record::{CacheState, Measured, Work};

/// Over tokens, heads and widths; every eighth row has one empty side, every sixteenth two.
pub(super) fn run(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let clock = Clock::new(device)?;
    let grid = ctx.options.grid;
    for tokens in grid.pick(vec![1_usize, 256], vec![1, 16, 256, 4096]) {
        for heads in grid.pick(vec![32_usize], vec![8, 32, 64, 128]) {
            for width in grid.pick(vec![128_usize], vec![64, 128, 512]) {
                let config = [
                    ("tokens", tokens.into()),
                    ("heads", heads.into()),
                    ("width", width.into()),
                ];
                if ctx.out_of_time(&config) {
                    return Ok(());
                }
                let measured = one(device, &clock, ctx, tokens * heads, width);
                ctx.emit_result(&config, measured);
            }
        }
    }
    Ok(())
}

fn one(
    device: &Device,
    clock: &Clock<'_>,
    ctx: &Context<'_>,
    rows: usize,
    width: usize,
) -> Result<Measured> {
    let mut inputs = Inputs::new(ctx.options.seed, "G6");
    let (va, vb) = (
        data::normals(&mut inputs, rows * width),
        data::normals(&mut inputs, rows * width),
    );
    let mut logs = |empty: usize| -> Vec<f32> {
        // Skewed by several units: balanced logs would hide a wrong base.
        let log = |i: usize, x: f32| {
            if i % empty == empty - 1 {
                f32::NEG_INFINITY
            } else {
                4.0 * x
            }
        };
        (0..rows).map(|i| log(i, inputs.normal())).collect()
    };
    let (la, lb) = (logs(8), logs(16));
    let (a, b) = (
        DeviceBuffer::from(device, &va)?,
        DeviceBuffer::from(device, &vb)?,
    );
    let (sa, sb) = (
        DeviceBuffer::from(device, &la)?,
        DeviceBuffer::from(device, &lb)?,
    );
    let (out, lse) = (
        DeviceBuffer::new(rows * width * 2)?,
        DeviceBuffer::new(rows * 4)?,
    );
    device.fill(&out, 0xFF)?;
    let params = Params::new()
        .buffer(&out)
        .buffer(&lse)
        .buffer(&a)
        .buffer(&sa)
        .buffer(&b)
        .buffer(&sb)
        .u32(rows as u32)
        .u32(width as u32);
    let kernel = device.kernel("merge_two")?;
    let nothing = device.kernel("nothing")?;
    let grid = ((rows as u32).div_ceil(8), 1, 1);
    let mut op = || device.launch(kernel, grid, 256, &params);
    let mut launch = || device.launch(nothing, (1, 1, 1), 32, &Params::new());
    let times = clock.alternate(&budget(ctx), CacheState::Cold, &mut [&mut op, &mut launch])?;
    let got: Vec<u16> = out.read(device, rows * width)?;
    let got_lse: Vec<f32> = lse.read(device, rows)?;
    let right = (0..rows).step_by((rows / 256).max(1) | 1).all(|row| {
        let side = |v: &[u16], lse: &[f32]| State {
            v: v[row * width..][..width]
                .iter()
                .map(|x| from_bf16(*x))
                .collect(),
            lse: lse[row],
        };
        let want = merge(&side(&va, &la), &side(&vb, &lb), LogBase::Natural);
        let found = got[row * width..][..width].iter().map(|x| from_bf16(*x));
        let near = found
            .zip(&want.v)
            .all(|(x, y)| (x - y).abs() <= 0.01 * (1.0 + y.abs()));
        let logs = got_lse[row] == want.lse || (got_lse[row] - want.lse).abs() <= 1e-4;
        near && logs
    });
    let bytes = (rows * (3 * width * 2 + 3 * 4)) as f64;
    let work = Work {
        bytes: Some(bytes),
        ..Work::default()
    };
    Ok(Measured::new(times[0], work, CacheState::Cold)
        .under("an empty launch", times[1].median_ns)
        .checked("host merge on sampled rows, empty states", right))
}
