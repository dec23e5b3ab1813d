//! A partner: how far the link is, its tokens, parties and endpoints, and its dialect.

use std::fmt;

use chrono::{DateTime, Utc};
use headroom_domain::{PartnerId, PartyId};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::exchange::masked;
use crate::version::Version;

mod dialect;
mod secret;

pub use dialect::{Accepted, Alias, Dialect, DriverIds, Rate, Timeouts, TokenForm};
pub(crate) use secret::hex;
pub use secret::{Secret, TokenHash};

/// What a party does in the roaming world (OCPI 2.2.1 §2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Operates charge points.
    Cpo,
    /// Gives drivers access.
    Emsp,
    /// Roaming hub.
    Hub,
    /// National access point.
    Nap,
    /// Navigation service provider.
    Nsp,
    /// Smart charging service provider.
    Scsp,
    /// Anything else, as the partner spells it.
    Other(String),
}

/// A module of OCPI.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Module {
    /// Charge detail records.
    Cdrs,
    /// Charging profiles.
    ChargingProfiles,
    /// Commands.
    Commands,
    /// Registration.
    Credentials,
    /// Who is connected to a hub.
    HubClientInfo,
    /// Locations.
    Locations,
    /// Sessions.
    Sessions,
    /// Tariffs.
    Tariffs,
    /// Driver tokens.
    Tokens,
    /// Any other, as the partner spells it.
    Other(String),
}

/// Which side of a module: the owner of the data is the sender, wherever a request starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interface {
    /// Of the owner of the data.
    Sender,
    /// Of those that take the data.
    Receiver,
}

/// Where a module of a partner is reached.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The module.
    pub module: Module,
    /// The side.
    pub interface: Interface,
    /// Its address.
    pub url: Url,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {}", self.module, self.interface, masked(&self.url))
    }
}

/// A role of a party that a partner's platform hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerParty {
    /// What it does.
    pub role: Role,
    /// Who it is.
    pub party: PartyId,
    /// What it is called.
    pub business_name: String,
}

/// What registration brought about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where the partner lists its versions.
    pub versions_url: Url,
    /// What we send.
    pub token_sent: Secret,
    /// What the partner sends. It is only ever compared, so only its hash is kept.
    pub token_received: TokenHash,
    /// What the partner may send until it has used `token_received` once: an answer that changes tokens may be lost,
    /// and then the partner knows only what it had before. **Shape**: newest first, at most [`Link::TOKENS_BEFORE`].
    #[serde(default)]
    pub tokens_before: Vec<TokenHash>,
    /// Who stands behind the partner's platform.
    pub parties: Vec<PartnerParty>,
    /// The version that both speak.
    #[serde(default)]
    pub version: Version,
    /// Where its modules are reached, for the version in use.
    pub endpoints: Vec<Endpoint>,
    /// The party that is the partner's hub, where it routes between parties (`hub_party_id`, OCPI 2.3.0 §7.3).
    #[serde(default)]
    pub hub: Option<PartyId>,
    /// What of our offer the partner was told, as a hash; see [`crate::Platform::outdated`].
    #[serde(default)]
    pub told: Option<String>,
    /// When the link was made or renewed.
    pub registered_at: DateTime<Utc>,
}

/// Says what people may read: no tokens, and addresses without secrets.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("versions_url", &masked(&self.versions_url))
            .field("version", &self.version)
            .field("parties", &self.parties)
            .field("hub", &self.hub)
            .field("endpoints", &self.endpoints)
            .field("registered_at", &self.registered_at)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// How many replaced tokens are kept at most.
    pub const TOKENS_BEFORE: usize = 4;

    /// Returns where a module is reached.
    pub fn endpoint(&self, module: &Module, interface: Interface) -> Option<&Url> {
        let found = self.endpoints.iter().find(|end| {
            // The interface of credentials has no meaning (OCPI 2.2.1 §6).
            end.module == *module && (end.interface == interface || *module == Module::Credentials)
        });
        found.map(|end| &end.url)
    }

    /// Returns the party of the hub, when the partner is one.
    pub fn hub(&self) -> Option<&PartyId> {
        let by_role = || self.parties.iter().find(|party| party.role == Role::Hub).map(|party| &party.party);
        self.hub.as_ref().or_else(by_role)
    }

    /// Tells whether the partner hosts a role. Since 2.3.0 a hub is known by its hub party, no longer by a role.
    pub fn has_role(&self, role: &Role) -> bool {
        self.parties.iter().any(|party| party.role == *role) || (*role == Role::Hub && self.hub.is_some())
    }
}

/// How far the link to a partner is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "partners are few, and most of them are registered")]
pub enum Registration {
    /// No link: never made, or ended by either side. No call leaves.
    #[default]
    None,
    /// The partner was given a token A and may register with it.
    Invited {
        /// The token A, as a hash: it is only ever compared.
        token_a: TokenHash,
    },
    /// The link is made.
    Registered(Link),
}

/// A platform that we talk to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partner {
    /// What the operator calls it.
    pub id: PartnerId,
    /// How far the link is.
    #[serde(default)]
    pub registration: Registration,
    /// Its quirks.
    #[serde(default)]
    pub dialect: Dialect,
}

impl Partner {
    /// Makes a partner without a link.
    pub fn new(id: PartnerId, dialect: Dialect) -> Self {
        Self { id, registration: Registration::None, dialect }
    }

    /// Returns the link, when there is one.
    pub fn link(&self) -> Option<&Link> {
        match &self.registration {
            Registration::Registered(link) => Some(link),
            Registration::None | Registration::Invited { .. } => None,
        }
    }
}
