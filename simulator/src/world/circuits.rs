//! What every node carries, and by how much that is too much.

use headroom_domain::grid::{GridTree, NodeKind, Phase};
use headroom_domain::invariants::TOLERANCE_W;
use headroom_domain::units::{hours, seconds};

use super::{Current, Deserialize, Interval, Power, Serialize, Site, SiteError, Station};

/// Currents this much above a rating break it. **Units**: A.
const TOLERANCE_A: f64 = 0.01;

/// How long and by how much a place carried more than it may.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Overload {
    /// How long. **Units**: min.
    pub overload_min: f64,
    /// Energy above the limit.
    pub overload_kwh: f64,
}

impl Overload {
    fn add(&mut self, excess: Power, interval: Interval) {
        self.overload_min += seconds(interval.duration()) / 60.0;
        self.overload_kwh += excess.as_kw() * hours(interval.duration());
    }
}

/// What was too much at a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeOverload {
    /// The connection point or a circuit.
    pub node: String,
    /// Of its power: at the connection point what vehicles drew beyond what the limit leaves them.
    #[serde(flatten)]
    pub power: Overload,
    /// Of the current on L1, L2 and L3.
    pub phases: [Overload; 3],
}

/// A node that has a rating.
#[derive(Debug, Clone)]
struct Rated {
    node: usize,
    power: Option<Power>,
    current: Option<Current>,
    /// The lowest voltage of the EVSEs below.
    voltage_v: f64,
    overload: NodeOverload,
}

/// The currents and powers at the nodes of a site.
#[derive(Debug, Clone)]
pub(super) struct Circuits {
    /// For each station, the nodes above it.
    paths: Vec<Vec<usize>>,
    power_w: Vec<f64>,
    current_a: Vec<[f64; 3]>,
    /// The connection point, then the circuits.
    rated: Vec<Rated>,
    unbalance_a: f64,
    violation_s: f64,
}

impl Circuits {
    pub(super) fn new(site: &Site, tree: &GridTree) -> Result<Self, SiteError> {
        let mut voltages = vec![f64::INFINITY; tree.nodes().len()];
        let mut paths = Vec::with_capacity(site.evses.len());
        for evse in &site.evses {
            let position = tree.position(&site.evse_node(&evse.uid));
            let path: Vec<usize> =
                position.into_iter().flat_map(|position| tree.path_to_root(position)).skip(1).collect();
            let voltage_v = evse.wiring()?.voltage_v.as_v();
            for node in &path {
                voltages[*node] = voltages[*node].min(voltage_v);
            }
            paths.push(path);
        }
        let rated = |(node, own): (usize, &headroom_domain::grid::GridNode)| Rated {
            node,
            power: own.rating.maximum_import_w.filter(|_| own.kind == NodeKind::Circuit),
            current: own.rating.maximum_phase_current_a,
            voltage_v: if voltages[node].is_finite() { voltages[node] } else { 0.0 },
            overload: NodeOverload {
                node: own.id.to_string(),
                power: Overload::default(),
                phases: [Overload::default(); 3],
            },
        };
        let nodes = tree.nodes().iter().enumerate();
        let rated = nodes.filter(|(_, node)| node.kind != NodeKind::Evse).map(rated).collect();
        let count = tree.nodes().len();
        let (power_w, current_a) = (vec![0.0; count], vec![[0.0; 3]; count]);
        Ok(Self { paths, power_w, current_a, rated, unbalance_a: 0.0, violation_s: 0.0 })
    }

    /// Counts what stations with a vehicle draw over a stretch of time.
    ///
    /// The power of the connection point is the meter's affair: its limit changes, and there is a base load.
    pub(super) fn record(&mut self, stations: &[Station], occupied: &[usize], interval: Interval) {
        for rated in &self.rated {
            self.power_w[rated.node] = 0.0;
            self.current_a[rated.node] = [0.0; 3];
        }
        for &at in occupied {
            let station = &stations[at];
            let Some(draw) = station.plugged.as_ref().map(|plugged| plugged.draw) else { continue };
            for &node in &self.paths[at] {
                self.power_w[node] += draw.power_w.as_w();
                for phase in station.loaded_phases() {
                    self.current_a[node][*phase as usize] += draw.current_a.as_a();
                }
            }
        }
        let currents = self.current_a[0];
        let (least, most) =
            (currents.into_iter().fold(f64::INFINITY, f64::min), currents.into_iter().fold(0.0, f64::max));
        self.unbalance_a = self.unbalance_a.max(most - least);
        let mut holds = true;
        for rated in &mut self.rated {
            let power_w = self.power_w[rated.node];
            if let Some(most) = rated.power.filter(|most| power_w > most.as_w() + TOLERANCE_W) {
                rated.overload.power.add(Power::from_w(power_w) - most, interval);
                holds = false;
            }
            let Some(most) = rated.current else { continue };
            for (phase, current_a) in rated.overload.phases.iter_mut().zip(self.current_a[rated.node]) {
                if current_a > most.as_a() + TOLERANCE_A {
                    phase.add(Power::from_w((current_a - most.as_a()) * rated.voltage_v), interval);
                    holds = false;
                }
            }
        }
        if !holds {
            self.violation_s += seconds(interval.duration());
        }
    }

    /// Returns how long a circuit carried more than it may. **Units**: s.
    pub(super) fn violation_s(&self) -> f64 {
        self.violation_s
    }

    /// Returns the greatest difference of the vehicles' currents on two phases of the connection point. **Units**: A.
    pub(super) fn unbalance_a(&self) -> f64 {
        self.unbalance_a
    }

    /// Returns what was too much, the connection point first; what broke its limit is told by its meter.
    pub(super) fn overloads(&self, connection_point: Overload) -> Vec<NodeOverload> {
        let mut overloads: Vec<_> = self.rated.iter().map(|rated| rated.overload.clone()).collect();
        if let Some(root) = overloads.first_mut() {
            root.power = connection_point;
        }
        overloads
    }
}

/// The phases' positions are their numbers.
const _: () = assert!(Phase::L1 as usize == 0 && Phase::L2 as usize == 1 && Phase::L3 as usize == 2);
