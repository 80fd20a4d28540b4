//! G3 and G4: many blocks between host and device, by descriptor size, count, method and memory.

use serde_json::Value;

use super::clock::{Clock, budget};
use crate::bench::Context;
use crate::cpu::Inputs;
use crate::gpu::device::{
    Device, DeviceBuffer, Direction, HostBuffer, HostKind, Params, Result, batched,
};
use crate::model::{Layout, ModelShape, descriptors};
use crate::record::{CacheState, Host, Measured, Outcome, SkipReason, Work};
use crate::timing::Budget;

const KIB: usize = 1 << 10;

/// How blocks are moved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    /// One copy of all bytes: what the wire can do.
    Bulk,
    /// One asynchronous copy a descriptor.
    Loop,
    /// One call for all descriptors.
    Batched,
    /// A kernel reads or writes pinned host memory.
    ZeroCopy(u32),
    /// One bulk copy to staging, scattered on the device.
    Staged,
}

impl Method {
    const ALL: [Self; 6] = [
        Self::Bulk,
        Self::Loop,
        Self::Batched,
        Self::ZeroCopy(8),
        Self::ZeroCopy(32),
        Self::Staged,
    ];

    fn name(self) -> String {
        match self {
            Self::Bulk => "bulk".to_owned(),
            Self::Loop => "loop".to_owned(),
            Self::Batched => "batched".to_owned(),
            Self::ZeroCopy(blocks) => format!("zero_copy_{blocks}"),
            Self::Staged => "staged".to_owned(),
        }
    }
}

/// One configuration.
#[derive(Clone, Copy)]
struct Shape {
    bytes: usize,
    count: usize,
    memory: HostKind,
    direction: Direction,
    /// Model and host layout that ask for these descriptors, if any.
    origin: Option<(&'static str, &'static str)>,
}

/// G3.
pub(super) fn onload(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let sizes = ctx.options.grid.pick(
        vec![
            4 * KIB,
            16 * KIB,
            24 * KIB,
            28 * KIB,
            32 * KIB,
            64 * KIB,
            2048 * KIB,
        ],
        [1, 4, 8, 16, 24, 28, 32, 64, 256, 2048, 5120]
            .map(|n| n * KIB)
            .to_vec(),
    );
    let pinned = |counts: &[usize]| grid(&sizes, counts, HostKind::Pinned, Direction::Onload);
    // What says most for its time comes first: should time run out, the largest counts are left.
    let mut shapes = grid(&[2048 * KIB], &[128], HostKind::Pinned, Direction::Onload);
    shapes.extend(pinned(&[1000]));
    for memory in [HostKind::WriteCombined, HostKind::Pageable] {
        shapes.extend(grid(&[32 * KIB], &[1000], memory, Direction::Onload));
    }
    shapes.extend(pinned(&[10_000]));
    shapes.extend(layouts(ctx.options.grid.pick(128, 512)));
    shapes.extend(pinned(
        ctx.options.grid.pick(&[][..], &[256, 64, 16, 100_000][..]),
    ));
    sweep(device, ctx, &shapes)
}

/// G4.
pub(super) fn offload(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let sizes = [4 * KIB, 32 * KIB, 256 * KIB, 2048 * KIB];
    let counts = ctx.options.grid.pick(vec![1000], vec![64, 1000, 10_000]);
    sweep(
        device,
        ctx,
        &grid(&sizes, &counts, HostKind::Pinned, Direction::Offload),
    )
}

fn grid(sizes: &[usize], counts: &[usize], memory: HostKind, direction: Direction) -> Vec<Shape> {
    let shape = |bytes: usize, count: usize| Shape {
        bytes,
        count,
        memory,
        direction,
        origin: None,
    };
    let all = counts
        .iter()
        .flat_map(|n| sizes.iter().map(|s| shape(*s, *n)));
    all.collect()
}

/// A hit of so many blocks of an 8B model in each host layout.
fn layouts(blocks: u64) -> Vec<Shape> {
    let Some(model) = ModelShape::preset("llama3-8b") else {
        return Vec::new();
    };
    Layout::ALL
        .iter()
        .map(|layout| {
            let d = descriptors(&model, *layout, 16, blocks);
            Shape {
                bytes: d.bytes as usize,
                count: d.count as usize,
                memory: HostKind::Pinned,
                direction: Direction::Onload,
                origin: Some((model.name, layout.name())),
            }
        })
        .collect()
}

