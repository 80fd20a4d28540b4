//! G1, G2 and G9: paged gather and scatter on the device.

use super::ceilings::same;
use super::clock::{Clock, budget};
use super::data;
use crate::bench::Context;
use crate::cpu::Inputs;
use crate::gpu::device::{Device, DeviceBuffer, Params, Result};
use crate::record::{CacheState, Measured, Work};

/// Bytes of one token's K row of one layer with eight heads of 128.
const ROW: usize = 2048;

/// G1: pages of a shuffled pool to contiguous memory.
pub(super) fn gather(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let clock = Clock::new(device)?;
    let prefixes = ctx
        .options
        .grid
        .pick(vec![8192_usize], vec![1024, 8192, 32_768, 131_072]);
    for prefix in prefixes {
        for block in [1_usize, 16, 64, 128] {
            for order in ["identity", "shuffled"] {
                let config = [
                    ("block", block.into()),
                    ("prefix", prefix.into()),
                    ("order", order.into()),
                ];
                if ctx.out_of_time(&config) {
                    return Ok(());
                }
                let measured = gather_one(device, &clock, ctx, block, prefix, order == "shuffled");
                ctx.emit_result(&config, measured);
            }
        }
    }
    Ok(())
}

fn gather_one(
    device: &Device,
    clock: &Clock<'_>,
    ctx: &Context<'_>,
    block: usize,
    prefix: usize,
    shuffled: bool,
) -> Result<Measured> {
    let mut inputs = Inputs::new(ctx.options.seed, "G1");
    let (blocks, page) = (prefix / block, block * ROW);
    let pool = inputs.bytes(2 * blocks * page);
    let table: Vec<i32> = if shuffled {
        data::table(&mut inputs, blocks)
    } else {
        (0..blocks as i32).collect()
    };
    let want: Vec<u8> = table
        .iter()
        .flat_map(|b| &pool[*b as usize * page..][..page])
        .copied()
        .collect();
    let pool = DeviceBuffer::from(device, &pool)?;
    let want = DeviceBuffer::from(device, &want)?;
    let table = DeviceBuffer::from(device, &table)?;
    let out = DeviceBuffer::new(prefix * ROW)?;
    device.fill(&out, 0xAA)?;
    let params = Params::new()
        .buffer(&out)
        .buffer(&pool)
        .buffer(&table)
        .u32(blocks as u32)
        .u32((page / 16) as u32);
    let kernel = device.kernel("paged_gather")?;
    let grid = (blocks as u32).min(device.sms * 16);
    let mut op = || device.launch(kernel, (grid, 1, 1), 256, &params);
    op()?;
    let right = same(device, &out, &want)?;
    let mut copy = || device.copy(&out, &want, prefix * ROW);
    let times = clock.alternate(&budget(ctx), CacheState::Cold, &mut [&mut op, &mut copy])?;
    let work = Work {
        bytes: Some(2.0 * (prefix * ROW) as f64),
        blocks: Some(blocks as f64),
        tokens: Some(prefix as f64),
        ..Work::default()
    };
    Ok(Measured::new(times[0], work, CacheState::Cold)
        .under("device copy of the same bytes", times[1].median_ns)
        .checked("bit-exact, poisoned output", right))
}

/// G2: new rows to slots of a paged pool.
pub(super) fn scatter(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let clock = Clock::new(device)?;
    for tokens in [1_usize, 64, 512, 8192] {
        let config = [("tokens", tokens.into()), ("row_bytes", ROW.into())];
        if ctx.out_of_time(&config) {
            return Ok(());
        }
        let measured = scatter_one(device, &clock, ctx, tokens);
        ctx.emit_result(&config, measured);
    }
    Ok(())
}

fn scatter_one(
    device: &Device,
    clock: &Clock<'_>,
    ctx: &Context<'_>,
    tokens: usize,
) -> Result<Measured> {
    let mut inputs = Inputs::new(ctx.options.seed, "G2");
    let slots: Vec<u64> = inputs
        .permutation(4 * tokens)
        .into_iter()
        .take(tokens)
        .map(u64::from)
        .collect();
    let rows = inputs.bytes(tokens * ROW);
    let mut want = vec![0xAA_u8; 4 * tokens * ROW];
    for (row, slot) in rows.chunks(ROW).zip(&slots) {
        want[*slot as usize * ROW..][..ROW].copy_from_slice(row);
    }
    let want = DeviceBuffer::from(device, &want)?;
    let pool = DeviceBuffer::new(4 * tokens * ROW)?;
    device.fill(&pool, 0xAA)?;
    let rows = DeviceBuffer::from(device, &rows)?;
    let slots = DeviceBuffer::from(device, &slots)?;
    let params = Params::new()
        .buffer(&pool)
        .buffer(&rows)
        .buffer(&slots)
        .u32(tokens as u32)
        .u32((ROW / 16) as u32);
    let kernel = device.kernel("paged_scatter")?;
    let grid = (tokens as u32).div_ceil(8).min(device.sms * 8);
    let mut op = || device.launch(kernel, (grid, 1, 1), 256, &params);
    op()?;
    let right = same(device, &pool, &want)?;
    let spare = DeviceBuffer::new(tokens * ROW)?;
    let mut copy = || device.copy(&spare, &rows, tokens * ROW);
    let times = clock.alternate(&budget(ctx), CacheState::Cold, &mut [&mut op, &mut copy])?;
    let work = Work {
        bytes: Some(2.0 * (tokens * ROW) as f64),
        tokens: Some(tokens as f64),
        ..Work::default()
    };
    Ok(Measured::new(times[0], work, CacheState::Cold)
        .under("device copy of the same bytes", times[1].median_ns)
        .checked("bit-exact, other slots untouched", right))
}

