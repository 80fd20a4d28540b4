//! Launching kernels.
#![expect(unsafe_code, reason = "driver calls")]

use std::ffi::c_void;

use cudarc::driver::{result, sys};

use super::{Device, DeviceBuffer, Result, ok};

/// A kernel of a loaded module.
#[derive(Debug, Clone, Copy)]
pub(in crate::gpu) struct Kernel(pub(super) sys::CUfunction);

/// Parameters of a launch, in order, each in words of its own.
#[derive(Debug, Default)]
pub(in crate::gpu) struct Params(Vec<Vec<u64>>);

impl Params {
    /// None yet.
    pub(in crate::gpu) fn new() -> Self {
        Self::default()
    }

    /// An address.
    pub(in crate::gpu) fn at(mut self, address: u64) -> Self {
        self.0.push(vec![address]);
        self
    }

    /// A buffer's address.
    pub(in crate::gpu) fn buffer(self, buffer: &DeviceBuffer) -> Self {
        self.at(buffer.at)
    }

    /// A 64-bit number.
    pub(in crate::gpu) fn u64(self, n: u64) -> Self {
        self.at(n)
    }

    /// A 32-bit number.
    pub(in crate::gpu) fn u32(self, n: u32) -> Self {
        self.at(u64::from(n))
    }

    /// A structure, as its bytes.
    pub(in crate::gpu) fn structure<T: bytemuck::Pod>(mut self, value: &T) -> Self {
        let mut words = vec![0_u64; size_of::<T>().div_ceil(8)];
        bytemuck::cast_slice_mut(&mut words)[..size_of::<T>()]
            .copy_from_slice(bytemuck::bytes_of(value));
        self.0.push(words);
        self
    }
}

impl Device {
    /// Posts a launch. The caller answers for parameters that match the kernel and for buffers large
    /// enough and alive until the stream was waited for; every launch of this crate is in
    /// `gpu/bench`, beside the allocation of what it touches.
    pub(in crate::gpu) fn launch(
        &self,
        kernel: Kernel,
        grid: (u32, u32, u32),
        threads: u32,
        params: &Params,
    ) -> Result<()> {
        let mut pointers: Vec<*mut c_void> = params
            .0
            .iter()
            .map(|words| words.as_ptr().cast_mut().cast())
            .collect();
        // SAFETY: see above; the driver copies the parameters before it returns.
        let launched = unsafe {
            result::launch_kernel(
                kernel.0,
                grid,
                (threads, 1, 1),
                0,
                self.stream,
                &mut pointers,
            )
        };
        ok("cuLaunchKernel", launched)
    }
}
