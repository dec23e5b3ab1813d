//! Stations behind slow, lossy links: whatever happens to the messages, what could be drawn stays under every limit.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::forecast::{Forecast, Quantity};
use headroom_domain::grid::Phase;
use headroom_domain::invariants::{NodeLoad, import_limit_at, steered_excess};
use headroom_domain::limit::{GridLimit, LimitBook, LimitInterval, LimitKind, Terms};
use headroom_domain::profile::{Belief, ChargingProfile};
use headroom_domain::schedule::Schedule;
use headroom_domain::session::Appetite;
use headroom_domain::site::{Circuit, DriverDefaults, SafeMode, Site, SiteEvse};
use headroom_domain::{Energy, Interval, NodeId, Power, Ratio, TimeGrid};
use headroom_optimizer::assemble::{Observation, ObservedSession, assemble, planning_grid};
use headroom_optimizer::dispatch::{Dispatch, Order, dispatch};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::{Settings, Snapshot};
use headroom_optimizer::strategies::greedy;
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::scene::noon;

/// What can happen. Numbers choose among what is there.
#[derive(Debug, Clone)]
enum Event {
    Wait { minutes: i64 },
    Arrive { evse: usize },
    Leave { evse: usize },
    Limit { in_min: i64, for_min: i64, share: f64 },
    Withdraw,
    Answer { which: usize, fate: Fate },
    Recover { evse: usize },
    Plan { rule: Rule },
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Accepted,
    Refused,
    Lost,
    ObeyedInSilence,
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    Solver,
    Greedy,
    /// A schedule without sense: safety must not rest on the plan.
    Nonsense(u64),
}

struct World {
    now: DateTime<Utc>,
    site: Site,
    book: LimitBook,
    revision: i64,
    base_w: Power,
    arrivals: usize,
    sessions: Vec<ObservedSession>,
    /// What each station really obeys; nothing is its default.
    in_force: BTreeMap<String, ChargingProfile>,
}

/// How a site is made: EVSEs as (circuit, wiring), and what is free beside all station defaults.
#[derive(Debug, Clone)]
struct Plan {
    evses: Vec<(usize, usize)>,
    spare_kw: f64,
    circuit_spare_kw: f64,
    phase_spare_a: f64,
    base_kw: f64,
    safe_rate_a: f64,
}

const DEFAULT_A: f64 = 6.0;

impl World {
    fn new(plan: &Plan) -> Self {
        let phases = [vec![Phase::L1], vec![Phase::L2], Phase::ALL.to_vec()];
        let evses: Vec<SiteEvse> = plan
            .evses
            .iter()
            .enumerate()
            .map(|(at, (circuit, wiring))| SiteEvse {
                uid: format!("E{at}"),
                circuit: (*circuit < 2).then(|| format!("c{circuit}")),
                phases: phases[*wiring].clone(),
                voltage_v: 230.0,
                maximum_current_a: 32.0,
            })
            .collect();
        let default_kw = |evse: &SiteEvse| DEFAULT_A * 230.0 * evse.phases.len() as f64 / 1000.0;
        let circuit = |name: &str, current: bool| {
            let below = || evses.iter().filter(|evse| evse.circuit.as_deref() == Some(name));
            Circuit {
                id: name.to_owned(),
                parent: None,
                import_limit_kw: (!current).then(|| below().map(default_kw).sum::<f64>() + plan.circuit_spare_kw),
                phase_current_a: current.then(|| below().count() as f64 * DEFAULT_A + plan.phase_spare_a),
            }
        };
        let site = Site {
            id: "site".to_owned(),
            name: "Site".to_owned(),
            time_zone: chrono_tz::Europe::Amsterdam,
            import_capacity_kw: evses.iter().map(default_kw).sum::<f64>() + plan.base_kw + plan.spare_kw + 1.0,
            base_load_kw: plan.base_kw,
            margin_kw: 1.0,
            base_load_guard: 0.98,
            safe_mode: SafeMode {
                import_limit_kw: 1000.0,
                rate_a: plan.safe_rate_a,
                station_default_a: DEFAULT_A,
                tail_after_min: 60,
            },
            defaults: DriverDefaults { energy_kwh: 20.0, stay_h: 4.0, left_to_newcomers: 0.1, leave_early: 0.2 },
            energy_price: None,
            demand_charge_per_kw: None,
            circuits: vec![circuit("c0", false), circuit("c1", true)],
            evses,
        };
        let mut book = LimitBook::new();
        book.set_capacity(site.node(), Some(Power::from_kw(site.import_capacity_kw)), None);
        let base_w = Power::from_kw(plan.base_kw);
        Self { now: noon(), site, book, revision: 0, base_w, arrivals: 0, sessions: vec![], in_force: BTreeMap::new() }
    }

