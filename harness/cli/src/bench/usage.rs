//! What this process has used up, as the system tells it.

/// A size out of `/proc/self/status` in bytes: `VmRSS` is resident memory now, `VmHWM` its peak.
pub(crate) fn memory(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    let kib = line.trim_start_matches(':').trim().strip_suffix("kB")?;
    kib.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Raises the soft limit of open files to the hard one; says how many may be open.
pub(crate) fn raise_open_files() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.maximum,
            Err(_) => limit.current,
        }
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use weighbridge_engine::processor_s;

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells_what_was_used() {
        let before = processor_s().unwrap();
        let block = std::hint::black_box(vec![1_u8; 8 << 20]);
        // The peak is read last: other tests of this process may grow it at any moment.
        let resident = memory("VmRSS").unwrap();
        assert!(memory("VmHWM").unwrap() >= resident);
        assert!(resident >= block.len() as u64);
        assert!(processor_s().unwrap() > before);
        assert_eq!(memory("VmNothing"), None);
    }
}
