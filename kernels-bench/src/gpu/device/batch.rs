//! Many copies in one call: version 2 of the driver's batched copy (13.0), version 1 (12.8) otherwise.
#![expect(
    unsafe_code,
    reason = "driver calls, one of them through its own symbol"
)]

use std::ffi::c_uint;

use cudarc::driver::sys;

use super::{Device, Result};
use crate::record::SkipReason;

/// Which way the copies go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gpu) enum Direction {
    /// Host to device.
    Onload,
    /// Device to host.
    Offload,
}

type Version1 = unsafe extern "C" fn(
    *mut u64,
    *mut u64,
    *mut usize,
    usize,
    *mut sys::CUmemcpyAttributes,
    *mut usize,
    usize,
    *mut usize,
    sys::CUstream,
) -> c_uint;

/// Name of the call that would be made, if there is one.
fn version(device: &Device) -> Option<&'static str> {
    // SAFETY: the device was opened, so the library is loaded.
    let library = unsafe { sys::culib() };
    let has = |name| crate::gpu::probe::has(library, name);
    if device.driver >= 13_000 && has("cuMemcpyBatchAsync_v2") {
        return Some("cuMemcpyBatchAsync_v2");
    }
    (device.driver >= 12_080 && has("cuMemcpyBatchAsync")).then_some("cuMemcpyBatchAsync")
}

/// Posts copies of `bytes` each between pairs of addresses. Sources may be read in any order until the
/// stream is waited for, as engines do with pinned pools. Copies of one batch have no order.
///
/// Gives the name of the call made.
pub(in crate::gpu) fn batched(
    device: &Device,
    to: &mut [u64],
    from: &mut [u64],
    bytes: usize,
) -> Result<&'static str> {
    let Some(name) = version(device) else {
        return Err(SkipReason::DriverTooOld {
            have: device.driver,
            need: 12_080,
        });
    };
    let count = to.len().min(from.len());
    let mut sizes = vec![bytes; count];
    // SAFETY: a plain C structure for which zeros are valid: no hints, no flags.
    let mut attributes: sys::CUmemcpyAttributes = unsafe { std::mem::zeroed() };
    attributes.srcAccessOrder = sys::CUmemcpySrcAccessOrder::CU_MEMCPY_SRC_ACCESS_ORDER_ANY;
    let mut first = 0_usize;
    let (to, from) = (to.as_mut_ptr(), from.as_mut_ptr());
    let (sizes, attributes, first) = (sizes.as_mut_ptr(), &raw mut attributes, &raw mut first);
    let code = if name == "cuMemcpyBatchAsync_v2" {
        // SAFETY: arrays of `count`, one attribute; addresses are the caller's buffers.
        let result = unsafe {
            sys::cuMemcpyBatchAsync_v2(to, from, sizes, count, attributes, first, 1, device.stream)
        };
        result as u32
    } else {
        let mut failed = 0_usize;
        // SAFETY: as above; the type is that of <cuda.h> 12.8.
        unsafe {
            let call = sys::culib()
                .get::<Version1>(b"cuMemcpyBatchAsync\0")
                .map_err(|_| SkipReason::StubDriver {
                    detail: "it has no cuMemcpyBatchAsync".to_owned(),
                })?;
            call(
                to,
                from,
                sizes,
                count,
                attributes,
                first,
                1,
                &raw mut failed,
                device.stream,
            )
        }
    };
    if code != 0 {
        return Err(SkipReason::Device {
            call: name.to_owned(),
            code,
        });
    }
    Ok(name)
}
