//! Drivers' tokens (OCPI 2.2.1 §12). They are owned by the eMSP and never deleted, only made invalid.

use chrono::{DateTime, Utc};
use headroom_domain::preference::ProfileType;
use headroom_domain::{PartnerId, PartyId};
use serde::{Deserialize, Serialize};

use super::Message;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Made for one session of somebody without a contract.
    AdHocUser,
    /// Of an app.
    AppUser,
    /// A contract in the vehicle (2.3.0).
    Emaid,
    /// Anything else.
    Other,
    /// A card. Also where a request says nothing.
    #[default]
    Rfid,
    /// One that the standard does not list, as it was spelled.
    Unlisted(String),
}

/// What names a token: an id is unique together with the kind. Ids compare without case (`CiString`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenKey {
    /// The partner that told us.
    pub partner: PartnerId,
    /// The eMSP that owns it.
    pub party: PartyId,
    /// Its id as the owner, or the request, spells it.
    pub uid: String,
    /// What it is.
    pub kind: TokenKind,
}

/// Whether a CPO may let a driver charge without asking the eMSP (`WhitelistType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whitelist {
    /// It must not ask.
    Always,
    /// It may ask, or not.
    Allowed,
    /// It asks, and lets the driver charge where it cannot.
    AllowedOffline,
    /// It always asks.
    Never,
}

/// With whom a driver has a contract for energy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnergyContract {
    /// The supplier.
    pub supplier_name: String,
    /// The contract, where it is told.
    pub contract_id: Option<String>,
}

/// A driver's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What names it.
    pub key: TokenKey,
    /// The contract that it stands for.
    pub contract_id: String,
    /// What is printed on it.
    pub visual_number: Option<String>,
    /// Who handed it out.
    pub issuer: String,
    /// Tokens of a group can stop each other's sessions.
    pub group_id: Option<String>,
    /// Whether it may be used at all.
    pub valid: bool,
    /// Whether the eMSP has to be asked.
    pub whitelist: Whitelist,
    /// ISO 639-1.
    pub language: Option<String>,
    /// What the driver wants of a session for which nothing was said.
    pub default_profile_type: Option<ProfileType>,
    /// With whom the driver has a contract for energy.
    pub energy_contract: Option<EnergyContract>,
    /// When the owner last changed it.
    pub last_updated: DateTime<Utc>,
}

/// Where a driver wants to charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationReference {
    /// The location.
    pub location_id: String,
    /// EVSEs there; empty when it may be any.
    pub evse_uids: Vec<String>,
}

/// A CPO asks whether a driver may charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationAsked {
    /// The id of the token. The URL names no owner.
    pub uid: String,
    /// What it is.
    pub kind: TokenKind,
    /// Where the driver stands, where that is told.
    pub location: Option<LocationReference>,
}

/// Whether a driver may charge (`AllowedType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// Yes.
    Allowed,
    /// No: the token is blocked.
    Blocked,
    /// No: the token has expired.
    Expired,
    /// No: nothing is left to pay with.
    NoCredit,
    /// No: not at this location.
    NotAllowed,
}

/// What an eMSP says of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Whether the driver may charge.
    pub allowed: Allowed,
    /// The token.
    pub token: Token,
    /// Where, when it is not allowed everywhere that was asked.
    pub location: Option<LocationReference>,
    /// What the CPO is to repeat in the session and its CDR.
    pub reference: Option<String>,
    /// For the driver to read.
    pub info: Option<Message>,
}

/// What an eMSP answers to a CPO that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationReply {
    /// The token is known.
    Answer(Box<Authorization>),
    /// It is not: HTTP 404 and 2004.
    UnknownToken,
    /// It depends on the location, which was not told: 2002.
    LocationNeeded,
    /// No such location: 2003.
    UnknownLocation,
}
