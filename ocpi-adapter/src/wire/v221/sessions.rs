//! Sessions (§9) and the parts of CDRs that they use (§10).

use serde::{Deserialize, Serialize};

use crate::wire::base::{Timestamp, list, text_enum};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub country_code: String,
    pub party_id: String,
    pub id: String,
    pub start_date_time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
    pub kwh: f64,
    // Needed by nobody here; senders of virtual sessions fill it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdr_token: Option<CdrToken>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<String>,
    pub location_id: String,
    #[serde(default)]
    pub evse_uid: Option<String>,
    #[serde(default)]
    pub connector_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub charging_periods: Vec<ChargingPeriod>,
    pub status: SessionStatus,
    pub last_updated: Timestamp,
}

/// What a CPO pushes while a session goes on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SessionPatch {
    pub status: SessionStatus,
    pub kwh: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub charging_periods: Vec<ChargingPeriod>,
    pub last_updated: Timestamp,
}

/// Every field is optional: the mock hub leaves out the owner.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CdrToken {
    pub country_code: Option<String>,
    pub party_id: Option<String>,
    pub uid: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub contract_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChargingPeriod {
    pub start_date_time: Timestamp,
    #[serde(default, deserialize_with = "list")]
    pub dimensions: Vec<CdrDimension>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CdrDimension {
    #[serde(rename = "type")]
    pub kind: DimensionType,
    pub volume: f64,
}

text_enum!(
    /// Energy in kWh, power in kW, state of charge in percent.
    DimensionType {
        Energy = "ENERGY",
        EnergyImport = "ENERGY_IMPORT",
        Power = "POWER",
        StateOfCharge = "STATE_OF_CHARGE",
    }
);

text_enum!(
    /// The prose says `RESERVED` where the list says `RESERVATION`: both are read, the listed one is written.
    SessionStatus {
        Active = "ACTIVE",
        Completed = "COMPLETED",
        Invalid = "INVALID",
        Pending = "PENDING",
        Reservation = "RESERVATION",
        Reserved = "RESERVED",
    }
);
