//! Device and host memory, and copies between them.
#![expect(unsafe_code, reason = "driver calls and pinned memory")]

use cudarc::driver::{result, sys};

use super::{Device, Result, ok};
use crate::record::SkipReason;

/// Device memory. Must not outlive the device.
#[derive(Debug)]
pub(in crate::gpu) struct DeviceBuffer {
    /// Address.
    pub(in crate::gpu) at: u64,
    /// Bytes.
    pub(in crate::gpu) bytes: usize,
}

impl DeviceBuffer {
    /// Uninitialised memory; at least 16 bytes.
    pub(in crate::gpu) fn new(bytes: usize) -> Result<Self> {
        let bytes = bytes.max(16);
        // SAFETY: the caller holds a device, whose context is current.
        let at = ok("cuMemAlloc", unsafe { result::malloc_sync(bytes) })?;
        Ok(Self { at, bytes })
    }

    /// With this content.
    pub(in crate::gpu) fn from<T: bytemuck::Pod>(device: &Device, values: &[T]) -> Result<Self> {
        let buffer = Self::new(std::mem::size_of_val(values))?;
        device.upload(&buffer, bytemuck::cast_slice(values))?;
        device.wait()?;
        Ok(buffer)
    }

    /// Its first `n` values.
    pub(in crate::gpu) fn read<T: bytemuck::Pod>(
        &self,
        device: &Device,
        n: usize,
    ) -> Result<Vec<T>> {
        let mut out = vec![T::zeroed(); n];
        device.wait()?;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut out);
        assert!(
            bytes.len() <= self.bytes,
            "reading past the end of device memory"
        );
        // SAFETY: both sides hold that many bytes; the wait below ends the copy before `out` moves.
        ok("cuMemcpyDtoH", unsafe {
            result::memcpy_dtoh_async(bytes, self.at, device.stream)
        })?;
        device.wait()?;
        Ok(out)
    }
}

impl Drop for DeviceBuffer {
    fn drop(&mut self) {
        // SAFETY: made by `new`, not used again.
        let _ = unsafe { result::free_sync(self.at) };
    }
}

impl Device {
    /// Posts a copy from the host. The source must stay until the stream was waited for: with pageable
    /// memory the driver copies it aside first, with pinned memory it does not.
    pub(in crate::gpu) fn upload(&self, to: &DeviceBuffer, from: &[u8]) -> Result<()> {
        self.upload_at(to, 0, from)
    }

    /// As [`Self::upload`], to an offset.
    pub(in crate::gpu) fn upload_at(
        &self,
        to: &DeviceBuffer,
        offset: usize,
        from: &[u8],
    ) -> Result<()> {
        assert!(
            offset + from.len() <= to.bytes,
            "copying past the end of device memory"
        );
        let at = to.at + offset as u64;
        // SAFETY: the range was checked; see above for the source.
        ok("cuMemcpyHtoD", unsafe {
            result::memcpy_htod_async(at, from, self.stream)
        })
    }

    /// Posts a copy to the host; the destination must stay and not be read until the wait.
    pub(in crate::gpu) fn download_at(
        &self,
        to: &mut [u8],
        from: &DeviceBuffer,
        offset: usize,
    ) -> Result<()> {
        assert!(
            offset + to.len() <= from.bytes,
            "copying past the end of device memory"
        );
        let at = from.at + offset as u64;
        // SAFETY: the range was checked; see above for the destination.
        ok("cuMemcpyDtoH", unsafe {
            result::memcpy_dtoh_async(to, at, self.stream)
        })
    }

    /// Posts a copy within the device.
    pub(in crate::gpu) fn copy(
        &self,
        to: &DeviceBuffer,
        from: &DeviceBuffer,
        bytes: usize,
    ) -> Result<()> {
        assert!(
            bytes <= to.bytes && bytes <= from.bytes,
            "copying past the end of device memory"
        );
        // SAFETY: the range was checked.
        ok("cuMemcpyDtoD", unsafe {
            result::memcpy_dtod_async(to.at, from.at, bytes, self.stream)
        })
    }

    /// Posts a fill with one byte: poison, or sweeping the cache.
    pub(in crate::gpu) fn fill(&self, to: &DeviceBuffer, byte: u8) -> Result<()> {
        self.fill_first(to, byte, to.bytes)
    }

