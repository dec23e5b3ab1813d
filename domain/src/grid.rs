//! The grid as a tree: area, feeder, connection point, circuit, EVSE, connector.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::NodeId;
use crate::units::{Current, Power, Voltage};

/// What kind of place a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Everything that shares a limit and is planned as one problem.
    Area,
    /// A line or transformer that feeds several connection points.
    Feeder,
    /// Where a customer meets the grid: the utility's limits are for these, or for places above.
    ConnectionPoint,
    /// A protected circuit behind a connection point.
    Circuit,
    /// One place to charge one vehicle.
    Evse,
}

/// One of the three phases of an AC system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// First phase.
    L1,
    /// Second phase.
    L2,
    /// Third phase.
    L3,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 3] = [Self::L1, Self::L2, Self::L3];
}

/// What a place can carry by its construction. Absent means not stated.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rating {
    /// Most power towards the vehicles.
    pub maximum_import_w: Option<Power>,
    /// Most power towards the grid.
    pub maximum_export_w: Option<Power>,
    /// Most current on each phase.
    pub maximum_phase_current_a: Option<Current>,
}

/// How an EVSE is wired and what its connector allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wiring {
    /// The phases of the circuit that the EVSE is wired to, in the order of its own L1, L2, L3 (its rotation).
    /// Empty for DC, which loads all phases alike.
    pub phases: Vec<Phase>,
    /// Voltage from line to neutral (AC) or of the DC output.
    pub voltage_v: Voltage,
    /// Most current, per phase on AC.
    pub maximum_current_a: Current,
}

impl Wiring {
    /// Returns the most power that the EVSE can give.
    pub fn maximum_power(&self) -> Power {
        self.power_at(self.maximum_current_a)
    }

    /// Returns the power of a current per phase.
    pub fn power_at(&self, current: Current) -> Power {
        current * self.voltage_v * self.phase_count()
    }

    /// Returns the number of conductors that carry the current: the phases on AC, one on DC.
    pub fn phase_count(&self) -> f64 {
        self.phases.len().max(1) as f64
    }
}

/// A place in the tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridNode {
    /// Its name, unique in the tree.
    pub id: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// The place it hangs from; the root has none.
    #[serde(default)]
    pub parent: Option<NodeId>,
    /// What it can carry.
    #[serde(default)]
    pub rating: Rating,
    /// For an EVSE, its wiring.
    #[serde(default)]
    pub wiring: Option<Wiring>,
}

/// A tree of nodes, checked; its copies share it. **Shape**: parents stand before their children, so one pass forwards
/// goes down and one pass backwards goes up.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Vec<GridNode>", into = "Vec<GridNode>")]
pub struct GridTree {
    nodes: Arc<[GridNode]>,
    parents: Arc<[Option<usize>]>,
    index: Arc<BTreeMap<NodeId, usize>>,
}

impl PartialEq for GridTree {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.nodes, &other.nodes) || self.nodes == other.nodes
    }
}

/// Why a list of nodes is no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// No node at all.
    #[error("the grid has no node: give at least the connection point")]
    Empty,
    /// Two nodes of one name.
    #[error("node `{0}` is there twice: give every node a name of its own")]
    Duplicate(NodeId),
    /// A parent that is not in the list.
    #[error("node `{node}` hangs from `{parent}`, which is not in the grid: add `{parent}` or correct the name")]
    UnknownParent {
        /// The node.
        node: NodeId,
        /// The missing parent.
        parent: NodeId,
    },
    /// More than one root.
    #[error("nodes `{0}` and `{1}` both have no parent: an area has one root, hang one from the other")]
    TwoRoots(NodeId, NodeId),
    /// A cycle.
    #[error("node `{0}` hangs from itself through its parents: break the cycle")]
    Cycle(NodeId),
    /// A rating below zero.
    #[error("node `{0}` has a rating below zero: ratings are magnitudes, give 0 or more")]
    NegativeRating(NodeId),
}

