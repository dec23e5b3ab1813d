use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating, Wiring};
use headroom_domain::preference::ProfileType;
use headroom_domain::profile::{Belief, ChargingProfile, ProfilePeriod};
use headroom_domain::{Current, Energy, EnergyPrice, NodeId, Power, Ratio, TimeGrid, Voltage};
use proptest::prelude::*;

use super::*;
use crate::fallback;
use crate::snapshot::{SessionState, Settings, Snapshot};
use crate::stages::{self, cost, preference};

const STEPS: i64 = 12;

fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(12)
}

/// What is drawn at random of a session: (circuit, first step, steps, need, extra, profile type, in force).
type Draw = (usize, i64, i64, f64, f64, usize, Option<(f64, i64)>);

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let in_force = prop::option::of((0.0..11.0_f64, 1..STEPS));
    let draw =
        (0..3_usize, 0..STEPS - 1, 1..STEPS, 0.0..20.0_f64, prop::sample::select(vec![0.0, 3.0]), 0..4_usize, in_force);
    prop::collection::vec(draw, 1..14)
}

fn node(id: &str, kind: NodeKind, parent: Option<&str>, kw: Option<f64>, wiring: Option<Wiring>) -> GridNode {
    let rating = Rating { maximum_import_w: kw.map(Power::from_kw), ..Rating::default() };
    GridNode { id: NodeId::new(id), kind, parent: parent.map(NodeId::new), rating, wiring }
}

fn snapshot(draws: &[Draw], site_kw: f64, circuit_kw: f64, prices: &[f64]) -> Snapshot {
    let wiring = Wiring {
        phases: Phase::ALL.to_vec(),
        voltage_v: Voltage::from_v(230.0),
        maximum_current_a: Current::from_a(16.0),
    };
    let mut nodes = vec![node("site", NodeKind::ConnectionPoint, None, Some(site_kw), None)];
    nodes.extend((0..3).map(|at| node(&format!("c{at}"), NodeKind::Circuit, Some("site"), Some(circuit_kw), None)));
    let types = [ProfileType::Cheap, ProfileType::Fast, ProfileType::Green, ProfileType::Regular];
    let mut sessions = Vec::new();
    for (at, (circuit, first, steps, need, extra, kind, in_force)) in draws.iter().enumerate() {
        let evse = format!("e{at}");
        nodes.push(node(&evse, NodeKind::Evse, Some(&format!("c{circuit}")), Some(11.04), Some(wiring.clone())));
        let arrival = noon() + TimeDelta::minutes(15 * first);
        let departure = noon() + TimeDelta::minutes(15 * (first + steps).min(STEPS));
        let acknowledged = in_force.and_then(|(kw, until)| {
            let period = |minutes, kw| ProfilePeriod {
                start: noon() + TimeDelta::minutes(minutes),
                limit_w: Power::from_kw(kw),
            };
            ChargingProfile::new(vec![period(-5, kw), period(15 * until, 0.0)]).ok()
        });
        sessions.push(SessionState {
            id: format!("s{at}").into(),
            node: NodeId::new(evse),
            steerable: true,
            arrival,
            departure,
            needed_wh: Energy::from_kwh(*need),
            wanted_wh: Energy::from_kwh(need + extra),
            maximum_w: Power::from_w(11_040.0),
            minimum_w: Power::ZERO,
            may_pause: true,
            uptake: Ratio::from_ratio(1.0),
            load_share: Ratio::from_ratio(1.0),
            priority: 1.0,
            profile_type: types[*kind],
            may_wait: true,
            power_now_w: None,
            belief: Belief { acknowledged, ..Belief::untouched(Power::ZERO) },
            responsive: true,
            safe_rate_w: Power::ZERO,
        });
    }
    Snapshot {
        now: noon(),
        grid: TimeGrid::uniform(noon(), TimeDelta::minutes(15), 12),
        tree: GridTree::new(nodes).unwrap(),
        limits: Vec::new(),
        base_load: Vec::new(),
        prices: prices.iter().map(|price| EnergyPrice::from_per_kwh(*price)).collect(),
        demand_charge: None,
        margin_w: Power::ZERO,
        sessions,
        settings: Settings::default(),
    }
}