    /// Posts a fill of the first `n` bytes.
    pub(in crate::gpu) fn fill_first(&self, to: &DeviceBuffer, byte: u8, n: usize) -> Result<()> {
        assert!(n <= to.bytes, "filling past the end of device memory");
        // SAFETY: the range was checked.
        ok("cuMemsetD8", unsafe {
            result::memset_d8_async(to.at, byte, n, self.stream)
        })
    }
}

/// Kind of host memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gpu) enum HostKind {
    /// Page-locked, cached.
    Pinned,
    /// Page-locked, write-combined: slow to read by the processor.
    WriteCombined,
    /// Ordinary.
    Pageable,
}

impl HostKind {
    pub(in crate::gpu) fn name(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::WriteCombined => "write_combined",
            Self::Pageable => "pageable",
        }
    }
}

/// Host memory of some kind, touched once.
#[derive(Debug)]
pub(in crate::gpu) enum HostBuffer {
    /// From the driver.
    Locked {
        /// Address.
        at: *mut u8,
        /// Bytes.
        bytes: usize,
    },
    /// From the allocator.
    Pageable(Vec<u8>),
}

impl HostBuffer {
    /// Memory of `bytes`, filled with 0xAA.
    pub(in crate::gpu) fn new(kind: HostKind, bytes: usize) -> Result<Self> {
        // Portable; write-combined only where asked for, since the driver's default of some wrappers
        // would bias offload.
        let flags = match kind {
            HostKind::Pageable => return Ok(Self::Pageable(vec![0xAA; bytes])),
            HostKind::Pinned => sys::CU_MEMHOSTALLOC_PORTABLE | sys::CU_MEMHOSTALLOC_DEVICEMAP,
            HostKind::WriteCombined => {
                sys::CU_MEMHOSTALLOC_PORTABLE
                    | sys::CU_MEMHOSTALLOC_DEVICEMAP
                    | sys::CU_MEMHOSTALLOC_WRITECOMBINED
            }
        };
        // SAFETY: the caller holds a device, whose context is current.
        let at = ok("cuMemHostAlloc", unsafe {
            result::malloc_host(bytes, flags)
        })?
        .cast::<u8>();
        let mut buffer = Self::Locked { at, bytes };
        buffer.as_mut().fill(0xAA);
        Ok(buffer)
    }

    /// Its bytes.
    pub(in crate::gpu) fn as_ref(&self) -> &[u8] {
        match self {
            // SAFETY: allocated with that size, initialised by `new`.
            Self::Locked { at, bytes } => unsafe { std::slice::from_raw_parts(*at, *bytes) },
            Self::Pageable(bytes) => bytes,
        }
    }

    /// Its bytes, to write.
    pub(in crate::gpu) fn as_mut(&mut self) -> &mut [u8] {
        match self {
            // SAFETY: as above, and borrowed uniquely.
            Self::Locked { at, bytes } => unsafe { std::slice::from_raw_parts_mut(*at, *bytes) },
            Self::Pageable(bytes) => bytes,
        }
    }

    /// Address on the host, for copies.
    pub(in crate::gpu) fn address(&self) -> u64 {
        self.as_ref().as_ptr().addr() as u64
    }

    /// Address for kernels. Of write-combined memory it may be another one than the host's: reading
    /// that would be a fault that ends the context.
    pub(in crate::gpu) fn device_address(&self) -> Result<u64> {
        let Self::Locked { at, .. } = self else {
            return Err(SkipReason::Io {
                message: "kernels do not read pageable memory".to_owned(),
            });
        };
        let mut out = 0;
        // SAFETY: locked memory of the driver's; writes one address.
        let code = unsafe { sys::cuMemHostGetDevicePointer_v2(&raw mut out, at.cast(), 0) };
        match code as u32 {
            0 => Ok(out),
            code => Err(SkipReason::Device {
                call: "cuMemHostGetDevicePointer".to_owned(),
                code,
            }),
        }
    }
}

impl Drop for HostBuffer {
    fn drop(&mut self) {
        if let Self::Locked { at, .. } = self {
            // SAFETY: made by `new`, not used again.
            let _ = unsafe { result::free_host(at.cast()) };
        }
    }
}
