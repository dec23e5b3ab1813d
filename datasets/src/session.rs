//! A charging session as data sets know it.

use chrono::{DateTime, Utc};
use headroom_domain::{Current, Energy, Ratio};
use serde::{Deserialize, Serialize};

/// A session that was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedSession {
    /// Its name in the source.
    pub id: String,
    /// The station (one plug) it charged at.
    pub station: String,
    /// The site of the station; absent when the source does not say.
    #[serde(default)]
    pub site: Option<String>,
    /// When the vehicle was plugged in.
    pub arrival: DateTime<Utc>,
    /// When it was unplugged; later than `arrival`.
    pub departure: DateTime<Utc>,
    /// Energy delivered in the recording, which a scheduler may have limited.
    pub energy_wh: Energy,
    /// What the driver said; absent when nothing was said.
    pub stated: Option<Stated>,
    /// The driver, as a salted hash; absent when the source does not say.
    pub user: Option<String>,
}

/// What a driver said of a session, as first said. A fair simulation reads it from `known_from` on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stated {
    /// Energy asked for over the whole session.
    pub energy_wh: Option<Energy>,
    /// When the driver expected to leave.
    pub departure: Option<DateTime<Utc>>,
    /// When it was said.
    pub known_from: DateTime<Utc>,
}

/// A vehicle on AC.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Vehicle {
    /// What its battery holds.
    pub battery_wh: Energy,
    /// State of charge at arrival, 0 to 1.
    pub arrival_soc: Ratio,
    /// Phases its charger uses, 1 to 3.
    pub phases: u8,
    /// Most current per phase.
    pub maximum_current_a: Current,
}
