//! What a driver wants (OCPI 2.2.1 §8, charging preferences).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::units::Energy;

/// How a driver wants to charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileType {
    /// As cheap as possible.
    Cheap,
    /// As fast as possible.
    Fast,
    /// With as much renewable energy as possible.
    Green,
    /// No special wish.
    #[default]
    Regular,
}

/// What a driver said of a session. Later words replace earlier ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChargingPreference {
    /// How to charge.
    pub profile_type: ProfileType,
    /// When the driver expects to leave; an estimate.
    pub departure: Option<DateTime<Utc>>,
    /// Energy wanted over the whole session.
    pub energy_need_wh: Option<Energy>,
    /// Whether the vehicle may give energy back.
    pub discharge_allowed: bool,
    /// When it was said.
    pub stated_at: DateTime<Utc>,
}

/// What is answered to a preference (OCPI 2.2.1 `ChargingPreferencesResponse`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreferenceAnswer {
    /// Will be tried; no guarantee.
    Accepted,
    /// A departure time is needed.
    DepartureRequired,
    /// An energy need is needed.
    EnergyNeedRequired,
    /// The EVSE cannot do it.
    NotPossible,
    /// The profile type is not offered there.
    ProfileTypeNotSupported,
}
