//! Messages on their way to the virtual stations and back, in simulated time.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::Current;
use headroom_domain::grid::Wiring;
use headroom_ocpi_adapter::{ProfileResult, RateUnit, StationPeriod, StationProfile};

use crate::station::{CurrentProfile, Station};

/// How far ahead an active profile looks (OCPI 2.2.1 §9.4: 5 to 60 minutes).
const ACTIVE_HORIZON: TimeDelta = TimeDelta::minutes(60);

/// What a station is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ask {
    /// To take a profile.
    Set(StationProfile),
    /// To forget its profile.
    Clear,
    /// What it will offer over so many seconds.
    Get(u32),
}

/// A message to a station.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    pub(super) session: usize,
    pub(super) ask: Ask,
    pub(super) response_url: String,
    pub(super) refused: bool,
    pub(super) dropped: bool,
}

/// What is to be told to the service.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    /// The result of a set or a clear.
    Result { response_url: String, result: ProfileResult },
    /// The answer to a get.
    ActiveResult { response_url: String, result: ProfileResult, profile: Option<StationProfile> },
    /// That the active profile has changed.
    Active { session: usize },
}

/// Returns a profile as the station keeps it: in amperes.
pub(super) fn current_profile(profile: &StationProfile, wiring: &Wiring) -> CurrentProfile {
    let per_unit = match profile.unit {
        RateUnit::Amperes => 1.0,
        RateUnit::Watts => wiring.power_at(Current::from_a(1.0)).as_w(),
    };
    let current = |limit: f64| Current::try_new(limit / per_unit).unwrap_or_default().or_zero();
    let periods = profile.periods.iter().map(|period| (period.start, current(period.limit))).collect();
    CurrentProfile::new(periods, profile.end)
}

/// Returns what a station will offer from an instant on, as it computes it itself.
pub(super) fn active_profile(station: &Station, now: DateTime<Utc>, duration: Option<u32>) -> StationProfile {
    let horizon = duration.map_or(ACTIVE_HORIZON, |duration_s| TimeDelta::seconds(i64::from(duration_s)));
    let mut periods = Vec::new();
    let mut edge = Some(now);
    while let Some(start) = edge.filter(|start| *start < now + horizon) {
        periods.push(StationPeriod { start, limit: station.offered(start).as_a() });
        edge = station.next_edge(start);
    }
    StationProfile { start: now, end: Some(now + horizon), unit: RateUnit::Amperes, periods }
}
