//! The physical truth and what of it the service has been told.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::session::{Session, SessionKey, SessionStatus};
use headroom_domain::site::SiteError;
use headroom_domain::{Power, Ratio};
use headroom_ocpi_adapter::{ProfileAnswer, ProfileResult, Receipt, StationProfile};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::offer::{CONNECTOR, Offer};
use super::stations::{Ask, Message, Reply, active_profile, current_profile};
use crate::due::Due;
use crate::partners::link::service;
use crate::scenario::Scenario;
use crate::world::{Reading, World};

/// How often a session is reported while nothing changes.
const UPDATE_EVERY: TimeDelta = TimeDelta::minutes(5);

/// What was sent and received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Profiles that arrived for a vehicle that is there.
    pub profiles_received: u64,
    /// Requests for sessions that are not there (any more).
    pub unknown_sessions: u64,
    /// Profiles that a station took.
    pub profiles_taken: u64,
    /// Profiles that a station refused.
    pub profiles_refused: u64,
    /// Results that reached the service.
    pub results_posted: u64,
    /// Results that did not.
    pub results_failed: u64,
    /// Results that were never sent, by a fault of the scenario.
    pub results_dropped: u64,
    /// Active profiles that reached the service.
    pub active_profiles: u64,
    /// Sessions pushed whole.
    pub session_puts: u64,
    /// Updates of sessions.
    pub session_patches: u64,
    /// Pushes that failed and were tried again.
    pub push_failures: u64,
    /// Meter readings that reached the service.
    pub readings_posted: u64,
}

/// How a session is to be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Push {
    Whole,
    Update,
}

/// What the service knows of a session.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each changes by itself: what happened, what was told of it")]
struct Told {
    came: bool,
    left_at: Option<DateTime<Utc>>,
    /// The service has the whole session.
    known: bool,
    /// The service knows that the session is over.
    ended: bool,
    under_way: bool,
    at: Option<DateTime<Utc>>,
    power_w: Power,
    not_before: Option<DateTime<Utc>>,
}

/// All that the virtual CPO knows.
pub(super) struct State {
    pub(super) world: World,
    pub(super) counts: Counts,
    pub(super) readings: Vec<Reading>,
    scenario: Arc<Scenario>,
    offer: Offer,
    told: Vec<Told>,
    messages: Due<Message>,
    replies: Due<Reply>,
    chance: ChaCha8Rng,
    /// Least time between two updates of a session that changes.
    spacing: TimeDelta,
}

impl State {
    pub(super) fn new(scenario: Arc<Scenario>, offer: Offer, spacing: TimeDelta) -> Result<Self, SiteError> {
        let world = World::new(scenario.site_plan())?;
        Ok(Self {
            told: vec![Told::default(); scenario.sessions.len()],
            chance: ChaCha8Rng::seed_from_u64(scenario.seed),
            counts: Counts::default(),
            readings: Vec::new(),
            messages: Due::default(),
            replies: Due::default(),
            world,
            scenario,
            offer,
            spacing,
        })
    }

    /// Lets the world go on to an instant; stations get their messages on the way, each at its time.
    pub(super) fn advance(&mut self, now: DateTime<Utc>) -> Vec<Reply> {
        while let Some((at, message)) = self.messages.take(now) {
            self.live(at);
            self.deliver(message);
        }
        self.live(now);
        self.readings.extend(self.world.meter_mut().take_readings());
        std::iter::from_fn(|| self.replies.take(now)).map(|(_, reply)| reply).collect()
    }

    fn live(&mut self, to: DateTime<Utc>) {
        for seen in self.world.advance(to) {
            let told = &mut self.told[seen.session];
            if seen.came {
                told.came = true;
            } else {
                told.left_at = Some(seen.at);
            }
        }
    }

    /// Hands a message to its station.
    fn deliver(&mut self, message: Message) {
        let now = self.world.now();
        let back = now + self.scenario.messaging.callback_delay();
        let Message { session, ask, response_url, refused, dropped } = message;
        let station = self.world.station_of(session).map(|station| station.uid.clone());
        let Some(station) = station.and_then(|uid| self.world.station_mut(&uid)) else {
            self.replies.add(back, Reply::Result { response_url, result: ProfileResult::Rejected });
            return;
        };
        if let Ask::Get(duration_s) = ask {
            let profile = Some(active_profile(station, now, Some(duration_s)));
            let result = ProfileResult::Accepted;
            self.replies.add(back, Reply::ActiveResult { response_url, result, profile });
            return;
        }
        let result = match ask {
            _ if refused => ProfileResult::Rejected,
            Ask::Set(profile) => {
                station.set_profile(current_profile(&profile, &station.wiring));
                ProfileResult::Accepted
            }
            Ask::Clear if station.clear_profile().is_none() => ProfileResult::Unknown,
            Ask::Clear | Ask::Get(_) => ProfileResult::Accepted,
        };
        let accepted = result == ProfileResult::Accepted;
        *if accepted { &mut self.counts.profiles_taken } else { &mut self.counts.profiles_refused } += 1;
        if dropped {
            self.counts.results_dropped += 1;
        } else {
            self.replies.add(back, Reply::Result { response_url, result });
        }
        if accepted {
            self.replies.add(back, Reply::Active { session });
        }
    }

