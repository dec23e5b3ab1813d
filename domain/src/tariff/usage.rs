//! What a session used, as charging periods tell it (OCPI 2.2.1 §10.4.6).

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::units::{Current, Energy, Power, hours};

/// A session longer than this is a mistake.
const LONGEST: TimeDelta = TimeDelta::days(366);
/// A stated number of hours this near to the length of its period means the whole period: numbers have few decimals.
const SAME_H: f64 = 0.5 / 3600.0;

/// What a session used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// In order of time; each ends where the next starts.
    pub periods: Vec<UsagePeriod>,
    /// When the last period ended.
    pub end: DateTime<Utc>,
    /// The time zone of the location, in which tariffs are written.
    pub time_zone: Tz,
    /// Whether it is a reservation after which nobody charged in time.
    pub reservation_expired: bool,
}

/// What was used in a period, evenly over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UsagePeriod {
    /// When it started.
    pub start: DateTime<Utc>,
    /// The tariff that holds in it; without one nothing is charged.
    pub tariff_id: Option<String>,
    /// Energy, net; negative towards the grid.
    pub energy_wh: Energy,
    /// Hours of charging.
    pub time_h: f64,
    /// Hours during which the vehicle asked for no power.
    pub parking_h: f64,
    /// Hours reserved and not in use.
    pub reservation_h: f64,
    /// Least current, summed over the phases.
    pub minimum_current_a: Option<Current>,
    /// Highest current, summed over the phases.
    pub maximum_current_a: Option<Current>,
    /// Least power.
    pub minimum_power_w: Option<Power>,
    /// Highest power.
    pub maximum_power_w: Option<Power>,
}

/// Why a session has no cost.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// Nothing to charge.
    #[error("the session has no charging periods: give at least one")]
    NoPeriods,
    /// Periods overlap or run backwards.
    #[error("charging period {period} ends before it starts: sort the periods, and end the session after the last")]
    Backwards {
        /// Its place.
        period: usize,
    },
    /// The times cannot be right.
    #[error("the session lasts longer than {} days: look at its start and its end", LONGEST.num_days())]
    TooLong,
    /// A number that is no number of hours.
    #[error("{field} of charging period {period} is {value}: give 0 h or more")]
    NoHours {
        /// The place of the period.
        period: usize,
        /// Which number.
        field: &'static str,
        /// What it is.
        value: f64,
    },
    /// A period names a tariff that is not known.
    #[error("tariff {id} of charging period {period} is not known: give the tariffs of the session")]
    UnknownTariff {
        /// The place of the period.
        period: usize,
        /// The tariff's id.
        id: String,
    },
    /// A period names a tariff that was not valid.
    #[error("tariff {id} of charging period {period} is not valid at the start of the session: give the one that is")]
    InvalidTariff {
        /// The place of the period.
        period: usize,
        /// The tariff's id.
        id: String,
    },
    /// Money of two kinds cannot be added.
    #[error("the tariffs of the session are in {0} and in {1}: one session has one currency")]
    Currencies(String, String),
}

impl Usage {
    /// Returns the periods in which everything is in order, with their ends.
    ///
    /// **Errors**: the first thing that is not.
    pub(super) fn checked(&self) -> Result<Vec<(UsagePeriod, DateTime<Utc>)>, CostError> {
        let first = self.periods.first().ok_or(CostError::NoPeriods)?;
        let ends = self.periods.iter().skip(1).map(|period| period.start).chain([self.end]);
        let mut checked = Vec::with_capacity(self.periods.len());
        for (index, (period, end)) in self.periods.iter().zip(ends).enumerate() {
            if end < period.start {
                return Err(CostError::Backwards { period: index });
            }
            if end - first.start > LONGEST {
                return Err(CostError::TooLong);
            }
            checked.push((period.with_whole_hours(index, end)?, end));
        }
        Ok(checked)
    }
}

impl UsagePeriod {
    /// Makes a period in which nothing is used yet.
    pub fn new(start: DateTime<Utc>, tariff_id: Option<String>) -> Self {
        Self {
            start,
            tariff_id,
            energy_wh: Energy::ZERO,
            time_h: 0.0,
            parking_h: 0.0,
            reservation_h: 0.0,
            minimum_current_a: None,
            maximum_current_a: None,
            minimum_power_w: None,
            maximum_power_w: None,
        }
    }

    /// Tells whether the EVSE was only reserved.
    pub(super) fn is_reservation(&self) -> bool {
        self.reservation_h > 0.0 && self.time_h <= 0.0 && self.parking_h <= 0.0 && self.energy_wh == Energy::ZERO
    }

    /// Returns the power that stands for the period: its mean where that is known.
    pub(super) fn power_w(&self) -> Option<f64> {
        let mean = (self.time_h > 0.0).then(|| self.energy_wh.as_wh() / self.time_h).filter(|mean| *mean != 0.0);
        let (least, most) = (self.minimum_power_w.map(Power::as_w), self.maximum_power_w.map(Power::as_w));
        match (least.or(most), most.or(least)) {
            (Some(least), Some(most)) if least <= most => {
                Some(mean.map_or(f64::midpoint(least, most), |mean| mean.clamp(least, most)))
            }
            (Some(level), _) => Some(level),
            _ => mean.or(self.idle()),
        }
    }

    /// Returns the current that stands for the period: the middle between the least and the highest.
    pub(super) fn current_a(&self) -> Option<f64> {
        let (least, most) = (self.minimum_current_a.map(Current::as_a), self.maximum_current_a.map(Current::as_a));
        least.or(most).zip(most.or(least)).map(|(least, most)| f64::midpoint(least, most)).or(self.idle())
    }

    /// Without charging there is no current.
    fn idle(&self) -> Option<f64> {
        (self.time_h <= 0.0 && self.energy_wh == Energy::ZERO).then_some(0.0)
    }

    fn with_whole_hours(&self, period: usize, end: DateTime<Utc>) -> Result<Self, CostError> {
        let whole_h = hours(end - self.start);
        let whole = |field, value: f64| match value {
            value if !value.is_finite() || value < 0.0 => Err(CostError::NoHours { period, field, value }),
            value if (value - whole_h).abs() <= SAME_H && value > 0.0 => Ok(whole_h),
            value => Ok(value),
        };
        Ok(Self {
            time_h: whole("charging time", self.time_h)?,
            parking_h: whole("parking time", self.parking_h)?,
            reservation_h: whole("reservation time", self.reservation_h)?,
            ..self.clone()
        })
    }
}
