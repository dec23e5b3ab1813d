//! What OCPI partners send.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::PartnerId;
use headroom_domain::location::Location;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer, ProfileType};
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_ocpi_adapter::roaming::{Cdr, CdrKey, Token, TokenKey};
use headroom_ocpi_adapter::{
    HostError, ObjectKey, ObjectKind, Outcome, PreferenceReply, ProfileResult, Received, Rejected, ScspHost,
    StationProfile,
};
use serde_json::Value;
use tracing::{debug, info, warn};

use crate::control::{Context, SiteContext, agrees, station_state};
use crate::findings::example_id;
use crate::store::{self, Content, Kind, ProfileRequest, RequestState, Saved, StationReport};

mod billing;
mod keeper;
mod roaming;

pub use keeper::KeptPartners;

/// How long the word of a station holds that does not say until when.
const REPORT_HOLDS: TimeDelta = TimeDelta::hours(1);
/// Answers partners from the record.
pub struct PartnerEdge {
    context: Arc<Context>,
}

impl PartnerEdge {
    /// Makes the edge.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Keeps an object that could not be read, with what is wrong with it.
    pub async fn keep_rejected(&self, partner: &PartnerId, kind: Kind, rejected: &Rejected) -> Result<(), HostError> {
        warn!(%partner, module = kind.module(), reason = rejected.reason(), "an object could not be read and is left out");
        Ok(self.context.store.save_rejected(partner, kind, rejected, self.context.clock.now()).await?)
    }

    async fn save<T: serde::Serialize>(
        &self,
        key: store::ObjectKey<'_>,
        received: &Received<T>,
        last_updated: DateTime<Utc>,
        open: bool,
    ) -> Result<Outcome, HostError> {
        self.context.heard(key.partner).await?;
        if !received.warnings.is_empty() {
            let (partner, module, warnings) = (key.partner, key.kind.module(), received.warnings.len());
            debug!(%partner, module, id = example_id(module, &received.raw), warnings, "not as the standard has it");
        }
        let content = Content {
            last_updated,
            open,
            value: &received.value,
            raw: &received.raw,
            warnings: &received.warnings,
            received_at: self.context.clock.now(),
        };
        Ok(match self.context.store.save_object(key, content).await? {
            Saved::Created => Outcome::Created,
            Saved::Updated => Outcome::Updated,
            Saved::Stale => Outcome::Stale,
        })
    }

    /// Finds the one open or closed session that an id means, for a caller that names no owner.
    async fn session_named(&self, partner: &PartnerId, id: &str) -> Result<Option<Session>, HostError> {
        let mut found = self.context.store.sessions_by_id(id).await?;
        if found.iter().any(|session| session.key.partner == *partner) {
            found.retain(|session| session.key.partner == *partner);
        }
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    async fn takes_preferences(&self, session: &Session) -> Result<bool, HostError> {
        let key = store::ObjectKey {
            partner: &session.key.partner,
            kind: Kind::Location,
            party: &session.key.party,
            id: &session.location_id,
        };
        let location: Option<Location> = self.context.store.object(key).await?;
        let evse = location.as_ref().zip(session.evse_uid.as_deref()).and_then(|(location, uid)| location.evse(uid));
        Ok(evse.is_some_and(|evse| evse.takes_preferences))
    }
}

impl ScspHost for PartnerEdge {
    async fn stored(&self, key: &ObjectKey) -> Result<Option<Value>, HostError> {
        Ok(self.context.store.raw_object(object_key(key)).await?)
    }

    async fn put_location(&self, location: Received<Location>) -> Result<Outcome, HostError> {
        let Location { partner, party, id, last_updated, .. } = &location.value;
        let key = store::ObjectKey { partner, kind: Kind::Location, party, id };
        let outcome = self.save(key, &location, *last_updated, true).await?;
        self.context.wake.replan();
        Ok(outcome)
    }

    async fn put_session(&self, session: Received<Session>) -> Result<Outcome, HostError> {
        let Session { key, last_updated, status, power_w, .. } = &session.value;
        let object = store::ObjectKey { partner: &key.partner, kind: Kind::Session, party: &key.party, id: &key.id };
        let before: Option<Session> = self.context.store.object(object).await?;
        let outcome = self.save(object, &session, *last_updated, !status.is_over()).await?;
        if outcome == Outcome::Stale {
            return Ok(outcome);
        }
        if let Some(power) = power_w {
            self.context.store.save_session_power(&key.session_id(), *last_updated, *power).await?;
        }
        if before.is_none_or(|before| before.status != *status || before.evse_uid != session.value.evse_uid) {
            info!(session = %key, ?status, "session changed");
            self.context.wake.replan();
        }
        self.context.changed();
        Ok(outcome)
    }

