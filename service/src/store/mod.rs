//! The record: everything the service knows, in one `SQLite` file. Nothing that matters lives only in memory.
//!
//! Two ways in: `durable` is on disk before it answers (limits, profile requests, partners), `quick` survives the
//! death of the process but may lose its last moments in a power cut (session updates, meter readings), which the next
//! pull or reading replaces. Each is one connection: who writes waits in line for it and keeps what it has read, instead
//! of trying for the lock again and again. Whoever reads waits for no writer.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

mod meters;
mod objects;
mod partners;
mod profiles;
mod queue;
mod sessions;
mod stations;
#[cfg(test)]
mod tests;
mod utility;
mod warnings;

pub use meters::MeterReading;
pub use objects::{Content, Kind, ObjectKey, Saved};
pub use partners::{PullProgress, PullUnderWay};
pub use profiles::{NewRequest, ProfileRequest, RequestCounts, RequestState};
pub use stations::StationReport;
pub use utility::{
    Accepted, AreaDraft, AuditError, AuditFilter, AuditNote, Change, Conflict, KeptLink, LimitFilter, Recorded,
    StatusChange, UtilitySeen,
};
pub use warnings::KeptRejected;

/// Why the record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database is of another age than this program.
    #[error("the store could not be brought to this version: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row is not what this program wrote.
    #[error("the store holds a {what} that this version cannot read: {source}")]
    Unreadable {
        /// What kind of row.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// What was recorded together with others is not on disk, for a reason that all of them share.
    #[error("the store could not record it: {0}")]
    NotRecorded(String),
}

/// How many read at the same time.
const READERS: u32 = 4;

/// How long the write-ahead log grows before it is brought into the file. **Units**: pages of 4 KiB.
const CHECKPOINT_PAGES: &str = "4000";

/// A handle to the record; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    durable: SqlitePool,
    quick: SqlitePool,
    reads: SqlitePool,
    queues: queue::Queues,
}

impl Store {
    /// Opens the file, on the runtime that the store is used on, making it and its folder when they are not there, and brings it to this version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(sqlx::Error::from)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .busy_timeout(Duration::from_secs(10));
        let writes = |synchronous| {
            SqlitePoolOptions::new().max_connections(1).connect_with(options.clone().synchronous(synchronous))
        };
        let durable = writes(SqliteSynchronous::Full).await?;
        sqlx::migrate!().run(&durable).await?;
        let quick = writes(SqliteSynchronous::Normal).await?;
        let reads =
            SqlitePoolOptions::new().max_connections(READERS).connect_with(options.pragma("query_only", "ON")).await?;
        let queues = queue::Queues::begin(&durable, &quick);
        Ok(Self { durable, quick, reads, queues })
    }

    /// Writes down what the operator did, in the audit's chain [`OPERATOR_CHAIN`].
    pub async fn audit(
        &self,
        at: DateTime<Utc>,
        principal: &str,
        action: &str,
        resource: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        self.append_audit(AuditNote::of_operator(at, principal, action, resource, detail)).await
    }
}

/// The audit's chain of what the operator did; no utility may be called so.
pub const OPERATOR_CHAIN: &str = "operator";

/// Spells a time so that text order is time order.
fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn time(text: &str) -> DateTime<Utc> {
    // Only this program writes these columns; an unreadable time sorts before all others.
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).unwrap_or_default()
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Unreadable { what: "value", source })
}

fn parse<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Unreadable { what, source })
}
