//! `headroom check-config`.

use std::path::Path;

use super::Outcome;
use crate::config::{self, Checked};

pub(super) fn run(path: &Path) -> anyhow::Result<Outcome> {
    let checked = load(path)?;
    let evses: usize = checked.sites.iter().map(|site| site.evses.len()).sum();
    for note in checked.notes() {
        eprintln!("note: {note}");
    }
    super::say(&format!("{} is good: {} site(s) with {evses} EVSE(s)", path.display(), checked.sites.len()))?;
    Ok(Outcome::Done)
}

/// Reads a configuration; all its mistakes become one error.
pub(super) fn load(path: &Path) -> anyhow::Result<Checked> {
    config::load(path).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(|mistake| format!("  {mistake}")).collect();
        anyhow::anyhow!("{} cannot be used:\n{}", path.display(), lines.join("\n"))
    })
}
