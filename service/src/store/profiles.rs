//! Profile requests: the outbox, and the memory of what may be in force at a station.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::{PartnerId, SessionId};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, json, parse, text, time};

mod fate;

pub(super) use fate::Word;

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// Decided; may or may not have been sent.
    Created,
    /// The partner took it; the station's word is awaited.
    Waiting,
    /// The station took it.
    InForce,
    /// The partner or the station refused it: it is not in force.
    Refused,
    /// No word came in time: it may be in force.
    Unknown,
    /// A later one took its place.
    Superseded,
}

impl RequestState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Waiting => "waiting",
            Self::InForce => "in_force",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Superseded => "superseded",
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "created" => Self::Created,
            "waiting" => Self::Waiting,
            "in_force" => Self::InForce,
            "refused" => Self::Refused,
            "superseded" => Self::Superseded,
            // An unknown word is treated as the most careful state.
            _ => Self::Unknown,
        }
    }

    /// Tells whether the profile may be what the station obeys.
    pub fn may_be_in_force(self) -> bool {
        matches!(self, Self::Created | Self::Waiting | Self::InForce | Self::Unknown)
    }
}

/// A request as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRequest {
    /// Rises with every request.
    pub revision: i64,
    /// What the response URL ends in.
    pub id: String,
    /// The session.
    pub session: SessionId,
    /// What the station is told.
    pub profile: ChargingProfile,
    /// How far it is.
    pub state: RequestState,
    /// When it was decided.
    pub created_at: DateTime<Utc>,
    /// When it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When its fate was known (answer, refusal or silence).
    pub settled_at: Option<DateTime<Utc>>,
    /// Until when the station's word is awaited.
    pub deadline: Option<DateTime<Utc>>,
    /// What was said of it.
    pub detail: Option<String>,
}

/// How many requests were sent, and what became of them; the rest is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// Sent to partners.
    pub sent: u64,
    /// Acknowledged by the station.
    pub acknowledged: u64,
    /// Refused by the partner or the station.
    pub refused: u64,
    /// Without a word in time.
    pub silent: u64,
}

/// A request to record.
#[derive(Debug, Clone, Serialize)]
pub struct NewRequest {
    /// What the response URL will end in.
    pub id: String,
    /// The session.
    pub session: SessionId,
    /// What the station is to be told.
    pub profile: ChargingProfile,
    /// `lower`, `raise` or `refresh`.
    pub direction: &'static str,
}

