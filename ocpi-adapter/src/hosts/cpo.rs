//! A charge point operator.

use std::future::{Future, ready};

use headroom_domain::PartnerId;
use headroom_domain::location::Location;
use headroom_domain::preference::ChargingPreference;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use serde_json::Value;

use super::{Asker, HostError, Outcome, Page, PageQuery, PreferenceReply};
use crate::received::Received;
use crate::roaming::{Cdr, Command, CommandAnswer, CommandReceipt, Token, TokenKey};
use crate::station::{Receipt, StationProfile};

/// What a charge point operator answers with.
pub trait CpoHost: Send + Sync + 'static {
    /// Returns locations.
    fn locations(&self, query: PageQuery) -> impl Future<Output = Result<Page<Location>, HostError>> + Send;

    /// Returns tariffs.
    fn tariffs(&self, query: PageQuery) -> impl Future<Output = Result<Page<Tariff>, HostError>> + Send;

    /// Returns sessions.
    fn sessions(&self, query: PageQuery) -> impl Future<Output = Result<Page<Session>, HostError>> + Send;

    /// Takes a profile for a session. The station's result goes to `response_url` later
    /// ([`crate::Client::post_profile_result`]).
    fn set_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send;

    /// Clears the profile of a session.
    fn clear_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send;

    /// Is asked for the active profile of a session over the coming seconds
    /// ([`crate::Client::post_active_profile_result`]).
    fn get_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        duration_s: u32,
        response_url: &str,
    ) -> impl Future<Output = Result<Receipt, HostError>> + Send;

    /// Returns charge detail records. Unless overridden, there are none.
    fn cdrs(&self, query: PageQuery) -> impl Future<Output = Result<Page<Cdr>, HostError>> + Send {
        ready(Ok(Page::cut(Vec::new(), &query)))
    }

    /// Takes what a driver said of a session, as told by an eMSP. Unless overridden, no EVSE takes preferences.
    fn put_preference(
        &self,
        partner: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> impl Future<Output = Result<PreferenceReply, HostError>> + Send {
        let _ = (partner, session_id, preference);
        ready(Ok(PreferenceReply::NotCapable))
    }

    /// Returns a token as last put: `Received::raw`. Unless overridden, none is kept.
    fn token(&self, key: &TokenKey) -> impl Future<Output = Result<Option<Value>, HostError>> + Send {
        let _ = key;
        ready(Ok(None))
    }

    /// Stores a driver's token unless a newer one is there. Unless overridden, there is no use for it.
    fn put_token(&self, token: Received<Token>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        drop(token);
        ready(Ok(Outcome::Updated))
    }

    /// Takes a command. What became of it goes to `response_url` later ([`crate::Client::post_command_outcome`]).
    /// Unless overridden, no command is supported.
    fn command(
        &self,
        asker: &Asker,
        command: Command,
        response_url: &str,
    ) -> impl Future<Output = Result<CommandReceipt, HostError>> + Send {
        let _ = (asker, command, response_url);
        ready(Ok(CommandReceipt { answer: CommandAnswer::NotSupported, timeout_s: 0, messages: Vec::new() }))
    }
}
