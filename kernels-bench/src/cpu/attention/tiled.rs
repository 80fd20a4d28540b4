//! Attention as the kernels tile it: pages, key tiles, online softmax, split over KV, merge.

use super::{LogBase, Paged, Problem, State, merge, round_bf16};

/// What is rounded to bf16 on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Nothing.
    F32,
    /// Probabilities before the second product, and the output; partial results of splits stay f32.
    Bf16,
}

/// How the work is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    /// Keys of a tile.
    pub keys: usize,
    /// Parts the keys are split into; each split takes whole tiles.
    pub splits: usize,
    /// What is rounded.
    pub precision: Precision,
}

/// A deliberate fault, to show that the oracle sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// None.
    None,
    /// Partial results merged in base 2 although their logs are natural.
    WrongLogBase,
    /// The suffix's own keys are not read.
    DropSuffix,
    /// The last page of the prefix is not read.
    DropLastPage,
    /// Each query sees one key too many or, at the end, too few.
    OffByOneLength,
    /// V is read from the neighbouring page.
    SwapPages,
    /// An empty split is merged with weight one instead of zero.
    StaleEmpty,
}

/// Result of the tiled form.
#[derive(Debug, Clone, PartialEq)]
pub struct Tiled {
    /// `[m][q_heads][head]`.
    pub out: Vec<f32>,
    /// `[m][q_heads]`, natural log.
    pub lse: Vec<f32>,
}

/// Runs it, reading KV through the page table.
pub fn tiled(p: &Problem, kv: &Paged, tiling: &Tiling, fault: Fault) -> Tiled {
    let mut out = Vec::with_capacity(p.q.len());
    let mut lse = Vec::with_capacity(p.suffix * p.q_heads);
    for i in 0..p.suffix {
        for h in 0..p.q_heads {
            let state = one(p, kv, tiling, fault, (i, h));
            out.extend(state.v.iter().map(|&x| match tiling.precision {
                Precision::F32 => x,
                Precision::Bf16 => round_bf16(x),
            }));
            lse.push(state.lse);
        }
    }
    Tiled { out, lse }
}

/// One query and head: every split, then the merges in order.
fn one(p: &Problem, kv: &Paged, tiling: &Tiling, fault: Fault, query: (usize, usize)) -> State {
    let tiles = p.keys().div_ceil(tiling.keys);
    let share = tiles.div_ceil(tiling.splits) * tiling.keys;
    let base = match fault {
        Fault::WrongLogBase => LogBase::Two,
        _ => LogBase::Natural,
    };
    let splits = (0..tiling.splits).map(|s| {
        let range = s * share..((s + 1) * share).min(p.keys());
        split(p, kv, tiling, fault, query, range)
    });
    splits
        .map(|mut state| {
            if fault == Fault::StaleEmpty && state.lse == f32::NEG_INFINITY {
                state.lse = 0.0;
            }
            state
        })
        .reduce(|a, b| merge(&a, &b, base))
        .unwrap_or(State {
            v: vec![0.0; p.head],
            lse: f32::NEG_INFINITY,
        })
}

/// Online softmax over the tiles of one split.
fn split(
    p: &Problem,
    kv: &Paged,
    tiling: &Tiling,
    fault: Fault,
    (i, h): (usize, usize),
    range: std::ops::Range<usize>,
) -> State {
    let d = p.head;
    let q = &p.q[(i * p.q_heads + h) * d..][..d];
    let head = h / (p.q_heads / p.kv_heads);
    let mut visible = p.prefix + i + 1;
    if fault == Fault::OffByOneLength {
        visible = if visible < p.keys() {
            visible + 1
        } else {
            visible - 1
        };
    }
    let hidden = |t: usize| match fault {
        Fault::DropSuffix => t >= p.prefix,
        Fault::DropLastPage => t < p.prefix && t / kv.block == (p.prefix - 1) / kv.block,
        _ => false,
    };
    let (mut top, mut sum, mut acc) = (f32::NEG_INFINITY, 0.0_f32, vec![0.0_f32; d]);
    let mut start = range.start;
    while start < range.end.min(visible) {
        let keys = start..(start + tiling.keys).min(range.end);
        let scores: Vec<f32> = keys
            .clone()
            .map(|t| {
                if t >= visible || hidden(t) {
                    return f32::NEG_INFINITY;
                }
                let k = &kv.k[(kv.slot(t) * p.kv_heads + head) * d..][..d];
                q.iter().zip(k).map(|(a, b)| a * b).sum::<f32>() * p.scale() as f32
            })
            .collect();
        let next = scores.iter().copied().fold(top, f32::max);
        if next > f32::NEG_INFINITY {
            let decay = (top - next).exp();
            sum *= decay;
            acc.iter_mut().for_each(|x| *x *= decay);
            for (t, s) in keys.zip(&scores).filter(|(_, s)| **s > f32::NEG_INFINITY) {
                let weight = (s - next).exp();
                sum += weight;
                let used = match tiling.precision {
                    Precision::F32 => weight,
                    Precision::Bf16 => round_bf16(weight),
                };
                let v = &kv.v[(value_slot(kv, t, fault) * p.kv_heads + head) * d..][..d];
                acc.iter_mut().zip(v).for_each(|(a, v)| *a += used * v);
            }
            top = next;
        }
        start += tiling.keys;
    }
    if sum > 0.0 {
        acc.iter_mut().for_each(|x| *x /= sum);
    }
    State {
        v: acc,
        lse: top + sum.ln(),
    }
}

