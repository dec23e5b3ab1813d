//! Synthetic areas, the same for the same seed: limits at every level and a price by time of use.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating, TreeError, Wiring};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::preference::ProfileType;
use headroom_domain::profile::Belief;
use headroom_domain::tariff::DemandCharge;
use headroom_domain::{Current, Energy, EnergyPrice, Interval, Money, NodeId, Power, TimeGrid, Voltage};
use headroom_optimizer::region::{Area, Region};
use headroom_optimizer::snapshot::{NodeBaseLoad, NodeLimits, SessionState, Settings, Snapshot};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Steps of a quarter of an hour: a day.
pub const STEPS: usize = 96;
/// EVSEs that share a circuit.
const PER_CIRCUIT: usize = 10;
/// Feeders that share a substation.
const PER_SUBSTATION: usize = 10;

/// Makes a site with so many sessions over a day, limits at site, circuit and EVSE, and a demand charge.
///
/// Nobody is in a hurry, so that money is the one goal beside the needs, also for those who know no other.
///
/// **Errors**: none for any seed; the tree is checked all the same.
pub fn synthetic(sessions: usize, seed: u64) -> Result<Snapshot, TreeError> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let states: Vec<_> = (0..sessions).map(|at| session(&mut chance, "site", at)).collect();
    let capacity = installed(&states) * 0.35;
    let mut nodes = vec![node("site".to_owned(), NodeKind::ConnectionPoint, None, Some(capacity))];
    for (circuit, states) in states.chunks(PER_CIRCUIT).enumerate() {
        let id = format!("site/circuit-{circuit}");
        nodes.push(node(id.clone(), NodeKind::Circuit, Some("site"), Some(installed(states) * 0.5)));
        nodes.extend(states.iter().map(|state| evse(state, &id)));
    }
    let base: Vec<Power> = (0..STEPS).map(|_| capacity * chance.random_range(0.1..0.3)).collect();
    let low = Interval { start: start() + TimeDelta::hours(5), end: start() + TimeDelta::hours(8) };
    let limit = Some((capacity * 0.6, Basis::Limit("utility/1".into())));
    let prices = (0..STEPS).map(|step| price(&mut chance, step)).collect();
    let site = NodeId::new("site");
    Ok(Snapshot {
        limits: vec![NodeLimits {
            node: site.clone(),
            effective: vec![EffectiveInterval { interval: low, maximum_import_w: limit, maximum_export_w: None }],
        }],
        base_load: vec![NodeBaseLoad { node: site, guard_w: base.clone(), expected_w: base, least_w: Vec::new() }],
        demand_charge: Some(DemandCharge { price_per_kw: Money::from_amount(4.0), peak_so_far_w: capacity * 0.4 }),
        ..snapshot(nodes, states, prices)?
    })
}

/// Makes the same site with half of its EVSEs on one phase and circuits whose phases have a rating: what a phase carries
/// counts beside what all do.
///
/// **Errors**: none for any seed; the tree is checked all the same.
pub fn phased(sessions: usize, seed: u64) -> Result<Snapshot, TreeError> {
    let mut site = synthetic(sessions, seed)?;
    let mut nodes = site.tree.nodes().to_vec();
    for node in nodes.iter_mut().filter(|node| node.kind == NodeKind::Circuit) {
        let most = node.rating.maximum_import_w.unwrap_or_default();
        // A little less than a third each: phases fill unevenly.
        node.rating.maximum_phase_current_a = Some(Current::from_a(most.as_w() * 0.3 / 230.0));
    }
    for (at, state) in site.sessions.iter_mut().enumerate().filter(|(at, _)| at % 2 == 0) {
        let wiring = Wiring { phases: vec![Phase::ALL[at / 2 % 3]], ..wiring() };
        state.maximum_w = wiring.maximum_power();
        state.minimum_w = wiring.power_at(Current::from_a(6.0));
        state.needed_wh = state.needed_wh * (1.0 / 3.0);
        state.wanted_wh = state.needed_wh;
        (state.safe_rate_w, state.belief) = (state.minimum_w, Belief::untouched(state.minimum_w));
        if let Some(evse) = nodes.iter_mut().find(|node| node.id == state.node) {
            evse.rating.maximum_import_w = Some(state.maximum_w);
            evse.wiring = Some(wiring);
        }
    }
    site.tree = GridTree::new(nodes)?;
    Ok(site)
}

