//! Partners, the state of their registration, how far their pulls are and when they were last heard.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use headroom_ocpi_adapter::PageCursor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{Kind, Store, StoreError, json, parse, text, time};

/// How far the pulls of a partner's module are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PullProgress {
    /// When the last pull that ended well began: everything before it is here.
    pub good_until: Option<DateTime<Utc>>,
    /// When the last full pull that ended well began.
    pub full_at: Option<DateTime<Utc>>,
    /// When the last pull ended well.
    pub done_at: Option<DateTime<Utc>>,
    /// The pull that was begun and is not at its end.
    pub under_way: Option<PullUnderWay>,
    /// Tries in a row that failed.
    pub failures: u32,
    /// When the last try failed.
    pub failed_at: Option<DateTime<Utc>>,
    /// Until when the partner wants to be left alone.
    pub not_before: Option<DateTime<Utc>>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// A pull that is not at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullUnderWay {
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// Asked for are objects changed at or after this; all when absent.
    pub since: Option<DateTime<Utc>>,
    /// Whether what it does not tell of is no longer there.
    pub full: bool,
    /// Where the next page begins.
    pub cursor: PageCursor,
    /// Objects so far, unreadable ones too.
    pub objects: u64,
}

impl Store {
    /// Returns all partners.
    pub async fn partners<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let rows = sqlx::query("SELECT body FROM partner ORDER BY id").fetch_all(&self.reads).await?;
        rows.iter().map(|row| parse("partner", row.get("body"))).collect()
    }

    /// Keeps a partner; on disk when this returns.
    pub async fn save_partner<T: Serialize>(&self, id: &str, partner: &T) -> Result<(), StoreError> {
        let sql = "INSERT INTO partner (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
        sqlx::query(sql).bind(id).bind(json(partner)?).execute(&self.durable).await?;
        Ok(())
    }

    /// Returns how far the pulls of a partner's module are.
    pub async fn pull_progress(&self, partner: &PartnerId, kind: Kind) -> Result<PullProgress, StoreError> {
        let sql = "SELECT body FROM pull WHERE partner = ? AND module = ?";
        let row = sqlx::query(sql).bind(partner.as_str()).bind(kind.module()).fetch_optional(&self.reads).await?;
        row.map_or_else(|| Ok(PullProgress::default()), |row| parse("pull", row.get("body")))
    }

    /// Keeps how far the pulls of a partner's module are.
    pub async fn save_pull_progress(
        &self,
        partner: &PartnerId,
        kind: Kind,
        progress: &PullProgress,
    ) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO pull (partner, module, body) VALUES (?, ?, ?)";
        let body = json(progress)?;
        sqlx::query(sql).bind(partner.as_str()).bind(kind.module()).bind(body).execute(&self.quick).await?;
        Ok(())
    }

    /// Forgets how far the pulls of a partner are: a new link begins anew.
    pub async fn forget_pulls(&self, partner: &PartnerId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM pull WHERE partner = ?").bind(partner.as_str()).execute(&self.quick).await?;
        Ok(())
    }

    /// Notes that a partner called or answered.
    pub async fn partner_seen(&self, partner: &PartnerId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO partner_seen (partner, at) VALUES (?, ?)";
        sqlx::query(sql).bind(partner.as_str()).bind(text(at)).execute(&self.quick).await?;
        Ok(())
    }

    /// Returns when each partner last called or answered.
    pub async fn partners_seen(&self) -> Result<BTreeMap<PartnerId, DateTime<Utc>>, StoreError> {
        let rows = sqlx::query("SELECT partner, at FROM partner_seen").fetch_all(&self.reads).await?;
        Ok(rows.iter().map(|row| (PartnerId::new(row.get::<String, _>("partner")), time(row.get("at")))).collect())
    }

    /// Counts the profile requests of each partner whose fate is open.
    pub async fn open_requests(&self) -> Result<BTreeMap<PartnerId, u64>, StoreError> {
        let sql = "SELECT object.partner, COUNT(*) AS open_requests FROM profile_request \
                   JOIN object ON object.kind = 'session' AND object.name = profile_request.session \
                   WHERE profile_request.state IN ('created', 'waiting') GROUP BY object.partner";
        let rows = sqlx::query(sql).fetch_all(&self.reads).await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            (PartnerId::new(row.get::<String, _>("partner")), row.get::<i64, _>("open_requests").unsigned_abs())
        };
        Ok(rows.iter().map(read).collect())
    }
}
