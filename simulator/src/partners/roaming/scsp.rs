//! A small smart charging service for a roaming day: it shares a limit among vehicles and keeps track of every request.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::location::Location;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::{Session, SessionStatus};
use headroom_domain::tariff::Tariff;
use headroom_domain::{Clock, PartnerId, Power};
use headroom_ocpi_adapter::memory::Objects;
use headroom_ocpi_adapter::{
    Client, HostError, LinkError, ObjectKey, Outcome, Platform, PreferenceReply, ProfileAnswer, ProfileResult,
    Received, ScspHost, StationProfile,
};
use parking_lot::Mutex;
use serde_json::Value;

use super::Parties;

/// How far a request for a profile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Sent; whether the CPO has it is not known.
    Created,
    /// The CPO has it and waits for the station, until then.
    Waiting(DateTime<Utc>),
    /// The station follows it.
    InForce,
    /// The CPO or the station refused it.
    Refused,
    /// Nobody said what became of it: it may be in force.
    Unknown,
    /// A newer one took its place.
    Superseded,
}

#[derive(Debug, Clone)]
struct Request {
    session: String,
    limit: Power,
    progress: Progress,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<Request>,
    preferences: BTreeMap<String, ChargingPreference>,
    /// The truth of stations, by session.
    active: BTreeMap<String, StationProfile>,
    /// No requests until then: the partner said that it were too many.
    pause_until: Option<DateTime<Utc>>,
    late: usize,
}

/// The service. Clones are the same one.
#[derive(Clone)]
pub struct RoamingScsp {
    /// What CPOs pushed and what was pulled from them.
    pub objects: Arc<Objects>,
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
    limit: Power,
}

impl RoamingScsp {
    pub(super) fn new(limit: Power, clock: Arc<dyn Clock>) -> Self {
        Self { objects: Arc::default(), state: Arc::default(), clock, limit }
    }

    /// Returns how many requests there are of each progress.
    pub fn progress(&self) -> BTreeMap<Progress, usize> {
        let mut counts = BTreeMap::new();
        for request in &self.state.lock().requests {
            *counts.entry(request.progress).or_default() += 1;
        }
        counts
    }

    /// Returns what is believed in force for a session: the newest request that its station follows.
    pub fn believed(&self, session_id: &str) -> Option<Power> {
        let state = self.state.lock();
        let newest = state.requests.iter().rev().find(|request| request.session == session_id)?;
        (newest.progress == Progress::InForce).then_some(newest.limit)
    }

    /// Returns what drivers said, by session.
    pub fn preferences(&self) -> BTreeMap<String, ChargingPreference> {
        self.state.lock().preferences.clone()
    }

    /// Returns how many results came for requests that had been given up or had their result.
    pub fn late(&self) -> usize {
        self.state.lock().late
    }

    /// Shares the limit among all that charge, and sends who does not have its share yet.
    pub(super) async fn step(&self, platform: &Platform, client: &Client, parties: &Parties) {
        let now = self.clock.now();
        self.time_out(now);
        let sessions = self.objects.sessions();
        let charging: Vec<_> = sessions.iter().filter(|one| one.status == SessionStatus::Active).collect();
        let share = Power::from_w((self.limit.as_w() / charging.len().max(1) as f64 / 690.0).floor() * 690.0);
        for session in charging {
            if self.state.lock().pause_until.is_some_and(|until| now < until) {
                return;
            }
            if !self.has(&session.key.id, share) {
                self.send(platform, client, parties, session, share).await;
            }
        }
    }

    fn has(&self, session_id: &str, limit: Power) -> bool {
        let state = self.state.lock();
        let newest = state.requests.iter().rev().find(|request| request.session == session_id);
        newest.is_some_and(|newest| {
            newest.limit == limit && matches!(newest.progress, Progress::InForce | Progress::Waiting(_))
        })
    }

    async fn send(&self, platform: &Platform, client: &Client, parties: &Parties, session: &Session, limit: Power) {
        let now = self.clock.now();
        let locations = self.objects.locations();
        let location = locations.iter().find(|location| location.id == session.location_id);
        let evse = location.zip(session.evse_uid.as_deref()).and_then(|(location, uid)| location.evse(uid));
        let Some(connector) = evse.and_then(|evse| evse.connector(session.connector_id.as_deref())) else { return };
        let id = self.create(&session.key.id, limit);
        let profile = ChargingProfile::constant(now, limit);
        let url = platform.response_url(&format!("p{id}"));
        let sent = client.to(&parties.cpo).put_charging_profile(&session.key, &profile, connector, &url).await;
        self.note(
            id,
            sent.map(|receipt| (receipt.answer, now + TimeDelta::seconds(i64::from(receipt.timeout_s)))),
            now,
        );
    }

