//! The places where room is shared: an import limit of a node, the current of one phase of a node, or of a line whose
//! current is a sum at angles.
//!
//! Everything is reckoned in W. A current is turned into the power it carries at the node's reference voltage, so that
//! one kind of row serves all: `sum over sessions of weight * power + base load <= limit`.

use headroom_domain::grid::{GridTree, Phase, Rating, Wiring};
use headroom_domain::limit::Basis;
use headroom_domain::{Interval, NodeId, Power};

use crate::snapshot::{Line, NodeLimits, SessionState, Snapshot};

mod phasor;
use phasor::Side;

/// Line to neutral, where no EVSE below a node says otherwise.
const USUAL_VOLTAGE_V: f64 = 230.0;

/// What a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// All power of the node.
    Import,
    /// The power on one phase.
    Phase(Phase),
    /// The current of a line, seen from one side.
    Line,
}

/// A place where room is shared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Position of the node in the tree.
    pub(crate) node: usize,
    /// What it counts.
    pub(crate) measure: Measure,
    reference_v: f64,
    /// What construction allows, in W.
    rated_w: f64,
}

/// A row and how much of a power it counts.
pub(crate) type Share = (usize, f64);

/// All rows of a snapshot and who counts in them.
#[derive(Debug, Clone)]
pub(crate) struct Rows<'a> {
    snapshot: &'a Snapshot,
    all: Vec<Row>,
    members: Vec<Vec<Share>>,
    batteries: Vec<Vec<Share>>,
    limits: Vec<Option<&'a NodeLimits>>,
    guard_w: Vec<Vec<f64>>,
    /// Rows whose guard is zero in all steps: most, where base loads are known at the root alone.
    unguarded: Vec<bool>,
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
        let mut places = Places::new(snapshot, &limits);
        places.add_lines(&snapshot.lines, tree);
        let shares = |position: Option<usize>| position.map_or_else(Vec::new, |at| places.shares(tree, at));
        let members = |session: &SessionState| {
            let by_measure = |(row, weight): Share| match places.rows[row].measure {
                Measure::Import => (row, weight * session.load_share.as_ratio()),
                Measure::Phase(_) | Measure::Line => (row, weight),
            };
            shares(tree.position(&session.node)).into_iter().map(by_measure).collect()
        };
        let members = snapshot.sessions.iter().map(members).collect();
        let batteries = snapshot.batteries.iter().map(|battery| shares(tree.position(&battery.node))).collect();
        let mut guard_w = vec![vec![0.0; snapshot.grid.len()]; places.rows.len()];
        let mut add = |node: &NodeId, sign: f64, powers: &[Power]| {
            for (row, weight) in shares(tree.position(node)) {
                // On which phase generation helps is not known.
                let helps = sign < 0.0 && places.rows[row].measure != Measure::Import;
                for (sum, power) in guard_w[row].iter_mut().zip(powers).filter(|_| !helps) {
                    *sum += sign * weight * power.as_w();
                }
            }
        };
        snapshot.base_load.iter().for_each(|base| add(&base.node, 1.0, &base.guard_w));
        snapshot.generation.iter().for_each(|generation| add(&generation.node, -1.0, &generation.sure_w));
        let unguarded = guard_w.iter().map(|guard| guard.iter().all(|power| *power == 0.0)).collect();
        let rows = places.rows;
        Self { snapshot, all: rows, members, batteries, limits, guard_w, unguarded }
    }

    /// Returns the rows, parents before children.
    pub(crate) fn all(&self) -> &[Row] {
        &self.all
    }

    /// Returns the rows that a session counts in, upwards.
    pub(crate) fn of(&self, session: usize) -> &[Share] {
        &self.members[session]
    }

    /// Returns the rows that a battery counts in, upwards.
    pub(crate) fn of_battery(&self, battery: usize) -> &[Share] {
        &self.batteries[battery]
    }

    /// Returns the lowest limit of a row over a window, margin taken off, and what it rests on.
    pub(crate) fn limit(&self, row: usize, window: Interval) -> (f64, Basis) {
        let (limit_w, basis) = self.lowest(row, window);
        (limit_w, basis.cloned().unwrap_or(Basis::ConnectionCapacity))
    }

    /// Returns the lowest limit of a row over a window, margin taken off.
    pub(crate) fn limit_w(&self, row: usize, window: Interval) -> f64 {
        self.lowest(row, window).0
    }

    /// Returns the lowest limit of a row over a window and what it rests on, where that is not how the node is built.
    fn lowest(&self, row: usize, window: Interval) -> (f64, Option<&'a Basis>) {
        let Row { node, measure, rated_w, .. } = self.all[row];
        let mut lowest = (rated_w, None);
        if measure != Measure::Import {
            return lowest;
        }
        for piece in self.limits[node].into_iter().flat_map(|limits| limits.over(window)) {
            if let Some((power, basis)) = &piece.maximum_import_w
                && power.as_w() < lowest.0
            {
                lowest = (power.as_w(), Some(basis));
            }
        }
        let margin = if node == 0 { self.snapshot.margin_w.as_w() } else { 0.0 };
        (lowest.0 - margin, lowest.1)
    }

    /// Returns the nodes at which some limit holds for what is fed in.
    pub(crate) fn export_limited(&self) -> impl Iterator<Item = usize> + '_ {
        let stated = |limits: &NodeLimits| limits.effective.iter().any(|piece| piece.maximum_export_w.is_some());
        let nodes = self.snapshot.tree.nodes().iter().zip(&self.limits).enumerate();
        nodes.filter_map(move |(at, (node, limits))| {
            (node.rating.maximum_export_w.is_some() || limits.is_some_and(stated)).then_some(at)
        })
    }

    /// Returns the lowest export limit of a node over a window, in W; `None` where nothing limits it.
    pub(crate) fn export_limit(&self, node: usize, window: Interval) -> Option<f64> {
        let rated = self.snapshot.tree.nodes()[node].rating.maximum_export_w.map_or(f64::INFINITY, Power::as_w);
        let within = self.limits[node].into_iter().flat_map(|limits| limits.over(window));
        let stated = within.filter_map(|piece| piece.maximum_export_w.as_ref()).map(|(power, _)| power.as_w());
        Some(stated.fold(rated, f64::min)).filter(|limit| limit.is_finite())
    }

    /// Tells whether a base load counts in a row.
    pub(crate) fn has_guard(&self, row: usize) -> bool {
        !self.unguarded[row]
    }

    /// Returns the guard of the base load of a row in a step of the grid.
    pub(crate) fn guard_in(&self, row: usize, step: usize) -> f64 {
        self.guard_w[row][step]
    }

    /// Returns the highest guard of the base load of a row over a window; beyond the grid, the highest there is.
    pub(crate) fn guard(&self, row: usize, window: Interval) -> f64 {
        if self.unguarded[row] {
            return 0.0;
        }
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

/// The rows as they are found.
struct Places {
    rows: Vec<Row>,
    by_node: Vec<Vec<usize>>,
    /// What the current of an EVSE counts in the sides of lines, by the position of its node.
    lines: Vec<Vec<Share>>,
    voltages: Vec<f64>,
}

impl Places {
    fn new(snapshot: &Snapshot, limits: &[Option<&NodeLimits>]) -> Self {
        let nodes = snapshot.tree.nodes();
        let voltages = reference_voltages(&snapshot.tree);
        let mut places = Self {
            rows: Vec::new(),
            by_node: vec![Vec::new(); nodes.len()],
            lines: vec![Vec::new(); nodes.len()],
            voltages,
        };
        let used = in_use(snapshot, limits);
        for (node, grid_node) in nodes.iter().enumerate().filter(|(node, _)| used[*node]) {
            let Rating { maximum_import_w, maximum_phase_current_a, .. } = grid_node.rating;
            if limits[node].is_some() || maximum_import_w.is_some() {
                let rated_w = maximum_import_w.map_or(f64::INFINITY, Power::as_w);
                let row = places.add(node, Measure::Import, rated_w);
                places.by_node[node].push(row);
            }
            if let Some(current) = maximum_phase_current_a {
                for phase in Phase::ALL {
                    let row = places.add(node, Measure::Phase(phase), current.as_a() * places.voltages[node]);
                    places.by_node[node].push(row);
                }
            }
        }
        places
    }

    fn add(&mut self, node: usize, measure: Measure, rated_w: f64) -> usize {
        self.rows.push(Row { node, measure, reference_v: self.voltages[node], rated_w });
        self.rows.len() - 1
    }

    /// Adds a row for every side of every line's polygon.
    fn add_lines(&mut self, lines: &[Line], tree: &GridTree) {
        for line in lines {
            let Some(node) = tree.position(&line.node) else { continue };
            let volts = self.voltages[node];
            for Side { share, factors } in phasor::sides(&line.terms) {
                let row = self.add(node, Measure::Line, line.maximum_current_a.as_a() * share * volts);
                for (term, factor) in line.terms.iter().zip(factors) {
                    let Some(evse) = tree.position(&term.evse).filter(|_| factor > 0.0) else { continue };
                    let Some(wiring) = tree.nodes()[evse].wiring.as_ref() else { continue };
                    let weight = factor * volts / (wiring.voltage_v.as_v() * wiring.phase_count());
                    match self.lines[evse].last_mut() {
                        Some((last, sum)) if *last == row => *sum += weight,
                        _ => self.lines[evse].push((row, weight)),
                    }
                }
            }
        }
    }

    /// Returns the rows above a node and how much they count of a power there, upwards; lines come last.
    fn shares(&self, tree: &GridTree, position: usize) -> Vec<Share> {
        let wiring = tree.nodes()[position].wiring.as_ref();
        let above = tree.path_to_root(position).flat_map(|node| self.by_node[node].iter());
        let above = above.map(|&row| (row, weight(&self.rows[row], wiring))).filter(|(_, weight)| *weight > 0.0);
        above.chain(self.lines[position].iter().copied()).collect()
    }
}

/// Returns the nodes that something is known of: the root, what draws there or below, or a limit beside its rating.
fn in_use(snapshot: &Snapshot, limits: &[Option<&NodeLimits>]) -> Vec<bool> {
    let mut used: Vec<bool> = limits.iter().map(Option::is_some).collect();
    used[0] = true;
    let sessions = snapshot.sessions.iter().map(|session| &session.node);
    let batteries = snapshot.batteries.iter().map(|battery| &battery.node);
    let loads = snapshot.base_load.iter().map(|load| &load.node);
    let generation = snapshot.generation.iter().map(|generation| &generation.node);
    let reserves = snapshot.reserves.iter().map(|reserve| &reserve.node);
    for id in sessions.chain(batteries).chain(loads).chain(generation).chain(reserves) {
        for node in snapshot.tree.position(id).into_iter().flat_map(|position| snapshot.tree.path_to_root(position)) {
            used[node] = true;
        }
    }
    used
}

fn weight(row: &Row, wiring: Option<&Wiring>) -> f64 {
    match (row.measure, wiring) {
        (Measure::Import, _) => 1.0,
        // What lines count is laid down with them.
        (Measure::Line, _) => 0.0,
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
