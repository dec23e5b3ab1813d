//! A site as its operator describes it: what OCPI does not say (circuits, ratings, margins, safe rates).
//!
//! The running service and the simulator read the same description.

use chrono::NaiveTime;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::grid::{GridNode, GridTree, NodeKind, Phase, Rating, TreeError, Wiring};
use crate::ids::NodeId;
use crate::tariff::{DemandCharge, EnergyPriceElement};
use crate::units::{Current, Energy, EnergyPrice, Money, Power, Ratio, Voltage};

/// A site behind one connection point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Name of its connection point in the grid tree; utilities limit `connectionPoints/{id}`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// In which its prices and calendar are written.
    pub time_zone: Tz,
    /// What the connection may draw by contract. **Units**: kW.
    pub import_capacity_kw: f64,
    /// What everything but the vehicles is assumed to draw while nothing has been measured. **Units**: kW.
    #[serde(default)]
    pub base_load_kw: f64,
    /// Kept free under every limit, for what meters and forecasts miss. **Units**: kW.
    #[serde(default)]
    pub margin_kw: f64,
    /// The probability with which the base load stays under what is reserved for it, 0.5 to 0.999.
    #[serde(default = "default_guard")]
    pub base_load_guard: f64,
    /// What happens when the service falls silent.
    pub safe_mode: SafeMode,
    /// What is assumed of a driver who has said nothing.
    #[serde(default)]
    pub defaults: DriverDefaults,
    /// What the operator pays for energy; absent: the drivers' OCPI tariff is taken.
    #[serde(default)]
    pub energy_price: Option<EnergyPriceTable>,
    /// What the operator pays for the highest power of a month, per kW.
    #[serde(default)]
    pub demand_charge_per_kw: Option<f64>,
    /// Protected circuits, in any order.
    #[serde(default, rename = "circuit")]
    pub circuits: Vec<Circuit>,
    /// Places to charge.
    #[serde(rename = "evse")]
    pub evses: Vec<SiteEvse>,
}

fn default_guard() -> f64 {
    0.98
}

/// What stations do without us. Together the safe rates must fit the safe-mode limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SafeMode {
    /// What the whole site may draw when the service or the utility is silent. **Units**: kW.
    pub import_limit_kw: f64,
    /// Current per phase to which a session falls at the end of its profile (the dead-man tail). **Units**: A.
    pub rate_a: f64,
    /// Current per phase that a station allows before it is sent a profile (OCPP `TxDefaultProfile`). **Units**: A.
    pub station_default_a: f64,
    /// How long after the last word from the service a session falls to the safe rate. **Units**: min.
    #[serde(default = "default_tail_after_min")]
    pub tail_after_min: u32,
}

fn default_tail_after_min() -> u32 {
    60
}

/// What is assumed of a driver who has said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriverDefaults {
    /// Energy needed. **Units**: kWh.
    pub energy_kwh: f64,
    /// Length of stay. **Units**: h.
    pub stay_h: f64,
    /// Share of the room, two hours ahead and later, that plans leave to vehicles yet to come: 0 to 0.9.
    #[serde(default = "usual_newcomers")]
    pub left_to_newcomers: f64,
    /// Share of the drivers who leave before the time they stated: 0 to 0.9. The more there are, the less a plan waits for
    /// a lower price. At the workplaces of ACN-Data a quarter.
    #[serde(default = "usual_leavers")]
    pub leave_early: f64,
}

fn usual_newcomers() -> f64 {
    DriverDefaults::default().left_to_newcomers
}

fn usual_leavers() -> f64 {
    DriverDefaults::default().leave_early
}

impl Default for DriverDefaults {
    fn default() -> Self {
        Self { energy_kwh: 20.0, stay_h: 8.0, left_to_newcomers: 0.2, leave_early: 0.25 }
    }
}

