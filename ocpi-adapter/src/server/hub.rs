//! A roaming hub (OCPI 2.2.1 §4.2): passes requests on between its partners and keeps no objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::Method;
use headroom_domain::PartyId;
use parking_lot::Mutex;
use serde_json::Value;

use super::reply::Reply;
use super::{Asked, Modules, lists};
use crate::client::{fits, may_be_broadcast};
use crate::envelope::{HUB_ERROR, HUB_UNKNOWN_RECEIVER};
use crate::hosts::Page;
use crate::lift;
use crate::partner::{Interface, Module, Partner, Role};
use crate::platform::{Platform, lower_module};
use crate::roaming::ClientInfo;
use crate::wire::versions::ModuleId;

mod broadcast;
mod callbacks;
mod clients;
mod gather;
mod pass;

use callbacks::Callbacks;

/// A hub: what [`crate::server::hub`] answers with. Clones are handles to the same one.
#[derive(Clone)]
pub struct Hub {
    platform: Platform,
    clients: Arc<Mutex<BTreeMap<(PartyId, Role), ClientInfo>>>,
    /// Those of them that had a link when it was last looked.
    linked: Arc<Mutex<BTreeSet<(PartyId, Role)>>>,
    callbacks: Arc<Mutex<Callbacks>>,
}

/// A request on its way through the hub.
struct Errand<'a> {
    asked: &'a Asked,
    interface: Interface,
    module: Module,
    /// What the path names within the module.
    rest: Vec<&'a str>,
    /// Who asks.
    from: PartyId,
}

/// A party behind the hub.
struct Place {
    partner: Partner,
    party: PartyId,
}

impl Hub {
    /// Makes a hub of a platform whose role is [`Role::Hub`]. Nobody is known to be connected until
    /// [`Hub::refresh`], which registration brings about too.
    pub fn new(platform: Platform) -> Self {
        Self { platform, clients: Arc::default(), linked: Arc::default(), callbacks: Arc::default() }
    }

    pub(super) fn platform(&self) -> &Platform {
        &self.platform
    }

    async fn route(&self, errand: &Errand<'_>) -> Result<Reply, Reply> {
        let incoming = &errand.asked.incoming;
        if let (Interface::Sender, ["results", id]) = (errand.interface, errand.rest.as_slice()) {
            return self.call_back(errand, id).await;
        }
        let hub = &self.platform.config().party;
        match incoming.party("to") {
            Some(to) if to != *hub => self.pass_on(errand, &to).await,
            Some(_) if incoming.method == Method::GET && errand.is_list() => self.gather(errand).await,
            Some(_) if errand.is_push() && may_be_broadcast(&errand.module) => self.broadcast(errand).await,
            Some(hub) => Err(Reply::refused(HUB_ERROR, format!("{hub} is the hub itself: name a party behind it"))),
            None => {
                let to = errand.receiver()?;
                let reply = self.pass_on(errand, &to).await?;
                Ok(reply.of_party(&to))
            }
        }
    }

    /// Returns the parties whose role fits a side of a module and that can be reached there, in a lasting order.
    fn places(&self, errand: &Errand<'_>) -> Vec<Place> {
        let mut places = Vec::new();
        for partner in self.platform.partners().into_iter().filter(|known| known.id != errand.asked.caller.id) {
            let Some(link) = partner.link() else { continue };
            if link.endpoint(&errand.module, errand.interface).is_none() {
                continue;
            }
            let fitting = link.parties.iter().filter(|known| fits(&errand.module, errand.interface, &known.role));
            let reachable = fitting.filter(|known| self.is_connected(&known.party, &known.role));
            let mut parties: Vec<_> = reachable.map(|known| known.party.clone()).collect();
            parties.sort();
            parties.dedup();
            places.extend(parties.into_iter().map(|party| Place { partner: partner.clone(), party }));
        }
        places.sort_by(|one, other| one.party.cmp(&other.party));
        places
    }
}

impl Modules for Hub {
    async fn answer(&self, asked: &Asked) -> Result<Reply, Reply> {
        if let ["sender", "hubclientinfo"] = asked.incoming.parts().as_slice() {
            let query = lists::query(asked)?;
            let matching = self.clients().into_iter().filter(|client| query.matches(client.last_updated)).collect();
            return Ok(lists::page(asked, "hubclientinfo", &query, &Page::cut(matching, &query), lift::client_info));
        }
        let errand = Errand::read(asked)?;
        self.heard_of(&asked.caller).await;
        self.route(&errand).await
    }

    fn passes_on(&self) -> bool {
        true
    }

    async fn links_changed(&self, caller: &Partner) {
        self.refresh_but(Some(&caller.id)).await;
    }
}

impl<'a> Errand<'a> {
    fn read(asked: &'a Asked) -> Result<Self, Reply> {
        let parts = asked.incoming.parts();
        let (interface, module, rest) = match parts.as_slice() {
            ["sender", module, rest @ ..] => (Interface::Sender, *module, rest.to_vec()),
            ["receiver", module, rest @ ..] => (Interface::Receiver, *module, rest.to_vec()),
            _ => return Err(super::Incoming::unknown_path()),
        };
        let module = lower_module(&ModuleId::from(module.to_owned()));
        let link = asked.caller.link().ok_or_else(|| Reply::unauthorized("not registered"))?;
        let hosted = |party: &PartyId| link.parties.iter().any(|known| known.party == *party);
        let from = match asked.incoming.party("from") {
            Some(from) if hosted(&from) => from,
            Some(from) => {
                return Err(Reply::invalid(format!("OCPI-from-* names {from}, which is none of your roles")));
            }
            None => link.parties.first().map(|known| known.party.clone()).ok_or_else(super::Incoming::unknown_path)?,
        };
        Ok(Self { asked, interface, module, rest, from })
    }

    fn is_list(&self) -> bool {
        self.interface == Interface::Sender && self.rest.is_empty()
    }

    fn is_push(&self) -> bool {
        let method = &self.asked.incoming.method;
        self.interface == Interface::Receiver && matches!(*method, Method::POST | Method::PUT | Method::PATCH)
    }

    /// Finds to whom an object goes by what it says: the eMSP of the token, for sessions and charge detail records.
    fn receiver(&self) -> Result<PartyId, Reply> {
        let token = self.asked.incoming.json().ok().and_then(|mut body| body.get_mut("cdr_token").map(Value::take));
        let text = |name: &str| token.as_ref()?.get(name)?.as_str();
        let party = text("country_code").zip(text("party_id")).map(|(country, party)| PartyId::new(country, party));
        let unknown = || Reply::refused(HUB_UNKNOWN_RECEIVER, "no OCPI-to-*, and the object names no receiver");
        party.ok_or_else(unknown)
    }
}