/// Makes a feeder of many small sites, each with its own limit and base load, and none with a demand charge.
///
/// **Errors**: none for any seed; the tree is checked all the same.
pub fn feeder(sites: usize, per_site: usize, seed: u64) -> Result<Snapshot, TreeError> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let prices = (0..STEPS).map(|step| price(&mut chance, step)).collect();
    let mut nodes = Vec::new();
    let (mut states, mut base_load, mut sum) = (Vec::new(), Vec::new(), Power::ZERO);
    for site in 0..sites {
        let id = format!("site-{site:03}");
        let own: Vec<_> = (0..per_site).map(|at| session(&mut chance, &id, at)).collect();
        let capacity = installed(&own) * 0.4;
        sum += capacity;
        nodes.push(node(id.clone(), NodeKind::ConnectionPoint, Some("feeder"), Some(capacity)));
        nodes.extend(own.iter().map(|state| evse(state, &id)));
        states.extend(own);
        let base: Vec<Power> = (0..STEPS).map(|_| capacity * chance.random_range(0.1..0.3)).collect();
        base_load.push(NodeBaseLoad {
            node: NodeId::new(id),
            guard_w: base.clone(),
            expected_w: base,
            least_w: Vec::new(),
        });
    }
    nodes.push(node("feeder".to_owned(), NodeKind::Feeder, None, Some(sum * 0.6)));
    Ok(Snapshot { base_load, ..snapshot(nodes, states, prices)? })
}

/// Makes a region: substations of ten feeders, each feeder an area, and limits that bind at both.
///
/// **Errors**: none for any seed; the trees are checked all the same.
pub fn region(feeders: usize, sites: usize, per_site: usize, seed: u64) -> Result<Region, TreeError> {
    let mut nodes = vec![node("region".to_owned(), NodeKind::Area, None, None)];
    let mut areas = Vec::new();
    // The price is the region's.
    let prices = feeder(1, 1, seed)?.prices;
    for (substation, first) in (0..feeders).step_by(PER_SUBSTATION).enumerate() {
        let id = format!("substation-{substation}");
        let mut sum = Power::ZERO;
        for at in first..feeders.min(first + PER_SUBSTATION) {
            let snapshot = Snapshot { prices: prices.clone(), ..feeder(sites, per_site, seed + at as u64)? };
            sum += snapshot.tree.root().rating.maximum_import_w.unwrap_or_default();
            areas.push(Area { above: NodeId::new(id.clone()), snapshot });
        }
        nodes.push(node(id, NodeKind::Area, Some("region"), Some(sum * 0.8)));
    }
    Ok(Region { tree: GridTree::new(nodes)?, limits: Vec::new(), base_load: Vec::new(), areas })
}

/// Makes the same region with every site an area, and the feeders among the places above.
///
/// **Errors**: none; the trees are checked all the same.
pub fn by_site(region: &Region) -> Result<Region, TreeError> {
    let mut nodes = region.tree.nodes().to_vec();
    let mut areas = Vec::new();
    for (at, area) in region.areas.iter().enumerate() {
        let (whole, feeder) = (&area.snapshot, format!("feeder-{at}"));
        let rated = whole.tree.root().rating.maximum_import_w;
        nodes.push(node(feeder.clone(), NodeKind::Feeder, Some(area.above.as_str()), rated));
        let sites = whole.tree.nodes().iter().filter(|node| node.kind == NodeKind::ConnectionPoint);
        for (site, base) in sites.zip(&whole.base_load) {
            let own = |node: &&GridNode| node.parent.as_ref() == Some(&site.id);
            let mut tree = vec![GridNode { parent: None, ..site.clone() }];
            tree.extend(whole.tree.nodes().iter().filter(own).cloned());
            let here = |state: &&SessionState| tree[1..].iter().any(|node| node.id == state.node);
            let sessions = whole.sessions.iter().filter(here).cloned().collect();
            let snapshot = Snapshot {
                base_load: vec![base.clone()],
                settings: whole.settings,
                ..snapshot(tree, sessions, whole.prices.clone())?
            };
            areas.push(Area { above: NodeId::new(feeder.clone()), snapshot });
        }
    }
    Ok(Region { tree: GridTree::new(nodes)?, limits: Vec::new(), base_load: Vec::new(), areas })
}

