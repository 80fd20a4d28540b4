//! Finding out what there is, in an order in which nothing can panic.
//!
//! cudarc loads the driver on first use and panics when the library or a symbol is missing, and even
//! formatting one of its errors calls into the driver. So: is there a library at all; does it have
//! every symbol used here; does `cuInit` succeed, by its raw code; is there a device, new enough; is
//! there a compiler. Only then is cudarc used, and error values are kept as numbers.
#![expect(
    unsafe_code,
    reason = "the driver is probed through its own symbols, before cudarc binds them"
)]

use std::ffi::{c_char, c_int, c_uint};
use std::path::Path;

use cudarc::driver::sys;
use libloading::Library;

use super::{Compiler, Gpu};
use crate::record::SkipReason;

/// Oldest driver that has every symbol bound by cudarc's `cuda-13000`: R570.
const LEAST_DRIVER: i32 = 12_080;
/// Oldest device with bf16 `mma.sync` and `cp.async`: Ampere.
const LEAST_CC: i32 = 80;
const STUB_LIBRARY: u32 = 34;
const NO_DEVICE: u32 = 100;

/// Every driver symbol that this crate calls through cudarc.
const NEEDED: [&str; 31] = [
    "cuInit",
    "cuDriverGetVersion",
    "cuDeviceGet",
    "cuDeviceGetCount",
    "cuDeviceGetName",
    "cuDeviceGetAttribute",
    "cuDeviceGetPCIBusId",
    "cuDeviceTotalMem_v2",
    "cuDevicePrimaryCtxRetain",
    "cuDevicePrimaryCtxRelease_v2",
    "cuCtxSetCurrent",
    "cuMemAlloc_v2",
    "cuMemFree_v2",
    "cuMemHostAlloc",
    "cuMemFreeHost",
    "cuMemHostGetDevicePointer_v2",
    "cuMemsetD8Async",
    "cuMemcpyHtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyDtoDAsync_v2",
    "cuStreamCreate",
    "cuStreamDestroy_v2",
    "cuStreamSynchronize",
    "cuEventCreate",
    "cuEventRecord",
    "cuEventElapsedTime_v2",
    "cuEventDestroy_v2",
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuModuleGetFunction",
    "cuLaunchKernel",
];

/// A ready GPU, or why there is none.
pub(super) fn probe(nvrtc: Option<&Path>) -> Result<Gpu, SkipReason> {
    // SAFETY: only tries to open the library; its initialisers are the vendor's.
    if !unsafe { sys::is_culib_present() } {
        return Err(SkipReason::NoDriverLibrary);
    }
    // SAFETY: the library was just opened, so this cannot reach its panic.
    let library = unsafe { sys::culib() };
    let driver = driver_version(library)?;
    initialise(library)?;
    let gpu = device(library, driver)?;
    let compiler = Compiler::find(nvrtc).ok_or(SkipReason::NvrtcMissing)?;
    Ok(with_compiler(gpu, &compiler))
}

fn with_compiler(gpu: Gpu, compiler: &Compiler) -> Gpu {
    match gpu {
        Gpu::Ready {
            name,
            cc,
            driver,
            sms,
            memory_bytes,
            l2_bytes,
            pci,
            numa_node,
            ..
        } => {
            let compiler = compiler.name();
            Gpu::Ready {
                name,
                cc,
                driver,
                compiler,
                sms,
                memory_bytes,
                l2_bytes,
                pci,
                numa_node,
            }
        }
        skipped @ Gpu::Skipped(_) => skipped,
    }
}

/// The version, if it and every symbol will do. A library that has no version or claims a new one but
/// lacks symbols is a stub.
fn driver_version(library: &Library) -> Result<i32, SkipReason> {
    let stub = |detail: String| SkipReason::StubDriver { detail };
    type GetVersion = unsafe extern "C" fn(*mut c_int) -> c_uint;
    // SAFETY: the type is that of <cuda.h>.
    let get = unsafe { library.get::<GetVersion>(b"cuDriverGetVersion\0") }
        .map_err(|_| stub("it has no cuDriverGetVersion".to_owned()))?;
    let mut have = 0;
    // SAFETY: writes one int; may be called before cuInit.
    match unsafe { get(&raw mut have) } {
        0 => {}
        STUB_LIBRARY => return Err(stub("cuDriverGetVersion says so".to_owned())),
        code => return Err(stub(format!("cuDriverGetVersion returns {code}"))),
    }
    if have < LEAST_DRIVER {
        return Err(SkipReason::DriverTooOld {
            have,
            need: LEAST_DRIVER,
        });
    }
    match NEEDED.iter().find(|name| !has(library, name)) {
        Some(missing) => Err(stub(format!("it has no {missing}"))),
        None => Ok(have),
    }
}

