//! The highest quarter hours of each month: what demand charges are for.

use std::collections::BTreeMap;

use chrono::Datelike;
use chrono_tz::Tz;
use headroom_domain::units::hours;

use super::{Interval, Power, TimeDelta, TraceStep, floor_to};

const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// The highest means over a quarter of an hour in a month.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MonthPeak {
    /// Of the site.
    pub import_w: Power,
    /// Of its base load alone.
    pub base_w: Power,
}

impl MonthPeak {
    /// Returns what vehicles add to the peak.
    pub fn added(&self) -> Power {
        (self.import_w - self.base_w).or_zero()
    }
}

/// Returns the peaks of a trace by year and month of a time zone.
pub fn month_peaks(trace: &[TraceStep], time_zone: Tz) -> BTreeMap<(i32, u32), MonthPeak> {
    let mut peaks: BTreeMap<(i32, u32), MonthPeak> = BTreeMap::new();
    let mut quarter = None;
    let (mut import_wh, mut base_wh) = (0.0, 0.0);
    let mut close = |start: chrono::DateTime<chrono::Utc>, import_wh: f64, base_wh: f64| {
        let local = start.with_timezone(&time_zone);
        let peak = peaks.entry((local.year(), local.month())).or_default();
        peak.import_w = peak.import_w.max(Power::from_w(import_wh / hours(QUARTER)));
        peak.base_w = peak.base_w.max(Power::from_w(base_wh / hours(QUARTER)));
    };
    for step in trace {
        let mut start = step.start;
        while start < step.end {
            let of = floor_to(start, QUARTER);
            if let Some(last) = quarter.filter(|last| *last != of) {
                close(last, import_wh, base_wh);
                (import_wh, base_wh) = (0.0, 0.0);
            }
            quarter = Some(of);
            let piece = Interval { start, end: step.end.min(of + QUARTER) };
            import_wh += (step.base_w + step.steered_w).as_w() * hours(piece.duration());
            base_wh += step.base_w.as_w() * hours(piece.duration());
            start = piece.end;
        }
    }
    if let Some(last) = quarter {
        close(last, import_wh, base_wh);
    }
    peaks
}
