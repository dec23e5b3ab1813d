//! Hosts that keep everything in memory: to begin with, for virtual partners and for tests. Nothing outlives the program.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::location::Location;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer};
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_domain::{PartnerId, PartyId};
use parking_lot::Mutex;
use serde_json::Value;

use crate::hosts::{CpoHost, HostError, ObjectKey, ObjectKind, Outcome, Page, PageQuery, PreferenceReply, ScspHost};
use crate::received::Received;
use crate::station::{ProfileAnswer, ProfileResult, Receipt, StationProfile};

/// What a partner said of one of its objects, by its key.
pub type Kept<T> = BTreeMap<ObjectKey, Received<T>>;

/// The objects that partners have pushed.
#[derive(Debug, Default)]
pub struct Objects {
    locations: Mutex<Kept<Location>>,
    sessions: Mutex<Kept<Session>>,
    tariffs: Mutex<Kept<Tariff>>,
}

impl Objects {
    /// Returns all locations.
    pub fn locations(&self) -> Vec<Location> {
        self.locations.lock().values().map(|kept| kept.value.clone()).collect()
    }

    /// Returns all sessions.
    pub fn sessions(&self) -> Vec<Session> {
        self.sessions.lock().values().map(|kept| kept.value.clone()).collect()
    }

    /// Returns all tariffs.
    pub fn tariffs(&self) -> Vec<Tariff> {
        self.tariffs.lock().values().map(|kept| kept.value.clone()).collect()
    }

    /// Returns an object as it was last put.
    pub fn stored(&self, key: &ObjectKey) -> Option<Value> {
        let key = folded(key);
        match key.kind {
            ObjectKind::Location => self.locations.lock().get(&key).map(|kept| kept.raw.clone()),
            ObjectKind::Session => self.sessions.lock().get(&key).map(|kept| kept.raw.clone()),
            ObjectKind::Tariff => self.tariffs.lock().get(&key).map(|kept| kept.raw.clone()),
            ObjectKind::Cdr | ObjectKind::Token => None,
        }
    }

    /// Stores a location unless a newer one is there.
    pub fn put_location(&self, location: Received<Location>) -> Outcome {
        let of = |location: &Location| location.last_updated;
        let Location { partner, party, id, .. } = &location.value;
        let key = key(partner, ObjectKind::Location, party, id);
        put(&mut self.locations.lock(), key, location, of)
    }

    /// Stores a session unless a newer one is there.
    pub fn put_session(&self, session: Received<Session>) -> Outcome {
        let name = &session.value.key;
        let key = key(&name.partner, ObjectKind::Session, &name.party, &name.id);
        put(&mut self.sessions.lock(), key, session, |session| session.last_updated)
    }

    /// Stores a tariff unless a newer one is there.
    pub fn put_tariff(&self, tariff: Received<Tariff>) -> Outcome {
        let Tariff { partner, party, id, .. } = &tariff.value;
        let key = key(partner, ObjectKind::Tariff, party, id);
        put(&mut self.tariffs.lock(), key, tariff, |tariff| tariff.last_updated)
    }

    /// Forgets a tariff; false when there was none.
    pub fn delete_tariff(&self, key: &ObjectKey) -> bool {
        self.tariffs.lock().remove(&folded(key)).is_some()
    }
}

fn key(partner: &PartnerId, kind: ObjectKind, party: &PartyId, id: &str) -> ObjectKey {
    ObjectKey { partner: partner.clone(), kind, party: party.clone(), id: id.to_ascii_lowercase() }
}

/// Ids compare without case (`CiString`).
fn folded(key: &ObjectKey) -> ObjectKey {
    ObjectKey { id: key.id.to_ascii_lowercase(), ..key.clone() }
}

fn put<T>(kept: &mut Kept<T>, key: ObjectKey, new: Received<T>, of: impl Fn(&T) -> DateTime<Utc>) -> Outcome {
    let outcome = match kept.get(&key) {
        Some(there) if of(&there.value) > of(&new.value) => return Outcome::Stale,
        Some(_) => Outcome::Updated,
        None => Outcome::Created,
    };
    kept.insert(key, new);
    outcome
}

/// What became of a request for a profile: whose, which, and what the station said.
pub type ProfileNotice = (PartnerId, String, ProfileResult);

