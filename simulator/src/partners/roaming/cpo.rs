//! The charge point operator of a roaming day: stations that obey, drivers who come with a card or are started by an app.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::location::{Connector, Location};
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer};
use headroom_domain::session::{Session, SessionKey, SessionStatus};
use headroom_domain::tariff::{Tariff, UsagePeriod};
use headroom_domain::{Clock, Energy, PartnerId, PartyId, Power};
use headroom_ocpi_adapter::hosts::Asker;
use headroom_ocpi_adapter::roaming::{
    Allowed, Cdr, Command, CommandAnswer, CommandOutcome, CommandReceipt, CommandResult, LocationReference, Token,
    TokenKey, TokenKind, Whitelist,
};
use headroom_ocpi_adapter::{
    Client, CpoHost, HostError, LinkError, Outcome, Page, PageQuery, PreferenceReply, ProfileAnswer, ProfileResult,
    Receipt, Received, StationProfile,
};
use parking_lot::Mutex;
use serde_json::Value;

use super::bill;
use super::{CONNECTOR, Parties, TARIFF};

/// How long results may take.
const TIMEOUT_S: u32 = 60;

/// A vehicle that is there.
#[derive(Debug, Clone)]
pub(super) struct Charging {
    pub(super) session: Session,
    pub(super) token: Token,
    pub(super) by_command: bool,
    pub(super) reference: Option<String>,
    /// What it still wants.
    wanted_wh: Energy,
    /// The most it takes.
    maximum_w: Power,
    profile: Option<StationProfile>,
    pub(super) usage: Vec<UsagePeriod>,
    /// Who has the whole session, and as it was told last.
    told: BTreeMap<PartyId, Session>,
    billed: bool,
}

/// What is to be told by itself.
#[derive(Debug)]
enum Notice {
    Command { response_url: String, outcome: CommandOutcome },
    Profile { response_url: String, result: ProfileResult },
    ActiveAsked { response_url: String, session_id: String },
    Active { session_id: String },
    Preference { session_id: String, preference: ChargingPreference },
    Cdr(Box<Cdr>),
}

#[derive(Debug)]
struct State {
    location: Location,
    tariff: Tariff,
    tokens: BTreeMap<String, (Token, Value)>,
    charging: Vec<Charging>,
    cdrs: Vec<Cdr>,
    notices: Vec<Notice>,
    at: DateTime<Utc>,
}

/// The operator. Clones are the same one.
#[derive(Clone)]
pub struct RoamingCpo {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

impl RoamingCpo {
    pub(super) fn new(location: Location, tariff: Tariff, clock: Arc<dyn Clock>) -> Self {
        let (tokens, at) = (BTreeMap::new(), clock.now());
        let (charging, cdrs, notices) = (Vec::new(), Vec::new(), Vec::new());
        Self { state: Arc::new(Mutex::new(State { location, tariff, tokens, charging, cdrs, notices, at })), clock }
    }

    /// Returns all sessions as they truly are.
    pub fn sessions(&self) -> Vec<Session> {
        self.state.lock().charging.iter().map(|charging| charging.session.clone()).collect()
    }

    /// Returns all charge detail records.
    pub fn records(&self) -> Vec<Cdr> {
        self.state.lock().cdrs.clone()
    }

    /// Returns the most that a session's station allows now; `None` without a profile.
    pub fn limit_of(&self, session_id: &str) -> Option<Power> {
        let state = self.state.lock();
        let charging = state.charging.iter().find(|charging| charging.session.key.id == session_id)?;
        charging.limit_at(&connector_of(&state.location, charging)?, self.clock.now())
    }

    /// A driver holds a card before a station. The eMSP is asked where the card's list does not do.
    pub(super) async fn plug_in(
        &self,
        client: &Client,
        parties: &Parties,
        uid: &str,
        evse: &str,
        wants: Wants,
    ) -> bool {
        let (token, location_id) = {
            let state = self.state.lock();
            (state.tokens.get(uid).map(|(token, _)| token.clone()), state.location.id.clone())
        };
        let place = LocationReference { location_id, evse_uids: vec![evse.to_owned()] };
        let asked = match &token {
            Some(token) if token.whitelist == Whitelist::Always => Ok(None),
            _ => client.to(&parties.emsp).authorize(uid, &TokenKind::Rfid, Some(&place)).await,
        };
        let (allowed, reference) = match (asked, &token) {
            (Ok(Some(answer)), _) => (answer.allowed == Allowed::Allowed, answer.reference),
            // Not asked, or the eMSP knows nothing of it.
            (Ok(None), Some(token)) => (token.valid && token.whitelist == Whitelist::Always, None),
            (Err(_), Some(token)) => (token.valid && token.whitelist == Whitelist::AllowedOffline, None),
            (_, None) => (false, None),
        };
        let Some(token) = token.filter(|_| allowed) else { return false };
        self.state.lock().begin(self.clock.now(), evse, token, false, reference, wants).is_some()
    }

