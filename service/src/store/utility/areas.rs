//! Areas: the connection points that share a limit, as utilities draw them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::{AreaId, NodeId};
use headroom_grid_api::GridArea;
use headroom_grid_api::audit::hex;
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::push_any;
use super::record::{Change, Conflict, Recorded, answered_before, remember};
use crate::store::{Store, StoreError, text, time};

/// An area as its utility draws it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaDraft {
    /// Its name, unique over all utilities.
    pub id: AreaId,
    /// For people.
    pub display_name: String,
    /// Its connection points, in any order.
    pub members: Vec<NodeId>,
}

impl Store {
    /// Makes or replaces an area once; on disk when this returns `New`.
    ///
    /// `etag` is that of the area as the caller knows it; empty: it is made, or replaced whatever it is. **Refusals**:
    /// `EtagMismatch`; `Taken` when the name is another utility's.
    pub async fn put_area(
        &self,
        change: &Change,
        draft: AreaDraft,
        etag: &str,
    ) -> Result<Recorded<GridArea>, StoreError> {
        let mut transaction = self.begin_change().await?;
        if let Some(answered) = answered_before(&mut transaction, change).await? {
            return Ok(answered);
        }
        let (owner, known) = owner_and_etag(&mut transaction, &draft.id).await?.unzip();
        if owner.is_some_and(|owner| owner != change.utility) {
            return Ok(Recorded::Refused(Conflict::Taken));
        }
        let known = known.unwrap_or_default();
        if !etag.is_empty() && etag != known {
            return Ok(Recorded::Refused(Conflict::EtagMismatch { etag: known }));
        }
        let area = drawn(change, draft, &known);
        write(&mut transaction, &area).await?;
        remember(&mut transaction, change, &area).await?;
        transaction.commit().await?;
        Ok(Recorded::New(area))
    }

    /// Returns an area, whoever drew it.
    pub async fn area(&self, id: &AreaId) -> Result<Option<GridArea>, StoreError> {
        let rows = sqlx::query("SELECT * FROM grid_area WHERE id = ?").bind(id.as_str()).fetch_all(&self.reads).await?;
        Ok(self.with_members(&rows).await?.pop())
    }

    /// Returns all areas, by id.
    pub async fn areas(&self) -> Result<Vec<GridArea>, StoreError> {
        let rows = sqlx::query("SELECT * FROM grid_area ORDER BY id").fetch_all(&self.reads).await?;
        self.with_members(&rows).await
    }

    /// Returns at most `size` areas of a utility after an id, by id.
    pub async fn areas_page(
        &self,
        utility: &str,
        after: Option<&AreaId>,
        size: usize,
    ) -> Result<Vec<GridArea>, StoreError> {
        let sql = "SELECT * FROM grid_area WHERE utility = ? AND id > ? ORDER BY id LIMIT ?";
        let rows = sqlx::query(sql)
            .bind(utility)
            .bind(after.map(AreaId::as_str).unwrap_or_default())
            .bind(i64::try_from(size).unwrap_or(i64::MAX))
            .fetch_all(&self.reads)
            .await?;
        self.with_members(&rows).await
    }

    /// Returns the areas that a connection point is in, of all utilities, by id.
    pub async fn areas_of_member(&self, node: &NodeId) -> Result<Vec<GridArea>, StoreError> {
        let sql = "SELECT grid_area.* FROM grid_area JOIN grid_area_member ON area = id WHERE node = ? ORDER BY id";
        let rows = sqlx::query(sql).bind(node.as_str()).fetch_all(&self.reads).await?;
        self.with_members(&rows).await
    }

    async fn with_members(&self, rows: &[SqliteRow]) -> Result<Vec<GridArea>, StoreError> {
        let mut query = QueryBuilder::new("SELECT area, node FROM grid_area_member WHERE TRUE");
        push_any(&mut query, "area", rows.iter().map(|row| row.get("id")));
        query.push(" ORDER BY area, node");
        let mut members: BTreeMap<String, Vec<NodeId>> = BTreeMap::new();
        for row in query.build().fetch_all(&self.reads).await? {
            members.entry(row.get("area")).or_default().push(NodeId::new(row.get::<String, _>("node")));
        }
        Ok(rows.iter().map(|row| read(row, members.remove(row.get::<&str, _>("id")).unwrap_or_default())).collect())
    }
}

async fn owner_and_etag(
    connection: &mut SqliteConnection,
    id: &AreaId,
) -> Result<Option<(String, String)>, StoreError> {
    let sql = "SELECT utility, etag FROM grid_area WHERE id = ?";
    let row = sqlx::query(sql).bind(id.as_str()).fetch_optional(connection).await?;
    Ok(row.map(|row| (row.get("utility"), row.get("etag"))))
}

fn drawn(change: &Change, draft: AreaDraft, etag_before: &str) -> GridArea {
    let AreaDraft { id, display_name, mut members } = draft;
    members.sort();
    members.dedup();
    let etag = next_etag(etag_before, &change.request_id, change.at);
    GridArea { id, utility: change.utility.clone(), display_name, members, etag, updated_at: to_millis(change.at) }
}

fn read(row: &SqliteRow, members: Vec<NodeId>) -> GridArea {
    GridArea {
        id: AreaId::new(row.get::<String, _>("id")),
        utility: row.get("utility"),
        display_name: row.get("display_name"),
        members,
        etag: row.get("etag"),
        updated_at: time(row.get("updated_at")),
    }
}

/// Makes an etag that no earlier one of the resource equals: each follows from the one before it.
fn next_etag(before: &str, request_id: &str, at: DateTime<Utc>) -> String {
    hex(&Sha256::digest(format!("{before}\n{request_id}\n{}", text(at)).as_bytes())[..8])
}

/// Returns a time as it is read again.
fn to_millis(at: DateTime<Utc>) -> DateTime<Utc> {
    time(&text(at))
}

async fn write(connection: &mut SqliteConnection, area: &GridArea) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO grid_area (id, utility, display_name, etag, updated_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(area.id.as_str())
    .bind(&area.utility)
    .bind(&area.display_name)
    .bind(&area.etag)
    .bind(text(area.updated_at))
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM grid_area_member WHERE area = ?").bind(area.id.as_str()).execute(&mut *connection).await?;
    for node in &area.members {
        sqlx::query("INSERT INTO grid_area_member (area, node) VALUES (?, ?)")
            .bind(area.id.as_str())
            .bind(node.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
