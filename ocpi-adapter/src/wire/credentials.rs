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

impl Credentials {
    /// Returns who stands behind a platform. In 2.1.1 that is one party without a role; we link to CPOs of that version
    /// only, to read from them.
    pub(crate) fn parties(&self) -> Vec<CredentialsRole> {
        match (&self.party_id, &self.country_code) {
            (Some(party_id), Some(country_code)) if self.roles.is_empty() => vec![CredentialsRole {
                role: Role::Cpo,
                business_details: self.business_details.clone(),
                party_id: party_id.clone(),
                country_code: country_code.clone(),
            }],
            _ => self.roles.to_vec(),
        }
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
