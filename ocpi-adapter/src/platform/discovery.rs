//! What a partner offers, and what we do.

use axum::http::Method;
use headroom_domain::{PartnerId, PartyId};
use url::Url;

use super::{Platform, PlatformError, v211};
use crate::client::LinkError;
use crate::exchange::{self, Call};
use crate::partner::{Endpoint, Interface, Link, Module, Partner, PartnerParty, Role, Secret, TokenHash};
use crate::version::Version;
use crate::wire::credentials as wire;
use crate::wire::types::BusinessDetails;
use crate::wire::versions::{self, InterfaceRole, ModuleId, VersionDetails};

/// Why a partner's own offer is of no use.
#[derive(Debug)]
pub(super) enum DiscoveryError {
    /// Versions or details cannot be fetched.
    Link(LinkError),
    /// No version in common.
    NoMutualVersion(Vec<String>),
}

/// What a partner offers in a version.
pub(super) struct Offer {
    pub version: Version,
    pub endpoints: Vec<Endpoint>,
}

impl Platform {
    /// Fetches a partner's versions and the details of one: the given one, else the newest that we speak too.
    pub(super) async fn discover(
        &self,
        partner: &Partner,
        versions_url: &Url,
        token: &Secret,
        only: Option<Version>,
    ) -> Result<Offer, DiscoveryError> {
        let offered: Vec<versions::Version> = self.fetch(partner, versions_url, token).await?;
        let mutual = offered.iter().filter_map(|found| {
            let version = self.config().speaks(found.version.as_str())?;
            only.is_none_or(|only| only == version).then_some((version, &found.url))
        });
        let Some((version, url)) = mutual.max_by_key(|(version, _)| *version) else {
            let offered = offered.iter().map(|found| found.version.as_str().to_owned());
            return Err(DiscoveryError::NoMutualVersion(offered.collect()));
        };
        let url = exchange::address(url).map_err(|problem| {
            let problem = format!("the address of version {version}: {problem}");
            LinkError::Unreadable { method: "GET".to_owned(), url: exchange::masked(versions_url), problem }
        })?;
        let details: VersionDetails = self.fetch(partner, &url, token).await?;
        let partner_role = v211::counterpart(&self.config().role);
        let endpoints = details.endpoints.iter().filter_map(|end| lower_endpoint(end, version, &partner_role));
        Ok(Offer { version, endpoints: endpoints.collect() })
    }

    async fn fetch<T: serde::de::DeserializeOwned>(
        &self,
        partner: &Partner,
        url: &Url,
        token: &Secret,
    ) -> Result<T, LinkError> {
        let call = Call { method: Method::GET, url, token, partner, routing: None, body: None, tokens: false };
        self.exchange().send(call).await?.read()
    }

    /// Returns our credentials, with a token for the partner to send.
    ///
    /// Since 2.3.0 a hub names itself apart, and as its roles those of the parties behind it that the partner can reach.
    pub(crate) fn credentials(&self, token: &Secret, partner: &PartnerId, version: Version) -> wire::Credentials {
        let config = self.config();
        let is_hub = config.role == Role::Hub && version >= Version::V230;
        let mut roles: Vec<_> =
            if is_hub { self.parties_but(partner).iter().map(lift_party).collect() } else { Vec::new() };
        if roles.is_empty() {
            let (role, party, business_name) =
                (config.role.clone(), config.party.clone(), config.business_name.clone());
            roles.push(lift_party(&PartnerParty { role, party, business_name }));
        }
        wire::Credentials {
            token: token.expose().to_owned(),
            url: self.versions_url().to_string(),
            hub_party_id: is_hub.then(|| format!("{}{}", config.party.country_code(), config.party.party_id())),
            roles: roles.into(),
            party_id: None,
            country_code: None,
            business_details: None,
        }
    }

    /// Returns the parties of all partners but one.
    fn parties_but(&self, partner: &PartnerId) -> Vec<PartnerParty> {
        let others = self.partners().into_iter().filter(|other| other.id != *partner);
        others.filter_map(|other| other.link().map(|link| link.parties.clone())).flatten().collect()
    }

