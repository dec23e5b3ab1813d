//! How far a limit is: received, accepted, in force, obeyed, or not.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::units::Power;

/// How far a limit is.
///
/// ```text
/// Received ─▶ Accepted ─▶ Scheduled ─▶ Active ─▶ Completed
///        └▶ Rejected   └──────┴─────────┴▶ Cancelled | Superseded | NotAchieved (and back to Active once it is obeyed)
///                                           Expired: what arrived when it was over
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LimitState {
    /// It arrived and is being checked. Told of by the answer, not by the stream.
    Received,
    /// It is on disk.
    Accepted,
    /// It is planned with and has not begun.
    Scheduled,
    /// It has begun: vehicles are told, and counted as they acknowledge.
    Active,
    /// It is over.
    Completed,
    /// It was refused. Told of by the answer, not by the stream.
    Rejected,
    /// The utility withdrew it.
    Cancelled,
    /// Another limit has taken all of its remaining time.
    Superseded,
    /// It was over when it arrived.
    Expired,
    /// It is in force and not obeyed: [`Amiss`] says why.
    NotAchieved,
}

impl LimitState {
    /// Tells whether nothing follows.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Cancelled | Self::Superseded | Self::Expired)
    }
}

/// Why a limit is not obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Amiss {
    /// Stations have not acknowledged their reductions in time.
    StationsSilent,
    /// Stations, or their partner, refused their reductions.
    StationsRefused,
    /// Vehicles that nobody can steer draw more than the limit leaves.
    NotSteerable,
    /// What the site draws beside the vehicles is more than the limit.
    BaseLoadAlone,
    /// The meter shows more than the limit though every station acknowledged.
    MeterAboveLimit,
}

impl fmt::Display for Amiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StationsSilent => "STATIONS_SILENT",
            Self::StationsRefused => "STATIONS_REFUSED",
            Self::NotSteerable => "NOT_STEERABLE",
            Self::BaseLoadAlone => "BASE_LOAD_ALONE",
            Self::MeterAboveLimit => "METER_ABOVE_LIMIT",
        })
    }
}

/// What is known of a limit's obedience at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitStatus {
    /// How far it is.
    pub state: LimitState,
    /// Sessions that it is for: active ones behind its target.
    pub affected_sessions: u32,
    /// Of these, those that cannot draw more than the plan under this limit allows them, by all profiles that could be in
    /// force at their stations.
    pub confirmed_sessions: u32,
    /// The latest mean import that the meters measured, all members of an area together. **Units**: W.
    pub measured_import_w: Option<Power>,
    /// When it will be, or was, in force.
    pub expected_in_force_at: Option<DateTime<Utc>>,
    /// Why it is not obeyed.
    pub amiss: Option<Amiss>,
}

impl LimitStatus {
    /// Makes a status that says nothing but the state.
    pub fn of(state: LimitState) -> Self {
        Self {
            state,
            affected_sessions: 0,
            confirmed_sessions: 0,
            measured_import_w: None,
            expected_in_force_at: None,
            amiss: None,
        }
    }

    /// Tells whether every session that it is for is known to obey.
    pub fn is_obeyed(&self) -> bool {
        self.state == LimitState::Active && self.confirmed_sessions >= self.affected_sessions
    }
}
