//! Who is connected to the hubs among our partners. Kept in memory: a hub tells it anew.

use std::collections::btree_map::Entry;

use headroom_domain::{PartnerId, PartyId};

use super::Platform;
use crate::hosts::Outcome;
use crate::roaming::{ClientInfo, ConnectionStatus};

impl Platform {
    /// Returns what a hub has told of its clients; empty for any other partner.
    pub fn clients(&self, hub: &PartnerId) -> Vec<ClientInfo> {
        let partners = self.inner.partners.lock();
        partners.get(hub).map(|entry| entry.clients.values().cloned().collect()).unwrap_or_default()
    }

    /// Takes what a hub tells of a client; `None` when the hub is not known.
    pub(crate) fn put_client(&self, hub: &PartnerId, client: ClientInfo) -> Option<Outcome> {
        let mut partners = self.inner.partners.lock();
        let clients = &mut partners.get_mut(hub)?.clients;
        Some(match clients.entry((client.party.clone(), client.role.clone())) {
            Entry::Occupied(known) if known.get().last_updated > client.last_updated => Outcome::Stale,
            Entry::Occupied(mut known) => {
                known.insert(client);
                Outcome::Updated
            }
            Entry::Vacant(place) => {
                place.insert(client);
                Outcome::Created
            }
        })
    }

    /// Returns why a party behind a hub must not be called; `None` when it may be, or nothing was told of it.
    pub(crate) fn barred(&self, hub: &PartnerId, party: &PartyId) -> Option<ConnectionStatus> {
        let partners = self.inner.partners.lock();
        let mut told = partners.get(hub)?.clients.values().filter(|client| client.party == *party);
        let first = told.next()?.status;
        let connected = first == ConnectionStatus::Connected;
        (!connected && told.all(|client| client.status != ConnectionStatus::Connected)).then_some(first)
    }
}
