//! Sessions in the Parquet layout of this crate, which keeps drivers and what they said.

use super::collector::{Collector, Local, Row};
use super::source::Source;
use super::{Format, Import, ImportError};
use crate::session_table::from_bytes;

/// Reads the layout of this crate; `None` where the file has another one.
pub(super) fn read(source: &Source, format: &Format) -> Result<Option<Import>, ImportError> {
    let broken = |(column, rule): (String, String)| source.broken(&column, rule, "write or copy the file again");
    let Some(table) = from_bytes(&source.bytes).map_err(broken)? else { return Ok(None) };
    let mut collector = Collector::default();
    collector.remarks.push(format!("read from {}", table.source));
    if let Some(zone) = table.time_zone {
        zone.name().clone_into(&mut collector.zone);
    }
    for (index, session) in table.sessions.into_iter().enumerate() {
        let local = table.time_zone.map(|zone| Local::in_zone(zone, session.arrival, session.departure));
        collector.take(&format!("row {}", index + 1), Ok(Row { local, ..Row::new(session) }));
    }
    collector.finish(source, format).map(Some)
}