    fn snapshot(&self) -> Snapshot {
        let window = Interval::new(self.now, self.now + TimeDelta::hours(30)).unwrap();
        let effective = self.book.effective(&self.site.node(), window);
        let grid = planning_grid(self.now);
        let values = vec![self.base_w; grid.len()];
        let quantiles = vec![(Ratio::from_ratio(0.5), values.clone()), (Ratio::from_ratio(0.98), values)];
        let base_load =
            Forecast { quantity: Quantity::BaseLoad, node: self.site.node(), issued_at: self.now, grid, quantiles };
        let observation = Observation {
            now: self.now,
            site: &self.site,
            tree: &self.site.tree().unwrap(),
            effective: &effective,
            base_load: &base_load,
            tariff: &[],
            peak_so_far: Power::ZERO,
            sessions: &self.sessions,
            settings: Settings::default(),
        };
        assemble(&observation).unwrap()
    }

    fn at_evse(&self, evse: usize) -> Option<usize> {
        let uid = format!("E{}", evse % self.site.evses.len());
        self.sessions.iter().position(|session| session.evse_uid == uid)
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Wait { minutes } => self.now += TimeDelta::minutes(*minutes),
            Event::Arrive { evse } => self.arrive(*evse % self.site.evses.len()),
            Event::Leave { evse } => {
                if let Some(at) = self.at_evse(*evse) {
                    let gone = self.sessions.remove(at);
                    self.in_force.remove(gone.id.as_str());
                }
            }
            Event::Limit { in_min, for_min, share } => self.limit(*in_min, *for_min, *share),
            Event::Withdraw => {
                self.book = LimitBook::new();
                self.book.set_capacity(self.site.node(), Some(Power::from_kw(self.site.import_capacity_kw)), None);
            }
            Event::Answer { which, fate } => self.answer(*which, *fate),
            Event::Recover { evse } => {
                if let Some(at) = self.at_evse(*evse) {
                    self.sessions[at].responsive = true;
                }
            }
            Event::Plan { rule } => {
                self.plan(*rule);
            }
        }
    }

    fn arrive(&mut self, evse: usize) {
        if self.at_evse(evse).is_some() {
            return;
        }
        self.arrivals += 1;
        let fallback = self.site.station_default(&self.site.evses[evse]).unwrap();
        self.sessions.push(ObservedSession {
            id: format!("s{}", self.arrivals).into(),
            evse_uid: format!("E{evse}"),
            takes_profiles: true,
            started_at: self.now,
            energy_wh: Energy::ZERO,
            power_w: None,
            preference: None,
            belief: Belief::untouched(fallback),
            responsive: true,
            uptake: Ratio::from_ratio(1.0),
            load_share: Ratio::from_ratio(1.0),
            useful_w: None,
            appetite: Appetite::Usual,
        });
    }

    fn limit(&mut self, in_min: i64, for_min: i64, share: f64) {
        self.revision += 1;
        let start = self.now + TimeDelta::minutes(in_min);
        self.book.enter(GridLimit {
            id: format!("limit-{}", self.revision).into(),
            utility: "dso".to_owned(),
            target: self.site.node().into(),
            programme: "flex".to_owned(),
            kind: LimitKind::Scheduled,
            revision: self.revision,
            intervals: vec![LimitInterval {
                interval: Interval::new(start, start + TimeDelta::minutes(for_min)).unwrap(),
                maximum_import_w: Some(Power::from_kw(self.site.import_capacity_kw * share)),
                maximum_export_w: None,
            }],
            reason: String::new(),
            terms: Terms::default(),
            accepted_at: self.now,
            cancelled_at: None,
        });
    }

    fn answer(&mut self, which: usize, fate: Fate) {
        let waiting: usize = self.sessions.iter().map(|session| session.belief.in_flight.len()).sum();
        if waiting == 0 {
            return;
        }
        let mut which = which % waiting;
        let session = self.sessions.iter_mut().find(|session| {
            let here = which < session.belief.in_flight.len();
            which -= if here { 0 } else { session.belief.in_flight.len() };
            here
        });
        let session = session.unwrap();
        let profile = session.belief.in_flight[which].clone();
        // What a station obeys it does not refuse.
        let obeyed = self.in_force.get(session.id.as_str()) == Some(&profile);
        let fate = if obeyed && matches!(fate, Fate::Refused) { Fate::Accepted } else { fate };
        session.responsive = matches!(fate, Fate::Accepted);
        match fate {
            Fate::Accepted => {
                session.belief.in_flight.remove(which);
                session.belief.acknowledged = Some(profile.clone());
                self.in_force.insert(session.id.to_string(), profile);
            }
            Fate::Refused => {
                session.belief.in_flight.remove(which);
            }
            Fate::Lost => {}
            Fate::ObeyedInSilence => {
                self.in_force.insert(session.id.to_string(), profile);
            }
        }
    }

    /// Plans, sends, and checks that no order lets more be drawn than limits or what was already given allow.
    fn plan(&mut self, rule: Rule) -> Dispatch {
        let snapshot = self.snapshot();
        let schedule = match rule {
            Rule::Solver => step(&snapshot),
            Rule::Greedy => greedy(&snapshot),
            Rule::Nonsense(seed) => nonsense(greedy(&snapshot), seed),
        };
        let before = excesses(&snapshot, self.base_w);
        let dispatch = dispatch(&snapshot, &schedule);
        for order in &dispatch.orders {
            self.send(order);
        }
        let after = excesses(&self.snapshot(), self.base_w);
        for (place, excess) in &after {
            let given = before.get(place).copied().unwrap_or(0.0);
            assert!(*excess <= given + 0.5, "{excess} W over at {place:?}, {given} W before: {dispatch:?}");
        }
        dispatch
    }

    fn send(&mut self, order: &Order) {
        let session = self.sessions.iter_mut().find(|session| session.id == order.session).unwrap();
        assert_eq!(order.profile.start(), self.now);
        let minimum = self.site.evse(&session.evse_uid).unwrap().phases.len() as f64 * DEFAULT_A * 230.0;
        for period in order.profile.periods() {
            let power = period.limit_w.as_w();
            assert!(power == 0.0 || power >= minimum - 1e-6 || !session.responsive, "{power} W is not charging");
        }
        let safe_w = self.site.safe_rate(self.site.evse(&session.evse_uid).unwrap()).unwrap();
        assert!(order.profile.tail_limit() <= safe_w, "a tail above the safe rate");
        session.belief.in_flight.push(order.profile.clone());
    }

    fn all_respond(&mut self) {
        for session in &mut self.sessions {
            session.responsive = true;
        }
    }

    fn accept_all(&mut self) {
        while self.sessions.iter().any(|session| !session.belief.in_flight.is_empty()) {
            self.answer(0, Fate::Accepted);
        }
    }

    fn check_beliefs(&self) {
        for session in &self.sessions {
            for minute in 0..180 {
                let at = self.now + TimeDelta::minutes(minute);
                let real = self.in_force.get(session.id.as_str());
                let real = real.map_or(session.belief.fallback_w, |profile| profile.limit_at(at));
                assert!(real <= session.belief.worst_at(at));
            }
        }
    }
}

