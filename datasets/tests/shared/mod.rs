//! Where the published data lies, for tests that skip without it.

use std::path::PathBuf;

/// The folder of a published data set, or `None` with the reason printed.
///
/// Looked for under `$WEIGHBRIDGE_SHARED/data`, else beside the checkout in `shared/data`.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("WEIGHBRIDGE_SHARED") {
        Some(shared) => PathBuf::from(shared),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
    };
    let dir = root.join("data").join(name);
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("skipped: no {} (set WEIGHBRIDGE_SHARED)", dir.display());
    None
}
