//! The plan in force cut at once to a limit that cannot wait.

use chrono::TimeDelta;
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::reason::Reason;
use headroom_domain::schedule::{PlanStatus, Schedule};
use headroom_domain::{Energy, Interval, NodeId, Power, TimeGrid};
use headroom_optimizer::dispatch::{Direction, dispatch};
use headroom_optimizer::rolling::{clip, step};
use headroom_optimizer::snapshot::{Battery, Generation, NodeBaseLoad, NodeLimits, SessionState, Snapshot};
use headroom_optimizer::strategies::greedy;
use proptest::prelude::*;

use crate::cases::cases;
use crate::plans::{check_limits, check_phases};
use crate::scene::scenes;

fn case(number: &str) -> Snapshot {
    cases().into_iter().find(|(name, _)| name.starts_with(number)).unwrap().1
}

fn emergency(snapshot: &Snapshot, minutes: (i64, i64), kw: f64) -> EffectiveInterval {
    let at = |minute: i64| snapshot.now + TimeDelta::minutes(minute);
    EffectiveInterval {
        interval: Interval { start: at(minutes.0), end: at(minutes.1) },
        maximum_import_w: Some((Power::from_kw(kw), Basis::Limit("dso/emergency".into()))),
        maximum_export_w: None,
    }
}

/// The snapshot with an emergency at the root, which holds alone for its time.
fn with_emergency(snapshot: &Snapshot, minutes: (i64, i64), kw: f64) -> Snapshot {
    let mut limited = snapshot.clone();
    let node = snapshot.tree.root().id.clone();
    limited.limits = vec![NodeLimits { node, effective: vec![emergency(snapshot, minutes, kw)] }];
    limited
}

fn powers_kw(schedule: &Schedule, session: usize) -> Vec<f64> {
    schedule.sessions[session].power_w.iter().map(|power| (power.as_kw() * 100.0).round() / 100.0).collect()
}

fn by_emergency() -> Reason {
    Reason::NodeLimit { node: NodeId::new("site"), basis: Basis::Limit("dso/emergency".into()) }
}

/// Ada and Bob at 11.04 kW each from now on; Bob leaves in an hour and a half.
fn both_at_full_power() -> (Snapshot, Schedule) {
    let snapshot = case("002");
    let mut standing = step(&snapshot);
    for plan in &mut standing.sessions {
        plan.power_w.fill(Power::from_kw(11.0));
    }
    (snapshot, standing)
}

#[test]
fn who_has_the_most_time_to_spare_gives_way_first_and_the_reason_names_the_limit() {
    let (snapshot, standing) = both_at_full_power();
    let limited = with_emergency(&snapshot, (0, 30), 11.0);
    let clipped = clip(&limited, &standing);
    assert_eq!(clipped.status, PlanStatus::Fallback);
    let names: Vec<&str> = clipped.sessions.iter().map(|plan| plan.session.as_str()).collect();
    let (ada, bob) =
        (names.iter().position(|name| *name == "ada").unwrap(), names.iter().position(|name| *name == "bob").unwrap());
    assert_eq!(
        (powers_kw(&clipped, ada)[..3].to_vec(), powers_kw(&clipped, bob)[..3].to_vec()),
        (vec![0.0, 11.0, 11.0], vec![11.0; 3])
    );
    assert_eq!(clipped.sessions[ada].reasons[0], Some(by_emergency()));
}

#[test]
fn a_limit_of_zero_is_itself_the_reason() {
    let (snapshot, standing) = both_at_full_power();
    let clipped = clip(&with_emergency(&snapshot, (0, 15), 0.0), &standing);
    for plan in &clipped.sessions {
        assert_eq!((plan.power_w[0], plan.reasons[0].clone()), (Power::ZERO, Some(by_emergency())));
    }
}

#[test]
fn what_is_left_below_the_minimum_current_goes_to_nobody_and_the_reason_names_the_limit() {
    let (snapshot, standing) = both_at_full_power();
    let clipped = clip(&with_emergency(&snapshot, (0, 15), 4.0), &standing);
    for plan in &clipped.sessions {
        assert_eq!((plan.power_w[0], plan.reasons[0].clone()), (Power::ZERO, Some(by_emergency())));
    }
}

