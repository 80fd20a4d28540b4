//! NVRTC through its own symbols: no panic when it is missing, and no version chosen at build time.
#![expect(unsafe_code, reason = "a C library loaded at run time")]

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::path::{Path, PathBuf};

use libloading::Library;

type Program = *mut c_void;
type Create = unsafe extern "C" fn(
    *mut Program,
    *const c_char,
    *const c_char,
    c_int,
    *const *const c_char,
    *const *const c_char,
) -> c_uint;
type Compile = unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_uint;
type Size = unsafe extern "C" fn(Program, *mut usize) -> c_uint;
type Get = unsafe extern "C" fn(Program, *mut c_char) -> c_uint;
type Destroy = unsafe extern "C" fn(*mut Program) -> c_uint;
type Version = unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_uint;

/// The library's functions; the library stays loaded for the life of the process.
#[derive(Debug)]
pub struct Nvrtc {
    create: Create,
    compile: Compile,
    cubin_size: Size,
    cubin: Get,
    log_size: Size,
    log: Get,
    destroy: Destroy,
    version: (c_int, c_int),
}

/// Names of the library, newest first.
const NAMES: [&str; 6] = [
    "libnvrtc.so.13",
    "libnvrtc.so.12",
    "libnvrtc.so.11.2",
    "libnvrtc.so",
    "nvrtc64_130_0.dll",
    "nvrtc64_120_0.dll",
];

impl Nvrtc {
    /// Looks in the folders, then on the loader's path.
    pub(super) fn find(dirs: impl Iterator<Item = PathBuf>) -> Option<Self> {
        let in_dirs = dirs.flat_map(|dir| {
            preload_builtins(&dir);
            NAMES.map(|name| dir.join(name))
        });
        let paths = in_dirs.chain(NAMES.map(PathBuf::from));
        paths.into_iter().find_map(|path| Self::load(&path))
    }

    fn load(path: &Path) -> Option<Self> {
        // SAFETY: initialisers of the vendor's library.
        let library = unsafe { Library::new(path) }.ok()?;
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: types are those of <nvrtc.h>.
        unsafe {
            let version = *library.get::<Version>(b"nvrtcVersion\0").ok()?;
            let (mut major, mut minor) = (0, 0);
            version(&raw mut major, &raw mut minor);
            Some(Self {
                create: *library.get(b"nvrtcCreateProgram\0").ok()?,
                compile: *library.get(b"nvrtcCompileProgram\0").ok()?,
                cubin_size: *library.get(b"nvrtcGetCUBINSize\0").ok()?,
                cubin: *library.get(b"nvrtcGetCUBIN\0").ok()?,
                log_size: *library.get(b"nvrtcGetProgramLogSize\0").ok()?,
                log: *library.get(b"nvrtcGetProgramLog\0").ok()?,
                destroy: *library.get(b"nvrtcDestroyProgram\0").ok()?,
                version: (major, minor),
            })
        }
    }

    /// Name and version.
    pub(super) fn name(&self) -> String {
        format!("NVRTC {}.{}", self.version.0, self.version.1)
    }

    /// Assembles a source; the error is the compiler's log.
    pub(super) fn compile(&self, name: &str, source: &str, cc: i32) -> Result<Vec<u8>, String> {
        let text = |s: &str| CString::new(s).map_err(|e| e.to_string());
        let (source, name) = (text(source)?, text(name)?);
        let options = [
            format!("--gpu-architecture=sm_{cc}"),
            "--std=c++17".to_owned(),
        ];
        let options: Vec<CString> = options.iter().map(|o| text(o)).collect::<Result<_, _>>()?;
        let pointers: Vec<*const c_char> = options.iter().map(|o| o.as_ptr()).collect();
        let mut program: Program = std::ptr::null_mut();
        let none = std::ptr::null();
        // SAFETY: strings end in NUL and outlive the call; there are no headers.
        let code = unsafe {
            (self.create)(
                &raw mut program,
                source.as_ptr(),
                name.as_ptr(),
                0,
                none,
                none,
            )
        };
        if code != 0 {
            return Err(format!("nvrtcCreateProgram returns {code}"));
        }
        // SAFETY: the program was created above; options outlive the call.
        let code = unsafe { (self.compile)(program, pointers.len() as c_int, pointers.as_ptr()) };
        let result = if code == 0 {
            self.bytes(program, self.cubin_size, self.cubin)
        } else {
            let log = self
                .bytes(program, self.log_size, self.log)
                .unwrap_or_default();
            Err(String::from_utf8_lossy(&log)
                .trim_end_matches('\0')
                .to_owned())
        };
        // SAFETY: created above, not used again.
        unsafe { (self.destroy)(&raw mut program) };
        result
    }

    /// Two calls: size, then content.
    fn bytes(&self, program: Program, size: Size, get: Get) -> Result<Vec<u8>, String> {
        let mut n = 0;
        // SAFETY: a live program; writes one size.
        let code = unsafe { size(program, &raw mut n) };
        if code != 0 {
            return Err(format!("NVRTC returns {code} for a size"));
        }
        let mut out = vec![0_u8; n];
        // SAFETY: the buffer has the size asked for.
        let code = unsafe { get(program, out.as_mut_ptr().cast()) };
        if code == 0 {
            Ok(out)
        } else {
            Err(format!("NVRTC returns {code} for its result"))
        }
    }
}

/// The compiler opens its builtins by bare name; a folder off the loader's path would not be searched.
fn preload_builtins(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut names: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    names.sort();
    for path in names {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with("libnvrtc-builtins.so") {
            // SAFETY: initialisers of the vendor's library.
            if let Ok(library) = unsafe { Library::new(&path) } {
                std::mem::forget(library);
            }
        }
    }
}
