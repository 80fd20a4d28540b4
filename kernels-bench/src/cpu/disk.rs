//! Reading blocks of a file, buffered or past the page cache.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// How the file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Through the page cache.
    Buffered,
    /// `O_DIRECT`: past the page cache. Linux only.
    Direct,
}

/// Alignment that direct access wants of buffers, offsets and lengths.
pub const ALIGNMENT: usize = 4096;

/// A buffer whose used part begins at a multiple of [`ALIGNMENT`].
#[derive(Debug)]
pub struct Aligned {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// A buffer of `len` bytes.
    pub fn new(len: usize) -> Self {
        let bytes = vec![0xAA; len + ALIGNMENT];
        let start = bytes.as_ptr().align_offset(ALIGNMENT);
        Self { bytes, start, len }
    }

    /// The aligned part.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }
}

/// Writes a file of blocks, each beginning with its number, and flushes it to the device.
///
/// # Errors
/// When it cannot be written.
pub fn write_blocks(path: &Path, block: usize, count: usize, filler: &[u8]) -> io::Result<()> {
    let mut file = io::BufWriter::new(File::create(path)?);
    for i in 0..count {
        file.write_all(&(i as u64).to_le_bytes())?;
        file.write_all(&filler[..block - 8])?;
    }
    file.into_inner()?.sync_all()
}

/// Opens a file of blocks.
///
/// # Errors
/// When it cannot be opened, or direct access is not to be had.
pub fn open(path: &Path, access: Access) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    if access == Access::Direct {
        direct(&mut options)?;
    }
    options.open(path)
}

#[cfg(target_os = "linux")]
fn direct(options: &mut std::fs::OpenOptions) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // O_DIRECT of <fcntl.h>; the value differs between architectures.
    let flag = match std::env::consts::ARCH {
        "x86_64" | "x86" | "riscv64" => 0o40_000,
        "aarch64" | "arm" => 0o200_000,
        other => {
            return Err(io::Error::other(format!(
                "O_DIRECT is not known for {other}"
            )));
        }
    };
    options.custom_flags(flag);
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn direct(_options: &mut std::fs::OpenOptions) -> io::Result<()> {
    Err(io::Error::other(
        "direct access is implemented for Linux only",
    ))
}

/// Reads the given blocks with `depth` threads, each taking every `depth`-th one, and returns how many
/// bore another number than asked for.
///
/// # Errors
/// The first read that fails.
#[cfg(unix)]
pub fn read_blocks(file: &File, blocks: &[u32], block: usize, depth: usize) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    let reader = |first: usize| -> io::Result<usize> {
        let mut buffer = Aligned::new(block);
        let mut wrong = 0;
        for &id in blocks.iter().skip(first).step_by(depth) {
            let bytes = buffer.bytes_mut();
            file.read_exact_at(bytes, u64::from(id) * block as u64)?;
            wrong += usize::from(bytes[..8] != u64::from(id).to_le_bytes());
        }
        Ok(wrong)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..depth).map(|i| scope.spawn(move || reader(i))).collect();
        threads.into_iter().try_fold(0, |sum, thread| {
            let wrong = thread
                .join()
                .map_err(|_| io::Error::other("a reading thread died"))??;
            Ok(sum + wrong)
        })
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("blocks");
        write_blocks(&path, 4096, 9, &[0x5A; 4096]).unwrap();
        let file = open(&path, Access::Buffered).unwrap();
        assert_eq!(read_blocks(&file, &[8, 0, 3, 5], 4096, 2).unwrap(), 0);
        assert!(read_blocks(&file, &[9], 4096, 1).is_err(), "past the end");
        // Half-sized blocks begin in the middle of others.
        assert_eq!(read_blocks(&file, &[1, 2], 2048, 1).unwrap(), 2);
    }

    #[test]
    fn aligned_buffers_are() {
        for len in [1, 4096, 70_000] {
            let mut b = Aligned::new(len);
            assert_eq!(b.bytes_mut().as_ptr().addr() % ALIGNMENT, 0);
            assert_eq!(b.bytes_mut().len(), len);
        }
    }
}
