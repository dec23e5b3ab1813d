//! A simple low-voltage feeder in `OpenDSS` text: one transformer, radial lines, loads with a day of load shape.
//!
//! What a grid tree can say is read: ratings, who hangs from what, phases, profiles. Impedances, voltages and controls are
//! left out, and what was left out is counted.

mod feeder;
mod script;
mod shapes;

use std::path::Path;

use chrono::TimeDelta;
use headroom_domain::grid::{GridTree, Phase};
use headroom_domain::{NodeId, Power, Ratio, Voltage};
use serde::{Deserialize, Serialize};

use super::SiteFileError;
use crate::Finding;

/// What hangs from a transformer.
///
/// The tree is area (the transformer with its rating) > feeders (the lines that leave its busbar, with the rating of their
/// first line) > connection points (a load each, with the rating of the lines that serve it alone).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feeder {
    /// Name of the circuit.
    pub name: String,
    /// Area, feeders and connection points.
    pub tree: GridTree,
    /// Lines behind the transformer.
    pub lines: usize,
    /// Loads in the order of the source.
    pub customers: Vec<Customer>,
    /// What was left out or is odd, most frequent first.
    pub noticed: Vec<Finding>,
}

/// A load and the photovoltaics behind the same connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    /// Its connection point in the tree, named as the load.
    pub node: NodeId,
    /// The phases it is connected to.
    pub phases: Vec<Phase>,
    /// Line to neutral.
    pub voltage_v: Voltage,
    /// Power factor, as a share; absent when not stated.
    pub power_factor: Option<Ratio>,
    /// Length of a step of the profiles.
    #[serde(with = "step_s")]
    pub step: TimeDelta,
    /// Its load over a day from midnight, mean of each step.
    pub profile_w: Vec<Power>,
    /// Its photovoltaics.
    pub photovoltaics: Option<Photovoltaics>,
}

/// Photovoltaics behind a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Photovoltaics {
    /// Most power.
    pub rated_w: Power,
    /// What it generates over a day, as a magnitude, on the steps of the customer.
    pub profile_w: Vec<Power>,
}

impl Feeder {
    /// Reads a feeder from its master file and those that it redirects to; a file that is not there may be there as gzip.
    ///
    /// **Errors**: no or several transformers, lines that close a ring, numbers that are none.
    pub fn read(master: &Path) -> Result<Self, SiteFileError> {
        feeder::build(master, script::read(master)?)
    }
}

impl Customer {
    /// Returns what the connection draws without vehicles, load minus photovoltaics, per step of the day.
    pub fn net_w(&self) -> Vec<Power> {
        let Some(own) = &self.photovoltaics else { return self.profile_w.clone() };
        self.profile_w.iter().zip(&own.profile_w).map(|(load, generated)| *load - *generated).collect()
    }
}

/// A duration in whole seconds.
mod step_s {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(step: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(step.num_seconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
        Ok(TimeDelta::seconds(i64::from(i32::deserialize(deserializer)?)))
    }
}
