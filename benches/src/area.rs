//! Synthetic areas: a site with circuits, limits at every level, a price by time of use and a demand charge.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating, TreeError, Wiring};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::preference::ProfileType;
use headroom_domain::profile::Belief;
use headroom_domain::tariff::DemandCharge;
use headroom_domain::{Current, Energy, EnergyPrice, Interval, Money, NodeId, Power, Ratio, TimeGrid, Voltage};
use headroom_optimizer::snapshot::{NodeBaseLoad, NodeLimits, SessionState, Settings, Snapshot};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Steps of a quarter of an hour: a day.
pub const STEPS: usize = 96;
/// EVSEs that share a circuit.
const PER_CIRCUIT: usize = 10;

/// Makes an area with so many sessions over a day; the same seed gives the same area.
///
/// **Errors**: none for any seed; the tree is checked all the same.
pub fn synthetic(sessions: usize, seed: u64) -> Result<Snapshot, TreeError> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_240);
    let grid = TimeGrid::uniform(now, TimeDelta::minutes(15), STEPS);
    let states: Vec<_> = (0..sessions).map(|at| session(&mut chance, now, at)).collect();
    let installed = |states: &[SessionState]| states.iter().map(|state| state.maximum_w).sum::<Power>();
    let capacity = installed(&states) * 0.35;
    let mut nodes = vec![node("site".to_owned(), NodeKind::ConnectionPoint, None, Some(capacity))];
    for (circuit, states) in states.chunks(PER_CIRCUIT).enumerate() {
        let id = format!("site/circuit-{circuit}");
        nodes.push(node(id.clone(), NodeKind::Circuit, Some("site"), Some(installed(states) * 0.5)));
        for state in states {
            let evse = node(state.node.to_string(), NodeKind::Evse, Some(&id), Some(state.maximum_w));
            nodes.push(GridNode { wiring: Some(wiring()), ..evse });
        }
    }
    let base: Vec<Power> = (0..STEPS).map(|_| capacity * chance.random_range(0.1..0.3)).collect();
    let low = Interval { start: now + TimeDelta::hours(5), end: now + TimeDelta::hours(8) };
    let limit = Some((capacity * 0.6, Basis::Limit("utility/1".into())));
    Ok(Snapshot {
        now,
        tree: GridTree::new(nodes)?,
        limits: vec![NodeLimits {
            node: NodeId::new("site"),
            effective: vec![EffectiveInterval { interval: low, maximum_import_w: limit, maximum_export_w: None }],
        }],
        base_load: vec![NodeBaseLoad {
            node: NodeId::new("site"),
            guard_w: base.clone(),
            expected_w: base,
            least_w: Vec::new(),
        }],
        prices: (0..STEPS).map(|step| price(&mut chance, step)).collect(),
        export_prices: Vec::new(),
        carbon: Vec::new(),
        batteries: Vec::new(),
        generation: Vec::new(),
        lines: Vec::new(),
        reserves: Vec::new(),
        demand_charge: Some(DemandCharge { price_per_kw: Money::from_amount(4.0), peak_so_far_w: capacity * 0.4 }),
        margin_w: Power::ZERO,
        sessions: states,
        settings: Settings { deadline_s: 120.0, ..Settings::default() },
        grid,
    })
}

/// Returns a price by time of use, with an hour's own noise.
fn price(chance: &mut ChaCha8Rng, step: usize) -> EnergyPrice {
    let usual = if (28..44).contains(&step) || (68..84).contains(&step) { 0.35 } else { 0.20 };
    EnergyPrice::from_per_kwh(usual + chance.random_range(-0.02..0.02))
}

fn session(chance: &mut ChaCha8Rng, now: DateTime<Utc>, at: usize) -> SessionState {
    let wiring = wiring();
    let arrival = now + TimeDelta::minutes(chance.random_range(-120..720));
    let stay_h = chance.random_range(2.0..10.0_f64);
    #[expect(clippy::cast_possible_truncation, reason = "a few hundred minutes")]
    let departure = arrival.max(now) + TimeDelta::minutes((stay_h * 60.0) as i64);
    let most_wh = wiring.maximum_power().as_w() * stay_h;
    let needed_wh = Energy::from_wh(chance.random_range(4_000.0..40_000.0_f64).min(most_wh * 0.8));
    let types = [ProfileType::Regular, ProfileType::Regular, ProfileType::Cheap, ProfileType::Fast];
    let minimum_w = wiring.power_at(Current::from_a(6.0));
    SessionState {
        id: format!("session-{at:04}").into(),
        node: NodeId::new(format!("site/evse-{at:04}")),
        steerable: true,
        arrival,
        departure,
        needed_wh,
        wanted_wh: needed_wh,
        maximum_w: wiring.maximum_power(),
        minimum_w,
        power_levels_w: Vec::new(),
        vehicle: None,
        discharge: None,
        may_pause: true,
        uptake: Ratio::from_ratio(1.0),
        load_share: Ratio::from_ratio(1.0),
        priority: 1.0,
        may_wait: true,
        profile_type: types[at % types.len()],
        power_now_w: None,
        belief: Belief::untouched(minimum_w),
        responsive: true,
        safe_rate_w: minimum_w,
    }
}

fn wiring() -> Wiring {
    Wiring { phases: Phase::ALL.to_vec(), voltage_v: Voltage::from_v(230.0), maximum_current_a: Current::from_a(16.0) }
}

fn node(id: String, kind: NodeKind, parent: Option<&str>, limit: Option<Power>) -> GridNode {
    let rating = Rating { maximum_import_w: limit, ..Rating::default() };
    GridNode { id: NodeId::new(id), kind, parent: parent.map(NodeId::from), rating, wiring: None }
}
