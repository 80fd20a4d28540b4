//! G0: what the device and the link can do at most.

use super::clock::{Clock, Post, budget};
use crate::bench::Context;
use crate::cpu::Inputs;
use crate::gpu::device::{Device, DeviceBuffer, HostBuffer, HostKind, Params, Result};
use crate::record::{CacheState, Measured, Work};

pub(super) fn run(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let clock = Clock::new(device)?;
    memory(device, &clock, ctx)?;
    link(device, &clock, ctx)?;
    launch(device, &clock, ctx)?;
    products(device, &clock, ctx)
}

/// Device to device, by the copy engine and by a kernel, read plus written.
fn memory(device: &Device, clock: &Clock<'_>, ctx: &mut Context<'_>) -> Result<()> {
    let kernel = device.kernel("copy16")?;
    for bytes in ctx
        .options
        .grid
        .pick(vec![1 << 30], vec![16 << 20, 256 << 20, 1 << 30])
    {
        let random = Inputs::new(ctx.options.seed, "G0").bytes(1 << 20);
        let (from, to) = (DeviceBuffer::new(bytes)?, DeviceBuffer::new(bytes)?);
        for at in (0..bytes).step_by(1 << 20) {
            device.upload_at(&from, at, &random)?;
        }
        device.fill(&to, 0xAA)?;
        device.wait()?;
        let params = Params::new()
            .buffer(&to)
            .buffer(&from)
            .u64(bytes as u64 / 16);
        let mut engine = || device.copy(&to, &from, bytes);
        let mut kernel = || device.launch(kernel, (device.sms * 8, 1, 1), 512, &params);
        let ops: &mut [Post<'_>] = &mut [&mut engine, &mut kernel];
        let times = clock.alternate(&budget(ctx), CacheState::Cold, ops)?;
        let right = same(device, &from, &to)?;
        for (method, time) in ["engine", "kernel"].into_iter().zip(times) {
            let work = Work {
                bytes: Some(2.0 * bytes as f64),
                ..Work::default()
            };
            let measured =
                Measured::new(time, work, CacheState::Cold).checked("byte compare", right);
            let config = [
                ("what", "device_copy".into()),
                ("method", method.into()),
                ("bytes", bytes.into()),
            ];
            ctx.emit(&config, measured.outcome());
        }
    }
    Ok(())
}

/// True if both buffers are equal, compared on the device.
pub(super) fn same(device: &Device, a: &DeviceBuffer, b: &DeviceBuffer) -> Result<bool> {
    let count = DeviceBuffer::from(device, &[0_u32; 4])?;
    let n = a.bytes.min(b.bytes) as u64 / 16;
    let params = Params::new().buffer(a).buffer(b).u64(n).buffer(&count);
    device.launch(
        device.kernel("count_different")?,
        (device.sms * 4, 1, 1),
        256,
        &params,
    )?;
    Ok(count.read::<u32>(device, 1)?[0] == 0)
}

/// Bulk copies over the link in both directions, and reads of host memory by multiprocessors.
fn link(device: &Device, clock: &Clock<'_>, ctx: &mut Context<'_>) -> Result<()> {
    let bytes = ctx.options.grid.pick(256_usize << 20, 1 << 30);
    let buffer = DeviceBuffer::new(bytes)?;
    for kind in [
        HostKind::Pinned,
        HostKind::WriteCombined,
        HostKind::Pageable,
    ] {
        let mut host = HostBuffer::new(kind, bytes)?;
        let random = Inputs::new(ctx.options.seed, "G0 link").bytes(bytes);
        host.as_mut().copy_from_slice(&random);
        let rules = budget(ctx);
        let (time, copy) = clock.transfer(&rules, &mut || device.upload(&buffer, host.as_ref()))?;
        let right = buffer.read::<u8>(device, bytes)? == random;
        let mut emit = |what: &str, time, copy, right| {
            let work = Work {
                bytes: Some(bytes as f64),
                ..Work::default()
            };
            let mut measured =
                Measured::new(time, work, CacheState::Cold).checked("byte compare", right);
            measured.copy = Some(copy);
            let config = [
                ("what", what.into()),
                ("memory", kind.name().into()),
                ("bytes", bytes.into()),
            ];
            ctx.emit(&config, measured.outcome());
        };
        emit("host_to_device", time, copy, right);
        if kind == HostKind::Pinned {
            device.fill(&buffer, 0xAA)?;
            let params = Params::new()
                .buffer(&buffer)
                .at(host.device_address()?)
                .u64(bytes as u64 / 16);
            let kernel = device.kernel("copy16")?;
            let (time, copy) = clock.transfer(&rules, &mut || {
                device.launch(kernel, (32, 1, 1), 1024, &params)
            })?;
            let right = buffer.read::<u8>(device, bytes)? == random;
            emit("host_read_by_kernel", time, copy, right);
        }
        host.as_mut().fill(0xAA);
        let (time, copy) = clock.transfer(&rules, &mut || {
            device.download_at(host.as_mut(), &buffer, 0)
        })?;
        emit("device_to_host", time, copy, host.as_ref() == random);
    }
    Ok(())
}

/// Cost of a launch: a hundred empty kernels between events, and one from the host's side.
fn launch(device: &Device, clock: &Clock<'_>, ctx: &mut Context<'_>) -> Result<()> {
    let kernel = device.kernel("nothing")?;
    for count in [1_u32, 100] {
        let mut post =
            || (0..count).try_for_each(|_| device.launch(kernel, (1, 1, 1), 32, &Params::new()));
        let (mut time, copy) = clock.transfer(&budget(ctx), &mut post)?;
        let scale = f64::from(count);
        for ns in [
            &mut time.median_ns,
            &mut time.p20_ns,
            &mut time.p80_ns,
            &mut time.p99_ns,
        ] {
            *ns /= scale;
        }
        let mut measured = Measured::new(time, Work::default(), CacheState::Hot);
        measured.copy = Some(copy);
        let measured = measured.noted("time of one launch; copy times are those of all");
        ctx.emit(
            &[("what", "launch".into()), ("launches", count.into())],
            measured.outcome(),
        );
    }
    Ok(())
}

/// Rate of `mma.sync`, which is what these kernels can reach; not the rate of `wgmma`.
fn products(device: &Device, clock: &Clock<'_>, ctx: &mut Context<'_>) -> Result<()> {
    let (blocks, threads, rounds) = (device.sms * 4, 256_u32, 4096_u32);
    let out = DeviceBuffer::new((blocks * threads) as usize * 4)?;
    let params = Params::new()
        .buffer(&out)
        .u32(rounds)
        .u32(ctx.options.seed as u32 | 1);
    let kernel = device.kernel("mma_peak")?;
    let mut op = || device.launch(kernel, (blocks, 1, 1), threads, &params);
    let times = clock.alternate(&budget(ctx), CacheState::Hot, &mut [&mut op])?;
    // Eight products of 16×8×16 a warp and round, two operations each.
    let warps = f64::from(blocks * threads / 32);
    let flops = warps * f64::from(rounds) * 8.0 * 2.0 * 16.0 * 8.0 * 16.0;
    let work = Work {
        flops: Some(flops),
        ..Work::default()
    };
    let measured = Measured::new(times[0], work, CacheState::Hot)
        .noted("mma.sync m16n8k16 bf16, operands in registers, random data");
    ctx.emit(&[("what", "mma_sync".into())], measured.outcome());
    Ok(())
}
