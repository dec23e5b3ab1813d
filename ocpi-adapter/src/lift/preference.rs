//! Charging preferences.

use headroom_domain::preference::{ChargingPreference, PreferenceAnswer, ProfileType};

use crate::wire::base::Timestamp;
use crate::wire::preferences as wire;

pub(crate) fn preference(preference: &ChargingPreference) -> wire::ChargingPreferences {
    wire::ChargingPreferences {
        profile_type: match preference.profile_type {
            ProfileType::Cheap => wire::ProfileType::Cheap,
            ProfileType::Fast => wire::ProfileType::Fast,
            ProfileType::Green => wire::ProfileType::Green,
            ProfileType::Regular => wire::ProfileType::Regular,
        },
        departure_time: preference.departure.map(Timestamp),
        energy_need: preference.energy_need_wh.map(|energy| ((energy.as_kwh() * 1e4).round() / 1e4).into()),
        discharge_allowed: Some(preference.discharge_allowed),
    }
}

pub(crate) fn answer(answer: PreferenceAnswer) -> wire::ChargingPreferencesResponse {
    use wire::ChargingPreferencesResponse as Response;
    match answer {
        PreferenceAnswer::Accepted => Response::Accepted,
        PreferenceAnswer::DepartureRequired => Response::DepartureRequired,
        PreferenceAnswer::EnergyNeedRequired => Response::EnergyNeedRequired,
        PreferenceAnswer::NotPossible => Response::NotPossible,
        PreferenceAnswer::ProfileTypeNotSupported => Response::ProfileTypeNotSupported,
    }
}
