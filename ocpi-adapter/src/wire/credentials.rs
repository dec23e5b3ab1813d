//! Credentials (OCPI 2.2.1 §7).

use crate::version::Version::{V22, V211, V230};
use crate::wire::class::{URL, ci, class, since, text, until};
use crate::wire::text_enum::text_enum;
use crate::wire::types::BusinessDetails;

class! {
    Credentials = "Credentials" {
        one token: String = text(64);
        one url: String = URL;
        may hub_party_id: String = ci(5), since(V230);
        some roles: CredentialsRole, since(V22);
        may party_id: String = ci(3), until(V211);
        may country_code: String = ci(2), until(V211);
        may business_details: BusinessDetails, until(V211);
    }
}

class! {
    CredentialsRole = "CredentialsRole" {
        one role: Role;
        due business_details: BusinessDetails;
        one party_id: String = ci(3);
        one country_code: String = ci(2);
    }
}

text_enum!(Role: "Role" {
    Cpo = "CPO",
    Emsp = "EMSP",
    Hub = "HUB",
    Nap = "NAP",
    Nsp = "NSP",
    Other = "OTHER",
    Scsp = "SCSP",
});
