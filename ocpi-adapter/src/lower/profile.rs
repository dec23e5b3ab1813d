//! Charging profiles that a CPO is told, and active ones that it tells of.

use chrono::{DateTime, TimeDelta, Utc};

use crate::station::{ProfileAnswer, ProfileResult, RateUnit, Receipt, StationPeriod, StationProfile};
use crate::wire::base::Number;
use crate::wire::profiles as wire;

/// How long a result may take when a CPO does not say.
const TIMEOUT_DEFAULT_S: u32 = 30;

/// Reads a profile whose times count from `start`.
///
/// **Errors**: the rule that it breaks. A limit that cannot be read is never guessed.
pub(crate) fn profile(profile: &wire::ChargingProfile, start: DateTime<Utc>) -> Result<StationProfile, String> {
    let unit = match &profile.charging_rate_unit {
        wire::ChargingRateUnit::Watts => RateUnit::Watts,
        wire::ChargingRateUnit::Amperes => RateUnit::Amperes,
        wire::ChargingRateUnit::Unlisted(text) => return Err(format!("charging_rate_unit {text:?}: send W or A")),
    };
    let periods = profile.charging_profile_period.iter();
    let mut periods = periods
        .map(|period| Ok((seconds("start_period", &period.start_period)?, period.limit.get())))
        .collect::<Result<Vec<_>, String>>()?;
    periods.sort_by_key(|(start, _)| *start);
    if let Some(pair) = periods.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("charging_profile_period: two periods start at {} s", pair[0].0));
    }
    let after = |offset_s: u32| {
        let offset = TimeDelta::seconds(i64::from(offset_s));
        start.checked_add_signed(offset).ok_or_else(|| "start_date_time is too far away".to_owned())
    };
    let periods = periods.into_iter().map(|(start, limit)| after(start).map(|start| StationPeriod { start, limit }));
    let periods = periods.collect::<Result<_, _>>()?;
    Ok(StationProfile {
        start,
        end: profile.duration.as_ref().map(|duration| after(seconds("duration", duration)?)).transpose()?,
        unit,
        periods,
    })
}

fn seconds(field: &str, count: &Number) -> Result<u32, String> {
    let seconds = count.count();
    if f64::from(seconds).total_cmp(&count.get().abs()).is_eq() && count.get() >= 0.0 {
        return Ok(seconds);
    }
    Err(format!("{field} {}: send whole seconds, 0 or more", count.get()))
}

/// Reads an active profile. All its times count from when the station computed it (OCPI 2.2.1 §14.4).
pub(crate) fn active_profile(active: &wire::ActiveChargingProfile) -> Result<StationProfile, String> {
    profile(&active.charging_profile, active.start_date_time.0)
}

/// Reads the result of a station; `None` for a word that OCPI does not know.
pub(crate) fn result(result: &wire::ResultType) -> Option<ProfileResult> {
    match result {
        wire::ResultType::Accepted => Some(ProfileResult::Accepted),
        wire::ResultType::Rejected => Some(ProfileResult::Rejected),
        wire::ResultType::Unknown => Some(ProfileResult::Unknown),
        wire::ResultType::Unlisted(_) => None,
    }
}

/// Reads what a CPO answers at once; `None` for a word that OCPI does not know.
pub(crate) fn receipt(response: &wire::ChargingProfileResponse) -> Option<Receipt> {
    let answer = match response.result {
        wire::ResponseType::Accepted => ProfileAnswer::Accepted,
        wire::ResponseType::NotSupported => ProfileAnswer::NotSupported,
        wire::ResponseType::Rejected => ProfileAnswer::Rejected,
        wire::ResponseType::TooOften => ProfileAnswer::TooOften,
        wire::ResponseType::UnknownSession => ProfileAnswer::UnknownSession,
        wire::ResponseType::Unlisted(_) => return None,
    };
    Some(Receipt { answer, timeout_s: response.timeout.as_ref().map_or(TIMEOUT_DEFAULT_S, Number::count) })
}
