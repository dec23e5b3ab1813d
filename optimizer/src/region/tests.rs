use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Rating};
use headroom_domain::preference::ProfileType;
use headroom_domain::{Energy, EnergyPrice, Interval, NodeId, Power, TimeGrid};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::outcome::node_powers;
use crate::rolling;
use crate::snapshot::{SessionState, Settings};

const STEPS: usize = 16;

fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(12)
}

/// What is drawn of a session: (first step, steps, part of its stay that it needs at full power).
type Draw = (usize, usize, f64);

/// What is drawn of a region: sessions of each area, tightness of areas, of feeders and of the whole, prices.
type RegionDraw = (Vec<Vec<Draw>>, f64, f64, f64, Vec<f64>);

fn draws(tight: std::ops::Range<f64>) -> impl Strategy<Value = RegionDraw> {
    let session = (0..STEPS - 2, 2..STEPS, 0.1..0.7_f64);
    let areas = prop::collection::vec(prop::collection::vec(session, 3..9), 2..7);
    (areas, 0.6..1.2_f64, tight.clone(), tight, prop::collection::vec(0.1..0.4_f64, STEPS))
}

fn node(id: &str, kind: NodeKind, parent: Option<&str>, kw: f64) -> GridNode {
    let rating = Rating { maximum_import_w: Some(Power::from_kw(kw)), ..Rating::default() };
    GridNode { id: NodeId::new(id), kind, parent: parent.map(NodeId::new), rating, wiring: None }
}

fn session(area: usize, at: usize, (first, steps, part): Draw) -> SessionState {
    let minutes = |step: usize| TimeDelta::minutes(15 * i64::try_from(step.min(STEPS)).unwrap());
    let stay_h = (first + steps).min(STEPS).saturating_sub(first) as f64 / 4.0;
    let (id, node) = (format!("a{area}/s{at}").into(), NodeId::new(format!("a{area}/e{at}")));
    let stay = Interval { start: noon() + minutes(first), end: noon() + minutes(first + steps) };
    let needed_wh = Energy::from_kwh(11.0 * stay_h * part);
    SessionState {
        profile_type: ProfileType::Cheap,
        ..SessionState::new(id, node, stay, needed_wh, Power::from_kw(11.0))
    }
}

fn area_nodes(area: usize, sessions: usize, parent: Option<&str>, tightness: f64) -> Vec<GridNode> {
    let root = format!("a{area}");
    let mut nodes = vec![node(&root, NodeKind::ConnectionPoint, parent, 11.0 * sessions as f64 * tightness)];
    nodes.extend((0..sessions).map(|at| node(&format!("a{area}/e{at}"), NodeKind::Evse, Some(&root), 11.0)));
    nodes
}

fn snapshot(nodes: Vec<GridNode>, sessions: Vec<SessionState>, prices: &[f64]) -> Snapshot {
    let grid = TimeGrid::uniform(noon(), TimeDelta::minutes(15), STEPS);
    let prices = prices.iter().map(|price| EnergyPrice::from_per_kwh(*price)).collect();
    let settings = Settings { deadline_s: 60.0, ..Settings::default() };
    Snapshot { sessions, settings, ..Snapshot::new(noon(), grid, GridTree::new(nodes).unwrap(), prices) }
}

/// Returns a region of two feeders under a substation, and the same as one snapshot.
fn region((areas, area_tight, feeder_tight, whole_tight, prices): &RegionDraw) -> (Region, Snapshot) {
    let installed = |feeder: usize| -> f64 {
        areas.iter().enumerate().filter(|(at, _)| at % 2 == feeder).map(|(_, area)| 11.0 * area.len() as f64).sum()
    };
    let whole_kw = (installed(0) + installed(1)) * whole_tight;
    let mut above = vec![node("substation", NodeKind::Area, None, whole_kw)];
    above.extend((0..2).map(|feeder| {
        node(&format!("f{feeder}"), NodeKind::Feeder, Some("substation"), installed(feeder) * feeder_tight)
    }));
    let (mut nodes, mut all, mut planned) = (above.clone(), Vec::new(), Vec::new());
    for (at, draws) in areas.iter().enumerate() {
        let feeder = format!("f{}", at % 2);
        let sessions: Vec<_> = draws.iter().enumerate().map(|(index, draw)| session(at, index, *draw)).collect();
        nodes.extend(area_nodes(at, sessions.len(), Some(&feeder), *area_tight));
        all.extend(sessions.clone());
        let own = snapshot(area_nodes(at, sessions.len(), None, *area_tight), sessions, prices);
        planned.push(Area { above: NodeId::new(feeder), snapshot: own });
    }
    let region = Region { tree: GridTree::new(above).unwrap(), limits: vec![], base_load: vec![], areas: planned };
    (region, snapshot(nodes, all, prices))
}

/// Returns what plans cost and miss (kWh), and the most by which they pass a limit of the whole (W).
fn judged(whole: &Snapshot, plans: &[AreaPlan]) -> (f64, f64, f64) {
    let mut joined = plans[0].schedule.clone();
    joined.sessions = plans.iter().flat_map(|plan| plan.schedule.sessions.clone()).collect();
    let loads = node_powers(whole, &joined);
    let over = whole.tree.nodes().iter().zip(&loads).map(|(node, loads)| {
        let limit = node.rating.maximum_import_w.map_or(f64::INFINITY, Power::as_w);
        loads.iter().copied().fold(0.0, f64::max) - limit
    });
    let cost = plans.iter().map(|plan| plan.schedule.cost.as_amount()).sum();
    (cost, joined.sessions.iter().map(|plan| plan.shortfall_wh.as_kwh()).sum(), over.fold(f64::MIN, f64::max))
}

