//! What the controller reckons that the site draws beside its vehicles.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::forecast::{Forecast, Quantity};
use headroom_domain::{Interval, Power, Ratio, TimeGrid};
use headroom_forecasting::{DayTypeProfile, Model, configured};

use super::strategy::ForecastSetting;
use crate::world::SitePlan;

/// How long a learnt base load is used.
const REFIT_AFTER: TimeDelta = TimeDelta::hours(24);

/// How much of the latest base load corrects a forecast.
const RECENT: TimeDelta = TimeDelta::hours(3);

/// The base load as measured, and what it says of the hours to come.
pub(super) struct Foresight {
    plan: Arc<SitePlan>,
    setting: ForecastSetting,
    measured: Vec<(Interval, Power)>,
    model: Option<(DateTime<Utc>, Model)>,
    /// What was said last, and after how many measurements.
    last: Option<(usize, Forecast)>,
}

impl Foresight {
    /// Begins with the base load so far, by quarter hours.
    pub(super) fn new(plan: Arc<SitePlan>, setting: ForecastSetting, history: &[(Interval, Power)]) -> Self {
        Self { plan, setting, measured: history.to_vec(), model: None, last: None }
    }

    /// Notes the base load of a quarter hour that has passed.
    pub(super) fn measured(&mut self, interval: Interval, base_load: Power) {
        self.measured.push((interval, base_load));
    }

    /// Returns a forecast over a grid: a new one where something was measured or another step has begun.
    pub(super) fn over(&mut self, grid: TimeGrid, now: DateTime<Utc>) -> &Forecast {
        let measured = self.measured.len();
        let forecast = match self.last.take() {
            Some((length, forecast)) if length == measured && forecast.grid == grid => forecast,
            _ => self.forecast(grid, now),
        };
        &self.last.insert((measured, forecast)).1
    }

    fn forecast(&mut self, grid: TimeGrid, now: DateTime<Utc>) -> Forecast {
        let site = &self.plan.site;
        let usual = Power::try_new(site.base_load_kw * 1000.0).unwrap_or_default();
        match self.setting {
            ForecastSetting::Configured => configured(site.node(), usual, &grid, now),
            ForecastSetting::Perfect => self.foreseen(grid, now),
            ForecastSetting::Learnt => {
                if self.model.as_ref().is_none_or(|(made, _)| now - *made >= REFIT_AFTER) {
                    self.model = Some((now, DayTypeProfile::new(usual).fit(&self.measured, site.time_zone)));
                }
                let from = self.measured.partition_point(|(interval, _)| interval.start < now - RECENT);
                match &self.model {
                    Some((_, model)) => model.predict(site.node(), &self.measured[from..], &grid, now),
                    None => configured(site.node(), usual, &grid, now),
                }
            }
        }
    }

    /// Returns what the base load will be: its mean in each step as expected, its highest as the guard.
    fn foreseen(&self, grid: TimeGrid, now: DateTime<Utc>) -> Forecast {
        let expected = self.plan.base_load.resample(&grid).values().to_vec();
        let highest = |(step, mean): (Interval, &Power)| {
            self.plan.base_over(step).map(|(_, power)| power).fold(*mean, Power::max)
        };
        let guard = grid.steps().zip(&expected).map(highest).collect();
        let quantiles = vec![(Ratio::from_ratio(0.5), expected), (Ratio::from_ratio(1.0), guard)];
        Forecast { quantity: Quantity::BaseLoad, node: self.plan.site.node(), issued_at: now, grid, quantiles }
    }
}
