//! What charging costs: tariffs whole, what a session costs by them, and what energy costs over time.
//!
//! - [`Tariff`]: what a partner publishes (OCPI 2.2.1 §11, 2.3.0 §11), with every component and restriction.
//! - [`cost()`]: what a [`Usage`] costs, with the component that priced each part of it.
//! - [`choose`]: which tariff of a connector holds for a preference.
//! - [`Tariff::marginal_prices`] and [`Tariff::energy_prices`]: the price of energy over time, to plan with.
//!
//! **Money** is a 64-bit float and is never rounded here: a cost is true to about 1e-9 of the currency. Round where
//! money is printed; OCPI leaves the rounding of money to the parties.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::ids::{PartnerId, PartyId};
use crate::preference::ProfileType;
use crate::units::{EnergyPrice, Money, Power};

mod amount;
mod choice;
mod cost;
mod marginal;
mod restriction;
mod segment;
#[cfg(test)]
mod tests;
mod usage;

pub use amount::{Amount, Tax};
pub use choice::choose;
pub use cost::{Cost, Doubt, Item, Line, PricedBy, cost};
pub use marginal::Outlook;
pub use restriction::{LocalHours, Reservation, Restrictions};
pub use usage::{CostError, Usage, UsagePeriod};

/// A tariff, as a partner publishes it.
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
    /// For which sessions it holds; absent means for all.
    pub tariff_type: Option<TariffType>,
    /// Whether its prices include taxes. Absent, as before OCPI 2.3.0: they exclude VAT, and a component without VAT is
    /// one to which no VAT applies.
    pub tax_included: Option<TaxIncluded>,
    /// What a session costs at least.
    pub minimum_price: Option<PriceLimit>,
    /// What a session costs at most.
    pub maximum_price: Option<PriceLimit>,
    /// From when it is valid.
    pub valid_from: Option<DateTime<Utc>>,
    /// Until when.
    pub valid_until: Option<DateTime<Utc>>,
    /// In order: for each dimension the first that matches and has a component of it gives the price.
    pub elements: Vec<TariffElement>,
    /// Whether a part that bears on prices could not be read: what it says a session costs is a guess.
    #[serde(default)]
    pub incomplete: bool,
    /// When the owner last changed it.
    pub last_updated: DateTime<Utc>,
}

/// For which sessions a tariff holds (OCPI 2.2.1 §11.4.7, `TariffType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TariffType {
    /// Paid at the charge point, without a contract.
    AdHoc,
    /// With a contract, and this charging preference; [`ProfileType::Regular`] also without one.
    Profile(ProfileType),
}

/// Whether the prices of a tariff include taxes (OCPI 2.3.0 §11.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxIncluded {
    /// They do.
    Yes,
    /// Taxes come on top.
    No,
    /// There are no taxes.
    NotApplicable,
}

/// The least or the most that a session costs. Both hold, each for itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PriceLimit {
    /// Before taxes.
    pub before_tax: Money,
    /// After taxes. Absent: in the same ratio to `before_tax` as in the cost that is limited.
    pub after_tax: Option<Money>,
}

/// Prices, and when they hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TariffElement {
    /// At most one of each dimension; of several the first counts.
    pub components: Vec<PriceComponent>,
    /// When they hold; all that is set must match.
    pub restrictions: Restrictions,
}

/// The price of one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriceComponent {
    /// Of what.
    pub dimension: Dimension,
    /// The price of a kWh, of an hour, or of the session. May be negative.
    pub price: Money,
    /// VAT in percent. Absent means that none applies (0 is a VAT of zero percent).
    pub vat_percent: Option<f64>,
    /// What is billed in blocks of this size. **Units**: Wh of energy, s of time. 0 and 1 for [`Dimension::Flat`] mean
    /// nothing.
    pub step_size: u32,
}

/// What has a price (OCPI 2.2.1 §11.4.5, `TariffDimensionType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// A kWh.
    Energy,
    /// The session, once.
    Flat,
    /// An hour of charging; of being reserved, in an element for reservations.
    Time,
    /// An hour of not charging.
    ParkingTime,
}

impl Tariff {
    /// Tells whether a session that starts at an instant is charged by this tariff. It keeps the tariff to its end.
    pub fn is_valid_at(&self, start: DateTime<Utc>) -> bool {
        self.valid_from.is_none_or(|from| from <= start) && self.valid_until.is_none_or(|until| start < until)
    }

    /// Returns the price of energy at an instant, of the elements that do not depend on the session
    /// ([`Tariff::energy_prices`]); `None` when none matches, which OCPI calls free.
    pub fn energy_price_at(&self, at: DateTime<Utc>, time_zone: Tz) -> Option<EnergyPrice> {
        energy_price_at(&self.energy_prices(), at, time_zone)
    }
}

impl TariffElement {
    /// Returns the component of a dimension, with its place.
    pub(crate) fn component(&self, dimension: Dimension) -> Option<(usize, &PriceComponent)> {
        self.components.iter().enumerate().find(|(_, component)| component.dimension == dimension)
    }
}

impl From<EnergyPriceElement> for TariffElement {
    /// Makes an element of one price of energy, in steps of 1 Wh and without VAT.
    fn from(element: EnergyPriceElement) -> Self {
        let price = Money::from_amount(element.price_per_kwh.as_per_kwh());
        let hours = LocalHours {
            start_time: element.start_time,
            end_time: element.end_time,
            start_date: element.start_date,
            end_date: element.end_date,
            weekdays: element.weekdays,
        };
        Self {
            components: vec![PriceComponent { dimension: Dimension::Energy, price, vat_percent: None, step_size: 1 }],
            restrictions: Restrictions { hours, ..Restrictions::default() },
        }
    }
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

/// Returns the price of the first element that matches an instant.
pub fn energy_price_at(elements: &[EnergyPriceElement], at: DateTime<Utc>, time_zone: Tz) -> Option<EnergyPrice> {
    let local = at.with_timezone(&time_zone).naive_local();
    let holds = |element: &&EnergyPriceElement| {
        let (times, dates) = ((element.start_time, element.end_time), (element.start_date, element.end_date));
        restriction::hold(times, dates, &element.weekdays, local)
    };
    elements.iter().find(holds).map(|element| element.price_per_kwh)
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