    /// A vehicle leaves.
    pub(super) fn unplug(&self, evse: &str) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let here = state.charging.iter().find(|one| one.is_at(evse)).map(|one| one.session.key.id.clone());
        if let Some(id) = here {
            state.end(&id, now);
        }
    }

    /// Lets the stations go on to now, and tells who is to know.
    pub(super) async fn step(&self, client: &Client, parties: &Parties) {
        let notices = {
            let mut state = self.state.lock();
            state.advance(self.clock.now());
            std::mem::take(&mut state.notices)
        };
        for notice in notices {
            self.tell(client, parties, notice).await;
        }
        for receiver in [&parties.emsp, &parties.scsp] {
            self.push(client, receiver).await;
        }
    }

    /// Says a thing once: OCPI knows no second try.
    async fn tell(&self, client: &Client, parties: &Parties, notice: Notice) {
        let told: Result<(), LinkError> = match notice {
            Notice::Command { response_url, outcome } => client.post_command_outcome(&response_url, &outcome).await,
            Notice::Profile { response_url, result } => client.post_profile_result(&response_url, result).await,
            Notice::ActiveAsked { response_url, session_id } => {
                let profile = self.active_profile(&session_id);
                let result = if profile.is_some() { ProfileResult::Accepted } else { ProfileResult::Unknown };
                client.post_active_profile_result(&response_url, result, profile.as_ref()).await
            }
            Notice::Active { session_id } => match self.active_profile(&session_id) {
                Some(profile) => client.to(&parties.scsp).put_active_profile(&session_id, &profile).await,
                None => Ok(()),
            },
            Notice::Preference { session_id, preference } => {
                client.to(&parties.scsp).put_charging_preferences(&session_id, &preference).await.map(drop)
            }
            Notice::Cdr(cdr) => client.to(&parties.emsp).post_cdr(&cdr).await.map(drop),
        };
        if let Err(error) = told {
            tracing::debug!(%error, "somebody was not told");
        }
    }

    fn active_profile(&self, session_id: &str) -> Option<StationProfile> {
        let state = self.state.lock();
        state.charging.iter().find(|one| one.session.key.id == session_id)?.profile.clone()
    }

    /// Pushes what a receiver does not know yet: whole the first time and after a failure, else what has changed.
    async fn push(&self, client: &Client, receiver: &PartyId) {
        let sessions = self.state.lock().charging.iter().map(|one| one.session.clone()).collect::<Vec<_>>();
        for session in sessions {
            let told = {
                let state = self.state.lock();
                let charging = state.charging.iter().find(|one| one.session.key == session.key);
                charging.and_then(|one| one.told.get(receiver).cloned())
            };
            if told.as_ref() == Some(&session) {
                continue;
            }
            let client = client.to(receiver);
            let pushed =
                if told.is_some() { client.patch_session(&session).await } else { client.put_session(&session).await };
            let mut state = self.state.lock();
            let Some(charging) = state.charging.iter_mut().find(|one| one.session.key == session.key) else { continue };
            match pushed {
                Ok(()) => drop(charging.told.insert(receiver.clone(), session)),
                Err(_) => drop(charging.told.remove(receiver)),
            }
        }
    }
}

/// What a vehicle wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wants {
    pub(super) energy_wh: Energy,
    pub(super) maximum_w: Power,
}

impl Charging {
    fn is_at(&self, evse: &str) -> bool {
        self.session.status == SessionStatus::Active && self.session.evse_uid.as_deref() == Some(evse)
    }

    fn limit_at(&self, connector: &Connector, at: DateTime<Utc>) -> Option<Power> {
        Some(self.profile.as_ref()?.at_connector(connector)?.limit_at(at))
    }

