//! What plans foretold that connection points would draw without the limit.

use chrono::{DateTime, Utc};
use headroom_domain::{Interval, NodeId, Power};
use sqlx::Row;

use super::interval;
use crate::store::{Store, StoreError, text};

impl Store {
    /// Keeps what a connection point would draw; what begins when a known one does replaces it. **Units**: W.
    pub async fn save_baseline(&self, node: &NodeId, baseline: &[(Interval, Power)]) -> Result<(), StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        for (interval, power) in baseline {
            sqlx::query("INSERT OR REPLACE INTO baseline (node, start, end, power_w) VALUES (?, ?, ?, ?)")
                .bind(node.as_str())
                .bind(text(interval.start))
                .bind(text(interval.end))
                .bind(power.as_w())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Returns what a connection point would have drawn, each whole interval that overlaps a window, oldest first.
    pub async fn baselines_between(
        &self,
        node: &NodeId,
        window: Interval,
    ) -> Result<Vec<(Interval, Power)>, StoreError> {
        // Of those that began before the window only the last can reach into it: they are steps of one grid.
        let sql = "SELECT * FROM baseline WHERE node = ? AND start < ? AND end > ? AND start >= COALESCE(\
                   (SELECT MAX(start) FROM baseline WHERE node = ? AND start <= ?), '') ORDER BY start";
        let rows = sqlx::query(sql)
            .bind(node.as_str())
            .bind(text(window.end))
            .bind(text(window.start))
            .bind(node.as_str())
            .bind(text(window.start))
            .fetch_all(&self.reads)
            .await?;
        Ok(rows.iter().map(|row| (interval(row), Power::try_new(row.get("power_w")).unwrap_or_default())).collect())
    }

    /// Forgets what ended before a time; returns how many intervals there were.
    pub async fn forget_baselines_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM baseline WHERE end < ?";
        Ok(sqlx::query(sql).bind(text(before)).execute(&self.quick).await?.rows_affected())
    }
}
