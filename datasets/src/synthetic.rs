//! Days that never were, from a seed: the same seed gives the same bytes.

mod building;
mod fleet;
#[cfg(test)]
mod tests;
mod workplace;

use chrono::{DateTime, Utc};
use headroom_domain::Energy;
use headroom_domain::preference::ProfileType;
use serde::{Deserialize, Serialize};

use crate::session::{Stated, Vehicle};

pub use building::{base_load, home_load};
pub(crate) use fleet::name_hash;
pub use fleet::vehicle_for;
pub(crate) use workplace::profile_type;
pub use workplace::workplace_day;

/// A session of a synthetic day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyntheticSession {
    /// Its name: date, EVSE and turn.
    pub id: String,
    /// Which of the EVSEs, from 0.
    pub evse: usize,
    /// When the vehicle is plugged in.
    pub arrival: DateTime<Utc>,
    /// When it leaves.
    pub departure: DateTime<Utc>,
    /// Energy that the driver really needs; it fits the battery, and not always the stay.
    pub energy_needed_wh: Energy,
    /// What the driver says; absent when nothing is said.
    pub stated: Option<Stated>,
    /// The vehicle.
    pub vehicle: Vehicle,
    /// How the driver wants to charge.
    pub profile_type: ProfileType,
}