fn sweep(device: &Device, ctx: &mut Context<'_>, shapes: &[Shape]) -> Result<()> {
    let clock = Clock::new(device)?;
    let mut arena: Option<Arena> = None;
    // Bytes of one configuration at most.
    let cap = ctx.options.grid.pick(512_usize << 20, 4 << 30);
    for shape in shapes
        .iter()
        .filter(|s| s.bytes * s.count <= cap || s.origin.is_some())
    {
        if ctx.out_of_time(&config(shape, "all")) {
            return Ok(());
        }
        let total = shape.bytes * shape.count;
        let fits = arena.as_ref().is_some_and(|a| a.fits(total, shape.memory));
        if !fits {
            // Freed before the larger one is made.
            drop(arena.take());
            match Arena::new(device, ctx, total, shape.memory) {
                Ok(made) => arena = Some(made),
                Err(reason) => ctx.emit(&config(shape, "all"), Outcome::Skipped(reason)),
            }
        }
        let Some(arena) = arena.as_mut() else {
            continue;
        };
        methods(device, &clock, ctx, arena, shape);
    }
    Ok(())
}

fn config(shape: &Shape, method: &str) -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("method", method.into()),
        ("descriptor_bytes", shape.bytes.into()),
        ("descriptors", shape.count.into()),
        ("memory", shape.memory.name().into()),
    ];
    if let Some((model, layout)) = shape.origin {
        all.extend([("model", model.into()), ("layout", layout.into())]);
    }
    all
}

/// Every method on one shape; one of them may be missing, and the others go on.
fn methods(
    device: &Device,
    clock: &Clock<'_>,
    ctx: &mut Context<'_>,
    arena: &mut Arena,
    shape: &Shape,
) {
    let mut bulk = None;
    for method in Method::ALL {
        if shape.memory == HostKind::Pageable && matches!(method, Method::ZeroCopy(_)) {
            continue;
        }
        let config = config(shape, &method.name());
        // The methods of a large shape take seconds each.
        if ctx.out_of_time(&config) {
            return;
        }
        let rules = Budget {
            min_samples: 3,
            ..budget(ctx)
        };
        let measured = one(device, clock, &rules, arena, *shape, method).map(|measured| {
            if method == Method::Bulk {
                bulk = Some(measured.time.median_ns);
            }
            match bulk {
                Some(wire) => measured.under("one bulk copy of the same bytes", wire),
                None => measured,
            }
        });
        ctx.emit_result(&config, measured);
    }
}

/// Buffers of a sweep, allocated once, touched, then timed.
struct Arena {
    host: HostBuffer,
    kind: HostKind,
    random: Vec<u8>,
    device: DeviceBuffer,
    staging: DeviceBuffer,
    bytes: usize,
    seed: u64,
}

impl Arena {
    fn new(device: &Device, ctx: &Context<'_>, bytes: usize, kind: HostKind) -> Result<Self> {
        // The pool, what it is compared with, and what comes back; the rest is for others. The host's
        // allocator would end the process where the device's gives an error.
        let (need, have) = (4 * bytes as u64, Host::detect().memory_bytes);
        if have > 0 && need > have {
            return Err(SkipReason::OutOfMemory {
                need_bytes: need,
                have_bytes: have,
            });
        }
        let base = Inputs::new(ctx.options.seed, "G3").bytes(bytes.min(64 << 20));
        let mut random = Vec::with_capacity(bytes);
        while random.len() < bytes {
            // Repeats begin at another place each, so equal blocks do not recur at block distance.
            let from = random.len() / base.len() * 12_345_677 % base.len();
            let n = (base.len() - from).min(bytes - random.len());
            random.extend_from_slice(&base[from..from + n]);
        }
        let (on_device, staging) = (DeviceBuffer::new(bytes)?, DeviceBuffer::new(bytes)?);
        device.wait()?;
        let host = HostBuffer::new(kind, bytes)?;
        Ok(Self {
            host,
            kind,
            random,
            device: on_device,
            staging,
            bytes,
            seed: ctx.options.seed,
        })
    }

    fn fits(&self, bytes: usize, kind: HostKind) -> bool {
        self.kind == kind && self.bytes >= bytes
    }
}

/// One method: blocks `0..n` of one side to shuffled blocks of the other, so that nothing merges.
fn one(
    device: &Device,
    clock: &Clock<'_>,
    rules: &Budget,
    arena: &mut Arena,
    shape: Shape,
    method: Method,
) -> Result<Measured> {
    let Shape { bytes, count, .. } = shape;
    let total = bytes * count;
    let order: Vec<usize> = match method {
        Method::Bulk => (0..count).collect(),
        _ => {
            let shuffled = Inputs::new(arena.seed, "G3 order").permutation(count);
            shuffled.into_iter().map(|i| i as usize).collect()
        }
    };
    prepare(device, arena, shape)?;
    let lists = Lists::new(device, &order, bytes)?;
    let (time, copy) = {
        let mut post = || post(device, arena, &order, &lists, shape, method);
        clock.transfer(rules, &mut post)?
    };
    let right = verify(device, arena, &order, shape)?;
    let work = Work {
        bytes: Some(total as f64),
        blocks: Some(count as f64),
        ..Work::default()
    };
    let mut measured =
        Measured::new(time, work, CacheState::Cold).checked("bit-exact, poisoned", right);
    measured.copy = Some(copy);
    Ok(measured)
}

