//! When a row holds: times with and without offset, hours that a clock repeats or skips, rows that are only counted.

use std::collections::BTreeMap;

use chrono::{
    DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike,
    Utc,
};
use headroom_domain::Interval;

use super::table::Table;
use super::{DailyClock, Marks, SignalMapping, Times};

pub(super) const SKIPPED: &str = "the local time does not exist: the clock skips it in spring";
pub(super) const MADE_UP: &str = "the hour that the clock skips in spring was made up by the source; it was left out";
pub(super) const TWICE: &str = "the hour that the clock repeats in autumn is given once; it holds twice";
pub(super) const REPEATED: &str = "the clock repeats the local time in autumn; one of its rows is an hour later";

/// A row that cannot be placed: rule and value.
pub(super) type Misplaced = (String, String);

/// When a row holds.
pub(super) struct Placed {
    pub(super) interval: Interval,
    /// The same local time once more, where a source gives the repeated hour once.
    pub(super) again: Option<Interval>,
    /// What is odd: rule and value.
    pub(super) notices: Vec<(String, String)>,
}

/// Places the rows of a file, in their order.
pub(super) struct Timekeeper<'a> {
    mapping: &'a SignalMapping,
    step: TimeDelta,
    start: Option<DateTime<FixedOffset>>,
    counted: i64,
    /// Local times that the clock repeats, with how often each was read.
    repeated: BTreeMap<NaiveDateTime, usize>,
}

impl<'a> Timekeeper<'a> {
    pub(super) fn new(mapping: &'a SignalMapping, start: Option<DateTime<FixedOffset>>) -> Self {
        let step = TimeDelta::minutes(i64::from(mapping.step_min));
        Self { mapping, step, start, counted: 0, repeated: BTreeMap::new() }
    }

    pub(super) fn place(&mut self, table: &Table, row: usize) -> Result<Placed, Misplaced> {
        match &self.mapping.time {
            Times::Instant { column, format } => {
                let text = required(table, column, row)?;
                let time = DateTime::parse_from_str(text, format)
                    .map_err(|_| wrong(column, &format!("must be a time as `{format}`"), text))?;
                sensible(time.year(), text)?;
                let start = if self.mapping.marks == Marks::End { time.to_utc() - self.step } else { time.to_utc() };
                Ok(self.placed(start))
            }
            Times::Local { .. } | Times::DayHour { .. } => {
                let (local, text) = self.local_text(table, row)?;
                self.local(local, self.second(table, row), &text)
            }
            Times::Counted { month_column, hour_column, .. } => {
                let (month_column, hour_column) = (month_column.as_deref(), hour_column.as_deref());
                self.count(table, row, month_column, hour_column)
            }
        }
    }

    /// Tells whether local times mostly fall from row to row: then the second of two hours of one name stands first.
    pub(super) fn falls(&self, table: &Table) -> bool {
        if !matches!(self.mapping.time, Times::Local { .. } | Times::DayHour { .. }) {
            return false;
        }
        let local: Vec<NaiveDateTime> =
            (0..table.height).filter_map(|row| self.local_text(table, row).ok()).map(|(local, _)| local).collect();
        let falling = local.windows(2).filter(|pair| pair[1] < pair[0]).count();
        let rising = local.windows(2).filter(|pair| pair[1] > pair[0]).count();
        falling > rising
    }

    /// Returns the local time as it is written and its text.
    fn local_text(&self, table: &Table, row: usize) -> Result<(NaiveDateTime, String), Misplaced> {
        match &self.mapping.time {
            Times::DayHour { day_column, day_format, hour_column, .. } => {
                let (day, hour) = (required(table, day_column, row)?, required(table, hour_column, row)?);
                let date = NaiveDate::parse_from_str(day, day_format)
                    .map_err(|_| wrong(day_column, &format!("must be a day as `{day_format}`"), day))?;
                sensible(date.year(), day)?;
                let minutes = minutes(hour).ok_or_else(|| wrong(hour_column, "must be 00:00 to 24:00", hour))?;
                Ok((date.and_time(NaiveTime::MIN) + TimeDelta::minutes(minutes), format!("{day} {hour}")))
            }
            Times::Local { column, format } | Times::Instant { column, format } => {
                let text = required(table, column, row)?;
                let local = NaiveDateTime::parse_from_str(text, format)
                    .map_err(|_| wrong(column, &format!("must be a time as `{format}`"), text))?;
                sensible(local.year(), text)?;
                Ok((local, text.to_owned()))
            }
            Times::Counted { .. } => Err(("the row has no time".to_owned(), String::new())),
        }
    }

