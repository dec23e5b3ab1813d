//! Signals from files: loads, photovoltaics, prices and carbon over time, and tariffs.
//!
//! How a file spells a signal is data, a [`SignalMapping`]: shipped ones go by name, others are read from TOML. Every row is
//! accepted, repaired or rejected, and the [`SignalReport`] says which and why. What comes out has one unit per kind of
//! quantity and one sign: positive is towards the consumer, so what generates is negative.

mod collector;
mod mapping;
mod reader;
mod report;
mod series;
mod table;
mod tariff;
#[cfg(test)]
mod tests;
mod time;

use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, Utc};
use chrono_tz::Tz;
use headroom_domain::Interval;
use serde::{Deserialize, Serialize};

pub use mapping::{
    ColumnSignal, DailyClock, Filter, Issued, Marks, Revisions, SignalMapping, SourceUnit, TableFormat, Times, Towards,
};
pub use report::{SignalReport, SignalSummary};
pub use series::SeriesError;
pub use tariff::{TouSeason, TouTariff};

/// A quantity over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// What it is, for example `load`.
    pub name: String,
    /// Of its values.
    pub unit: SignalUnit,
    /// By interval, then by issue. Rows of one issue never overlap; of one interval there may be several issues.
    pub rows: Vec<SignalRow>,
    /// In which the source writes its times, or to which they belong; the rows are in UTC.
    pub time_zone: Tz,
    /// Whom to name with it: source and licence.
    pub source: String,
}

/// The unit of a signal. **Sign**: positive is towards the consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalUnit {
    /// Mean power over the interval, kW.
    Kw,
    /// Money per kWh.
    PricePerKwh {
        /// ISO 4217.
        currency: String,
    },
    /// Carbon dioxide per energy, g/kWh.
    GPerKwh,
}

/// A value and when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SignalRow {
    /// When it holds, half-open.
    pub interval: Interval,
    /// Absent where the source has the row and no value.
    pub value: Option<f64>,
    /// When it became known. Absent means not stated: a measurement, known when its interval has ended.
    pub issued_at: Option<DateTime<Utc>>,
}

/// What a caller adds to a mapping.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignalChoice {
    /// The place that is read, where a file holds several (ERCOT's settlement points).
    pub place: Option<String>,
    /// The start of the first row, where a file counts steps.
    pub start: Option<DateTime<FixedOffset>>,
    /// Power of the photovoltaics, where a file gives its yield per kW. **Units**: kW.
    pub installed_kw: Option<f64>,
    /// The signals that are read, by name; empty means all.
    pub signals: Vec<String>,
}

/// What files gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalImport {
    /// In the order of the mapping.
    pub signals: Vec<Signal>,
    /// What became of every row.
    pub report: SignalReport,
}

impl SignalImport {
    /// Finds a signal by name.
    pub fn signal(&self, name: &str) -> Option<&Signal> {
        self.signals.iter().find(|signal| signal.name == name)
    }
}

/// Files that cannot be read as signals.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// A file cannot be opened.
    #[error("{}: cannot be read ({source}): check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its mapping says, or the mapping is not one.
    #[error("{}: `{field}` {rule}: {remedy}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The column or the field of the mapping.
        field: String,
        /// What it must be and what it is.
        rule: String,
        /// What to do.
        remedy: String,
    },
    /// The files have rows, and not one of them can be used.
    #[error("{}: none of the {rows} rows can be used, most often because {reason}: give the mapping that fits the file", path.display())]
    NothingUsable {
        /// The first file.
        path: PathBuf,
        /// How many rows there are.
        rows: usize,
        /// The most frequent reason, with an example.
        reason: String,
    },
}

impl SignalError {
    pub(crate) fn broken(path: &Path, field: &str, rule: impl Into<String>, remedy: &str) -> Self {
        Self::Broken { path: path.to_owned(), field: field.to_owned(), rule: rule.into(), remedy: remedy.to_owned() }
    }
}

/// Reads the signals of files that belong together, for example the months of a year; csv may be gzip.
///
/// A row whose time an earlier row had is left out and reported, as equal or as different.
///
/// **Errors**: a file that cannot be opened or has not the columns of the mapping, a choice that the mapping asks for and
/// that was not given, and files without a single usable row.
pub fn read_signals(
    paths: &[PathBuf],
    mapping: &SignalMapping,
    choice: &SignalChoice,
) -> Result<SignalImport, SignalError> {
    reader::read(paths, mapping, choice)
}