    /// Charges for a while with what is allowed.
    fn charge(&mut self, connector: &Connector, from: DateTime<Utc>, to: DateTime<Utc>) {
        let limit = self.limit_at(connector, from).unwrap_or(connector.maximum_power_w);
        let hours = (to - from).as_seconds_f64() / 3600.0;
        let wish =
            if self.wanted_wh > Energy::ZERO { self.maximum_w.min(connector.maximum_power_w) } else { Power::ZERO };
        let power = wish.min(limit).min(Power::from_w(self.wanted_wh.as_wh() / hours));
        let energy = Energy::from_wh(power.as_w() * hours);
        self.wanted_wh = (self.wanted_wh - energy).or_zero();
        self.session.energy_wh += energy;
        (self.session.power_w, self.session.last_updated) = (Some(power), to);
        let mut period = UsagePeriod::new(from, Some(TARIFF.to_owned()));
        period.energy_wh = energy;
        // A pause that a profile imposes is no parking: the vehicle asks for power (OCPI 2.2.1 §10.4.5).
        *(if wish > Power::ZERO { &mut period.time_h } else { &mut period.parking_h }) = hours;
        self.usage.push(period);
    }
}

fn connector_of(location: &Location, charging: &Charging) -> Option<Connector> {
    location.evse(charging.session.evse_uid.as_deref()?)?.connector(None).cloned()
}

impl State {
    fn advance(&mut self, now: DateTime<Utc>) {
        let (from, location) = (std::mem::replace(&mut self.at, now), self.location.clone());
        if now <= from {
            return;
        }
        for charging in self.charging.iter_mut().filter(|one| one.session.status == SessionStatus::Active) {
            if let Some(connector) = connector_of(&location, charging) {
                charging.charge(&connector, from.max(charging.session.started_at), now);
            }
        }
    }

    fn begin(
        &mut self,
        now: DateTime<Utc>,
        evse: &str,
        token: Token,
        by_command: bool,
        reference: Option<String>,
        wants: Wants,
    ) -> Option<String> {
        if self.location.evse(evse).is_none() || self.charging.iter().any(|one| one.is_at(evse)) {
            return None;
        }
        let id = format!("S{:03}", self.charging.len() + 1);
        let key =
            SessionKey { partner: self.tariff.partner.clone(), party: self.location.party.clone(), id: id.clone() };
        let session = Session {
            key,
            status: SessionStatus::Active,
            location_id: self.location.id.clone(),
            evse_uid: Some(evse.to_owned()),
            connector_id: Some(CONNECTOR.to_owned()),
            started_at: now,
            ended_at: None,
            energy_wh: Energy::ZERO,
            power_w: None,
            state_of_charge: None,
            last_updated: now,
        };
        self.charging.push(Charging {
            session,
            token,
            by_command,
            reference,
            wanted_wh: wants.energy_wh,
            maximum_w: wants.maximum_w,
            profile: None,
            usage: Vec::new(),
            told: BTreeMap::new(),
            billed: false,
        });
        Some(id)
    }

    /// Ends a session and bills it; false when there is none.
    fn end(&mut self, session_id: &str, now: DateTime<Utc>) -> bool {
        self.advance(now);
        let open = |one: &&mut Charging| one.session.key.id == session_id && !one.session.status.is_over();
        let Some(charging) = self.charging.iter_mut().find(open) else { return false };
        (charging.session.status, charging.session.ended_at) = (SessionStatus::Completed, Some(now));
        (charging.session.power_w, charging.session.last_updated) = (None, now);
        if !charging.billed
            && let Some(cdr) = bill::cdr(charging, &self.location, &self.tariff)
        {
            charging.billed = true;
            self.cdrs.push(cdr.clone());
            self.notices.push(Notice::Cdr(Box::new(cdr)));
        }
        true
    }

    fn carry_out(&mut self, command: Command, now: DateTime<Utc>) -> CommandResult {
        match command {
            Command::StartSession(start) => {
                let Some(evse) = start.place.evse_uid else { return CommandResult::Rejected };
                let wants = Wants { energy_wh: Energy::from_kwh(20.0), maximum_w: Power::from_kw(11.0) };
                match self.begin(now, &evse, start.token, true, start.authorization_reference, wants) {
                    Some(_) => CommandResult::Accepted,
                    None => CommandResult::EvseOccupied,
                }
            }
            Command::StopSession { session_id } if self.end(&session_id, now) => CommandResult::Accepted,
            Command::StopSession { .. } => CommandResult::Failed,
            Command::CancelReservation { .. } => CommandResult::UnknownReservation,
            Command::ReserveNow(_) | Command::UnlockConnector { .. } => CommandResult::NotSupported,
        }
    }

    fn ask(
        &mut self,
        session_id: &str,
        ask: impl FnOnce(&mut Charging) -> ProfileResult,
        response_url: &str,
    ) -> Receipt {
        let here = |one: &&mut Charging| one.session.key.id == session_id && !one.session.status.is_over();
        let Some(charging) = self.charging.iter_mut().find(here) else {
            return Receipt { answer: ProfileAnswer::UnknownSession, timeout_s: TIMEOUT_S };
        };
        let result = ask(charging);
        self.notices.push(Notice::Profile { response_url: response_url.to_owned(), result });
        if result == ProfileResult::Accepted {
            self.notices.push(Notice::Active { session_id: session_id.to_owned() });
        }
        Receipt { answer: ProfileAnswer::Accepted, timeout_s: TIMEOUT_S }
    }
}

