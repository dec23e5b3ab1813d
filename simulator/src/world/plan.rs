//! What is to happen at a site, whoever steers.

use chrono_tz::Tz;
use headroom_domain::EnergyPrice;
use headroom_domain::preference::ProfileType;
use headroom_domain::tariff::{EnergyPriceElement, energy_price_at};

use super::{DateTime, Deserialize, EffectiveInterval, Energy, Interval, Power, Serialize, Series, Site, Utc};
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
    /// Which limits are in force at the connection point.
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
}
