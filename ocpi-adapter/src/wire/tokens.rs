//! Driver tokens (OCPI 2.2.1 §12).

use crate::wire::base::Timestamp;
use crate::wire::class::{ci, class, text};
use crate::wire::preferences::ProfileType;
use crate::wire::text_enum::text_enum;
use crate::wire::types::DisplayText;

class! {
    Token = "Token" {
        one country_code: String = ci(2);
        one party_id: String = ci(3);
        one uid: String = ci(36);
        one r#type: TokenType;
        one contract_id: String = ci(36);
        may visual_number: String = text(64);
        due issuer: String = text(64);
        may group_id: String = ci(36);
        one valid: bool;
        due whitelist: WhitelistType;
        may language: String = text(2);
        may default_profile_type: ProfileType;
        may energy_contract: EnergyContract;
        due last_updated: Timestamp;
    }
}

class! {
    EnergyContract = "EnergyContract" {
        one supplier_name: String = text(64);
        may contract_id: String = text(64);
    }
}

class! {
    AuthorizationInfo = "AuthorizationInfo" {
        one allowed: AllowedType;
        due token: Token;
        may location: LocationReferences;
        may authorization_reference: String = ci(36);
        may info: DisplayText;
    }
}

class! {
    LocationReferences = "LocationReferences" {
        one location_id: String = ci(36);
        any evse_uids: String = ci(36);
    }
}

text_enum!(TokenType: "TokenType" open {
    AdHocUser = "AD_HOC_USER",
    AppUser = "APP_USER",
    Other = "OTHER",
    Rfid = "RFID",
    Emaid = "EMAID" since V230,
});

text_enum!(WhitelistType: "WhitelistType" {
    Always = "ALWAYS",
    Allowed = "ALLOWED",
    AllowedOffline = "ALLOWED_OFFLINE",
    Never = "NEVER",
});

text_enum!(AllowedType: "AllowedType" {
    Allowed = "ALLOWED",
    Blocked = "BLOCKED",
    Expired = "EXPIRED",
    NoCredit = "NO_CREDIT",
    NotAllowed = "NOT_ALLOWED",
});