/// True if the library has the symbol.
pub(super) fn has(library: &Library, name: &str) -> bool {
    // SAFETY: the address is not used.
    unsafe { library.get::<*const ()>(name.as_bytes()) }.is_ok()
}

fn initialise(library: &Library) -> Result<(), SkipReason> {
    type Init = unsafe extern "C" fn(c_uint) -> c_uint;
    // SAFETY: the type is that of <cuda.h>; 0 is the only flag there is.
    let code = unsafe { symbol::<Init>(library, b"cuInit\0")?(0) };
    match code {
        0 => Ok(()),
        STUB_LIBRARY => Err(SkipReason::StubDriver {
            detail: "cuInit says so".to_owned(),
        }),
        NO_DEVICE => Err(SkipReason::NoDevice),
        code => Err(SkipReason::Device {
            call: "cuInit".to_owned(),
            code,
        }),
    }
}

/// A symbol that was found before.
///
/// # Safety
/// `T` must be the type of the symbol.
unsafe fn symbol<T: Copy>(library: &Library, name: &[u8]) -> Result<T, SkipReason> {
    // SAFETY: promised by the caller.
    let found = unsafe { library.get::<T>(name) };
    found.map(|f| *f).map_err(|_| SkipReason::StubDriver {
        detail: format!(
            "it has no {}",
            String::from_utf8_lossy(name).trim_end_matches('\0')
        ),
    })
}

fn check(call: &str, code: c_uint) -> Result<(), SkipReason> {
    if code == 0 {
        return Ok(());
    }
    Err(SkipReason::Device {
        call: call.to_owned(),
        code,
    })
}

/// Facts of device 0, asked for through raw symbols.
fn device(library: &Library, driver: i32) -> Result<Gpu, SkipReason> {
    type Count = unsafe extern "C" fn(*mut c_int) -> c_uint;
    type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_uint;
    type Attribute = unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_uint;
    type Memory = unsafe extern "C" fn(*mut usize, c_int) -> c_uint;
    let mut count = 0;
    // SAFETY: types are those of <cuda.h>; every call writes to a local of that type and size.
    let code = unsafe { symbol::<Count>(library, b"cuDeviceGetCount\0")?(&raw mut count) };
    check("cuDeviceGetCount", code)?;
    if count < 1 {
        return Err(SkipReason::NoDevice);
    }
    // SAFETY: as above.
    let get = unsafe { symbol::<Attribute>(library, b"cuDeviceGetAttribute\0")? };
    let attribute = |number: c_int| -> Result<i32, SkipReason> {
        let mut value = 0;
        // SAFETY: as above; device 0 exists.
        check("cuDeviceGetAttribute", unsafe {
            get(&raw mut value, number, 0)
        })?;
        Ok(value)
    };
    // Attribute numbers of <cuda.h>: compute capability, multiprocessors, L2 size.
    let cc = attribute(75)? * 10 + attribute(76)?;
    if cc < LEAST_CC {
        return Err(SkipReason::Unsupported { cc, need: LEAST_CC });
    }
    let text = |name: &[u8]| -> Result<String, SkipReason> {
        let mut buffer = [0_u8; 256];
        // SAFETY: as above; the length of the buffer is passed along.
        let code = unsafe {
            symbol::<Name>(library, name)?(buffer.as_mut_ptr().cast(), buffer.len() as c_int, 0)
        };
        check("cuDeviceGetName", code)?;
        let end = buffer.iter().position(|b| *b == 0).unwrap_or(0);
        Ok(String::from_utf8_lossy(&buffer[..end]).into_owned())
    };
    let mut memory = 0_usize;
    // SAFETY: as above.
    let code = unsafe { symbol::<Memory>(library, b"cuDeviceTotalMem_v2\0")?(&raw mut memory, 0) };
    check("cuDeviceTotalMem", code)?;
    let pci = text(b"cuDeviceGetPCIBusId\0")?;
    Ok(Gpu::Ready {
        name: text(b"cuDeviceGetName\0")?,
        cc,
        driver,
        compiler: String::new(),
        sms: attribute(16)?,
        memory_bytes: memory as u64,
        l2_bytes: attribute(38)?.unsigned_abs().into(),
        numa_node: numa_node(&pci),
        pci,
    })
}

/// The system's answer; −1 is what it says when it does not know.
fn numa_node(pci: &str) -> i32 {
    let path = format!("/sys/bus/pci/devices/{}/numa_node", pci.to_lowercase());
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.trim().parse().unwrap_or(-1)
}
