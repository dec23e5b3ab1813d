//! What becomes of profile requests once they are sent. Words of many partners and stations come at once when a limit
//! comes into force; those that come together are recorded together.
//!
//! A `+` before a column in the statements keeps `SQLite` from looking by state, which many share, instead of by id.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use serde::Serialize;
use sqlx::sqlite::SqliteConnection;

use super::{ProfileRequest, RequestState, read};
use crate::store::queue::{Outcome, Together};
use crate::store::{Store, StoreError, json, text};

/// What is said of a request.
#[derive(Debug, Clone)]
pub(in crate::store) enum Word {
    /// The partner took it; the station's word is awaited until then.
    Waiting { id: String, deadline: DateTime<Utc> },
    /// Its fate is known. With `from`, only a request to that partner is meant.
    Settled { id: String, from: Option<PartnerId>, state: RequestState, at: DateTime<Utc>, detail: String },
}

/// A word as the statements below take it.
#[derive(Debug, Clone, Serialize)]
struct Said<'a> {
    id: &'a str,
    partner: Option<&'a str>,
    state: &'static str,
    outcome: &'static str,
    at: String,
    detail: &'a str,
}

impl Store {
    /// Notes that the partner took a request and until when the station's word is awaited.
    ///
    /// The station's word may have come before (a race that OCPI allows): then nothing changes.
    pub async fn request_waiting(&self, id: &str, deadline: DateTime<Utc>) -> Result<(), StoreError> {
        self.queues.words.record(Word::Waiting { id: id.to_owned(), deadline }).await?;
        Ok(())
    }

    /// Notes the fate of a request; returns it as it now is, or `None` when it is not known or was settled before. With
    /// `from`, a request to another partner is not known.
    ///
    /// A word that comes after the time-out still counts. An acceptance supersedes everything of the session that was
    /// settled before this request was sent; what was settled later may have overtaken it and stays possible. So does a
    /// request that had been silent and superseded, and is accepted after all.
    pub async fn settle_request(
        &self,
        id: &str,
        from: Option<&PartnerId>,
        state: RequestState,
        at: DateTime<Utc>,
        detail: &str,
    ) -> Result<Option<ProfileRequest>, StoreError> {
        let (id, detail) = (id.to_owned(), detail.to_owned());
        self.queues.words.record(Word::Settled { id, from: from.cloned(), state, at, detail }).await
    }
}

impl Together for Word {
    type Answer = Option<ProfileRequest>;

    async fn record_all(words: &[Self], connection: &mut SqliteConnection) -> Result<Vec<Outcome<Self>>, StoreError> {
        let mut answers: Vec<_> = words.iter().map(|_| None).collect();
        let mut left: Vec<_> = words.iter().enumerate().filter_map(|(at, word)| Some((at, word.said()?))).collect();
        // A second word of the same request finds what the first has left.
        while !left.is_empty() {
            let mut ids = BTreeSet::new();
            let (now, later): (Vec<_>, _) = left.into_iter().partition(|(_, said)| ids.insert(said.id));
            let (places, said): (Vec<usize>, Vec<_>) = now.into_iter().unzip();
            let mut settled = settle(&said, connection).await?;
            for (place, said) in places.into_iter().zip(&said) {
                answers[place] = settled.remove(said.id);
            }
            left = later;
        }
        // Last: what has been settled waits no more, and is not written twice.
        wait(words.iter().filter_map(Self::waiting).collect(), connection).await?;
        Ok(answers.into_iter().map(Ok).collect())
    }
}

impl Word {
    /// Returns whose answer is awaited until when.
    fn waiting(&self) -> Option<(&str, String)> {
        match self {
            Self::Waiting { id, deadline } => Some((id, text(*deadline))),
            Self::Settled { .. } => None,
        }
    }

    /// Returns what is said of a request's fate.
    fn said(&self) -> Option<Said<'_>> {
        let Self::Settled { id, from, state, at, detail } = self else { return None };
        let outcome = match state {
            RequestState::InForce => "acknowledged",
            RequestState::Refused => "refused",
            _ => "silent",
        };
        let partner = from.as_ref().map(PartnerId::as_str);
        Some(Said { id, partner, state: state.as_str(), outcome, at: text(*at), detail })
    }
}

async fn wait(waiting: Vec<(&str, String)>, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    if waiting.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE profile_request SET state = 'waiting', deadline = word.value ->> 1 FROM json_each(?) AS word \
               WHERE profile_request.id = word.value ->> 0 AND +state = 'created'";
    sqlx::query(sql).bind(json(&waiting)?).execute(connection).await?;
    Ok(())
}

/// Settles requests, each named once; returns what has changed, as it now is. One that had been silent, and is accepted
/// after a later one has taken its place, is possible again.
async fn settle(
    said: &[Said<'_>],
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<String, ProfileRequest>, StoreError> {
    let sql = "UPDATE profile_request SET settled_at = said.value ->> 'at', outcome = said.value ->> 'outcome', \
               state = CASE state WHEN 'superseded' THEN 'unknown' ELSE said.value ->> 'state' END, \
               detail = CASE state WHEN 'superseded' THEN 'accepted late' ELSE said.value ->> 'detail' END \
               FROM json_each(?) AS said WHERE profile_request.id = said.value ->> 'id' \
               AND (+state IN ('created', 'waiting', 'unknown') AND +state <> said.value ->> 'state' \
               OR +state = 'superseded' AND outcome = 'silent' AND said.value ->> 'state' = 'in_force') \
               AND (said.value ->> 'partner' IS NULL OR EXISTS (SELECT 1 FROM object WHERE kind = 'session' \
               AND name = profile_request.session AND object.partner = said.value ->> 'partner')) RETURNING *";
    let rows = sqlx::query(sql).bind(json(&said)?).fetch_all(&mut *connection).await?;
    let changed = rows.iter().map(|row| read(row).map(|request| (request.id.clone(), request)));
    let changed: BTreeMap<_, _> = changed.collect::<Result<_, _>>()?;
    supersede(changed.values(), connection).await?;
    Ok(changed)
}

/// Supersedes what accepted requests take the place of.
async fn supersede(
    settled: impl Iterator<Item = &ProfileRequest>,
    connection: &mut SqliteConnection,
) -> Result<(), StoreError> {
    let accepted = settled.filter(|request| request.state == RequestState::InForce);
    let place = |request: &ProfileRequest| {
        (request.session.to_string(), request.revision, text(request.sent_at.unwrap_or(request.created_at)))
    };
    let accepted: Vec<_> = accepted.map(place).collect();
    if accepted.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE profile_request SET state = 'superseded' FROM json_each(?) AS newer \
               WHERE session = newer.value ->> 0 AND revision < newer.value ->> 1 AND state <> 'superseded' \
               AND settled_at IS NOT NULL AND settled_at <= newer.value ->> 2";
    sqlx::query(sql).bind(json(&accepted)?).execute(connection).await?;
    Ok(())
}
