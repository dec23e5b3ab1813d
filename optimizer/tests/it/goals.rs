//! The goals in order, and what more room must never do.

use chrono::TimeDelta;
use headroom_domain::preference::ProfileType;
use headroom_domain::profile::{ChargingProfile, ProfilePeriod};
use headroom_domain::schedule::{PlanStatus, Schedule};
use headroom_domain::units::hours;
use headroom_domain::{Energy, EnergyPrice, Interval, Power, Ratio};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::{SessionState, Snapshot};
use headroom_optimizer::strategies::{equal_share, greedy};
use proptest::prelude::*;

use crate::cases::cases;
use crate::scene::{Scene, scenes};

fn case(number: &str) -> Snapshot {
    cases().into_iter().find(|(name, _)| name.starts_with(number)).unwrap().1
}

fn shortfalls_wh(schedule: &Schedule) -> Vec<f64> {
    schedule.sessions.iter().map(|plan| plan.shortfall_wh.as_wh()).collect()
}

fn powers_kw(schedule: &Schedule, session: usize) -> Vec<f64> {
    schedule.sessions[session].power_w.iter().map(|power| (power.as_kw() * 100.0).round() / 100.0).collect()
}

/// Without minimum currents and pauses the plan is the programme's own answer; without hurry, money is all its cost.
fn relaxed(scene: &Scene) -> Snapshot {
    let mut snapshot = scene.snapshot();
    for session in &mut snapshot.sessions {
        (session.minimum_w, session.may_pause, session.may_wait) = (Power::ZERO, true, true);
        if session.profile_type == ProfileType::Fast {
            session.profile_type = ProfileType::Regular;
        }
    }
    snapshot
}

/// Returns the energy needed that the stay is too short for.
fn out_of_reach_wh(snapshot: &Snapshot, session: &SessionState) -> f64 {
    let stay = Interval::new(session.arrival.max(snapshot.now), session.departure.min(snapshot.grid.end()));
    let hours = stay.map_or(0.0, |stay| hours(stay.duration()));
    (session.needed_wh.as_wh() - session.maximum_w.as_w() * session.uptake.as_ratio() * hours).max(0.0)
}

#[test]
fn a_shortfall_is_levelled_by_priority() {
    let mut snapshot = case("003");
    for session in &mut snapshot.sessions {
        session.minimum_w = Power::ZERO;
    }
    let equal = shortfalls_wh(&step(&snapshot));
    assert!((equal[0] / 20_000.0 - equal[1] / 10_000.0).abs() < 1e-5, "{equal:?}");
    snapshot.sessions[1].priority = 4.0;
    let unequal = shortfalls_wh(&step(&snapshot));
    assert!(unequal[1] < equal[1] / 2.0, "{unequal:?} after {equal:?}");
}

#[test]
fn the_impatient_charge_early_and_others_when_it_is_cheap() {
    let mut snapshot = case("002");
    snapshot.sessions.truncate(1);
    let cheap = powers_kw(&step(&snapshot), 0);
    assert_eq!(cheap[..3], [0.0; 3]);
    // At one price only the preference decides, and everybody likes early a little.
    snapshot.prices.fill(EnergyPrice::from_per_kwh(0.3));
    for profile_type in [ProfileType::Fast, ProfileType::Regular, ProfileType::Cheap] {
        snapshot.sessions[0].profile_type = profile_type;
        assert_eq!(powers_kw(&step(&snapshot), 0)[..3], [11.04, 10.96, 0.0]);
    }
}

#[test]
fn who_is_in_a_hurry_or_may_leave_at_any_time_is_not_kept_waiting_for_a_price() {
    let mut snapshot = case("002");
    snapshot.sessions.truncate(1);
    snapshot.sessions[0].profile_type = ProfileType::Fast;
    assert_eq!(powers_kw(&step(&snapshot), 0)[..2], [11.04, 10.96]);
    snapshot.sessions[0].profile_type = ProfileType::Regular;
    snapshot.sessions[0].may_wait = false;
    assert_eq!(powers_kw(&step(&snapshot), 0)[..2], [11.04, 10.96]);
}

#[test]
fn who_charges_goes_on_charging_before_an_equal_that_waits() {
    let mut snapshot = case("003");
    for session in &mut snapshot.sessions {
        session.needed_wh = Energy::from_kwh(4.0);
        session.wanted_wh = session.needed_wh;
    }
    let period = |minutes: i64, kw: f64| ProfilePeriod {
        start: snapshot.now + TimeDelta::minutes(minutes),
        limit_w: Power::from_kw(kw),
    };
    for charging in [0, 1] {
        let mut snapshot = snapshot.clone();
        let in_force = ChargingProfile::new(vec![period(-5, 8.28), period(60, 0.0)]).unwrap();
        snapshot.sessions[charging].belief.acknowledged = Some(in_force);
        let schedule = step(&snapshot);
        assert!(powers_kw(&schedule, charging)[0] > 7.9, "{:?}", powers_kw(&schedule, charging));
    }
}