/// Returns what a plan costs in the third goal and in the fourth.
fn cost_of(problem: &Problem<'_>, powers: &Powers) -> (f64, f64) {
    let (mut money, mut liking) = (0.0, 0.0);
    for (session, taste) in preference::tastes(problem) {
        let stay = &problem.stays[session];
        for step in stay.steps.clone() {
            let (kw, hours) = (powers[session][step] / 1000.0, problem.hours(step));
            money += cost::price(problem, session, step) * kw * hours;
            let Some(taste) = taste(step) else { continue };
            liking += taste.late * kw * hours;
            let (q, change, stop) = taste.in_force.unwrap_or_default();
            liking += hours * (change * (kw - q).abs() + stop * (q - kw).max(0.0));
        }
        let extra = (problem.energy(session, &powers[session]) - stay.needed_wh).max(0.0) / 1000.0;
        money -= cost::value(problem, session).unwrap_or(0.0) * extra;
    }
    (money, liking)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flow_is_as_good_as_the_programmes(
        draws in draws(),
        (site_kw, circuit_kw) in (5.0..120.0_f64, 5.0..60.0_f64),
        prices in prop::collection::vec(prop::sample::select(vec![0.1, 0.2, 0.3, 0.21]), 12),
    ) {
        let snapshot = snapshot(&draws, site_kw, circuit_kw, &prices);
        snapshot.check().unwrap();
        let problem = Problem::new(&snapshot);
        let fits = crate::rolling::meets_all_needs(&problem, &fallback::greedy(&problem));
        prop_assume!(fits);
        let flow = plan(&problem, None).expect("it is a pure flow").powers;
        let programmes = stages::by_programmes(&problem, true).unwrap().powers;
        let ((money, liking), (theirs, their_liking)) = (cost_of(&problem, &flow), cost_of(&problem, &programmes));
        // The programmes leave a hair of each need and of what is worth just its price; a flow does not.
        let hair = 1e-6 * (theirs.abs() + draws.len() as f64);
        prop_assert!((money - theirs).abs() <= hair, "{money} {theirs}");
        let as_liked = liking <= their_liking + 1e-4 * their_liking.abs().max(1.0);
        prop_assert!(as_liked || money < theirs - 1e-7, "{liking} {their_liking}");
    }
}

#[test]
fn what_is_no_flow_is_left_to_the_programmes() {
    let draw: Draw = (0, 0, 8, 5.0, 0.0, 0, None);
    let snapshot = snapshot(&[draw, draw], 20.0, 20.0, &[0.2; 12]);
    assert!(plan(&Problem::new(&snapshot), None).is_some());
    let mut cut = snapshot.clone();
    cut.sessions[0].departure -= TimeDelta::minutes(7);
    assert!(plan(&Problem::new(&cut), None).is_none());
    let mut shared = snapshot;
    shared.sessions[0].load_share = Ratio::from_ratio(0.35);
    assert!(plan(&Problem::new(&shared), None).is_none());
}

#[test]
fn numbers_too_large_to_be_added_up_are_left_to_the_programmes() {
    let draw: Draw = (0, 0, 8, 5.0, 0.0, 0, None);
    for price in [1e12, -1e12, 1e300] {
        let mut prices = [0.2; 12];
        prices[3] = price;
        let snapshot = snapshot(&[draw, draw], 20.0, 20.0, &prices);
        assert!(plan(&Problem::new(&snapshot), None).is_none(), "{price}");
        assert_eq!(crate::rolling::step(&snapshot).sessions.len(), 2);
    }
    let mut large = snapshot(&[draw, draw], 1e9, 1e9, &[0.2; 12]);
    for session in &mut large.sessions {
        (session.maximum_w, session.needed_wh) = (Power::from_w(1e12), Energy::from_wh(1e12));
        session.wanted_wh = session.needed_wh;
    }
    assert_eq!(crate::rolling::step(&large).sessions.len(), 2);
}
