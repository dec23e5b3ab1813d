//! What connection points fall back to, how their links to utilities stand, and when utilities were last heard.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::NodeId;
use headroom_domain::limit::failsafe::{Link, SafeMode};
use headroom_grid_api::SafeModeState;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::record::{Change, Recorded, answered_before, remember};
use crate::store::{Store, StoreError, json, parse, text, time};

/// The link between a utility and a connection point, as it was known at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLink {
    /// Of which utility.
    pub utility: String,
    /// To which connection point.
    pub node: NodeId,
    /// As of when.
    pub at: DateTime<Utc>,
    /// How it stands.
    pub link: Link,
}

/// The last that was heard of a utility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtilitySeen {
    /// When.
    pub at: DateTime<Utc>,
    /// The number of its last heartbeat; absent: it has sent none, only calls.
    pub sequence: Option<i64>,
}

/// By utility and connection point: what to fall back to, absent where nothing any more, and when that was set.
type SafeModes = BTreeMap<(String, NodeId), (Option<SafeMode>, DateTime<Utc>)>;

impl Store {
    /// Records once what a connection point falls back to, and answers with `state`; on disk when this returns `New`.
    pub async fn set_safe_mode(
        &self,
        change: &Change,
        state: &SafeModeState,
    ) -> Result<Recorded<SafeModeState>, StoreError> {
        let mut transaction = self.begin_change().await?;
        if let Some(answered) = answered_before(&mut transaction, change).await? {
            return Ok(answered);
        }
        sqlx::query("INSERT OR REPLACE INTO safe_mode (utility, node, body, updated_at) VALUES (?, ?, ?, ?)")
            .bind(&change.utility)
            .bind(state.target.as_str())
            .bind(json(&state.safe_mode)?)
            .bind(text(change.at))
            .execute(&mut *transaction)
            .await?;
        remember(&mut transaction, change, state).await?;
        transaction.commit().await?;
        Ok(Recorded::New(state.clone()))
    }

    /// Returns what a connection point falls back to for a utility and when that was set; absent: it never was.
    pub async fn safe_mode(
        &self,
        utility: &str,
        node: &NodeId,
    ) -> Result<Option<(Option<SafeMode>, DateTime<Utc>)>, StoreError> {
        let row = sqlx::query("SELECT * FROM safe_mode WHERE utility = ? AND node = ?")
            .bind(utility)
            .bind(node.as_str())
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(read_safe_mode).transpose()
    }

    /// Returns what all connection points fall back to.
    pub async fn safe_modes(&self) -> Result<SafeModes, StoreError> {
        let rows = sqlx::query("SELECT * FROM safe_mode").fetch_all(&self.reads).await?;
        rows.iter().map(|row| Ok((key(row), read_safe_mode(row)?))).collect()
    }

    /// Keeps how links stand; what is known as of a later time stays. Returns how many were kept.
    pub async fn save_links(&self, links: &[KeptLink]) -> Result<u64, StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let mut kept = 0;
        for link in links {
            let sql = "INSERT INTO link (utility, node, at, body) VALUES (?, ?, ?, ?) ON CONFLICT (utility, node) \
                       DO UPDATE SET at = excluded.at, body = excluded.body WHERE excluded.at >= link.at";
            let done = sqlx::query(sql)
                .bind(&link.utility)
                .bind(link.node.as_str())
                .bind(text(link.at))
                .bind(json(&link.link)?)
                .execute(&mut *transaction)
                .await?;
            kept += done.rows_affected();
        }
        transaction.commit().await?;
        Ok(kept)
    }

    /// Returns the link between a utility and a connection point; absent: none was kept.
    pub async fn link(&self, utility: &str, node: &NodeId) -> Result<Option<KeptLink>, StoreError> {
        let row = sqlx::query("SELECT * FROM link WHERE utility = ? AND node = ?")
            .bind(utility)
            .bind(node.as_str())
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(read_link).transpose()
    }

    /// Returns how all links stand, by utility and connection point.
    pub async fn links(&self) -> Result<Vec<KeptLink>, StoreError> {
        let rows = sqlx::query("SELECT * FROM link ORDER BY utility, node").fetch_all(&self.reads).await?;
        rows.iter().map(read_link).collect()
    }

    /// Forgets links as of before a time; returns how many there were.
    pub async fn forget_links_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM link WHERE at < ?";
        Ok(sqlx::query(sql).bind(text(before)).execute(&self.quick).await?.rows_affected())
    }

    /// Notes that a utility was heard, by a heartbeat of this number or by a call; what was heard later stays.
    pub async fn note_heard(&self, utility: &str, at: DateTime<Utc>, sequence: Option<i64>) -> Result<(), StoreError> {
        let sql = "INSERT INTO utility_seen (utility, at, sequence) VALUES (?, ?, ?) ON CONFLICT (utility) DO UPDATE SET \
                   at = excluded.at, sequence = COALESCE(excluded.sequence, utility_seen.sequence) \
                   WHERE excluded.at >= utility_seen.at";
        sqlx::query(sql).bind(utility).bind(text(at)).bind(sequence).execute(&self.quick).await?;
        Ok(())
    }

    /// Returns what was last heard of a utility.
    pub async fn utility_seen(&self, utility: &str) -> Result<Option<UtilitySeen>, StoreError> {
        let sql = "SELECT * FROM utility_seen WHERE utility = ?";
        let row = sqlx::query(sql).bind(utility).fetch_optional(&self.reads).await?;
        Ok(row.as_ref().map(read_seen))
    }

    /// Returns what was last heard of each utility.
    pub async fn utilities_seen(&self) -> Result<BTreeMap<String, UtilitySeen>, StoreError> {
        let rows = sqlx::query("SELECT * FROM utility_seen").fetch_all(&self.reads).await?;
        Ok(rows.iter().map(|row| (row.get("utility"), read_seen(row))).collect())
    }
}

fn key(row: &SqliteRow) -> (String, NodeId) {
    (row.get("utility"), NodeId::new(row.get::<String, _>("node")))
}

fn read_safe_mode(row: &SqliteRow) -> Result<(Option<SafeMode>, DateTime<Utc>), StoreError> {
    Ok((parse("safe mode", row.get("body"))?, time(row.get("updated_at"))))
}

fn read_link(row: &SqliteRow) -> Result<KeptLink, StoreError> {
    let (utility, node) = key(row);
    Ok(KeptLink { utility, node, at: time(row.get("at")), link: parse("link", row.get("body"))? })
}

fn read_seen(row: &SqliteRow) -> UtilitySeen {
    UtilitySeen { at: time(row.get("at")), sequence: row.get("sequence") }
}
