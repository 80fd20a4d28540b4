//! Building and feeding the emulation.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a driver against a set of kernel sources; none without a compiler.
pub(crate) fn build(dir: &Path, driver: &str, sources: &[&str], define: &str) -> Option<PathBuf> {
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

pub(crate) fn save<T>(dir: &Path, name: &str, values: &[T], bytes: fn(&T) -> Vec<u8>) {
    let raw: Vec<u8> = values.iter().flat_map(bytes).collect();
    std::fs::write(dir.join(name), raw).unwrap();
}

pub(crate) fn load<const N: usize, T>(dir: &Path, name: &str, value: fn([u8; N]) -> T) -> Vec<T> {
    let raw = std::fs::read(dir.join(name)).unwrap();
    raw.chunks_exact(N)
        .map(|c| value(c.try_into().unwrap()))
        .collect()
}
