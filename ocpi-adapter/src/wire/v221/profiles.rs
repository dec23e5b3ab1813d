//! Charging profiles (§13), the same in 2.2.1 and 2.3.0.

use serde::{Deserialize, Serialize};

use crate::wire::base::{Timestamp, list, text_enum};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SetChargingProfile {
    pub charging_profile: ChargingProfile,
    pub response_url: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChargingProfile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u32>,
    pub charging_rate_unit: ChargingRateUnit,
    #[serde(default, rename = "charging_profile_period", deserialize_with = "list")]
    pub periods: Vec<ChargingProfilePeriod>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChargingProfilePeriod {
    pub start_period: u32,
    pub limit: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ActiveChargingProfile {
    pub start_date_time: Timestamp,
    pub charging_profile: ChargingProfile,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChargingProfileResponse {
    pub result: ResponseType,
    #[serde(default)]
    pub timeout: Option<u32>,
}

/// The three results in one: `profile` is there after a GET only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProfileResult {
    pub result: ResultType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ActiveChargingProfile>,
}

text_enum!(ChargingRateUnit { Watts = "W", Amperes = "A" });

text_enum!(ResponseType {
    Accepted = "ACCEPTED",
    NotSupported = "NOT_SUPPORTED",
    Rejected = "REJECTED",
    TooOften = "TOO_OFTEN",
    UnknownSession = "UNKNOWN_SESSION",
});

text_enum!(ResultType { Accepted = "ACCEPTED", Rejected = "REJECTED", Unknown = "UNKNOWN" });