    /// Remembers a request before it is sent: its result may come before its receipt.
    fn create(&self, session_id: &str, limit: Power) -> usize {
        let mut state = self.state.lock();
        for older in state.requests.iter_mut().filter(|request| request.session == session_id) {
            if matches!(
                older.progress,
                Progress::Created | Progress::Waiting(_) | Progress::InForce | Progress::Unknown
            ) {
                older.progress = Progress::Superseded;
            }
        }
        let request = Request { session: session_id.to_owned(), limit, progress: Progress::Created };
        state.requests.push(request);
        state.requests.len() - 1
    }

    fn note(&self, id: usize, sent: Result<(ProfileAnswer, DateTime<Utc>), LinkError>, now: DateTime<Utc>) {
        let mut state = self.state.lock();
        // The result was faster than the receipt.
        if state.requests[id].progress != Progress::Created {
            return;
        }
        state.requests[id].progress = match sent {
            Ok((ProfileAnswer::Accepted, until)) => Progress::Waiting(until),
            Ok(_) => Progress::Refused,
            // Whether it arrived is not known.
            Err(LinkError::Unreachable { .. } | LinkError::Unreadable { .. }) => Progress::Unknown,
            Err(error) => {
                if error.is_retryable() {
                    state.pause_until = Some(now + TimeDelta::minutes(1));
                }
                Progress::Refused
            }
        };
    }

    fn time_out(&self, now: DateTime<Utc>) {
        for request in &mut self.state.lock().requests {
            if matches!(request.progress, Progress::Waiting(until) if until < now) {
                request.progress = Progress::Unknown;
            }
        }
    }

    /// Fetches what may have been missed (OCPI 2.2.1 §4.1).
    pub(super) async fn pull(&self, client: &Client, parties: &Parties) -> Result<(), LinkError> {
        let client = client.to(&parties.cpo);
        for location in client.pull_locations(None).all().await?.objects {
            self.objects.put_location(location);
        }
        for tariff in client.pull_tariffs(None).all().await?.objects {
            self.objects.put_tariff(tariff);
        }
        for session in client.pull_sessions(parties.since).all().await?.objects {
            self.objects.put_session(session);
        }
        Ok(())
    }
}

impl ScspHost for RoamingScsp {
    async fn stored(&self, key: &ObjectKey) -> Result<Option<Value>, HostError> {
        Ok(self.objects.stored(key))
    }

    async fn put_location(&self, location: Received<Location>) -> Result<Outcome, HostError> {
        Ok(self.objects.put_location(location))
    }

    async fn put_session(&self, session: Received<Session>) -> Result<Outcome, HostError> {
        Ok(self.objects.put_session(session))
    }

    async fn put_tariff(&self, tariff: Received<Tariff>) -> Result<Outcome, HostError> {
        Ok(self.objects.put_tariff(tariff))
    }

    async fn delete_tariff(&self, key: &ObjectKey) -> Result<bool, HostError> {
        Ok(self.objects.delete_tariff(key))
    }

    async fn put_preference(
        &self,
        _: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> Result<PreferenceReply, HostError> {
        if !self.objects.sessions().iter().any(|session| session.key.id == session_id) {
            return Ok(PreferenceReply::UnknownSession);
        }
        self.state.lock().preferences.insert(session_id.to_owned(), preference);
        Ok(PreferenceReply::Answer(PreferenceAnswer::Accepted))
    }

    async fn profile_result(
        &self,
        _: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        _: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        let mut state = self.state.lock();
        let index = request_id.strip_prefix('p').and_then(|id| id.parse::<usize>().ok());
        let known = index.filter(|index| *index < state.requests.len());
        let Some(index) = known else { return Ok(false) };
        match state.requests[index].progress {
            Progress::Created | Progress::Waiting(_) | Progress::Unknown => {
                let accepted = result == ProfileResult::Accepted;
                state.requests[index].progress = if accepted { Progress::InForce } else { Progress::Refused };
            }
            // Told twice, or of a request whose place another has taken.
            Progress::InForce | Progress::Refused | Progress::Superseded => state.late += 1,
        }
        Ok(true)
    }

    async fn active_profile(
        &self,
        _: &PartnerId,
        session_id: &str,
        profile: StationProfile,
    ) -> Result<bool, HostError> {
        let known = self.objects.sessions().iter().any(|session| session.key.id == session_id);
        if known {
            self.state.lock().active.insert(session_id.to_owned(), profile);
        }
        Ok(known)
    }
}
