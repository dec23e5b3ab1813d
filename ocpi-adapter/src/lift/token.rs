//! Drivers' tokens, and what is said of them.

use headroom_domain::preference::ProfileType;

use super::command::message;
use crate::roaming::{Allowed, Authorization, LocationReference, Token, TokenKind, Whitelist};
use crate::wire::base::Timestamp;
use crate::wire::preferences as preferences_wire;
use crate::wire::tokens as wire;

pub(crate) fn token(token: &Token) -> wire::Token {
    wire::Token {
        country_code: token.key.party.country_code().to_owned(),
        party_id: token.key.party.party_id().to_owned(),
        uid: token.key.uid.clone(),
        r#type: token_type(&token.key.kind),
        contract_id: token.contract_id.clone(),
        visual_number: token.visual_number.clone(),
        issuer: Some(token.issuer.clone()),
        group_id: token.group_id.clone(),
        valid: token.valid,
        whitelist: Some(match token.whitelist {
            Whitelist::Always => wire::WhitelistType::Always,
            Whitelist::Allowed => wire::WhitelistType::Allowed,
            Whitelist::AllowedOffline => wire::WhitelistType::AllowedOffline,
            Whitelist::Never => wire::WhitelistType::Never,
        }),
        language: token.language.clone(),
        default_profile_type: token.default_profile_type.map(|profile_type| match profile_type {
            ProfileType::Cheap => preferences_wire::ProfileType::Cheap,
            ProfileType::Fast => preferences_wire::ProfileType::Fast,
            ProfileType::Green => preferences_wire::ProfileType::Green,
            ProfileType::Regular => preferences_wire::ProfileType::Regular,
        }),
        energy_contract: token.energy_contract.as_ref().map(|contract| wire::EnergyContract {
            supplier_name: contract.supplier_name.clone(),
            contract_id: contract.contract_id.clone(),
        }),
        last_updated: Some(Timestamp(token.last_updated)),
    }
}

pub(crate) fn token_type(kind: &TokenKind) -> wire::TokenType {
    match kind {
        TokenKind::AdHocUser => wire::TokenType::AdHocUser,
        TokenKind::AppUser => wire::TokenType::AppUser,
        TokenKind::Emaid => wire::TokenType::Emaid,
        TokenKind::Other => wire::TokenType::Other,
        TokenKind::Rfid => wire::TokenType::Rfid,
        TokenKind::Unlisted(text) => wire::TokenType::from(text.clone()),
    }
}

pub(crate) fn location_reference(place: &LocationReference) -> wire::LocationReferences {
    wire::LocationReferences { location_id: place.location_id.clone(), evse_uids: place.evse_uids.clone().into() }
}

pub(crate) fn authorization(authorization: &Authorization) -> wire::AuthorizationInfo {
    wire::AuthorizationInfo {
        allowed: match authorization.allowed {
            Allowed::Allowed => wire::AllowedType::Allowed,
            Allowed::Blocked => wire::AllowedType::Blocked,
            Allowed::Expired => wire::AllowedType::Expired,
            Allowed::NoCredit => wire::AllowedType::NoCredit,
            Allowed::NotAllowed => wire::AllowedType::NotAllowed,
        },
        token: Some(token(&authorization.token)),
        location: authorization.location.as_ref().map(location_reference),
        authorization_reference: authorization.reference.clone(),
        info: authorization.info.as_ref().map(message),
    }
}
