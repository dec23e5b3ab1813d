use chrono::{DateTime, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Rating};
use headroom_domain::limit::Basis;
use headroom_domain::{EnergyPrice, NodeId, SessionId, TimeGrid};

use super::*;
use crate::assemble::planning_grid;
use crate::rolling::step;

fn at(minute: i64) -> DateTime<Utc> {
    "2026-03-10T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

/// A vehicle that still needs so many Wh, at a site of 20 kW, some minutes after eight.
fn snapshot(minute: i64, needed_wh: f64) -> Snapshot {
    let root = |id: &str, kind, parent: Option<&str>| GridNode {
        id: NodeId::new(id),
        kind,
        parent: parent.map(NodeId::new),
        rating: Rating { maximum_import_w: Some(Power::from_kw(20.0)), ..Rating::default() },
        wiring: None,
    };
    let nodes = vec![root("site", NodeKind::ConnectionPoint, None), root("a", NodeKind::Evse, Some("site"))];
    let grid: TimeGrid = planning_grid(at(minute));
    let prices = vec![EnergyPrice::from_per_kwh(0.3); grid.len()];
    let loads = vec![Power::from_kw(5.0); grid.len()];
    let mut snapshot = Snapshot::new(at(minute), grid, GridTree::new(nodes).unwrap(), prices);
    let node = NodeId::new("site");
    snapshot.base_load = vec![NodeBaseLoad { node, guard_w: loads.clone(), expected_w: loads, least_w: Vec::new() }];
    snapshot.sessions = vec![SessionState::new(
        SessionId::new("a"),
        NodeId::new("a"),
        Interval { start: at(-10), end: at(240) },
        Energy::from_wh(needed_wh),
        Power::from_w(11_040.0),
    )];
    snapshot
}

/// The first plan gives the vehicle all it can take, 920 Wh in five minutes.
fn serves(change: impl Fn(&mut Snapshot)) -> bool {
    let planned = snapshot(0, 20_000.0);
    let schedule = step(&planned);
    assert!((schedule.sessions[0].power_w[0].as_w() - 11_040.0).abs() < 1.0, "{schedule:?}");
    let mut now = snapshot(5, 20_000.0 - 920.0);
    change(&mut now);
    still_serves(&planned, &schedule, &now)
}

#[test]
fn a_plan_serves_while_all_goes_as_planned() {
    assert!(serves(|_| ()));
}

#[test]
fn a_plan_does_not_serve_longer_than_a_quarter_of_an_hour() {
    let planned = snapshot(0, 20_000.0);
    let schedule = step(&planned);
    assert!(still_serves(&planned, &schedule, &snapshot(14, 20_000.0 - 14.0 * 184.0)));
    assert!(!still_serves(&planned, &schedule, &snapshot(15, 20_000.0 - 15.0 * 184.0)));
}

#[test]
fn who_comes_goes_or_takes_something_else_asks_for_a_new_plan() {
    assert!(!serves(|now| now.sessions.clear()));
    assert!(!serves(|now| {
        let one = now.sessions[0].clone();
        now.sessions.push(SessionState { id: SessionId::new("b"), ..one });
    }));
    assert!(!serves(|now| now.sessions[0].needed_wh = Energy::from_wh(20_000.0)));
    assert!(!serves(|now| now.sessions[0].departure = at(120)));
    assert!(!serves(|now| now.sessions[0].maximum_w = Power::from_kw(7.4)));
    assert!(!serves(|now| now.sessions[0].responsive = false));
}

#[test]
fn a_limit_a_price_or_a_base_load_that_was_not_planned_with_asks_for_a_new_plan() {
    let limited = |from: i64, until: i64| NodeLimits {
        node: NodeId::new("site"),
        effective: vec![EffectiveInterval {
            interval: Interval { start: at(from), end: at(until) },
            maximum_import_w: Some((Power::from_kw(8.0), Basis::ConnectionCapacity)),
            maximum_export_w: None,
        }],
    };
    assert!(!serves(|now| now.limits = vec![limited(60, 120)]));
    assert!(!serves(|now| now.prices[20] = EnergyPrice::from_per_kwh(0.1)));
    assert!(!serves(|now| now.base_load[0].guard_w[2] = Power::from_kw(6.0)));
    assert!(serves(|now| now.base_load[0].guard_w[2] = Power::from_kw(5.1)));
}

#[test]
fn what_is_over_is_not_compared() {
    let limits = |start: i64| {
        vec![NodeLimits {
            node: NodeId::new("site"),
            effective: vec![EffectiveInterval {
                interval: Interval { start: at(start), end: at(start + 3000) },
                maximum_import_w: Some((Power::from_kw(18.0), Basis::ConnectionCapacity)),
                maximum_export_w: None,
            }],
        }]
    };
    let planned = Snapshot { limits: limits(0), ..snapshot(0, 20_000.0) };
    let schedule = step(&planned);
    assert!(still_serves(&planned, &schedule, &Snapshot { limits: limits(5), ..snapshot(5, 20_000.0 - 920.0) }));
}

#[test]
fn an_acknowledgement_asks_for_no_new_plan_while_the_same_vehicles_are_there() {
    let planned = snapshot(0, 20_000.0);
    let schedule = step(&planned);
    // It takes nothing of what was planned.
    let mut now = snapshot(5, 20_000.0);
    assert!(!stands(Call::Timer, &planned, &schedule, &now));
    assert!(stands(Call::Acknowledgement, &planned, &schedule, &now));
    assert!(!stands(Call::Event, &planned, &schedule, &now));
    now.sessions.clear();
    assert!(!stands(Call::Acknowledgement, &planned, &schedule, &now));
    assert!(!stands(Call::Acknowledgement, &planned, &schedule, &snapshot(15, 20_000.0)));
}
