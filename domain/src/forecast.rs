//! What is expected, with how sure we are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::time::TimeGrid;
use crate::units::{Power, Ratio};

/// What a forecast is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// What a node draws beside steered sessions.
    BaseLoad,
    /// What vehicles that are yet to come will want to draw below a node.
    Arrivals,
}

/// A forecast of power at a node, issued at one time.
///
/// **Shape**: each quantile has a value per step of `grid`; quantiles rise, and so do their values at every step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// What it is of.
    pub quantity: Quantity,
    /// Where.
    pub node: NodeId,
    /// When it was made: it rests on nothing later.
    pub issued_at: DateTime<Utc>,
    /// When it is for.
    pub grid: TimeGrid,
    /// Probability and the values that are not exceeded with it.
    pub quantiles: Vec<(Ratio, Vec<Power>)>,
}

impl Forecast {
    /// Returns the values of the lowest quantile that is at least `probability`, or of the highest there is.
    ///
    /// Empty only when the forecast has no quantile at all.
    pub fn at_least(&self, probability: Ratio) -> &[Power] {
        let found = self.quantiles.iter().find(|(quantile, _)| *quantile >= probability);
        found.or(self.quantiles.last()).map_or(&[], |(_, values)| values)
    }
}
