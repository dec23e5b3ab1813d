//! Files that others read while we write them.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

/// Writes a report as JSON, so that a reader sees the old one or the new one and nothing between.
pub(super) fn write(path: &Path, report: &impl Serialize) -> anyhow::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let text = serde_json::to_vec(report)?;
    std::fs::write(&beside, text).with_context(|| format!("cannot write {}", beside.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("cannot write {}", path.display()))
}
