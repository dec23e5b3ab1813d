//! Objects that partners own: locations, tariffs, sessions, charge detail records, drivers' tokens.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::{PartnerId, PartyId};
use headroom_ocpi_adapter::Warning;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::warnings::{Mistakes, Of};
use super::{Store, StoreError, json, parse, text, time, warnings};
use crate::findings::{example_id, object_id};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A location with its EVSEs.
    Location,
    /// A tariff.
    Tariff,
    /// A session.
    Session,
    /// A charge detail record.
    Cdr,
    /// A driver's token.
    Token,
}

impl Kind {
    /// All kinds, in the order in which they refer to each other.
    pub const ALL: [Self; 5] = [Self::Location, Self::Tariff, Self::Session, Self::Cdr, Self::Token];

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Tariff => "tariff",
            Self::Session => "session",
            Self::Cdr => "cdr",
            Self::Token => "token",
        }
    }

    /// Returns the OCPI module that it belongs to.
    pub fn module(self) -> &'static str {
        match self {
            Self::Location => "locations",
            Self::Tariff => "tariffs",
            Self::Session => "sessions",
            Self::Cdr => "cdrs",
            Self::Token => "tokens",
        }
    }
}

/// What names an object: ids are unique only within their owner.
#[derive(Debug, Clone, Copy)]
pub struct ObjectKey<'a> {
    /// Who told us.
    pub partner: &'a PartnerId,
    /// What it is.
    pub kind: Kind,
    /// Who owns it.
    pub party: &'a PartyId,
    /// Its id, compared without case; of a token, with what kind of token it is.
    pub id: &'a str,
}

/// What became of an object that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It was not known.
    Created,
    /// It replaced an older one.
    Updated,
    /// A newer one is there; nothing was changed.
    Stale,
}

/// An object to keep.
#[derive(Debug)]
pub struct Content<'a, T> {
    /// When its owner last changed it.
    pub last_updated: DateTime<Utc>,
    /// Whether it is still of interest: false for a session that is over, a record of one, and a token that is not valid.
    pub open: bool,
    /// What we understood.
    pub value: &'a T,
    /// What was sent.
    pub raw: &'a Value,
    /// What had to be forgiven.
    pub warnings: &'a [Warning],
    /// When it came.
    pub received_at: DateTime<Utc>,
}

