//! Charging profiles: what a session may draw, in the unit of its station.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use headroom_domain::Power;
use headroom_domain::location::{Connector, Supply};
use headroom_domain::profile::ChargingProfile;

use crate::partner::Dialect;
use crate::station::{ProfileAnswer, ProfileResult, RateUnit, Receipt, StationProfile};
use crate::wire::base::Timestamp;
use crate::wire::profiles::{self as wire, ChargingProfilePeriod};

/// Lifts a profile: absolute start, first period at 0, no duration, so that its last period (the dead-man tail) goes on.
///
/// Limits are rounded down to one decimal (OCPI 2.2.1 §14.4). Starts are whole seconds on the wire: a lower limit
/// begins early, a higher one late, so that the lifted profile never allows more than the one asked for.
pub(crate) fn profile(profile: &ChargingProfile, connector: &Connector, dialect: &Dialect) -> wire::ChargingProfile {
    let unit = dialect.rate_unit.unwrap_or(match connector.supply {
        Supply::Ac { .. } => RateUnit::Amperes,
        Supply::Dc => RateUnit::Watts,
    });
    let rate = Rate { unit, watts_per_ampere: watts_per_ampere(connector), minimum_a: dialect.minimum_a.as_a() };
    let start = floor_second(profile.start());
    wire::ChargingProfile {
        start_date_time: Some(Timestamp(start)),
        duration: None,
        charging_rate_unit: unit_word(unit),
        min_charging_rate: None,
        charging_profile_period: periods(profile, start, &rate).into(),
    }
}

struct Rate {
    unit: RateUnit,
    watts_per_ampere: f64,
    minimum_a: f64,
}

impl Rate {
    /// Returns a limit in the unit, rounded down to one decimal; zero where it is too little to charge with.
    fn limit(&self, power: Power) -> f64 {
        let current_a = if self.watts_per_ampere > 0.0 { power.as_w() / self.watts_per_ampere } else { 0.0 };
        if floor_decimal(current_a) < self.minimum_a {
            return 0.0;
        }
        match self.unit {
            RateUnit::Amperes => floor_decimal(current_a),
            RateUnit::Watts => floor_decimal(power.as_w()),
        }
    }
}

/// Returns the lowest limit of every whole second, as periods.
fn periods(profile: &ChargingProfile, start: DateTime<Utc>, rate: &Rate) -> Vec<ChargingProfilePeriod> {
    let changes = profile.periods().iter().map(|period| period.start - start);
    let mut seconds: Vec<i64> = changes
        .flat_map(|after| [after.num_seconds(), after.num_seconds() + i64::from(after.subsec_nanos() > 0)])
        .collect();
    seconds.sort_unstable();
    seconds.dedup();
    let instant = |second: i64| start + TimeDelta::seconds(second);
    let mut lifted: Vec<ChargingProfilePeriod> = Vec::with_capacity(seconds.len());
    for (index, &second) in seconds.iter().enumerate() {
        let (from, to) = (instant(second), seconds.get(index + 1).map(|next| instant(*next)));
        let within =
            profile.periods().iter().filter(|period| from < period.start && to.is_some_and(|to| period.start < to));
        let lowest = within.map(|period| period.limit_w).fold(profile.limit_at(from), Power::min);
        let limit = rate.limit(lowest);
        let start_period = u32::try_from(second).unwrap_or(u32::MAX);
        if lifted.last().is_none_or(|last| last.limit != limit.into()) {
            lifted.push(ChargingProfilePeriod { start_period: start_period.into(), limit: limit.into() });
        }
    }
    lifted
}

/// Returns the power of one ampere per phase.
fn watts_per_ampere(connector: &Connector) -> f64 {
    match connector.supply {
        Supply::Ac { phases } => connector.voltage_v.as_v() * f64::from(phases),
        Supply::Dc => connector.voltage_v.as_v(),
    }
}

/// Rounds down to one decimal; a hair below a decimal, as division leaves it, counts as that decimal.
fn floor_decimal(value: f64) -> f64 {
    (value * 10.0 + 1e-6).floor() / 10.0
}

fn floor_second(at: DateTime<Utc>) -> DateTime<Utc> {
    at - TimeDelta::nanoseconds(i64::from(at.nanosecond() % 1_000_000_000))
}

fn unit_word(unit: RateUnit) -> wire::ChargingRateUnit {
    match unit {
        RateUnit::Amperes => wire::ChargingRateUnit::Amperes,
        RateUnit::Watts => wire::ChargingRateUnit::Watts,
    }
}

/// Lifts what is in force at a station. Times count from its start; a station knows no fractions of a second.
pub(crate) fn active_profile(profile: &StationProfile) -> wire::ActiveChargingProfile {
    let start = floor_second(profile.start);
    let seconds = |at: DateTime<Utc>| u32::try_from((at - start).num_seconds()).unwrap_or(0);
    let mut periods: Vec<(u32, f64)> = Vec::new();
    for period in &profile.periods {
        let start_period = seconds(period.start);
        while periods.last().is_some_and(|(last, _)| *last >= start_period) {
            periods.pop();
        }
        periods.push((start_period, (period.limit * 10.0).round() / 10.0));
    }
    wire::ActiveChargingProfile {
        start_date_time: Timestamp(start),
        charging_profile: wire::ChargingProfile {
            start_date_time: Some(Timestamp(start)),
            duration: profile.end.map(|end| seconds(end).into()),
            charging_rate_unit: unit_word(profile.unit),
            min_charging_rate: None,
            charging_profile_period: periods
                .into_iter()
                .map(|(start, limit)| ChargingProfilePeriod { start_period: start.into(), limit: limit.into() })
                .collect(),
        },
    }
}

pub(crate) fn result(result: ProfileResult) -> wire::ResultType {
    match result {
        ProfileResult::Accepted => wire::ResultType::Accepted,
        ProfileResult::Rejected => wire::ResultType::Rejected,
        ProfileResult::Unknown => wire::ResultType::Unknown,
    }
}

pub(crate) fn receipt(receipt: Receipt) -> wire::ChargingProfileResponse {
    let result = match receipt.answer {
        ProfileAnswer::Accepted => wire::ResponseType::Accepted,
        ProfileAnswer::NotSupported => wire::ResponseType::NotSupported,
        ProfileAnswer::Rejected => wire::ResponseType::Rejected,
        ProfileAnswer::TooOften => wire::ResponseType::TooOften,
        ProfileAnswer::UnknownSession => wire::ResponseType::UnknownSession,
    };
    wire::ChargingProfileResponse { result, timeout: Some(receipt.timeout_s.into()) }
}