    /// Takes a request of the service for a station and answers as the platform does, at once.
    pub(super) fn ask(&mut self, now: DateTime<Utc>, session_id: &str, ask: Ask, response_url: &str) -> Receipt {
        let timeout_s = self.scenario.messaging.timeout_s;
        let here = |index: &usize| self.told[*index].came && self.told[*index].left_at.is_none();
        let Some(session) = self.scenario.session(session_id).filter(here) else {
            self.counts.unknown_sessions += 1;
            return Receipt { answer: ProfileAnswer::UnknownSession, timeout_s };
        };
        let mut happens = |share: Ratio| share > Ratio::ZERO && self.chance.random::<f64>() < share.as_ratio();
        let faults = self.scenario.faults;
        let is_set = matches!(ask, Ask::Set(_));
        let (refused, dropped) = (is_set && happens(faults.refuse), happens(faults.drop_callback));
        let message = Message { session, ask, response_url: response_url.to_owned(), refused, dropped };
        self.messages.add(now + self.scenario.messaging.forward_delay(), message);
        self.counts.profiles_received += u64::from(is_set);
        Receipt { answer: ProfileAnswer::Accepted, timeout_s }
    }

    /// Returns the sessions that are to be pushed now, and marks them as under way.
    pub(super) fn pushes(&mut self) -> Vec<(usize, Push, Session)> {
        let due: Vec<_> = (0..self.told.len()).filter_map(|index| Some((index, self.due(index)?))).collect();
        let mut pushes = Vec::with_capacity(due.len());
        for (index, push) in due {
            let session = self.session(index);
            let told = &mut self.told[index];
            (told.under_way, told.at, told.power_w) =
                (true, Some(session.last_updated), session.power_w.unwrap_or_default());
            pushes.push((index, push, session));
        }
        pushes
    }

    fn due(&self, index: usize) -> Option<Push> {
        let (told, now) = (&self.told[index], self.world.now());
        if !told.came || told.under_way || told.ended || told.not_before.is_some_and(|from| now < from) {
            return None;
        }
        if !told.known {
            return Some(Push::Whole);
        }
        let since = told.at.map_or(TimeDelta::MAX, |at| now - at);
        let change = (self.power(index).as_w() - told.power_w.as_w()).abs();
        let notable = change > (told.power_w.as_w() * 0.1).max(300.0);
        let due =
            told.left_at.is_some() || since >= UPDATE_EVERY.max(self.spacing * 2) || (notable && since >= self.spacing);
        due.then_some(Push::Update)
    }

    /// Notes what became of a push. A service that could not be reached may have forgotten everything.
    pub(super) fn pushed(&mut self, index: usize, push: Push, session: &Session, arrived: Result<(), bool>) {
        let not_before = self.world.now() + self.spacing * 2;
        let told = &mut self.told[index];
        told.under_way = false;
        match arrived {
            Ok(()) => {
                (told.known, told.not_before) = (true, None);
                told.ended = session.status.is_over();
                *match push {
                    Push::Whole => &mut self.counts.session_puts,
                    Push::Update => &mut self.counts.session_patches,
                } += 1;
            }
            Err(unreachable) => {
                (told.known, told.not_before) = (false, Some(not_before));
                self.counts.push_failures += 1;
                if unreachable {
                    self.told.iter_mut().for_each(|told| told.known = false);
                }
            }
        }
    }

    /// Tells whether the service has been told of the end of every session that began.
    pub(super) fn all_told(&self) -> bool {
        self.told.iter().all(|told| !told.came || told.ended)
    }

    /// Returns all sessions that have begun, as the CPO lists them.
    pub(super) fn sessions(&self) -> Vec<Session> {
        (0..self.told.len()).filter(|index| self.told[*index].came).map(|index| self.session(index)).collect()
    }

    pub(super) fn offer(&self) -> &Offer {
        &self.offer
    }

    /// Returns what a session's station will offer from now on, while its vehicle is there.
    pub(super) fn active_profile(&self, index: usize) -> Option<(String, StationProfile)> {
        let station = self.world.station_of(index)?;
        Some((self.scenario.sessions[index].id.clone(), active_profile(station, self.world.now(), None)))
    }

    fn power(&self, index: usize) -> Power {
        let plugged = self.world.station_of(index).and_then(|station| station.plugged.as_ref());
        plugged.map_or(Power::ZERO, |plugged| plugged.draw.power_w)
    }

    fn session(&self, index: usize) -> Session {
        let (plan, left_at) = (&self.scenario.sessions[index], self.told[index].left_at);
        let status = if left_at.is_some() { SessionStatus::Completed } else { SessionStatus::Active };
        Session {
            key: SessionKey { partner: service(), party: self.offer.party.clone(), id: plan.id.clone() },
            status,
            location_id: self.offer.location.id.clone(),
            evse_uid: Some(plan.evse_uid.clone()),
            connector_id: Some(CONNECTOR.to_owned()),
            started_at: plan.arrival,
            ended_at: left_at,
            energy_wh: self.world.energy_of(index),
            power_w: Some(self.power(index)),
            state_of_charge: None,
            last_updated: left_at.unwrap_or_else(|| self.world.now()),
        }
    }
}

#[cfg(test)]
mod tests;
