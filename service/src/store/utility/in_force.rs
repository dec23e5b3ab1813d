//! Which limit held when, as it was known at the time: what was obeyed is judged by that.

use chrono::{DateTime, Utc};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::{Interval, NodeId, Power};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::store::{Store, StoreError, json, parse, text, time};

/// The bounds of an effective limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Bounds {
    maximum_import_w: Option<(Power, Basis)>,
    maximum_export_w: Option<(Power, Basis)>,
}

impl Bounds {
    /// Takes the bounds of an interval; nothing when it has none.
    fn of(effective: &EffectiveInterval) -> Option<Self> {
        let EffectiveInterval { maximum_import_w, maximum_export_w, .. } = effective.clone();
        let limited = maximum_import_w.is_some() || maximum_export_w.is_some();
        limited.then_some(Self { maximum_import_w, maximum_export_w })
    }
}

/// The stretch that has not ended.
struct Open {
    start: DateTime<Utc>,
    bounds: Bounds,
}

impl Store {
    /// Notes what limits a connection point from a time on, until the next note; absent, or without bounds: nothing does.
    ///
    /// Nothing happens when that is known, or when something later is known. Only the bounds are kept, not the interval's
    /// own time. **Returns** whether it is a change.
    pub async fn note_in_force(
        &self,
        node: &NodeId,
        at: DateTime<Utc>,
        effective: Option<&EffectiveInterval>,
    ) -> Result<bool, StoreError> {
        let at = text(at);
        let bounds = effective.and_then(Bounds::of);
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let open = open(&mut transaction, node).await?;
        let unchanged = open.as_ref().map(|open| &open.bounds) == bounds.as_ref();
        if unchanged || last_edge(&mut transaction, node).await?.is_some_and(|edge| edge > at) {
            return Ok(false);
        }
        if let Some(open) = open {
            close(&mut transaction, node, &text(open.start), &at).await?;
        }
        if let Some(bounds) = bounds {
            sqlx::query("INSERT INTO limit_in_force (node, start, body) VALUES (?, ?, ?)")
                .bind(node.as_str())
                .bind(at)
                .bind(json(&bounds)?)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Returns what limited a connection point within a window, in order and cut to it; where nothing did there is a gap.
    /// What has not ended holds to the end of the window.
    pub async fn in_force_between(
        &self,
        node: &NodeId,
        window: Interval,
    ) -> Result<Vec<EffectiveInterval>, StoreError> {
        // Stretches are disjoint, so that of those that began before the window only the last can reach into it.
        let sql = "SELECT * FROM limit_in_force WHERE node = ? AND start < ? AND start >= COALESCE(\
                   (SELECT MAX(start) FROM limit_in_force WHERE node = ? AND start <= ?), '') ORDER BY start";
        let rows = sqlx::query(sql)
            .bind(node.as_str())
            .bind(text(window.end))
            .bind(node.as_str())
            .bind(text(window.start))
            .fetch_all(&self.reads)
            .await?;
        rows.iter().filter_map(|row| read(row, window).transpose()).collect()
    }

    /// Forgets what ended before a time; returns how many stretches there were.
    pub async fn forget_in_force_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM limit_in_force WHERE end < ?";
        Ok(sqlx::query(sql).bind(text(before)).execute(&self.quick).await?.rows_affected())
    }
}

async fn open(connection: &mut SqliteConnection, node: &NodeId) -> Result<Option<Open>, StoreError> {
    let sql = "SELECT start, body FROM limit_in_force WHERE node = ? AND end IS NULL ORDER BY start DESC LIMIT 1";
    let row = sqlx::query(sql).bind(node.as_str()).fetch_optional(connection).await?;
    row.map(|row| Ok(Open { start: time(row.get("start")), bounds: parse("bounds", row.get("body"))? })).transpose()
}

/// Returns the latest start or end that is known of a node.
async fn last_edge(connection: &mut SqliteConnection, node: &NodeId) -> Result<Option<String>, StoreError> {
    let sql = "SELECT COALESCE(end, start) AS edge FROM limit_in_force WHERE node = ? ORDER BY start DESC LIMIT 1";
    let row = sqlx::query(sql).bind(node.as_str()).fetch_optional(connection).await?;
    Ok(row.map(|row| row.get("edge")))
}

/// Ends a stretch; one that would not hold an instant goes.
async fn close(connection: &mut SqliteConnection, node: &NodeId, start: &str, end: &str) -> Result<(), StoreError> {
    let sql = if start < end {
        "UPDATE limit_in_force SET end = ? WHERE node = ? AND start = ?"
    } else {
        "DELETE FROM limit_in_force WHERE end IS NULL AND ? = start AND node = ? AND start = ?"
    };
    sqlx::query(sql).bind(end).bind(node.as_str()).bind(start).execute(connection).await?;
    Ok(())
}

fn read(row: &SqliteRow, window: Interval) -> Result<Option<EffectiveInterval>, StoreError> {
    let end = row.get::<Option<&str>, _>("end").map_or(window.end, time);
    let known = Interval { start: time(row.get("start")), end };
    let Some(interval) = known.intersection(&window) else { return Ok(None) };
    let Bounds { maximum_import_w, maximum_export_w } = parse("bounds", row.get("body"))?;
    Ok(Some(EffectiveInterval { interval, maximum_import_w, maximum_export_w }))
}
