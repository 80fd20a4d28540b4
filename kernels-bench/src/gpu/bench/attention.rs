//! G5: a suffix over a paged prefix, and the launch that G7 and G8 share.

use super::clock::{Clock, budget};
use super::data;
use crate::bench::Context;
use crate::cpu::Inputs;
use crate::cpu::attention::{Problem, Tolerance, from_bf16, reference};
use crate::gpu::device::{Device, DeviceBuffer, Params, Result};
use crate::record::{CacheState, Measured, Work};

/// Width of a head; fixed in the kernel.
pub(super) const HEAD: usize = 128;
/// Rows of one block of threads.
const ROWS: usize = 64;

/// `struct Args` of attention.cu.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Args {
    q: u64,
    k: u64,
    v: u64,
    table: u64,
    q_start: u64,
    kv_len: u64,
    out: u64,
    lse: u64,
    tokens: i32,
    q_heads: i32,
    kv_heads: i32,
    block: i32,
    table_width: i32,
    causal: i32,
    scale_log2: f32,
    padding: i32,
}

/// Heads and page of a launch.
#[derive(Clone, Copy)]
pub(super) struct Heads {
    pub(super) q: usize,
    pub(super) kv: usize,
    pub(super) block: usize,
}

/// A batch of requests over one pool: who attends to what.
pub(super) struct Requests {
    /// First query of each request, and the end.
    pub(super) q_start: Vec<i32>,
    /// Keys of each request, its own included.
    pub(super) kv_len: Vec<i32>,
    /// Pages of each request, rows of equal width.
    pub(super) table: Vec<i32>,
    /// Whether a query sees only what precedes it.
    pub(super) causal: bool,
}

/// KV pool on the device, K and V.
pub(super) struct Pool {
    pub(super) k: DeviceBuffer,
    pub(super) v: DeviceBuffer,
}

/// Partial results: `[splits][tokens][q_heads]`, values and logs.
pub(super) struct Partial {
    pub(super) v: DeviceBuffer,
    pub(super) lse: DeviceBuffer,
}

/// A launch of the attention kernel, ready to be posted.
pub(super) struct Attention {
    params: Params,
    grid: (u32, u32, u32),
    // Alive as long as the launch may be posted.
    _buffers: [DeviceBuffer; 3],
}

impl Attention {
    pub(super) fn new(
        device: &Device,
        heads: Heads,
        requests: &Requests,
        q: &DeviceBuffer,
        pool: &Pool,
        (out, splits): (&Partial, usize),
        part: usize,
    ) -> Result<Self> {
        let count = requests.kv_len.len();
        let tokens = requests.q_start.last().copied().unwrap_or(0);
        let most = requests
            .q_start
            .windows(2)
            .map(|w| w[1] - w[0])
            .max()
            .unwrap_or(0) as usize;
        let buffers = [
            DeviceBuffer::from(device, &requests.table)?,
            DeviceBuffer::from(device, &requests.q_start)?,
            DeviceBuffer::from(device, &requests.kv_len)?,
        ];
        let rows = part * tokens as usize * heads.q;
        let args = Args {
            q: q.at,
            k: pool.k.at,
            v: pool.v.at,
            table: buffers[0].at,
            q_start: buffers[1].at,
            kv_len: buffers[2].at,
            out: out.v.at + (rows * HEAD * 4) as u64,
            lse: out.lse.at + (rows * 4) as u64,
            tokens,
            q_heads: heads.q as i32,
            kv_heads: heads.kv as i32,
            block: heads.block as i32,
            table_width: (requests.table.len() / count.max(1)) as i32,
            causal: requests.causal.into(),
            scale_log2: std::f32::consts::LOG2_E / (HEAD as f32).sqrt(),
            padding: 0,
        };
        let tiles = (most * heads.q / heads.kv).div_ceil(ROWS);
        Ok(Self {
            params: Params::new().structure(&args),
            grid: (tiles as u32, (count * heads.kv) as u32, splits as u32),
            _buffers: buffers,
        })
    }

    pub(super) fn post(&self, device: &Device) -> Result<()> {
        device.launch(device.kernel("attention")?, self.grid, 128, &self.params)
    }
}

