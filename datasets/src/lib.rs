//! Recorded and synthetic data: importers, generator, result tables.
//!
//! Polars stays inside this crate: no type of it stands in a public signature.

mod arrow;
mod file;
mod findings;
pub mod fit;
mod import;
mod power_table;
mod result_table;
mod session;
mod session_table;
mod signal_table;
pub mod signals;
pub mod sites;
pub mod synthetic;

pub use arrow::{ArrowSchema, ArrowStream, ArrowTable};
pub use import::{
    ClockChanges, Coverage, Example, Finding, Format, Import, ImportError, ImportReport, Inspection, Mapping,
    NightEvidence, SwapEvidence, UnknownFormat, inspect, read_sessions, read_sessions_salted,
};
pub use power_table::{PowerRow, PowerTable, TableError, read_parquet, write_parquet};
pub use result_table::{ResultColumn, arrow_of_columns, write_results};
pub use session::{RecordedSession, Stated, Vehicle};
pub use session_table::{SessionTable, read_sessions_parquet, write_sessions_parquet};
pub use signal_table::write_signals_parquet;
