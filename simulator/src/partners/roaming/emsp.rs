//! The eMSP of a roaming day: it vouches for drivers, starts and stops by app, and pays by charge detail records.

use std::collections::BTreeMap;
use std::sync::Arc;

use headroom_domain::location::Location;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_domain::{Clock, PartnerId};
use headroom_ocpi_adapter::hosts::{
    CdrReceiver, CommandSender, ObjectReceiver, ProfileReceiver, ProfileSender, TokenSender,
};
use headroom_ocpi_adapter::memory::Objects;
use headroom_ocpi_adapter::roaming::{
    Allowed, Authorization, AuthorizationAsked, AuthorizationReply, Cdr, CdrKey, Command, CommandAnswer,
    CommandOutcome, CommandResult, EvsePlace, Start, Token,
};
use headroom_ocpi_adapter::{
    Client, HostError, ObjectKey, Outcome, Page, PageQuery, Platform, ProfileResult, Received, StationProfile,
};
use parking_lot::Mutex;
use serde_json::Value;

use super::{LOCATION, Parties};

#[derive(Debug, Default)]
struct State {
    tokens: Vec<(Token, Allowed)>,
    outcomes: BTreeMap<String, Vec<CommandResult>>,
    commands: usize,
    cdrs: BTreeMap<CdrKey, (Cdr, Value)>,
    /// How often a record came that was there already.
    repeated: usize,
}

/// The eMSP. Clones are the same one.
#[derive(Clone)]
pub struct RoamingEmsp {
    state: Arc<Mutex<State>>,
    /// What CPOs pushed and what was pulled from them.
    pub objects: Arc<Objects>,
    clock: Arc<dyn Clock>,
}

impl RoamingEmsp {
    pub(super) fn new(tokens: Vec<(Token, Allowed)>, clock: Arc<dyn Clock>) -> Self {
        let state = Arc::new(Mutex::new(State { tokens, ..State::default() }));
        Self { state, objects: Arc::default(), clock }
    }

    /// Returns the charge detail records, each once.
    pub fn records(&self) -> Vec<Cdr> {
        self.state.lock().cdrs.values().map(|(cdr, _)| cdr.clone()).collect()
    }

    /// Returns what became of commands: by the id of each, what was told, in order.
    pub fn outcomes(&self) -> BTreeMap<String, Vec<CommandResult>> {
        self.state.lock().outcomes.clone()
    }

    /// Returns how often a record came that was there already.
    pub fn repeated(&self) -> usize {
        self.state.lock().repeated
    }

    pub(super) async fn publish_tokens(&self, client: &Client) {
        let tokens: Vec<_> = self.state.lock().tokens.iter().map(|(token, _)| token.clone()).collect();
        for token in tokens {
            if let Err(error) = client.broadcast().put_token(&token).await {
                tracing::debug!(%error, "a token was not published");
            }
        }
    }

    /// Starts a session from an app; true when the CPO took the command.
    pub(super) async fn start(
        &self,
        platform: &Platform,
        client: &Client,
        parties: &Parties,
        uid: &str,
        evse: &str,
    ) -> bool {
        let token =
            self.state.lock().tokens.iter().find(|(token, _)| token.key.uid == uid).map(|(token, _)| token.clone());
        let Some(token) = token else { return false };
        let start = Start {
            token,
            place: EvsePlace { location_id: LOCATION.to_owned(), evse_uid: Some(evse.to_owned()) },
            connector_id: Some(super::CONNECTOR.to_owned()),
            authorization_reference: Some(format!("A-{uid}")),
        };
        self.command(platform, client, parties, Command::StartSession(Box::new(start))).await
    }

    /// Stops a session from an app; true when the CPO took the command.
    pub(super) async fn stop(&self, platform: &Platform, client: &Client, parties: &Parties, session_id: &str) -> bool {
        let command = Command::StopSession { session_id: session_id.to_owned() };
        self.command(platform, client, parties, command).await
    }

