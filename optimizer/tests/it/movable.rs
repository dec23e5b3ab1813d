//! The quick forecast of what a plan draws and how far that can be moved.

use chrono::TimeDelta;
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::schedule::Schedule;
use headroom_domain::units::hours;
use headroom_domain::{Energy, Interval, NodeId, Power};
use headroom_optimizer::flexibility::{Movable, MovableStep, forecast};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::{NodeLimits, Snapshot};
use headroom_optimizer::strategies::greedy;
use proptest::prelude::*;

use crate::cases::cases;
use crate::scene::{Scene, scenes};

fn case(number: &str) -> Snapshot {
    cases().into_iter().find(|(name, _)| name.starts_with(number)).unwrap().1
}

/// A forecast whose base load is as expected, give or take a tenth.
fn usual(snapshot: &Snapshot, schedule: &Schedule) -> Movable {
    let of = |factor: f64| -> Vec<Power> {
        let at = |step: usize| snapshot.base_load.iter().map(|base| base.expected_w[step]).sum::<Power>() * factor;
        (0..snapshot.grid.len()).map(at).collect()
    };
    let (low, median, high) = (of(0.9), of(1.0), of(1.1));
    forecast(snapshot, schedule, [&low, &median, &high])
}

fn kw(power: Power) -> f64 {
    (power.as_kw() * 100.0).round() / 100.0
}

#[test]
fn a_forecast_says_what_is_planned_and_how_far_it_can_be_moved() {
    let snapshot = case("002");
    let schedule = step(&snapshot);
    let first = usual(&snapshot, &schedule).steps[0];
    let planned: f64 = schedule.sessions.iter().map(|plan| plan.power_w[0].as_kw()).sum();
    assert!((kw(first.baseline_w) - planned).abs() < 0.02, "{first:?} of {planned} kW");
    // Both may pause; both together could draw 22 kW.
    assert_eq!((kw(first.minimum_w), kw(first.maximum_w), first.session_count), (0.0, 22.0, 2));
}

#[test]
fn the_band_of_the_baseline_is_the_band_of_the_base_load() {
    let snapshot = case("002");
    let steps = snapshot.grid.len();
    let [low, median, high] = [1.0, 2.0, 5.0].map(|kw| vec![Power::from_kw(kw); steps]);
    for found in forecast(&snapshot, &step(&snapshot), [&low, &median, &high]).steps {
        assert_eq!(
            (kw(found.baseline_w - found.baseline_p10_w), kw(found.baseline_p90_w - found.baseline_w)),
            (1.0, 3.0)
        );
    }
}

#[test]
fn who_must_not_pause_and_who_cannot_be_steered_stay_in_the_minimum() {
    let mut snapshot = case("002");
    snapshot.sessions.truncate(1);
    snapshot.sessions[0].may_pause = false;
    let schedule = step(&snapshot);
    let least = usual(&snapshot, &schedule).steps[0].minimum_w;
    assert!((least - snapshot.sessions[0].minimum_w).as_w().abs() < 0.5, "{least}");
    snapshot.sessions[0].steerable = false;
    let first = usual(&snapshot, &step(&snapshot)).steps[0];
    let carried = snapshot.sessions[0].belief.fallback_w;
    assert_eq!((first.minimum_w, first.baseline_w, first.maximum_w), (carried, carried, carried));
}

#[test]
fn energies_lie_between_charging_at_the_last_moment_and_at_once() {
    let mut snapshot = case("002");
    snapshot.sessions.truncate(1);
    let state = snapshot.sessions[0].clone();
    let found = usual(&snapshot, &step(&snapshot)).steps;
    let last = found.last().unwrap();
    assert_eq!(last.energy_floor_wh, state.needed_wh);
    assert_eq!(last.energy_ceiling_wh, state.wanted_wh);
    let full = state.maximum_w * found[0].interval.duration();
    assert_eq!(found[0].energy_ceiling_wh, full.min(state.wanted_wh));
    assert_eq!(found[0].energy_floor_wh, Energy::ZERO);
    // Who needs more than it can take is set aside as far as it must be.
    snapshot.sessions[0].needed_wh = Energy::from_kwh(1000.0);
    snapshot.sessions[0].wanted_wh = Energy::from_kwh(1000.0);
    let found = usual(&snapshot, &step(&snapshot)).steps;
    assert!(found.iter().all(|step| (step.energy_floor_wh - step.energy_ceiling_wh).as_wh().abs() < 1e-6), "{found:?}");
}

