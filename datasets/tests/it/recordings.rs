//! Where recordings are.

use std::path::PathBuf;

/// Returns a recorded file, or says that there is none and the test is skipped.
pub(crate) fn recording(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("HEADROOM_DATA").unwrap_or_default());
    let path = folder.join(name);
    if path.is_file() {
        return Some(path);
    }
    println!("skipped: no recording {name} in HEADROOM_DATA ({})", folder.display());
    None
}
