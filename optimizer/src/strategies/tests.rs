use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating, Wiring};
use headroom_domain::{Current, Energy, EnergyPrice, Interval, NodeId, Power, Ratio, SessionId, TimeGrid, Voltage};

use super::site::{Places, Present};
use super::*;
use crate::snapshot::{NodeBaseLoad, SessionState};

fn at(minute: i64) -> DateTime<Utc> {
    "2026-03-10T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

fn node(id: &str, kind: NodeKind, parent: Option<&str>, kw: f64, amperes: Option<f64>) -> GridNode {
    let rating = Rating {
        maximum_import_w: Some(Power::from_kw(kw)),
        maximum_phase_current_a: amperes.map(Current::from_a),
        ..Rating::default()
    };
    let wiring = (kind == NodeKind::Evse).then(|| Wiring {
        phases: Phase::ALL.to_vec(),
        voltage_v: Voltage::from_v(230.0),
        maximum_current_a: Current::from_a(16.0),
    });
    GridNode { id: NodeId::new(id), kind, parent: parent.map(NodeId::new), rating, wiring }
}

/// Three EVSEs of 11.04 kW on a circuit of 40 A behind a connection of so many kW.
fn tree(kw: f64) -> GridTree {
    let evse = |id| node(id, NodeKind::Evse, Some("circuit"), 11.04, None);
    let circuit = node("circuit", NodeKind::Circuit, Some("site"), 100.0, Some(40.0));
    GridTree::new(vec![
        node("site", NodeKind::ConnectionPoint, None, kw, None),
        circuit,
        evse("a"),
        evse("b"),
        evse("c"),
    ])
    .unwrap()
}

/// Four hours by quarters; sessions named a, b, c: minutes of arrival and departure, kWh.
fn snapshot(kw: f64, sessions: &[(i64, i64, f64)]) -> Snapshot {
    let grid = TimeGrid::uniform(at(0), TimeDelta::minutes(15), 16);
    let prices = vec![EnergyPrice::from_per_kwh(0.3); grid.len()];
    let mut snapshot = Snapshot::new(at(0), grid, tree(kw), prices);
    snapshot.sessions = sessions
        .iter()
        .zip(["a", "b", "c"])
        .map(|(&(from, until, kwh), id)| SessionState {
            minimum_w: Power::from_w(4140.0),
            ..SessionState::new(
                SessionId::new(id),
                NodeId::new(id),
                Interval { start: at(from), end: at(until) },
                Energy::from_kwh(kwh),
                Power::from_w(11_040.0),
            )
        })
        .collect();
    snapshot
}

fn kilowatts(schedule: &Schedule, step: usize) -> Vec<f64> {
    schedule.sessions.iter().map(|plan| (plan.power_w[step].as_kw() * 100.0).round() / 100.0).collect()
}

#[test]
fn who_leaves_first_is_served_first() {
    let snapshot = snapshot(12.0, &[(0, 240, 8.0), (0, 60, 8.0), (0, 120, 8.0)]);
    let schedule = earliest_departure(&snapshot);
    assert_eq!(kilowatts(&schedule, 0), [0.0, 11.04, 0.0]);
    assert!(schedule.sessions.iter().all(|plan| plan.shortfall_wh == Energy::ZERO), "{schedule:?}");
}

#[test]
fn who_has_the_least_time_to_spare_is_served_first_though_another_one_leaves_before() {
    let snapshot = snapshot(12.0, &[(0, 120, 2.0), (0, 180, 28.0)]);
    assert_eq!(kilowatts(&least_laxity(&snapshot), 0), [0.0, 11.04]);
    assert_eq!(kilowatts(&earliest_departure(&snapshot), 0), [8.0, 0.0]);
}

#[test]
fn laxity_is_looked_at_anew_in_every_step() {
    let snapshot = snapshot(12.0, &[(0, 240, 20.0), (0, 240, 20.0)]);
    let schedule = least_laxity(&snapshot);
    let first: Vec<bool> = (0..4).map(|step| kilowatts(&schedule, step)[0] > 0.0).collect();
    assert_eq!(first, [true, false, true, false]);
}

#[test]
fn everyone_has_a_turn() {
    let snapshot = snapshot(12.0, &[(0, 240, 40.0), (0, 240, 40.0), (0, 240, 40.0)]);
    let schedule = round_robin(&snapshot);
    let served = |step: usize| kilowatts(&schedule, step).iter().position(|power| *power > 0.0).unwrap();
    let turns: Vec<usize> = (0..6).map(served).collect();
    assert_eq!(turns[..3], turns[3..]);
    let mut once = turns[..3].to_vec();
    once.sort_unstable();
    assert_eq!(once, [0, 1, 2]);
}

#[test]
fn phases_limit_as_much_as_the_connection() {
    let snapshot = snapshot(100.0, &[(0, 240, 40.0), (0, 240, 40.0), (0, 240, 40.0)]);
    // 40 A: two at 16 A, and 8 A for the third.
    assert_eq!(kilowatts(&earliest_departure(&snapshot), 0), [11.04, 11.04, 5.52]);
    assert_eq!(kilowatts(&equal_share(&snapshot), 0), [9.2, 9.2, 9.2]);
}

#[test]
fn what_is_less_than_the_minimum_goes_to_nobody() {
    let snapshot = snapshot(14.0, &[(0, 240, 40.0), (0, 240, 40.0)]);
    assert_eq!(kilowatts(&earliest_departure(&snapshot), 0), [11.04, 0.0]);
}

#[test]
fn a_valley_is_filled_and_a_hill_left_alone() {
    let mut snapshot = snapshot(100.0, &[(0, 240, 11.0)]);
    let load: Vec<Power> =
        (0..16).map(|step| Power::from_kw(if (8..12).contains(&step) { 5.0 } else { 40.0 })).collect();
    snapshot.base_load.push(NodeBaseLoad {
        node: NodeId::new("site"),
        guard_w: load.clone(),
        expected_w: load,
        least_w: Vec::new(),
    });
    let schedule = valley_filling(&snapshot);
    let in_valley: f64 = (8..12).map(|step| kilowatts(&schedule, step)[0] / 4.0).sum();
    assert!((in_valley - 11.0).abs() < 0.02, "{in_valley}");
    assert_eq!(schedule.sessions[0].shortfall_wh, Energy::ZERO);
}

#[test]
fn vehicles_make_no_new_peak_in_a_valley_that_is_wide_enough() {
    let snapshot = snapshot(100.0, &[(0, 240, 16.0), (0, 240, 16.0)]);
    let schedule = valley_filling(&snapshot);
    let highest = (0..16).map(|step| kilowatts(&schedule, step).iter().sum::<f64>()).fold(0.0, f64::max);
    assert!(highest < 10.0, "{highest} kW for a mean of 8 kW");
}

#[test]
fn a_site_decides_for_now_as_a_snapshot_does_in_its_first_step() {
    let stays = [(0, 240, 30.0), (-30, 60, 9.0), (-60, 180, 1.0)];
    let evses = ["a", "b", "c"].map(NodeId::new);
    for kw in [5.0, 9.0, 14.0, 20.0, 40.0] {
        let (snapshot, places) = (snapshot(kw, &stays), Places::new(&tree(kw), &evses).unwrap());
        let present = |(evse, state): (usize, &SessionState)| Present {
            evse,
            arrival: state.arrival,
            departure: state.departure,
            needed_wh: state.needed_wh,
            wanted_wh: state.wanted_wh,
            maximum_w: state.maximum_w,
            minimum_w: state.minimum_w,
            uptake: Ratio::from_ratio(1.0),
            load_share: Ratio::from_ratio(1.0),
        };
        let present: Vec<Present> = snapshot.sessions.iter().enumerate().map(present).collect();
        for rule in [Rule::RoundRobin, Rule::EarliestDeparture, Rule::LeastLaxity] {
            let mut room = places.room(None, Power::ZERO);
            let now = Interval { start: at(0), end: at(15) };
            let powers = places.serve(rule, &mut room, &present, now);
            let planned = by_rule(&snapshot, rule);
            let planned: Vec<Power> = planned.sessions.iter().map(|plan| plan.power_w[0]).collect();
            assert_eq!(powers, planned, "{rule:?} at {kw} kW");
        }
    }
}
