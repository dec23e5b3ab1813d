//! Recorded sessions from files: every row is accepted, repaired or rejected, and the report says which and why.

mod acn_json;
mod collector;
mod evidence;
mod format;
mod inspect;
mod mapped;
mod mapping;
mod ocpi;
mod own;
mod report;
mod source;
mod spans;
mod table;
#[cfg(test)]
mod tests;
mod wall;

use std::borrow::Borrow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::session::RecordedSession;

pub use evidence::{NightEvidence, SwapEvidence};
pub use format::{Format, UnknownFormat};
pub use inspect::{Inspection, inspect};
pub use mapping::Mapping;
pub use report::{ClockChanges, Coverage, Example, Finding, ImportReport};

/// What a file gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// Accepted sessions by arrival, then id.
    pub sessions: Vec<RecordedSession>,
    /// What became of every row.
    pub report: ImportReport,
}

/// A file that cannot be read as sessions.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened.
    #[error("{}: cannot be read ({source}): check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what its format says.
    #[error("{}: `{column}` {rule}: {remedy}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The column, the JSON path or the part of the file.
        column: String,
        /// What it must be and what it is.
        rule: String,
        /// What to do.
        remedy: String,
    },
    /// It has rows, and not one of them can be used.
    #[error("{}: none of its {rows} rows can be used, most often because {reason} ({example}): {remedy}", path.display())]
    NothingUsable {
        /// The file.
        path: PathBuf,
        /// How many rows it has.
        rows: usize,
        /// The most frequent reason, which names column and rule.
        reason: String,
        /// A row with that reason.
        example: String,
        /// What to do.
        remedy: String,
    },
}

/// Reads the sessions of a file. Drivers are told apart within the file only: see [`read_sessions_salted`].
pub fn read_sessions(path: &Path, format: impl Borrow<Format>) -> Result<Import, ImportError> {
    read(path, format.borrow(), None)
}

/// Reads the sessions of a file, with drivers named by SHA-256 over a salt and their id.
///
/// Files read with one salt name a driver alike, so keep it secret: ids are few enough to be tried. [`read_sessions`]
/// takes the digest of the file as the salt, which nobody has who has not the ids themselves.
pub fn read_sessions_salted(path: &Path, format: impl Borrow<Format>, salt: &[u8]) -> Result<Import, ImportError> {
    read(path, format.borrow(), Some(salt))
}

fn read(path: &Path, format: &Format, salt: Option<&[u8]>) -> Result<Import, ImportError> {
    let source = source::Source::open(path, salt)?;
    let shipped = |name| {
        mapping::shipped(name)
            .map_err(|(field, rule)| source.broken(&field, rule, "report it: a shipped mapping is wrong"))
    };
    match format {
        Format::AcnJson => acn_json::read(&source),
        Format::OcpiCdrs | Format::OcpiSessions => ocpi::read(&source, format),
        Format::Sustaingym => mapped::read(&source, shipped("sustaingym")?, format),
        Format::Shipped(name @ "generic-parquet") => match own::read(&source, format)? {
            Some(import) => Ok(import),
            None => mapped::read(&source, shipped(name)?, format),
        },
        Format::Shipped(name) => mapped::read(&source, shipped(name)?, format),
        Format::Mapping(mapping) => mapped::read(&source, &Mapping::load(mapping)?, format),
    }
}
