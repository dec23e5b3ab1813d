//! Hosts that keep everything in memory.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::location::Location;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer};
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_domain::{PartnerId, PartyId};
use headroom_ocpi_adapter::roaming::{Cdr, CdrKey, Command, CommandAnswer, CommandReceipt, Message, Token, TokenKey};
use headroom_ocpi_adapter::{
    Asker, Client, CpoHost, HostError, ObjectKey, ObjectKind, Outcome, Page, PageQuery, PreferenceReply, ProfileAnswer,
    ProfileResult, Receipt, Received, Rejected, ScspHost, StationProfile,
};
use parking_lot::Mutex;
use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub raw: Value,
    pub last_updated: DateTime<Utc>,
    pub warnings: usize,
}

/// Who answered which request, and what.
pub(crate) type Answered = (PartnerId, String, ProfileResult, Option<StationProfile>);

/// What a smart charging service was told.
#[derive(Default)]
pub(crate) struct ScspMemory {
    pub objects: Mutex<BTreeMap<ObjectKey, Kept>>,
    pub sessions: Mutex<Vec<Session>>,
    pub preferences: Mutex<Vec<(PartnerId, String, ChargingPreference)>>,
    /// What is answered to preferences; accepted when not set.
    pub preference_reply: Mutex<Option<PreferenceReply>>,
    /// Requests that were sent, for which results are taken.
    pub requests: Mutex<Vec<String>>,
    pub results: Mutex<Vec<Answered>>,
    pub active: Mutex<Vec<(String, StationProfile)>>,
    pub tokens: Mutex<Vec<Received<Token>>>,
    pub cdrs: Mutex<Vec<Received<Cdr>>>,
    pub rejected: Mutex<Vec<(ObjectKind, Rejected)>>,
    pub broken: Mutex<bool>,
}

impl ScspMemory {
    fn put<T>(
        &self,
        kind: ObjectKind,
        (partner, party, id): (&PartnerId, &PartyId, &str),
        last_updated: DateTime<Utc>,
        received: &Received<T>,
    ) -> Result<Outcome, HostError> {
        if *self.broken.lock() {
            return Err("the store is away".into());
        }
        let key = key(partner, kind, party, id);
        let mut objects = self.objects.lock();
        let outcome = match objects.get(&key) {
            Some(there) if there.last_updated > last_updated => return Ok(Outcome::Stale),
            Some(_) => Outcome::Updated,
            None => Outcome::Created,
        };
        let kept = Kept { raw: received.raw.clone(), last_updated, warnings: received.warnings.len() };
        objects.insert(key, kept);
        Ok(outcome)
    }
}

fn key(partner: &PartnerId, kind: ObjectKind, party: &PartyId, id: &str) -> ObjectKey {
    ObjectKey { partner: partner.clone(), kind, party: party.clone(), id: id.to_ascii_lowercase() }
}

impl ScspHost for ScspMemory {
    async fn stored(&self, wanted: &ObjectKey) -> Result<Option<Value>, HostError> {
        let wanted = key(&wanted.partner, wanted.kind, &wanted.party, &wanted.id);
        let found = self.objects.lock().get(&wanted).map(|kept| kept.raw.clone());
        // As a store would: other requests go on meanwhile.
        tokio::task::yield_now().await;
        Ok(found)
    }

    async fn put_location(&self, received: Received<Location>) -> Result<Outcome, HostError> {
        let value = &received.value;
        self.put(ObjectKind::Location, (&value.partner, &value.party, &value.id), value.last_updated, &received)
    }

    async fn put_session(&self, received: Received<Session>) -> Result<Outcome, HostError> {
        let (key, last_updated) = (&received.value.key, received.value.last_updated);
        let outcome = self.put(ObjectKind::Session, (&key.partner, &key.party, &key.id), last_updated, &received)?;
        if outcome != Outcome::Stale {
            self.sessions.lock().push(received.value);
        }
        Ok(outcome)
    }

