//! Charging preferences (OCPI 2.2.1 §9.3).

use crate::wire::base::{Number, Timestamp};
use crate::wire::class::class;
use crate::wire::text_enum::text_enum;

class! {
    ChargingPreferences = "ChargingPreferences" {
        one profile_type: ProfileType;
        may departure_time: Timestamp;
        may energy_need: Number;
        may discharge_allowed: bool;
    }
}

text_enum!(ProfileType: "ProfileType" {
    Cheap = "CHEAP",
    Fast = "FAST",
    Green = "GREEN",
    Regular = "REGULAR",
});

text_enum!(ChargingPreferencesResponse: "ChargingPreferencesResponse" {
    Accepted = "ACCEPTED",
    DepartureRequired = "DEPARTURE_REQUIRED",
    EnergyNeedRequired = "ENERGY_NEED_REQUIRED",
    NotPossible = "NOT_POSSIBLE",
    ProfileTypeNotSupported = "PROFILE_TYPE_NOT_SUPPORTED",
});