/// Random bytes at the source, poison at the destination, as far as the shape reaches.
fn prepare(device: &Device, arena: &mut Arena, shape: Shape) -> Result<()> {
    let total = shape.bytes * shape.count;
    match shape.direction {
        Direction::Onload => {
            arena.host.as_mut()[..total].copy_from_slice(&arena.random[..total]);
            device.fill_first(&arena.device, 0xAA, total)?;
        }
        Direction::Offload => {
            device.upload(&arena.device, &arena.random[..total])?;
            arena.host.as_mut()[..total].fill(0xAA);
        }
    }
    device.wait()
}

/// Offsets of the descriptors on the device, in pieces of 16 bytes.
struct Lists {
    straight: DeviceBuffer,
    shuffled: DeviceBuffer,
}

impl Lists {
    fn new(device: &Device, order: &[usize], bytes: usize) -> Result<Self> {
        let pieces = (bytes / 16) as u64;
        let straight: Vec<u64> = (0..order.len() as u64).map(|i| i * pieces).collect();
        let shuffled: Vec<u64> = order.iter().map(|i| *i as u64 * pieces).collect();
        Ok(Self {
            straight: DeviceBuffer::from(device, &straight)?,
            shuffled: DeviceBuffer::from(device, &shuffled)?,
        })
    }
}

fn post(
    device: &Device,
    arena: &mut Arena,
    order: &[usize],
    lists: &Lists,
    shape: Shape,
    method: Method,
) -> Result<()> {
    let Shape {
        bytes,
        count,
        direction,
        ..
    } = shape;
    let total = bytes * count;
    let scatter = |to: u64, from: u64, blocks: u32| {
        let params = Params::new()
            .at(to)
            .at(from)
            .buffer(&lists.shuffled)
            .buffer(&lists.straight)
            .u32(count as u32)
            .u32((bytes / 16) as u32);
        device.launch(device.kernel("copy_list")?, (blocks, 1, 1), 512, &params)
    };
    let onload = direction == Direction::Onload;
    match method {
        Method::Bulk if onload => device.upload(&arena.device, &arena.host.as_ref()[..total]),
        Method::Bulk => device.download_at(&mut arena.host.as_mut()[..total], &arena.device, 0),
        Method::Loop => order.iter().enumerate().try_for_each(|(i, at)| {
            let (here, there) = (i * bytes, at * bytes);
            if onload {
                device.upload_at(
                    &arena.device,
                    there,
                    &arena.host.as_ref()[here..here + bytes],
                )
            } else {
                let to = &mut arena.host.as_mut()[there..there + bytes];
                device.download_at(to, &arena.device, here)
            }
        }),
        Method::Batched => {
            let (host, on_device) = (arena.host.address(), arena.device.at);
            let (to, from) = if onload {
                (on_device, host)
            } else {
                (host, on_device)
            };
            let mut to: Vec<u64> = order.iter().map(|at| to + (at * bytes) as u64).collect();
            let mut from: Vec<u64> = (0..count).map(|i| from + (i * bytes) as u64).collect();
            batched(device, &mut to, &mut from, bytes).map(|_| ())
        }
        Method::ZeroCopy(blocks) if onload => {
            scatter(arena.device.at, arena.host.device_address()?, blocks)
        }
        Method::ZeroCopy(blocks) => scatter(arena.host.device_address()?, arena.device.at, blocks),
        Method::Staged if onload => {
            device.upload(&arena.staging, &arena.host.as_ref()[..total])?;
            scatter(arena.device.at, arena.staging.at, device.sms * 4)
        }
        Method::Staged => {
            scatter(arena.staging.at, arena.device.at, device.sms * 4)?;
            device.download_at(&mut arena.host.as_mut()[..total], &arena.staging, 0)
        }
    }
}

/// Every block of the source at its place in the destination.
fn verify(device: &Device, arena: &Arena, order: &[usize], shape: Shape) -> Result<bool> {
    let total = shape.bytes * shape.count;
    let found = match shape.direction {
        Direction::Onload => arena.device.read::<u8>(device, total)?,
        Direction::Offload => arena.host.as_ref()[..total].to_vec(),
    };
    let block = |i: usize| i * shape.bytes..(i + 1) * shape.bytes;
    Ok(order
        .iter()
        .enumerate()
        .all(|(i, at)| found[block(*at)] == arena.random[block(i)]))
}