    /// Makes a link of a partner's credentials.
    pub(super) fn link(
        &self,
        credentials: &wire::Credentials,
        Offer { version, endpoints }: Offer,
        token_received: &Secret,
    ) -> Result<Link, String> {
        let versions_url = versions_url(credentials)?;
        let token = &credentials.token;
        // Longer ones than OCPI has are seen, and do no harm.
        if !(1..=1024).contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("token: 1 to 64 printable characters without blanks".to_owned());
        }
        let parties: Vec<PartnerParty> = credentials.roles.iter().map(lower_party).collect();
        if parties.is_empty() {
            return Err("roles: name at least one".to_owned());
        }
        Ok(Link {
            versions_url,
            token_sent: Secret::new(credentials.token.clone()),
            token_received: TokenHash::of(token_received),
            tokens_before: Vec::new(),
            parties,
            version,
            endpoints,
            hub: credentials.hub_party_id.as_deref().and_then(lower_hub),
            told: Some(self.told()),
            registered_at: self.now(),
        })
    }

    /// Returns a module that is missing and without which a link to a partner of these roles is of no use.
    pub(super) fn missing_endpoint(
        &self,
        version: Version,
        has: impl Fn(&Role) -> bool,
        endpoints: &[Endpoint],
    ) -> Option<String> {
        let needed = match self.config().role {
            // 2.1.1 has no charging profiles: its operators can be read from.
            Role::Scsp if version == Version::V211 && has(&Role::Cpo) => (Module::Locations, Interface::Sender),
            Role::Scsp if has(&Role::Cpo) => (Module::ChargingProfiles, Interface::Receiver),
            Role::Cpo if has(&Role::Scsp) => (Module::Sessions, Interface::Receiver),
            Role::Emsp if has(&Role::Scsp) => (Module::Sessions, Interface::Sender),
            _ => return None,
        };
        let missing = !offers(endpoints, &needed.0, needed.1);
        missing.then(|| format!("{} as {}", lift_module(&needed.0).as_str(), lift_interface(needed.1).as_str()))
    }
}

/// Guesses from its modules whether a partner has a role, before it has named its roles.
pub(super) fn looks_like(role: &Role, endpoints: &[Endpoint]) -> bool {
    match role {
        Role::Cpo => offers(endpoints, &Module::Locations, Interface::Sender),
        Role::Scsp => offers(endpoints, &Module::ChargingProfiles, Interface::Sender),
        _ => false,
    }
}

fn offers(endpoints: &[Endpoint], module: &Module, interface: Interface) -> bool {
    endpoints.iter().any(|end| end.module == *module && end.interface == interface)
}

impl From<LinkError> for DiscoveryError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl DiscoveryError {
    pub(super) fn of(self, partner: &Partner) -> PlatformError {
        match self {
            Self::Link(error) => PlatformError::Link(error),
            Self::NoMutualVersion(offered) => PlatformError::NoMutualVersion { partner: partner.id.clone(), offered },
        }
    }
}

/// Returns the modules that a role offers.
pub(crate) fn our_endpoints(role: &Role) -> &'static [(ModuleId, InterfaceRole)] {
    use InterfaceRole::{Receiver, Sender};
    match role {
        Role::Scsp => &[
            (ModuleId::Credentials, Sender),
            (ModuleId::Sessions, Receiver),
            (ModuleId::Sessions, Sender),
            (ModuleId::ChargingProfiles, Sender),
            (ModuleId::Locations, Receiver),
            (ModuleId::Tariffs, Receiver),
            (ModuleId::Cdrs, Receiver),
            (ModuleId::Tokens, Receiver),
            (ModuleId::HubClientInfo, Receiver),
        ],
        Role::Cpo => &[
            (ModuleId::Credentials, Sender),
            (ModuleId::Locations, Sender),
            (ModuleId::Tariffs, Sender),
            (ModuleId::Sessions, Sender),
            (ModuleId::Cdrs, Sender),
            (ModuleId::ChargingProfiles, Receiver),
            (ModuleId::Commands, Receiver),
            (ModuleId::Tokens, Receiver),
            (ModuleId::HubClientInfo, Receiver),
        ],
        Role::Emsp => &[
            (ModuleId::Credentials, Sender),
            (ModuleId::Locations, Receiver),
            (ModuleId::Tariffs, Receiver),
            (ModuleId::Sessions, Receiver),
            (ModuleId::Cdrs, Receiver),
            (ModuleId::ChargingProfiles, Sender),
            (ModuleId::ChargingProfiles, Receiver),
            (ModuleId::Commands, Sender),
            (ModuleId::Tokens, Sender),
            (ModuleId::HubClientInfo, Receiver),
        ],
        Role::Hub => &[
            (ModuleId::Credentials, Sender),
            (ModuleId::HubClientInfo, Sender),
            (ModuleId::Locations, Sender),
            (ModuleId::Locations, Receiver),
            (ModuleId::Tariffs, Sender),
            (ModuleId::Tariffs, Receiver),
            (ModuleId::Sessions, Sender),
            (ModuleId::Sessions, Receiver),
            (ModuleId::Cdrs, Sender),
            (ModuleId::Cdrs, Receiver),
            (ModuleId::ChargingProfiles, Sender),
            (ModuleId::ChargingProfiles, Receiver),
            (ModuleId::Commands, Sender),
            (ModuleId::Commands, Receiver),
            (ModuleId::Tokens, Sender),
            (ModuleId::Tokens, Receiver),
        ],
        _ => &[(ModuleId::Credentials, Sender), (ModuleId::HubClientInfo, Receiver)],
    }
}

