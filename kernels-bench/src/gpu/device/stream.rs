//! Events.
#![expect(unsafe_code, reason = "driver calls")]

use cudarc::driver::{result, sys};

use super::{Result, ok};

/// A mark on a stream, with timing.
#[derive(Debug)]
pub(in crate::gpu) struct Event(sys::CUevent);

impl Event {
    /// Makes an event and records it. `CU_EVENT_DEFAULT`, because other flags turn timing off.
    pub(super) fn recorded(stream: sys::CUstream) -> Result<Self> {
        let flags = sys::CUevent_flags::CU_EVENT_DEFAULT;
        let event = Self(ok("cuEventCreate", result::event::create(flags))?);
        // SAFETY: both are alive.
        ok("cuEventRecord", unsafe {
            result::event::record(event.0, stream)
        })?;
        Ok(event)
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
        // SAFETY: made by `recorded`, not used again.
        let _ = unsafe { result::event::destroy(self.0) };
    }
}