impl GridTree {
    /// Makes a tree from nodes in any order.
    pub fn new(nodes: Vec<GridNode>) -> Result<Self, TreeError> {
        let by_id = index_by_id(&nodes)?;
        let mut placed = Vec::with_capacity(nodes.len());
        let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut root = None;
        for (position, node) in nodes.iter().enumerate() {
            check_rating(node)?;
            match &node.parent {
                Some(parent) => {
                    let parent_position = *by_id
                        .get(parent)
                        .ok_or_else(|| TreeError::UnknownParent { node: node.id.clone(), parent: parent.clone() })?;
                    children.entry(parent_position).or_default().push(position);
                }
                None => match root.replace(position) {
                    Some(first) => return Err(TreeError::TwoRoots(nodes[first].id.clone(), node.id.clone())),
                    None => placed.push(position),
                },
            }
        }
        let mut next = 0;
        while next < placed.len() {
            placed.extend(children.remove(&placed[next]).unwrap_or_default());
            next += 1;
        }
        if let Some(lost) = children.values().flatten().next() {
            return Err(TreeError::Cycle(nodes[*lost].id.clone()));
        }
        let mut nodes: Vec<_> = nodes.into_iter().map(Some).collect();
        Ok(Self::in_order(placed.into_iter().filter_map(|position| nodes[position].take()).collect()))
    }

    fn in_order(nodes: Vec<GridNode>) -> Self {
        let index: BTreeMap<NodeId, usize> =
            nodes.iter().enumerate().map(|(position, node)| (node.id.clone(), position)).collect();
        let parents = nodes.iter().map(|node| node.parent.as_ref().map(|parent| index[parent])).collect();
        Self { nodes: nodes.into(), parents, index: Arc::new(index) }
    }

    /// Returns the nodes, parents before children.
    pub fn nodes(&self) -> &[GridNode] {
        &self.nodes
    }

    /// Returns the top of the tree.
    pub fn root(&self) -> &GridNode {
        &self.nodes[0]
    }

    /// Returns where a node stands in [`GridTree::nodes`].
    pub fn position(&self, id: &NodeId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// Returns a node by name.
    pub fn get(&self, id: &NodeId) -> Option<&GridNode> {
        self.position(id).map(|position| &self.nodes[position])
    }

    /// Returns the position of a node's parent.
    pub fn parent(&self, position: usize) -> Option<usize> {
        self.parents[position]
    }

    /// Tells whether a node stands at or below a position.
    pub fn is_below(&self, id: &NodeId, position: usize) -> bool {
        self.position(id).is_some_and(|at| self.path_to_root(at).any(|above| above == position))
    }

    /// Returns a node and all above it, upwards.
    pub fn path_to_root(&self, position: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(position), |at| self.parents[*at])
    }
}

fn index_by_id(nodes: &[GridNode]) -> Result<BTreeMap<NodeId, usize>, TreeError> {
    let mut index = BTreeMap::new();
    for (position, node) in nodes.iter().enumerate() {
        if index.insert(node.id.clone(), position).is_some() {
            return Err(TreeError::Duplicate(node.id.clone()));
        }
    }
    let without_root = nodes.iter().all(|node| node.parent.is_some());
    match nodes.first() {
        None => Err(TreeError::Empty),
        Some(first) if without_root => Err(TreeError::Cycle(first.id.clone())),
        Some(_) => Ok(index),
    }
}

fn check_rating(node: &GridNode) -> Result<(), TreeError> {
    let Rating { maximum_import_w, maximum_export_w, maximum_phase_current_a } = node.rating;
    let negative = [maximum_import_w, maximum_export_w].into_iter().flatten().any(|power| power < Power::ZERO)
        || maximum_phase_current_a.is_some_and(|current| current < Current::ZERO);
    if negative { Err(TreeError::NegativeRating(node.id.clone())) } else { Ok(()) }
}

impl TryFrom<Vec<GridNode>> for GridTree {
    type Error = TreeError;
    fn try_from(nodes: Vec<GridNode>) -> Result<Self, TreeError> {
        Self::new(nodes)
    }
}

impl From<GridTree> for Vec<GridNode> {
    fn from(tree: GridTree) -> Self {
        tree.nodes.to_vec()
    }
}
