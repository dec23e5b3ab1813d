//! Limits of utilities: on disk before they are answered.

use chrono::{DateTime, Utc};
use headroom_domain::limit::GridLimit;
use headroom_domain::{LimitId, NodeId};
use sqlx::{Row, Sqlite, Transaction};

use super::{AUDIT, Store, StoreError, json, parse, text};

/// A request to record or withdraw a limit, as it is told apart from others.
#[derive(Debug, Clone, Copy)]
pub struct LimitRequest<'a> {
    /// Who asks.
    pub utility: &'a str,
    /// The caller's id for the request.
    pub request_id: &'a str,
    /// A digest of everything else in the request.
    pub hash: &'a str,
}

/// What became of a request to record a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedLimit {
    /// It is on disk now.
    New(Box<GridLimit>),
    /// The same request was answered before; this is what was recorded then.
    Repeated(Box<GridLimit>),
    /// The request id was used before for another request.
    Reused,
    /// Its revision is not higher than one known for the utility, target and programme.
    Stale {
        /// The highest revision known.
        latest: i64,
    },
    /// There is no such limit to withdraw.
    NotFound,
}

impl Store {
    /// Records a limit once; it is on disk when this returns `New`.
    pub async fn accept_limit(
        &self,
        request: LimitRequest<'_>,
        limit: &GridLimit,
    ) -> Result<AcceptedLimit, StoreError> {
        let mut transaction = self.durable.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(answered) = answered(&mut transaction, request).await? {
            return Ok(answered);
        }
        if let Some(latest) = latest_revision(&mut transaction, limit).await?.filter(|latest| *latest >= limit.revision)
        {
            return Ok(AcceptedLimit::Stale { latest });
        }
        sqlx::query("INSERT INTO grid_limit (id, target, body) VALUES (?, ?, ?)")
            .bind(limit.id.as_str())
            .bind(limit.target.as_str())
            .bind(json(limit)?)
            .execute(&mut *transaction)
            .await?;
        record(&mut transaction, request, limit, limit.accepted_at, "limit accepted").await?;
        transaction.commit().await?;
        Ok(AcceptedLimit::New(Box::new(limit.clone())))
    }

    /// Withdraws a limit once; on disk when this returns `New`. One that is withdrawn already stays as it is.
    pub async fn cancel_limit(
        &self,
        request: LimitRequest<'_>,
        id: &LimitId,
        at: DateTime<Utc>,
    ) -> Result<AcceptedLimit, StoreError> {
        let mut transaction = self.durable.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(answered) = answered(&mut transaction, request).await? {
            return Ok(answered);
        }
        let row = sqlx::query("SELECT body FROM grid_limit WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(AcceptedLimit::NotFound) };
        let mut limit: GridLimit = parse("limit", row.get("body"))?;
        limit.cancelled_at.get_or_insert(at);
        sqlx::query("UPDATE grid_limit SET body = ? WHERE id = ?")
            .bind(json(&limit)?)
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        record(&mut transaction, request, &limit, at, "limit cancelled").await?;
        transaction.commit().await?;
        Ok(AcceptedLimit::New(Box::new(limit)))
    }

    /// Returns what was answered to a request before, or that its id was used for another.
    pub async fn answered(&self, request: LimitRequest<'_>) -> Result<Option<AcceptedLimit>, StoreError> {
        answered(&mut self.quick.begin().await?, request).await
    }

    /// Returns the highest revision of a utility's limits for a target and programme.
    pub async fn latest_revision(&self, limit: &GridLimit) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.quick.begin().await?;
        latest_revision(&mut transaction, limit).await
    }

    /// Returns a limit.
    pub async fn limit(&self, id: &LimitId) -> Result<Option<GridLimit>, StoreError> {
        let row = sqlx::query("SELECT body FROM grid_limit WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&self.quick)
            .await?;
        row.map(|row| parse("limit", row.get("body"))).transpose()
    }

    /// Returns all limits of a place, in the order they were accepted.
    pub async fn limits(&self, target: &NodeId) -> Result<Vec<GridLimit>, StoreError> {
        let sql = "SELECT body FROM grid_limit WHERE target = ? ORDER BY rowid";
        let rows = sqlx::query(sql).bind(target.as_str()).fetch_all(&self.quick).await?;
        rows.iter().map(|row| parse("limit", row.get("body"))).collect()
    }

    /// Returns all limits of a utility, in the order they were accepted.
    pub async fn limits_of(&self, utility: &str) -> Result<Vec<GridLimit>, StoreError> {
        let sql = "SELECT body FROM grid_limit WHERE json_extract(body, '$.utility') = ? ORDER BY rowid";
        let rows = sqlx::query(sql).bind(utility).fetch_all(&self.quick).await?;
        rows.iter().map(|row| parse("limit", row.get("body"))).collect()
    }
}

async fn answered(
    transaction: &mut Transaction<'_, Sqlite>,
    request: LimitRequest<'_>,
) -> Result<Option<AcceptedLimit>, StoreError> {
    let row = sqlx::query("SELECT hash, answer FROM limit_request WHERE utility = ? AND request_id = ?")
        .bind(request.utility)
        .bind(request.request_id)
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.get::<&str, _>("hash") != request.hash {
        return Ok(Some(AcceptedLimit::Reused));
    }
    Ok(Some(AcceptedLimit::Repeated(Box::new(parse("limit", row.get("answer"))?))))
}

async fn record(
    transaction: &mut Transaction<'_, Sqlite>,
    request: LimitRequest<'_>,
    limit: &GridLimit,
    at: DateTime<Utc>,
    action: &str,
) -> Result<(), StoreError> {
    let answer = json(limit)?;
    sqlx::query("INSERT INTO limit_request (utility, request_id, hash, answer, at) VALUES (?, ?, ?, ?, ?)")
        .bind(request.utility)
        .bind(request.request_id)
        .bind(request.hash)
        .bind(&answer)
        .bind(text(at))
        .execute(&mut **transaction)
        .await?;
    sqlx::query(AUDIT)
        .bind(text(at))
        .bind(request.utility)
        .bind(action)
        .bind(limit.id.as_str())
        .bind(&answer)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn latest_revision(
    transaction: &mut Transaction<'_, Sqlite>,
    limit: &GridLimit,
) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT MAX(json_extract(body, '$.revision')) AS latest FROM grid_limit \
               WHERE target = ? AND json_extract(body, '$.programme') = ? AND json_extract(body, '$.utility') = ?";
    let row = sqlx::query(sql)
        .bind(limit.target.as_str())
        .bind(&limit.programme)
        .bind(&limit.utility)
        .fetch_one(&mut **transaction)
        .await?;
    Ok(row.get("latest"))
}
