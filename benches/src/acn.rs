//! A recorded network of a workplace, crowded: single-phase stations between the lines of a delta, whose currents add at
//! angles in the windings of a transformer.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating, TreeError, Wiring};
use headroom_domain::schedule::Schedule;
use headroom_domain::{Current, Energy, EnergyPrice, Interval, NodeId, TimeGrid, Voltage};
use headroom_optimizer::snapshot::{Line, LineTerm, SessionState, Settings, Snapshot};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Steps of five minutes: half a day.
pub const STEPS: usize = 144;

/// A network as it was recorded.
#[derive(Debug, Deserialize)]
pub struct Network {
    evses: Vec<Evse>,
    constraints: Vec<Constraint>,
}

#[derive(Debug, Deserialize)]
struct Evse {
    station_id: String,
    voltage_v: f64,
    max_rate_a: f64,
    phase_angle_deg: f64,
}

#[derive(Debug, Deserialize)]
struct Constraint {
    limit_a: f64,
    coefficients: BTreeMap<String, f64>,
}

/// What another tool needs to plan the same. **Units**: kW, kWh, A; angles in degrees.
#[derive(Debug, Serialize)]
pub struct Plain {
    step_h: f64,
    steps: usize,
    sessions: Vec<PlainSession>,
    lines: Vec<PlainLine>,
}

#[derive(Debug, Serialize)]
struct PlainSession {
    evse: String,
    first: usize,
    steps: usize,
    maximum_kw: f64,
    wanted_kwh: f64,
    volts: f64,
}

#[derive(Debug, Serialize)]
struct PlainLine {
    limit_a: f64,
    /// EVSE, factor, angle.
    terms: Vec<(String, f64, f64)>,
}

impl Network {
    /// Fills the network with so many sessions, those of an EVSE one after the other; they want more than fits, and as
    /// much of it as does.
    ///
    /// **Errors**: none; the tree is checked all the same.
    pub fn crowded(&self, sessions: usize, seed: u64) -> Result<Snapshot, TreeError> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let start = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(18_171) + TimeDelta::hours(15);
        let mut nodes = vec![GridNode {
            id: NodeId::new("site"),
            kind: NodeKind::ConnectionPoint,
            parent: None,
            rating: Rating::default(),
            wiring: None,
        }];
        let (mut states, mut lines) = (Vec::new(), Vec::new());
        for (at, evse) in self.evses.iter().enumerate() {
            let id = NodeId::new(evse.station_id.as_str());
            let (voltage_v, maximum_current_a) = (Voltage::from_v(evse.voltage_v), Current::from_a(evse.max_rate_a));
            let wiring = Wiring { phases: vec![Phase::L1], voltage_v, maximum_current_a };
            let most = wiring.maximum_power();
            let (wiring, parent) = (Some(wiring), Some(NodeId::new("site")));
            nodes.push(GridNode { id: id.clone(), kind: NodeKind::Evse, parent, rating: Rating::default(), wiring });
            let own = (at..sessions).step_by(self.evses.len()).count();
            for turn in 0..own {
                let (first, end) = (turn * STEPS / own, (turn + 1) * STEPS / own);
                let minutes = |step: usize| TimeDelta::minutes(5 * i64::try_from(step).unwrap_or_default());
                let stay = Interval { start: start + minutes(first), end: start + minutes(end) };
                let hours = (end - first) as f64 / 12.0;
                let wanted_wh = Energy::from_wh(most.as_w() * hours * chance.random_range(0.3..0.9));
                let name = format!("{id}/{turn}").into();
                let session = SessionState::new(name, id.clone(), stay, Energy::ZERO, most);
                states.push(SessionState { wanted_wh, ..session });
            }
        }
        for constraint in &self.constraints {
            let angle =
                |id: &str| self.evses.iter().find(|evse| evse.station_id == id).map(|evse| evse.phase_angle_deg);
            let term = |(id, factor): (&String, &f64)| {
                Some(LineTerm { evse: NodeId::new(id.as_str()), factor: *factor, angle_deg: angle(id)? })
            };
            let maximum_current_a = Current::from_a(constraint.limit_a);
            let terms = constraint.coefficients.iter().filter_map(term).collect();
            lines.push(Line { node: NodeId::new("site"), maximum_current_a, terms });
        }
        let grid = TimeGrid::uniform(start, TimeDelta::minutes(5), STEPS);
        let prices = vec![EnergyPrice::from_per_kwh(0.2); STEPS];
        let wanted_value = Some(EnergyPrice::from_per_kwh(1.0));
        let settings = Settings { deadline_s: 600.0, wanted_value, ..Settings::default() };
        Ok(Snapshot { lines, sessions: states, settings, ..Snapshot::new(start, grid, GridTree::new(nodes)?, prices) })
    }
}

/// Returns the highest share of any line's rating in any step, by the complex sum.
pub fn fullest(snapshot: &Snapshot, schedule: &Schedule) -> f64 {
    let mut amperes: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for plan in &schedule.sessions {
        let wiring = snapshot.tree.get(&plan.node).and_then(|node| node.wiring.as_ref());
        let volts = wiring.map_or(f64::INFINITY, |wiring| wiring.voltage_v.as_v());
        let sums = amperes.entry(plan.node.as_str()).or_insert_with(|| vec![0.0; plan.power_w.len()]);
        sums.iter_mut().zip(&plan.power_w).for_each(|(sum, power)| *sum += power.as_w() / volts);
    }
    let share = |line: &Line, step: usize| {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for term in &line.terms {
            let current = term.factor * amperes.get(term.evse.as_str()).map_or(0.0, |amperes| amperes[step]);
            let (sine, cosine) = term.angle_deg.to_radians().sin_cos();
            (real, imaginary) = (real + current * cosine, imaginary + current * sine);
        }
        f64::hypot(real, imaginary) / line.maximum_current_a.as_a()
    };
    let lines = snapshot.lines.iter();
    lines.flat_map(|line| (0..snapshot.grid.len()).map(move |step| share(line, step))).fold(0.0, f64::max)
}

impl Plain {
    /// Reads the numbers of a crowded network.
    pub fn of(snapshot: &Snapshot) -> Self {
        let session = |state: &SessionState| {
            let step = |at: DateTime<Utc>| snapshot.grid.edges().partition_point(|edge| *edge < at);
            let wiring = snapshot.tree.get(&state.node).and_then(|node| node.wiring.as_ref());
            PlainSession {
                evse: state.node.to_string(),
                first: step(state.arrival),
                steps: step(state.departure) - step(state.arrival),
                maximum_kw: state.maximum_w.as_kw(),
                wanted_kwh: state.wanted_wh.as_kwh(),
                volts: wiring.map_or(0.0, |wiring| wiring.voltage_v.as_v()),
            }
        };
        let line = |line: &Line| PlainLine {
            limit_a: line.maximum_current_a.as_a(),
            terms: line.terms.iter().map(|term| (term.evse.to_string(), term.factor, term.angle_deg)).collect(),
        };
        Self {
            step_h: snapshot.grid.step_h(0),
            steps: snapshot.grid.len(),
            sessions: snapshot.sessions.iter().map(session).collect(),
            lines: snapshot.lines.iter().map(line).collect(),
        }
    }
}
