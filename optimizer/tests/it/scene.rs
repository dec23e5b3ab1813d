//! Random small areas, for properties.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating, Wiring};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::preference::ProfileType;
use headroom_domain::profile::Belief;
use headroom_domain::tariff::DemandCharge;
use headroom_domain::{
    Current, Energy, EnergyPrice, Interval, LimitId, Money, NodeId, Power, Ratio, TimeGrid, Voltage,
};
use headroom_optimizer::snapshot::{NodeBaseLoad, NodeLimits, SessionState, Settings, Snapshot};
use proptest::prelude::*;

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 6, 2, 12, 0, 0).unwrap()
}

/// Twelve steps of 5 minutes, then sixteen of 15.
pub(crate) fn grid() -> TimeGrid {
    TimeGrid::widening(noon(), &[(TimeDelta::minutes(5), 12), (TimeDelta::minutes(15), 16)])
}

/// Numbers that make a session; what they mean is in [`session`].
#[derive(Debug, Clone)]
pub(crate) struct Draw {
    pub(crate) circuit: usize,
    pub(crate) wiring: usize,
    pub(crate) arrival_min: i64,
    pub(crate) stay_min: i64,
    pub(crate) needed_wh: f64,
    pub(crate) extra_wh: f64,
    pub(crate) one_phase: bool,
    pub(crate) profile_type: usize,
    pub(crate) may_pause: bool,
    pub(crate) kind: usize,
}

/// Numbers that make an area.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) capacity_kw: f64,
    pub(crate) margin_kw: f64,
    /// Import limit in kW and phase current in A of each circuit; zero means none.
    pub(crate) circuits: Vec<(f64, f64)>,
    pub(crate) limits_kw: Vec<f64>,
    pub(crate) base_kw: Vec<f64>,
    pub(crate) prices: Vec<f64>,
    pub(crate) demand_charge: Option<f64>,
    pub(crate) sessions: Vec<Draw>,
    pub(crate) past_min: i64,
}

pub(crate) fn scenes() -> impl Strategy<Value = Scene> {
    let draw = (0..3_usize, 0..6_usize, -60..120_i64, 10..400_i64, 0.0..30_000.0_f64, 0.0..10_000.0_f64).prop_flat_map(
        |(circuit, wiring, arrival_min, stay_min, needed_wh, extra_wh)| {
            (any::<bool>(), 0..4_usize, prop::bool::weighted(0.8), 0..8_usize).prop_map(
                move |(one_phase, profile_type, may_pause, kind)| Draw {
                    circuit,
                    wiring,
                    arrival_min,
                    stay_min,
                    needed_wh,
                    extra_wh,
                    one_phase,
                    profile_type,
                    may_pause,
                    kind,
                },
            )
        },
    );
    let circuit = (prop_oneof![Just(0.0), 3.0..60.0_f64], prop_oneof![Just(0.0), 10.0..80.0_f64]);
    (
        5.0..120.0_f64,
        prop_oneof![Just(0.0), 0.0..3.0_f64],
        prop::collection::vec(circuit, 0..3),
        prop::collection::vec(0.0..100.0_f64, 0..3),
        prop::collection::vec(0.0..30.0_f64, 1..4),
        prop::collection::vec(prop_oneof![Just(0.1), Just(0.2), Just(0.3), -0.05..0.4_f64], 1..4),
        prop::option::of(0.0..15.0_f64),
        prop::collection::vec(draw, 0..9),
        prop_oneof![Just(0), 0..14_i64],
    )
        .prop_map(
            |(capacity_kw, margin_kw, circuits, limits_kw, base_kw, prices, demand_charge, sessions, past_min)| Scene {
                capacity_kw,
                margin_kw,
                circuits,
                limits_kw,
                base_kw,
                prices,
                demand_charge,
                sessions,
                past_min,
            },
        )
}

fn wiring(kind: usize) -> Wiring {
    let phases = match kind {
        0 => vec![Phase::L1],
        1 => vec![Phase::L2],
        2 => vec![Phase::L3],
        3 | 4 => Phase::ALL.to_vec(),
        _ => Vec::new(),
    };
    let (voltage, current) = if phases.is_empty() { (400.0, 60.0) } else { (230.0, 32.0) };
    Wiring { phases, voltage_v: Voltage::from_v(voltage), maximum_current_a: Current::from_a(current) }
}