    async fn put_tariff(&self, tariff: Received<Tariff>) -> Result<Outcome, HostError> {
        let Tariff { partner, party, id, last_updated, .. } = &tariff.value;
        let key = store::ObjectKey { partner, kind: Kind::Tariff, party, id };
        let outcome = self.save(key, &tariff, *last_updated, true).await?;
        self.context.wake.replan();
        Ok(outcome)
    }

    async fn delete_tariff(&self, key: &ObjectKey) -> Result<bool, HostError> {
        Ok(self.context.store.delete_object(object_key(key)).await?)
    }

    async fn put_preference(
        &self,
        partner: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> Result<PreferenceReply, HostError> {
        let Some(session) = self.session_named(partner, session_id).await? else {
            return Ok(PreferenceReply::UnknownSession);
        };
        if !self.takes_preferences(&session).await? {
            return Ok(PreferenceReply::NotCapable);
        }
        let answer = answer(&session, &preference);
        if answer == PreferenceAnswer::Accepted {
            self.context.store.save_preference(&session.key.session_id(), &preference).await?;
            self.context.wake.replan();
        }
        info!(session = %session.key, ?answer, "driver's preference");
        Ok(PreferenceReply::Answer(answer))
    }

    async fn profile_result(
        &self,
        partner: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        profile: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        self.context.heard(partner).await?;
        let (state, detail) = match result {
            ProfileResult::Accepted => (RequestState::InForce, "accepted by the station"),
            ProfileResult::Rejected => (RequestState::Refused, "refused by the station"),
            ProfileResult::Unknown => (RequestState::Refused, "not known to the station"),
        };
        let (store, now) = (&self.context.store, self.context.clock.now());
        let settled = store.settle_request(request_id, Some(partner), state, now, detail).await?;
        if settled.is_none() && !store.request_is_known(request_id, partner).await? {
            return self.query_result(partner, request_id, result, profile).await;
        }
        match (settled, state) {
            (None, _) => {}
            (Some(request), RequestState::InForce) if request.state == RequestState::Unknown => {
                warn!(session = %request.session, "the station took an older profile after a newer one; it is told again");
                self.context.wake.replan();
            }
            (Some(_), RequestState::InForce) => self.context.wake.dispatch(),
            (Some(request), _) => {
                warn!(session = %request.session, "the station refused a profile; others give way");
                self.context.wake.replan();
            }
        }
        self.context.changed();
        Ok(true)
    }

    async fn active_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
    ) -> Result<bool, HostError> {
        self.context.heard(partner).await?;
        let Some(session) = self.session_named(partner, session_id).await? else { return Ok(false) };
        self.take_report(&session, &profile).await?;
        Ok(true)
    }

    async fn rejected(&self, partner: &PartnerId, kind: ObjectKind, rejected: Rejected) -> Result<(), HostError> {
        self.context.heard(partner).await?;
        self.keep_rejected(partner, kind_of(kind), &rejected).await
    }

    async fn cdr(&self, key: &CdrKey) -> Result<Option<Value>, HostError> {
        Ok(self.context.store.raw_object(roaming::cdr_key(key)).await?)
    }

    async fn put_cdr(&self, cdr: Received<Cdr>) -> Result<Outcome, HostError> {
        self.keep_cdr(cdr).await
    }

    async fn token(&self, key: &TokenKey) -> Result<Option<Value>, HostError> {
        let id = roaming::token_id(key);
        Ok(self.context.store.raw_object(roaming::token_key(key, &id)).await?)
    }

    async fn put_token(&self, token: Received<Token>) -> Result<Outcome, HostError> {
        self.keep_token(&token).await
    }
}

impl PartnerEdge {
    /// Takes the answer to a question for the profile that a station obeys; false when it was not asked.
    async fn query_result(
        &self,
        partner: &PartnerId,
        query_id: &str,
        result: ProfileResult,
        profile: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        let answered = self.context.store.answer_query(query_id, partner, self.context.clock.now()).await?;
        let Some((session, first)) = answered else { return Ok(false) };
        let session = if first { self.context.store.session(&session).await? } else { None };
        let profile = profile.filter(|_| result == ProfileResult::Accepted);
        if let Some((session, profile)) = session.zip(profile) {
            self.take_report(&session, &profile).await?;
        }
        Ok(true)
    }

