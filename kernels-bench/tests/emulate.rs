//! The kernels' own source, run on the host: blocks, warps, shuffles and `mma.sync` are emulated from
//! the PTX manual, so a wrong fragment, page or mask gives a wrong number without a GPU. Needs a C++20
//! compiler (`c++`); skipped without one.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says why it is skipped"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use weighbridge_kernels::cpu::Inputs;
use weighbridge_kernels::cpu::attention::{
    Problem, Tolerance, bf16, from_bf16, reference, relative_norm,
};

/// Builds a driver against a set of kernel sources; none without a compiler.
fn build(dir: &Path, driver: &str, sources: &[&str], define: &str) -> Option<PathBuf> {
    if Command::new("c++").arg("--version").output().is_err() {
        println!("skipped: no C++ compiler");
        return None;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = format!("{define}\n");
    for name in ["prelude"].iter().chain(sources) {
        text += &std::fs::read_to_string(root.join(format!("src/gpu/kernels/{name}.cu"))).unwrap();
    }
    let kernels = dir.join(format!("{driver}.inc"));
    std::fs::write(&kernels, text).unwrap();
    let program = dir.join(driver);
    let built = Command::new("c++")
        .args([
            "-std=c++20",
            "-O2",
            "-pthread",
            "-fno-strict-aliasing",
            "-w",
        ])
        .arg(format!("-DKERNELS=\"{}\"", kernels.display()))
        .arg(root.join(format!("tests/emulator/{driver}.cpp")))
        .arg("-o")
        .arg(&program)
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    Some(program)
}

fn save<T>(dir: &Path, name: &str, values: &[T], bytes: fn(&T) -> Vec<u8>) {
    let raw: Vec<u8> = values.iter().flat_map(bytes).collect();
    std::fs::write(dir.join(name), raw).unwrap();
}

fn load<const N: usize, T>(dir: &Path, name: &str, value: fn([u8; N]) -> T) -> Vec<T> {
    let raw = std::fs::read(dir.join(name)).unwrap();
    raw.chunks_exact(N)
        .map(|c| value(c.try_into().unwrap()))
        .collect()
}

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

#[test]
fn copies_and_pages_are_bit_exact() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let Some(program) = build(path, "pages", &["copy", "page"], "") else {
        return;
    };
    let mut inputs = Inputs::new(29, "pages");
    // Rows of 16 bytes, pages of 4 rows; 20 pages of pool, 13 of them used.
    let (block, tokens) = (4_usize, 50_usize);
    let pool = inputs.bytes(20 * block * 16);
    let mut table = inputs.permutation(20);
    table.truncate(13);
    let mut fp8 = inputs.bytes(20 * block * 656);
    for entry in fp8.chunks_mut(656) {
        for (i, scale) in [0.5_f32, 1.25, 3.0, 0.01].into_iter().enumerate() {
            entry[512 + 4 * i..516 + 4 * i].copy_from_slice(&scale.to_le_bytes());
        }
    }
    let mut slots: Vec<u64> = inputs
        .permutation(80)
        .iter()
        .map(|s| u64::from(*s))
        .collect();
    slots.truncate(60);
    slots[7] = u64::MAX;
    let from: Vec<u64> = (0..30).map(|i| (i * 2) % 78).collect();
    let to: Vec<u64> = (0..30).map(|i| 78 - i * 2).collect();
    std::fs::write(path.join("pool"), &pool).unwrap();
    std::fs::write(path.join("fp8"), &fp8).unwrap();
    save(path, "table", &table, |x| x.to_le_bytes().to_vec());
    for (name, values) in [("slots", &slots), ("from", &from), ("to", &to)] {
        save(path, name, values, |x| x.to_le_bytes().to_vec());
    }
    let sizes = [block, tokens].map(|n| n.to_string());
    assert!(
        Command::new(program)
            .arg(path)
            .args(sizes)
            .status()
            .unwrap()
            .success()
    );

    let page = block * 16;
    let out = std::fs::read(path.join("out")).unwrap();
    for (i, id) in table.iter().enumerate() {
        assert_eq!(
            out[i * page..][..page],
            pool[*id as usize * page..][..page],
            "page {i}"
        );
    }
    let mut scattered = vec![0xAA; pool.len()];
    for (t, slot) in slots.iter().enumerate().filter(|(_, s)| **s != u64::MAX) {
        scattered[*slot as usize * 16..][..16].copy_from_slice(&pool[t * 16..][..16]);
    }
    assert_eq!(std::fs::read(path.join("scattered")).unwrap(), scattered);
    let mut list = vec![0xAA; pool.len()];
    for (f, t) in from.iter().zip(&to) {
        list[*t as usize * 16..][..32].copy_from_slice(&pool[*f as usize * 16..][..32]);
    }
    assert_eq!(std::fs::read(path.join("list")).unwrap(), list);
    assert_eq!(load(path, "different", u32::from_le_bytes), [2, 0]);
    latent_is_dequantised(path, &fp8, &table, (block, tokens));
}

/// Against a table of all 256 values, computed from the definition in f64.
fn latent_is_dequantised(path: &Path, fp8: &[u8], table: &[u32], (block, tokens): (usize, usize)) {
    let e4m3 = |x: u8| -> f64 {
        let (e, m) = (i32::from(x >> 3 & 15), f64::from(x & 7));
        let size = match (e, x & 7) {
            (15, 7) => f64::NAN,
            (0, _) => m / 8.0 * 2_f64.powi(-6),
            _ => (1.0 + m / 8.0) * 2_f64.powi(e - 7),
        };
        if x & 0x80 == 0 { size } else { -size }
    };
    let got = load(path, "latent", u16::from_le_bytes);
    for t in 0..tokens {
        let slot = table[t / block] as usize * block + t % block;
        let entry = &fp8[slot * 656..][..656];
        for i in 0..576 {
            let found = got[t * 576 + i];
            let want = if i < 512 {
                let at = 512 + i / 128 * 4;
                let scale = f32::from_le_bytes(entry[at..at + 4].try_into().unwrap());
                bf16(e4m3(entry[i]) as f32 * scale)
            } else {
                let at = 528 + (i - 512) * 2;
                u16::from_le_bytes(entry[at..at + 2].try_into().unwrap())
            };
            let nan = from_bf16(want).is_nan() && from_bf16(found).is_nan();
            assert!(
                found == want || nan,
                "token {t}, element {i}: {found:x}, not {want:x}"
            );
        }
    }
}
