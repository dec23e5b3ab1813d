//! Charging profiles as stations speak of them: amperes per phase or watts.

use chrono::{DateTime, Utc};
use headroom_domain::location::{Connector, Supply};
use headroom_domain::profile::{ChargingProfile, ProfilePeriod};
use headroom_domain::{Current, Power};
use serde::{Deserialize, Serialize};

/// In what a profile counts (OCPI 2.2.1 §14.4, `ChargingRateUnit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateUnit {
    /// Amperes per phase.
    Amperes,
    /// Watts, all phases together.
    Watts,
}

/// An upper limit over time in the unit of a station.
///
/// **Shape**: starts strictly rise. Without an end, the last period goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StationProfile {
    /// From when it speaks; for an active profile, when the station computed it.
    pub start: DateTime<Utc>,
    /// Until when, where it says so.
    pub end: Option<DateTime<Utc>>,
    /// In what it counts.
    pub unit: RateUnit,
    /// The limits; empty when the sender named none, which says nothing.
    pub periods: Vec<StationPeriod>,
}

/// From an instant on, at most this much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StationPeriod {
    /// When it begins.
    pub start: DateTime<Utc>,
    /// The limit, in the unit of the profile.
    pub limit: f64,
}

impl StationProfile {
    /// Returns the limit at an instant, in the unit of the profile; `None` before its start, after its end and when
    /// it names none.
    pub fn limit_at(&self, at: DateTime<Utc>) -> Option<f64> {
        if at < self.start || self.end.is_some_and(|end| at >= end) {
            return None;
        }
        let after = self.periods.partition_point(|period| period.start <= at);
        after.checked_sub(1).map(|index| self.periods[index].limit)
    }

    /// Returns the profile in watts at a connector; `None` when it names no limit.
    ///
    /// A limit below zero (discharge) becomes zero. The end is not kept: the last limit goes on.
    pub fn at_connector(&self, connector: &Connector) -> Option<ChargingProfile> {
        let periods = self.periods.iter().map(|period| ProfilePeriod {
            start: period.start,
            limit_w: power(period.limit, self.unit, connector).or_zero(),
        });
        ChargingProfile::new(periods.collect()).ok()
    }
}

fn power(limit: f64, unit: RateUnit, connector: &Connector) -> Power {
    let limit = if limit.is_finite() { limit } else { 0.0 };
    match (unit, connector.supply) {
        (RateUnit::Watts, _) => Power::from_w(limit),
        (RateUnit::Amperes, Supply::Dc) => Current::from_a(limit) * connector.voltage_v,
        (RateUnit::Amperes, Supply::Ac { phases }) => Current::from_a(limit) * connector.voltage_v * f64::from(phases),
    }
}

/// What a CPO answers at once to a request about a profile (`ChargingProfileResponseType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileAnswer {
    /// Will be forwarded to the station; a result follows.
    Accepted,
    /// Not supported by the CPO, the station or the EVSE.
    NotSupported,
    /// Refused by the CPO.
    Rejected,
    /// More requests than it allows.
    TooOften,
    /// It does not know the session.
    UnknownSession,
}

/// What a CPO answers at once, with how long the station's result may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The verdict of the CPO, not of the station.
    pub answer: ProfileAnswer,
    /// After this many seconds no result is to be expected.
    pub timeout_s: u32,
}

impl Receipt {
    /// Nobody here takes profiles; no result follows.
    pub const NOT_SUPPORTED: Self = Self { answer: ProfileAnswer::NotSupported, timeout_s: 0 };
}

/// What the station made of it (`ChargingProfileResultType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileResult {
    /// In force.
    Accepted,
    /// Refused by the station.
    Rejected,
    /// The station found no matching profile.
    Unknown,
}