    async fn put_tariff(&self, received: Received<Tariff>) -> Result<Outcome, HostError> {
        let value = &received.value;
        self.put(ObjectKind::Tariff, (&value.partner, &value.party, &value.id), value.last_updated, &received)
    }

    async fn delete_tariff(&self, wanted: &ObjectKey) -> Result<bool, HostError> {
        let wanted = key(&wanted.partner, wanted.kind, &wanted.party, &wanted.id);
        Ok(self.objects.lock().remove(&wanted).is_some())
    }

    async fn rejected(&self, _: &PartnerId, kind: ObjectKind, rejected: Rejected) -> Result<(), HostError> {
        self.rejected.lock().push((kind, rejected));
        Ok(())
    }

    async fn put_preference(
        &self,
        partner: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> Result<PreferenceReply, HostError> {
        self.preferences.lock().push((partner.clone(), session_id.to_owned(), preference));
        Ok(self.preference_reply.lock().unwrap_or(PreferenceReply::Answer(PreferenceAnswer::Accepted)))
    }

    async fn profile_result(
        &self,
        partner: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        profile: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        let known = self.requests.lock().iter().any(|request| request == request_id);
        if known {
            self.results.lock().push((partner.clone(), request_id.to_owned(), result, profile));
        }
        Ok(known)
    }

    async fn active_profile(
        &self,
        _: &PartnerId,
        session_id: &str,
        profile: StationProfile,
    ) -> Result<bool, HostError> {
        let known = self.sessions.lock().iter().any(|session| session.key.id == session_id);
        if known {
            self.active.lock().push((session_id.to_owned(), profile));
        }
        Ok(known)
    }

    async fn token(&self, key: &TokenKey) -> Result<Option<Value>, HostError> {
        Ok(stored_token(&self.tokens, key))
    }

    async fn put_token(&self, token: Received<Token>) -> Result<Outcome, HostError> {
        Ok(put_token(&self.tokens, token))
    }

    async fn cdr(&self, key: &CdrKey) -> Result<Option<Value>, HostError> {
        let cdrs = self.cdrs.lock();
        let found = cdrs.iter().find(|cdr| {
            let known = &cdr.value.key;
            known.party == key.party && known.partner == key.partner && known.id.eq_ignore_ascii_case(&key.id)
        });
        Ok(found.map(|cdr| cdr.raw.clone()))
    }

    async fn put_cdr(&self, cdr: Received<Cdr>) -> Result<Outcome, HostError> {
        self.cdrs.lock().push(cdr);
        Ok(Outcome::Created)
    }
}

fn is_token(known: &TokenKey, key: &TokenKey) -> bool {
    let same = known.partner == key.partner && known.party == key.party && known.kind == key.kind;
    same && known.uid.eq_ignore_ascii_case(&key.uid)
}

fn stored_token(tokens: &Mutex<Vec<Received<Token>>>, key: &TokenKey) -> Option<Value> {
    tokens.lock().iter().find(|token| is_token(&token.value.key, key)).map(|token| token.raw.clone())
}

fn put_token(tokens: &Mutex<Vec<Received<Token>>>, token: Received<Token>) -> Outcome {
    let mut tokens = tokens.lock();
    let known = tokens.iter_mut().find(|known| is_token(&known.value.key, &token.value.key));
    match known {
        Some(known) if known.value.last_updated > token.value.last_updated => Outcome::Stale,
        Some(known) => {
            *known = token;
            Outcome::Updated
        }
        None => {
            tokens.push(token);
            Outcome::Created
        }
    }
}

/// A request for a profile as a charge point operator got it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub partner: PartnerId,
    pub session_id: String,
    pub profile: Option<StationProfile>,
    pub duration_s: Option<u32>,
    pub response_url: String,
}