#[test]
fn a_plan_within_all_limits_stays_as_it_is() {
    for number in ["001", "002", "006", "012", "013", "016", "020", "021"] {
        let snapshot = case(number);
        let standing = step(&snapshot);
        let clipped = clip(&snapshot, &standing);
        for (before, after) in standing.sessions.iter().zip(&clipped.sessions) {
            let close = |(one, other): (&Power, &Power)| (*one - *other).as_w().abs() < 0.5;
            assert!(before.power_w.iter().zip(&after.power_w).all(close), "{number}: {before:?} {after:?}");
        }
        for (before, after) in standing.batteries.iter().zip(&clipped.batteries) {
            let close = |(one, other): (&Power, &Power)| (*one - *other).as_w().abs() < 0.5;
            assert!(before.power_w.iter().zip(&after.power_w).all(close), "{number}: {before:?} {after:?}");
        }
    }
}

#[test]
fn whom_the_plan_does_not_know_gets_what_others_leave() {
    let (snapshot, mut standing) = both_at_full_power();
    let newcomer = standing.sessions.remove(0).session;
    let limited = with_emergency(&snapshot, (0, 30), 17.0);
    let clipped = clip(&limited, &standing);
    let at = |clipped: &Schedule, first: usize| {
        clipped.sessions.iter().map(|plan| (plan.session == newcomer, plan.power_w[first].as_kw())).collect::<Vec<_>>()
    };
    for (is_new, kw) in at(&clipped, 0) {
        assert!(kw <= if is_new { 6.01 } else { 11.01 } && (is_new || kw > 10.9), "{clipped:?}");
    }
    let plan = clipped.session(&newcomer).unwrap();
    assert!(plan.power_w.iter().any(|power| *power > Power::ZERO), "{plan:?}");
}

#[test]
fn a_plan_on_other_steps_is_held_to_the_least_that_it_says() {
    let (snapshot, mut standing) = both_at_full_power();
    for plan in &mut standing.sessions {
        plan.power_w[1] = Power::from_kw(5.0);
    }
    let mut coarse = snapshot.clone();
    let edges: Vec<_> = snapshot.grid.edges().iter().step_by(2).copied().collect();
    coarse.grid = TimeGrid::new(edges).unwrap();
    coarse.prices.truncate(coarse.grid.len());
    for base in &mut coarse.base_load {
        base.guard_w.truncate(coarse.grid.len());
        base.expected_w.truncate(coarse.grid.len());
    }
    let clipped = clip(&coarse, &standing);
    assert!(clipped.sessions.iter().all(|plan| plan.power_w[0] == Power::from_kw(5.0)), "{clipped:?}");
}

#[test]
fn beyond_the_end_of_the_plan_the_simple_rule_answers() {
    let (snapshot, mut standing) = both_at_full_power();
    standing.grid = TimeGrid::new(snapshot.grid.edges()[..2].to_vec()).unwrap();
    for plan in &mut standing.sessions {
        plan.power_w = vec![Power::ZERO];
    }
    let clipped = clip(&snapshot, &standing);
    for (state, plan) in snapshot.sessions.iter().zip(&clipped.sessions) {
        assert_eq!(plan.power_w[0], Power::ZERO);
        assert!(plan.shortfall_wh.as_wh() < 1.0, "{} of {}", plan.shortfall_wh, state.needed_wh);
    }
}

#[test]
fn batteries_stop_charging_and_go_on_giving_what_they_hold() {
    let mut snapshot = case("002");
    snapshot.sessions.truncate(1);
    let battery = Battery {
        node: NodeId::new("site"),
        capacity_wh: Energy::from_kwh(20.0),
        stored_wh: Energy::from_kwh(2.0),
        reserve_wh: Energy::ZERO,
        maximum_charge_w: Power::from_kw(10.0),
        maximum_discharge_w: Power::from_kw(10.0),
        efficiency: headroom_domain::Ratio::from_ratio(1.0),
        wear: headroom_domain::EnergyPrice::ZERO,
    };
    snapshot.batteries = vec![battery];
    let mut standing = step(&snapshot);
    let steps = snapshot.grid.len();
    let kwh_of = |clipped: &Schedule, at: usize| clipped.batteries[0].stored_wh[at].as_kwh();
    standing.sessions[0].power_w = vec![Power::from_kw(8.0); steps];
    // It would take 4 kW for an hour, then give 8 kW.
    standing.batteries[0].power_w = vec![Power::from_kw(-8.0); steps];
    standing.batteries[0].power_w[..2].fill(Power::from_kw(4.0));
    let clipped = clip(&with_emergency(&snapshot, (0, 60), 8.0), &standing);
    let kw: Vec<f64> = clipped.batteries[0].power_w[..4].iter().map(|power| power.as_kw()).collect();
    // What it did not take it cannot give: 2 kWh are half an hour at 4 kW.
    assert_eq!(kw, [0.0, 0.0, -4.0, 0.0]);
    assert!(kwh_of(&clipped, 3).abs() < 1e-9 && powers_kw(&clipped, 0)[..4] == [8.0; 4], "{clipped:?}");
}