    async fn command(&self, platform: &Platform, client: &Client, parties: &Parties, command: Command) -> bool {
        let id = {
            let mut state = self.state.lock();
            state.commands += 1;
            let id = format!("c{}", state.commands);
            state.outcomes.insert(id.clone(), Vec::new());
            id
        };
        let receipt = client.to(&parties.cpo).send_command(&command, &platform.command_url(&id)).await;
        receipt.is_ok_and(|receipt| receipt.answer == CommandAnswer::Accepted)
    }

    /// Fetches what may have been missed (OCPI 2.2.1 §4.1).
    pub(super) async fn pull(
        &self,
        client: &Client,
        parties: &Parties,
    ) -> Result<(), headroom_ocpi_adapter::LinkError> {
        let client = client.to(&parties.cpo);
        for session in client.pull_sessions(parties.since).all().await?.objects {
            self.objects.put_session(session);
        }
        for cdr in client.pull_cdrs(None).all().await?.objects {
            self.keep(cdr);
        }
        Ok(())
    }

    fn keep(&self, cdr: Received<Cdr>) -> Outcome {
        let mut state = self.state.lock();
        let before = state.cdrs.insert(cdr.value.key.clone(), (cdr.value, cdr.raw));
        state.repeated += usize::from(before.is_some());
        if before.is_some() { Outcome::Updated } else { Outcome::Created }
    }
}

impl ObjectReceiver for RoamingEmsp {
    async fn stored(&self, key: &ObjectKey) -> Result<Option<Value>, HostError> {
        Ok(self.objects.stored(key))
    }

    async fn put_location(&self, location: Received<Location>) -> Result<Outcome, HostError> {
        Ok(self.objects.put_location(location))
    }

    async fn put_session(&self, session: Received<Session>) -> Result<Outcome, HostError> {
        Ok(self.objects.put_session(session))
    }

    async fn put_tariff(&self, tariff: Received<Tariff>) -> Result<Outcome, HostError> {
        Ok(self.objects.put_tariff(tariff))
    }

    async fn delete_tariff(&self, key: &ObjectKey) -> Result<bool, HostError> {
        Ok(self.objects.delete_tariff(key))
    }
}

impl CdrReceiver for RoamingEmsp {
    async fn cdr(&self, key: &CdrKey) -> Result<Option<Value>, HostError> {
        Ok(self.state.lock().cdrs.get(key).map(|(_, raw)| raw.clone()))
    }

    async fn put_cdr(&self, cdr: Received<Cdr>) -> Result<Outcome, HostError> {
        Ok(self.keep(cdr))
    }
}

impl TokenSender for RoamingEmsp {
    async fn tokens(&self, query: PageQuery) -> Result<Page<Token>, HostError> {
        let tokens: Vec<_> = self.state.lock().tokens.iter().map(|(token, _)| token.clone()).collect();
        Ok(Page::cut(tokens.into_iter().filter(|token| query.matches(token.last_updated)).collect(), &query))
    }

    async fn authorize(&self, _: &PartnerId, asked: AuthorizationAsked) -> Result<AuthorizationReply, HostError> {
        let known = self.state.lock().tokens.iter().find(|(token, _)| token.key.uid == asked.uid).cloned();
        let Some((token, allowed)) = known else { return Ok(AuthorizationReply::UnknownToken) };
        let reference = Some(format!("A-{}-{}", asked.uid, self.clock.now().format("%H%M")));
        let location = asked.location;
        Ok(AuthorizationReply::Answer(Box::new(Authorization { allowed, token, location, reference, info: None })))
    }
}

impl CommandSender for RoamingEmsp {
    async fn command_outcome(&self, _: &PartnerId, id: &str, outcome: CommandOutcome) -> Result<bool, HostError> {
        let mut state = self.state.lock();
        let known = state.outcomes.get_mut(id);
        Ok(known.map(|told| told.push(outcome.result)).is_some())
    }
}

/// It delegates to nobody.
impl ProfileReceiver for RoamingEmsp {}

/// It steers nobody itself.
impl ProfileSender for RoamingEmsp {
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
