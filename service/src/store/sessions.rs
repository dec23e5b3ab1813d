//! What belongs to a session beside the partner's object: preferences, what was learned of the vehicle, its power.

use chrono::{DateTime, Utc};
use headroom_domain::preference::ChargingPreference;
use headroom_domain::session::Session;
use headroom_domain::{Power, SessionId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

use super::{Store, StoreError, json, parse, text, time};

impl Store {
    /// Finds the sessions of an id, whoever tells of them (an eMSP and a CPO are different partners).
    pub async fn sessions_by_id(&self, id: &str) -> Result<Vec<Session>, StoreError> {
        let rows = sqlx::query("SELECT value FROM object WHERE kind = 'session' AND id = ? ORDER BY partner, party")
            .bind(id)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| parse("session", row.get("value"))).collect()
    }

    /// Returns the sessions that are not over, and those that changed since a time.
    pub async fn sessions_since(&self, since: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
        let sql = "SELECT value FROM object WHERE kind = 'session' AND (open OR last_updated >= ?) ORDER BY partner, party, id";
        let rows = sqlx::query(sql).bind(text(since)).fetch_all(&self.reads).await?;
        rows.iter().map(|row| parse("session", row.get("value"))).collect()
    }

    /// Keeps what a driver said; a later word replaces an earlier one.
    pub async fn save_preference(
        &self,
        session: &SessionId,
        preference: &ChargingPreference,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO preference (session, body) VALUES (?, ?) ON CONFLICT (session) DO UPDATE SET body = excluded.body";
        sqlx::query(sql).bind(session.as_str()).bind(json(preference)?).execute(&self.durable).await?;
        Ok(())
    }

    /// Returns what the drivers of open sessions said.
    pub async fn preferences(&self) -> Result<BTreeMap<SessionId, ChargingPreference>, StoreError> {
        self.by_open_session(
            "SELECT session, body FROM preference JOIN object ON kind = 'session' AND name = session WHERE open",
            "preference",
        )
        .await
    }

    /// Returns what was learned of the vehicles of open sessions.
    pub async fn uptakes<T: serde::de::DeserializeOwned>(&self) -> Result<BTreeMap<SessionId, T>, StoreError> {
        self.by_open_session(
            "SELECT session, body FROM uptake JOIN object ON kind = 'session' AND name = session WHERE open",
            "uptake",
        )
        .await
    }

    async fn by_open_session<T: serde::de::DeserializeOwned>(
        &self,
        sql: &'static str,
        what: &'static str,
    ) -> Result<BTreeMap<SessionId, T>, StoreError> {
        read_by_session(&sqlx::query(sql).fetch_all(&self.reads).await?, what)
    }

    /// Finds the session that plans know by a name.
    pub async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT value FROM object WHERE kind = 'session' AND name = ?";
        let row = sqlx::query(sql).bind(id.as_str()).fetch_optional(&self.reads).await?;
        row.map(|row| parse("session", row.get("value"))).transpose()
    }

    /// Finds the sessions that plans know by some names.
    pub async fn sessions_named(&self, ids: &[&SessionId]) -> Result<BTreeMap<SessionId, Session>, StoreError> {
        let sql = "SELECT name AS session, value AS body FROM object \
                   WHERE kind = 'session' AND name IN (SELECT value FROM json_each(?))";
        read_by_session(&sqlx::query(sql).bind(json(&ids)?).fetch_all(&self.reads).await?, "session")
    }

    /// Keeps what was learned of vehicles.
    pub async fn save_uptakes<T: serde::Serialize>(&self, uptakes: &BTreeMap<SessionId, T>) -> Result<(), StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        for (session, uptake) in uptakes {
            sqlx::query("INSERT INTO uptake (session, body) VALUES (?, ?) ON CONFLICT (session) DO UPDATE SET body = excluded.body")
                .bind(session.as_str())
                .bind(json(uptake)?)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps the power that a session reported.
    pub async fn save_session_power(
        &self,
        session: &SessionId,
        at: DateTime<Utc>,
        power: Power,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT OR REPLACE INTO session_power (session, at, power_w) VALUES (?, ?, ?)")
            .bind(session.as_str())
            .bind(text(at))
            .bind(power.as_w())
            .execute(&self.quick)
            .await?;
        Ok(())
    }

    /// Returns the power of all sessions since a time, oldest first.
    pub async fn session_powers(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<(SessionId, DateTime<Utc>, Power)>, StoreError> {
        let rows = sqlx::query("SELECT session, at, power_w FROM session_power WHERE at >= ? ORDER BY at, session")
            .bind(text(since))
            .fetch_all(&self.reads)
            .await?;
        let read = |row: &SqliteRow| {
            (
                SessionId::new(row.get::<String, _>("session")),
                time(row.get("at")),
                Power::try_new(row.get("power_w")).unwrap_or_default(),
            )
        };
        Ok(rows.iter().map(read).collect())
    }
}

/// Reads the columns `session` and `body`.
fn read_by_session<T: serde::de::DeserializeOwned>(
    rows: &[SqliteRow],
    what: &'static str,
) -> Result<BTreeMap<SessionId, T>, StoreError> {
    let session = |row: &SqliteRow| SessionId::new(row.get::<String, _>("session"));
    rows.iter().map(|row| Ok((session(row), parse(what, row.get("body"))?))).collect()
}
