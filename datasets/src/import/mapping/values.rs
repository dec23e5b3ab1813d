//! Values of a mapping's fields.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// How a written time becomes an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// The offset stands in the text.
    Offset,
    /// UTC, whatever a label says.
    Utc,
    /// Wall time of a zone.
    Wall(Tz),
}

/// Dates whose day and month were swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Swapped {
    /// None.
    #[default]
    Never,
    #[serde(rename = "days_up_to_12")]
    /// Those whose day, as written, is 1 to 12: day-first dates that were read month-first where that was possible.
    DaysUpTo12,
}

/// How a duration is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DurationFormat {
    /// `118:16:25`, hours beyond a day allowed.
    #[default]
    #[serde(rename = "h:mm:ss")]
    Clock,
    /// Hours as a number.
    #[serde(rename = "hours")]
    Hours,
    /// Minutes as a number.
    #[serde(rename = "minutes")]
    Minutes,
    /// Seconds as a number.
    #[serde(rename = "seconds")]
    Seconds,
}

/// Units of energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyRules {
    /// The unit of every column of energy.
    pub unit: EnergyUnit,
}

/// A unit of energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnergyUnit {
    /// Watt hours.
    Wh,
    /// Kilowatt hours.
    #[serde(rename = "kWh")]
    KWh,
    /// Megawatt hours.
    MWh,
}

impl EnergyUnit {
    pub(in crate::import) fn wh(self) -> f64 {
        match self {
            Self::Wh => 1.0,
            Self::KWh => 1e3,
            Self::MWh => 1e6,
        }
    }

    pub(in crate::import) fn name(self) -> &'static str {
        match self {
            Self::Wh => "Wh",
            Self::KWh => "kWh",
            Self::MWh => "MWh",
        }
    }
}

/// What a plug can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RatedPower {
    /// Of every plug. **Units**: kW.
    pub kw: Option<f64>,
    /// The column whose text tells it, as in `APT 22kW Dual Outlet`.
    pub column: Option<String>,
    /// Of plugs whose text has no number before `kW`: the longest word found in it counts. **Units**: kW.
    pub words_kw: BTreeMap<String, f64>,
}