#[test]
fn an_export_limit_holds_generation_back_beside_what_is_charged() {
    let (mut snapshot, standing) = both_at_full_power();
    let steps = snapshot.grid.len();
    let sun = vec![Power::from_kw(30.0); steps];
    snapshot.generation = vec![Generation {
        node: NodeId::new("site"),
        sure_w: vec![Power::ZERO; steps],
        expected_w: sun.clone(),
        most_w: sun,
        curtailable: true,
    }];
    let mut limit = emergency(&snapshot, (0, 15), 11.0);
    limit.maximum_export_w = Some((Power::from_kw(2.0), Basis::Limit("dso/emergency".into())));
    snapshot.limits = vec![NodeLimits { node: NodeId::new("site"), effective: vec![limit] }];
    let base = NodeBaseLoad {
        node: NodeId::new("site"),
        guard_w: vec![Power::ZERO; steps],
        expected_w: vec![Power::ZERO; steps],
        least_w: Vec::new(),
    };
    snapshot.base_load = vec![base];
    let clipped = clip(&snapshot, &standing);
    let charged: f64 = clipped.sessions.iter().map(|plan| plan.power_w[0].as_kw()).sum();
    assert!((clipped.generation[0].power_w[0].as_kw() - (2.0 + charged)).abs() < 1e-6, "{clipped:?}");
    assert_eq!(clipped.generation[0].power_w[1], Power::from_kw(30.0));
    assert!(clipped.breaches.is_empty(), "{:?}", clipped.breaches);
}

#[test]
fn a_snapshot_that_breaks_a_rule_gets_zeros() {
    let (mut snapshot, standing) = both_at_full_power();
    snapshot.prices.pop();
    let clipped = clip(&snapshot, &standing);
    assert!(clipped.sessions.iter().all(|plan| plan.power_w.iter().all(|power| *power == Power::ZERO)));
}

/// Sends what a plan says until nothing is left to send, each answered at once.
fn settled(mut snapshot: Snapshot, schedule: &Schedule) -> Snapshot {
    for _ in 0..4 {
        for order in dispatch(&snapshot, schedule).orders {
            let state = snapshot.sessions.iter_mut().find(|state| state.id == order.session).unwrap();
            state.belief.acknowledged = Some(order.profile);
        }
    }
    snapshot
}

#[test]
fn only_reductions_go_out_for_a_cut() {
    let (snapshot, standing) = both_at_full_power();
    let limited = with_emergency(&settled(snapshot, &standing), (0, 30), 11.0);
    let sent = dispatch(&limited, &clip(&limited, &standing));
    assert!(!sent.orders.is_empty() && sent.orders.iter().all(|order| order.direction == Direction::Lower), "{sent:?}");
    for order in &sent.orders {
        assert_eq!(order.profile.limit_at(limited.now), Power::ZERO, "{order:?}");
    }
    assert_eq!(sent.withheld, []);
}

