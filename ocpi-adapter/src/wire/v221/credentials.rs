//! Credentials (§7).

use serde::{Deserialize, Serialize};

use crate::wire::base::{list, text_enum};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub token: String,
    pub url: String,
    #[serde(default, deserialize_with = "list")]
    pub roles: Vec<CredentialsRole>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CredentialsRole {
    pub role: Role,
    pub party_id: String,
    pub country_code: String,
    #[serde(default)]
    pub business_details: Option<BusinessDetails>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BusinessDetails {
    pub name: String,
}

text_enum!(Role {
    Cpo = "CPO",
    Emsp = "EMSP",
    Hub = "HUB",
    Nap = "NAP",
    Nsp = "NSP",
    Scsp = "SCSP",
});
