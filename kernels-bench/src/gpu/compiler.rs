//! Compiling kernels to a real architecture: NVRTC if its library is found, `nvcc` otherwise.
//!
//! A real architecture (`sm_90`), never a virtual one: only then are inline instructions assembled and
//! checked, and no driver compiles anything at load time.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::nvrtc::Nvrtc;

/// Who compiles.
#[derive(Debug)]
pub enum Compiler {
    /// The library.
    Nvrtc(Nvrtc),
    /// The toolkit's compiler.
    Nvcc(PathBuf),
}

/// Why a kernel does not compile.
#[derive(Debug, thiserror::Error)]
#[error("{name} for sm_{cc}: {log}")]
pub struct CompileError {
    /// Source file.
    pub name: String,
    /// Architecture.
    pub cc: i32,
    /// The compiler's log.
    pub log: String,
}

impl Compiler {
    /// Looks in `dir`, then in the folder that `WEIGHBRIDGE_NVRTC` names, then on the loader's path,
    /// then for `nvcc` on `PATH`.
    pub fn find(dir: Option<&Path>) -> Option<Self> {
        let from_env = std::env::var_os("WEIGHBRIDGE_NVRTC").map(PathBuf::from);
        let dirs = [dir.map(Path::to_owned), from_env];
        if let Some(found) = Nvrtc::find(dirs.into_iter().flatten()) {
            return Some(Self::Nvrtc(found));
        }
        let works = Command::new("nvcc")
            .arg("--version")
            .output()
            .is_ok_and(|o| o.status.success());
        works.then(|| Self::Nvcc(PathBuf::from("nvcc")))
    }

    /// Name and version.
    pub fn name(&self) -> String {
        match self {
            Self::Nvrtc(nvrtc) => nvrtc.name(),
            Self::Nvcc(path) => path.display().to_string(),
        }
    }

    /// Assembles a source for one architecture; gives the cubin.
    ///
    /// # Errors
    /// With the compiler's log.
    pub fn compile(&self, name: &str, source: &str, cc: i32) -> Result<Vec<u8>, CompileError> {
        let result = match self {
            Self::Nvrtc(nvrtc) => nvrtc.compile(name, source, cc),
            Self::Nvcc(path) => nvcc(path, source, cc),
        };
        result.map_err(|log| CompileError {
            name: name.to_owned(),
            cc,
            log,
        })
    }
}

fn nvcc(path: &Path, source: &str, cc: i32) -> Result<Vec<u8>, String> {
    let key = xxhash_rust::xxh3::xxh3_64(source.as_bytes());
    let stem = format!("weighbridge-{}-{cc}-{key:016x}", std::process::id());
    let file = |ext: &str| std::env::temp_dir().join(format!("{stem}.{ext}"));
    let (input, output) = (file("cu"), file("cubin"));
    std::fs::write(&input, source).map_err(|e| e.to_string())?;
    let ran = Command::new(path)
        .arg("-cubin")
        .arg(format!("-arch=sm_{cc}"))
        .arg("-std=c++17")
        .arg("-o")
        .args([&output, &input])
        .output();
    let cubin = std::fs::read(&output);
    for path in [&input, &output] {
        // Temporary files; the system clears what cannot be removed.
        let _ = std::fs::remove_file(path);
    }
    let ran = ran.map_err(|e| e.to_string())?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
    }
    cubin.map_err(|e| e.to_string())
}
