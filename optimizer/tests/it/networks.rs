//! Recorded networks of workplaces in California: single-phase stations between the lines of a delta, whose currents add
//! at angles in the windings of a transformer.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating, Wiring};
use headroom_domain::schedule::{PlanStatus, Schedule};
use headroom_domain::{Current, Energy, EnergyPrice, Interval, NodeId, Power, TimeGrid, Voltage};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::{Line, LineTerm, SessionState, Settings, Snapshot};
use serde_json::Value;
use std::path::PathBuf;

const STEPS: usize = 48;

fn morning() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2019, 10, 2, 15, 0, 0).unwrap()
}

/// Reads a network; `None` where there are no recordings.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
fn network(name: &str) -> Option<Value> {
    let data = PathBuf::from(std::env::var_os("HEADROOM_DATA").unwrap_or_default());
    let path = data.join(format!("grid/acn_sites/acn_{name}_network.json"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no network in HEADROOM_DATA ({})", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// A vehicle at every station, more than the transformer can carry at once.
fn crowded(network: &Value) -> Snapshot {
    let node = |id: &str, kind, parent: Option<&str>, wiring| GridNode {
        id: NodeId::new(id),
        kind,
        parent: parent.map(NodeId::new),
        rating: Rating::default(),
        wiring,
    };
    let mut nodes = vec![node("site", NodeKind::ConnectionPoint, None, None)];
    let mut sessions = Vec::new();
    for (at, evse) in network["evses"].as_array().unwrap().iter().enumerate() {
        let (id, volts, most_a) = (
            evse["station_id"].as_str().unwrap(),
            evse["voltage_v"].as_f64().unwrap(),
            evse["max_rate_a"].as_f64().unwrap(),
        );
        let (voltage_v, maximum_current_a) = (Voltage::from_v(volts), Current::from_a(most_a));
        let wiring = Wiring { phases: vec![Phase::L1], voltage_v, maximum_current_a };
        nodes.push(node(id, NodeKind::Evse, Some("site"), Some(wiring.clone())));
        let pilots = evse["allowable_pilot_signals_a"].as_array().unwrap().iter().map(|pilot| pilot.as_f64().unwrap());
        let levels = pilots.filter(|pilot| *pilot > 0.0).map(|pilot| Power::from_w(pilot * volts));
        sessions.push(session(id, at, &wiring, levels.collect()));
    }
    let grid = TimeGrid::uniform(morning(), TimeDelta::minutes(5), STEPS);
    let prices = vec![EnergyPrice::from_per_kwh(0.2); STEPS];
    Snapshot {
        lines: network["constraints"].as_array().unwrap().iter().map(|line| read_line(line, network)).collect(),
        sessions,
        settings: Settings { deadline_s: 600.0, ..Settings::default() },
        ..Snapshot::new(morning(), grid, GridTree::new(nodes).unwrap(), prices)
    }
}

fn session(id: &str, at: usize, wiring: &Wiring, power_levels_w: Vec<Power>) -> SessionState {
    let needed_wh = Energy::from_kwh(12.0 + 10.0 * (at % 5) as f64 / 4.0);
    let end = morning() + TimeDelta::minutes(120 + 15 * i64::try_from(at % 9).unwrap());
    let stay = Interval { start: morning(), end };
    SessionState {
        minimum_w: power_levels_w[0],
        power_levels_w,
        ..SessionState::new(id.into(), NodeId::new(id), stay, needed_wh, wiring.maximum_power())
    }
}

fn read_line(line: &Value, network: &Value) -> Line {
    let evses = network["evses"].as_array().unwrap();
    let angle = |id: &str| {
        let evse = evses.iter().find(|evse| evse["station_id"] == id).unwrap();
        evse["phase_angle_deg"].as_f64().unwrap()
    };
    let term = |(id, factor): (&String, &Value)| LineTerm {
        evse: NodeId::new(id.as_str()),
        factor: factor.as_f64().unwrap(),
        angle_deg: angle(id),
    };
    Line {
        node: NodeId::new("site"),
        maximum_current_a: Current::from_a(line["limit_a"].as_f64().unwrap()),
        terms: line["coefficients"].as_object().unwrap().iter().map(term).collect(),
    }
}

/// Returns the highest share of any line's rating in a step, by the complex sum.
fn fullest(snapshot: &Snapshot, schedule: &Schedule, at: usize) -> f64 {
    let share = |line: &Line| {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for term in &line.terms {
            let wiring = snapshot.tree.get(&term.evse).unwrap().wiring.as_ref().unwrap();
            let plan = schedule.session(&term.evse.as_str().into()).unwrap();
            let current = plan.power_w[at].as_w() / wiring.voltage_v.as_v();
            real += term.factor * current * term.angle_deg.to_radians().cos();
            imaginary += term.factor * current * term.angle_deg.to_radians().sin();
        }
        f64::hypot(real, imaginary) / line.maximum_current_a.as_a()
    };
    snapshot.lines.iter().map(share).fold(0.0, f64::max)
}

#[test]
fn no_line_of_a_recorded_network_is_over_its_rating_and_the_fullest_is_nearly_full() {
    for name in ["caltech", "office001"] {
        let Some(network) = network(name) else { return };
        let mut snapshot = crowded(&network);
        for with_levels in [true, false] {
            if !with_levels {
                for session in &mut snapshot.sessions {
                    (session.power_levels_w, session.minimum_w) = (vec![], Power::ZERO);
                }
            }
            snapshot.check().unwrap();
            let schedule = step(&snapshot);
            assert_eq!(schedule.status, PlanStatus::Optimal);
            let shares: Vec<f64> = (0..STEPS).map(|at| fullest(&snapshot, &schedule, at)).collect();
            let most = shares.iter().copied().fold(0.0, f64::max);
            assert!(most <= 1.0 + 1e-6, "{name}: {most} of a rating");
            // The corners of the polygon give away 0.5 %; levels more.
            assert!(with_levels || most > 0.99, "{name}: {most} of a rating");
        }
    }
}
