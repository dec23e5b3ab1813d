//! Base load by day type: a profile of quarter hours with a decaying correction from the last hour.
//!
//! For a step that begins `k` quarter hours after the last measurement, in slot `s` of a day of type `d`:
//!
//! ```text
//! value(p) = profile[d,s] + persistence[k] · deviation of the last hour + scaled[k,p] · spread[d,s]
//! ```
//!
//! `profile` is an exponentially weighted robust mean over days of that type, in local time. `persistence` and `scaled`
//! are learnt per bucket of `k` from how far each day was from the profile of the days before it, so that nothing is
//! judged by itself. From [`PEAK_FROM`] up a quantile is of the highest value *within* a step, as far as the history is
//! finer than the step; below, it is of the mean of the step.

mod calendar;
mod history;
mod near_term;
mod numbers;
mod profile;
mod residuals;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use headroom_domain::forecast::{Forecast, Quantity};
use headroom_domain::units::seconds;
use headroom_domain::{Interval, NodeId, Power, Ratio, TimeGrid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use calendar::{Calendar, SLOT_S, quarter_of};
use history::Sample;
use near_term::{Rises, last_before};
use profile::{Diary, Profile, Usual};
use residuals::{RECENT_WEIGHTS, Residuals};

/// The probabilities of every forecast, rising.
pub const PROBABILITIES: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995];

/// Quantiles of at least this probability hold for the highest value within a step, not only for its mean.
pub const PEAK_FROM: f64 = 0.95;

/// Quantiles of at least this probability are guarded by the last measurement in the near term.
const GUARD_FROM: f64 = 0.9;
/// Steps that begin within this time of the issue are guarded by the last measurement.
const NEAR_TERM: TimeDelta = TimeDelta::minutes(30);
/// A measurement older than this says nothing of now.
const STALE: TimeDelta = TimeDelta::hours(2);
/// Quarter hours of a step that are looked at; a longer one is taken to be like its first day.
const LONGEST_STEP: i64 = 96;
/// Quarter hours that make a day of history, the shortest local day included.
const DAY_OF_QUARTERS: usize = 92;

/// How a base load is learnt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayTypeProfile {
    /// What is assumed while there is less than a day of history: a power that the base load hardly exceeds.
    pub configured: Power,
    /// Days that are like Sundays, in local time.
    #[serde(default)]
    pub holidays: BTreeSet<NaiveDate>,
}

impl DayTypeProfile {
    /// Makes one without holidays.
    pub fn new(configured: Power) -> Self {
        Self { configured, holidays: BTreeSet::new() }
    }

    /// Learns from measured means over intervals: in any order, of any length up to 3 h, with gaps.
    ///
    /// With less than a day of quarter hours the model is the configured constant.
    pub fn fit(&self, history: &[(Interval, Power)], time_zone: Tz) -> Model {
        let calendar = Calendar { time_zone, holidays: self.holidays.clone() };
        let samples = history::samples(history);
        let cells = history::cells(&samples);
        let placed = cells.iter().map(|cell| (calendar.place(cell.quarter), cell.mean_w));
        let diary = Diary::new(placed);
        let usual = Usual::new(&diary);
        let learnt = (cells.len() >= DAY_OF_QUARTERS).then(|| Profile::before(&diary, i64::MAX)).flatten();
        let learnt = learnt.map(|profile| Learnt {
            profile,
            residuals: Residuals::learn(&cells, &usual, &calendar),
            never_negative: samples.iter().all(|sample| sample.power_w >= 0.0),
        });
        let usual_w = |sample: &Sample| usual.at(calendar.place(quarter_of(sample.start))).unwrap_or(0.0);
        let rises = Rises::learn(&samples, usual_w);
        Model { calendar, configured: self.configured, rises, learnt }
    }
}

/// A base load as learnt: a plain value that serialises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    calendar: Calendar,
    configured: Power,
    rises: Rises,
    learnt: Option<Learnt>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Learnt {
    profile: Profile,
    residuals: Residuals,
    never_negative: bool,
}

/// What was measured last.
struct Latest<'a> {
    sample: &'a Sample,
    /// Weighted distance of the last hour from the profile. **Units**: W.
    deviation_w: f64,
}

impl Model {
    /// Tells whether there was history enough to learn from.
    pub fn is_learnt(&self) -> bool {
        self.learnt.is_some()
    }

    /// Forecasts a grid from what was measured up to `issued_at`; an interval that ends later is not looked at.
    ///
    /// In the near term no quantile from 0.9 up is below the last measured value plus the spread of its changes.
    pub fn predict(
        &self,
        node: NodeId,
        recent: &[(Interval, Power)],
        grid: &TimeGrid,
        issued_at: DateTime<Utc>,
    ) -> Forecast {
        let samples = history::samples(recent);
        let fresh = last_before(&samples, issued_at).filter(|last| issued_at - last.end <= STALE);
        let latest = fresh.map(|sample| Latest { sample, deviation_w: self.deviation_w(&samples, sample) });
        let mut quantiles: Vec<(Ratio, Vec<Power>)> = PROBABILITIES
            .iter()
            .map(|probability| (Ratio::from_ratio(*probability), Vec::with_capacity(grid.len())))
            .collect();
        for step in grid.steps() {
            let values_w = self.step_w(step, latest.as_ref(), &samples, issued_at);
            for ((_, values), value_w) in quantiles.iter_mut().zip(values_w) {
                values.push(Power::try_new(value_w).unwrap_or(self.configured));
            }
        }
        Forecast { quantity: Quantity::BaseLoad, node, issued_at, grid: grid.clone(), quantiles }
    }

