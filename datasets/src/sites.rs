//! Places from files of other programs: recorded networks of stations and simple feeders.
//!
//! What comes out knows neither tables nor plans: ratings, wiring and numbers as they stand in the source.

mod acn_network;
mod opendss;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use acn_network::{AcnEvse, AcnLine, AcnNetwork, AcnTerm};
pub use opendss::{Customer, Feeder, Photovoltaics};

/// A description of a place that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SiteFileError {
    /// The file cannot be opened.
    #[error("{}: cannot be read ({source}): check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something in it cannot be.
    #[error("{}: `{field}` {rule}: {remedy}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The field or the element.
        field: String,
        /// What it must be and what it is.
        rule: String,
        /// What to do.
        remedy: String,
    },
}

impl SiteFileError {
    fn broken(path: &Path, field: impl Into<String>, rule: impl Into<String>, remedy: &str) -> Self {
        Self::Broken { path: path.to_owned(), field: field.into(), rule: rule.into(), remedy: remedy.to_owned() }
    }
}