/// Tells whether a session is there in a step.
fn is_there(snapshot: &Snapshot, state: &SessionState, window: Interval) -> bool {
    let stay = Interval::new(state.arrival.max(snapshot.now), state.departure);
    stay.is_some_and(|stay| stay.intersection(&window).is_some())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_clipped_plan_keeps_every_limit_raises_nothing_and_explains_every_cut(
        scene in scenes(),
        from_min in 0..90_i64,
        for_min in 5..240_i64,
        kw in 0.0..60.0_f64,
    ) {
        let snapshot = scene.snapshot();
        let standing = greedy(&snapshot);
        let limited = with_emergency(&snapshot, (from_min, from_min + for_min), kw);
        prop_assert_eq!(limited.check(), Ok(()));
        let clipped = clip(&limited, &standing);
        prop_assert_eq!(clipped.status, PlanStatus::Fallback);
        check_limits(&limited, &clipped);
        check_phases(&limited, &clipped);
        for ((state, before), after) in limited.sessions.iter().zip(&standing.sessions).zip(&clipped.sessions) {
            for (at, window) in limited.grid.steps().enumerate().filter(|_| state.is_planned()) {
                let (stood, cut) = (before.power_w[at], after.power_w[at]);
                prop_assert!(cut <= stood, "{} raised from {} to {} in step {}", state.id, stood, cut, at);
                let near = window.start < limited.now + TimeDelta::hours(1);
                prop_assert!(!near || cut == Power::ZERO || cut >= state.minimum_w, "{} in step {}", cut, at);
                if (stood - cut).as_w() > 1.0 {
                    let named = matches!(after.reasons[at], Some(Reason::NodeLimit { .. } | Reason::BaseLoad { .. }));
                    prop_assert!(named, "{:?} for a cut from {} to {}", after.reasons[at], stood, cut);
                }
                let curtailed = is_there(&limited, state, window) && (state.maximum_w - cut).as_w() > 1.0;
                prop_assert!(!curtailed || after.reasons[at].is_some(), "{:?}", after);
            }
        }
        prop_assert_eq!(serde_json::to_string(&clipped).unwrap(), serde_json::to_string(&clip(&limited, &standing)).unwrap());
    }

    #[test]
    fn newcomers_keep_every_limit_beside_a_clipped_plan(scene in scenes(), kw in 0.0..60.0_f64, known in 0..9_usize) {
        let snapshot = scene.snapshot();
        let mut standing = greedy(&snapshot);
        standing.sessions.truncate(known);
        let limited = with_emergency(&snapshot, (0, 120), kw);
        let clipped = clip(&limited, &standing);
        check_limits(&limited, &clipped);
        check_phases(&limited, &clipped);
        // Whom the plan knows loses nothing to who is new.
        let alone = Snapshot { sessions: limited.sessions.iter().take(known).cloned().collect(), ..limited.clone() };
        if limited.sessions.iter().all(SessionState::is_planned) {
            for (with, without) in clipped.sessions.iter().zip(&clip(&alone, &standing).sessions) {
                prop_assert_eq!(&with.power_w, &without.power_w);
            }
        }
    }

    #[test]
    fn where_stations_were_told_the_whole_plan_only_reductions_go_out_for_a_cut(
        scene in scenes(),
        for_min in 5..240_i64,
        kw in 0.0..60.0_f64,
    ) {
        let mut snapshot = scene.snapshot();
        (snapshot.settings.told_within_s, snapshot.settings.tolerance_w) = (86_400, Power::ZERO);
        let standing = greedy(&snapshot);
        let settled = settled(snapshot, &standing);
        let told = dispatch(&settled, &standing);
        prop_assume!(told.orders.is_empty() && told.withheld.is_empty());
        let limited = with_emergency(&settled, (0, for_min), kw);
        // Where the scene's own limits are tighter they hold on.
        let limited = Snapshot { limits: tightest(&settled, &limited), ..limited };
        let sent = dispatch(&limited, &clip(&limited, &standing));
        prop_assert!(sent.orders.iter().all(|order| order.direction == Direction::Lower), "{:?}", sent);
    }
}

/// Both snapshots' limits of the root as one.
fn tightest(one: &Snapshot, other: &Snapshot) -> Vec<NodeLimits> {
    let pieces = || one.limits.iter().chain(&other.limits).flat_map(|limits| &limits.effective);
    let mut edges: Vec<_> = pieces().flat_map(|piece| [piece.interval.start, piece.interval.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let at = |pair: &[chrono::DateTime<chrono::Utc>]| {
        let stated = pieces()
            .filter(|piece| piece.interval.contains(pair[0]))
            .filter_map(|piece| piece.maximum_import_w.clone());
        let maximum_import_w = Some(stated.min_by_key(|(power, _)| *power)?);
        Some(EffectiveInterval {
            interval: Interval { start: pair[0], end: pair[1] },
            maximum_import_w,
            maximum_export_w: None,
        })
    };
    vec![NodeLimits { node: one.tree.root().id.clone(), effective: edges.windows(2).filter_map(at).collect() }]
}
