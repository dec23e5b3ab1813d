//! What became of limits, in the order in which it is told.

use chrono::{DateTime, Utc};
use headroom_domain::LimitId;
use headroom_domain::limit::{LimitState, LimitStatus, Target};
use headroom_grid_api::StatusEvent;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::{push_any, push_targets, word};
use crate::store::{Store, StoreError, json, parse, text, time};

/// What has become of a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// Whose limit.
    pub utility: String,
    /// Which.
    pub limit: LimitId,
    /// What it limits.
    pub target: Target,
    /// When it became so.
    pub at: DateTime<Utc>,
    /// What it became.
    pub status: LimitStatus,
}

impl Store {
    /// Appends statuses in order and returns them as they are told. Nothing follows a withdrawal, and nothing is told of a
    /// limit that is not known: such statuses are left out. So is that a limit was replaced, where one that could have
    /// replaced it was withdrawn since `known_at`, when the limits were read.
    ///
    /// A power cut may lose the last of them. What a change of a utility brings is written with the change.
    pub async fn append_statuses(
        &self,
        changes: &[StatusChange],
        known_at: DateTime<Utc>,
    ) -> Result<Vec<StatusEvent>, StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let mut events = Vec::with_capacity(changes.len());
        for change in changes {
            let replaced = change.status.state == LimitState::Superseded;
            if !replaced || !any_withdrawn_since(&mut transaction, &change.limit, known_at).await? {
                events.extend(append_status(&mut transaction, change).await?);
            }
        }
        transaction.commit().await?;
        Ok(events)
    }

    /// Returns at most `size` statuses of a utility's limits after a sequence number, in order; only of some targets when
    /// there are any.
    pub async fn statuses_after(
        &self,
        utility: &str,
        after: i64,
        targets: &[Target],
        size: usize,
    ) -> Result<Vec<StatusEvent>, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM limit_status WHERE utility = ");
        query.push_bind(utility).push(" AND sequence > ").push_bind(after);
        push_targets(&mut query, targets);
        query.push(" ORDER BY sequence LIMIT ").push_bind(i64::try_from(size).unwrap_or(i64::MAX));
        query.build().fetch_all(&self.reads).await?.iter().map(read).collect()
    }

    /// Returns the last status of each of some limits, in the order of their sequence numbers.
    pub async fn latest_statuses(&self, limits: &[LimitId]) -> Result<Vec<StatusEvent>, StoreError> {
        if limits.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::new(
            "SELECT * FROM limit_status WHERE sequence IN (SELECT MAX(sequence) FROM limit_status WHERE TRUE",
        );
        push_any(&mut query, "limit_id", limits.iter().map(ToString::to_string));
        query.push(" GROUP BY limit_id) ORDER BY sequence");
        query.build().fetch_all(&self.reads).await?.iter().map(read).collect()
    }

    /// Forgets statuses from before a time, the last of each limit excepted; returns how many there were. Their sequence
    /// numbers are never used again.
    pub async fn forget_statuses_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM limit_status WHERE at < ? AND EXISTS (SELECT 1 FROM limit_status AS later \
                   WHERE later.limit_id = limit_status.limit_id AND later.sequence > limit_status.sequence)";
        Ok(sqlx::query(sql).bind(text(before)).execute(&self.quick).await?.rows_affected())
    }
}

/// Tells whether a limit of the same utility, target and programme was withdrawn since a time.
async fn any_withdrawn_since(
    connection: &mut SqliteConnection,
    limit: &LimitId,
    since: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM grid_limit JOIN grid_limit AS other USING (utility, target, programme) \
               WHERE grid_limit.id = ? AND other.cancelled_at >= ?) AS any";
    let row = sqlx::query(sql).bind(limit.as_str()).bind(text(since)).fetch_one(connection).await?;
    Ok(row.get("any"))
}

/// Appends a status in the transaction of what brought it about.
pub(super) async fn append_status(
    connection: &mut SqliteConnection,
    change: &StatusChange,
) -> Result<Option<StatusEvent>, StoreError> {
    let known = sqlx::query("UPDATE grid_limit SET state = ?, settled = ? WHERE id = ? AND state <> ?")
        .bind(word(&change.status.state)?)
        .bind(change.status.state.is_final())
        .bind(change.limit.as_str())
        .bind(word(&LimitState::Cancelled)?)
        .execute(&mut *connection)
        .await?;
    if known.rows_affected() == 0 {
        return Ok(None);
    }
    let sql =
        "INSERT INTO limit_status (utility, limit_id, target, at, body) VALUES (?, ?, ?, ?, ?) RETURNING sequence";
    let row = sqlx::query(sql)
        .bind(&change.utility)
        .bind(change.limit.as_str())
        .bind(change.target.to_string())
        .bind(text(change.at))
        .bind(json(&change.status)?)
        .fetch_one(connection)
        .await?;
    let StatusChange { limit, target, at, status, .. } = change.clone();
    Ok(Some(StatusEvent { sequence: row.get("sequence"), limit, target, at, status }))
}

fn read(row: &SqliteRow) -> Result<StatusEvent, StoreError> {
    Ok(StatusEvent {
        sequence: row.get("sequence"),
        limit: LimitId::new(row.get::<String, _>("limit_id")),
        target: Target::from(row.get::<String, _>("target")),
        at: time(row.get("at")),
        status: parse("status", row.get("body"))?,
    })
}
