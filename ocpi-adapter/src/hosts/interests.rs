//! One trait for each thing that a host may take, so that roles share what they have in common.

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
use crate::station::{ProfileResult, Receipt, StationProfile};

/// Takes the locations, sessions and tariffs of CPOs. Every write is durable before it returns.
pub trait ObjectReceiver: Send + Sync + 'static {
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
    /// Unless overridden, nobody remembers it.
    fn rejected(
        &self,
        partner: &PartnerId,
        kind: ObjectKind,
        rejected: Rejected,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        let _ = (partner, kind, rejected);
        ready(Ok(()))
    }
}

/// Takes drivers' tokens of eMSPs.
pub(crate) trait TokenReceiver: Send + Sync + 'static {
    /// Returns a token as last put: `Received::raw`.
    fn token(&self, key: &TokenKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send;

    /// Stores a token unless a newer one is there.
    fn put_token(&self, token: Received<Token>) -> impl Future<Output = Result<Outcome, HostError>> + Send;

    /// Is told of a token that was pushed and could not be read. Unless overridden, nobody remembers it.
    fn rejected_token(
        &self,
        partner: &PartnerId,
        rejected: Rejected,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        let _ = (partner, rejected);
        ready(Ok(()))
    }
}

/// Takes charge detail records of CPOs.
pub trait CdrReceiver: Send + Sync + 'static {
    /// Returns a charge detail record as posted: `Received::raw`.
    fn cdr(&self, key: &CdrKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send;

    /// Stores a charge detail record.
    fn put_cdr(&self, cdr: Received<Cdr>) -> impl Future<Output = Result<Outcome, HostError>> + Send;

    /// Is told of a charge detail record that was posted and could not be read: the partner is answered 2001. Unless
    /// overridden, nobody remembers it.
    fn rejected_cdr(
        &self,
        partner: &PartnerId,
        rejected: Rejected,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        let _ = (partner, rejected);
        ready(Ok(()))
    }
}

/// Takes what drivers say of sessions.
pub(crate) trait PreferenceReceiver: Send + Sync + 'static {
    /// Takes what a driver said of a session.
    fn put_preference(
        &self,
        partner: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> impl Future<Output = Result<PreferenceReply, HostError>> + Send;
}

/// Takes charging profiles for sessions: a CPO, or an eMSP that stands before its CPOs (OCPI 2.2.1 §14.1.3). Unless
/// overridden, none is supported.
pub trait ProfileReceiver: Send + Sync + 'static {
    /// Takes a profile for a session. The station's result goes to `response_url` later
    /// ([`crate::Client::post_profile_result`]).
    fn set_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send {
        let _ = (partner, session_id, profile, response_url);
        ready(Ok(Receipt::NOT_SUPPORTED))
    }

    /// Clears the profile of a session.
    fn clear_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send {
        let _ = (partner, session_id, response_url);
        ready(Ok(Receipt::NOT_SUPPORTED))
    }

    /// Is asked for the active profile of a session over the coming seconds
    /// ([`crate::Client::post_active_profile_result`]).
    fn get_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        duration_s: u32,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send {
        let _ = (partner, session_id, duration_s, response_url);
        ready(Ok(Receipt::NOT_SUPPORTED))
    }
}

/// Sets charging profiles and takes what becomes of them.
pub trait ProfileSender: Send + Sync + 'static {
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
}
