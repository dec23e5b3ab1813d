//! Limits of utilities: on disk before they are answered.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use headroom_domain::LimitId;
use headroom_domain::limit::{GridLimit, LimitState, LimitStatus, Target};
use headroom_grid_api::LimitQuery;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite};

use super::record::{Change, Conflict, Recorded, answered_before, remember};
use super::status::{StatusChange, append_status};
use super::{push_any, push_targets, word};
use crate::store::queue::{Apart, record_together};
use crate::store::{Store, StoreError, json, parse, text};

/// What became of a request to record or withdraw a limit.
pub type Accepted = Recorded<GridLimit>;

/// Which limits of a utility are asked for.
#[derive(Debug, Clone, Copy)]
pub struct LimitFilter<'a> {
    /// What the caller asks for.
    pub query: &'a LimitQuery,
    /// Only limits of these places, as far as the caller may see; absent: of all.
    pub scope: Option<&'a BTreeSet<Target>>,
    /// Only limits that are in one of these states by the last status told; empty: in any.
    pub states: &'a [LimitState],
}

/// A limit and the change by which it is submitted.
pub(in crate::store) type LimitSubmission = (Change, GridLimit);

impl Apart for LimitSubmission {
    type Answer = Accepted;

    async fn record(&self, connection: &mut SqliteConnection) -> Result<Accepted, StoreError> {
        let (change, limit) = self;
        accept(connection, change, limit).await
    }
}

pub(in crate::store) const LATEST_REVISION: &str =
    "SELECT MAX(revision) AS latest FROM grid_limit WHERE utility = ? AND target = ? AND programme = ?";

impl Store {
    /// Records a limit once; it is on disk when this returns. Those that arrive together share a commit.
    pub async fn accept_limit(&self, change: Change, limit: GridLimit) -> Result<Accepted, StoreError> {
        self.queues.limits.record((change, limit)).await
    }

    /// Records many limits in one commit, each with a fate of its own; answers are in the order of the submissions.
    pub async fn accept_limits(&self, submissions: &[(Change, GridLimit)]) -> Vec<Result<Accepted, StoreError>> {
        record_together(&self.durable, submissions).await
    }

