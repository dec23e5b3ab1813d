//! Charging preferences (§9.3).

use serde::{Deserialize, Serialize};

use crate::wire::base::{Timestamp, text_enum};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChargingPreferences {
    pub profile_type: ProfileType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departure_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_need: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discharge_allowed: Option<bool>,
}

text_enum!(ProfileType { Cheap = "CHEAP", Fast = "FAST", Green = "GREEN", Regular = "REGULAR" });

text_enum!(ChargingPreferencesResponse {
    Accepted = "ACCEPTED",
    DepartureRequired = "DEPARTURE_REQUIRED",
    EnergyNeedRequired = "ENERGY_NEED_REQUIRED",
    NotPossible = "NOT_POSSIBLE",
    ProfileTypeNotSupported = "PROFILE_TYPE_NOT_SUPPORTED",
});
