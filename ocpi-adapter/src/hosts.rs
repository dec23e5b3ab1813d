//! What the adapter asks of the programs that use it.

use std::future::Future;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use headroom_domain::location::Location;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer};
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_domain::{PartnerId, PartyId};
use serde_json::Value;

use crate::partner::Partner;
use crate::received::{Received, Rejected};
use crate::station::{ProfileResult, Receipt, StationProfile};

/// Why a host could not do what it was asked, for example a store that is away. The partner is answered 3000.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// Kinds of objects that partners own and push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A location with its EVSEs and connectors.
    Location,
    /// A session.
    Session,
    /// A tariff.
    Tariff,
}

/// What names an object of a partner. Ids compare without case (`CiString`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The partner that told us.
    pub partner: PartnerId,
    /// What it is.
    pub kind: ObjectKind,
    /// Who owns it.
    pub party: PartyId,
    /// Its id as the request spells it.
    pub id: String,
}

/// What became of an object that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there before.
    Created,
    /// It replaced an older one, or one as old.
    Updated,
    /// What is there is newer (`last_updated`): nothing was changed.
    Stale,
}

/// What a host says to a preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreferenceReply {
    /// The session is known and its EVSE takes preferences.
    Answer(PreferenceAnswer),
    /// No such session.
    UnknownSession,
    /// The EVSE of the session does not take preferences.
    NotCapable,
}

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
        _partner: &PartnerId,
        _kind: ObjectKind,
        _rejected: Rejected,
    ) -> impl Future<Output = Result<(), HostError>> + Send {
        std::future::ready(Ok(()))
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
}

/// Which objects of a list are wanted (OCPI 2.2.1 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageQuery {
    /// `last_updated` at or after.
    pub date_from: Option<DateTime<Utc>>,
    /// `last_updated` before.
    pub date_to: Option<DateTime<Utc>>,
    /// Index of the first object.
    pub offset: usize,
    /// Most objects, already cut to what the platform allows.
    pub limit: usize,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// At most `limit` objects, in a lasting order, oldest first.
    pub objects: Vec<T>,
    /// How many match the dates, whatever offset and limit.
    pub total: usize,
}

impl<T> Page<T> {
    /// Cuts a page from the objects that match the dates of a query.
    pub fn cut(matching: Vec<T>, query: &PageQuery) -> Self {
        let total = matching.len();
        Self { objects: matching.into_iter().skip(query.offset).take(query.limit).collect(), total }
    }
}

impl PageQuery {
    /// Tells whether an object that was last updated at an instant matches the dates.
    pub fn matches(&self, last_updated: DateTime<Utc>) -> bool {
        self.date_from.is_none_or(|from| last_updated >= from) && self.date_to.is_none_or(|to| last_updated < to)
    }
}

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
}

/// Where partners are kept.
pub trait PartnerStore: Send + Sync + 'static {
    /// Saves a partner, durably, before it returns. The same id replaces.
    fn save<'a>(&'a self, partner: &'a Partner) -> BoxFuture<'a, Result<(), HostError>>;
}

/// Forgets partners at the end of the program: for virtual partners and tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsaved;

impl PartnerStore for Unsaved {
    fn save<'a>(&'a self, _: &'a Partner) -> BoxFuture<'a, Result<(), HostError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
