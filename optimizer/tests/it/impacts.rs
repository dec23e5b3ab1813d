//! What a change of limits would do, before it is made.

use chrono::TimeDelta;
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::tariff::DemandCharge;
use headroom_domain::units::hours;
use headroom_domain::{EnergyPrice, Interval, Money, NodeId, Power, TimeGrid};
use headroom_optimizer::impact::{impact, what_if};
use headroom_optimizer::snapshot::{NodeLimits, Snapshot, SnapshotError};
use proptest::prelude::*;

use crate::cases::cases;
use crate::scene::scenes;

fn case(number: &str) -> Snapshot {
    cases().into_iter().find(|(name, _)| name.starts_with(number)).unwrap().1
}

fn limit(snapshot: &Snapshot, minutes: (i64, i64), kw: f64) -> NodeLimits {
    let at = |minute: i64| snapshot.now + TimeDelta::minutes(minute);
    let maximum_import_w = Some((Power::from_kw(kw), Basis::Limit("dso/1".into())));
    let interval = Interval { start: at(minutes.0), end: at(minutes.1) };
    let effective = vec![EffectiveInterval { interval, maximum_import_w, maximum_export_w: None }];
    NodeLimits { node: NodeId::new("site"), effective }
}

#[test]
fn the_planned_import_is_told_step_by_step_before_and_after() {
    let snapshot = case("002");
    let mut limited = snapshot.clone();
    limited.limits = vec![limit(&snapshot, (120, 180), 5.0)];
    let found = impact(&snapshot, &limited).unwrap();
    assert!(found.is_optimal);
    for (at, window) in snapshot.grid.steps().enumerate() {
        let within = window.start >= snapshot.now + TimeDelta::minutes(120)
            && window.end <= snapshot.now + TimeDelta::minutes(180);
        assert!(!within || found.after_w[at] <= Power::from_w(5000.1), "{found:?}");
        let planned: Power = found.before.sessions.iter().map(|plan| plan.power_w[at]).sum();
        let base: Power = snapshot.base_load.iter().map(|base| base.expected_w[at]).sum();
        assert!((found.before_w[at] - planned - base).as_w().abs() < 1e-6, "{found:?}");
    }
}

#[test]
fn what_a_limit_takes_from_a_need_is_not_delivered_and_nothing_of_it_is_shifted() {
    let snapshot = case("002");
    let found = what_if(&snapshot, &[limit(&snapshot, (0, 240), 0.0)]).unwrap();
    assert!((found.not_delivered_wh - found.shed_wh).as_wh().abs() < 100.0, "{found:?}");
    assert_eq!((found.shifted_wh.as_wh().round(), found.short.len()), (0.0, 2));
    assert!(found.cost < Money::ZERO, "{}", found.cost);
}

#[test]
fn a_higher_peak_is_part_of_what_a_limit_costs() {
    let mut snapshot = case("002");
    snapshot.prices.fill(EnergyPrice::from_per_kwh(0.2));
    snapshot.demand_charge = Some(DemandCharge { price_per_kw: Money::from_amount(10.0), peak_so_far_w: Power::ZERO });
    let (cost, peaks) = {
        let found = what_if(&snapshot, &[limit(&snapshot, (0, 60), 6.0)]).unwrap();
        let peak = |powers: &[Power]| powers.iter().map(|power| power.as_kw()).fold(0.0, f64::max);
        assert!(found.short.is_empty(), "{found:?}");
        (found.cost.as_amount(), (peak(&found.before_w), peak(&found.after_w)))
    };
    assert!(peaks.1 > peaks.0 + 0.1 && (cost - 10.0 * (peaks.1 - peaks.0)).abs() < 0.2, "{cost} for {peaks:?}");
}

#[test]
fn two_plans_of_other_steps_are_not_compared() {
    let snapshot = case("002");
    let mut other = snapshot.clone();
    let edges = snapshot.grid.edges().iter().map(|edge| *edge - TimeDelta::minutes(1)).collect();
    other.grid = TimeGrid::new(edges).unwrap();
    let error = impact(&snapshot, &other).unwrap_err();
    assert!(matches!(&error, SnapshotError::Order { field, .. } if field == "grid"), "{error}");
}

#[test]
fn either_snapshot_is_checked() {
    let snapshot = case("002");
    let mut bad = snapshot.clone();
    bad.prices.pop();
    assert!(impact(&bad, &snapshot).is_err() && impact(&snapshot, &bad).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_drawn_less_is_shifted_or_shed(scene in scenes(), kw in 0.0..60.0_f64, for_min in 5..240_i64) {
        let snapshot = scene.snapshot();
        let found = what_if(&snapshot, &[limit(&snapshot, (0, for_min), kw)]).unwrap();
        let windows = snapshot.grid.steps().map(|step| hours(step.end - step.start.max(snapshot.now)).max(0.0));
        let less = |(hours, (before, after)): (f64, (&Power, &Power))| (*before - *after).as_w().max(0.0) * hours;
        let less_wh: f64 = windows.zip(found.before_w.iter().zip(&found.after_w)).map(less).sum();
        let told_wh = (found.shifted_wh + found.shed_wh).as_wh();
        // Where more is drawn after than before, only that much was moved.
        prop_assert!(told_wh <= less_wh + 0.01, "{told_wh} of {less_wh}");
        prop_assert!(told_wh >= less_wh - 0.01 || found.shed_wh.as_wh() < 0.01, "{told_wh} of {less_wh}");
        let nothing = impact(&snapshot, &snapshot).unwrap();
        prop_assert!(nothing.before_w == nothing.after_w && nothing.cost == Money::ZERO && nothing.short.is_empty());
    }
}