pub(super) fn versions_url(credentials: &wire::Credentials) -> Result<Url, String> {
    exchange::address(&credentials.url).map_err(|problem| format!("url: {problem}"))
}

/// Reads an endpoint. In 2.1.1, which does not say it, the side follows from what the partner is.
fn lower_endpoint(endpoint: &versions::Endpoint, version: Version, partner: &Role) -> Option<Endpoint> {
    let module = lower_module(&endpoint.identifier);
    let interface = match &endpoint.role {
        _ if version == Version::V211 => v211::interface(&module, partner),
        None => Interface::Sender,
        Some(side) => lower_interface(side).or_else(|| {
            tracing::warn!(module = endpoint.identifier.as_str(), "an endpoint of no role that OCPI knows: not used");
            None
        })?,
    };
    let url = exchange::address(&endpoint.url).inspect_err(|problem| {
        tracing::warn!(module = endpoint.identifier.as_str(), problem, "an endpoint without a good address: not used");
    });
    Some(Endpoint { module, interface, url: url.ok()? })
}

pub(super) fn lower_interface(side: &InterfaceRole) -> Option<Interface> {
    match side {
        InterfaceRole::Receiver => Some(Interface::Receiver),
        InterfaceRole::Sender => Some(Interface::Sender),
        InterfaceRole::Unlisted(_) => None,
    }
}

fn lift_party(party: &PartnerParty) -> wire::CredentialsRole {
    wire::CredentialsRole {
        role: lift_role(&party.role),
        party_id: party.party.party_id().to_owned(),
        country_code: party.party.country_code().to_owned(),
        business_details: Some(BusinessDetails { name: party.business_name.clone(), website: None, logo: None }),
    }
}

/// Reads a hub party: country and party in one.
fn lower_hub(text: &str) -> Option<PartyId> {
    let text = text.trim();
    (text.len() == 5).then(|| text.split_at_checked(2)).flatten().map(|(country, party)| PartyId::new(country, party))
}

fn lower_party(role: &wire::CredentialsRole) -> PartnerParty {
    PartnerParty {
        role: lower_role(&role.role),
        party: PartyId::new(&role.country_code, &role.party_id),
        business_name: role.business_details.as_ref().map(|details| details.name.clone()).unwrap_or_default(),
    }
}

pub(crate) fn lower_role(role: &wire::Role) -> Role {
    match role {
        wire::Role::Cpo => Role::Cpo,
        wire::Role::Emsp => Role::Emsp,
        wire::Role::Hub => Role::Hub,
        wire::Role::Nap => Role::Nap,
        wire::Role::Nsp => Role::Nsp,
        wire::Role::Scsp => Role::Scsp,
        wire::Role::Other | wire::Role::Unlisted(_) => Role::Other(role.as_str().to_owned()),
    }
}

pub(crate) fn lift_role(role: &Role) -> wire::Role {
    match role {
        Role::Cpo => wire::Role::Cpo,
        Role::Emsp => wire::Role::Emsp,
        Role::Hub => wire::Role::Hub,
        Role::Nap => wire::Role::Nap,
        Role::Nsp => wire::Role::Nsp,
        Role::Scsp => wire::Role::Scsp,
        Role::Other(text) => wire::Role::from(text.clone()),
    }
}

const MODULES: [(Module, ModuleId); 9] = [
    (Module::Cdrs, ModuleId::Cdrs),
    (Module::ChargingProfiles, ModuleId::ChargingProfiles),
    (Module::Commands, ModuleId::Commands),
    (Module::Credentials, ModuleId::Credentials),
    (Module::HubClientInfo, ModuleId::HubClientInfo),
    (Module::Locations, ModuleId::Locations),
    (Module::Sessions, ModuleId::Sessions),
    (Module::Tariffs, ModuleId::Tariffs),
    (Module::Tokens, ModuleId::Tokens),
];

pub(crate) fn lower_module(id: &ModuleId) -> Module {
    let known = MODULES.iter().find(|(_, known)| known == id);
    known.map_or_else(|| Module::Other(id.as_str().to_owned()), |(module, _)| module.clone())
}

pub(crate) fn lift_module(module: &Module) -> ModuleId {
    match module {
        Module::Other(name) => ModuleId::Unlisted(name.clone()),
        module => {
            let known = MODULES.iter().find(|(known, _)| known == module);
            known.map_or(ModuleId::Credentials, |(_, id)| id.clone())
        }
    }
}

pub(crate) fn lift_interface(interface: Interface) -> InterfaceRole {
    match interface {
        Interface::Sender => InterfaceRole::Sender,
        Interface::Receiver => InterfaceRole::Receiver,
    }
}
