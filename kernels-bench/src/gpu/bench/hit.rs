//! G8: a whole hit against a whole miss, attention and transfers only.

use serde_json::Value;

use super::attention::{Attention, HEAD, Heads, Partial, Pool, Requests, merge, splits};
use super::clock::{Clock, Post, budget};
use super::data;
use crate::bench::Context;
use crate::cpu::Inputs;
use crate::gpu::device::{Device, DeviceBuffer, HostBuffer, HostKind, Result};
use crate::record::{CacheState, Measured, Outcome, Work};

const LAYERS: usize = 32;
const HEADS: Heads = Heads {
    q: 32,
    kv: 8,
    block: 16,
};

/// New tokens of the request.
const SUFFIX: usize = 256;

/// An 8B shape: table upload, onload of a layer-contiguous prefix, suffix attention of every layer,
/// against attention of the whole prompt. Linear layers are the same operations on both sides for the
/// suffix and are modelled (C8) for the prefix.
pub(super) fn run(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let clock = Clock::new(device)?;
    let prefixes = ctx
        .options
        .grid
        .pick(vec![4096_usize], vec![1024, 8192, 32_768]);
    for prefix in prefixes {
        if ctx.out_of_time(&config(prefix, "all")) {
            return Ok(());
        }
        if let Err(reason) = one(device, &clock, ctx, prefix) {
            ctx.emit(&config(prefix, "all"), Outcome::Skipped(reason));
        }
    }
    Ok(())
}

fn config(prefix: usize, part: &str) -> [(&'static str, Value); 4] {
    [
        ("model", "llama3-8b".into()),
        ("prefix", prefix.into()),
        ("suffix", SUFFIX.into()),
        ("part", part.into()),
    ]
}

fn one(device: &Device, clock: &Clock<'_>, ctx: &mut Context<'_>, prefix: usize) -> Result<()> {
    let mut inputs = Inputs::new(ctx.options.seed, "G8");
    let keys = prefix + SUFFIX;
    let blocks = keys.div_ceil(HEADS.block);
    let table = data::table(&mut inputs, blocks);
    let elements = 2 * blocks * HEADS.block * HEADS.kv * HEAD;
    let pool = Pool {
        k: DeviceBuffer::from(device, &data::normals(&mut inputs, elements))?,
        v: DeviceBuffer::from(device, &data::normals(&mut inputs, elements))?,
    };
    let layer = prefix * HEADS.kv * HEAD * 2 * 2;
    let mut host = HostBuffer::new(HostKind::Pinned, layer)?;
    host.as_mut().copy_from_slice(&inputs.bytes(layer));
    let landing = DeviceBuffer::new(layer)?;
    let short = Run::new(device, &mut inputs, &table, &pool, (keys, SUFFIX))?;
    let long = Run::new(device, &mut inputs, &table, &pool, (keys, keys))?;
    let bytes: Vec<u8> = bytemuck::cast_slice(&table).to_vec();
    let table_on_device = DeviceBuffer::new(bytes.len())?;
    let mut tables = || device.upload(&table_on_device, &bytes);
    let mut load = || (0..LAYERS).try_for_each(|_| device.upload(&landing, host.as_ref()));
    let mut attend = || (0..LAYERS).try_for_each(|_| short.post(device));
    let mut whole = || {
        device.upload(&table_on_device, &bytes)?;
        (0..LAYERS).try_for_each(|_| {
            device.upload(&landing, host.as_ref())?;
            short.post(device)
        })
    };
    let mut miss = || (0..LAYERS).try_for_each(|_| long.post(device));
    let ops: &mut [Post<'_>] = &mut [&mut tables, &mut load, &mut attend, &mut whole, &mut miss];
    let times = clock.alternate(&budget(ctx), CacheState::Cold, ops)?;
    let sum: f64 = times[..3].iter().map(|t| t.median_ns).sum();
    let off = (times[3].median_ns - sum).abs() / sum;
    let parts = [
        "table_upload",
        "onload",
        "suffix_attention",
        "hit",
        "miss_attention",
    ];
    for (part, time) in parts.into_iter().zip(times) {
        let work = match part {
            "onload" => Work {
                bytes: Some((layer * LAYERS) as f64),
                ..Work::default()
            },
            _ => Work::default(),
        };
        let note = match part {
            "hit" if off > 0.1 => format!(
                "flagged: parts sum to {:.0}% of it",
                100.0 * sum / time.median_ns
            ),
            "hit" => "parts sum to it within 10%".to_owned(),
            _ => "linear layers are not in it".to_owned(),
        };
        let measured = Measured::new(time, work, CacheState::Cold).noted(&note);
        ctx.emit(&config(prefix, part), measured.outcome());
    }
    Ok(())
}

/// Attention and merge of one layer.
struct Run {
    attention: Attention,
    partial: Partial,
    out: (DeviceBuffer, DeviceBuffer),
    parts: usize,
    rows: usize,
    _q: DeviceBuffer,
}

impl Run {
    fn new(
        device: &Device,
        inputs: &mut Inputs,
        table: &[i32],
        pool: &Pool,
        (keys, queries): (usize, usize),
    ) -> Result<Self> {
        let rows = queries * HEADS.q;
        let q = DeviceBuffer::from(device, &data::normals(inputs, rows * HEAD))?;
        let requests = Requests {
            q_start: vec![0, queries as i32],
            kv_len: vec![keys as i32],
            table: table.to_vec(),
            causal: true,
        };
        let tiles = (queries * HEADS.q / HEADS.kv).div_ceil(64) * HEADS.kv;
        let parts = splits(device, tiles, keys);
        let partial = Partial::new(device, parts, rows)?;
        let attention = Attention::new(device, HEADS, &requests, &q, pool, (&partial, parts), 0)?;
        let out = (
            DeviceBuffer::new(rows * HEAD * 2)?,
            DeviceBuffer::new(rows * 4)?,
        );
        Ok(Self {
            attention,
            partial,
            out,
            parts,
            rows,
            _q: q,
        })
    }

    fn post(&self, device: &Device) -> Result<()> {
        self.attention.post(device)?;
        merge(
            device,
            &self.partial,
            self.parts,
            self.rows,
            (&self.out.0, &self.out.1),
        )
    }
}
