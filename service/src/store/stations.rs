//! What stations say they do, what they are asked, and which take no profiles.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::location::Evse;
use headroom_domain::profile::ChargingProfile;
use headroom_domain::{PartnerId, SessionId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, json, parse, text, time};

/// What a station says it does (OCPI 2.2.1 §14.3, `ActiveChargingProfile`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationReport {
    /// When it said so.
    pub at: DateTime<Utc>,
    /// Until when it speaks.
    pub until: DateTime<Utc>,
    /// What it allows.
    pub profile: ChargingProfile,
}

impl Store {
    /// Keeps what a station says it does; an older word does not replace a newer one.
    pub async fn save_station_report(&self, session: &SessionId, report: &StationReport) -> Result<(), StoreError> {
        let sql = "INSERT INTO station_report (session, at, until, profile) VALUES (?, ?, ?, ?) ON CONFLICT (session) \
                   DO UPDATE SET at = excluded.at, until = excluded.until, profile = excluded.profile \
                   WHERE excluded.at >= station_report.at";
        sqlx::query(sql)
            .bind(session.as_str())
            .bind(text(report.at))
            .bind(text(report.until))
            .bind(json(&report.profile)?)
            .execute(&self.quick)
            .await?;
        Ok(())
    }

    /// Forgets what the station of a session said: it does what it was told.
    pub async fn forget_station_report(&self, session: &SessionId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM station_report WHERE session = ?").bind(session.as_str()).execute(&self.quick).await?;
        Ok(())
    }

    /// Returns what the station of a session last said it does.
    pub async fn station_report(&self, session: &SessionId) -> Result<Option<StationReport>, StoreError> {
        let sql = "SELECT * FROM station_report WHERE session = ?";
        let row = sqlx::query(sql).bind(session.as_str()).fetch_optional(&self.reads).await?;
        row.as_ref().map(read).transpose()
    }

    /// Returns what the stations of open sessions last said they do.
    pub async fn station_reports(&self) -> Result<BTreeMap<SessionId, StationReport>, StoreError> {
        let sql =
            "SELECT station_report.* FROM station_report JOIN object ON kind = 'session' AND name = session WHERE open";
        let rows = sqlx::query(sql).fetch_all(&self.reads).await?;
        rows.iter().map(|row| Ok((SessionId::new(row.get::<String, _>("session")), read(row)?))).collect()
    }

    /// Remembers a question for the profile that a station obeys, before it is sent.
    pub async fn save_query(&self, id: &str, session: &SessionId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "INSERT INTO profile_query (id, session, asked_at) VALUES (?, ?, ?)";
        sqlx::query(sql).bind(id).bind(session.as_str()).bind(text(at)).execute(&self.quick).await?;
        Ok(())
    }

    /// Returns the session that a partner was asked about, and whether this is the first answer.
    pub async fn answer_query(
        &self,
        id: &str,
        partner: &PartnerId,
        at: DateTime<Utc>,
    ) -> Result<Option<(SessionId, bool)>, StoreError> {
        let sql = "SELECT session, answered_at FROM profile_query JOIN object ON kind = 'session' AND name = session \
                   WHERE profile_query.id = ? AND object.partner = ?";
        let row = sqlx::query(sql).bind(id).bind(partner.as_str()).fetch_optional(&self.reads).await?;
        let Some(row) = row else { return Ok(None) };
        let first = row.get::<Option<String>, _>("answered_at").is_none();
        if first {
            let sql = "UPDATE profile_query SET answered_at = ? WHERE id = ?";
            sqlx::query(sql).bind(text(at)).bind(id).execute(&self.quick).await?;
        }
        Ok(Some((SessionId::new(row.get::<String, _>("session")), first)))
    }

    /// Notes that an EVSE takes no profiles, by the word of its partner, as it is published now.
    pub async fn save_unsteerable(
        &self,
        partner: &PartnerId,
        location: &str,
        published: &Evse,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO unsteerable (partner, location, evse, at, published) VALUES (?, ?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(partner.as_str())
            .bind(location)
            .bind(&published.uid)
            .bind(text(at))
            .bind(json(published)?)
            .execute(&self.quick)
            .await?;
        Ok(())
    }

    /// Returns the EVSEs of a partner's location that take no profiles, each as it was published when that was said.
    pub async fn unsteerable(&self, partner: &PartnerId, location: &str) -> Result<Vec<Evse>, StoreError> {
        let sql = "SELECT published FROM unsteerable WHERE partner = ? AND location = ? ORDER BY evse";
        let rows = sqlx::query(sql).bind(partner.as_str()).bind(location).fetch_all(&self.reads).await?;
        rows.iter().map(|row| parse("EVSE", row.get("published"))).collect()
    }
}

fn read(row: &SqliteRow) -> Result<StationReport, StoreError> {
    Ok(StationReport {
        at: time(row.get("at")),
        until: time(row.get("until")),
        profile: parse("profile", row.get("profile"))?,
    })
}
