//! The places where room is shared: an import limit of a node, or the current of one phase of a node.
//!
//! Everything is reckoned in W. A phase's current is turned into the power it carries at the node's reference voltage,
//! so that one kind of row serves both: `sum over sessions of weight * power + base load <= limit`.

use headroom_domain::grid::{GridTree, Phase, Wiring};
use headroom_domain::limit::Basis;
use headroom_domain::{Interval, Power};

use crate::snapshot::{NodeLimits, SessionState, Snapshot};

/// Line to neutral, where no EVSE below a node says otherwise.
const USUAL_VOLTAGE_V: f64 = 230.0;

/// What a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// All power of the node.
    Import,
    /// The power on one phase.
    Phase(Phase),
}

/// A place where room is shared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Position of the node in the tree.
    pub(crate) node: usize,
    /// What it counts.
    pub(crate) measure: Measure,
    reference_v: f64,
}

/// A row and how much of a power it counts.
pub(crate) type Share = (usize, f64);

/// All rows of a snapshot and who counts in them.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    snapshot: &'a Snapshot,
    all: Vec<Row>,
    members: Vec<Vec<Share>>,
    limits: Vec<Option<&'a NodeLimits>>,
    guard_w: Vec<Vec<f64>>,
}

impl<'a> Rows<'a> {
    /// Finds the rows of a snapshot that has been checked.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let tree = &snapshot.tree;
        let mut limits = vec![None; tree.nodes().len()];
        for entry in &snapshot.limits {
            if let Some(position) = tree.position(&entry.node) {
                limits[position] = Some(entry);
            }
        }
        let voltages = reference_voltages(tree);
        let mut rows = Vec::new();
        for (node, grid_node) in tree.nodes().iter().enumerate() {
            let reference_v = voltages[node];
            if limits[node].is_some() || grid_node.rating.maximum_import_w.is_some() {
                rows.push(Row { node, measure: Measure::Import, reference_v });
            }
            if grid_node.rating.maximum_phase_current_a.is_some() {
                rows.extend(Phase::ALL.map(|phase| Row { node, measure: Measure::Phase(phase), reference_v }));
            }
        }
        let mut by_node = vec![Vec::new(); tree.nodes().len()];
        for (index, row) in rows.iter().enumerate() {
            by_node[row.node].push(index);
        }
        let shares = |position: Option<usize>| position.map_or_else(Vec::new, |at| shares(tree, &rows, &by_node, at));
        let members = |session: &SessionState| {
            let by_measure = |(row, weight): Share| match rows[row].measure {
                Measure::Import => (row, weight * session.load_share.as_ratio()),
                Measure::Phase(_) => (row, weight),
            };
            shares(tree.position(&session.node)).into_iter().map(by_measure).collect()
        };
        let members = snapshot.sessions.iter().map(members).collect();
        let mut guard_w = vec![vec![0.0; snapshot.grid.len()]; rows.len()];
        for base in &snapshot.base_load {
            for (row, weight) in shares(tree.position(&base.node)) {
                for (sum, power) in guard_w[row].iter_mut().zip(&base.guard_w) {
                    *sum += weight * power.as_w();
                }
            }
        }
        Self { snapshot, all: rows, members, limits, guard_w }
    }

    /// Returns the rows, parents before children.
    pub(crate) fn all(&self) -> &[Row] {
        &self.all
    }

    /// Returns the rows that a session counts in, upwards.
    pub(crate) fn of(&self, session: usize) -> &[Share] {
        &self.members[session]
    }

    /// Returns the lowest limit of a row over a window, margin taken off, and what it rests on.
    pub(crate) fn limit(&self, row: usize, window: Interval) -> (f64, Basis) {
        let Row { node, measure, reference_v } = self.all[row];
        let rating = &self.snapshot.tree.nodes()[node].rating;
        if measure != Measure::Import {
            let current = rating.maximum_phase_current_a.map_or(f64::INFINITY, |current| current.as_a() * reference_v);
            return (current, Basis::ConnectionCapacity);
        }
        let rated = rating.maximum_import_w.map_or(f64::INFINITY, Power::as_w);
        let mut lowest = (rated, Basis::ConnectionCapacity);
        let pieces = self.limits[node].map_or(&[][..], |limits| &limits.effective);
        let first = pieces.partition_point(|piece| piece.interval.end <= window.start);
        for piece in pieces[first..].iter().take_while(|piece| piece.interval.start < window.end) {
            if let Some((power, basis)) = &piece.maximum_import_w
                && power.as_w() < lowest.0
            {
                lowest = (power.as_w(), basis.clone());
            }
        }
        let margin = if node == 0 { self.snapshot.margin_w.as_w() } else { 0.0 };
        (lowest.0 - margin, lowest.1)
    }

    /// Returns the highest guard of the base load of a row over a window; beyond the grid, the highest there is.
    pub(crate) fn guard(&self, row: usize, window: Interval) -> f64 {
        let guard = &self.guard_w[row];
        let edges = self.snapshot.grid.edges();
        let last = guard.len();
        let covered = if window.start >= self.snapshot.grid.end() {
            0..last
        } else {
            let first = edges.partition_point(|edge| *edge <= window.start).saturating_sub(1);
            first..edges.partition_point(|edge| *edge < window.end).clamp(first + 1, last)
        };
        guard[covered].iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Returns the rows above a node and how much they count of a power there, upwards.
fn shares(tree: &GridTree, rows: &[Row], by_node: &[Vec<usize>], position: usize) -> Vec<Share> {
    let wiring = tree.nodes()[position].wiring.as_ref();
    let above = tree.path_to_root(position).flat_map(|node| by_node[node].iter());
    above.map(|&row| (row, weight(&rows[row], wiring))).filter(|(_, weight)| *weight > 0.0).collect()
}

fn weight(row: &Row, wiring: Option<&Wiring>) -> f64 {
    match (row.measure, wiring) {
        (Measure::Import, _) => 1.0,
        // On each of its phases an EVSE draws power / (voltage * phases) of current.
        (Measure::Phase(phase), Some(wiring)) if !wiring.phases.is_empty() => {
            let wired = wiring.phases.iter().filter(|wired| **wired == phase).count() as f64;
            wired * row.reference_v / (wiring.voltage_v.as_v() * wiring.phase_count())
        }
        (Measure::Phase(_), _) => 1.0 / 3.0,
    }
}

/// Returns for each node the lowest voltage of the AC EVSEs below it: the lowest gives the highest current.
fn reference_voltages(tree: &GridTree) -> Vec<f64> {
    let mut voltages = vec![f64::INFINITY; tree.nodes().len()];
    for (position, node) in tree.nodes().iter().enumerate() {
        let Some(wiring) = node.wiring.as_ref().filter(|wiring| !wiring.phases.is_empty()) else { continue };
        let voltage = wiring.voltage_v.as_v();
        for above in tree.path_to_root(position).filter(|_| voltage > 0.0) {
            voltages[above] = voltages[above].min(voltage);
        }
    }
    voltages.into_iter().map(|voltage| if voltage.is_finite() { voltage } else { USUAL_VOLTAGE_V }).collect()
}
