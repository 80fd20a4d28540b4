//! Compiled kernels on disk, by hash of source, architecture and compiler.

use std::path::PathBuf;

use super::{CompileError, Compiler};

/// A folder of cubins.
#[derive(Debug)]
pub(super) struct Cubins {
    dir: Option<PathBuf>,
}

impl Cubins {
    /// In the given folder, or the user's cache folder, or nowhere.
    pub(super) fn new(dir: Option<PathBuf>) -> Self {
        let cache = || {
            let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
            let base = std::env::var_os("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .or_else(home)?;
            Some(base.join("weighbridge").join("cubins"))
        };
        Self {
            dir: dir.or_else(cache),
        }
    }

    /// From the folder if it is there, compiled and kept otherwise. A folder that cannot be written is
    /// only slower.
    pub(super) fn get(
        &self,
        compiler: &Compiler,
        name: &str,
        source: &str,
        cc: i32,
    ) -> Result<Vec<u8>, CompileError> {
        let text = format!("{}\n{cc}\n{source}", compiler.name());
        let key = xxhash_rust::xxh3::xxh3_128(text.as_bytes());
        let path = self
            .dir
            .as_ref()
            .map(|d| d.join(format!("{name}-sm{cc}-{key:032x}.cubin")));
        if let Some(kept) = path.as_ref().and_then(|p| std::fs::read(p).ok()) {
            return Ok(kept);
        }
        let cubin = compiler.compile(name, source, cc)?;
        if let Some(path) = path {
            let parent = path.parent().map(std::fs::create_dir_all);
            if matches!(parent, Some(Ok(()))) {
                // Whole or not at all: another process may be reading.
                let part = path.with_extension(format!("{}.part", std::process::id()));
                let _ = std::fs::write(&part, &cubin).and_then(|()| std::fs::rename(&part, &path));
            }
        }
        Ok(cubin)
    }
}
