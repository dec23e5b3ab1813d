//! What OCPI partners send.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use headroom_domain::location::Location;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer, ProfileType};
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_domain::{PartnerId, Power};
use headroom_ocpi_adapter::{
    HostError, ObjectKey, ObjectKind, Outcome, Partner, PartnerStore, PreferenceReply, ProfileResult, Received,
    ScspHost, StationProfile, Warning,
};
use serde_json::Value;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::control::{Context, SiteContext, station_state};
use crate::store::{self, Content, Kind, RequestState, Saved, Store};

/// How far a station's word may lie above what it was told before it is taken as news. **Units**: W.
const REPORTED_TOLERANCE_W: f64 = 100.0;

/// Answers partners from the record.
pub struct PartnerEdge(Arc<Context>);

impl PartnerEdge {
    /// Makes the edge.
    pub fn new(context: Arc<Context>) -> Self {
        Self(context)
    }

    async fn save<T: serde::Serialize>(
        &self,
        key: store::ObjectKey<'_>,
        received: &Received<T>,
        last_updated: DateTime<Utc>,
        open: bool,
    ) -> Result<Outcome, HostError> {
        let warnings = readable(key, &received.warnings);
        let content = Content { last_updated, open, value: &received.value, raw: &received.raw, warnings: &warnings };
        Ok(match self.0.store.save_object(key, content).await? {
            Saved::Created => Outcome::Created,
            Saved::Updated => Outcome::Updated,
            Saved::Stale => Outcome::Stale,
        })
    }

    /// Finds the one open or closed session that an id means, for a caller that names no owner.
    async fn session_named(&self, partner: &PartnerId, id: &str) -> Result<Option<Session>, HostError> {
        let mut found = self.0.store.sessions_by_id(id).await?;
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
        let location: Option<Location> = self.0.store.object(key).await?;
        let evse = location.as_ref().zip(session.evse_uid.as_deref()).and_then(|(location, uid)| location.evse(uid));
        Ok(evse.is_some_and(|evse| evse.takes_preferences))
    }
}

impl ScspHost for PartnerEdge {
    async fn stored(&self, key: &ObjectKey) -> Result<Option<Value>, HostError> {
        Ok(self.0.store.raw_object(object_key(key)).await?)
    }

    async fn put_location(&self, location: Received<Location>) -> Result<Outcome, HostError> {
        let Location { partner, party, id, last_updated, .. } = &location.value;
        let key = store::ObjectKey { partner, kind: Kind::Location, party, id };
        let outcome = self.save(key, &location, *last_updated, true).await?;
        self.0.wake.replan();
        Ok(outcome)
    }

    async fn put_session(&self, session: Received<Session>) -> Result<Outcome, HostError> {
        let Session { key, last_updated, status, power_w, .. } = &session.value;
        let object = store::ObjectKey { partner: &key.partner, kind: Kind::Session, party: &key.party, id: &key.id };
        let before: Option<Session> = self.0.store.object(object).await?;
        let outcome = self.save(object, &session, *last_updated, !status.is_over()).await?;
        if outcome == Outcome::Stale {
            return Ok(outcome);
        }
        if let Some(power) = power_w {
            self.0.store.save_session_power(&key.session_id(), *last_updated, *power).await?;
        }
        if before.is_none_or(|before| before.status != *status || before.evse_uid != session.value.evse_uid) {
            info!(session = %key, ?status, "session changed");
            self.0.wake.replan();
        }
        self.0.changed();
        Ok(outcome)
    }

    async fn put_tariff(&self, tariff: Received<Tariff>) -> Result<Outcome, HostError> {
        let Tariff { partner, party, id, last_updated, .. } = &tariff.value;
        let key = store::ObjectKey { partner, kind: Kind::Tariff, party, id };
        let outcome = self.save(key, &tariff, *last_updated, true).await?;
        self.0.wake.replan();
        Ok(outcome)
    }