    /// Withdraws a limit once; on disk when this returns `New`. One that is withdrawn already stays as it is.
    pub async fn cancel_limit(&self, change: &Change, id: &LimitId) -> Result<Accepted, StoreError> {
        let mut transaction = self.begin_change().await?;
        if let Some(answered) = answered_before(&mut transaction, change).await? {
            return Ok(answered);
        }
        let row = sqlx::query("SELECT body, settled, state, ends_at FROM grid_limit WHERE id = ? AND utility = ?")
            .bind(id.as_str())
            .bind(&change.utility)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(Recorded::Refused(Conflict::Unknown)) };
        let mut limit = read(&row)?;
        if limit.cancelled_at.is_none() {
            limit.cancelled_at = Some(change.at);
            withdraw(&mut transaction, &limit, change.at).await?;
            // A limit that was replaced could still have shown through again.
            let could_return = row.get::<&str, _>("state") == word(&LimitState::Superseded)?
                && row.get::<&str, _>("ends_at") > text(change.at).as_str();
            if could_return || !row.get::<bool, _>("settled") {
                append_status(&mut transaction, &told(change, &limit, LimitState::Cancelled)).await?;
            }
        }
        remember(&mut transaction, change, &limit).await?;
        transaction.commit().await?;
        Ok(Recorded::New(limit))
    }

    /// Returns the highest revision of a utility's limits for a target and programme, of any kind, withdrawn or not.
    pub async fn latest_revision(
        &self,
        utility: &str,
        target: &Target,
        programme: &str,
    ) -> Result<Option<i64>, StoreError> {
        let mut connection = self.reads.acquire().await?;
        latest_revision(&mut connection, utility, target, programme).await
    }

    /// Returns a limit.
    pub async fn limit(&self, id: &LimitId) -> Result<Option<GridLimit>, StoreError> {
        let row = sqlx::query("SELECT body FROM grid_limit WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Returns all limits of a place, in the order in which they were accepted.
    pub async fn limits(&self, target: &Target) -> Result<Vec<GridLimit>, StoreError> {
        let sql = "SELECT body FROM grid_limit WHERE target = ? ORDER BY seq";
        read_all(&sqlx::query(sql).bind(target.to_string()).fetch_all(&self.reads).await?)
    }

    /// Returns the limits of some places that are not withdrawn and end after a time, in the order in which they were
    /// accepted: all that can have a say from then on, or until another time.
    pub async fn standing_limits(
        &self,
        targets: &[Target],
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Vec<GridLimit>, StoreError> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let mut limits = read_all(&standing(targets, from, until).build().fetch_all(&self.reads).await?)?;
        // Columns tell milliseconds, bodies all.
        limits.retain(|limit| limit.intervals.iter().any(|item| item.interval.end > from));
        Ok(limits)
    }

    /// Returns the limits, of all utilities, whose last status is not the last that they can have, in the order in which
    /// they were accepted.
    pub async fn unsettled_limits(&self) -> Result<Vec<GridLimit>, StoreError> {
        let sql = "SELECT body FROM grid_limit WHERE settled = 0 ORDER BY seq";
        read_all(&sqlx::query(sql).fetch_all(&self.reads).await?)
    }

    /// Returns at most `size` limits of a utility after one of them, in the order in which they were accepted; nothing
    /// when the utility has no such limit to go on after.
    pub async fn limits_page(
        &self,
        utility: &str,
        filter: LimitFilter<'_>,
        after: Option<&LimitId>,
        size: usize,
    ) -> Result<Option<Vec<GridLimit>>, StoreError> {
        let mut after = match after {
            Some(id) => match self.place_of(utility, id).await? {
                Some(seq) => seq,
                None => return Ok(None),
            },
            None => 0,
        };
        let mut limits = Vec::new();
        while limits.len() < size {
            let rows = page(utility, filter, after, size)?.build().fetch_all(&self.reads).await?;
            for row in &rows {
                after = row.get("seq");
                limits.extend(Some(read(row)?).filter(|limit| filter.query.matches(limit)));
            }
            if rows.len() < size {
                break;
            }
        }
        limits.truncate(size);
        Ok(Some(limits))
    }

    async fn place_of(&self, utility: &str, id: &LimitId) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query("SELECT seq FROM grid_limit WHERE id = ? AND utility = ?")
            .bind(id.as_str())
            .bind(utility)
            .fetch_optional(&self.reads)
            .await?;
        Ok(row.map(|row| row.get("seq")))
    }

    /// Forgets limits that ended before a time, with their statuses; returns how many limits there were.
    ///
    /// The highest revision of a utility, target and programme stays, because revisions must rise for ever.
    pub async fn forget_limits_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let sql = "DELETE FROM grid_limit WHERE ends_at < ? AND EXISTS (SELECT 1 FROM grid_limit AS later \
                   WHERE later.utility = grid_limit.utility AND later.target = grid_limit.target \
                   AND later.programme = grid_limit.programme AND later.revision > grid_limit.revision)";
        let forgotten = sqlx::query(sql).bind(text(before)).execute(&mut *transaction).await?.rows_affected();
        sqlx::query("DELETE FROM limit_status WHERE at < ? AND limit_id NOT IN (SELECT id FROM grid_limit)")
            .bind(text(before))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

async fn accept(connection: &mut SqliteConnection, change: &Change, limit: &GridLimit) -> Result<Accepted, StoreError> {
    if let Some(answered) = answered_before(connection, change).await? {
        return Ok(answered);
    }
    let latest = latest_revision(connection, &limit.utility, &limit.target, &limit.programme).await?;
    if let Some(latest) = latest.filter(|latest| *latest >= limit.revision) {
        return Ok(Recorded::Refused(Conflict::StaleRevision { latest }));
    }
    insert(connection, limit).await?;
    append_status(connection, &told(change, limit, LimitState::Accepted)).await?;
    remember(connection, change, limit).await?;
    Ok(Recorded::New(limit.clone()))
}

fn told(change: &Change, limit: &GridLimit, state: LimitState) -> StatusChange {
    StatusChange {
        utility: limit.utility.clone(),
        limit: limit.id.clone(),
        target: limit.target.clone(),
        at: change.at,
        status: LimitStatus::of(state),
    }
}

async fn insert(connection: &mut SqliteConnection, limit: &GridLimit) -> Result<(), StoreError> {
    let starts_at = limit.intervals.first().map_or(limit.accepted_at, |item| item.interval.start);
    let ends_at = limit.intervals.last().map_or(limit.accepted_at, |item| item.interval.end);
    sqlx::query(
        "INSERT INTO grid_limit (id, utility, target, programme, revision, kind, accepted_at, starts_at, ends_at, state, \
         settled, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
    )
    .bind(limit.id.as_str())
    .bind(&limit.utility)
    .bind(limit.target.to_string())
    .bind(&limit.programme)
    .bind(limit.revision)
    .bind(word(&limit.kind)?)
    .bind(text(limit.accepted_at))
    .bind(text(starts_at))
    .bind(text(ends_at))
    .bind(word(&LimitState::Accepted)?)
    .bind(json(limit)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn withdraw(connection: &mut SqliteConnection, limit: &GridLimit, at: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE grid_limit SET body = ?, cancelled_at = ? WHERE id = ?")
        .bind(json(limit)?)
        .bind(text(at))
        .bind(limit.id.as_str())
        .execute(&mut *connection)
        .await?;
    // What it had replaced shows through again.
    let sql = "UPDATE grid_limit SET settled = 0 WHERE utility = ? AND target = ? AND programme = ? AND state = ? \
               AND ends_at > ?";
    sqlx::query(sql)
        .bind(&limit.utility)
        .bind(limit.target.to_string())
        .bind(&limit.programme)
        .bind(word(&LimitState::Superseded)?)
        .bind(text(at))
        .execute(connection)
        .await?;
    Ok(())
}

async fn latest_revision(
    connection: &mut SqliteConnection,
    utility: &str,
    target: &Target,
    programme: &str,
) -> Result<Option<i64>, StoreError> {
    let query = sqlx::query(LATEST_REVISION).bind(utility).bind(target.to_string()).bind(programme);
    Ok(query.fetch_one(connection).await?.get("latest"))
}

pub(in crate::store) fn standing(
    targets: &[Target],
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT body FROM grid_limit WHERE cancelled_at IS NULL AND ends_at >= ");
    query.push_bind(text(from));
    if let Some(until) = until {
        query.push(" AND starts_at <= ").push_bind(text(until));
    }
    push_targets(&mut query, targets);
    query.push(" ORDER BY seq");
    query
}

/// Asks for a page of what may match; the rest is decided by the bodies.
pub(in crate::store) fn page(
    utility: &str,
    filter: LimitFilter<'_>,
    after: i64,
    size: usize,
) -> Result<QueryBuilder<Sqlite>, StoreError> {
    let mut query = QueryBuilder::new("SELECT seq, body FROM grid_limit WHERE utility = ");
    query.push_bind(utility.to_owned()).push(" AND seq > ").push_bind(after);
    if !filter.query.include_cancelled {
        query.push(" AND cancelled_at IS NULL");
    }
    if let Some(target) = &filter.query.target {
        query.push(" AND target = ").push_bind(target.to_string());
    }
    if let Some(window) = filter.query.overlaps {
        query.push(" AND starts_at <= ").push_bind(text(window.end));
        query.push(" AND ends_at >= ").push_bind(text(window.start));
    }
    if let Some(scope) = filter.scope {
        push_any(&mut query, "target", scope.iter().map(ToString::to_string));
    }
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(word).collect::<Result<Vec<_>, _>>()?;
        push_any(&mut query, "state", states.into_iter());
    }
    query.push(" ORDER BY seq LIMIT ").push_bind(i64::try_from(size).unwrap_or(i64::MAX));
    Ok(query)
}

fn read(row: &SqliteRow) -> Result<GridLimit, StoreError> {
    parse("limit", row.get("body"))
}

fn read_all(rows: &[SqliteRow]) -> Result<Vec<GridLimit>, StoreError> {
    rows.iter().map(read).collect()
}
