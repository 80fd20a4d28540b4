//! Opening device 0.
#![expect(unsafe_code, reason = "driver calls")]

use std::collections::BTreeMap;

use cudarc::driver::{result, sys};

use super::{Event, Kernel, Result, ok};
use crate::bench::Options;
use crate::gpu::cubins::Cubins;
use crate::gpu::kernels::SOURCES;
use crate::gpu::{Compiler, Gpu, probe};
use crate::record::SkipReason;

/// Device 0 with its context current on this thread, a stream of its own, and every kernel loaded.
#[derive(Debug)]
pub(in crate::gpu) struct Device {
    pub(super) stream: sys::CUstream,
    device: sys::CUdevice,
    modules: Vec<sys::CUmodule>,
    kernels: BTreeMap<&'static str, Kernel>,
    /// Driver version as CUDA writes it.
    pub(in crate::gpu) driver: i32,
    /// Multiprocessors.
    pub(in crate::gpu) sms: u32,
    /// Second-level cache, bytes.
    pub(in crate::gpu) l2_bytes: usize,
}

impl Device {
    /// Probes, opens and loads.
    pub(in crate::gpu) fn open(options: &Options) -> Result<Self> {
        let (cc, driver, sms, l2) = match probe(options.nvrtc.as_deref()) {
            Gpu::Ready {
                cc,
                driver,
                sms,
                l2_bytes,
                ..
            } => (cc, driver, sms, l2_bytes),
            Gpu::Skipped(reason) => return Err(reason),
        };
        ok("cuInit", result::init())?;
        let device = ok("cuDeviceGet", result::device::get(0))?;
        // SAFETY: the device exists; the context is released when this is dropped.
        let context = ok("cuDevicePrimaryCtxRetain", unsafe {
            result::primary_ctx::retain(device)
        })?;
        // SAFETY: the context was just retained.
        let current = ok("cuCtxSetCurrent", unsafe {
            result::ctx::set_current(context)
        });
        // Never the default stream: batched copies refuse it, and it waits for others.
        let kind = result::stream::StreamKind::NonBlocking;
        let stream = current.and_then(|()| ok("cuStreamCreate", result::stream::create(kind)));
        let stream = stream.inspect_err(|_| {
            // SAFETY: retained above, not used again.
            let _ = unsafe { result::primary_ctx::release(device) };
        })?;
        let mut opened = Self {
            stream,
            device,
            modules: Vec::new(),
            kernels: BTreeMap::new(),
            driver,
            sms: sms.unsigned_abs(),
            l2_bytes: l2 as usize,
        };
        opened.load(options, cc)?;
        Ok(opened)
    }

    fn load(&mut self, options: &Options, cc: i32) -> Result<()> {
        let compiler = Compiler::find(options.nvrtc.as_deref()).ok_or(SkipReason::NvrtcMissing)?;
        let cubins = Cubins::new(options.cubins.clone());
        for source in SOURCES {
            let cubin = cubins.get(&compiler, source.name, &source.text(), cc);
            let cubin = cubin.map_err(|e| SkipReason::Compile {
                log: e.to_string().lines().take(5).collect::<Vec<_>>().join("; "),
            })?;
            // SAFETY: the image is a whole cubin and outlives the call.
            let module = ok("cuModuleLoadData", unsafe {
                result::module::load_data(cubin.as_ptr().cast())
            })?;
            self.modules.push(module);
            for name in source.kernels {
                let c_name = std::ffi::CString::new(*name).unwrap_or_default();
                // SAFETY: the module is loaded and lives as long as this device.
                let function = ok("cuModuleGetFunction", unsafe {
                    result::module::get_function(module, c_name)
                })?;
                self.kernels.insert(name, Kernel(function));
            }
        }
        Ok(())
    }

    /// A kernel by name.
    pub(in crate::gpu) fn kernel(&self, name: &str) -> Result<Kernel> {
        self.kernels
            .get(name)
            .copied()
            .ok_or_else(|| SkipReason::Compile {
                log: format!("no kernel {name}"),
            })
    }

    /// Waits for the stream.
    pub(in crate::gpu) fn wait(&self) -> Result<()> {
        // SAFETY: the stream lives as long as this device.
        ok("cuStreamSynchronize", unsafe {
            result::stream::synchronize(self.stream)
        })
    }

    /// A pair of events, made before anything is timed: making one takes longer than a short kernel.
    pub(in crate::gpu) fn events(&self) -> Result<[Event; 2]> {
        Ok([Event::new()?, Event::new()?])
    }

    /// Marks the stream with an event.
    pub(in crate::gpu) fn mark(&self, event: &Event) -> Result<()> {
        event.record(self.stream)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: made by `open`, not used again. Failures of tearing down have no remedy.
        unsafe {
            for module in self.modules.drain(..) {
                let _ = result::module::unload(module);
            }
            let _ = result::stream::destroy(self.stream);
            let _ = result::primary_ctx::release(self.device);
        }
    }
}