/// Slot of a token's value; the fault takes the next page of the sequence, if that one is full.
fn value_slot(kv: &Paged, token: usize, fault: Fault) -> usize {
    let full = (kv.table.len() - 1) * kv.block;
    match fault {
        Fault::SwapPages if token + kv.block < full => kv.slot(token + kv.block),
        _ => kv.slot(token),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Tolerance, reference, relative_norm};
    use super::*;
    use crate::cpu::Inputs;

    const SHAPE: (usize, usize, usize) = (4, 2, 32);

    fn run(
        size: (usize, usize),
        skew: (f32, f32),
        tiling: Tiling,
        fault: Fault,
        tolerance: Tolerance,
    ) -> Result<(), String> {
        let mut inputs = Inputs::new(11, "tiled");
        let p = Problem::random(&mut inputs, SHAPE, size, skew);
        let kv = p.paged(16, &mut inputs);
        let want = reference(&p);
        let got = tiled(&p, &kv, &tiling, fault);
        tolerance.check(&got.out, &want.out, (&got.lse, &want.lse))
    }

    const F32: Tiling = Tiling {
        keys: 64,
        splits: 1,
        precision: Precision::F32,
    };
    const BF16: Tiling = Tiling {
        keys: 64,
        splits: 4,
        precision: Precision::Bf16,
    };

    #[test]
    fn tiles_pages_and_splits_change_nothing() {
        for size in [
            (0, 1),
            (0, 70),
            (1, 1),
            (63, 2),
            (64, 64),
            (200, 33),
            (512, 16),
        ] {
            for splits in [1, 2, 7] {
                let tiling = Tiling { splits, ..F32 };
                run(size, (1.0, 0.0), tiling, Fault::None, Tolerance::F32).unwrap();
                let tiling = Tiling { splits, ..BF16 };
                run(size, (1.0, 0.0), tiling, Fault::None, Tolerance::BF16).unwrap();
            }
        }
    }

    #[test]
    fn skewed_inputs_pass_too() {
        run((496, 16), (4.0, 2.0), BF16, Fault::None, Tolerance::BF16).unwrap();
        run(
            (496, 16),
            (4.0, 2.0),
            Tiling { splits: 4, ..F32 },
            Fault::None,
            Tolerance::F32,
        )
        .unwrap();
    }

    #[test]
    fn negative_controls_fail() {
        let faults = [
            Fault::WrongLogBase,
            Fault::DropSuffix,
            Fault::DropLastPage,
            Fault::OffByOneLength,
            Fault::SwapPages,
        ];
        for fault in faults {
            let result = run((496, 16), (4.0, 2.0), BF16, fault, Tolerance::BF16);
            assert!(result.is_err(), "{fault:?} went unnoticed");
        }
        // An empty split: fewer tiles than splits.
        let tiling = Tiling { splits: 4, ..F32 };
        assert!(
            run(
                (32, 16),
                (1.0, 0.0),
                tiling,
                Fault::StaleEmpty,
                Tolerance::F32
            )
            .is_err()
        );
    }

    #[test]
    fn balanced_halves_hide_the_wrong_base_from_the_output() {
        // Why the oracle needs skewed inputs: values alone are within bf16 tolerance here.
        let mut inputs = Inputs::new(11, "tiled");
        let p = Problem::random(&mut inputs, (1, 1, 32), (16_383, 1), (0.25, 0.0));
        let kv = p.paged(16, &mut inputs);
        let tiling = Tiling {
            keys: 64,
            splits: 2,
            precision: Precision::F32,
        };
        let want = reference(&p);
        let got = tiled(&p, &kv, &tiling, Fault::WrongLogBase);
        assert!(relative_norm(&got.out, &want.out) < Tolerance::BF16.norm);
    }
}