#[test]
fn a_limit_of_the_utility_bounds_the_most_that_can_be_drawn() {
    let mut snapshot = case("002");
    let interval = Interval { start: snapshot.now, end: snapshot.grid.end() };
    let maximum_import_w = Some((Power::from_kw(9.0), Basis::Limit("dso/1".into())));
    let effective = vec![EffectiveInterval { interval, maximum_import_w, maximum_export_w: None }];
    snapshot.limits = vec![NodeLimits { node: NodeId::new("site"), effective }];
    let most = usual(&snapshot, &step(&snapshot)).steps[0].maximum_w;
    assert!((most.as_kw() - 9.0).abs() < 0.01, "{most}");
}

#[test]
fn what_breaks_a_rule_has_no_forecast() {
    let mut snapshot = case("002");
    let schedule = step(&snapshot);
    snapshot.prices.pop();
    assert_eq!(usual(&snapshot, &schedule), Movable::default());
}

fn flat(minutes: &[(i64, f64, f64)]) -> Movable {
    let at = |minute: i64| crate::scene::noon() + TimeDelta::minutes(minute);
    let mut start = 0;
    let mut step = |&(until, power_kw, energy_kwh): &(i64, f64, f64)| {
        let interval = Interval { start: at(start), end: at(until) };
        start = until;
        let (power, energy) = (Power::from_kw(power_kw), Energy::from_kwh(energy_kwh));
        MovableStep {
            interval,
            baseline_w: power,
            baseline_p10_w: power,
            baseline_p90_w: power,
            minimum_w: power,
            maximum_w: power,
            energy_floor_wh: energy,
            energy_ceiling_wh: energy,
            session_count: u32::try_from(until).unwrap(),
        }
    };
    Movable { steps: minutes.iter().map(&mut step).collect() }
}

#[test]
fn powers_are_resampled_as_means_and_energies_on_a_line() {
    let movable = flat(&[(5, 6.0, 0.5), (20, 12.0, 3.5), (60, 0.0, 3.5)]);
    let at = |minute: i64| crate::scene::noon() + TimeDelta::minutes(minute);
    let found = movable.resample(Interval { start: at(3), end: at(600) }, TimeDelta::minutes(15));
    let shown = |step: &MovableStep| (step.interval.start, kw(step.baseline_w), step.energy_floor_wh.as_wh().round());
    // From 12:03 on: 2 min at 6 kW and 10 min at 12 kW; then 5 min at 12 kW and 10 min at nothing.
    let expected = [(at(3), 11.0, 2500.0), (at(15), 4.0, 3500.0), (at(30), 0.0, 3500.0), (at(45), 0.0, 3500.0)];
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!(found.iter().map(|step| step.session_count).collect::<Vec<_>>(), [20, 60, 60, 60]);
    assert_eq!(found.last().unwrap().interval.end, at(60));
    assert_eq!(movable.resample(Interval { start: at(60), end: at(90) }, TimeDelta::minutes(15)), []);
    let whole = movable.resample(Interval { start: at(-60), end: at(90) }, TimeDelta::MAX);
    assert_eq!(
        whole.iter().map(|step| (step.interval.start, step.interval.end)).collect::<Vec<_>>(),
        [(at(0), at(60))]
    );
    assert_eq!(Movable::default().resample(Interval { start: at(0), end: at(1) }, TimeDelta::minutes(1)), []);
}

