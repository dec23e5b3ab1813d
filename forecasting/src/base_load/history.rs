//! Measurements as quarter hours.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::units::seconds;
use headroom_domain::{Interval, Power};
use std::collections::BTreeMap;

use super::calendar::{SLOT_S, quarter_of};

/// A meter interval longer than this says too little of its quarter hours to be used.
const LONGEST: TimeDelta = TimeDelta::hours(3);
/// More than any site draws: such a value is a meter's error.
const LARGEST_W: f64 = 1e12;
/// A quarter hour needs this much of it measured. **Units**: s.
const LEAST_COVERED_S: f64 = 300.0;

/// A measured value over an interval. **Units**: W.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) power_w: f64,
}

/// A quarter hour. **Units**: W.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    /// Quarters since the epoch.
    pub(super) quarter: i64,
    pub(super) mean_w: f64,
    /// Highest sample in it.
    pub(super) peak_w: f64,
}

/// Returns the usable samples by start; of several with one start the last given counts.
pub(super) fn samples(history: &[(Interval, Power)]) -> Vec<Sample> {
    let mut by_start = BTreeMap::new();
    for (interval, power) in history {
        let usable = interval.start < interval.end
            && interval.end.signed_duration_since(interval.start) <= LONGEST
            && power.as_w().abs() <= LARGEST_W;
        if usable {
            by_start.insert(interval.start, Sample { start: interval.start, end: interval.end, power_w: power.as_w() });
        }
    }
    by_start.into_values().collect()
}

/// Returns the quarter hours that samples cover well enough, in order.
pub(super) fn cells(samples: &[Sample]) -> Vec<Cell> {
    let mut sums: BTreeMap<i64, (f64, f64, f64)> = BTreeMap::new();
    for sample in samples {
        for quarter in quarter_of(sample.start)..=quarter_of(sample.end - TimeDelta::nanoseconds(1)) {
            let covered_s = overlap_s(sample, quarter);
            let (energy, total_s, peak_w) = sums.entry(quarter).or_insert((0.0, 0.0, f64::NEG_INFINITY));
            *energy += sample.power_w * covered_s;
            *total_s += covered_s;
            *peak_w = peak_w.max(sample.power_w);
        }
    }
    let cell = |(quarter, (energy, total_s, peak_w)): (i64, (f64, f64, f64))| {
        (total_s >= LEAST_COVERED_S).then(|| Cell { quarter, mean_w: energy / total_s, peak_w })
    };
    sums.into_iter().filter_map(cell).collect()
}

fn overlap_s(sample: &Sample, quarter: i64) -> f64 {
    let second =
        |at: DateTime<Utc>| seconds(at.signed_duration_since(DateTime::UNIX_EPOCH)) - (quarter * SLOT_S) as f64;
    second(sample.end).min(SLOT_S as f64) - second(sample.start).max(0.0)
}
