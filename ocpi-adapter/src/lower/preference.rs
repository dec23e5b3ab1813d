//! Charging preferences.

use chrono::{DateTime, Utc};
use headroom_domain::Energy;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer, ProfileType};

use crate::wire::preferences as wire;

/// Reads what a driver said.
///
/// **Errors**: the rule that it breaks.
pub(crate) fn preference(
    said: &wire::ChargingPreferences,
    stated_at: DateTime<Utc>,
) -> Result<ChargingPreference, String> {
    let profile_type = match &said.profile_type {
        wire::ProfileType::Cheap => ProfileType::Cheap,
        wire::ProfileType::Fast => ProfileType::Fast,
        wire::ProfileType::Green => ProfileType::Green,
        wire::ProfileType::Regular => ProfileType::Regular,
        wire::ProfileType::Unlisted(text) => {
            return Err(format!("profile_type {text:?}: send CHEAP, FAST, GREEN or REGULAR"));
        }
    };
    let energy_need =
        said.energy_need.as_ref().map(|energy_kwh| Energy::try_new(energy_kwh.get() * 1000.0)).transpose();
    let energy_need_wh = energy_need.map_err(|error| format!("energy_need: {error}"))?;
    if energy_need_wh.is_some_and(|energy| energy < Energy::ZERO) {
        return Err("energy_need is below zero: send kWh, 0 or more".to_owned());
    }
    Ok(ChargingPreference {
        profile_type,
        departure: said.departure_time.map(|at| at.0),
        energy_need_wh,
        discharge_allowed: said.discharge_allowed.unwrap_or(false),
        stated_at,
    })
}

/// Reads an answer; `None` for a word that OCPI does not know.
pub(crate) fn answer(answer: &wire::ChargingPreferencesResponse) -> Option<PreferenceAnswer> {
    use wire::ChargingPreferencesResponse as Response;
    match answer {
        Response::Accepted => Some(PreferenceAnswer::Accepted),
        Response::DepartureRequired => Some(PreferenceAnswer::DepartureRequired),
        Response::EnergyNeedRequired => Some(PreferenceAnswer::EnergyNeedRequired),
        Response::NotPossible => Some(PreferenceAnswer::NotPossible),
        Response::ProfileTypeNotSupported => Some(PreferenceAnswer::ProfileTypeNotSupported),
        Response::Unlisted(_) => None,
    }
}
