//! Written times and durations.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta};

use crate::import::collector::Rejection;
use crate::import::mapping::{DurationFormat, Swapped, Times, Words, Zone};
use crate::import::wall::Reading;

/// A time as written, with day and month put right.
#[derive(Debug, Clone, Copy)]
pub(in crate::import) struct Written {
    /// What the clock showed.
    pub(in crate::import) local: NaiveDateTime,
    /// Before day and month were put right.
    pub(in crate::import) raw: NaiveDateTime,
    /// Whether that changed anything.
    pub(in crate::import) swapped: bool,
    offset: Option<FixedOffset>,
}

/// Years beyond are mistakes, and calendars of zones do not reach far beyond.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// The time format of workbooks.
const SERIAL_DAYS: &str = "serial-days";

/// Reads days since 1899-12-30, rounded to seconds: 23:33 is stored as 0.98124999.
fn serial_days(text: &str) -> Option<NaiveDateTime> {
    let days: f64 = text.parse().ok().filter(|days| (1.0..200_000.0).contains(days))?;
    #[expect(clippy::cast_possible_truncation, reason = "within 550 years")]
    let seconds = (days * 86_400.0).round() as i64;
    Some(NaiveDate::from_ymd_opt(1899, 12, 30)?.and_hms_opt(0, 0, 0)? + TimeDelta::seconds(seconds))
}

impl Written {
    pub(super) fn parse(times: &Times, names: &Words, text: &str) -> Result<Self, Rejection> {
        let parsed = times.formats.iter().find_map(|format| match times.zone {
            Zone::Offset => {
                let time = DateTime::parse_from_str(text, format).ok()?;
                Some((time.naive_local(), Some(*time.offset())))
            }
            Zone::Utc | Zone::Wall(_) if format == SERIAL_DAYS => Some((serial_days(text)?, None)),
            Zone::Utc | Zone::Wall(_) => Some((NaiveDateTime::parse_from_str(text, format).ok()?, None)),
        });
        let parsed = parsed.filter(|(local, _)| YEARS.contains(&local.year()));
        let (raw, offset) = parsed.ok_or_else(|| {
            let names: Vec<&str> = names.iter().collect();
            let (names, format) = (names.join("` with `"), times.formats.first().map_or("", String::as_str));
            let rule = match times.zone {
                Zone::Offset => format!("`{names}` must be a time with offset as in `{format}`"),
                Zone::Utc | Zone::Wall(_) => format!("`{names}` must be a time as in `{format}`"),
            };
            Rejection::new(rule, text)
        })?;
        let local = match times.day_month_swapped {
            Swapped::Never => raw,
            Swapped::DaysUpTo12 => swapped(raw),
        };
        Ok(Self { local, raw, swapped: local != raw, offset })
    }

    /// Returns what it can mean.
    pub(super) fn reading(self, zone: Zone) -> Reading {
        match (zone, self.offset) {
            (Zone::Wall(zone), _) => Reading::of(zone, self.local),
            (_, Some(offset)) => {
                Reading::One((self.local - TimeDelta::seconds(i64::from(offset.local_minus_utc()))).and_utc())
            }
            (_, None) => Reading::One(self.local.and_utc()),
        }
    }
}

/// Swaps day and month where that is possible.
pub(in crate::import) fn swapped(time: NaiveDateTime) -> NaiveDateTime {
    let (day, month) = (time.day(), time.month());
    // By the first of a month, as no day between may be missing from a month.
    time.with_day(1).and_then(|time| time.with_month(day)).and_then(|time| time.with_day(month)).unwrap_or(time)
}

/// Reads a duration; `number` is the text as a number, where it is one.
pub(super) fn duration(format: DurationFormat, text: &str, number: Option<f64>) -> Option<TimeDelta> {
    let seconds = match format {
        DurationFormat::Clock => {
            let parts: Vec<u32> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
            let [hours, minutes, seconds] = parts.as_slice() else { return None };
            (*minutes < 60 && *seconds < 60).then(|| f64::from(*hours) * 3600.0 + f64::from(minutes * 60 + seconds))
        }
        DurationFormat::Hours => number.map(|hours| hours * 3600.0),
        DurationFormat::Minutes => number.map(|minutes| minutes * 60.0),
        DurationFormat::Seconds => number,
    };
    // A century is longer than any stay.
    #[expect(clippy::cast_possible_truncation, reason = "within a century")]
    seconds
        .filter(|seconds| seconds.abs() < 3.2e9)
        .map(|seconds| TimeDelta::milliseconds((seconds * 1e3).round() as i64))
}
