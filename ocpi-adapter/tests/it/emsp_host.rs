//! An eMSP that keeps everything in memory. What a smart charging service keeps too, it keeps in the same way.

use headroom_domain::PartnerId;
use headroom_domain::location::Location;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_ocpi_adapter::roaming::{AuthorizationAsked, AuthorizationReply, Cdr, CdrKey, CommandOutcome, Token};
use headroom_ocpi_adapter::{
    CdrReceiver, CommandSender, HostError, ObjectKey, ObjectReceiver, Outcome, Page, PageQuery, ProfileAnswer,
    ProfileReceiver, ProfileResult, ProfileSender, Receipt, Received, ScspHost, StationProfile, TokenSender,
};
use parking_lot::Mutex;
use serde_json::Value;

use crate::hosts::ScspMemory;

/// What an eMSP has and was told.
#[derive(Default)]
pub(crate) struct EmspMemory {
    pub shared: ScspMemory,
    pub tokens: Mutex<Vec<Token>>,
    pub asked: Mutex<Vec<AuthorizationAsked>>,
    /// What is answered to those that ask; an unknown token when not set.
    pub reply: Mutex<Option<AuthorizationReply>>,
    /// Commands that were sent, for which outcomes are taken.
    pub commands: Mutex<Vec<String>>,
    pub outcomes: Mutex<Vec<(PartnerId, String, CommandOutcome)>>,
    /// Profiles that a service set: session, profile, where the result goes.
    pub profiles: Mutex<Vec<(String, StationProfile, String)>>,
}

impl ObjectReceiver for EmspMemory {
    async fn stored(&self, key: &ObjectKey) -> Result<Option<Value>, HostError> {
        self.shared.stored(key).await
    }

    async fn put_location(&self, location: Received<Location>) -> Result<Outcome, HostError> {
        self.shared.put_location(location).await
    }

    async fn put_session(&self, session: Received<Session>) -> Result<Outcome, HostError> {
        self.shared.put_session(session).await
    }

    async fn put_tariff(&self, tariff: Received<Tariff>) -> Result<Outcome, HostError> {
        self.shared.put_tariff(tariff).await
    }

    async fn delete_tariff(&self, key: &ObjectKey) -> Result<bool, HostError> {
        self.shared.delete_tariff(key).await
    }
}

impl CdrReceiver for EmspMemory {
    async fn cdr(&self, key: &CdrKey) -> Result<Option<Value>, HostError> {
        self.shared.cdr(key).await
    }

    async fn put_cdr(&self, cdr: Received<Cdr>) -> Result<Outcome, HostError> {
        self.shared.put_cdr(cdr).await
    }
}

impl ProfileReceiver for EmspMemory {
    async fn set_profile(
        &self,
        _: &PartnerId,
        session_id: &str,
        profile: StationProfile,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        self.profiles.lock().push((session_id.to_owned(), profile, response_url.to_owned()));
        Ok(Receipt { answer: ProfileAnswer::Accepted, timeout_s: 30 })
    }
}

impl ProfileSender for EmspMemory {
    async fn profile_result(
        &self,
        partner: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        profile: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        self.shared.profile_result(partner, request_id, result, profile).await
    }

    async fn active_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
    ) -> Result<bool, HostError> {
        self.shared.active_profile(partner, session_id, profile).await
    }
}

impl TokenSender for EmspMemory {
    async fn tokens(&self, query: PageQuery) -> Result<Page<Token>, HostError> {
        let matching = self.tokens.lock().iter().filter(|found| query.matches(found.last_updated)).cloned().collect();
        Ok(Page::cut(matching, &query))
    }

    async fn authorize(&self, _: &PartnerId, asked: AuthorizationAsked) -> Result<AuthorizationReply, HostError> {
        self.asked.lock().push(asked);
        Ok(self.reply.lock().clone().unwrap_or(AuthorizationReply::UnknownToken))
    }
}

impl CommandSender for EmspMemory {
    async fn command_outcome(
        &self,
        partner: &PartnerId,
        request_id: &str,
        outcome: CommandOutcome,
    ) -> Result<bool, HostError> {
        let known = self.commands.lock().iter().any(|command| command == request_id);
        if known {
            self.outcomes.lock().push((partner.clone(), request_id.to_owned(), outcome));
        }
        Ok(known)
    }
}
