//! Drivers' tokens, and what is said of them.

use chrono::DateTime;
use headroom_domain::preference::ProfileType;
use headroom_domain::{PartnerId, PartyId};
use serde_json::Value;

use super::{Origin, command, read};
use crate::received::{Received, Rejected};
use crate::roaming::{
    Allowed, Authorization, EnergyContract, LocationReference, Token, TokenKey, TokenKind, Whitelist,
};
use crate::wire::preferences as preferences_wire;
use crate::wire::tokens as wire;

/// Reads a token.
pub(crate) fn token(origin: Origin<'_>, raw: Value) -> Result<Received<Token>, Rejected> {
    let (read, mut notes) = read::read::<wire::Token>(&raw, &wire::Token::CLASS, origin, &[])?;
    if read.whitelist.as_ref().and_then(lower_whitelist).is_none() {
        notes.warn("whitelist", "no word that OCPI knows: taken as NEVER, the eMSP is asked");
    }
    Ok(notes.received(of_wire(read, origin.partner), raw))
}

/// Reads a token inside another message. What is missing becomes what does least harm.
pub(crate) fn of_wire(read: wire::Token, partner: &PartnerId) -> Token {
    let party = PartyId::new(&read.country_code, &read.party_id);
    let energy_contract = read.energy_contract;
    Token {
        key: TokenKey { partner: partner.clone(), party, uid: read.uid, kind: kind(&read.r#type) },
        contract_id: read.contract_id,
        visual_number: read.visual_number,
        issuer: read.issuer.unwrap_or_default(),
        group_id: read.group_id,
        valid: read.valid,
        whitelist: read.whitelist.as_ref().and_then(lower_whitelist).unwrap_or(Whitelist::Never),
        language: read.language,
        default_profile_type: read.default_profile_type.as_ref().and_then(profile_type),
        energy_contract: energy_contract.map(|contract| EnergyContract {
            supplier_name: contract.supplier_name,
            contract_id: contract.contract_id,
        }),
        last_updated: read.last_updated.map_or(DateTime::UNIX_EPOCH, |at| at.0),
    }
}

pub(crate) fn kind(kind: &wire::TokenType) -> TokenKind {
    match kind {
        wire::TokenType::AdHocUser => TokenKind::AdHocUser,
        wire::TokenType::AppUser => TokenKind::AppUser,
        wire::TokenType::Other => TokenKind::Other,
        wire::TokenType::Rfid => TokenKind::Rfid,
        wire::TokenType::Emaid => TokenKind::Emaid,
        wire::TokenType::Unlisted(text) => TokenKind::Unlisted(text.clone()),
    }
}

fn lower_whitelist(whitelist: &wire::WhitelistType) -> Option<Whitelist> {
    match whitelist {
        wire::WhitelistType::Always => Some(Whitelist::Always),
        wire::WhitelistType::Allowed => Some(Whitelist::Allowed),
        wire::WhitelistType::AllowedOffline => Some(Whitelist::AllowedOffline),
        wire::WhitelistType::Never => Some(Whitelist::Never),
        wire::WhitelistType::Unlisted(_) => None,
    }
}

fn profile_type(profile_type: &preferences_wire::ProfileType) -> Option<ProfileType> {
    match profile_type {
        preferences_wire::ProfileType::Cheap => Some(ProfileType::Cheap),
        preferences_wire::ProfileType::Fast => Some(ProfileType::Fast),
        preferences_wire::ProfileType::Green => Some(ProfileType::Green),
        preferences_wire::ProfileType::Regular => Some(ProfileType::Regular),
        preferences_wire::ProfileType::Unlisted(_) => None,
    }
}

pub(crate) fn location_reference(place: wire::LocationReferences) -> LocationReference {
    LocationReference { location_id: place.location_id, evse_uids: place.evse_uids.to_vec() }
}

/// Reads what an eMSP says of a token.
///
/// **Errors**: a word that OCPI does not know, or no token. Whether a driver may charge is never guessed.
pub(crate) fn authorization(info: wire::AuthorizationInfo, partner: &PartnerId) -> Result<Authorization, String> {
    let allowed = match info.allowed {
        wire::AllowedType::Allowed => Allowed::Allowed,
        wire::AllowedType::Blocked => Allowed::Blocked,
        wire::AllowedType::Expired => Allowed::Expired,
        wire::AllowedType::NoCredit => Allowed::NoCredit,
        wire::AllowedType::NotAllowed => Allowed::NotAllowed,
        wire::AllowedType::Unlisted(text) => return Err(format!("allowed {text:?} is no word of OCPI")),
    };
    Ok(Authorization {
        allowed,
        token: of_wire(info.token.ok_or("token: required, and absent")?, partner),
        location: info.location.map(location_reference),
        reference: info.authorization_reference,
        info: info.info.map(command::message),
    })
}