/// By how much envelopes break each limit at each of many instants, in W, as (minute, place).
fn excesses(snapshot: &Snapshot, base_w: Power) -> BTreeMap<(i64, String), f64> {
    let mut found = BTreeMap::new();
    let tree = &snapshot.tree;
    let vacant: BTreeMap<&NodeId, Power> =
        snapshot.base_load[1..].iter().map(|load| (&load.node, load.guard_w[0])).collect();
    for minute in (0..180).chain([600, 1200, 1700]) {
        let at = snapshot.now + TimeDelta::minutes(minute);
        let worst = |node: &NodeId| {
            let session = snapshot.sessions.iter().find(|session| session.node == *node);
            session.map(|session| session.belief.worst_at(at))
        };
        let load = |position: usize| {
            let node = &tree.nodes()[position];
            let (mut base_w, mut limit_w) =
                (vacant.get(&node.id).copied().unwrap_or_default(), node.rating.maximum_import_w);
            if position == 0 {
                base_w += snapshot.base_load[0].guard_w[0];
                let stated = import_limit_at(&snapshot.limits[0].effective, at);
                limit_w = stated.into_iter().chain(limit_w).min().map(|limit| limit - snapshot.margin_w);
            }
            NodeLoad { base_w, limit_w }
        };
        let loads: Vec<_> = (0..tree.nodes().len()).map(load).collect();
        let sessions = tree.nodes().iter().enumerate().filter_map(|(at, node)| Some((at, worst(&node.id)?)));
        for excess in steered_excess(tree, &loads, sessions, at) {
            found.insert((minute, excess.node.to_string()), (excess.worst_w - excess.limit_w).as_w());
        }
        phase_excesses(snapshot, &vacant, &worst, minute, &mut found);
    }
    assert_eq!(snapshot.base_load[0].guard_w[0], base_w);
    found
}