impl Scene {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = noon() + TimeDelta::minutes(self.past_min);
        let grid = grid();
        let steps = grid.len();
        let spread = |values: &[f64]| -> Vec<f64> { (0..steps).map(|at| values[at * values.len() / steps]).collect() };
        let base: Vec<Power> = spread(&self.base_kw).into_iter().map(Power::from_kw).collect();
        let effective = self.limits_kw.iter().enumerate().map(|(at, kw)| {
            let start = noon() + TimeDelta::minutes(70 * i64::try_from(at).unwrap());
            let basis = Basis::Limit(LimitId::new(format!("limit-{at}")));
            EffectiveInterval {
                interval: Interval { start, end: start + TimeDelta::minutes(50) },
                maximum_import_w: Some((Power::from_kw(*kw), basis)),
                maximum_export_w: None,
            }
        });
        let prices = spread(&self.prices).into_iter().map(EnergyPrice::from_per_kwh).collect();
        Snapshot {
            limits: vec![NodeLimits { node: NodeId::new("site"), effective: effective.collect() }],
            base_load: vec![NodeBaseLoad {
                node: NodeId::new("site"),
                expected_w: base.iter().map(|power| *power * 0.8).collect(),
                guard_w: base,
                least_w: Vec::new(),
            }],
            demand_charge: self.demand_charge.map(|price| DemandCharge {
                price_per_kw: Money::from_amount(price),
                peak_so_far_w: Power::from_kw(10.0),
            }),
            margin_w: Power::from_kw(self.margin_kw),
            sessions: self.sessions.iter().enumerate().map(|(at, draw)| session(at, draw)).collect(),
            // A deadline that no busy machine misses.
            settings: Settings { minimum_current_within_s: 3600, deadline_s: 600.0, ..Settings::default() },
            ..Snapshot::new(now, grid, self.tree(), prices)
        }
    }

    fn tree(&self) -> GridTree {
        let node = |id: String, kind, parent: Option<String>, rating, wiring| GridNode {
            id: NodeId::new(id),
            kind,
            parent: parent.map(NodeId::new),
            rating,
            wiring,
        };
        let capacity = Rating { maximum_import_w: Some(Power::from_kw(self.capacity_kw)), ..Rating::default() };
        let mut nodes = vec![node("site".to_owned(), NodeKind::ConnectionPoint, None, capacity, None)];
        for (at, (limit_kw, current_a)) in self.circuits.iter().enumerate() {
            let rating = Rating {
                maximum_import_w: (*limit_kw > 0.0).then(|| Power::from_kw(*limit_kw)),
                maximum_phase_current_a: (*current_a > 0.0).then(|| Current::from_a(*current_a)),
                ..Rating::default()
            };
            nodes.push(node(format!("circuit-{at}"), NodeKind::Circuit, Some("site".to_owned()), rating, None));
        }
        for (at, draw) in self.sessions.iter().enumerate() {
            let parent = if draw.circuit < self.circuits.len() {
                format!("circuit-{}", draw.circuit)
            } else {
                "site".to_owned()
            };
            let wiring = wiring(draw.wiring);
            let rating = Rating { maximum_import_w: Some(wiring.maximum_power()), ..Rating::default() };
            nodes.push(node(format!("evse-{at}"), NodeKind::Evse, Some(parent), rating, Some(wiring)));
        }
        GridTree::new(nodes).unwrap()
    }
}

fn session(at: usize, draw: &Draw) -> SessionState {
    let wiring = wiring(draw.wiring);
    let arrival = noon() + TimeDelta::minutes(draw.arrival_min);
    let types = [ProfileType::Cheap, ProfileType::Fast, ProfileType::Green, ProfileType::Regular];
    let minimum_w = wiring.power_at(Current::from_a(6.0));
    let stay = Interval { start: arrival, end: arrival + TimeDelta::minutes(draw.stay_min) };
    let (id, node) = (format!("session-{at}").into(), NodeId::new(format!("evse-{at}")));
    SessionState {
        steerable: draw.kind != 6,
        wanted_wh: Energy::from_wh(draw.needed_wh + draw.extra_wh),
        minimum_w,
        may_pause: draw.may_pause,
        uptake: Ratio::from_ratio(if draw.one_phase && draw.wiring == 3 { 1.0 / 3.0 } else { 1.0 }),
        profile_type: types[draw.profile_type],
        may_wait: draw.kind != 5,
        belief: Belief::untouched(minimum_w),
        responsive: draw.kind != 7,
        safe_rate_w: minimum_w,
        ..SessionState::new(id, node, stay, Energy::from_wh(draw.needed_wh), wiring.maximum_power())
    }
}
