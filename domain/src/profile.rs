//! What a station is told: an upper limit over time for one session.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::units::Power;

/// An upper limit on one session over time, open-ended: its last period goes on until replaced.
///
/// That last period is the *dead-man tail*: if we fall silent, the vehicle falls to it by itself.
/// **Shape**: at least one period; starts strictly rise. Before the first start the profile says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ProfilePeriod>", into = "Vec<ProfilePeriod>")]
pub struct ChargingProfile {
    periods: Vec<ProfilePeriod>,
}

/// From an instant on, at most this much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilePeriod {
    /// When it begins; it ends when the next one begins.
    pub start: DateTime<Utc>,
    /// Most power of the session, all phases together. 0 or more.
    pub limit_w: Power,
}

/// Why a list of periods is no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// No period.
    #[error("a profile needs at least one period: its last one is the dead-man tail")]
    Empty,
    /// Starts that do not rise.
    #[error("period {0} does not start after the period before it: sort by start")]
    NotRising(usize),
    /// A limit below zero.
    #[error("period {0} has a limit below zero: discharging is never asked by an upper limit")]
    Negative(usize),
}

impl ChargingProfile {
    /// Makes a profile; neighbouring periods of one limit become one.
    pub fn new(periods: Vec<ProfilePeriod>) -> Result<Self, ProfileError> {
        if periods.is_empty() {
            return Err(ProfileError::Empty);
        }
        if let Some(index) = periods.windows(2).position(|pair| pair[0].start >= pair[1].start) {
            return Err(ProfileError::NotRising(index + 1));
        }
        if let Some(index) = periods.iter().position(|period| period.limit_w < Power::ZERO) {
            return Err(ProfileError::Negative(index));
        }
        let mut merged: Vec<ProfilePeriod> = Vec::with_capacity(periods.len());
        for period in periods {
            if merged.last().is_none_or(|last| last.limit_w != period.limit_w) {
                merged.push(period);
            }
        }
        Ok(Self { periods: merged })
    }

    /// Makes a profile of one limit from an instant on.
    pub fn constant(start: DateTime<Utc>, limit: Power) -> Self {
        Self { periods: vec![ProfilePeriod { start, limit_w: limit.or_zero() }] }
    }

    /// Returns the periods in order.
    pub fn periods(&self) -> &[ProfilePeriod] {
        &self.periods
    }

    /// Returns the first instant it speaks of.
    pub fn start(&self) -> DateTime<Utc> {
        self.periods[0].start
    }

    /// Returns the limit at an instant; before the first period, that of the first period.
    pub fn limit_at(&self, at: DateTime<Utc>) -> Power {
        let after = self.periods.partition_point(|period| period.start <= at);
        self.periods[after.saturating_sub(1)].limit_w
    }

    /// Returns when the dead-man tail begins.
    pub fn tail_start(&self) -> DateTime<Utc> {
        self.periods[self.periods.len() - 1].start
    }

    /// Returns the limit of the dead-man tail.
    pub fn tail_limit(&self) -> Power {
        self.periods[self.periods.len() - 1].limit_w
    }
}

impl TryFrom<Vec<ProfilePeriod>> for ChargingProfile {
    type Error = ProfileError;
    fn try_from(periods: Vec<ProfilePeriod>) -> Result<Self, ProfileError> {
        Self::new(periods)
    }
}

impl From<ChargingProfile> for Vec<ProfilePeriod> {
    fn from(profile: ChargingProfile) -> Self {
        profile.periods
    }
}

/// What a station may be doing with a session: every profile that could be in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Belief {
    /// The profile last acknowledged by the station.
    pub acknowledged: Option<ChargingProfile>,
    /// Profiles sent and not yet answered, or answered by silence: each may be in force.
    #[serde(default)]
    pub in_flight: Vec<ChargingProfile>,
    /// What the station allows when it holds no profile of ours.
    pub fallback_w: Power,
}

impl Belief {
    /// Makes the belief of a session that was never sent a profile.
    pub fn untouched(fallback: Power) -> Self {
        Self { acknowledged: None, in_flight: Vec::new(), fallback_w: fallback }
    }

    /// Returns the most that the session may draw at an instant: the highest of all that could be in force.
    pub fn worst_at(&self, at: DateTime<Utc>) -> Power {
        let known = self.acknowledged.as_ref().map_or(self.fallback_w, |profile| profile.limit_at(at));
        self.in_flight.iter().map(|profile| profile.limit_at(at)).fold(known, Power::max)
    }

    /// Returns every instant at which the worst case may change.
    pub fn edges(&self) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        let profiles = self.acknowledged.iter().chain(&self.in_flight);
        profiles.flat_map(|profile| profile.periods().iter().map(|period| period.start))
    }
}