    /// Tells whether a row says that it is the second of its name; `None` when the source does not say.
    fn second(&self, table: &Table, row: usize) -> Option<bool> {
        let Times::DayHour { repeated_column: Some(column), .. } = &self.mapping.time else { return None };
        Some(table.text(column, row).is_some_and(|flag| flag == "Y"))
    }

    fn placed(&self, start: DateTime<Utc>) -> Placed {
        Placed { interval: Interval { start, end: start + self.step }, again: None, notices: Vec::new() }
    }

    /// Places a local time; `second` tells whether it is the second of its name, where the source says so.
    fn local(&mut self, marked: NaiveDateTime, second: Option<bool>, text: &str) -> Result<Placed, Misplaced> {
        // An hour that ends at 02:00 began at 01:00: the start is the time that the clock may repeat or skip.
        let local = if self.mapping.marks == Marks::End { marked - self.step } else { marked };
        let even = self.mapping.clock == DailyClock::Even;
        match self.mapping.time_zone.from_local_datetime(&local) {
            LocalResult::Single(time) => Ok(self.placed(time.to_utc())),
            LocalResult::Ambiguous(first, last) if even => {
                let mut placed = self.placed(first.to_utc());
                placed.again = Some(self.placed(last.to_utc()).interval);
                Ok(placed)
            }
            LocalResult::Ambiguous(first, last) => {
                let read = self.repeated.entry(local).or_insert(0);
                *read += 1;
                let second = second.unwrap_or(*read > 1);
                let mut placed = self.placed(if second { last } else { first }.to_utc());
                if second {
                    placed.notices.push((REPEATED.to_owned(), text.to_owned()));
                }
                Ok(placed)
            }
            LocalResult::None => Err(((if even { MADE_UP } else { SKIPPED }).to_owned(), text.to_owned())),
        }
    }

    fn count(
        &mut self,
        table: &Table,
        row: usize,
        month: Option<&str>,
        hour: Option<&str>,
    ) -> Result<Placed, Misplaced> {
        let steps = i32::try_from(self.counted).unwrap_or(i32::MAX);
        self.counted += 1;
        // The reader asks for the start before it reads.
        let start = self.start.ok_or_else(|| ("the start of the first row is not given".to_owned(), String::new()))?;
        let start = self.step.checked_mul(steps).and_then(|since| start.checked_add_signed(since));
        let start = start.ok_or_else(|| ("the count goes beyond all dates".to_owned(), String::new()))?;
        sensible(start.year(), &start.to_rfc3339())?;
        let mut placed = self.placed(start.to_utc());
        let hour_of_day = 24 * u32::from((start + self.step).hour() == 0) + (start + self.step).hour();
        let month_of_year = start.month();
        for (column, expected) in [(month, month_of_year), (hour, hour_of_day)] {
            let Some(column) = column else { continue };
            let text = table.text(column, row).unwrap_or_default();
            if text.parse::<f64>().ok() != Some(f64::from(expected)) {
                let rule = format!("`{column}` is not what is counted: give the start of the first row");
                placed.notices.push((rule, format!("{text}, counted {expected}")));
            }
        }
        Ok(placed)
    }
}

fn required<'t>(table: &'t Table, column: &str, row: usize) -> Result<&'t str, Misplaced> {
    table.text(column, row).ok_or_else(|| wrong(column, "must not be empty", ""))
}

fn wrong(column: &str, rule: &str, text: &str) -> Misplaced {
    (format!("`{column}` {rule}"), text.to_owned())
}

/// Refuses years that stand for no time, before arithmetic with them fails.
fn sensible(year: i32, text: &str) -> Result<(), Misplaced> {
    if (1900..2200).contains(&year) {
        Ok(())
    } else {
        Err(("the year must be 1900 to 2199".to_owned(), text.to_owned()))
    }
}

/// Returns the minutes of `HH:MM` or `H`, `24:00` among them.
fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "0"));
    let (hours, minutes): (u16, u16) = (hours.trim().parse().ok()?, minutes.parse().ok()?);
    let (hours, minutes) = (i64::from(hours), i64::from(minutes));
    let total = hours * 60 + minutes;
    ((0..60).contains(&minutes) && (0..=1440).contains(&total)).then_some(total)
}