/// Draws regions, the same each time.
fn regions(tight: std::ops::Range<f64>, count: usize) -> Vec<(Region, Snapshot)> {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = draws(tight);
    (0..count).map(|_| region(&strategy.new_tree(&mut runner).unwrap().current())).collect()
}

#[test]
fn a_region_keeps_every_limit_misses_no_more_than_the_whole_and_costs_within_one_percent_of_it() {
    for (region, whole) in regions(0.25..0.6, 60).iter().chain(&regions(0.4..0.9, 60)) {
        let best = rolling::step(whole);
        let short_kwh: f64 = best.sessions.iter().map(|plan| plan.shortfall_wh.as_kwh()).sum();
        let (cost, missed_kwh, over_w) = judged(whole, &plan(region).unwrap());
        assert!(over_w < 0.5, "{over_w} W over a limit");
        assert!(missed_kwh < short_kwh + 0.01, "{missed_kwh} kWh missed, the whole misses {short_kwh}");
        assert!(cost < best.cost.as_amount() * 1.01 + 1e-6, "{cost} beside {}", best.cost.as_amount());
    }
}

#[test]
fn the_same_region_gives_the_same_bytes_on_one_thread_and_on_two() {
    for (region, _) in regions(0.25..0.6, 5) {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            serde_json::to_string(&pool.install(|| plan(&region)).unwrap()).unwrap()
        };
        assert_eq!(on(1), on(2));
    }
}

#[test]
fn allotments_keep_the_limits_above_and_areas_planned_alone_under_them_miss_no_more() {
    for (mut region, _) in regions(0.25..0.6, 10) {
        for (at, area) in region.areas.iter_mut().enumerate() {
            let node = area.snapshot.tree.root().id.clone();
            let power_w = vec![Power::from_kw(1.0 + at as f64); STEPS];
            area.snapshot.base_load =
                vec![NodeBaseLoad { node, guard_w: power_w.clone(), expected_w: power_w, least_w: vec![] }];
            area.snapshot.margin_w = Power::from_w(500.0);
        }
        let plans = plan(&region).unwrap();
        for step in 0..STEPS {
            let allotted: f64 = plans.iter().map(|plan| plan.allotment_w[step].unwrap().as_w()).sum();
            let limit = region.tree.root().rating.maximum_import_w.unwrap().as_w();
            let fixed = |area: &Area| (area.snapshot.base_load[0].guard_w[step] + area.snapshot.margin_w).as_w();
            assert!(allotted <= limit.max(region.areas.iter().map(fixed).sum()) + 1e-6);
        }
        for (area, planned) in region.areas.iter().zip(&plans) {
            let alone = rolling::step(&under_allotment(&area.snapshot, &planned.allotment_w));
            let short =
                |schedule: &Schedule| -> f64 { schedule.sessions.iter().map(|plan| plan.shortfall_wh.as_wh()).sum() };
            assert!(short(&alone) <= short(&planned.schedule) + 1.0);
            assert!(alone.breaches.is_empty());
        }
    }
}

#[test]
fn areas_alike_miss_alike_where_not_all_needs_fit() {
    let area = vec![(0, STEPS, 0.6); 5];
    let (region, whole) = region(&(vec![area.clone(), area], 1.0, 0.9, 0.3, vec![0.2; STEPS]));
    let plans = plan(&region).unwrap();
    let short: Vec<f64> =
        plans.iter().map(|plan| plan.schedule.sessions.iter().map(|plan| plan.shortfall_wh.as_kwh()).sum()).collect();
    let whole_short: f64 = rolling::step(&whole).sessions.iter().map(|plan| plan.shortfall_wh.as_kwh()).sum();
    assert!(whole_short > 1.0 && (short[0] + short[1] - whole_short).abs() < 0.01, "{short:?}, {whole_short}");
    assert!((short[0] - short[1]).abs() < 0.01 * whole_short, "{short:?}");
}

#[test]
fn a_region_reads_back_what_it_wrote_and_names_what_it_cannot_plan() {
    let (region, _) = region(&(vec![vec![(0, 8, 0.5); 3]; 2], 1.0, 0.5, 0.5, vec![0.2; STEPS]));
    let text = serde_json::to_string(&region).unwrap();
    assert!(serde_json::from_str::<Region>(&text).unwrap() == region);
    let mut lost = region.clone();
    lost.areas[1].above = NodeId::new("nowhere");
    assert!(plan(&lost).unwrap_err().to_string().starts_with("`areas[1].above` names `nowhere`"));
    let mut late = region.clone();
    late.areas[1].snapshot.now += TimeDelta::minutes(1);
    assert_eq!(plan(&late).unwrap_err(), RegionError::Time { area: 1 });
    let empty = Region { areas: vec![], ..region };
    assert_eq!(plan(&empty), Ok(vec![]));
}
