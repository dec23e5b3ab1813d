//! A plan: power for every session and step, what it misses, and why.

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, SessionId};
use crate::reason::Reason;
use crate::time::TimeGrid;
use crate::units::{Energy, Money, Power};

/// How a plan came about, from best to last resort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanStatus {
    /// Proven optimal, and repaired for minimum currents where needed.
    Optimal,
    /// The solver ran out of time with an answer.
    Feasible,
    /// A simple rule on the same limits.
    Fallback,
}

/// The plan of one session. **Shape**: `power_w` and `reasons` have a value per step of the schedule's grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionPlan {
    /// Which.
    pub session: SessionId,
    /// Where.
    pub node: NodeId,
    /// Power per step; less than zero where the vehicle gives back (V2G).
    pub power_w: Vec<Power>,
    /// Energy still needed when the plan was made.
    pub needed_wh: Energy,
    /// Energy needed that the plan does not deliver by departure.
    pub shortfall_wh: Energy,
    /// For each step that gives less than the session could take, why.
    pub reasons: Vec<Option<Reason>>,
}

/// A limit that the base load alone breaks, however little the vehicles draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Breach {
    /// Where.
    pub node: NodeId,
    /// Which step.
    pub step: usize,
    /// By how much.
    pub excess_w: Power,
    /// Whether it limits what is fed in.
    #[serde(default)]
    pub is_export: bool,
}

/// The plan of a battery. **Shape**: a value per step of the schedule's grid. **Sign**: positive charges it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatteryPlan {
    /// Where.
    pub node: NodeId,
    /// Power per step at its terminals.
    pub power_w: Vec<Power>,
    /// Energy in it at the end of each step.
    pub stored_wh: Vec<Energy>,
}

/// How much a generator gives. **Shape**: a value per step of the schedule's grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationPlan {
    /// Where.
    pub node: NodeId,
    /// The most that it may give in each step.
    pub power_w: Vec<Power>,
}

/// A plan for all sessions of an area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its steps.
    pub grid: TimeGrid,
    /// How it came about.
    pub status: PlanStatus,
    /// One per session of the snapshot, in its order.
    pub sessions: Vec<SessionPlan>,
    /// One per battery of the snapshot, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batteries: Vec<BatteryPlan>,
    /// One per generator of the snapshot that can be held back, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generation: Vec<GenerationPlan>,
    /// Cost of the energy (and of a new peak) that the plan draws, in the currency of the prices.
    pub cost: Money,
    /// Limits that the base load alone breaks.
    pub breaches: Vec<Breach>,
}

impl Schedule {
    /// Finds the plan of a session.
    pub fn session(&self, id: &SessionId) -> Option<&SessionPlan> {
        self.sessions.iter().find(|plan| plan.session == *id)
    }
}
