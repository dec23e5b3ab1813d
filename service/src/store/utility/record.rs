//! Changes that utilities ask for: each is done once, remembered with its answer, and written down in the audit, all in one
//! transaction that is on disk before it is answered.

use chrono::{DateTime, Utc};
use headroom_domain::limit::Target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, Sqlite, Transaction};

use super::audit::{self, AuditNote};
use crate::store::{Store, StoreError, json, parse, text};

/// A change that a utility asks for: how it is told apart from others, and what the audit tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Who asks.
    pub utility: String,
    /// The caller's name for the request, unique within the utility.
    pub request_id: String,
    /// Digest of the content of the request, in hexadecimal; of another call it is another.
    pub hash: String,
    /// The call, for example `SubmitLimit`.
    pub method: String,
    /// Who it is for the audit.
    pub principal: String,
    /// The resource that changes.
    pub resource: String,
    /// The place that it is about, by which the audit can be asked.
    pub target: Option<Target>,
    /// When it is done.
    pub at: DateTime<Utc>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded<T> {
    /// It is on disk now.
    New(T),
    /// The same request was answered before; this is what was answered then.
    Repeated(T),
    /// The request id was used before for another request.
    Reused,
    /// It does not go with what is there; nothing was changed.
    Refused(Conflict),
}

/// Why a change does not go with what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The revision is not higher than one known for the utility, target and programme.
    StaleRevision {
        /// The highest revision known.
        latest: i64,
    },
    /// The resource was changed since it was read.
    EtagMismatch {
        /// Its etag now; empty when there is no such resource.
        etag: String,
    },
    /// The name is another utility's.
    Taken,
    /// There is no such resource of this utility.
    Unknown,
}

impl Store {
    /// Returns what was answered to a request before, or that its id was used for another.
    pub async fn answered<T: DeserializeOwned>(
        &self,
        utility: &str,
        request_id: &str,
        hash: &str,
    ) -> Result<Option<Recorded<T>>, StoreError> {
        let mut connection = self.reads.acquire().await?;
        answered(&mut connection, utility, request_id, hash).await
    }

    /// Forgets what was answered before a time; returns to how many requests.
    pub async fn forget_requests_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM utility_request WHERE at < ?";
        Ok(sqlx::query(sql).bind(text(before)).execute(&self.quick).await?.rows_affected())
    }

    /// Begins a change; what it writes is on disk once it is committed.
    pub(super) async fn begin_change(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.durable.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Returns what a change was answered before, if it was; nothing else is looked at then.
pub(super) async fn answered_before<T: DeserializeOwned>(
    connection: &mut SqliteConnection,
    change: &Change,
) -> Result<Option<Recorded<T>>, StoreError> {
    answered(connection, &change.utility, &change.request_id, &change.hash).await
}

/// Remembers the answer to a change and writes the change down in the audit.
pub(super) async fn remember<T: Serialize>(
    connection: &mut SqliteConnection,
    change: &Change,
    answer: &T,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO utility_request (utility, request_id, method, hash, answer, at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&change.utility)
    .bind(&change.request_id)
    .bind(&change.method)
    .bind(&change.hash)
    .bind(json(answer)?)
    .bind(text(change.at))
    .execute(&mut *connection)
    .await?;
    audit::append(connection, &AuditNote::of_change(change)).await
}

async fn answered<T: DeserializeOwned>(
    connection: &mut SqliteConnection,
    utility: &str,
    request_id: &str,
    hash: &str,
) -> Result<Option<Recorded<T>>, StoreError> {
    let row = sqlx::query("SELECT hash, answer FROM utility_request WHERE utility = ? AND request_id = ?")
        .bind(utility)
        .bind(request_id)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.get::<&str, _>("hash") != hash {
        return Ok(Some(Recorded::Reused));
    }
    Ok(Some(Recorded::Repeated(parse("answer", row.get("answer"))?)))
}