impl Partial {
    /// Poisoned with NaN: what is not written shows.
    pub(super) fn new(device: &Device, parts: usize, rows: usize) -> Result<Self> {
        let partial = Self {
            v: DeviceBuffer::new(parts * rows * HEAD * 4)?,
            lse: DeviceBuffer::new(parts * rows * 4)?,
        };
        device.fill(&partial.v, 0xFF)?;
        device.fill(&partial.lse, 0xFF)?;
        Ok(partial)
    }
}

/// Splits that fill the device when rows alone do not.
pub(super) fn splits(device: &Device, blocks: usize, keys: usize) -> usize {
    let wanted = (2 * device.sms as usize).div_ceil(blocks.max(1));
    wanted.clamp(1, keys.div_ceil(256).max(1)).min(64)
}

/// Posts the merge of `parts` partial results of `rows` rows.
pub(super) fn merge(
    device: &Device,
    from: &Partial,
    parts: usize,
    rows: usize,
    (out, lse): (&DeviceBuffer, &DeviceBuffer),
) -> Result<()> {
    let params = Params::new()
        .buffer(out)
        .buffer(lse)
        .buffer(&from.v)
        .buffer(&from.lse)
        .u32(parts as u32)
        .u32(rows as u32)
        .u32(HEAD as u32);
    device.launch(
        device.kernel("merge_parts")?,
        ((rows as u32).div_ceil(8), 1, 1),
        256,
        &params,
    )
}

/// G5 over suffix, prefix, page and group.
pub(super) fn run(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let clock = Clock::new(device)?;
    let grid = ctx.options.grid;
    let prefixes = grid.pick(vec![1024, 8192], vec![0, 1024, 8192, 32_768, 131_072]);
    let suffixes = grid.pick(vec![16, 256, 1024], vec![1, 16, 64, 256, 1024, 4096]);
    for &prefix in &prefixes {
        for &suffix in &suffixes {
            for block in grid.pick(vec![16], vec![16, 64, 128]) {
                for group in [4, 8] {
                    let config = [
                        ("prefix", prefix.into()),
                        ("suffix", suffix.into()),
                        ("block", block.into()),
                        ("group", group.into()),
                    ];
                    if ctx.out_of_time(&config) {
                        return Ok(());
                    }
                    let heads = Heads {
                        q: 8 * group,
                        kv: 8,
                        block,
                    };
                    let measured = one(device, &clock, ctx, heads, (prefix, suffix));
                    ctx.emit_result(&config, measured);
                }
            }
        }
    }
    Ok(())
}

fn one(
    device: &Device,
    clock: &Clock<'_>,
    ctx: &Context<'_>,
    heads: Heads,
    (prefix, suffix): (usize, usize),
) -> Result<Measured> {
    let mut inputs = Inputs::new(ctx.options.seed, "G5");
    let keys = prefix + suffix;
    let blocks = keys.div_ceil(heads.block);
    let row = heads.kv * HEAD;
    let table = data::table(&mut inputs, blocks);
    let k = data::normals(&mut inputs, 2 * blocks * heads.block * row);
    let v = data::normals(&mut inputs, 2 * blocks * heads.block * row);
    let q = data::normals(&mut inputs, suffix * heads.q * HEAD);
    let pool = Pool {
        k: DeviceBuffer::from(device, &k)?,
        v: DeviceBuffer::from(device, &v)?,
    };
    let on_device = DeviceBuffer::from(device, &q)?;
    let rows = suffix * heads.q;
    let tiles = (suffix * heads.q / heads.kv).div_ceil(ROWS) * heads.kv;
    let parts = splits(device, tiles, keys);
    let requests = Requests {
        q_start: vec![0, suffix as i32],
        kv_len: vec![keys as i32],
        table: table.clone(),
        causal: true,
    };
    let partial = Partial::new(device, parts, rows)?;
    let attention = Attention::new(
        device,
        heads,
        &requests,
        &on_device,
        &pool,
        (&partial, parts),
        0,
    )?;
    let (out, lse) = (
        DeviceBuffer::new(rows * HEAD * 2)?,
        DeviceBuffer::new(rows * 4)?,
    );
    let mut op = || {
        attention.post(device)?;
        merge(device, &partial, parts, rows, (&out, &lse))
    };
    let times = clock.alternate(&budget(ctx), CacheState::Cold, &mut [&mut op])?;
    let got = Got {
        out: out.read(device, rows * HEAD)?,
        lse: lse.read(device, rows)?,
    };
    let sampled = Sampled {
        heads,
        prefix,
        table: &table,
        q: &q,
        k: &k,
        v: &v,
    };
    let right = sampled.check(&got, suffix);
    let pairs = (suffix * prefix) as f64 + suffix as f64 * (suffix + 1) as f64 / 2.0;
    let work = Work {
        flops: Some(4.0 * (heads.q * HEAD) as f64 * pairs),
        bytes: Some((2 * keys * row * 2 + 2 * suffix * heads.q * HEAD * 2) as f64),
        tokens: Some(suffix as f64),
        ..Work::default()
    };
    let measured = Measured::new(times[0], work, CacheState::Cold)
        .checked("f64 on sampled rows, bf16 tolerance", right.is_ok())
        .noted(&format!("own kernel, an honest baseline; {parts} splits"));
    ceiling(device, clock, ctx, measured)
}

