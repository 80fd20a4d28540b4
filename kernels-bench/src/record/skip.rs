//! Why a benchmark was not run: typed, so that a report can say what would make it run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why there is no measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SkipReason {
    /// Built without the `cuda` feature.
    CudaNotBuilt,
    /// No `libcuda` on the loader path.
    NoDriverLibrary,
    /// A `libcuda` that is only a link-time stub, or lacks symbols every driver has.
    StubDriver {
        /// What gave it away.
        detail: String,
    },
    /// The driver is older than the symbols bound here.
    DriverTooOld {
        /// What the driver supports, as CUDA writes it (12080 is 12.8).
        have: i32,
        /// What is needed.
        need: i32,
    },
    /// A driver, but no device it can see.
    NoDevice,
    /// No NVRTC library and no `nvcc`.
    NvrtcMissing,
    /// The device is older than the kernels need.
    Unsupported {
        /// Compute capability, major times ten plus minor.
        cc: i32,
        /// Least capability that runs them.
        need: i32,
    },
    /// A driver call failed.
    Device {
        /// Which call.
        call: String,
        /// The raw result code.
        code: u32,
    },
    /// A kernel did not compile.
    Compile {
        /// First lines of the compiler's log.
        log: String,
    },
    /// Only run when asked for.
    NotAskedFor {
        /// The option that asks for it.
        option: String,
    },
    /// A peer package is absent.
    NotInstalled {
        /// Its name.
        package: String,
    },
    /// Not enough memory for this configuration.
    OutOfMemory {
        /// Bytes needed.
        need_bytes: u64,
        /// Bytes at hand.
        have_bytes: u64,
    },
    /// The time budget of the grid was used up.
    OutOfTime,
    /// The device ran far below the clock it began with.
    Throttled {
        /// Clock as a share of the first one, per cent.
        percent: u32,
    },
    /// An input or output operation failed.
    Io {
        /// What failed.
        message: String,
    },
}

impl SkipReason {
    /// Short name, as in the record file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CudaNotBuilt => "cuda_not_built",
            Self::NoDriverLibrary => "no_driver_library",
            Self::StubDriver { .. } => "stub_driver",
            Self::DriverTooOld { .. } => "driver_too_old",
            Self::NoDevice => "no_device",
            Self::NvrtcMissing => "nvrtc_missing",
            Self::Unsupported { .. } => "unsupported",
            Self::Device { .. } => "device",
            Self::Compile { .. } => "compile",
            Self::NotAskedFor { .. } => "not_asked_for",
            Self::NotInstalled { .. } => "not_installed",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::OutOfTime => "out_of_time",
            Self::Throttled { .. } => "throttled",
            Self::Io { .. } => "io",
        }
    }

    /// What would make it run; empty if nothing can.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CudaNotBuilt => "build with the feature `cuda`",
            Self::NoDriverLibrary => "install an NVIDIA driver, or run on a machine with a GPU",
            Self::StubDriver { .. } => {
                "take the toolkit's stubs folder off the loader path, or start the container with its GPU"
            }
            Self::DriverTooOld { .. } => "update the driver to R570 (CUDA 12.8) or newer",
            Self::NoDevice => "make a device visible (CUDA_VISIBLE_DEVICES, container options)",
            Self::NvrtcMissing => {
                "install the package nvidia-cuda-nvrtc and pass --nvrtc DIR, or put nvcc on PATH"
            }
            Self::NotAskedFor { .. } => "pass the option",
            Self::NotInstalled { .. } => "install the package where the peer script runs",
            Self::OutOfTime => "use --full, or --only one benchmark",
            Self::Throttled { .. } => "let the device cool down, or lift its power limit",
            Self::Device { call, .. } if call == "cuModuleLoadData" => {
                "the compiler may be newer than the driver: install the nvidia-cuda-nvrtc of the driver's CUDA version"
            }
            Self::OutOfMemory { .. } => "use a machine with more memory",
            Self::Unsupported { .. }
            | Self::Device { .. }
            | Self::Compile { .. }
            | Self::Io { .. } => "",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CudaNotBuilt => f.write_str("built without CUDA"),
            Self::NoDriverLibrary => f.write_str("no NVIDIA driver library (libcuda)"),
            Self::StubDriver { detail } => write!(f, "libcuda is a stub: {detail}"),
            Self::DriverTooOld { have, need } => {
                write!(
                    f,
                    "driver supports CUDA {}, need {}",
                    dotted(*have),
                    dotted(*need)
                )
            }
            Self::NoDevice => f.write_str("no CUDA device"),
            Self::NvrtcMissing => f.write_str("no CUDA compiler (NVRTC or nvcc)"),
            Self::Unsupported { cc, need } => {
                write!(f, "compute capability {cc}, need {need}")
            }
            Self::Device { call, code } => write!(f, "{call} failed with CUDA error {code}"),
            Self::Compile { log } => write!(f, "kernel does not compile: {log}"),
            Self::NotAskedFor { option } => write!(f, "runs only with {option}"),
            Self::NotInstalled { package } => write!(f, "{package} is not installed"),
            Self::OutOfMemory {
                need_bytes,
                have_bytes,
            } => {
                write!(f, "needs {need_bytes} bytes, {have_bytes} at hand")
            }
            Self::OutOfTime => f.write_str("time budget of the grid used up"),
            Self::Throttled { percent } => {
                write!(
                    f,
                    "the device is throttled to {percent}% of its first clock"
                )
            }
            Self::Io { message } => f.write_str(message),
        }
    }
}

/// 12080 as "12.8".
fn dotted(version: i32) -> String {
    format!("{}.{}", version / 1000, version % 1000 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_name_is_the_serialized_one() {
        let all = [
            SkipReason::NoDriverLibrary,
            SkipReason::StubDriver { detail: "x".into() },
            SkipReason::DriverTooOld {
                have: 12040,
                need: 12080,
            },
            SkipReason::NotInstalled {
                package: "torch".into(),
            },
            SkipReason::OutOfTime,
        ];
        for reason in all {
            let json = serde_json::to_value(&reason).unwrap();
            let name = json
                .as_str()
                .map(str::to_owned)
                .or_else(|| json.as_object().and_then(|o| o.keys().next().cloned()));
            assert_eq!(name.as_deref(), Some(reason.kind()));
        }
    }

    #[test]
    fn versions_read_as_people_write_them() {
        let text = SkipReason::DriverTooOld {
            have: 12040,
            need: 12080,
        }
        .to_string();
        assert_eq!(text, "driver supports CUDA 12.4, need 12.8");
    }
}