/// Energy that a plan brings to the steered vehicles by the end of each step.
fn planned_wh(snapshot: &Snapshot, schedule: &Schedule) -> Vec<f64> {
    let mut sum = 0.0;
    let of_step = |(at, window): (usize, Interval)| {
        for (state, plan) in snapshot.sessions.iter().zip(&schedule.sessions).filter(|(state, _)| state.is_planned()) {
            let stay = Interval::new(state.arrival.max(snapshot.now), state.departure);
            let part = stay.and_then(|stay| stay.intersection(&window)).map_or(0.0, |part| hours(part.duration()));
            sum += plan.power_w[at].as_w() * part * state.uptake.as_ratio();
        }
        sum
    };
    let all: Vec<f64> = snapshot.grid.steps().enumerate().map(of_step).collect();
    let past = snapshot.grid.steps().filter(|window| window.end <= snapshot.now).count();
    all[past..].to_vec()
}

fn check(snapshot: &Snapshot, schedule: &Schedule) {
    let found = usual(snapshot, schedule).steps;
    let planned_wh = planned_wh(snapshot, schedule);
    assert_eq!((found.len(), found[0].interval.start), (planned_wh.len(), snapshot.now));
    // The last of a need may be rounded up to the minimum current for one step; what is missed anyway is no floor.
    let rounding: f64 = snapshot.sessions.iter().map(|state| state.minimum_w.as_w() * 0.25 + 0.1).sum();
    let missed: f64 = schedule.sessions.iter().map(|plan| plan.shortfall_wh.as_wh() + 0.1).sum();
    let capacity = snapshot.tree.root().rating.maximum_import_w.unwrap() - snapshot.margin_w;
    let mut before = (Energy::ZERO, Energy::ZERO);
    for (step, planned_wh) in found.iter().zip(planned_wh) {
        assert!(step.minimum_w <= step.baseline_w && step.baseline_w <= step.maximum_w, "{step:?}");
        assert!(step.baseline_p10_w <= step.baseline_w && step.baseline_w <= step.baseline_p90_w, "{step:?}");
        let pieces =
            snapshot.limits[0].effective.iter().filter(|piece| piece.interval.intersection(&step.interval).is_some());
        let stated =
            pieces.filter_map(|piece| piece.maximum_import_w.as_ref()).map(|(limit, _)| *limit - snapshot.margin_w);
        let limit = stated.fold(capacity, Power::min);
        assert!(step.maximum_w <= limit.max(step.baseline_w), "{step:?} over {limit}");
        assert!(planned_wh <= step.energy_ceiling_wh.as_wh() + rounding, "{planned_wh} over {step:?}");
        assert!(step.energy_floor_wh.as_wh() <= planned_wh + missed, "{planned_wh} under {step:?}");
        assert!(before.0 <= step.energy_floor_wh && before.1 <= step.energy_ceiling_wh, "{before:?} {step:?}");
        before = (step.energy_floor_wh, step.energy_ceiling_wh);
    }
}

/// What a forecast's powers come to, in Wh.
fn energy_wh(steps: &[MovableStep]) -> f64 {
    steps.iter().map(|step| step.maximum_w.as_w() * hours(step.interval.duration())).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_forecast_holds_its_plan_between_least_and_most(scene in scenes()) {
        let snapshot = scene.snapshot();
        check(&snapshot, &greedy(&snapshot));
    }

    #[test]
    fn resampling_makes_and_loses_no_energy(scene in scenes(), minutes in 1..45_i64) {
        let snapshot = scene.snapshot();
        let movable = usual(&snapshot, &greedy(&snapshot));
        let window = Interval { start: snapshot.now, end: snapshot.grid.end() };
        let resampled = movable.resample(window, TimeDelta::minutes(minutes));
        let (whole, parts) = (energy_wh(&movable.steps), energy_wh(&resampled));
        prop_assert!((whole - parts).abs() < 1e-6 * whole.max(1.0), "{whole} {parts}");
        let last = |steps: &[MovableStep]| steps.last().map(|step| step.energy_floor_wh.as_wh().round());
        prop_assert_eq!(last(&movable.steps), last(&resampled));
        prop_assert!(resampled.windows(2).all(|pair| pair[0].interval.end == pair[1].interval.start));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_forecast_of_the_best_plan_holds_it_too(scene in scenes()) {
        let snapshot = Scene::snapshot(&scene);
        check(&snapshot, &step(&snapshot));
    }
}