/// Energy prices by time of day and week; the first band that matches gives the price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyPriceTable {
    /// ISO 4217.
    pub currency: String,
    /// In order.
    #[serde(rename = "band")]
    pub bands: Vec<PriceBand>,
}

/// A price and when it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceBand {
    /// Currency per kWh.
    pub price_per_kwh: f64,
    /// From this time of day, `HH:MM`.
    #[serde(default, with = "time_of_day")]
    pub start_time: Option<NaiveTime>,
    /// Until this time of day, `HH:MM`; not later than `start_time` means the next day.
    #[serde(default, with = "time_of_day")]
    pub end_time: Option<NaiveTime>,
    /// On these days, for example `["mon", "tue"]`; empty means every day.
    #[serde(default)]
    pub weekdays: Vec<chrono::Weekday>,
}

/// A circuit with its breaker or cable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuit {
    /// Its name within the site.
    pub id: String,
    /// The circuit it hangs from; absent: the connection point.
    #[serde(default)]
    pub parent: Option<String>,
    /// Most power. **Units**: kW.
    #[serde(default)]
    pub import_limit_kw: Option<f64>,
    /// Most current on each phase. **Units**: A.
    #[serde(default)]
    pub phase_current_a: Option<f64>,
}

/// An EVSE and where it hangs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteEvse {
    /// Its id in the CPO's platform (OCPI `EVSE.uid`).
    pub uid: String,
    /// The circuit it hangs from; absent: the connection point.
    #[serde(default)]
    pub circuit: Option<String>,
    /// The phases it is wired to, in the order of its own L1, L2, L3. Empty for DC.
    pub phases: Vec<Phase>,
    /// Line to neutral on AC. **Units**: V.
    pub voltage_v: f64,
    /// Per phase on AC. **Units**: A.
    pub maximum_current_a: f64,
}

/// Something in a site's description that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SiteError {
    /// A number out of its range.
    #[error("`{field}` is {value}: {rule}")]
    OutOfRange {
        /// Path of the field.
        field: String,
        /// What was given.
        value: f64,
        /// What it must be.
        rule: &'static str,
    },
    /// The nodes are no tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The safe rates do not fit the safe-mode limit.
    #[error(
        "`safe_mode.rate_a`: {evses} EVSEs at their safe rate draw {together_kw:.1} kW at `{node}`, more than its {limit_kw:.1} kW: \
         lower the rate (0 pauses) or raise the limit"
    )]
    SafeRatesTooHigh {
        /// Where.
        node: NodeId,
        /// How many EVSEs hang from it.
        evses: usize,
        /// What they draw together.
        together_kw: f64,
        /// What the place may draw.
        limit_kw: f64,
    },
}

impl Site {
    /// Returns the node of the connection point.
    pub fn node(&self) -> NodeId {
        NodeId::new(self.id.clone())
    }

    /// Returns the node of a circuit.
    pub fn circuit_node(&self, circuit: &str) -> NodeId {
        NodeId::new(format!("{}/{circuit}", self.id))
    }

    /// Returns the node of an EVSE.
    pub fn evse_node(&self, uid: &str) -> NodeId {
        NodeId::new(format!("{}/evse/{uid}", self.id))
    }

    /// Finds an EVSE by its OCPI uid, without regard to case.
    pub fn evse(&self, uid: &str) -> Option<&SiteEvse> {
        self.evses.iter().find(|evse| evse.uid.eq_ignore_ascii_case(uid))
    }

