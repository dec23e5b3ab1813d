//! What energy costs, over time.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::ids::{PartnerId, PartyId};
use crate::units::{EnergyPrice, Money, Power};

/// The energy prices of a tariff, as a partner publishes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tariff {
    /// The partner it came from.
    pub partner: PartnerId,
    /// The CPO that owns it.
    pub party: PartyId,
    /// Its id in the CPO's platform.
    pub id: String,
    /// ISO 4217.
    pub currency: String,
    /// From when it is valid.
    pub valid_from: Option<DateTime<Utc>>,
    /// Until when.
    pub valid_until: Option<DateTime<Utc>>,
    /// In order: the first that matches gives the price.
    pub elements: Vec<EnergyPriceElement>,
    /// When the owner last changed it.
    pub last_updated: DateTime<Utc>,
}

/// A price of energy and when it holds, in the local time of the location. All that is set must match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnergyPriceElement {
    /// The price, without VAT.
    pub price_per_kwh: EnergyPrice,
    /// From this time of day.
    pub start_time: Option<NaiveTime>,
    /// Until this time of day; not later than `start_time` means the next day.
    pub end_time: Option<NaiveTime>,
    /// From this day.
    pub start_date: Option<NaiveDate>,
    /// Before this day.
    pub end_date: Option<NaiveDate>,
    /// On these days; empty means every day.
    pub weekdays: Vec<Weekday>,
}

impl Tariff {
    /// Returns the price of energy at an instant; `None` when no element matches, which OCPI calls free.
    pub fn energy_price_at(&self, at: DateTime<Utc>, time_zone: Tz) -> Option<EnergyPrice> {
        energy_price_at(&self.elements, at, time_zone)
    }
}

/// Returns the price of the first element that matches an instant.
pub fn energy_price_at(elements: &[EnergyPriceElement], at: DateTime<Utc>, time_zone: Tz) -> Option<EnergyPrice> {
    let local = at.with_timezone(&time_zone).naive_local();
    elements.iter().find(|element| element.matches(local)).map(|element| element.price_per_kwh)
}

impl EnergyPriceElement {
    fn matches(&self, local: chrono::NaiveDateTime) -> bool {
        let (date, time) = (local.date(), local.time());
        self.matches_time(time)
            && self.start_date.is_none_or(|start| date >= start)
            && self.end_date.is_none_or(|end| date < end)
            && (self.weekdays.is_empty() || self.weekdays.contains(&date.weekday()))
    }

    fn matches_time(&self, time: NaiveTime) -> bool {
        let midnight = NaiveTime::MIN;
        match (self.start_time, self.end_time) {
            (None, None) => true,
            (Some(start), None) => time >= start,
            // `00:00` as an end is the end of the day (OCPI 2.2.1 §10).
            (None, Some(end)) => end == midnight || time < end,
            (Some(start), Some(end)) if start < end => start <= time && time < end,
            (Some(start), Some(end)) => time >= start || time < end,
        }
    }
}

/// A charge on the highest power of a billing period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandCharge {
    /// Money per kW of the period's highest power.
    pub price_per_kw: Money,
    /// The highest power of the running period so far.
    pub peak_so_far_w: Power,
}
