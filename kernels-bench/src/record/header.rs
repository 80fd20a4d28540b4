//! First line of a record file: what ran where.

use serde::{Deserialize, Serialize};

use crate::gpu::Gpu;

/// How wide the grid is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Grid {
    /// At most 60 seconds.
    Quick,
    /// At most 8 minutes.
    Full,
}

impl Grid {
    /// Wall-clock budget of the whole grid, seconds.
    pub fn budget_s(self) -> f64 {
        match self {
            Self::Quick => 55.0,
            Self::Full => 450.0,
        }
    }

    /// One of two values.
    pub fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Host {
    /// Processor name as the system gives it.
    pub cpu: String,
    /// Logical processors this process may use.
    pub threads: usize,
    /// Main memory, bytes; 0 if unknown.
    pub memory_bytes: u64,
    /// Operating system and architecture, e.g. `linux-x86_64`.
    pub system: String,
    /// Instruction sets that matter here and are present.
    pub features: Vec<String>,
    /// Last-level cache, bytes; 0 if unknown.
    pub llc_bytes: u64,
    /// Kernel page size policy for large buffers (`/sys/kernel/mm/transparent_hugepage/enabled`).
    pub huge_pages: String,
    /// True if the processor says that it runs under a hypervisor.
    pub virtual_machine: bool,
}

/// First line of a record file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Header {
    /// [`crate::record::SCHEMA_VERSION`].
    pub schema: u32,
    /// Who wrote it: name and version.
    pub writer: String,
    /// Seed of all inputs.
    pub seed: u64,
    /// Width of the grid.
    pub grid: Grid,
    /// The machine.
    pub host: Host,
    /// What the GPU probe found.
    pub gpu: Gpu,
}

impl Host {
    /// Reads what the system says about itself; absent facts are empty or 0, never guessed.
    pub fn detect() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            cpuinfo
                .lines()
                .find(|line| line.starts_with(name))
                .and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let flags = field("flags");
        let has = |flag: &str| flags.split(' ').any(|f| f == flag);
        let known = ["sha_ni", "avx2", "avx512f", "erms"];
        Self {
            cpu: field("model name"),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory_bytes(),
            system: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            features: known
                .iter()
                .filter(|f| has(f))
                .map(|f| (*f).to_owned())
                .collect(),
            llc_bytes: llc_bytes(),
            huge_pages: huge_pages(),
            virtual_machine: has("hypervisor"),
        }
    }
}

fn memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map_or(0, |kib| kib * 1024)
}

/// Largest cache that processor 0 lists.
fn llc_bytes() -> u64 {
    (0..8)
        .filter_map(|i| {
            let path = format!("/sys/devices/system/cpu/cpu0/cache/index{i}/size");
            let text = std::fs::read_to_string(path).ok()?;
            let kib: u64 = text.trim().strip_suffix('K')?.parse().ok()?;
            Some(kib * 1024)
        })
        .max()
        .unwrap_or(0)
}

/// The chosen word of `always [madvise] never`.
fn huge_pages() -> String {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled";
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let chosen = text.split(['[', ']']).nth(1).unwrap_or_default();
    chosen.to_owned()
}
