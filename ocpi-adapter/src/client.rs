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

use crate::exchange::{Answer, Call, masked};
use crate::partner::{Interface, Link, Module, Partner};
use crate::platform::{Platform, lift_interface, lift_module};
use crate::wire::preferences::ChargingPreferencesResponse;
use crate::{envelope, lift, lower};

mod cdrs;
mod clients;
mod commands;
mod error;
mod pages;
mod profiles;
mod routing;
mod tokens;

use routing::Recipient;

pub use error::{HubProblem, LinkError};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use pages::linked;
pub use pages::{PageCursor, Pages, PulledPage};
pub(crate) use pages::{objects as objects_of, total as total_of};
pub(crate) use routing::{fits, may_be_broadcast};

/// Calls to one partner. Each looks at the link anew; without one it fails with [`LinkError::NotRegistered`].
///
/// Calls go to the partner's first party whose role fits. [`Client::to`], [`Client::broadcast`] and [`Client::open`]
/// choose others.
#[derive(Clone)]
pub struct Client {
    platform: Platform,
    partner: PartnerId,
    recipient: Recipient,
}

impl Client {
    pub(crate) fn new(platform: Platform, partner: PartnerId) -> Self {
        Self { platform, partner, recipient: Recipient::Fitting }
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
        let version = self.registered()?.link().map(|link| link.version).unwrap_or_default();
        let body = lift::tariff(tariff, version);
        self.push(Method::PUT, Module::Tariffs, &tariff.party, &tariff.id, &body).await
    }

    /// Takes a tariff back, as its CPO. No connector should refer to it any more.
    pub async fn delete_tariff(&self, owner: &PartyId, id: &str) -> Result<(), LinkError> {
        let target = self.target(&Module::Tariffs, Interface::Receiver)?;
        let url = target.below([owner.country_code(), owner.party_id(), id]);
        self.send(&target, Method::DELETE, &url, None, None).await?.success().map(drop)
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
            url: masked(&url),
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
        Ok(Target { partner, module: module.clone(), interface, url })
    }

    /// Finds where an answer that comes later goes.
    fn callback(&self, module: Module, response_url: &str) -> Result<Target, LinkError> {
        let url = Url::parse(response_url)
            .map_err(|error| LinkError::Unsendable(format!("response_url {response_url:?}: {error}")))?;
        Ok(Target { partner: self.registered()?, module, interface: Interface::Sender, url })
    }

    fn registered(&self) -> Result<Arc<Partner>, LinkError> {
        let partner = self.platform.shared(&self.partner).filter(|partner| partner.link().is_some());
        partner.ok_or_else(|| LinkError::NotRegistered(self.partner.clone()))
    }

    /// Sends a request to a party, or to whom the client is for.
    async fn send(
        &self,
        target: &Target,
        method: Method,
        url: &Url,
        to: Option<&PartyId>,
        body: Option<Value>,
    ) -> Result<Answer, LinkError> {
        let link = target.link().ok_or_else(|| LinkError::NotRegistered(self.partner.clone()))?;
        let routing = self.routing(target, link, &method, to)?;
        let (token, partner) = (&link.token_sent, &*target.partner);
        let tokens = target.module == Module::Tokens;
        self.platform.exchange().send(Call { method, url, token, partner, routing, body, tokens }).await
    }
}

/// Where a request goes.
struct Target {
    partner: Arc<Partner>,
    module: Module,
    interface: Interface,
    url: Url,
}

impl Target {
    fn link(&self) -> Option<&Link> {
        self.partner.link()
    }

    fn below<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let end = self.partner.dialect.trailing_slash.then_some("");
        crate::platform::below(&self.url, segments.into_iter().chain(end))
    }
}

fn write(body: &impl Serialize) -> Result<Value, LinkError> {
    serde_json::to_value(body).map_err(|error| LinkError::Unsendable(error.to_string()))
}
