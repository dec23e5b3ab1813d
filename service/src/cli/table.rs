//! Plain tables for people.

use chrono::{DateTime, SecondsFormat, Utc};
use comfy_table::Table;
use comfy_table::presets::NOTHING;

/// Makes a table without lines.
pub(super) fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(header.iter().copied());
    table
}

/// Spells an instant to the second.
pub(super) fn at(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}
