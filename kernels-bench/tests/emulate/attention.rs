//! Attention over pages, its merge, and controls that must fail.

use std::path::Path;
use std::process::Command;

use weighbridge_kernels::cpu::Inputs;
use weighbridge_kernels::cpu::attention::{
    Problem, Tolerance, bf16, from_bf16, reference, relative_norm,
};

use crate::host::{build, load, save};

/// Requests of one batch, each a problem of its own, over one shared pool of pages.
struct Batch {
    problems: Vec<Problem>,
    block: usize,
    causal: bool,
    splits: usize,
}

/// What a negative control alters before the kernel sees it.
#[derive(Clone, Copy, PartialEq)]
enum Control {
    None,
    ShorterByOne,
    DropSuffix,
    DropLastPage,
    OtherPagesForValues,
}

impl Batch {
    /// Runs the kernel; output and log-sum-exp of all requests one after another.
    fn run(&self, program: &Path, dir: &Path, control: Control) -> (Vec<f32>, Vec<f32>) {
        let mut inputs = Inputs::new(17, "emulate");
        let first = &self.problems[0];
        let (mut k, mut v, mut table) = (Vec::new(), Vec::new(), Vec::new());
        let width = self
            .problems
            .iter()
            .map(|p| p.keys().div_ceil(self.block))
            .max()
            .unwrap();
        let (mut q, mut starts, mut lengths) = (Vec::new(), vec![0_i32], Vec::new());
        for p in &self.problems {
            let paged = p.paged(self.block, &mut inputs);
            let page = self.block * p.kv_heads * p.head;
            let base = k.len() / page;
            let rows = paged.table.iter().map(|b| (*b as usize + base) as i32);
            table.extend(rows.chain(std::iter::repeat(-1)).take(width));
            let mut values = paged.v.clone();
            if control == Control::OtherPagesForValues {
                values.rotate_left(page);
                values
                    .iter_mut()
                    .filter(|x| x.is_nan())
                    .for_each(|x| *x = 0.5);
            }
            k.extend(paged.k);
            v.extend(values);
            q.extend_from_slice(&p.q);
            starts.push(starts.last().unwrap() + p.suffix as i32);
            lengths.push(match control {
                Control::ShorterByOne => p.keys() as i32 - 1,
                Control::DropSuffix => p.prefix as i32,
                Control::DropLastPage => (p.keys() - self.block) as i32,
                _ => p.keys() as i32,
            });
        }
        for (name, values) in [("q", &q), ("k", &k), ("v", &v)] {
            save(dir, name, values, |x| bf16(*x).to_le_bytes().to_vec());
        }
        for (name, values) in [
            ("table", &table),
            ("q_start", &starts),
            ("kv_len", &lengths),
        ] {
            save(dir, name, values, |x| x.to_le_bytes().to_vec());
        }
        let sizes = [
            first.q_heads,
            first.kv_heads,
            self.block,
            self.causal.into(),
            self.splits,
        ];
        let ran = Command::new(program)
            .arg(dir)
            .args(sizes.map(|n| n.to_string()))
            .status()
            .unwrap();
        assert!(ran.success());
        let out = load(dir, "out", |b| from_bf16(u16::from_le_bytes(b)));
        (out, load(dir, "lse", f32::from_le_bytes))
    }

    fn check(&self, program: &Path, dir: &Path, control: Control) -> Result<(), String> {
        let (out, lse) = self.run(program, dir, control);
        let (mut want, mut logs) = (Vec::new(), Vec::new());
        for p in &self.problems {
            let r = reference(p);
            want.extend(r.out);
            logs.extend(r.lse);
        }
        Tolerance::BF16.check(&out, &want, (&lse, &logs))
    }
}

fn batch(sizes: &[(usize, usize)], heads: (usize, usize), block: usize, splits: usize) -> Batch {
    let mut inputs = Inputs::new(23, "emulate problems");
    let shape = (heads.0, heads.1, 128);
    let problem = |size: &(usize, usize)| Problem::random(&mut inputs, shape, *size, (4.0, 2.0));
    Batch {
        problems: sizes.iter().map(problem).collect(),
        block,
        causal: true,
        splits,
    }
}

#[test]
fn attention_over_pages_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let Some(program) = build(dir.path(), "attention", &["attention", "merge"], "") else {
        return;
    };
    let cases = [
        ("prefill without a prefix", batch(&[(0, 70)], (4, 1), 16, 1)),
        ("suffix, grouped heads", batch(&[(150, 20)], (8, 2), 16, 1)),
        (
            "suffix, split, page of 64",
            batch(&[(300, 17)], (4, 1), 64, 3),
        ),
        ("more splits than tiles", batch(&[(40, 3)], (4, 1), 16, 4)),
        ("one token a page", batch(&[(65, 2)], (4, 1), 1, 1)),
        (
            "decode of a batch, ragged",
            batch(&[(5, 1), (130, 1), (64, 1)], (8, 2), 16, 2),
        ),
        ("many heads a group", batch(&[(100, 9)], (16, 1), 128, 2)),
    ];
    for (name, case) in cases {
        case.check(&program, dir.path(), Control::None)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn a_cascade_equals_plain_decode() {
    // Without the mask, every query of the batch sees the whole shared prefix: the prefix pass.
    let dir = tempfile::tempdir().unwrap();
    let Some(program) = build(dir.path(), "attention", &["attention", "merge"], "") else {
        return;
    };
    let mut shared = batch(&[(96, 6)], (4, 1), 16, 1);
    shared.causal = false;
    let (out, _) = shared.run(&program, dir.path(), Control::DropSuffix);
    let p = &shared.problems[0];
    // One query at a time over the same 96 keys: the last key moved to the suffix.
    for i in 0..p.suffix {
        let row = p.q_heads * p.head;
        let one = Problem {
            prefix: p.prefix - 1,
            suffix: 1,
            q: p.q[i * row..(i + 1) * row].to_vec(),
            ..p.clone()
        };
        let want = reference(&one).out;
        let error = relative_norm(&out[i * row..(i + 1) * row], &want);
        assert!(error < Tolerance::BF16.norm, "query {i}: {error}");
    }
}

#[test]
fn negative_controls_fail() {
    let dir = tempfile::tempdir().unwrap();
    let Some(program) = build(dir.path(), "attention", &["attention", "merge"], "") else {
        return;
    };
    let case = batch(&[(150, 20)], (4, 1), 16, 2);
    case.check(&program, dir.path(), Control::None).unwrap();
    for (name, control) in [
        ("off by one", Control::ShorterByOne),
        ("dropped suffix", Control::DropSuffix),
        ("dropped last page", Control::DropLastPage),
        ("swapped pages", Control::OtherPagesForValues),
    ] {
        assert!(
            case.check(&program, dir.path(), control).is_err(),
            "{name} went unnoticed"
        );
    }
    let wrong = "#define WB_WRONG_BASE";
    let program = build(dir.path(), "attention", &["attention", "merge"], wrong).unwrap();
    assert!(
        case.check(&program, dir.path(), Control::None).is_err(),
        "wrong log base went unnoticed"
    );
}