/// Returns the start of every area's day.
fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_240)
}

/// Makes a snapshot with no limits beside the ratings, no base load and no demand charge.
fn snapshot(
    nodes: Vec<GridNode>,
    sessions: Vec<SessionState>,
    prices: Vec<EnergyPrice>,
) -> Result<Snapshot, TreeError> {
    let grid = TimeGrid::uniform(start(), TimeDelta::minutes(15), STEPS);
    let settings = Settings { deadline_s: 600.0, ..Settings::default() };
    Ok(Snapshot { sessions, settings, ..Snapshot::new(start(), grid, GridTree::new(nodes)?, prices) })
}

fn installed(states: &[SessionState]) -> Power {
    states.iter().map(|state| state.maximum_w).sum()
}

/// Returns a price by time of use, with an hour's own noise.
fn price(chance: &mut ChaCha8Rng, step: usize) -> EnergyPrice {
    let usual = if (28..44).contains(&step) || (68..84).contains(&step) { 0.35 } else { 0.20 };
    EnergyPrice::from_per_kwh(usual + chance.random_range(-0.02..0.02))
}

fn session(chance: &mut ChaCha8Rng, site: &str, at: usize) -> SessionState {
    let (wiring, now) = (wiring(), start());
    let arrival = now + TimeDelta::minutes(chance.random_range(-120..720));
    let stay_h = chance.random_range(2.0..10.0_f64);
    #[expect(clippy::cast_possible_truncation, reason = "a few hundred minutes")]
    let departure = arrival.max(now) + TimeDelta::minutes((stay_h * 60.0) as i64);
    let most_wh = wiring.maximum_power().as_w() * stay_h;
    let needed_wh = Energy::from_wh(chance.random_range(4_000.0..40_000.0_f64).min(most_wh * 0.8));
    let types = [ProfileType::Regular, ProfileType::Regular, ProfileType::Cheap, ProfileType::Green];
    let minimum_w = wiring.power_at(Current::from_a(6.0));
    let (id, node) = (format!("{site}/session-{at:04}").into(), NodeId::new(format!("{site}/evse-{at:04}")));
    let stay = Interval { start: arrival, end: departure };
    SessionState {
        minimum_w,
        profile_type: types[at % types.len()],
        belief: Belief::untouched(minimum_w),
        safe_rate_w: minimum_w,
        ..SessionState::new(id, node, stay, needed_wh, wiring.maximum_power())
    }
}

fn evse(state: &SessionState, parent: &str) -> GridNode {
    let node = node(state.node.to_string(), NodeKind::Evse, Some(parent), Some(state.maximum_w));
    GridNode { wiring: Some(wiring()), ..node }
}

fn wiring() -> Wiring {
    Wiring { phases: Phase::ALL.to_vec(), voltage_v: Voltage::from_v(230.0), maximum_current_a: Current::from_a(16.0) }
}

fn node(id: String, kind: NodeKind, parent: Option<&str>, limit: Option<Power>) -> GridNode {
    let rating = Rating { maximum_import_w: limit, ..Rating::default() };
    GridNode { id: NodeId::new(id), kind, parent: parent.map(NodeId::from), rating, wiring: None }
}
