//! When the prices of an element hold (OCPI 2.2.1 §11.4.6, `TariffRestrictions`).

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};

use crate::units::{Current, Energy, Power};

/// Energy so far is compared to this much. **Units**: Wh.
const ENERGY_TOLERANCE_WH: f64 = 1e-6;
/// Durations are compared to this much. **Units**: s.
const DURATION_TOLERANCE_S: f64 = 1e-6;

/// When the prices of an element hold. All that is set must match, at each moment of the session anew.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Restrictions {
    /// At what local time.
    pub hours: LocalHours,
    /// Once the session has taken this much.
    pub minimum_energy_wh: Option<Energy>,
    /// Until the session has taken this much.
    pub maximum_energy_wh: Option<Energy>,
    /// While the current, summed over the phases, is this or more.
    pub minimum_current_a: Option<Current>,
    /// While the current, summed over the phases, is less.
    pub maximum_current_a: Option<Current>,
    /// While the power is this or more.
    pub minimum_power_w: Option<Power>,
    /// While the power is less.
    pub maximum_power_w: Option<Power>,
    /// Once the session has lasted this long. **Units**: s.
    pub minimum_duration_s: Option<u32>,
    /// Until the session has lasted this long. **Units**: s.
    pub maximum_duration_s: Option<u32>,
    /// The element prices a reservation, not the charging.
    pub reservation: Option<Reservation>,
}

/// What of a reservation an element prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reservation {
    /// Any; of one that expired only what no element for [`Reservation::Expired`] prices.
    Made,
    /// One after which nobody charged in time.
    Expired,
}

/// A part of local time. All that is set must match.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LocalHours {
    /// From this time of day.
    pub start_time: Option<NaiveTime>,
    /// Until this time of day; not later than `start_time` means the next day, `00:00` the end of the day.
    pub end_time: Option<NaiveTime>,
    /// From this day.
    pub start_date: Option<NaiveDate>,
    /// Before this day.
    pub end_date: Option<NaiveDate>,
    /// On these days; empty means every day.
    pub weekdays: Vec<Weekday>,
}

/// What restrictions are held against: a session at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub local: NaiveDateTime,
    pub duration_s: f64,
    pub energy_wh: f64,
    /// `None` where nobody knows.
    pub power_w: Option<f64>,
    /// Summed over the phases; `None` where nobody knows.
    pub current_a: Option<f64>,
}

impl Restrictions {
    /// Tells whether all that is set matches, the reservation aside. What is not known matches nothing.
    pub(super) fn match_moment(&self, moment: &Moment) -> bool {
        let energy = self.minimum_energy_wh.map(Energy::as_wh)..self.maximum_energy_wh.map(Energy::as_wh);
        let current = self.minimum_current_a.map(Current::as_a)..self.maximum_current_a.map(Current::as_a);
        let power = self.minimum_power_w.map(Power::as_w)..self.maximum_power_w.map(Power::as_w);
        let duration = self.minimum_duration_s.map(f64::from)..self.maximum_duration_s.map(f64::from);
        self.hours.hold_at(moment.local)
            && within(Some(moment.energy_wh + ENERGY_TOLERANCE_WH), &energy)
            && within(Some(moment.duration_s + DURATION_TOLERANCE_S), &duration)
            && within(moment.current_a, &current)
            && within(moment.power_w, &power)
    }

    /// Tells whether they ask for the power.
    pub(super) fn ask_power(&self) -> bool {
        self.minimum_power_w.is_some() || self.maximum_power_w.is_some()
    }

    /// Tells whether they ask for the current.
    pub(super) fn ask_current(&self) -> bool {
        self.minimum_current_a.is_some() || self.maximum_current_a.is_some()
    }

    /// Tells whether they ask for nothing but the time of day and the date.
    pub(super) fn ask_only_time(&self) -> bool {
        *self == Self { hours: self.hours.clone(), ..Self::default() }
    }
}

impl LocalHours {
    /// Tells whether a local time is in them.
    pub fn hold_at(&self, local: NaiveDateTime) -> bool {
        hold((self.start_time, self.end_time), (self.start_date, self.end_date), &self.weekdays, local)
    }

    /// Returns the times of day at which they may begin or cease to hold.
    pub(super) fn edges(&self) -> impl Iterator<Item = NaiveTime> {
        let by_day = self.start_date.is_some() || self.end_date.is_some() || !self.weekdays.is_empty();
        self.start_time.into_iter().chain(self.end_time).chain(by_day.then_some(NaiveTime::MIN))
    }
}

fn within(value: Option<f64>, range: &std::ops::Range<Option<f64>>) -> bool {
    match (value, range.start, range.end) {
        (_, None, None) => true,
        (None, ..) => false,
        (Some(value), least, most) => least.is_none_or(|least| value >= least) && most.is_none_or(|most| value < most),
    }
}

/// Tells whether a local time is between two times of day, between two dates, and on one of the days.
pub(super) fn hold(
    times: (Option<NaiveTime>, Option<NaiveTime>),
    dates: (Option<NaiveDate>, Option<NaiveDate>),
    weekdays: &[Weekday],
    local: NaiveDateTime,
) -> bool {
    let (date, time) = (local.date(), local.time());
    let at_time = match times {
        (None, None) => true,
        (Some(start), None) => time >= start,
        // `00:00` as an end is the end of the day.
        (None, Some(end)) => end == NaiveTime::MIN || time < end,
        (Some(start), Some(end)) if start < end => start <= time && time < end,
        (Some(start), Some(end)) => time >= start || time < end,
    };
    at_time
        && dates.0.is_none_or(|start| date >= start)
        && dates.1.is_none_or(|end| date < end)
        && (weekdays.is_empty() || weekdays.contains(&date.weekday()))
}
