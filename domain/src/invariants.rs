//! What must always hold, as plain functions: tests, the simulator and the running service ask the same ones.

use chrono::{DateTime, Utc};

use crate::grid::GridTree;
use crate::ids::NodeId;
use crate::limit::EffectiveInterval;
use crate::units::Power;

/// A tolerance for sums of floating-point watts.
pub const TOLERANCE_W: f64 = 0.5;

/// A limit that what could be in force does not keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Excess {
    /// Where.
    pub node: NodeId,
    /// When.
    pub at: DateTime<Utc>,
    /// What could be drawn, base load included.
    pub worst_w: Power,
    /// What may be drawn.
    pub limit_w: Power,
}

/// What a node could draw at one instant and what it may draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeLoad {
    /// What cannot be steered.
    pub base_w: Power,
    /// What may be drawn; absent means nothing limits it.
    pub limit_w: Option<Power>,
}

/// Returns the nodes at which steered load breaks a limit at an instant.
///
/// `loads[n]` belongs to node `n` of the tree, `sessions` are (position of the node, worst-case power). Where the base
/// load alone is above the limit, steered load must be zero: the excess is counted above the base load.
pub fn steered_excess(
    tree: &GridTree,
    loads: &[NodeLoad],
    sessions: impl IntoIterator<Item = (usize, Power)>,
    at: DateTime<Utc>,
) -> Vec<Excess> {
    let mut steered = vec![Power::ZERO; tree.nodes().len()];
    for (position, power) in sessions {
        steered[position] += power;
    }
    let mut base: Vec<Power> = loads.iter().map(|load| load.base_w).collect();
    for position in (0..tree.nodes().len()).rev() {
        if let Some(parent) = tree.parent(position) {
            let (own_steered, own_base) = (steered[position], base[position]);
            steered[parent] += own_steered;
            base[parent] += own_base;
        }
    }
    let over = |position: &usize| {
        let limit = loads[*position].limit_w?;
        let allowed = limit.max(base[*position]);
        let worst = steered[*position] + base[*position];
        let node = tree.nodes()[*position].id.clone();
        let broken = steered[*position].as_w() > 0.0 && worst.as_w() > allowed.as_w() + TOLERANCE_W;
        broken.then_some(Excess { node, at, worst_w: worst, limit_w: limit })
    };
    (0..tree.nodes().len()).filter_map(|position| over(&position)).collect()
}

/// Returns the import limit that holds at an instant.
pub fn import_limit_at(effective: &[EffectiveInterval], at: DateTime<Utc>) -> Option<Power> {
    let piece = effective.iter().find(|piece| piece.interval.contains(at))?;
    piece.maximum_import_w.as_ref().map(|(power, _)| *power)
}
