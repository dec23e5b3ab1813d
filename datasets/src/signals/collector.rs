//! Where rows become signals or findings, by rules that hold for every mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use headroom_domain::Interval;

use super::report::{SignalReport, SignalSummary};
use super::{ColumnSignal, Signal, SignalError, SignalImport, SignalMapping, SignalRow, SignalUnit};
use crate::findings::Findings;

/// A column of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) ahead_min: u32,
    /// To the unit, sign included.
    pub(super) factor: f64,
    pub(super) unit: SignalUnit,
    pub(super) signal: ColumnSignal,
}

/// A row that was placed. **Shape**: a value per column.
pub(super) struct Row {
    pub(super) interval: Interval,
    pub(super) again: Option<Interval>,
    pub(super) values: Vec<Option<f64>>,
    pub(super) at: String,
}

struct Kept {
    end: DateTime<Utc>,
    values: Vec<Option<f64>>,
    at: String,
}

/// Collects rows and counts what happens to them.
pub(super) struct Collector<'a> {
    mapping: &'a SignalMapping,
    columns: Vec<Column>,
    rows: usize,
    aside: usize,
    accepted: usize,
    kept: BTreeMap<DateTime<Utc>, Kept>,
    places: BTreeSet<String>,
    repaired: Findings,
    rejected: Findings,
    noticed: Findings,
    /// Start of the row before.
    above: Option<DateTime<Utc>>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(mapping: &'a SignalMapping, columns: Vec<Column>) -> Self {
        Self {
            mapping,
            columns,
            rows: 0,
            aside: 0,
            accepted: 0,
            kept: BTreeMap::new(),
            places: BTreeSet::new(),
            repaired: Findings::default(),
            rejected: Findings::default(),
            noticed: Findings::default(),
            above: None,
        }
    }

    pub(super) fn reads(&self, columns: &[Column]) -> bool {
        self.columns == columns
    }

    pub(super) fn place(&mut self, place: &str) {
        if !self.places.contains(place) {
            self.places.insert(place.to_owned());
        }
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(String::as_str)
    }

    pub(super) fn aside(&mut self) {
        self.aside += 1;
    }

    pub(super) fn reject(&mut self, rule: String, at: &str, value: String) {
        self.rows += 1;
        self.rejected.note(rule, at, value);
    }

    pub(super) fn repair(&mut self, rule: &str, at: &str, value: String) {
        self.repaired.note(rule, at, value);
    }

    pub(super) fn notice(&mut self, rule: String, at: &str, value: String) {
        self.noticed.note(rule, at, value);
    }

    /// Takes the next row; a time that was read before is rejected.
    pub(super) fn take(&mut self, row: Row) {
        self.rows += 1;
        let start = row.interval.start;
        if let Some(before) = self.kept.get(&start) {
            let equal = before.values == row.values;
            let which = if equal { "equal" } else { "other" };
            let rule = format!("a row of that time was read before, with {which} values; the first counts");
            self.rejected.note(rule, row.at, start.to_rfc3339());
            return;
        }
        if self.above.is_some_and(|above| start < above) {
            self.noticed.note(
                "the row is earlier than the one above it; the rows were sorted",
                &*row.at,
                start.to_rfc3339(),
            );
        }
        self.above = Some(start);
        self.accepted += 1;
        if let Some(again) = row.again {
            let (values, at) = (row.values.clone(), row.at.clone());
            self.kept.entry(again.start).or_insert(Kept { end: again.end, values, at });
        }
        self.kept.insert(start, Kept { end: row.interval.end, values: row.values, at: row.at });
    }

    /// Makes the signals and the report.
    pub(super) fn finish(mut self, path: &Path, files: Vec<String>) -> Result<SignalImport, SignalError> {
        self.cut_overlaps();
        let (aside, rows) = (self.aside, self.rows);
        let rejected = self.rejected.by_count();
        if self.kept.is_empty() {
            let example = |finding: &crate::Finding| {
                let example = finding.examples.first().map(|example| format!(" ({}: `{}`)", example.at, example.value));
                format!("{}{}", finding.rule, example.unwrap_or_default())
            };
            let reason = rejected.first().map_or_else(|| "there is no row".to_owned(), example);
            return Err(SignalError::NothingUsable { path: path.to_owned(), rows, reason });
        }
        let mut signals: Vec<Signal> = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let rows = self.kept.iter().map(|(start, kept)| row(self.mapping, column, *start, kept, index));
            match signals.iter_mut().find(|signal| signal.name == column.signal.name) {
                Some(signal) => signal.rows.extend(rows),
                None => signals.push(Signal {
                    name: column.signal.name.clone(),
                    unit: column.unit.clone(),
                    rows: rows.collect(),
                    time_zone: self.mapping.time_zone,
                    source: self.mapping.source.clone(),
                }),
            }
        }
        for signal in &mut signals {
            signal.rows.sort_by_key(|row| (row.interval.start, row.issued_at));
        }
        let step = TimeDelta::minutes(i64::from(self.mapping.step_min));
        let report = SignalReport {
            files,
            mapping: self.mapping.name.clone(),
            rows,
            aside,
            accepted: self.accepted,
            repaired: self.repaired.by_count(),
            rejected,
            noticed: self.noticed.by_count(),
            signals: signals.iter().map(|signal| summary(signal, step)).collect(),
        };
        Ok(SignalImport { signals, report })
    }

    /// Ends an interval where the next begins.
    fn cut_overlaps(&mut self) {
        let starts: Vec<DateTime<Utc>> = self.kept.keys().copied().collect();
        let nexts = starts.iter().skip(1);
        for (kept, next) in self.kept.values_mut().zip(nexts) {
            if kept.end > *next {
                let rule = "the interval reaches beyond the next row's start; it was cut there";
                self.repaired.note(rule, &*kept.at, format!("{} after {}", kept.end.to_rfc3339(), next.to_rfc3339()));
                kept.end = *next;
            }
        }
    }
}