    async fn delete_tariff(&self, key: &ObjectKey) -> Result<bool, HostError> {
        Ok(self.0.store.delete_object(object_key(key)).await?)
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
            self.0.store.save_preference(&session.key.session_id(), &preference).await?;
            self.0.wake.replan();
        }
        info!(session = %session.key, ?answer, "driver's preference");
        Ok(PreferenceReply::Answer(answer))
    }

    async fn profile_result(
        &self,
        partner: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        _profile: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        if !self.0.store.request_is_known(request_id, partner).await? {
            return Ok(false);
        }
        let state = match result {
            ProfileResult::Accepted => RequestState::InForce,
            ProfileResult::Rejected | ProfileResult::Unknown => RequestState::Refused,
        };
        let detail = if state == RequestState::InForce { "accepted by the station" } else { "refused by the station" };
        let settled = self.0.store.settle_request(request_id, state, self.0.clock.now(), detail).await?;
        match (settled, state) {
            (None, _) => {}
            (Some(_), RequestState::InForce) => self.0.wake.dispatch(),
            (Some(request), _) => {
                warn!(session = %request.session, "the station refused a profile; others give way");
                self.0.wake.replan();
            }
        }
        self.0.changed();
        Ok(true)
    }

    async fn active_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
    ) -> Result<bool, HostError> {
        let Some(session) = self.session_named(partner, session_id).await? else { return Ok(false) };
        let site = self.0.sites.iter().find(|site| site.hosts(&session));
        let Some((site, evse)) = site.and_then(|site| site.evse(&session).map(|evse| (site, evse))) else {
            return Ok(true);
        };
        let Some(reported) = profile.at_connector(&SiteContext::connector(evse)?) else { return Ok(true) };
        let id = session.key.session_id();
        let requests = self.0.store.requests_of(&id).await?;
        let state = station_state(&requests.iter().collect::<Vec<_>>(), site.site.station_default(evse)?);
        let now = self.0.clock.now();
        if reported.limit_at(now) > state.belief.worst_at(now) + Power::from_w(REPORTED_TOLERANCE_W) {
            warn!(session = %session.key, reported = %reported.limit_at(now), "the station allows more than it was told; it is told again");
            self.0.store.note_reported_profile(&id, &reported, now).await?;
            self.0.wake.replan();
        }
        Ok(true)
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
    let kind = match key.kind {
        ObjectKind::Location => Kind::Location,
        ObjectKind::Session => Kind::Session,
        ObjectKind::Tariff => Kind::Tariff,
    };
    store::ObjectKey { partner: &key.partner, kind, party: &key.party, id: &key.id }
}

fn readable(key: store::ObjectKey<'_>, warnings: &[Warning]) -> Vec<String> {
    let lines: Vec<_> =
        warnings.iter().map(|warning| format!("{}: {} (got {})", warning.path, warning.rule, warning.value)).collect();
    for line in &lines {
        warn!(partner = %key.partner, kind = key.kind.as_str(), id = key.id, "{line}");
    }
    lines
}

/// Keeps partners in the record and tells of each that is registered.
pub struct KeptPartners {
    store: Store,
    registered: mpsc::Sender<PartnerId>,
}

impl KeptPartners {
    /// Makes the keeper; ids of partners whose link was made or renewed go to `registered`.
    pub fn new(store: Store, registered: mpsc::Sender<PartnerId>) -> Self {
        Self { store, registered }
    }
}

impl PartnerStore for KeptPartners {
    fn save<'a>(&'a self, partner: &'a Partner) -> BoxFuture<'a, Result<(), HostError>> {
        Box::pin(async move {
            self.store.save_partner(partner.id.as_str(), partner).await?;
            if partner.link().is_some() && self.registered.try_send(partner.id.clone()).is_err() {
                // The queue is full only while a pull of all partners is due anyway.
                info!(partner = %partner.id, "pull is already due");
            }
            Ok(())
        })
    }
}
