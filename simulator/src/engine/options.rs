//! How a run is made.

use serde::{Deserialize, Serialize};

use super::faults::FaultPlan;
use super::strategy::{ForecastSetting, Strategy};
use crate::station::Messaging;

/// How a run is made: who steers, what is known, how messages travel, and what goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOptions {
    /// How the site is steered.
    pub strategy: Strategy,
    /// What the controller reckons with for the base load.
    #[serde(default)]
    pub forecast: ForecastSetting,
    /// How long messages take.
    #[serde(default)]
    pub messaging: Messaging,
    /// What goes wrong.
    #[serde(default)]
    pub faults: FaultPlan,
}

impl RunOptions {
    /// Makes the options of a strategy, with nothing unusual.
    pub fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            forecast: ForecastSetting::default(),
            messaging: Messaging::default(),
            faults: FaultPlan::default(),
        }
    }
}