impl Store {
    /// Records requests, on disk when this returns. A request of the same session that was not sent yet is superseded.
    pub async fn create_requests(&self, requests: &[NewRequest], at: DateTime<Utc>) -> Result<(), StoreError> {
        let requests = json(&requests)?;
        let mut transaction = self.durable.begin_with("BEGIN IMMEDIATE").await?;
        let sql = "INSERT INTO profile_request (id, session, profile, direction, state, created_at) \
                   SELECT new.value ->> 'id', new.value ->> 'session', new.value -> 'profile', \
                   new.value ->> 'direction', 'created', ? FROM json_each(?) AS new ORDER BY new.key";
        sqlx::query(sql).bind(text(at)).bind(&requests).execute(&mut *transaction).await?;
        let sql = "UPDATE profile_request SET state = 'superseded', settled_at = ? \
                   WHERE state = 'created' AND sent_at IS NULL \
                   AND session IN (SELECT new.value ->> 'session' FROM json_each(?) AS new) \
                   AND EXISTS (SELECT 1 FROM profile_request AS newer WHERE newer.session = profile_request.session \
                   AND newer.state = 'created' AND newer.revision > profile_request.revision)";
        sqlx::query(sql).bind(text(at)).bind(&requests).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns the requests after a revision that wait to be sent, oldest first, each with the partner it goes to; without
    /// one when its session is gone.
    pub async fn unsent_requests(&self, after: i64) -> Result<Vec<(Option<PartnerId>, ProfileRequest)>, StoreError> {
        let sql = "SELECT profile_request.*, object.partner AS partner FROM profile_request \
                   LEFT JOIN object ON object.kind = 'session' AND object.name = profile_request.session \
                   WHERE profile_request.revision > ? AND profile_request.state = 'created' \
                   AND profile_request.sent_at IS NULL GROUP BY profile_request.id ORDER BY revision";
        let rows = sqlx::query(sql).bind(after).fetch_all(&self.reads).await?;
        let partner = |row: &SqliteRow| row.get::<Option<String>, _>("partner").map(PartnerId::new);
        rows.iter().map(|row| Ok((partner(row), read(row)?))).collect()
    }

    /// Marks requests as sent, before they are: after a crash they are believed to be possibly in force. Returns those
    /// whose place no newer one has taken.
    pub async fn claim_requests(&self, ids: &[&str], at: DateTime<Utc>) -> Result<BTreeSet<String>, StoreError> {
        let sql = "UPDATE profile_request SET sent_at = ? WHERE id IN (SELECT value FROM json_each(?)) \
                   AND +state = 'created' AND sent_at IS NULL RETURNING id";
        let rows = sqlx::query(sql).bind(text(at)).bind(json(&ids)?).fetch_all(&self.quick).await?;
        Ok(rows.iter().map(|row| row.get("id")).collect())
    }

    /// Returns all requests of sessions that are not over, oldest first, without superseded ones.
    pub async fn requests_of_open_sessions(&self) -> Result<Vec<ProfileRequest>, StoreError> {
        let sql = "SELECT * FROM profile_request WHERE state <> 'superseded' AND session IN \
                   (SELECT name FROM object WHERE kind = 'session' AND open) ORDER BY revision";
        let rows = sqlx::query(sql).fetch_all(&self.reads).await?;
        rows.iter().map(read).collect()
    }

    /// Returns the requests of a session, oldest first, without superseded ones.
    pub async fn requests_of(&self, session: &SessionId) -> Result<Vec<ProfileRequest>, StoreError> {
        let sql = "SELECT * FROM profile_request WHERE session = ? AND state <> 'superseded' ORDER BY revision";
        let rows = sqlx::query(sql).bind(session.as_str()).fetch_all(&self.reads).await?;
        rows.iter().map(read).collect()
    }

    /// Drops requests that an earlier process decided and never sent: a new plan replaces them.
    pub async fn drop_unsent_requests(&self, at: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "UPDATE profile_request SET state = 'superseded', settled_at = ? WHERE state = 'created' AND sent_at IS NULL";
        sqlx::query(sql).bind(text(at)).execute(&self.quick).await?;
        Ok(())
    }

    /// Tells whether a request was ever made to a partner.
    pub async fn request_is_known(&self, id: &str, partner: &PartnerId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM profile_request JOIN object ON object.kind = 'session' AND object.name = session \
                   WHERE profile_request.id = ? AND object.partner = ?";
        Ok(sqlx::query(sql).bind(id).bind(partner.as_str()).fetch_optional(&self.reads).await?.is_some())
    }

    /// Gives up waiting for stations whose time is over; returns the requests, oldest first.
    ///
    /// Requests that were sent before `orphaned_before` and never answered at all died with an earlier process, or their
    /// fate could not be kept.
    pub async fn time_out_requests(
        &self,
        now: DateTime<Utc>,
        orphaned_before: DateTime<Utc>,
    ) -> Result<Vec<ProfileRequest>, StoreError> {
        let sql = "UPDATE profile_request SET state = 'unknown', settled_at = ?, outcome = 'silent', detail = 'no word in time' \
                   WHERE (state = 'waiting' AND deadline <= ?) OR (state = 'created' AND sent_at < ?) RETURNING *";
        let rows =
            sqlx::query(sql).bind(text(now)).bind(text(now)).bind(text(orphaned_before)).fetch_all(&self.quick).await?;
        let mut silent = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        silent.sort_by_key(|request| request.revision);
        Ok(silent)
    }

    /// Returns when the first of the stations that are waited for has to have answered.
    pub async fn next_deadline(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT MIN(deadline) AS next FROM profile_request WHERE state = 'waiting'";
        let row = sqlx::query(sql).fetch_one(&self.reads).await?;
        Ok(row.get::<Option<String>, _>("next").map(|next| time(&next)))
    }

    /// Returns when the last of the reductions that were decided first after an instant was acknowledged; `None` when no
    /// reduction was decided within ten minutes.
    pub async fn reductions_acknowledged(&self, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT MAX(settled_at) AS last FROM profile_request WHERE direction = 'lower' AND outcome = 'acknowledged' \
                   AND created_at = (SELECT MIN(created_at) FROM profile_request WHERE direction = 'lower' AND created_at BETWEEN ? AND ?)";
        let until = after + chrono::TimeDelta::minutes(10);
        let row = sqlx::query(sql).bind(text(after)).bind(text(until)).fetch_one(&self.reads).await?;
        Ok(row.get::<Option<String>, _>("last").map(|last| time(&last)))
    }

    /// Forgets requests that ended before a time: refused or superseded ones, and all of sessions that are over. With them
    /// go the questions that were asked before. What may be in force at a station of an open session stays.
    pub async fn forget_requests(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM profile_request WHERE settled_at < ? AND (state IN ('refused', 'superseded') OR \
                   session NOT IN (SELECT name FROM object WHERE kind = 'session' AND open))";
        let requests = sqlx::query(sql).bind(text(before)).execute(&self.quick).await?.rows_affected();
        let sql = "DELETE FROM profile_query WHERE asked_at < ?";
        Ok(requests + sqlx::query(sql).bind(text(before)).execute(&self.quick).await?.rows_affected())
    }

    /// Counts requests by what became of them.
    pub async fn request_counts(&self) -> Result<RequestCounts, StoreError> {
        let sql = "SELECT COUNT(sent_at) AS sent, COUNT(CASE outcome WHEN 'acknowledged' THEN 1 END) AS acknowledged, \
                   COUNT(CASE outcome WHEN 'refused' THEN 1 END) AS refused, COUNT(CASE outcome WHEN 'silent' THEN 1 END) AS silent \
                   FROM profile_request WHERE sent_at IS NOT NULL";
        let row = sqlx::query(sql).fetch_one(&self.reads).await?;
        let count = |column: &str| row.get::<i64, _>(column).unsigned_abs();
        Ok(RequestCounts {
            sent: count("sent"),
            acknowledged: count("acknowledged"),
            refused: count("refused"),
            silent: count("silent"),
        })
    }
}

fn read(row: &SqliteRow) -> Result<ProfileRequest, StoreError> {
    let instant = |column: &str| row.get::<Option<String>, _>(column).map(|text| time(&text));
    Ok(ProfileRequest {
        revision: row.get("revision"),
        id: row.get("id"),
        session: SessionId::new(row.get::<String, _>("session")),
        profile: parse("profile", row.get("profile"))?,
        state: RequestState::read(row.get("state")),
        created_at: time(row.get("created_at")),
        sent_at: instant("sent_at"),
        settled_at: instant("settled_at"),
        deadline: instant("deadline"),
        detail: row.get("detail"),
    })
}
