//! What a smart charging service takes, interest by interest.

use headroom_domain::PartnerId;
use headroom_domain::location::Location;
use headroom_domain::preference::ChargingPreference;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use serde_json::Value;

use super::Scsp;
use crate::hosts::{
    CdrReceiver, HostError, ObjectKey, ObjectKind, ObjectReceiver, Outcome, PreferenceReceiver, PreferenceReply,
    ProfileSender, ScspHost, TokenReceiver,
};
use crate::received::{Received, Rejected};
use crate::roaming::{Cdr, CdrKey, Token, TokenKey};
use crate::station::{ProfileResult, StationProfile};

impl<H: ScspHost> ObjectReceiver for Scsp<H> {
    fn stored(&self, key: &ObjectKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send {
        self.host.stored(key)
    }

    fn put_location(&self, location: Received<Location>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        self.host.put_location(location)
    }

    fn put_session(&self, session: Received<Session>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        self.host.put_session(session)
    }

    fn put_tariff(&self, tariff: Received<Tariff>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        self.host.put_tariff(tariff)
    }

    fn delete_tariff(&self, key: &ObjectKey) -> impl Future<Output = Result<bool, HostError>> + Send {
        self.host.delete_tariff(key)
    }

    fn rejected(
        &self,
        partner: &PartnerId,
        kind: ObjectKind,
        rejected: Rejected,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        self.host.rejected(partner, kind, rejected)
    }
}

impl<H: ScspHost> CdrReceiver for Scsp<H> {
    fn cdr(&self, key: &CdrKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send {
        self.host.cdr(key)
    }

    fn put_cdr(&self, cdr: Received<Cdr>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        self.host.put_cdr(cdr)
    }

    fn rejected_cdr(
        &self,
        partner: &PartnerId,
        rejected: Rejected,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        self.host.rejected(partner, ObjectKind::Cdr, rejected)
    }
}

impl<H: ScspHost> ProfileSender for Scsp<H> {
    fn profile_result(
        &self,
        partner: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        profile: Option<StationProfile>,
    ) -> impl Future<Output = Result<bool, HostError>> + Send {
        self.host.profile_result(partner, request_id, result, profile)
    }

    fn active_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
    ) -> impl Future<Output = Result<bool, HostError>> + Send {
        self.host.active_profile(partner, session_id, profile)
    }
}

impl<H: ScspHost> TokenReceiver for Scsp<H> {
    fn token(&self, key: &TokenKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send {
        self.host.token(key)
    }

    fn put_token(&self, token: Received<Token>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        self.host.put_token(token)
    }

    fn rejected_token(
        &self,
        partner: &PartnerId,
        rejected: Rejected,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        self.host.rejected(partner, ObjectKind::Token, rejected)
    }
}

impl<H: ScspHost> PreferenceReceiver for Scsp<H> {
    fn put_preference(
        &self,
        partner: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> impl Future<Output = Result<PreferenceReply, HostError>> + Send {
        self.host.put_preference(partner, session_id, preference)
    }
}
