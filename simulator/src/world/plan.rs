//! What is to happen at a site, whoever steers.

use chrono::Timelike;
use chrono_tz::Tz;
use headroom_domain::EnergyPrice;
use headroom_domain::preference::ProfileType;
use headroom_domain::tariff::{EnergyPriceElement, energy_price_at};

use super::{
    CarbonIntensity, DateTime, Deserialize, EffectiveInterval, Energy, Interval, Power, Serialize, Series, Site,
    TimeDelta, Utc, floor_to,
};
use crate::vehicle::Vehicle;

/// A vehicle that will come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionPlan {
    /// Its id in the CPO's platform.
    pub id: String,
    /// Where it will be plugged in.
    pub evse_uid: String,
    /// When it comes.
    pub arrival: DateTime<Utc>,
    /// When it leaves, whatever it got.
    pub departure: DateTime<Utc>,
    /// Energy that its driver needs, at the meter.
    pub needed_wh: Energy,
    /// The vehicle.
    pub vehicle: Vehicle,
    /// What its driver says; absent: nothing.
    #[serde(default)]
    pub preference: Option<StatedPreference>,
}

/// What a driver says of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedPreference {
    /// When it is said.
    pub stated_at: DateTime<Utc>,
    /// How to charge.
    pub profile_type: ProfileType,
    /// When the driver says to leave.
    #[serde(default)]
    pub departure: Option<DateTime<Utc>>,
    /// The energy that the driver asks for.
    #[serde(default)]
    pub energy_wh: Option<Energy>,
}

/// Prices of energy over time.
#[derive(Debug, Clone)]
pub struct Prices {
    /// In order: the first that matches gives the price; what none prices is free.
    pub elements: Vec<EnergyPriceElement>,
    /// ISO 4217.
    pub currency: String,
    /// In which they are written.
    pub time_zone: Tz,
}

impl Prices {
    /// Returns the price at an instant.
    pub fn at(&self, at: DateTime<Utc>) -> EnergyPrice {
        energy_price_at(&self.elements, at, self.time_zone).unwrap_or(EnergyPrice::ZERO)
    }

    /// Returns the prices over a window: from when on which holds. The first holds from the start of the window.
    pub(crate) fn over(&self, window: Interval) -> Vec<(DateTime<Utc>, EnergyPrice)> {
        // Prices change with the time of day that an element states, or at midnight.
        let minute_of = |time: chrono::NaiveTime| time.num_seconds_from_midnight() / 60;
        let mut times = self.elements.iter().flat_map(|element| [element.start_time, element.end_time]).flatten();
        let by_quarters = times.all(|time| minute_of(time) % 15 == 0);
        let step = TimeDelta::minutes(if by_quarters { 15 } else { 1 });
        let mut prices = vec![(window.start, self.at(window.start))];
        let mut at = floor_to(window.start, step) + step;
        while at < window.end {
            let price = self.at(at);
            if prices.last().is_none_or(|(_, last)| *last != price) {
                prices.push((at, price));
            }
            at += step;
        }
        prices
    }
}

/// All that is to happen at a site over a window.
#[derive(Debug, Clone)]
pub struct SitePlan {
    /// The site.
    pub site: Site,
    /// From when until when.
    pub window: Interval,
    /// Who comes, by arrival.
    pub sessions: Vec<SessionPlan>,
    /// What the site draws beside the vehicles, over the window and, for who learns from it, before.
    pub base_load: Series<Power>,
    /// What energy costs.
    pub prices: Prices,
    /// How much carbon a kWh from the grid brings; absent: not known.
    pub carbon: Option<Series<CarbonIntensity>>,
    /// Which limits are in force at the connection point. **Shape**: sorted and disjoint.
    pub limits: Vec<EffectiveInterval>,
}

impl SitePlan {
    /// Returns the base load at an instant; outside of what is known, the nearest value.
    pub fn base_at(&self, at: DateTime<Utc>) -> Power {
        let (grid, values) = (self.base_load.grid(), self.base_load.values());
        let last = values.len() - 1;
        let index = grid.index_of(at).unwrap_or(if at < grid.start() { 0 } else { last });
        values[index]
    }

    /// Returns the base load over an interval, piece by piece.
    pub fn base_over(&self, interval: Interval) -> impl Iterator<Item = (Interval, Power)> + '_ {
        let edges = self.base_load.grid().edges();
        let mut start = interval.start;
        let mut next = edges.partition_point(|edge| *edge <= start);
        std::iter::from_fn(move || {
            let end = edges.get(next).copied().unwrap_or(interval.end).min(interval.end);
            let piece = Interval::new(start, end)?;
            let index = next.saturating_sub(1).min(self.base_load.values().len() - 1);
            (start, next) = (end, next + 1);
            Some((piece, self.base_load.values()[index]))
        })
    }

    /// Returns what the site may draw at an instant; `None` where nothing limits it.
    pub fn limit_at(&self, at: DateTime<Utc>) -> Option<Power> {
        let next = self.limits.get(self.limits.partition_point(|piece| piece.interval.end <= at))?;
        next.maximum_import_w.as_ref().filter(|_| next.interval.contains(at)).map(|(power, _)| *power)
    }

    /// Returns the next instant at which another limit holds; the end of the window where none does.
    pub(crate) fn next_limit_edge(&self, after: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.limits.get(self.limits.partition_point(|piece| piece.interval.end <= after));
        let edge = |piece: &EffectiveInterval| {
            if piece.interval.start > after { piece.interval.start } else { piece.interval.end }
        };
        next.map_or(self.window.end, edge)
    }
}