/// What a charge point operator has and was asked.
#[derive(Default)]
pub(crate) struct CpoMemory {
    pub locations: Mutex<Vec<Location>>,
    pub tariffs: Mutex<Vec<Tariff>>,
    pub sessions: Mutex<Vec<Session>>,
    pub requests: Mutex<Vec<Request>>,
    pub answer: Mutex<Option<ProfileAnswer>>,
    pub cdrs: Mutex<Vec<Cdr>>,
    pub tokens: Mutex<Vec<Received<Token>>>,
    pub commands: Mutex<Vec<(Asker, Command, String)>>,
    pub preferences: Mutex<Vec<(String, ChargingPreference)>>,
    /// Posts the result of a PUT before it answers the PUT.
    pub result_first: Mutex<Option<Client>>,
}

impl CpoMemory {
    fn take(&self, request: Request) -> Receipt {
        let known = self.sessions.lock().iter().any(|session| session.key.id == request.session_id);
        self.requests.lock().push(request);
        let usual = if known { ProfileAnswer::Accepted } else { ProfileAnswer::UnknownSession };
        Receipt { answer: self.answer.lock().unwrap_or(usual), timeout_s: 45 }
    }
}

impl CpoHost for CpoMemory {
    async fn locations(&self, query: PageQuery) -> Result<Page<Location>, HostError> {
        let matching =
            self.locations.lock().iter().filter(|found| query.matches(found.last_updated)).cloned().collect();
        Ok(Page::cut(matching, &query))
    }

    async fn tariffs(&self, query: PageQuery) -> Result<Page<Tariff>, HostError> {
        let matching = self.tariffs.lock().iter().filter(|found| query.matches(found.last_updated)).cloned().collect();
        Ok(Page::cut(matching, &query))
    }

    async fn sessions(&self, query: PageQuery) -> Result<Page<Session>, HostError> {
        let matching = self.sessions.lock().iter().filter(|found| query.matches(found.last_updated)).cloned().collect();
        Ok(Page::cut(matching, &query))
    }

    async fn set_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        let client = self.result_first.lock().clone();
        if let Some(client) = client {
            client.post_profile_result(response_url, ProfileResult::Accepted).await?;
        }
        Ok(self.take(Request {
            partner: partner.clone(),
            session_id: session_id.to_owned(),
            profile: Some(profile),
            duration_s: None,
            response_url: response_url.to_owned(),
        }))
    }

    async fn clear_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        Ok(self.take(Request {
            partner: partner.clone(),
            session_id: session_id.to_owned(),
            profile: None,
            duration_s: None,
            response_url: response_url.to_owned(),
        }))
    }

    async fn get_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        duration_s: u32,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        Ok(self.take(Request {
            partner: partner.clone(),
            session_id: session_id.to_owned(),
            profile: None,
            duration_s: Some(duration_s),
            response_url: response_url.to_owned(),
        }))
    }

    async fn cdrs(&self, query: PageQuery) -> Result<Page<Cdr>, HostError> {
        let matching = self.cdrs.lock().iter().filter(|found| query.matches(found.last_updated)).cloned().collect();
        Ok(Page::cut(matching, &query))
    }

    async fn put_preference(
        &self,
        _: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> Result<PreferenceReply, HostError> {
        self.preferences.lock().push((session_id.to_owned(), preference));
        Ok(PreferenceReply::Answer(PreferenceAnswer::Accepted))
    }

    async fn token(&self, key: &TokenKey) -> Result<Option<Value>, HostError> {
        Ok(stored_token(&self.tokens, key))
    }

    async fn put_token(&self, token: Received<Token>) -> Result<Outcome, HostError> {
        Ok(put_token(&self.tokens, token))
    }

    async fn command(&self, asker: &Asker, command: Command, url: &str) -> Result<CommandReceipt, HostError> {
        self.commands.lock().push((asker.clone(), command, url.to_owned()));
        let messages = vec![Message { language: "en".to_owned(), text: "One moment".to_owned() }];
        Ok(CommandReceipt { answer: CommandAnswer::Accepted, timeout_s: 30, messages })
    }
}
