//! A smart charging service.

use std::future::{Future, ready};

use headroom_domain::PartnerId;
use headroom_domain::location::Location;
use headroom_domain::preference::ChargingPreference;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use serde_json::Value;

use super::{HostError, ObjectKey, ObjectKind, Outcome, PreferenceReply};
use crate::received::{Received, Rejected};
use crate::roaming::{Cdr, CdrKey, Token, TokenKey};
use crate::station::{ProfileResult, StationProfile};

/// What a smart charging service does with what partners send. Every write is durable before it returns.
pub trait ScspHost: Send + Sync + 'static {
    /// Returns an object as last put: `Received::raw`.
    fn stored(&self, key: &ObjectKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send;

    /// Stores a location unless a newer one is there.
    fn put_location(&self, location: Received<Location>) -> impl Future<Output = Result<Outcome, HostError>> + Send;

    /// Stores a session unless a newer one is there.
    fn put_session(&self, session: Received<Session>) -> impl Future<Output = Result<Outcome, HostError>> + Send;

    /// Stores a tariff unless a newer one is there.
    fn put_tariff(&self, tariff: Received<Tariff>) -> impl Future<Output = Result<Outcome, HostError>> + Send;

    /// Forgets a tariff; false when there was none.
    fn delete_tariff(&self, key: &ObjectKey) -> impl Future<Output = Result<bool, HostError>> + Send;

    /// Is told of an object, or a part of one, that was pushed and could not be read: the partner is answered 2001.
    fn rejected(
        &self,
        partner: &PartnerId,
        kind: ObjectKind,
        rejected: Rejected,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        let _ = (partner, kind, rejected);
        ready(Ok(()))
    }

    /// Takes what a driver said of a session.
    ///
    /// The URL names no owner (OCPI 2.2.1 §9.2): look first among the sessions of this partner, then, since an eMSP may
    /// speak of a session that its CPO reported, among all; an id that two sessions share is unknown.
    fn put_preference(
        &self,
        partner: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> impl Future<Output = Result<PreferenceReply, HostError>> + Send;

    /// Takes the station's result of a request; false when this partner was never sent such a request.
    ///
    /// It may come before the receipt of the request, late, or twice. `profile` answers a question for the active one.
    fn profile_result(
        &self,
        partner: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        profile: Option<StationProfile>,
    ) -> impl Future<Output = Result<bool, HostError>> + Send;

    /// Takes word that the profile in force at a session's EVSE has changed; false when the session is unknown.
    fn active_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
    ) -> impl Future<Output = Result<bool, HostError>> + Send;

    /// Returns a token as last put: `Received::raw`. Unless overridden, none is kept.
    fn token(&self, key: &TokenKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send {
        let _ = key;
        ready(Ok(None))
    }

    /// Takes a driver's token, for its default preference. Unless overridden, there is no use for it.
    fn put_token(&self, token: Received<Token>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        drop(token);
        ready(Ok(Outcome::Updated))
    }

    /// Returns a charge detail record as posted: `Received::raw`. Unless overridden, none is kept.
    fn cdr(&self, key: &CdrKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send {
        let _ = key;
        ready(Ok(None))
    }

    /// Takes a charge detail record. Unless overridden, there is no use for it.
    fn put_cdr(&self, cdr: Received<Cdr>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        drop(cdr);
        ready(Ok(Outcome::Created))
    }
}