    /// Returns the values of a step, rising. **Shape**: one per probability.
    fn step_w(
        &self,
        step: Interval,
        latest: Option<&Latest<'_>>,
        samples: &[Sample],
        issued_at: DateTime<Utc>,
    ) -> [f64; PROBABILITIES.len()] {
        let mut values_w = self.learnt.as_ref().map_or([self.configured.as_w(); PROBABILITIES.len()], |learnt| {
            learnt.step_w(step, latest, &self.calendar, issued_at)
        });
        if let Some(latest) = latest.filter(|_| step.start < issued_at + NEAR_TERM) {
            self.guard(step, latest.sample, samples, &mut values_w);
        }
        for index in 1..values_w.len() {
            values_w[index] = values_w[index].max(values_w[index - 1]);
        }
        values_w
    }

    /// Raises the upper quantiles of a step to what the last value and the spread of its changes ask for.
    fn guard(&self, step: Interval, last: &Sample, samples: &[Sample], values_w: &mut [f64; PROBABILITIES.len()]) {
        let usual_w =
            |quarter| self.learnt.as_ref().map_or(0.0, |learnt| learnt.profile.at(self.calendar.place(quarter)));
        let usual_change_w = usual_w(quarter_of(step.start)) - usual_w(quarter_of(last.start));
        for (value_w, (index, probability)) in values_w.iter_mut().zip(PROBABILITIES.iter().enumerate()) {
            if *probability >= GUARD_FROM {
                let rise_w = self.rises.over_w(step.end - last.end, index, usual_change_w);
                *value_w = value_w.max(last.power_w + rise_w.unwrap_or_else(|| near_term::swing_w(samples, last)));
            }
        }
    }

    fn deviation_w(&self, samples: &[Sample], last: &Sample) -> f64 {
        let Some(learnt) = &self.learnt else { return 0.0 };
        let (mut sum, mut total) = (0.0, 0.0);
        for sample in samples.iter().rev().filter(|sample| sample.end <= last.end) {
            let middle = sample.start + (sample.end - sample.start) / 2;
            let age = usize::try_from((last.end - middle).num_seconds() / SLOT_S).unwrap_or(usize::MAX);
            let Some(weight) = RECENT_WEIGHTS.get(age) else { break };
            let weight = weight * seconds(sample.end - sample.start);
            let usual_w = learnt.profile.at(self.calendar.place(quarter_of(middle)));
            sum += (sample.power_w - usual_w) * weight;
            total += weight;
        }
        if total > 0.0 { sum / total } else { 0.0 }
    }
}

impl Learnt {
    fn step_w(
        &self,
        step: Interval,
        latest: Option<&Latest<'_>>,
        calendar: &Calendar,
        issued_at: DateTime<Utc>,
    ) -> [f64; PROBABILITIES.len()] {
        let mut values_w = [0.0; PROBABILITIES.len()];
        let mut peaks_w = [f64::NEG_INFINITY; PROBABILITIES.len()];
        let first = quarter_of(step.start);
        let last = quarter_of(step.end - TimeDelta::nanoseconds(1)).min(first + LONGEST_STEP);
        let origin = latest.map_or(issued_at - STALE, |latest| latest.sample.end);
        for quarter in first..=last {
            let place = calendar.place(quarter);
            // Leads count from the quarter that ended with the last measurement, which is 1 for the one after it.
            let lead = (quarter - quarter_of(origin - TimeDelta::nanoseconds(1))).max(1);
            let carried_w = latest.map_or(0.0, |latest| latest.deviation_w * self.residuals.persistence(lead));
            let share = 1.0 / (last - first + 1) as f64;
            for index in 0..PROBABILITIES.len() {
                let lead = if latest.is_none() { i64::MAX } else { lead };
                let value_w = self.profile.at(place) + carried_w + self.residuals.margin_w(lead, place, index);
                values_w[index] += value_w * share;
                peaks_w[index] = peaks_w[index].max(value_w);
            }
        }
        for (index, probability) in PROBABILITIES.iter().enumerate() {
            let value_w = if *probability >= PEAK_FROM { peaks_w[index] } else { values_w[index] };
            values_w[index] = if self.never_negative { value_w.max(0.0) } else { value_w };
        }
        values_w
    }
}

/// Forecasts a constant, for a first day without history: every quantile is that constant.
pub fn configured(node: NodeId, constant: Power, grid: &TimeGrid, issued_at: DateTime<Utc>) -> Forecast {
    let values = vec![constant; grid.len()];
    let quantiles = PROBABILITIES.iter().map(|p| (Ratio::from_ratio(*p), values.clone())).collect();
    Forecast { quantity: Quantity::BaseLoad, node, issued_at, grid: grid.clone(), quantiles }
}