/// The larger of operations at the rate of `mma.sync` and bytes at the rate of a device copy, both
/// measured beside it.
fn ceiling(device: &Device, clock: &Clock<'_>, ctx: &Context<'_>, m: Measured) -> Result<Measured> {
    let copied = 256_usize << 20;
    let (a, b) = (DeviceBuffer::new(copied)?, DeviceBuffer::new(copied)?);
    let (blocks, rounds) = (device.sms * 4, 1024_u32);
    let sums = DeviceBuffer::new(blocks as usize * 256 * 4)?;
    let params = Params::new().buffer(&sums).u32(rounds).u32(12_345);
    let peak = device.kernel("mma_peak")?;
    let mut copy = || device.copy(&a, &b, copied);
    let mut products = || device.launch(peak, (blocks, 1, 1), 256, &params);
    let times = clock.alternate(
        &budget(ctx),
        CacheState::Hot,
        &mut [&mut copy, &mut products],
    )?;
    let per_byte = times[0].median_ns / (2 * copied) as f64;
    let flops = f64::from(blocks) * 8.0 * f64::from(rounds) * 8.0 * 4096.0;
    let per_flop = times[1].median_ns / flops;
    let by_flops = m.work.flops.unwrap_or(0.0) * per_flop;
    let by_bytes = m.work.bytes.unwrap_or(0.0) * per_byte;
    Ok(if by_flops >= by_bytes {
        m.under("operations at the rate of mma.sync", by_flops)
    } else {
        m.under("bytes at the rate of a device copy", by_bytes)
    })
}

/// What came back.
struct Got {
    out: Vec<u16>,
    lse: Vec<f32>,
}

/// The inputs, to recompute single rows from.
struct Sampled<'a> {
    heads: Heads,
    prefix: usize,
    table: &'a [i32],
    q: &'a [u16],
    k: &'a [u16],
    v: &'a [u16],
}

impl Sampled<'_> {
    /// First, middle and last query; first and last head.
    fn check(&self, got: &Got, suffix: usize) -> std::result::Result<(), String> {
        let (mut out, mut want, mut lse, mut logs) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for query in [0, suffix / 2, suffix - 1] {
            for head in [0, self.heads.q - 1] {
                let exact = reference(&self.problem(query, head));
                let row = query * self.heads.q + head;
                out.extend(got.out[row * HEAD..][..HEAD].iter().map(|x| from_bf16(*x)));
                lse.push(got.lse[row]);
                want.extend(exact.out);
                logs.extend(exact.lse);
            }
        }
        Tolerance::BF16.check(&out, &want, (&lse, &logs))
    }

    /// One query and head as a problem of its own.
    fn problem(&self, query: usize, head: usize) -> Problem {
        let kv_head = head / (self.heads.q / self.heads.kv);
        let rows = |pool: &[u16]| -> Vec<f32> {
            let keys = 0..self.prefix + query + 1;
            keys.flat_map(|t| {
                let slot = self.table[t / self.heads.block] as usize * self.heads.block
                    + t % self.heads.block;
                let at = (slot * self.heads.kv + kv_head) * HEAD;
                pool[at..at + HEAD].iter().map(|x| from_bf16(*x))
            })
            .collect()
        };
        let at = (query * self.heads.q + head) * HEAD;
        Problem {
            q_heads: 1,
            kv_heads: 1,
            head: HEAD,
            prefix: self.prefix + query,
            suffix: 1,
            q: self.q[at..at + HEAD]
                .iter()
                .map(|x| from_bf16(*x))
                .collect(),
            k: rows(self.k),
            v: rows(self.v),
        }
    }
}
