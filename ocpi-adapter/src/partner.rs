//! A partner: how far the link is, its tokens, parties and endpoints, and its dialect.

use std::fmt;

use chrono::{DateTime, Utc};
use headroom_domain::{Current, PartnerId, PartyId};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::station::RateUnit;
use crate::version::Version;

/// A token. It is written in full where it is saved and never where it is logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a token.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// Returns the token, for the one line of a request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The module.
    pub module: Module,
    /// The side.
    pub interface: Interface,
    /// Its address.
    pub url: Url,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where the partner lists its versions.
    pub versions_url: Url,
    /// What we send.
    pub token_sent: Secret,
    /// What the partner sends.
    pub token_received: Secret,
    /// Who stands behind the partner's platform.
    pub parties: Vec<PartnerParty>,
    /// The version that both speak.
    #[serde(default)]
    pub version: Version,
    /// Where its modules are reached, for the version in use.
    pub endpoints: Vec<Endpoint>,
    /// When the link was made or renewed.
    pub registered_at: DateTime<Utc>,
}

impl Link {
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
        self.parties.iter().find(|party| party.role == Role::Hub).map(|party| &party.party)
    }

    /// Tells whether the partner hosts a role.
    pub fn has_role(&self, role: &Role) -> bool {
        self.parties.iter().any(|party| party.role == *role)
    }
}

/// How far the link to a partner is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// No link: never made, or ended by either side. No call leaves.
    #[default]
    None,
    /// The partner was given a token A and may register with it.
    Invited {
        /// The token A.
        token_a: Secret,
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

/// How tokens stand in the `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// In Base64, as OCPI asks since 2.2-d2.
    #[default]
    Base64,
    /// As they are, as older partners expect.
    Plain,
}

/// The quirks of a partner, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dialect {
    /// How tokens are sent to it; both forms are always accepted from it.
    pub token_form: TokenForm,
    /// The unit of profiles, whatever the connector; absent: amperes on AC, watts on DC.
    pub rate_unit: Option<RateUnit>,
    /// Its EVSEs take profiles even where they do not say so.
    pub assume_profile_capable: bool,
    /// A limit above zero and below this is sent as zero: no vehicle charges with less.
    pub minimum_a: Current,
    /// Its stations take a limit of zero as a pause. Where they do not, plans must stay at or above `minimum_a`.
    pub may_pause: bool,
    /// It passes on objects of parties that are not its own, as hubs do (hubs may in any case).
    pub forwards: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            token_form: TokenForm::Base64,
            rate_unit: None,
            assume_profile_capable: false,
            minimum_a: Current::ZERO,
            may_pause: true,
            forwards: false,
        }
    }
}
