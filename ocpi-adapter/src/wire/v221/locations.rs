//! Locations (§8). Fields that OCPI requires and nobody here needs are optional for the reader.

use serde::{Deserialize, Serialize};

use crate::wire::base::{Timestamp, list, text_enum, whole, whole_option};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Location {
    pub country_code: String,
    pub party_id: String,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub city: Option<String>,
    #[serde(default)]
    pub country: Option<String>,
    #[serde(default)]
    pub coordinates: Option<GeoLocation>,
    #[serde(default, deserialize_with = "list")]
    pub evses: Vec<Evse>,
    #[serde(default)]
    pub time_zone: Option<String>,
    pub last_updated: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct GeoLocation {
    pub latitude: String,
    pub longitude: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Evse {
    pub uid: String,
    pub status: Status,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    #[serde(default, deserialize_with = "list")]
    pub connectors: Vec<Connector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Connector {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    pub power_type: PowerType,
    #[serde(serialize_with = "whole")]
    pub max_voltage: f64,
    #[serde(serialize_with = "whole")]
    pub max_amperage: f64,
    #[serde(default, serialize_with = "whole_option", skip_serializing_if = "Option::is_none")]
    pub max_electric_power: Option<f64>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub tariff_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Timestamp>,
}

text_enum!(Status {
    Available = "AVAILABLE",
    Blocked = "BLOCKED",
    Charging = "CHARGING",
    Inoperative = "INOPERATIVE",
    OutOfOrder = "OUTOFORDER",
    Planned = "PLANNED",
    Removed = "REMOVED",
    Reserved = "RESERVED",
    Unknown = "UNKNOWN",
});

text_enum!(
    /// Only those that matter to smart charging are told apart.
    Capability { Profiles = "CHARGING_PROFILE_CAPABLE", Preferences = "CHARGING_PREFERENCES_CAPABLE" }
);

text_enum!(PowerType {
    Ac1Phase = "AC_1_PHASE",
    Ac2Phase = "AC_2_PHASE",
    Ac2PhaseSplit = "AC_2_PHASE_SPLIT",
    Ac3Phase = "AC_3_PHASE",
    Dc = "DC",
});