#[test]
fn what_is_left_to_newcomers_grows_from_nothing_in_two_hours() {
    let mut snapshot = case("003");
    snapshot.settings.left_to_newcomers = Ratio::from_ratio(0.5);
    for session in &mut snapshot.sessions {
        session.minimum_w = Power::ZERO;
    }
    let schedule = step(&snapshot);
    let together = |step: usize| schedule.sessions.iter().map(|plan| plan.power_w[step].as_kw()).sum::<f64>();
    let without = step(&Snapshot { settings: headroom_optimizer::snapshot::Settings::default(), ..snapshot.clone() });
    let used = |step: usize| without.sessions.iter().map(|plan| plan.power_w[step].as_kw()).sum::<f64>();
    assert!((together(0) - used(0)).abs() < 1e-6, "{} of {}", together(0), used(0));
    assert!((together(2) - 0.75 * used(2)).abs() < 1e-3, "{} of {}", together(2), used(2));
}

#[test]
fn among_equally_cheap_plans_the_one_in_force_is_kept() {
    let mut snapshot = case("002");
    snapshot.sessions.truncate(1);
    snapshot.prices.fill(EnergyPrice::from_per_kwh(0.3));
    snapshot.sessions[0].needed_wh = Energy::from_kwh(3.0);
    snapshot.sessions[0].wanted_wh = Energy::from_kwh(3.0);
    let period = |minutes: i64, kw: f64| ProfilePeriod {
        start: snapshot.now + TimeDelta::minutes(minutes),
        limit_w: Power::from_kw(kw),
    };
    let in_force = ChargingProfile::new(vec![period(-5, 6.0), period(60, 0.0)]).unwrap();
    snapshot.sessions[0].belief.acknowledged = Some(in_force);
    assert_eq!(powers_kw(&step(&snapshot), 0)[..3], [6.0, 0.0, 0.0]);
}

#[test]
fn a_session_that_must_not_pause_keeps_its_minimum() {
    let mut snapshot = case("002");
    snapshot.sessions.truncate(1);
    snapshot.sessions[0].may_pause = false;
    let powers = powers_kw(&step(&snapshot), 0);
    assert!(powers[..4].iter().all(|power| *power >= 4.14), "{powers:?}");
}

#[test]
fn when_the_deadline_strikes_a_simple_rule_answers() {
    let mut snapshot = case("009");
    // A flow asks for no deadline; a stay that ends within a step is none.
    snapshot.sessions[0].departure -= TimeDelta::minutes(7);
    snapshot.settings.deadline_s = 1e-9;
    let schedule = step(&snapshot);
    assert_ne!(schedule.status, PlanStatus::Optimal);
    assert!(schedule.sessions.iter().all(|plan| plan.power_w.iter().any(|power| *power > Power::ZERO)));
}

#[test]
fn equal_shares_are_equal() {
    let snapshot = case("001");
    let schedule = equal_share(&snapshot);
    assert_eq!([0, 1, 2].map(|session| powers_kw(&schedule, session)[0]).to_vec(), [6.69; 3]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[cfg_attr(not(feature = "highs"), ignore = "asks for the exact best")]
    #[test]
    fn more_limit_never_worsens_the_largest_shortfall_nor_the_cost(scene in scenes(), more in 1.0..3.0_f64) {
        let only_needs = |scene: &Scene| {
            let mut snapshot = relaxed(scene);
            for session in &mut snapshot.sessions {
                session.wanted_wh = session.needed_wh;
            }
            snapshot
        };
        let before = only_needs(&scene);
        let roomier = Scene {
            capacity_kw: scene.capacity_kw * more,
            circuits: scene.circuits.iter().map(|(limit, current)| (limit * more, current * more)).collect(),
            limits_kw: scene.limits_kw.iter().map(|limit| limit * more).collect(),
            ..scene.clone()
        };
        let after = only_needs(&roomier);
        let (first, second) = (step(&before), step(&after));
        // What a stay is too short for is set aside: who cannot be helped is no measure for the others.
        let worst = |schedule: &Schedule| {
            let planned = schedule.sessions.iter().zip(&before.sessions).filter(|(_, state)| state.is_planned());
            let fraction = planned.map(|(plan, state)| {
                let short_wh = plan.shortfall_wh.as_wh() - out_of_reach_wh(&before, state);
                short_wh / plan.needed_wh.as_wh().max(1.0)
            });
            fraction.fold(0.0, f64::max)
        };
        prop_assert!(worst(&second) <= worst(&first) + 1e-5, "{} after {}", worst(&second), worst(&first));
        if worst(&first) < 1e-6 {
            prop_assert!(second.cost.as_amount() <= first.cost.as_amount() + 1e-4);
        }
    }

    #[test]
    fn the_plan_is_never_shorter_nor_dearer_than_the_simple_rule(scene in scenes()) {
        let mut snapshot = relaxed(&scene);
        for session in &mut snapshot.sessions {
            session.wanted_wh = session.needed_wh;
        }
        let (best, simple) = (step(&snapshot), greedy(&snapshot));
        let short = |schedule: &Schedule| shortfalls_wh(schedule).iter().copied().fold(0.0, f64::max);
        if short(&simple) < 0.01 {
            prop_assert!(short(&best) < 0.1, "{}", short(&best));
            prop_assert!(best.cost.as_amount() <= simple.cost.as_amount() + 1e-4, "{} {}", best.cost, simple.cost);
        }
    }
}
