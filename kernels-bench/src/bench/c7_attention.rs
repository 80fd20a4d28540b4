//! C7: the reference and the tiled form, for information.

use std::hint::black_box;

use super::Context;
use crate::cpu::Inputs;
use crate::cpu::attention::{Fault, Precision, Problem, Tiling, Tolerance, reference, tiled};
use crate::record::{CacheState, Measured, Work};
use crate::timing::{Budget, measure};

/// One small problem, checked against f64.
pub(super) fn run(ctx: &mut Context<'_>) {
    let (q_heads, kv_heads, head) = (8, 2, 64);
    for (prefix, suffix) in [(256, 16), (1024, 16)] {
        let config = [
            ("q_heads", q_heads.into()),
            ("kv_heads", kv_heads.into()),
            ("head", head.into()),
            ("prefix", prefix.into()),
            ("suffix", suffix.into()),
        ];
        if ctx.out_of_time(&config) {
            return;
        }
        let mut inputs = Inputs::new(ctx.options.seed, "C7");
        let shape = (q_heads, kv_heads, head);
        let p = Problem::random(&mut inputs, shape, (prefix, suffix), (4.0, 2.0));
        let kv = p.paged(16, &mut inputs);
        let tiling = Tiling {
            keys: 64,
            splits: 4,
            precision: Precision::Bf16,
        };
        let want = reference(&p);
        let got = tiled(&p, &kv, &tiling, Fault::None);
        let right = Tolerance::BF16.check(&got.out, &want.out, (&got.lse, &want.lse));
        let budget = Budget {
            min_samples: 5,
            ..ctx.budget()
        };
        let time = measure(&budget, || {
            black_box(tiled(black_box(&p), &kv, &tiling, Fault::None));
        });
        let pairs = (suffix * prefix + suffix * (suffix + 1) / 2) as f64;
        let work = Work {
            flops: Some(4.0 * (q_heads * head) as f64 * pairs),
            ..Work::default()
        };
        let measured = Measured::new(time, work, CacheState::Hot)
            .checked("f64 reference, bf16 tolerance", right.is_ok())
            .noted("an oracle, not an implementation to compare with");
        ctx.emit(&config, measured.outcome());
    }
}
