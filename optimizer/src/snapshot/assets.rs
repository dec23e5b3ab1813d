//! What a site has beside charging stations: batteries, generation, lines fed at an angle, vehicles whose battery is
//! known, and room for vehicles that are yet to come.

use headroom_domain::forecast::{Forecast, Quantity};
use headroom_domain::{Current, Energy, EnergyPrice, NodeId, Power, Ratio, TimeGrid};
use serde::{Deserialize, Serialize};

/// A battery of the site. It follows its plan at once, so limits may rest on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Battery {
    /// Where it is connected.
    pub node: NodeId,
    /// What it holds when full.
    pub capacity_wh: Energy,
    /// What it holds now.
    pub stored_wh: Energy,
    /// What it keeps in any case.
    #[serde(default)]
    pub reserve_wh: Energy,
    /// Most power into it, at its terminals.
    pub maximum_charge_w: Power,
    /// Most power out of it, at its terminals. **Sign**: a magnitude.
    pub maximum_discharge_w: Power,
    /// Share of the energy that survives one way, in or out.
    #[serde(default = "usual_efficiency")]
    pub efficiency: Ratio,
    /// What taking a kWh out of it costs in wear.
    #[serde(default)]
    pub wear: EnergyPrice,
}

/// Generation at a node, photovoltaic for example. **Sign**: magnitudes. **Shape**: a value per step in each list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// Where.
    pub node: NodeId,
    /// What it gives at least: import limits may rest on this.
    pub sure_w: Vec<Power>,
    /// What it will probably give: costs and peaks are reckoned with this.
    pub expected_w: Vec<Power>,
    /// What it could give: export limits must hold with this.
    pub most_w: Vec<Power>,
    /// Whether it can be held back where an export limit asks for it.
    #[serde(default)]
    pub curtailable: bool,
}

/// Room below a node for vehicles that are yet to come. It gives way to the needs of those that are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// Where.
    pub node: NodeId,
    /// How much. **Shape**: a value per step.
    pub power_w: Vec<Power>,
}

/// A line whose current is a sum of phasors: a delta feed, or a winding of a transformer.
///
/// Its current is `|sum factor * current * exp(i * angle)|`, the current of an EVSE being that of each of its phases. It
/// is kept under the limit whichever of the vehicles take less than they may.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The place that it belongs to.
    pub node: NodeId,
    /// Most current.
    pub maximum_current_a: Current,
    /// Which currents it carries.
    pub terms: Vec<LineTerm>,
}

/// A current in a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineTerm {
    /// The EVSE whose current it is.
    pub evse: NodeId,
    /// How much of it; negative where it flows the other way.
    pub factor: f64,
    /// Its angle. **Units**: degrees.
    pub angle_deg: f64,
}

/// What is known of a vehicle's battery.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VehicleBattery {
    /// What it holds when full.
    pub capacity_wh: Energy,
    /// What it holds now, or on arrival.
    pub stored_wh: Energy,
    /// State of charge from which its power falls in a straight line, to nothing when full; 1 for none.
    #[serde(default = "whole")]
    pub taper_from: Ratio,
    /// Share of the metered energy that reaches it, and of its energy that reaches the meter.
    #[serde(default = "usual_efficiency")]
    pub efficiency: Ratio,
}

/// How a vehicle may give back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discharge {
    /// Most power at the meter. **Sign**: a magnitude.
    pub maximum_w: Power,
    /// What stays in the battery in any case.
    #[serde(default)]
    pub floor_wh: Energy,
    /// What a kWh given back costs in wear.
    #[serde(default)]
    pub wear: EnergyPrice,
}

impl Battery {
    /// Returns what it holds in Wh after a power in W at its terminals (positive charges) for some hours.
    pub(crate) fn after(&self, stored_wh: f64, power_w: f64, hours: f64) -> f64 {
        let efficiency = self.efficiency.as_ratio();
        stored_wh + hours * if power_w > 0.0 { power_w * efficiency } else { power_w / efficiency }
    }
}

impl Reserve {
    /// Makes the reserve that a forecast of arrivals asks for, at a quantile, on the steps of a plan.
    ///
    /// `None` for a forecast of something else, or one without values.
    pub fn of(forecast: &Forecast, probability: Ratio, grid: &TimeGrid) -> Option<Self> {
        let values = forecast.at_least(probability).to_vec();
        let series = headroom_domain::series::Series::new(forecast.grid.clone(), values).ok()?;
        let power_w = series.resample(grid).values().iter().map(|power| power.or_zero()).collect();
        (forecast.quantity == Quantity::Arrivals).then(|| Self { node: forecast.node.clone(), power_w })
    }
}

fn usual_efficiency() -> Ratio {
    Ratio::from_ratio(0.95)
}

fn whole() -> Ratio {
    Ratio::from_ratio(1.0)
}