impl Store {
    /// Keeps an object unless a newer one is there, and counts in any case what is wrong with it that was not wrong with
    /// the one that is there.
    pub async fn save_object<T: serde::Serialize>(
        &self,
        key: ObjectKey<'_>,
        content: Content<'_, T>,
    ) -> Result<Saved, StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let (known, before) = kept(&mut transaction, key).await?.unzip();
        let module = key.kind.module();
        let of = Of { partner: key.partner, module, id: example_id(module, content.raw) };
        let before = before.unwrap_or_default();
        warnings::count(&mut transaction, &of, content.warnings, &before, content.received_at).await?;
        if known.is_some_and(|known| known > content.last_updated) {
            mark_seen(&mut transaction, key, content.received_at).await?;
            transaction.commit().await?;
            return Ok(Saved::Stale);
        }
        let sql = "INSERT INTO object (partner, kind, party, id, name, last_updated, open, value, raw, warnings, seen_at) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (partner, kind, party, id) DO UPDATE SET \
                   last_updated = excluded.last_updated, open = excluded.open, value = excluded.value, \
                   raw = excluded.raw, warnings = excluded.warnings, seen_at = excluded.seen_at";
        sqlx::query(sql)
            .bind(key.partner.as_str())
            .bind(key.kind.as_str())
            .bind(key.party.to_string())
            .bind(key.id)
            .bind(format!("{}/{}/{}", key.partner, key.party, key.id))
            .bind(text(content.last_updated))
            .bind(content.open)
            .bind(json(content.value)?)
            .bind(content.raw.to_string())
            .bind(json(&content.warnings)?)
            .bind(text(content.received_at))
            .execute(&mut *transaction)
            .await?;
        // It can be read now.
        sqlx::query("DELETE FROM rejected WHERE partner = ? AND module = ? AND id = ?")
            .bind(key.partner.as_str())
            .bind(module)
            .bind(object_id(content.raw).unwrap_or_default())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(if known.is_some() { Saved::Updated } else { Saved::Created })
    }

    /// Returns an object as it was sent.
    pub async fn raw_object(&self, key: ObjectKey<'_>) -> Result<Option<Value>, StoreError> {
        let row = sqlx::query("SELECT raw FROM object WHERE partner = ? AND kind = ? AND party = ? AND id = ?")
            .bind(key.partner.as_str())
            .bind(key.kind.as_str())
            .bind(key.party.to_string())
            .bind(key.id)
            .fetch_optional(&self.reads)
            .await?;
        row.map(|row| parse("object", row.get("raw"))).transpose()
    }

    /// Returns what we understood of an object.
    pub async fn object<T: serde::de::DeserializeOwned>(&self, key: ObjectKey<'_>) -> Result<Option<T>, StoreError> {
        let row = sqlx::query("SELECT value FROM object WHERE partner = ? AND kind = ? AND party = ? AND id = ?")
            .bind(key.partner.as_str())
            .bind(key.kind.as_str())
            .bind(key.party.to_string())
            .bind(key.id)
            .fetch_optional(&self.reads)
            .await?;
        row.map(|row| parse("object", row.get("value"))).transpose()
    }

    /// Forgets an object; tells whether it was there.
    pub async fn delete_object(&self, key: ObjectKey<'_>) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM object WHERE partner = ? AND kind = ? AND party = ? AND id = ?")
            .bind(key.partner.as_str())
            .bind(key.kind.as_str())
            .bind(key.party.to_string())
            .bind(key.id)
            .execute(&self.quick)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends what a full pull that began at `since` did not tell of any more; returns how many there were.
    ///
    /// Only objects last updated at or after `from` were asked for. An object that comes back is open again.
    pub async fn close_unseen(
        &self,
        partner: &PartnerId,
        kind: Kind,
        since: DateTime<Utc>,
        from: Option<DateTime<Utc>>,
    ) -> Result<u64, StoreError> {
        let sql = "UPDATE object SET open = 0, \
                   value = CASE kind WHEN 'session' THEN json_set(value, '$.status', 'invalid') ELSE value END \
                   WHERE partner = ? AND kind = ? AND open \
                   AND (seen_at IS NULL OR seen_at < ?) AND last_updated >= ?";
        let done = sqlx::query(sql)
            .bind(partner.as_str())
            .bind(kind.as_str())
            .bind(text(since))
            .bind(from.map(text).unwrap_or_default())
            .execute(&self.quick)
            .await?;
        Ok(done.rows_affected())
    }

    /// Returns when the open object of a partner that was changed least recently was changed.
    pub async fn oldest_open(&self, partner: &PartnerId, kind: Kind) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT MIN(last_updated) AS oldest FROM object WHERE partner = ? AND kind = ? AND open";
        let row = sqlx::query(sql).bind(partner.as_str()).bind(kind.as_str()).fetch_one(&self.reads).await?;
        Ok(row.get::<Option<String>, _>("oldest").map(|oldest| time(&oldest)))
    }

    /// Forgets charge detail records that were last told of before a time; returns how many there were.
    pub async fn forget_cdrs(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM object WHERE kind = 'cdr' AND COALESCE(seen_at, last_updated) < ?";
        Ok(sqlx::query(sql).bind(text(before)).execute(&self.quick).await?.rows_affected())
    }

    /// Counts the objects of each partner, by kind.
    pub async fn object_counts(&self) -> Result<BTreeMap<(PartnerId, String), u64>, StoreError> {
        let sql = "SELECT partner, kind, COUNT(*) AS objects FROM object GROUP BY partner, kind";
        let rows = sqlx::query(sql).fetch_all(&self.reads).await?;
        let read = |row: &SqliteRow| {
            let of = (PartnerId::new(row.get::<String, _>("partner")), row.get("kind"));
            (of, row.get::<i64, _>("objects").unsigned_abs())
        };
        Ok(rows.iter().map(read).collect())
    }

    /// Returns what we understood of all open objects of a kind, in the order of their names.
    pub async fn open_objects<T: serde::de::DeserializeOwned>(&self, kind: Kind) -> Result<Vec<T>, StoreError> {
        let sql = "SELECT value FROM object WHERE kind = ? AND open ORDER BY partner, party, id";
        let rows = sqlx::query(sql).bind(kind.as_str()).fetch_all(&self.reads).await?;
        rows.iter().map(|row| parse("object", row.get("value"))).collect()
    }
}

/// Returns when the object that is kept was changed, and what was wrong with it.
async fn kept(
    connection: &mut sqlx::sqlite::SqliteConnection,
    key: ObjectKey<'_>,
) -> Result<Option<(DateTime<Utc>, Mistakes)>, StoreError> {
    let sql = "SELECT last_updated, warnings FROM object WHERE partner = ? AND kind = ? AND party = ? AND id = ?";
    let row = sqlx::query(sql)
        .bind(key.partner.as_str())
        .bind(key.kind.as_str())
        .bind(key.party.to_string())
        .bind(key.id)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| (time(row.get("last_updated")), Mistakes::read(row.get("warnings")))))
}

async fn mark_seen(
    connection: &mut sqlx::sqlite::SqliteConnection,
    key: ObjectKey<'_>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE object SET seen_at = ? WHERE partner = ? AND kind = ? AND party = ? AND id = ?")
        .bind(text(at))
        .bind(key.partner.as_str())
        .bind(key.kind.as_str())
        .bind(key.party.to_string())
        .bind(key.id)
        .execute(connection)
        .await?;
    Ok(())
}
