//! Readings, brought to equal steps.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

use super::{Quality, Sample};
use crate::time::{Interval, floor_to};
use crate::timeline::Timeline;
use crate::units::{Energy, Power, Ratio, seconds};

/// Coverage from which a step counts as measured throughout.
const MEASURED_FROM: f64 = 0.999;

/// Coverage from which the rest of a step may be reckoned.
const ESTIMATED_FROM: f64 = 0.9;

/// What meters said of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub interval: Interval,
    /// Mean import over the time that readings cover. **Units**: W.
    pub mean_w: Option<Power>,
    /// The highest reading within it. **Units**: W.
    pub max_w: Option<Power>,
    /// Share of the step that readings cover.
    pub coverage: Ratio,
    /// How the mean is known.
    pub quality: Quality,
}

impl Step {
    /// Returns how much of the step readings cover. **Units**: h.
    pub(super) fn covered_h(&self) -> f64 {
        self.coverage.as_ratio() * crate::units::hours(self.interval.duration())
    }

    /// Returns the energy that readings show: nothing for the time that they do not cover.
    pub fn energy(&self) -> Energy {
        Energy::from_wh(self.mean_w.unwrap_or_default().as_w() * self.covered_h())
    }
}

/// Brings readings to steps: the multiples of `step` since 1970, the first and the last cut to the window. A step below a
/// second is taken as a second.
///
/// Means are weighted by time over what readings cover. Where readings overlap, the one that starts later counts.
pub fn resample(samples: &[Sample], window: Interval, step: TimeDelta) -> Vec<Step> {
    let readings = Readings::of(samples);
    steps(window, step).map(|interval| readings.over(interval)).collect()
}

/// The multiples of `step` since 1970, cut to a window.
pub(super) fn steps(window: Interval, step: TimeDelta) -> impl Iterator<Item = Interval> {
    let step = step.max(TimeDelta::seconds(1));
    let mut start = window.start;
    std::iter::from_fn(move || {
        let end = floor_to(start, step).checked_add_signed(step).unwrap_or(DateTime::<Utc>::MAX_UTC).min(window.end);
        let interval = Interval::new(start, end)?;
        start = end;
        Some(interval)
    })
}

/// A power over time, with gaps: in order and disjoint.
pub(super) struct Readings(Vec<(Interval, Power)>);

impl Readings {
    pub(super) fn of(samples: &[Sample]) -> Self {
        let mut samples: Vec<_> = samples.iter().map(|sample| (sample.interval, sample.import_w)).collect();
        samples.sort_by_key(|(interval, _)| (interval.start, Reverse(interval.end)));
        Self::laid(samples)
    }

    /// Lays values over each other, the later in the list on top.
    pub(super) fn laid(values: impl IntoIterator<Item = (Interval, Power)>) -> Self {
        let mut timeline = Timeline::new();
        for (interval, power) in values.into_iter().filter(|(interval, _)| interval.start < interval.end) {
            timeline.insert(interval, power);
        }
        Self(timeline.pieces().map(|(interval, power)| (interval, *power)).collect())
    }

    /// The stretches without gaps.
    pub(super) fn stretches(&self) -> Vec<Interval> {
        let mut stretches: Vec<Interval> = Vec::new();
        for (interval, _) in &self.0 {
            match stretches.last_mut() {
                Some(last) if last.end == interval.start => last.end = interval.end,
                _ => stretches.push(*interval),
            }
        }
        stretches
    }

    pub(super) fn over(&self, interval: Interval) -> Step {
        let first = self.0.partition_point(|(reading, _)| reading.end <= interval.start);
        let (mut covered_s, mut weighted, mut max_w) = (0.0, 0.0, None);
        for (reading, power) in self.0[first..].iter().take_while(|(reading, _)| reading.start < interval.end) {
            let Some(shared) = reading.intersection(&interval) else { continue };
            let shared_s = seconds(shared.duration());
            covered_s += shared_s;
            weighted += shared_s * power.as_w();
            max_w = max_w.max(Some(*power));
        }
        let coverage = (covered_s / seconds(interval.duration())).clamp(0.0, 1.0);
        let quality = match coverage {
            coverage if coverage >= MEASURED_FROM => Quality::Measured,
            coverage if coverage >= ESTIMATED_FROM => Quality::Estimated,
            _ => Quality::Missing,
        };
        let mean_w = (covered_s > 0.0).then(|| Power::from_w(weighted / covered_s));
        Step { interval, mean_w, max_w, coverage: Ratio::from_ratio(coverage), quality }
    }
}
