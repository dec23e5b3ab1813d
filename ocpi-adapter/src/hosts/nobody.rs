//! A host that takes nothing and has nothing.

use headroom_domain::PartnerId;
use headroom_domain::location::Location;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use serde_json::Value;

use super::{
    CdrReceiver, CommandSender, HostError, ObjectKey, ObjectReceiver, Outcome, Page, PageQuery, ProfileReceiver,
    ProfileSender, TokenSender,
};
use crate::received::Received;
use crate::roaming::{AuthorizationAsked, AuthorizationReply, Cdr, CdrKey, CommandOutcome, Token};
use crate::station::{ProfileResult, StationProfile};

/// An eMSP that only asks: what it is told it does not keep, and it has nothing to tell. For virtual partners.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl ObjectReceiver for Nobody {
    async fn stored(&self, _: &ObjectKey) -> Result<Option<Value>, HostError> {
        Ok(None)
    }

    async fn put_location(&self, _: Received<Location>) -> Result<Outcome, HostError> {
        Ok(Outcome::Updated)
    }

    async fn put_session(&self, _: Received<Session>) -> Result<Outcome, HostError> {
        Ok(Outcome::Updated)
    }

    async fn put_tariff(&self, _: Received<Tariff>) -> Result<Outcome, HostError> {
        Ok(Outcome::Updated)
    }

    async fn delete_tariff(&self, _: &ObjectKey) -> Result<bool, HostError> {
        Ok(false)
    }
}

impl CdrReceiver for Nobody {
    async fn cdr(&self, _: &CdrKey) -> Result<Option<Value>, HostError> {
        Ok(None)
    }

    async fn put_cdr(&self, _: Received<Cdr>) -> Result<Outcome, HostError> {
        Ok(Outcome::Updated)
    }
}

impl TokenSender for Nobody {
    async fn tokens(&self, query: PageQuery) -> Result<Page<Token>, HostError> {
        Ok(Page::cut(Vec::new(), &query))
    }

    async fn authorize(&self, _: &PartnerId, _: AuthorizationAsked) -> Result<AuthorizationReply, HostError> {
        Ok(AuthorizationReply::UnknownToken)
    }
}

impl CommandSender for Nobody {
    async fn command_outcome(&self, _: &PartnerId, _: &str, _: CommandOutcome) -> Result<bool, HostError> {
        Ok(false)
    }
}

impl ProfileReceiver for Nobody {}

impl ProfileSender for Nobody {
    async fn profile_result(
        &self,
        _: &PartnerId,
        _: &str,
        _: ProfileResult,
        _: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        Ok(false)
    }

    async fn active_profile(&self, _: &PartnerId, _: &str, _: StationProfile) -> Result<bool, HostError> {
        Ok(false)
    }
}
