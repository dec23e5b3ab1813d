//! Versions and version details (§6).

use serde::{Deserialize, Serialize};

use crate::wire::base::{list, text_enum};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    pub version: String,
    pub url: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VersionDetails {
    // The mock hub leaves it out.
    #[serde(default)]
    pub version: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub identifier: ModuleId,
    // Without meaning for credentials, so some leave it out.
    #[serde(default)]
    pub role: Option<InterfaceRole>,
    pub url: String,
}

text_enum!(ModuleId {
    Credentials = "credentials",
    Locations = "locations",
    Sessions = "sessions",
    Tariffs = "tariffs",
    ChargingProfiles = "chargingprofiles",
});

text_enum!(InterfaceRole { Sender = "SENDER", Receiver = "RECEIVER" });