fn phase_excesses(
    snapshot: &Snapshot,
    vacant: &BTreeMap<&NodeId, Power>,
    worst: &dyn Fn(&NodeId) -> Option<Power>,
    minute: i64,
    found: &mut BTreeMap<(i64, String), f64>,
) {
    for circuit in snapshot.tree.nodes() {
        let Some(rated) = circuit.rating.maximum_phase_current_a else { continue };
        for phase in Phase::ALL {
            let below = snapshot.tree.nodes().iter().filter(|node| node.parent.as_ref() == Some(&circuit.id));
            let wired = below.filter(|node| node.wiring.as_ref().unwrap().phases.contains(&phase));
            let per_phase = |node: &headroom_domain::grid::GridNode| {
                let power = worst(&node.id).or(vacant.get(&node.id).copied()).unwrap_or_default();
                power.as_w() / node.wiring.as_ref().unwrap().phase_count()
            };
            let excess = wired.map(per_phase).sum::<f64>() - rated.as_a() * 230.0;
            if excess > 0.5 {
                found.insert((minute, format!("{}/{phase:?}", circuit.id)), excess);
            }
        }
    }
}

/// A schedule of powers that no rule would give.
fn nonsense(mut schedule: Schedule, seed: u64) -> Schedule {
    let mut state = seed | 1;
    for power in schedule.sessions.iter_mut().flat_map(|plan| &mut plan.power_w) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *power = Power::from_w((state >> 40) as f64 / 600.0);
    }
    schedule
}

fn plans() -> impl Strategy<Value = Plan> {
    (
        prop::collection::vec((0..3_usize, 0..3_usize), 1..7),
        prop_oneof![Just(0.0), 0.0..30.0_f64],
        0.0..20.0_f64,
        0.0..40.0_f64,
        0.0..10.0_f64,
        prop_oneof![Just(0.0), Just(6.0), Just(4.0), Just(10.0)],
    )
        .prop_map(|(evses, spare_kw, circuit_spare_kw, phase_spare_a, base_kw, safe_rate_a)| Plan {
            evses,
            spare_kw,
            circuit_spare_kw,
            phase_spare_a,
            base_kw,
            safe_rate_a,
        })
}

