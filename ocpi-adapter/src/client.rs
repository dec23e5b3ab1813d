//! Calls to a partner.

use std::sync::Arc;

use axum::http::Method;
use chrono::{DateTime, Utc};
use headroom_domain::location::Location;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer};
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_domain::{PartnerId, PartyId};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::exchange::{Answer, Call, Routing};
use crate::partner::{Interface, Link, Module, Partner};
use crate::platform::{Platform, lift_interface, lift_module};
use crate::wire::preferences::ChargingPreferencesResponse;
use crate::{envelope, lift, lower};

mod error;
mod pages;
mod profiles;

pub use error::LinkError;
pub use pages::{PageCursor, Pages, PulledPage};

/// Calls to one partner. Each looks at the link anew; without one it fails with [`LinkError::NotRegistered`].
#[derive(Clone)]
pub struct Client {
    platform: Platform,
    partner: PartnerId,
}

impl Client {
    pub(crate) fn new(platform: Platform, partner: PartnerId) -> Self {
        Self { platform, partner }
    }

    /// Returns the locations of a CPO, changed since an instant.
    pub fn pull_locations(&self, since: Option<DateTime<Utc>>) -> Pages<Location> {
        Pages::new(self.clone(), Module::Locations, since, lower::location::location)
    }

    /// Returns the tariffs of a CPO, changed since an instant.
    pub fn pull_tariffs(&self, since: Option<DateTime<Utc>>) -> Pages<Tariff> {
        Pages::new(self.clone(), Module::Tariffs, since, lower::tariff::tariff)
    }

    /// Returns the sessions of a CPO, changed since an instant.
    pub fn pull_sessions(&self, since: DateTime<Utc>) -> Pages<Session> {
        Pages::new(self.clone(), Module::Sessions, Some(since), lower::session::session)
    }

    /// Pushes a location, as its CPO.
    pub async fn put_location(&self, location: &Location) -> Result<(), LinkError> {
        let body = lift::location(location);
        self.push(Method::PUT, Module::Locations, &location.party, &location.id, &body).await
    }

    /// Pushes a tariff, as its CPO.
    pub async fn put_tariff(&self, tariff: &Tariff) -> Result<(), LinkError> {
        self.push(Method::PUT, Module::Tariffs, &tariff.party, &tariff.id, &lift::tariff(tariff)).await
    }

    /// Pushes a whole session, as its CPO. The receiver forgets the charging periods it had.
    pub async fn put_session(&self, session: &Session) -> Result<(), LinkError> {
        let body = lift::session(session);
        self.push(Method::PUT, Module::Sessions, &session.key.party, &session.key.id, &body).await
    }

    /// Pushes what may have changed of a session, as its CPO, with one more charging period.
    pub async fn patch_session(&self, session: &Session) -> Result<(), LinkError> {
        let body = lift::session_patch(session);
        self.push(Method::PATCH, Module::Sessions, &session.key.party, &session.key.id, &body).await
    }

    /// Sends what a driver said of a session, as its eMSP.
    pub async fn put_charging_preferences(
        &self,
        session_id: &str,
        preference: &ChargingPreference,
    ) -> Result<PreferenceAnswer, LinkError> {
        let target = self.target(&Module::Sessions, Interface::Sender)?;
        let url = target.below([session_id, "charging_preferences"]);
        let body = write(&lift::preference(preference))?;
        let answer = self.send(&target, Method::PUT, &url, None, Some(body)).await?;
        let unreadable = LinkError::Unreadable {
            method: "PUT".to_owned(),
            url: url.to_string(),
            problem: "data is no answer to a preference".to_owned(),
        };
        let data = envelope::single(answer.success()?);
        let answer = serde_json::from_value::<ChargingPreferencesResponse>(data).ok();
        answer.and_then(|answer| lower::preference::answer(&answer)).ok_or(unreadable)
    }

    /// Pushes an object that we own.
    async fn push(
        &self,
        method: Method,
        module: Module,
        owner: &PartyId,
        id: &str,
        object: &impl Serialize,
    ) -> Result<(), LinkError> {
        let target = self.target(&module, Interface::Receiver)?;
        let url = target.below([owner.country_code(), owner.party_id(), id]);
        self.send(&target, method, &url, None, Some(write(object)?)).await?.success().map(drop)
    }

    /// Finds where a module of the partner is reached.
    fn target(&self, module: &Module, interface: Interface) -> Result<Target, LinkError> {
        let partner = self.registered()?;
        let url = partner.link().and_then(|link| link.endpoint(module, interface)).cloned();
        let url = url.ok_or_else(|| LinkError::NoEndpoint {
            partner: self.partner.clone(),
            endpoint: format!("{} as {}", lift_module(module).as_str(), lift_interface(interface).as_str()),
        })?;
        Ok(Target { partner, url })
    }

    fn registered(&self) -> Result<Arc<Partner>, LinkError> {
        let partner = self.platform.shared(&self.partner).filter(|partner| partner.link().is_some());
        partner.ok_or_else(|| LinkError::NotRegistered(self.partner.clone()))
    }

    /// Sends a request of a functional module to a party, or to the partner's first one.
    async fn send(
        &self,
        target: &Target,
        method: Method,
        url: &Url,
        to: Option<&PartyId>,
        body: Option<Value>,
    ) -> Result<Answer, LinkError> {
        let link = target.link().ok_or_else(|| LinkError::NotRegistered(self.partner.clone()))?;
        let first = || link.parties.first().map(|known| known.party.clone());
        let routing = Routing { to: to.cloned().or_else(first), from: self.platform.config().party.clone() };
        let (token, form) = (&link.token_sent, target.partner.dialect.token_form);
        self.platform.exchange().send(Call { method, url, token, form, routing: Some(routing), body }).await
    }
}

/// Where a request goes.
struct Target {
    partner: Arc<Partner>,
    url: Url,
}

impl Target {
    fn link(&self) -> Option<&Link> {
        self.partner.link()
    }

    fn below<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        crate::platform::below(&self.url, segments)
    }
}

fn write(body: &impl Serialize) -> Result<Value, LinkError> {
    serde_json::to_value(body).map_err(|error| LinkError::Unsendable(error.to_string()))
}
