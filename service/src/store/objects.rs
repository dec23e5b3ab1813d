//! Objects that partners own: locations, tariffs, sessions.

use chrono::{DateTime, Utc};
use headroom_domain::{PartnerId, PartyId};
use serde_json::Value;
use sqlx::Row;

use super::{Store, StoreError, json, parse, text, time};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A location with its EVSEs.
    Location,
    /// A tariff.
    Tariff,
    /// A session.
    Session,
}

impl Kind {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Tariff => "tariff",
            Self::Session => "session",
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
    /// Its id, compared without case.
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
    /// Whether it is still of interest: false for a session that is over.
    pub open: bool,
    /// What we understood.
    pub value: &'a T,
    /// What was sent.
    pub raw: &'a Value,
    /// What had to be forgiven, as readable lines.
    pub warnings: &'a [String],
}

impl Store {
    /// Keeps an object unless a newer one is there.
    pub async fn save_object<T: serde::Serialize>(
        &self,
        key: ObjectKey<'_>,
        content: Content<'_, T>,
    ) -> Result<Saved, StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let known =
            sqlx::query("SELECT last_updated FROM object WHERE partner = ? AND kind = ? AND party = ? AND id = ?")
                .bind(key.partner.as_str())
                .bind(key.kind.as_str())
                .bind(key.party.to_string())
                .bind(key.id)
                .fetch_optional(&mut *transaction)
                .await?
                .map(|row| time(row.get("last_updated")));
        if known.is_some_and(|known| known > content.last_updated) {
            return Ok(Saved::Stale);
        }
        let sql = "INSERT INTO object (partner, kind, party, id, name, last_updated, open, value, raw, warnings) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (partner, kind, party, id) DO UPDATE SET \
                   last_updated = excluded.last_updated, open = excluded.open, value = excluded.value, \
                   raw = excluded.raw, warnings = excluded.warnings";
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
            .fetch_optional(&self.quick)
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
            .fetch_optional(&self.quick)
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

    /// Returns what we understood of all open objects of a kind, in the order of their names.
    pub async fn open_objects<T: serde::de::DeserializeOwned>(&self, kind: Kind) -> Result<Vec<T>, StoreError> {
        let sql = "SELECT value FROM object WHERE kind = ? AND open ORDER BY partner, party, id";
        let rows = sqlx::query(sql).bind(kind.as_str()).fetch_all(&self.quick).await?;
        rows.iter().map(|row| parse("object", row.get("value"))).collect()
    }
}
