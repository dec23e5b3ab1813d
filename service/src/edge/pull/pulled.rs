//! What is pulled, kind by kind.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::location::Location;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_ocpi_adapter::roaming::{Cdr, Token};
use headroom_ocpi_adapter::{Client, HostError, Module, Outcome, Pages, Received, ScspHost};

use crate::config::Control;
use crate::edge::partners::PartnerEdge;
use crate::store::Kind;

/// How far back sessions are asked for: longer than any session that matters.
const SESSIONS_SINCE: TimeDelta = TimeDelta::days(7);
/// How far back charge detail records are asked for: longer than it takes until one is made and passed on.
const CDRS_SINCE: TimeDelta = TimeDelta::days(31);

/// Nothing is planned with records and tokens, of which there may be very many: sessions must not wait for them.
const PAGES_OF_RECORDS: usize = 20;

/// An object that is pulled.
pub(in crate::edge) trait Pulled: Sized + Send + 'static {
    const KIND: Kind;
    const MODULE: Module;
    /// How far back a full pull asks; absent: for everything.
    const HORIZON: Option<TimeDelta>;
    /// Whether what a full pull does not tell of is no longer there. Records are never taken back, and tokens are made
    /// invalid (OCPI 2.2.1 §10.2, §12.1).
    const VANISHES: bool;
    /// So many pages are pulled before it is looked whether something else of the partner is more urgent.
    const PAGES_AT_A_TURN: usize = usize::MAX;

    /// Returns how far back a full pull asks for what is then kept.
    fn horizon(settings: &Control) -> Option<TimeDelta> {
        match (Self::HORIZON, Self::KIND) {
            // What would be forgotten at once need not be asked for.
            (Some(horizon), Kind::Cdr) => Some(horizon.min(TimeDelta::days(i64::from(settings.keep_cdrs_days)))),
            (horizon, _) => horizon,
        }
    }

    fn pages(client: &Client, since: Option<DateTime<Utc>>) -> Pages<Self>;

    fn keep(edge: &PartnerEdge, object: Received<Self>) -> impl Future<Output = Result<Outcome, HostError>> + Send;
}

impl Pulled for Location {
    const KIND: Kind = Kind::Location;
    const MODULE: Module = Module::Locations;
    const HORIZON: Option<TimeDelta> = None;
    const VANISHES: bool = true;

    fn pages(client: &Client, since: Option<DateTime<Utc>>) -> Pages<Self> {
        client.pull_locations(since)
    }

    fn keep(edge: &PartnerEdge, object: Received<Self>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        edge.put_location(object)
    }
}

impl Pulled for Tariff {
    const KIND: Kind = Kind::Tariff;
    const MODULE: Module = Module::Tariffs;
    const HORIZON: Option<TimeDelta> = None;
    const VANISHES: bool = true;

    fn pages(client: &Client, since: Option<DateTime<Utc>>) -> Pages<Self> {
        client.pull_tariffs(since)
    }

    fn keep(edge: &PartnerEdge, object: Received<Self>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        edge.put_tariff(object)
    }
}

impl Pulled for Session {
    const KIND: Kind = Kind::Session;
    const MODULE: Module = Module::Sessions;
    const HORIZON: Option<TimeDelta> = Some(SESSIONS_SINCE);
    const VANISHES: bool = true;

    fn pages(client: &Client, since: Option<DateTime<Utc>>) -> Pages<Self> {
        // OCPI asks for a date here (2.2.1 §9.2.1).
        client.pull_sessions(since.unwrap_or_default())
    }

    fn keep(edge: &PartnerEdge, object: Received<Self>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        edge.put_session(object)
    }
}

impl Pulled for Cdr {
    const KIND: Kind = Kind::Cdr;
    const MODULE: Module = Module::Cdrs;
    const HORIZON: Option<TimeDelta> = Some(CDRS_SINCE);
    const VANISHES: bool = false;
    const PAGES_AT_A_TURN: usize = PAGES_OF_RECORDS;

    fn pages(client: &Client, since: Option<DateTime<Utc>>) -> Pages<Self> {
        client.pull_cdrs(since)
    }

    fn keep(edge: &PartnerEdge, object: Received<Self>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        edge.put_cdr(object)
    }
}

impl Pulled for Token {
    const KIND: Kind = Kind::Token;
    const MODULE: Module = Module::Tokens;
    const HORIZON: Option<TimeDelta> = None;
    const VANISHES: bool = false;
    const PAGES_AT_A_TURN: usize = PAGES_OF_RECORDS;

    fn pages(client: &Client, since: Option<DateTime<Utc>>) -> Pages<Self> {
        client.pull_tokens(since)
    }

    fn keep(edge: &PartnerEdge, object: Received<Self>) -> impl Future<Output = Result<Outcome, HostError>> + Send {
        edge.put_token(object)
    }
}
