//! How far the load rises from where it is: the guard of the next minutes.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::PROBABILITIES;
use super::history::Sample;
use super::numbers::{kept, quantile};

/// Times over which rises are learnt. **Units**: min.
const LAGS_MIN: [i64; 8] = [5, 10, 15, 20, 30, 45, 60, 120];
/// Latest days from which rises are learnt.
const WINDOW: TimeDelta = TimeDelta::days(14);

/// How far the load goes from where it is, at the finest step of the history. **Units**: W.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rises {
    /// **Shape**: one per lag; absent where gaps left nothing to see.
    by_lag: Vec<Option<Rise>>,
}

/// What is known of one lag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rise {
    /// Root mean square of the changes over the lag.
    spread_w: f64,
    /// Highest rise within the lag beyond what is usual at that time of day, at [`PROBABILITIES`].
    beyond_usual_w: Vec<f64>,
}

impl Rises {
    /// Learns from samples by start and what was usual at each.
    pub(super) fn learn(samples: &[Sample], usual_w: impl Fn(&Sample) -> f64) -> Self {
        let from = samples.last().map_or(DateTime::UNIX_EPOCH, |last| last.end - WINDOW);
        let recent = &samples[samples.partition_point(|sample| sample.start < from)..];
        let beyond_w: Vec<f64> = recent.iter().map(|sample| sample.power_w - usual_w(sample)).collect();
        let lags = LAGS_MIN.iter().map(|lag_min| TimeDelta::minutes(*lag_min));
        Self { by_lag: lags.map(|lag| rise(recent, &beyond_w, lag)).collect() }
    }

    /// Returns the least that must be kept free above the last value: the spread of its changes over a time, or what a
    /// probability leaves below it when what is usual changes by `usual_change_w`.
    ///
    /// `None` beyond the longest time learnt.
    pub(super) fn over_w(&self, time: TimeDelta, probability: usize, usual_change_w: f64) -> Option<f64> {
        let lag = LAGS_MIN.iter().position(|lag_min| time <= TimeDelta::minutes(*lag_min))?;
        let rise = self.by_lag.get(lag..)?.iter().flatten().next()?;
        let beyond_w = rise.beyond_usual_w.get(probability)?;
        Some(rise.spread_w.max(usual_change_w + beyond_w))
    }
}

fn rise(samples: &[Sample], beyond_w: &[f64], lag: TimeDelta) -> Option<Rise> {
    let mut rises_w = Vec::new();
    let mut squares = 0.0;
    for (index, now) in samples.iter().enumerate() {
        let later = &samples[index + 1..];
        let within = later.partition_point(|later| later.start < now.end + lag);
        // A gap right after leaves nothing to see.
        if let Some(last) = later[..within].last() {
            let highest_w = beyond_w[index + 1..=index + within].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            rises_w.push(highest_w - beyond_w[index]);
            squares += (last.power_w - now.power_w).powi(2);
        }
    }
    rises_w.sort_unstable_by(f64::total_cmp);
    let beyond_usual_w = PROBABILITIES.iter().map(|probability| kept(quantile(&rises_w, *probability))).collect();
    (!rises_w.is_empty()).then(|| Rise { spread_w: kept((squares / rises_w.len() as f64).sqrt()), beyond_usual_w })
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