/// G9: latent entries: 1152 bytes of bf16, or 656 bytes of fp8 that become 1152.
pub(super) fn latent(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let clock = Clock::new(device)?;
    for tokens in ctx
        .options
        .grid
        .pick(vec![32_768_usize], vec![8192, 32_768, 131_072, 300_032])
    {
        for format in ["bf16", "fp8"] {
            let config = [
                ("tokens", tokens.into()),
                ("format", format.into()),
                ("block", 64.into()),
            ];
            if ctx.out_of_time(&config) {
                return Ok(());
            }
            let measured = latent_one(device, &clock, ctx, tokens, format == "fp8");
            ctx.emit_result(&config, measured);
        }
    }
    Ok(())
}

fn latent_one(
    device: &Device,
    clock: &Clock<'_>,
    ctx: &Context<'_>,
    tokens: usize,
    fp8: bool,
) -> Result<Measured> {
    let mut inputs = Inputs::new(ctx.options.seed, "G9");
    let (block, blocks) = (64, tokens / 64);
    let entry = if fp8 { 656 } else { 1152 };
    let mut pool = inputs.bytes(2 * blocks * block * entry);
    if fp8 {
        // Scales must be numbers.
        for entry in pool.chunks_mut(656) {
            for (i, scale) in [0.5_f32, 1.25, 3.0, 0.01].into_iter().enumerate() {
                entry[512 + 4 * i..][..4].copy_from_slice(&scale.to_le_bytes());
            }
        }
    }
    let table = data::table(&mut inputs, blocks);
    let want: Vec<u8> = (0..tokens)
        .flat_map(|t| {
            let slot = table[t / block] as usize * block + t % block;
            let row = &pool[slot * entry..][..entry];
            if fp8 { dequantise(row) } else { row.to_vec() }
        })
        .collect();
    let pool = DeviceBuffer::from(device, &pool)?;
    let want = DeviceBuffer::from(device, &want)?;
    let table = DeviceBuffer::from(device, &table)?;
    let out = DeviceBuffer::new(tokens * 1152)?;
    device.fill(&out, 0xAA)?;
    let params = Params::new().buffer(&out).buffer(&pool).buffer(&table);
    let (kernel, params, count) = if fp8 {
        (
            device.kernel("mla_gather_fp8")?,
            params.u32(tokens as u32).u32(block as u32),
            tokens,
        )
    } else {
        let page = (block * entry / 16) as u32;
        (
            device.kernel("paged_gather")?,
            params.u32(blocks as u32).u32(page),
            blocks,
        )
    };
    let grid = (count as u32).min(device.sms * 32);
    let mut op = || device.launch(kernel, (grid, 1, 1), 192, &params);
    op()?;
    let right = same(device, &out, &want)?;
    let mut copy = || device.copy(&out, &want, tokens * 1152);
    let times = clock.alternate(&budget(ctx), CacheState::Cold, &mut [&mut op, &mut copy])?;
    let bytes = (tokens * (entry + 1152)) as f64;
    let at_ceiling = times[1].median_ns * bytes / (tokens * 2304) as f64;
    let work = Work {
        bytes: Some(bytes),
        tokens: Some(tokens as f64),
        ..Work::default()
    };
    Ok(Measured::new(times[0], work, CacheState::Cold)
        .under("device copy of as many bytes", at_ceiling)
        .checked("bit-exact; fp8 against a table", right))
}

/// One entry as 576 bf16 values.
fn dequantise(entry: &[u8]) -> Vec<u8> {
    use crate::cpu::attention::bf16;
    let scale = |i: usize| {
        let at = 512 + i / 128 * 4;
        f32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])
    };
    let values = (0..512).flat_map(|i| bf16(e4m3(entry[i]) * scale(i)).to_le_bytes());
    values.chain(entry[528..656].iter().copied()).collect()
}

/// 1 sign, 4 exponent (bias 7), 3 mantissa.
fn e4m3(x: u8) -> f32 {
    let (e, m) = (i32::from(x >> 3 & 15), f32::from(x & 7));
    let size = match (e, x & 7) {
        // The payload the device gives.
        (15, 7) => f32::from_bits(0x7FC0_0000),
        (0, _) => m / 8.0 * 2_f32.powi(-6),
        _ => (1.0 + m / 8.0) * 2_f32.powi(e - 7),
    };
    if x & 0x80 == 0 { size } else { -size }
}
