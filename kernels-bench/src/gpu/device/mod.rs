//! A device in use: context, stream, modules, memory. Only made after a successful probe.

mod batch;
mod launch;
mod memory;
mod open;
mod stream;

pub(super) use batch::{Direction, batched};
pub(super) use launch::{Kernel, Params};
pub(super) use memory::{DeviceBuffer, HostBuffer, HostKind};
pub(super) use open::Device;
pub(super) use stream::Event;

use cudarc::driver::DriverError;

use crate::record::SkipReason;

/// What device calls give; a failure becomes the reason why a benchmark is skipped.
pub(super) type Result<T> = std::result::Result<T, SkipReason>;

/// Keeps the code of a failed call. Errors of cudarc are never formatted: that calls the driver.
fn ok<T>(call: &str, result: std::result::Result<T, DriverError>) -> Result<T> {
    result.map_err(|e| SkipReason::Device {
        call: call.to_owned(),
        code: e.0 as u32,
    })
}
