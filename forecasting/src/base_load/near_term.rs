//! How far the load rises from where it is: the guard of the next minutes.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::PROBABILITIES;
use super::history::Sample;
use super::numbers::quantile;

/// Times over which rises are learnt. **Units**: min.
const LAGS_MIN: [i64; 8] = [5, 10, 15, 20, 30, 45, 60, 120];
/// Latest days from which rises are learnt.
const WINDOW: TimeDelta = TimeDelta::days(14);

/// Rises of the load above its value now, at the finest step of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rises {
    /// Per lag: the highest rise within it at [`PROBABILITIES`], never below the spread of changes. **Units**: W.
    by_lag_w: Vec<Vec<f64>>,
}

impl Rises {
    /// Learns from samples by start.
    pub(super) fn learn(samples: &[Sample]) -> Self {
        let from = samples.last().map_or(DateTime::UNIX_EPOCH, |last| last.end - WINDOW);
        let recent = &samples[samples.partition_point(|sample| sample.start < from)..];
        Self { by_lag_w: LAGS_MIN.iter().map(|lag_min| rises_w(recent, TimeDelta::minutes(*lag_min))).collect() }
    }

    /// Returns the rise that a probability leaves below it over a time; `None` beyond the longest time learnt.
    pub(super) fn over_w(&self, time: TimeDelta, probability: usize) -> Option<f64> {
        let lag = LAGS_MIN.iter().position(|lag_min| time <= TimeDelta::minutes(*lag_min))?;
        self.by_lag_w.get(lag)?.get(probability).copied()
    }
}

fn rises_w(samples: &[Sample], lag: TimeDelta) -> Vec<f64> {
    let mut rises = Vec::new();
    let mut squares = 0.0;
    for (index, now) in samples.iter().enumerate() {
        let within = samples[index + 1..].iter().take_while(|later| later.start < now.end + lag);
        // A gap right after leaves nothing to see.
        let seen: Vec<f64> = within.map(|later| later.power_w - now.power_w).collect();
        if let Some(last) = seen.last() {
            rises.push(seen.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            squares += last * last;
        }
    }
    if rises.is_empty() {
        return Vec::new();
    }
    let spread_w = (squares / rises.len() as f64).sqrt();
    rises.sort_by(f64::total_cmp);
    PROBABILITIES.iter().map(|probability| quantile(&rises, *probability).max(spread_w)).collect()
}

/// Returns the last sample that had ended.
pub(super) fn last_before(samples: &[Sample], at: DateTime<Utc>) -> Option<&Sample> {
    samples.iter().rev().find(|sample| sample.end <= at)
}

/// Returns how far the load swung in the hour before a sample, for a model that has learnt no rises. **Units**: W.
pub(super) fn swing_w(samples: &[Sample], last: &Sample) -> f64 {
    let hour = samples.iter().filter(|sample| sample.end <= last.end && sample.start >= last.end - TimeDelta::hours(1));
    let (low, high) = hour
        .fold((last.power_w, last.power_w), |(low, high), sample| (low.min(sample.power_w), high.max(sample.power_w)));
    high - low
}
