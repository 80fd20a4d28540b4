//! Copies, gathers and scatters, bit by bit.

use std::path::Path;
use std::process::Command;

use weighbridge_kernels::cpu::Inputs;
use weighbridge_kernels::cpu::attention::{bf16, from_bf16};

use crate::host::{build, load, save};

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