fn rules() -> impl Strategy<Value = Rule> {
    prop_oneof![1 => Just(Rule::Solver), 6 => Just(Rule::Greedy), 2 => any::<u64>().prop_map(Rule::Nonsense)]
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![5 => Just(Fate::Accepted), 1 => Just(Fate::Refused), 1 => Just(Fate::Lost), 1 => Just(Fate::ObeyedInSilence)]
}

fn calm_events() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..15_i64).prop_map(|minutes| Event::Wait { minutes }),
        3 => any::<usize>().prop_map(|evse| Event::Arrive { evse }),
        6 => (any::<usize>(), fates()).prop_map(|(which, fate)| Event::Answer { which, fate }),
        1 => any::<usize>().prop_map(|evse| Event::Recover { evse }),
        6 => rules().prop_map(|rule| Event::Plan { rule }),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => calm_events(),
        1 => any::<usize>().prop_map(|evse| Event::Leave { evse }),
        1 => (0..90_i64, 1..240_i64, 0.0..1.0_f64).prop_map(|(in_min, for_min, share)| Event::Limit { in_min, for_min, share }),
        1 => Just(Event::Withdraw),
    ]
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_order_ever_lets_more_be_drawn_than_limits_or_what_was_given_allow(
        plan in plans(),
        events in prop::collection::vec(events(), 1..60),
    ) {
        let mut world = World::new(&plan);
        for event in &events {
            world.apply(event);
            world.check_beliefs();
        }
    }

    #[test]
    fn while_limits_stay_what_they_are_envelopes_never_pass_them(
        plan in plans(),
        events in prop::collection::vec(calm_events(), 1..60),
    ) {
        let mut world = World::new(&plan);
        for event in &events {
            world.apply(event);
            let excesses = excesses(&world.snapshot(), world.base_w);
            prop_assert!(excesses.is_empty(), "{:?}", excesses);
        }
    }

    #[test]
    fn a_lowered_limit_is_kept_once_the_reductions_are_acknowledged(
        plan in plans(),
        events in prop::collection::vec(events(), 1..30),
    ) {
        let mut world = World::new(&plan);
        for event in &events {
            world.apply(event);
        }
        world.all_respond();
        world.accept_all();
        world.plan(Rule::Greedy);
        world.accept_all();
        let excesses = excesses(&world.snapshot(), world.base_w);
        prop_assert!(excesses.is_empty(), "{:?}", excesses);
    }

    #[test]
    fn once_all_is_acknowledged_nothing_waits_and_nothing_is_sent_twice(
        plan in plans(),
        events in prop::collection::vec(events(), 1..30),
    ) {
        let mut world = World::new(&plan);
        for event in &events {
            world.apply(event);
        }
        world.all_respond();
        for _ in 0..4 {
            world.accept_all();
            world.plan(Rule::Greedy);
        }
        world.accept_all();
        let last = world.plan(Rule::Greedy);
        prop_assert!(last.orders.is_empty(), "{:?}", last);
        prop_assert!(last.withheld.is_empty(), "{:?}", last);
    }
}

#[test]
fn the_planning_grid_is_fine_near_and_meets_the_quarter_hours() {
    let grid: TimeGrid = planning_grid(noon() + TimeDelta::seconds(7 * 60 + 12));
    assert_eq!(grid.start(), noon() + TimeDelta::minutes(5));
    assert_eq!(grid.step(0).duration(), TimeDelta::minutes(5));
    assert_eq!(grid.edges()[26], noon() + TimeDelta::minutes(135));
    assert_eq!(grid.step(26).duration(), TimeDelta::minutes(15));
    assert_eq!(grid.len(), 26 + 88);
}
