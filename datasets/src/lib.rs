//! Recorded and synthetic data: importers, generator, result tables.
//!
//! Polars stays inside this crate: no type of it stands in a public signature.

mod import;
mod power_table;
mod session;
pub mod synthetic;

pub use import::{
    Coverage, Example, Finding, Format, Import, ImportError, ImportReport, UnknownFormat, read_sessions,
    read_sessions_salted,
};
pub use power_table::{PowerRow, PowerTable, TableError, read_parquet, write_parquet};
pub use session::{RecordedSession, Stated, Vehicle};

mod file;
mod findings;
pub mod fit;
pub mod signals;
pub mod sites;