    /// Returns the grid tree: connection point, circuits, EVSEs.
    pub fn tree(&self) -> Result<GridTree, SiteError> {
        let mut nodes = vec![GridNode {
            id: self.node(),
            kind: NodeKind::ConnectionPoint,
            parent: None,
            rating: Rating {
                maximum_import_w: Some(kw("import_capacity_kw", self.import_capacity_kw)?),
                ..Rating::default()
            },
            wiring: None,
        }];
        for circuit in &self.circuits {
            nodes.push(self.circuit_grid_node(circuit)?);
        }
        for evse in &self.evses {
            let wiring = evse.wiring()?;
            nodes.push(GridNode {
                id: self.evse_node(&evse.uid),
                kind: NodeKind::Evse,
                parent: Some(evse.circuit.as_ref().map_or_else(|| self.node(), |circuit| self.circuit_node(circuit))),
                rating: Rating { maximum_import_w: Some(wiring.maximum_power()), ..Rating::default() },
                wiring: Some(wiring),
            });
        }
        Ok(GridTree::new(nodes)?)
    }

    fn circuit_grid_node(&self, circuit: &Circuit) -> Result<GridNode, SiteError> {
        let field = |name: &str| format!("circuit[{}].{name}", circuit.id);
        let import = circuit.import_limit_kw.map(|value| kw(&field("import_limit_kw"), value)).transpose()?;
        let current = circuit
            .phase_current_a
            .map(|value| number(&field("phase_current_a"), value, value >= 0.0, "give 0 A or more"))
            .transpose()?;
        Ok(GridNode {
            id: self.circuit_node(&circuit.id),
            kind: NodeKind::Circuit,
            parent: Some(circuit.parent.as_ref().map_or_else(|| self.node(), |parent| self.circuit_node(parent))),
            rating: Rating {
                maximum_import_w: import,
                maximum_export_w: None,
                maximum_phase_current_a: current.map(Current::from_a),
            },
            wiring: None,
        })
    }

    /// Checks every number and that the safe rates fit the safe-mode limit and every circuit.
    pub fn check(&self) -> Result<(), SiteError> {
        number("margin_kw", self.margin_kw, self.margin_kw >= 0.0, "give 0 kW or more")?;
        number(
            "base_load_guard",
            self.base_load_guard,
            (0.5..=0.999).contains(&self.base_load_guard),
            "give 0.5 to 0.999",
        )?;
        kw("safe_mode.import_limit_kw", self.safe_mode.import_limit_kw)?;
        number("safe_mode.rate_a", self.safe_mode.rate_a, self.safe_mode.rate_a >= 0.0, "give 0 A or more")?;
        let default_a = self.safe_mode.station_default_a;
        number("safe_mode.station_default_a", default_a, default_a >= 0.0, "give 0 A or more")?;
        let tail_min = self.safe_mode.tail_after_min;
        number("safe_mode.tail_after_min", f64::from(tail_min), tail_min >= 5, "give 5 min or more")?;
        number(
            "defaults.energy_kwh",
            self.defaults.energy_kwh,
            self.defaults.energy_kwh > 0.0,
            "give more than 0 kWh",
        )?;
        number("defaults.stay_h", self.defaults.stay_h, self.defaults.stay_h > 0.0, "give more than 0 h")?;
        let newcomers = self.defaults.left_to_newcomers;
        number("defaults.left_to_newcomers", newcomers, (0.0..=0.9).contains(&newcomers), "give 0 to 0.9")?;
        let leavers = self.defaults.leave_early;
        number("defaults.leave_early", leavers, (0.0..=0.9).contains(&leavers), "give 0 to 0.9")?;
        self.check_safe_rates(&self.tree()?)
    }

    fn check_safe_rates(&self, tree: &GridTree) -> Result<(), SiteError> {
        let mut together = vec![(0_usize, Power::ZERO); tree.nodes().len()];
        for evse in &self.evses {
            let Some(position) = tree.position(&self.evse_node(&evse.uid)) else { continue };
            let rate = self.safe_rate(evse)?;
            for above in tree.path_to_root(position) {
                together[above].0 += 1;
                together[above].1 += rate;
            }
        }
        let safe_limit = Power::from_kw(self.safe_mode.import_limit_kw);
        for (node, (evses, power)) in tree.nodes().iter().zip(together) {
            let limit = if node.parent.is_none() { Some(safe_limit) } else { node.rating.maximum_import_w };
            if let Some(limit) = limit.filter(|limit| power > *limit) {
                let (together_kw, limit_kw) = (power.as_kw(), limit.as_kw());
                return Err(SiteError::SafeRatesTooHigh { node: node.id.clone(), evses, together_kw, limit_kw });
            }
        }
        Ok(())
    }