    /// Takes a station's word for what it does. It is the truth, whether above or below what the station was told.
    async fn take_report(&self, session: &Session, profile: &StationProfile) -> Result<(), HostError> {
        let context = &self.context;
        let site = context.sites.iter().find(|site| site.hosts(session));
        let Some((site, evse)) = site.and_then(|site| site.evse(session).map(|evse| (site, evse))) else {
            return Ok(());
        };
        let Some(reported) = profile.at_connector(&SiteContext::connector(evse)?) else { return Ok(()) };
        let now = context.clock.now();
        let report = StationReport { at: now, until: profile.end.unwrap_or(now + REPORT_HOLDS), profile: reported };
        if report.until <= now {
            return Ok(());
        }
        let id = session.key.session_id();
        let requests = context.store.requests_of(&id).await?;
        match Word::of(&requests, &report) {
            Word::Early => {}
            Word::AsTold => context.store.forget_station_report(&id).await?,
            Word::Silent(silent) => {
                let detail = "seen in the active profile";
                context.store.settle_request(&silent.id, None, RequestState::InForce, now, detail).await?;
                context.wake.dispatch();
            }
            Word::News => {
                let state = station_state(&requests.iter().collect::<Vec<_>>(), None, site.site.station_default(evse)?);
                let told = state.belief.acknowledged.map_or(state.belief.fallback_w, |told| told.limit_at(now));
                let reported = report.profile.limit_at(now);
                info!(session = %session.key, %reported, %told, "a station says what it does");
                context.store.save_station_report(&id, &report).await?;
                context.wake.replan();
            }
        }
        context.changed();
        Ok(())
    }
}

/// What a station's word says about what it was told.
enum Word<'a> {
    /// It does what it is just being told; the result of that is on its way.
    Early,
    /// It does what it was told, and nothing is in doubt.
    AsTold,
    /// It does what it was told and never answered.
    Silent(&'a ProfileRequest),
    /// It does something else, or settles a doubt.
    News,
}

impl<'a> Word<'a> {
    fn of(requests: &'a [ProfileRequest], report: &StationReport) -> Self {
        let says = |request: &&ProfileRequest| agrees(&request.profile, report);
        let newest = |state| requests.iter().rfind(|request| request.state == state);
        let as_told = newest(RequestState::InForce).as_ref().is_some_and(says);
        let silent = newest(RequestState::Unknown);
        let mut under_way = requests.iter().filter(|request| {
            request.sent_at.is_some() && matches!(request.state, RequestState::Created | RequestState::Waiting)
        });
        match silent {
            _ if !as_told && under_way.any(|request| says(&request)) => Self::Early,
            Some(silent) if !as_told && says(&silent) => Self::Silent(silent),
            None if as_told => Self::AsTold,
            _ => Self::News,
        }
    }
}

/// Judges a preference by what can be done with it.
fn answer(session: &Session, preference: &ChargingPreference) -> PreferenceAnswer {
    let past = preference.departure.is_some_and(|departure| departure <= preference.stated_at);
    match preference.profile_type {
        _ if session.status.is_over() || past => PreferenceAnswer::NotPossible,
        // There is no carbon signal to steer by.
        ProfileType::Green => PreferenceAnswer::ProfileTypeNotSupported,
        ProfileType::Cheap if preference.departure.is_none() => PreferenceAnswer::DepartureRequired,
        _ => PreferenceAnswer::Accepted,
    }
}

fn object_key(key: &ObjectKey) -> store::ObjectKey<'_> {
    store::ObjectKey { partner: &key.partner, kind: kind_of(key.kind), party: &key.party, id: &key.id }
}

fn kind_of(kind: ObjectKind) -> Kind {
    match kind {
        ObjectKind::Location => Kind::Location,
        ObjectKind::Session => Kind::Session,
        ObjectKind::Tariff => Kind::Tariff,
        ObjectKind::Cdr => Kind::Cdr,
        ObjectKind::Token => Kind::Token,
    }
}
