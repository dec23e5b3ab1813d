//! What OCPI 2.1.1 says otherwise: credentials of one party without a role, and endpoints without a side.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::partner::{Interface, Module, Role};
use crate::version::Version;
use crate::wire::credentials::{Credentials, CredentialsRole};
use crate::wire::types::BusinessDetails;

/// Credentials of 2.1.1 (OCPI 2.1.1, credentials §3.1).
#[derive(Debug, Serialize, Deserialize)]
struct OneParty {
    token: String,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    business_details: Option<BusinessDetails>,
    party_id: String,
    country_code: String,
}

/// Returns what a platform of a role is in 2.1.1, which knows operators and providers only.
pub(crate) fn role(role: &Role) -> Role {
    if *role == Role::Cpo { Role::Cpo } else { Role::Emsp }
}

/// Returns what the other end of a link is.
pub(crate) fn counterpart(ours: &Role) -> Role {
    if *ours == Role::Cpo { Role::Emsp } else { Role::Cpo }
}

/// Returns the side on which an operator or provider stands in a module.
pub(crate) fn interface(module: &Module, role: &Role) -> Interface {
    let of_operator = !matches!(module, Module::Tokens | Module::Commands);
    if *module == Module::Credentials || of_operator == (*role == Role::Cpo) {
        Interface::Sender
    } else {
        Interface::Receiver
    }
}

/// Tells whether 2.1.1 has a module.
pub(crate) fn knows(module: &Module) -> bool {
    !matches!(module, Module::ChargingProfiles | Module::HubClientInfo | Module::Other(_))
}

/// Reads credentials in the form of a version. `ours` is what we are.
pub(crate) fn read(
    value: &Value,
    version: Version,
    ours: &Role,
) -> Result<Credentials, serde_path_to_error::Error<serde_json::Error>> {
    if version != Version::V211 {
        return serde_path_to_error::deserialize(value);
    }
    let OneParty { token, url, business_details, party_id, country_code } = serde_path_to_error::deserialize(value)?;
    let role = super::discovery::lift_role(&counterpart(ours));
    let roles = vec![CredentialsRole { role, business_details, party_id, country_code }].into();
    Ok(Credentials {
        token,
        url,
        hub_party_id: None,
        roles,
        party_id: None,
        country_code: None,
        business_details: None,
    })
}

/// Writes credentials in the form of a version.
pub(crate) fn write(credentials: Credentials, version: Version) -> Result<Value, serde_json::Error> {
    if version != Version::V211 {
        return serde_json::to_value(credentials);
    }
    let Credentials { token, url, roles, .. } = credentials;
    let mut roles: Vec<CredentialsRole> = roles.iter().cloned().collect();
    roles.truncate(1);
    let first = roles.pop().ok_or_else(|| serde::ser::Error::custom("credentials without a role"))?;
    let CredentialsRole { business_details, party_id, country_code, .. } = first;
    serde_json::to_value(OneParty { token, url, business_details, party_id, country_code })
}