    /// Returns the power of an EVSE at the safe rate.
    pub fn safe_rate(&self, evse: &SiteEvse) -> Result<Power, SiteError> {
        let wiring = evse.wiring()?;
        Ok(wiring.power_at(Current::from_a(self.safe_mode.rate_a)).min(wiring.maximum_power()))
    }

    /// Returns the power that an EVSE gives before it is sent a profile.
    pub fn station_default(&self, evse: &SiteEvse) -> Result<Power, SiteError> {
        let wiring = evse.wiring()?;
        Ok(wiring.power_at(Current::from_a(self.safe_mode.station_default_a)).min(wiring.maximum_power()))
    }

    /// Returns the demand charge, given the highest power of the billing period so far.
    pub fn demand_charge(&self, peak_so_far: Power) -> Option<DemandCharge> {
        let price_per_kw = Money::try_new(self.demand_charge_per_kw?).ok()?;
        Some(DemandCharge { price_per_kw, peak_so_far_w: peak_so_far })
    }

    /// Returns the probability with which the base load is to stay under what is reserved for it.
    pub fn guard(&self) -> Ratio {
        Ratio::try_new(self.base_load_guard).unwrap_or_default()
    }

    /// Returns what a driver who has said nothing is assumed to need.
    pub fn default_energy(&self) -> Energy {
        Energy::try_new(self.defaults.energy_kwh * 1000.0).unwrap_or_default()
    }
}

impl SiteEvse {
    /// Returns how it is wired.
    pub fn wiring(&self) -> Result<Wiring, SiteError> {
        let field = |name: &str| format!("evse[{}].{name}", self.uid);
        let voltage = number(&field("voltage_v"), self.voltage_v, self.voltage_v > 0.0, "give more than 0 V")?;
        let current = number(
            &field("maximum_current_a"),
            self.maximum_current_a,
            self.maximum_current_a > 0.0,
            "give more than 0 A",
        )?;
        Ok(Wiring {
            phases: self.phases.clone(),
            voltage_v: Voltage::from_v(voltage),
            maximum_current_a: Current::from_a(current),
        })
    }
}

impl EnergyPriceTable {
    /// Returns the bands in the form of a tariff's elements.
    pub fn elements(&self) -> Vec<EnergyPriceElement> {
        let element = |band: &PriceBand| EnergyPriceElement {
            price_per_kwh: EnergyPrice::try_new(band.price_per_kwh).unwrap_or_default(),
            start_time: band.start_time,
            end_time: band.end_time,
            start_date: None,
            end_date: None,
            weekdays: band.weekdays.clone(),
        };
        self.bands.iter().map(element).collect()
    }
}

fn number(field: &str, value: f64, good: bool, rule: &'static str) -> Result<f64, SiteError> {
    if value.is_finite() && good {
        Ok(value)
    } else {
        Err(SiteError::OutOfRange { field: field.to_owned(), value, rule })
    }
}

fn kw(field: &str, value: f64) -> Result<Power, SiteError> {
    number(field, value, value >= 0.0, "give 0 kW or more").map(Power::from_kw)
}

/// `HH:MM`, as OCPI and people write it.
mod time_of_day {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(time: &Option<NaiveTime>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(&time.format("%H:%M")),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let parse = |text: String| {
            NaiveTime::parse_from_str(&text, "%H:%M").map_err(|_| {
                D::Error::custom(format!("`{text}` is no time of day: write it as HH:MM, for example 07:30"))
            })
        };
        text.map(parse).transpose()
    }
}