impl CpoHost for RoamingCpo {
    async fn locations(&self, query: PageQuery) -> Result<Page<Location>, HostError> {
        let location = self.state.lock().location.clone();
        Ok(Page::cut([location].into_iter().filter(|one| query.matches(one.last_updated)).collect(), &query))
    }

    async fn tariffs(&self, query: PageQuery) -> Result<Page<Tariff>, HostError> {
        let tariff = self.state.lock().tariff.clone();
        Ok(Page::cut([tariff].into_iter().filter(|one| query.matches(one.last_updated)).collect(), &query))
    }

    async fn sessions(&self, query: PageQuery) -> Result<Page<Session>, HostError> {
        let sessions = self.sessions().into_iter().filter(|one| query.matches(one.last_updated)).collect();
        Ok(Page::cut(sessions, &query))
    }

    async fn cdrs(&self, query: PageQuery) -> Result<Page<Cdr>, HostError> {
        Ok(Page::cut(self.records().into_iter().filter(|one| query.matches(one.last_updated)).collect(), &query))
    }

    async fn set_profile(
        &self,
        _: &PartnerId,
        session_id: &str,
        profile: StationProfile,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        let mut state = self.state.lock();
        state.advance(self.clock.now());
        let set = |charging: &mut Charging| {
            charging.profile = Some(profile);
            ProfileResult::Accepted
        };
        Ok(state.ask(session_id, set, response_url))
    }

    async fn clear_profile(&self, _: &PartnerId, session_id: &str, response_url: &str) -> Result<Receipt, HostError> {
        let mut state = self.state.lock();
        state.advance(self.clock.now());
        let clear = |charging: &mut Charging| match charging.profile.take() {
            Some(_) => ProfileResult::Accepted,
            None => ProfileResult::Unknown,
        };
        Ok(state.ask(session_id, clear, response_url))
    }

    async fn get_profile(
        &self,
        _: &PartnerId,
        session_id: &str,
        _: u32,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        let mut state = self.state.lock();
        let known = state.charging.iter().any(|one| one.session.key.id == session_id);
        let answer = if known { ProfileAnswer::Accepted } else { ProfileAnswer::UnknownSession };
        if known {
            let (response_url, session_id) = (response_url.to_owned(), session_id.to_owned());
            state.notices.push(Notice::ActiveAsked { response_url, session_id });
        }
        Ok(Receipt { answer, timeout_s: TIMEOUT_S })
    }

    async fn put_preference(
        &self,
        _: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> Result<PreferenceReply, HostError> {
        let mut state = self.state.lock();
        if !state.charging.iter().any(|one| one.session.key.id == session_id && !one.session.status.is_over()) {
            return Ok(PreferenceReply::UnknownSession);
        }
        state.notices.push(Notice::Preference { session_id: session_id.to_owned(), preference });
        Ok(PreferenceReply::Answer(PreferenceAnswer::Accepted))
    }

    async fn token(&self, key: &TokenKey) -> Result<Option<Value>, HostError> {
        Ok(self.state.lock().tokens.get(&key.uid).map(|(_, raw)| raw.clone()))
    }

    async fn put_token(&self, token: Received<Token>) -> Result<Outcome, HostError> {
        let before = self.state.lock().tokens.insert(token.value.key.uid.clone(), (token.value, token.raw));
        Ok(if before.is_some() { Outcome::Updated } else { Outcome::Created })
    }

    async fn command(&self, _: &Asker, command: Command, response_url: &str) -> Result<CommandReceipt, HostError> {
        let receipt = |answer| CommandReceipt { answer, timeout_s: TIMEOUT_S, messages: Vec::new() };
        let mut state = self.state.lock();
        let unknown = |id: &str| !state.charging.iter().any(|one| one.session.key.id == id);
        if matches!(&command, Command::StopSession { session_id } if unknown(session_id)) {
            return Ok(receipt(CommandAnswer::UnknownSession));
        }
        let result = state.carry_out(command, self.clock.now());
        let outcome = CommandOutcome { result, messages: Vec::new() };
        state.notices.push(Notice::Command { response_url: response_url.to_owned(), outcome });
        Ok(receipt(CommandAnswer::Accepted))
    }
}

/// How often the world is looked at.
pub(super) const STEP: TimeDelta = TimeDelta::minutes(5);