/// A smart charging service that remembers what it is told and accepts what is asked.
#[derive(Debug, Default)]
pub struct ScspMemory {
    /// What CPOs pushed.
    pub objects: Objects,
    /// What drivers said, by the id of the session.
    pub preferences: Mutex<BTreeMap<String, ChargingPreference>>,
    /// What stations made of requests, in order.
    pub results: Mutex<Vec<ProfileNotice>>,
    /// The profiles that stations say they follow, by the id of the session.
    pub active: Mutex<BTreeMap<String, StationProfile>>,
}

impl ScspMemory {
    fn knows(&self, session_id: &str) -> bool {
        self.objects.sessions.lock().keys().any(|key| key.id.eq_ignore_ascii_case(session_id))
    }
}

impl ScspHost for ScspMemory {
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

    async fn put_preference(
        &self,
        _: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> Result<PreferenceReply, HostError> {
        if !self.knows(session_id) {
            return Ok(PreferenceReply::UnknownSession);
        }
        self.preferences.lock().insert(session_id.to_owned(), preference);
        Ok(PreferenceReply::Answer(PreferenceAnswer::Accepted))
    }

    async fn profile_result(
        &self,
        partner: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        _: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        self.results.lock().push((partner.clone(), request_id.to_owned(), result));
        Ok(true)
    }

    async fn active_profile(
        &self,
        _: &PartnerId,
        session_id: &str,
        profile: StationProfile,
    ) -> Result<bool, HostError> {
        let known = self.knows(session_id);
        if known {
            self.active.lock().insert(session_id.to_owned(), profile);
        }
        Ok(known)
    }
}

/// A charge point operator that offers what it is given, and whose stations take every profile.
///
/// A station answers for itself: tell what became of `asked` with [`crate::Client::post_profile_result`].
#[derive(Debug, Default)]
pub struct CpoMemory {
    /// Its locations.
    pub locations: Mutex<Vec<Location>>,
    /// Its tariffs.
    pub tariffs: Mutex<Vec<Tariff>>,
    /// Its sessions.
    pub sessions: Mutex<Vec<Session>>,
    /// The profiles that were set, by the id of the session.
    pub profiles: Mutex<BTreeMap<String, StationProfile>>,
    /// Where results are to be posted, in order: whose request it was, and the address.
    pub asked: Mutex<Vec<(PartnerId, String)>>,
}

impl CpoMemory {
    /// How long a result may take.
    const TIMEOUT_S: u32 = 30;

    fn ask(&self, partner: &PartnerId, session_id: &str, response_url: &str) -> Receipt {
        let known = |session: &Session| session.key.id.eq_ignore_ascii_case(session_id) && !session.status.is_over();
        if !self.sessions.lock().iter().any(known) {
            return Receipt { answer: ProfileAnswer::UnknownSession, timeout_s: Self::TIMEOUT_S };
        }
        self.asked.lock().push((partner.clone(), response_url.to_owned()));
        Receipt { answer: ProfileAnswer::Accepted, timeout_s: Self::TIMEOUT_S }
    }
}

fn page<T: Clone>(objects: &Mutex<Vec<T>>, query: &PageQuery, of: impl Fn(&T) -> DateTime<Utc>) -> Page<T> {
    Page::cut(objects.lock().iter().filter(|one| query.matches(of(one))).cloned().collect(), query)
}

impl CpoHost for CpoMemory {
    async fn locations(&self, query: PageQuery) -> Result<Page<Location>, HostError> {
        Ok(page(&self.locations, &query, |location| location.last_updated))
    }

    async fn tariffs(&self, query: PageQuery) -> Result<Page<Tariff>, HostError> {
        Ok(page(&self.tariffs, &query, |tariff| tariff.last_updated))
    }

    async fn sessions(&self, query: PageQuery) -> Result<Page<Session>, HostError> {
        Ok(page(&self.sessions, &query, |session| session.last_updated))
    }

    async fn set_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        let receipt = self.ask(partner, session_id, response_url);
        if receipt.answer == ProfileAnswer::Accepted {
            self.profiles.lock().insert(session_id.to_owned(), profile);
        }
        Ok(receipt)
    }

    async fn clear_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        self.profiles.lock().remove(session_id);
        Ok(self.ask(partner, session_id, response_url))
    }

    async fn get_profile(
        &self,
        partner: &PartnerId,
        session_id: &str,
        _: u32,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        Ok(self.ask(partner, session_id, response_url))
    }
}
