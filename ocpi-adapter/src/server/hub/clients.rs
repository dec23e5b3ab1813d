//! Who is connected, and that others are told of it.

use std::collections::BTreeSet;

use axum::http::Method;
use futures::future::join_all;
use headroom_domain::{PartnerId, PartyId};

use super::Hub;
use crate::exchange::Call;
use crate::partner::{Interface, Module, Partner, Role};
use crate::roaming::{ClientInfo, ConnectionStatus};

impl Hub {
    /// Returns the parties behind the hub.
    pub fn clients(&self) -> Vec<ClientInfo> {
        self.clients.lock().values().cloned().collect()
    }

    /// Takes up parties that came and parties that left, and tells the others of them.
    pub async fn refresh(&self) {
        self.refresh_but(None).await;
    }

    /// Looks who is there: asks every partner for its versions (OCPI 2.2.1 §15.1), as is due after a time of silence.
    pub async fn probe(&self) {
        self.refresh().await;
        for partner in self.platform.partners() {
            let Some(link) = partner.link() else { continue };
            let (url, token) = (&link.versions_url, &link.token_sent);
            let call =
                Call { method: Method::GET, url, token, partner: &partner, routing: None, body: None, tokens: false };
            match self.platform.exchange().send(call).await {
                Ok(_) => self.heard_of(&partner).await,
                Err(_) => self.missed(&partner).await,
            }
        }
    }

    /// Takes an operator's word for whether a party can be reached, and tells the others of it.
    pub async fn set_status(&self, party: &PartyId, status: ConnectionStatus) {
        self.change(|client| (client.party == *party).then_some(status), None).await;
    }

    pub(super) async fn refresh_but(&self, but: Option<&PartnerId>) {
        let linked: BTreeSet<(PartyId, Role)> = self
            .platform
            .partners()
            .iter()
            .filter_map(Partner::link)
            .flat_map(|link| link.parties.iter().map(|known| (known.party.clone(), known.role.clone())))
            .filter(|(_, role)| *role != Role::Hub)
            .collect();
        let before = std::mem::replace(&mut *self.linked.lock(), linked.clone());
        let last_updated = self.platform.now();
        for (party, role) in linked.difference(&before).cloned() {
            let planned = ClientInfo {
                party: party.clone(),
                role: role.clone(),
                status: ConnectionStatus::Planned,
                last_updated,
            };
            self.clients.lock().entry((party, role)).or_insert(planned);
        }
        // What an operator says of a party holds as long as its link.
        let status = |client: &ClientInfo| {
            let key = (client.party.clone(), client.role.clone());
            match (before.contains(&key), linked.contains(&key)) {
                (false, true) => Some(ConnectionStatus::Connected),
                (true, false) => Some(ConnectionStatus::Suspended),
                (true, true) | (false, false) => None,
            }
        };
        self.change(status, but).await;
    }

    /// A partner that calls is there again.
    pub(super) async fn heard_of(&self, caller: &Partner) {
        self.change_of(caller, ConnectionStatus::Offline, ConnectionStatus::Connected).await;
    }

    /// A partner that does not answer is away.
    pub(super) async fn missed(&self, partner: &Partner) {
        self.change_of(partner, ConnectionStatus::Connected, ConnectionStatus::Offline).await;
    }

    async fn change_of(&self, partner: &Partner, from: ConnectionStatus, to: ConnectionStatus) {
        let Some(link) = partner.link() else { return };
        let hosts = |client: &ClientInfo| link.parties.iter().any(|known| client.is(&known.party, &known.role));
        self.change(|client| (client.status == from && hosts(client)).then_some(to), Some(&partner.id)).await;
    }

    /// Changes states and tells all partners of the changes but one.
    async fn change(&self, status: impl Fn(&ClientInfo) -> Option<ConnectionStatus>, but: Option<&PartnerId>) {
        let now = self.platform.now();
        let mut changed = Vec::new();
        for client in self.clients.lock().values_mut() {
            if let Some(status) = status(client).filter(|status| *status != client.status) {
                (client.status, client.last_updated) = (status, now);
                changed.push(client.clone());
            }
        }
        if changed.is_empty() {
            return;
        }
        let partners = self.platform.partners();
        let told = partners.iter().filter(|known| but != Some(&known.id) && self.can_be_told(known));
        join_all(told.map(|partner| self.tell(&partner.id, &changed))).await;
    }

    fn can_be_told(&self, partner: &Partner) -> bool {
        partner.link().is_some_and(|link| {
            link.endpoint(&Module::HubClientInfo, Interface::Receiver).is_some()
                && link.parties.iter().any(|known| self.is_connected(&known.party, &known.role))
        })
    }

    async fn tell(&self, partner: &PartnerId, changed: &[ClientInfo]) {
        let client = self.platform.client(partner);
        for info in changed {
            if let Err(error) = client.put_client(info).await {
                tracing::warn!(%partner, party = %info.party, %error, "a client was not told of another");
                return;
            }
        }
    }

    pub(super) fn is_connected(&self, party: &PartyId, role: &Role) -> bool {
        let clients = self.clients.lock();
        let known = clients.get(&(party.clone(), role.clone()));
        known.is_none_or(|client| client.status == ConnectionStatus::Connected)
    }

    /// Tells whether a party was ever known.
    pub(super) fn knows(&self, party: &PartyId) -> bool {
        self.clients.lock().keys().any(|(known, _)| known == party)
    }
}

impl ClientInfo {
    fn is(&self, party: &PartyId, role: &Role) -> bool {
        self.party == *party && self.role == *role
    }
}
