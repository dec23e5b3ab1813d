//! Local quarter hours and day types.

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Length of a slot. **Units**: s.
pub(super) const SLOT_S: i64 = 900;
/// Slots in a day.
pub(super) const SLOTS: usize = 96;
/// Day types: workday, Saturday, Sunday or holiday.
pub(super) const DAY_TYPES: usize = 3;

/// How a site counts days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Calendar {
    pub(super) time_zone: Tz,
    pub(super) holidays: BTreeSet<NaiveDate>,
}

/// Where an instant lies in the site's week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Days since 1970-01-01, local.
    pub(super) day: i64,
    /// 0 workday, 1 Saturday, 2 Sunday or holiday.
    pub(super) day_type: usize,
    /// Quarter hour of the local day.
    pub(super) slot: usize,
}

impl Calendar {
    /// Returns the place of a quarter hour, counted in quarters since the epoch.
    pub(super) fn place(&self, quarter: i64) -> Place {
        let at = DateTime::from_timestamp(quarter.saturating_mul(SLOT_S), 0).unwrap_or_default();
        // By the offset and not by `naive_local`, which panics at the ends of time.
        let offset_s = self.time_zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
        let local_s = at.timestamp() + i64::from(offset_s);
        let day = local_s.div_euclid(86_400);
        let slot = usize::try_from(local_s.rem_euclid(86_400) / SLOT_S).unwrap_or(0);
        Place { day, day_type: self.day_type(day), slot }
    }

    fn day_type(&self, day: i64) -> usize {
        let Some(date) = DateTime::from_timestamp(day * 86_400, 0).map(|at| at.date_naive()) else { return 0 };
        match date.weekday() {
            _ if self.holidays.contains(&date) => 2,
            Weekday::Sat => 1,
            Weekday::Sun => 2,
            _ => 0,
        }
    }
}

/// Returns the quarter hour since the epoch that holds an instant.
pub(super) fn quarter_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(SLOT_S)
}