fn row(mapping: &SignalMapping, column: &Column, start: DateTime<Utc>, kept: &Kept, index: usize) -> SignalRow {
    let ahead = TimeDelta::minutes(i64::from(column.ahead_min));
    let interval = Interval { start: start + ahead, end: kept.end + ahead };
    let issued_at = match (&column.signal.forecasts, column.signal.issued) {
        (Some(_), _) => Some(start),
        (None, Some(issued)) => {
            let day = start.with_timezone(&mapping.time_zone).date_naive();
            let local = (day - TimeDelta::days(i64::from(issued.days_before))).and_time(issued.at);
            // Where the clock skips that time, an hour later: nothing is known too early.
            let at = |local| mapping.time_zone.from_local_datetime(&local).latest();
            at(local).or_else(|| at(local + TimeDelta::hours(1))).map(|time| time.to_utc())
        }
        (None, None) => None,
    };
    SignalRow { interval, value: kept.values.get(index).copied().flatten(), issued_at }
}

fn summary(signal: &Signal, step: TimeDelta) -> SignalSummary {
    let values = || signal.rows.iter().filter_map(|row| row.value);
    let range = values().fold(None, |range: Option<(f64, f64)>, value| {
        Some(range.map_or((value, value), |(lowest, highest)| (lowest.min(value), highest.max(value))))
    });
    let mut until: Option<DateTime<Utc>> = None;
    let (mut gaps, mut missing) = (0, 0);
    for row in &signal.rows {
        if let Some(gap) = until.map(|until| row.interval.start - until).filter(|gap| *gap > TimeDelta::zero()) {
            gaps += 1;
            missing += usize::try_from(gap.num_seconds() / step.num_seconds().max(1)).unwrap_or(0).max(1);
        }
        until = until.max(Some(row.interval.end));
    }
    let equal = |value: &f64, other: f64| value.total_cmp(&other).is_eq();
    SignalSummary {
        name: signal.name.clone(),
        unit: signal.unit.clone(),
        rows: signal.rows.len(),
        without_value: signal.rows.iter().filter(|row| row.value.is_none()).count(),
        range,
        below_zero: values().filter(|value| *value < 0.0).count(),
        zero: values().filter(|value| equal(value, 0.0)).count(),
        at_highest: values().filter(|value| range.is_some_and(|(_, highest)| equal(value, highest))).count(),
        span: signal.rows.first().zip(until).map(|(row, until)| (row.interval.start, until)),
        gaps,
        missing,
    }
}
