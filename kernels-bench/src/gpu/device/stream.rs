//! Events.
#![expect(unsafe_code, reason = "driver calls")]

use cudarc::driver::{result, sys};

use super::{Result, ok};

/// A mark on a stream, with timing.
#[derive(Debug)]
pub(in crate::gpu) struct Event(sys::CUevent);

impl Event {
    /// Makes an event. `CU_EVENT_DEFAULT`, because other flags turn timing off.
    pub(super) fn new() -> Result<Self> {
        let flags = sys::CUevent_flags::CU_EVENT_DEFAULT;
        Ok(Self(ok("cuEventCreate", result::event::create(flags))?))
    }

    /// Marks the stream; an earlier mark is forgotten.
    pub(super) fn record(&self, stream: sys::CUstream) -> Result<()> {
        // SAFETY: both are alive.
        ok("cuEventRecord", unsafe {
            result::event::record(self.0, stream)
        })
    }

    /// Nanoseconds to a later event; both must have been reached.
    pub(in crate::gpu) fn until(&self, later: &Self) -> Result<f64> {
        // SAFETY: both are alive.
        let ms = ok("cuEventElapsedTime", unsafe {
            result::event::elapsed(self.0, later.0)
        })?;
        Ok(f64::from(ms) * 1e6)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: made by `new`, not used again.
        let _ = unsafe { result::event::destroy(self.0) };
    }
}
