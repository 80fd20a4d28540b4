//! Merging two states, plain copies, and the kernel that measures the rate of products.

use std::path::Path;
use std::process::Command;

use weighbridge_kernels::cpu::Inputs;
use weighbridge_kernels::cpu::attention::{LogBase, State, bf16, from_bf16, merge};

use crate::host::{build, load, save};

const ROWS: usize = 24;
const WIDTH: usize = 72;

/// Two sides of every row; every fourth row lacks one side, every eighth both.
struct Sides {
    v: [Vec<f32>; 2],
    lse: [Vec<f32>; 2],
}

impl Sides {
    fn new() -> Self {
        let mut inputs = Inputs::new(31, "states");
        let mut values = || -> Vec<f32> {
            (0..ROWS * WIDTH)
                .map(|_| from_bf16(bf16(inputs.normal())))
                .collect()
        };
        let v = [values(), values()];
        // Several units apart: balanced logs would hide a wrong base.
        let mut log = |row: usize, empty: usize| match row % empty {
            0 => f32::NEG_INFINITY,
            _ => 4.0 * inputs.normal(),
        };
        let lse = [
            (0..ROWS).map(|row| log(row, 4)).collect(),
            (0..ROWS).map(|row| log(row, 8)).collect(),
        ];
        Self { v, lse }
    }

    fn write(&self, dir: &Path) {
        for (side, name) in [(0, "a"), (1, "b")] {
            // What an empty side holds must not matter: it may never have been written.
            let poisoned = |i: usize, x: f32| match self.lse[side][i / WIDTH] {
                f32::NEG_INFINITY => u16::MAX,
                _ => bf16(x),
            };
            let values: Vec<u16> = self.v[side]
                .iter()
                .enumerate()
                .map(|(i, x)| poisoned(i, *x))
                .collect();
            save(dir, &format!("v{name}"), &values, |x| {
                x.to_le_bytes().to_vec()
            });
            save(dir, &format!("l{name}"), &self.lse[side], |x| {
                x.to_le_bytes().to_vec()
            });
        }
    }

    /// Rows that differ from the host's merge.
    fn wrong(&self, dir: &Path) -> usize {
        let out = load(dir, "out", u16::from_le_bytes);
        let lse = load(dir, "lse", f32::from_le_bytes);
        let bad = |row: usize| {
            let side = |i: usize| State {
                v: self.v[i][row * WIDTH..][..WIDTH].to_vec(),
                lse: self.lse[i][row],
            };
            let want = merge(&side(0), &side(1), LogBase::Natural);
            let near = out[row * WIDTH..][..WIDTH]
                .iter()
                .zip(&want.v)
                .all(|(x, y)| (from_bf16(*x) - y).abs() <= 0.01 * (1.0 + y.abs()));
            let log = lse[row] == want.lse || (lse[row] - want.lse).abs() <= 1e-4;
            !(near && log)
        };
        (0..ROWS).filter(|row| bad(*row)).count()
    }
}

fn run(dir: &Path, define: &str) -> Option<()> {
    let program = build(dir, "states", &["copy", "peak", "merge"], define)?;
    let sizes = [ROWS, WIDTH].map(|n| n.to_string());
    let ran = Command::new(program).arg(dir).args(sizes).status().unwrap();
    assert!(ran.success());
    Some(())
}

#[test]
fn two_states_merge_as_on_the_host_and_empty_ones_give_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let sides = Sides::new();
    sides.write(dir.path());
    let Some(()) = run(dir.path(), "") else {
        return;
    };
    assert_eq!(sides.wrong(dir.path()), 0);
    let lse = load(dir.path(), "lse", f32::from_le_bytes);
    let out = load(dir.path(), "out", u16::from_le_bytes);
    assert_eq!(lse[0], f32::NEG_INFINITY, "both sides of row 0 are empty");
    assert!(out[..WIDTH].iter().all(|x| *x == 0));
    // Only rows with one side or none survive the wrong base.
    run(dir.path(), "#define WB_WRONG_BASE").unwrap();
    assert!(sides.wrong(dir.path()) >= ROWS / 2);
}

#[test]
fn a_plain_copy_is_whole_and_the_rate_of_products_is_of_finite_numbers() {
    let dir = tempfile::tempdir().unwrap();
    Sides::new().write(dir.path());
    let Some(()) = run(dir.path(), "") else {
        return;
    };
    let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    assert_eq!(read("copied"), read("va"));
    let sums = load(dir.path(), "sums", f32::from_le_bytes);
    assert_eq!(sums.len(), 64);
    assert!(
        sums.iter().all(|x| x.is_finite()),
        "infinities and NaN run at other speeds"
    );
    assert!(
        sums.iter().any(|x| *x != 0.0),
        "zeros run faster than numbers"
    );
    assert!(sums[0] != sums[1], "threads have numbers of their own");
}
