//! G7: decoding a batch over a shared prefix, each request on its own or the prefix once for all.

use super::attention::{Attention, HEAD, Heads, Partial, Pool, Requests, merge, splits};
use super::clock::{Clock, budget};
use super::data;
use crate::bench::Context;
use crate::cpu::Inputs;
use crate::cpu::attention::{from_bf16, max_over_rms, relative_norm};
use crate::gpu::device::{Device, DeviceBuffer, Result};
use crate::model::{Cascade, cascade_speedup_bound, vllm_uses_cascade};
use crate::record::{CacheState, Measured, Outcome, Work};

const BLOCK: usize = 16;
const KV_HEADS: usize = 8;

/// Over batch, prefix, suffix and group.
pub(super) fn run(device: &Device, ctx: &mut Context<'_>) -> Result<()> {
    let clock = Clock::new(device)?;
    let grid = ctx.options.grid;
    for batch in grid.pick(vec![8_usize, 32], vec![1, 8, 32, 128, 256]) {
        for prefix in grid.pick(vec![2048_usize, 8192], vec![512, 2048, 8192, 32_768]) {
            for suffix in grid.pick(vec![256_usize], vec![64, 256, 1024]) {
                for group in grid.pick(vec![4_usize], vec![4, 8]) {
                    let config = [
                        ("batch", batch.into()),
                        ("prefix", prefix.into()),
                        ("suffix", suffix.into()),
                        ("group", group.into()),
                    ];
                    if ctx.out_of_time(&config) {
                        return Ok(());
                    }
                    let size = (batch, prefix, suffix, group);
                    if let Err(reason) = one(device, &clock, ctx, &config, size) {
                        ctx.emit(&config, Outcome::Skipped(reason));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The three launches over one pool: plain decode, and prefix pass and rest of a cascade.
struct Launches {
    decode: Attention,
    pass: Attention,
    rest: Attention,
    plain: (Partial, usize),
    cascade: (Partial, usize),
    rows: usize,
    _alive: (DeviceBuffer, Pool),
}

impl Launches {
    fn new(
        device: &Device,
        inputs: &mut Inputs,
        (batch, prefix, suffix, group): (usize, usize, usize, usize),
    ) -> Result<Self> {
        let heads = Heads {
            q: KV_HEADS * group,
            kv: KV_HEADS,
            block: BLOCK,
        };
        let (shared, own) = (prefix / BLOCK, suffix / BLOCK);
        let table = data::table(inputs, shared + batch * own);
        let elements = 2 * table.len() * BLOCK * KV_HEADS * HEAD;
        let pool = Pool {
            k: DeviceBuffer::from(device, &data::normals(inputs, elements))?,
            v: DeviceBuffer::from(device, &data::normals(inputs, elements))?,
        };
        let rows = batch * heads.q;
        let q = DeviceBuffer::from(device, &data::normals(inputs, rows * HEAD))?;
        let (head, tails) = table.split_at(shared);
        let starts: Vec<i32> = (0..=batch as i32).collect();
        let plain = Requests {
            q_start: starts.clone(),
            kv_len: vec![(prefix + suffix) as i32; batch],
            table: tails
                .chunks(own)
                .flat_map(|own| [head, own].concat())
                .collect(),
            causal: true,
        };
        let first = Requests {
            q_start: vec![0, batch as i32],
            kv_len: vec![prefix as i32],
            table: head.to_vec(),
            causal: false,
        };
        let second = Requests {
            q_start: starts,
            kv_len: vec![suffix as i32; batch],
            table: tails.to_vec(),
            causal: true,
        };
        let n = splits(device, batch * KV_HEADS, prefix + suffix);
        let m = splits(device, (batch * group).div_ceil(64) * KV_HEADS, prefix);
        let (a, b) = (
            Partial::new(device, n, rows)?,
            Partial::new(device, m + 1, rows)?,
        );
        Ok(Self {
            decode: Attention::new(device, heads, &plain, &q, &pool, (&a, n), 0)?,
            pass: Attention::new(device, heads, &first, &q, &pool, (&b, m), 0)?,
            rest: Attention::new(device, heads, &second, &q, &pool, (&b, 1), m)?,
            plain: (a, n),
            cascade: (b, m + 1),
            rows,
            _alive: (q, pool),
        })
    }
}

fn one(
    device: &Device,
    clock: &Clock<'_>,
    ctx: &mut Context<'_>,
    config: &[(&str, serde_json::Value)],
    size: (usize, usize, usize, usize),
) -> Result<()> {
    let mut inputs = Inputs::new(ctx.options.seed, "G7");
    let launches = Launches::new(device, &mut inputs, size)?;
    let rows = launches.rows;
    let result = || -> Result<_> {
        Ok((
            DeviceBuffer::new(rows * HEAD * 2)?,
            DeviceBuffer::new(rows * 4)?,
        ))
    };
    let (out_a, out_b) = (result()?, result()?);
    let mut every = || {
        launches.decode.post(device)?;
        merge(
            device,
            &launches.plain.0,
            launches.plain.1,
            rows,
            (&out_a.0, &out_a.1),
        )
    };
    let mut once = || {
        launches.pass.post(device)?;
        launches.rest.post(device)?;
        merge(
            device,
            &launches.cascade.0,
            launches.cascade.1,
            rows,
            (&out_b.0, &out_b.1),
        )
    };
    let times = clock.alternate(&budget(ctx), CacheState::Cold, &mut [&mut every, &mut once])?;
    let right = agree(
        &out_a.0.read(device, rows * HEAD)?,
        &out_b.0.read(device, rows * HEAD)?,
    );
    let note = note(device, size);
    let (batch, prefix, suffix, _) = size;
    let row = (2 * KV_HEADS * HEAD * 2) as f64;
    let tokens = [batch * (prefix + suffix), prefix + batch * suffix];
    for (i, method) in ["plain", "cascade"].into_iter().enumerate() {
        let mut config = config.to_vec();
        config.push(("method", method.into()));
        let work = Work {
            bytes: Some(tokens[i] as f64 * row),
            ..Work::default()
        };
        let measured = Measured::new(times[i], work, CacheState::Cold)
            .checked("cascade equals plain decode", right)
            .noted(&note);
        ctx.emit(&config, measured.outcome());
    }
    Ok(())
}

/// What the model and the engine's rule say about this batch.
fn note(device: &Device, (batch, prefix, suffix, group): (usize, usize, usize, usize)) -> String {
    let [batch, prefix, suffix, group] = [batch, prefix, suffix, group].map(|n| n as u64);
    let kv_heads = KV_HEADS as u64;
    let q_heads = kv_heads * group;
    let shape = Cascade {
        batch,
        prefix,
        suffix,
        q_heads,
        kv_heads,
        head: HEAD as u64,
    };
    let bound = cascade_speedup_bound(&shape, 790e12, 4.3e12);
    let rule = vllm_uses_cascade(&shape, device.sms.into(), true);
    format!(
        "bound on the speed-up {bound:.1} (preset rates); vLLM's rule would {} here",
        if rule { "cascade" } else { "not cascade" }
    )
}

/// Two bf16 results of one problem, each within tolerance of the truth: twice the tolerance apart.
fn agree(a: &[u16], b: &[u16]) -> bool {
    let a: Vec<f32> = a.iter().map(|x| from_bf16(*x)).collect();
    let b: Vec<f64> = b.iter().map(|x| f64::from(from_bf16(*x))).collect();
    relative_norm(&a, &b) <= 1e-2 && max_over_rms(&a, &b) <= 6e-2
}
