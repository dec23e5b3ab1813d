//! The modules of a charge point operator.

use std::sync::Arc;

use headroom_domain::PartnerId;
use headroom_domain::preference::ChargingPreference;
use serde_json::Value;

use super::reply::Reply;
use super::request::Incoming;
use super::{Asked, Modules, commands, lists, preferences, profile_requests, tokens};
use crate::hosts::{CpoHost, HostError, Outcome, PreferenceReceiver, PreferenceReply, ProfileReceiver, TokenReceiver};
use crate::received::Received;
use crate::roaming::{Token, TokenKey};
use crate::station::{Receipt, StationProfile};

pub(super) struct Cpo<H> {
    pub host: Arc<H>,
}

impl<H> Clone for Cpo<H> {
    fn clone(&self) -> Self {
        Self { host: self.host.clone() }
    }
}

impl<H: CpoHost> Modules for Cpo<H> {
    async fn answer(&self, asked: &Asked) -> Result<Reply, Reply> {
        let host = &*self.host;
        match asked.incoming.parts().as_slice() {
            ["sender", "locations"] => lists::locations(host, asked).await,
            ["sender", "locations", id, part @ ..] if part.len() <= 2 => lists::location(host, asked, id, part).await,
            ["sender", "tariffs"] => lists::tariffs(host, asked).await,
            ["sender", "sessions"] => lists::sessions(host, asked).await,
            ["sender", "sessions", id, "charging_preferences"] => preferences::answer(self, asked, id).await,
            ["sender", "cdrs"] => lists::cdrs(host, asked).await,
            ["receiver", "tokens", country, party, uid] => tokens::answer(self, asked, country, party, uid).await,
            ["receiver", "commands", command] => commands::answer(host, asked, command).await,
            ["receiver", "chargingprofiles", id] => profile_requests::answer(self, asked, id).await,
            _ => Err(Incoming::unknown_path()),
        }
    }
}

impl<H: CpoHost> TokenReceiver for Cpo<H> {
    fn token(&self, key: &TokenKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send {
        self.host.token(key)
    }

    fn put_token(&self, token: Received<Token>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        self.host.put_token(token)
    }
}

impl<H: CpoHost> PreferenceReceiver for Cpo<H> {
    fn put_preference(
        &self,
        partner: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> impl Future<Output = Result<PreferenceReply, HostError>> + Send {
        self.host.put_preference(partner, session_id, preference)
    }
}

impl<H: CpoHost> ProfileReceiver for Cpo<H> {
    fn set_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send {
        self.host.set_profile(partner, session_id, profile, response_url)
    }

    fn clear_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send {
        self.host.clear_profile(partner, session_id, response_url)
    }

    fn get_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        duration_s: u32,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send {
        self.host.get_profile(partner, session_id, duration_s, response_url)
    }
}
