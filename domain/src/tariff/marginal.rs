//! The price of energy over time, for plans.
//!
//! What a plan cannot use is left out: the flat fee does not depend on it, and blocks (`step_size`) are rounded once, at
//! the end. The price of parking is none of energy: it asks for leaving, not for charging less.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::cost::Item;
use super::restriction::Reservation;
use super::segment::Span;
use super::{Amount, Dimension, EnergyPriceElement, Tariff};
use crate::time::TimeGrid;
use crate::units::{Energy, EnergyPrice, Money, Power, hours};

/// What is known of a session, and how it would go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Energy so far, at the start of the grid.
    pub energy_wh: Energy,
    /// The power that it would draw from then on; at zero or less a price of energy alone is told.
    pub power_w: Power,
    /// The current that it would draw, summed over the phases; absent: elements that ask for it do not match.
    pub current_a: Option<f64>,
    /// What it has cost so far, before taxes; with it the minimum and maximum price are reckoned in.
    pub cost_so_far: Option<Money>,
}

/// With no power this little is taken in each step, so that its price shows. **Units**: Wh.
const PROBE_WH: f64 = 1e-3;

impl Tariff {
    /// Returns the prices of energy that hold whatever the session does, before taxes where they are known.
    ///
    /// Elements that ask for more than the time of day and the date are left out, and so is the price of time; for a
    /// session that is known, [`Tariff::marginal_prices`] says more.
    pub fn energy_prices(&self) -> Vec<EnergyPriceElement> {
        let plain = self.elements.iter().filter(|element| element.restrictions.ask_only_time());
        let prices = plain.filter_map(|element| {
            let (_, component) = element.component(Dimension::Energy)?;
            let hours = &element.restrictions.hours;
            Some(EnergyPriceElement {
                price_per_kwh: EnergyPrice::try_new(before_tax(&self.amount(component, 1.0))).ok()?,
                start_time: hours.start_time,
                end_time: hours.end_time,
                start_date: hours.start_date,
                end_date: hours.end_date,
                weekdays: hours.weekdays.clone(),
            })
        });
        prices.collect()
    }

    /// Returns what one more kWh costs in each step of a grid, if the session draws its power from the start of the grid
    /// on; before taxes where they are known.
    ///
    /// It is the price of energy in force (with its tiers by energy, duration, power and time of day), and the price of
    /// an hour of charging spread over what is drawn in an hour: charging more in that hour does not cost more, so a plan
    /// that draws less than this power makes energy dearer than told. Below the minimum price, and once the maximum is
    /// reached, a kWh costs nothing more.
    ///
    /// **Shape**: `len == grid.len()`.
    pub fn marginal_prices(&self, outlook: &Outlook, grid: &TimeGrid, time_zone: Tz) -> Vec<EnergyPrice> {
        let mut energy_wh = outlook.energy_wh.as_wh();
        let mut cost_so_far = outlook.cost_so_far.map(Money::as_amount);
        let mut prices = Vec::with_capacity(grid.len());
        for step in grid.steps() {
            let drawn_wh = outlook.power_w.or_zero().as_w() * hours(step.duration());
            let span = Span {
                start: step.start,
                end: step.end,
                since: outlook.started_at.min(step.start),
                energy_before_wh: energy_wh,
                energy_wh: drawn_wh.max(PROBE_WH),
                power_w: Some(outlook.power_w.as_w()),
                current_a: outlook.current_a,
            };
            let mut cost = self.cost_of(&span, drawn_wh > 0.0, time_zone);
            if let Some(before) = &mut cost_so_far {
                let after = *before + cost;
                cost = self.bounded(after) - self.bounded(*before);
                *before = after;
            }
            energy_wh += drawn_wh;
            prices.push(EnergyPrice::try_new(cost / (span.energy_wh / 1000.0)).unwrap_or_default());
        }
        prices
    }

    /// Returns what the energy of a span costs and, `with_time`, its hours of charging.
    fn cost_of(&self, span: &Span, with_time: bool, time_zone: Tz) -> f64 {
        let mut used = vec![(Item::Energy, span.energy_wh / 1000.0)];
        used.extend(with_time.then(|| (Item::Time, hours(span.end - span.start))));
        let mut cost = 0.0;
        for segment in span.segments(self, time_zone) {
            for (item, quantity) in &used {
                if let Some(found) = self.price(*item, &segment.moment, Reservation::Made) {
                    cost += before_tax(&self.amount(found.price, quantity * segment.share()));
                }
            }
        }
        cost
    }

    fn bounded(&self, cost: f64) -> f64 {
        let least = self.minimum_price.map_or(cost, |limit| cost.max(limit.before_tax.as_amount()));
        self.maximum_price.map_or(least, |limit| least.min(limit.before_tax.as_amount()))
    }
}

fn before_tax(amount: &Amount) -> f64 {
    amount.before_tax.or(amount.after_tax).map_or(0.0, Money::as_amount)
}
