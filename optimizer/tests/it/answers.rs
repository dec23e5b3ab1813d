//! What a plan can say beside its powers: what limits cost, what a limit would do, how far a load can move.

use chrono::TimeDelta;
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::{Interval, NodeId, Power};
use headroom_optimizer::flexibility::flexibility;
use headroom_optimizer::impact::what_if;
use headroom_optimizer::rolling::step;
use headroom_optimizer::shadow::{Explained, Limited, explain};
use headroom_optimizer::snapshot::{NodeLimits, Snapshot, SnapshotError};
use headroom_optimizer::table::render_explained;
use proptest::prelude::*;

use crate::cases::cases;
use crate::scene::scenes;

fn case(number: &str) -> Snapshot {
    cases().into_iter().find(|(name, _)| name.starts_with(number)).unwrap().1
}

fn limit(node: &str, snapshot: &Snapshot, hours: (i64, i64), kw: f64) -> NodeLimits {
    let interval =
        Interval { start: snapshot.now + TimeDelta::hours(hours.0), end: snapshot.now + TimeDelta::hours(hours.1) };
    let maximum_import_w = Some((Power::from_kw(kw), Basis::Limit("dso/what-if".into())));
    NodeLimits {
        node: NodeId::new(node),
        effective: vec![EffectiveInterval { interval, maximum_import_w, maximum_export_w: None }],
    }
}

fn saved(explained: &Explained, node: &str, step: usize) -> f64 {
    let of = |binding: &&headroom_optimizer::shadow::Binding| binding.node.as_str() == node && binding.step == step;
    explained.binding.iter().filter(of).map(|binding| binding.price.as_per_kwh()).sum()
}

#[test]
fn a_binding_limit_costs_what_more_of_it_would_save() {
    // Twelve kWh more than fit at 0.2 must be bought at 0.3: each kWh of room in the cheap steps saves a tenth.
    let mut snapshot = case("027");
    snapshot.limits.clear();
    for (price, cheap) in snapshot.prices.iter_mut().zip([1, 1, 0, 0, 1, 1, 1, 1]) {
        *price = headroom_domain::EnergyPrice::from_per_kwh(if cheap == 0 { 0.2 } else { 0.3 });
    }
    for session in &mut snapshot.sessions {
        session.minimum_w = Power::ZERO;
    }
    let explained = explain(&snapshot).unwrap();
    assert!((saved(&explained, "north", 2) - 0.1).abs() < 1e-6, "{:?}", explained.binding);
    assert!((saved(&explained, "south", 3) - 0.1).abs() < 1e-6, "{:?}", explained.binding);
    assert!(saved(&explained, "north", 0) < 1e-9 && saved(&explained, "feeder", 2) < 1e-9, "{:?}", explained.binding);
    let held = explained.sessions.iter().filter(|own| own.step == 2).map(|own| own.node.as_str()).collect::<Vec<_>>();
    assert_eq!(held, ["north", "north", "south", "south"]);
}

#[test]
fn where_needs_are_missed_a_limit_says_how_much_of_its_room_they_would_take() {
    let explained = explain(&case("028")).unwrap();
    let need: Vec<f64> = explained.binding.iter().map(|binding| binding.need.as_ratio()).collect();
    assert!(need.iter().all(|need| (need - 1.0).abs() < 1e-6) && need.len() == 4, "{:?}", explained.binding);
    let text = render_explained(&case("028"), &explained);
    assert!(text.contains("binding limit") && text.contains("import"), "{text}");
}

#[test]
fn a_line_and_a_phase_have_their_prices_too() {
    for (number, measure) in [("018", Limited::Line), ("006", Limited::Phase)] {
        let mut snapshot = case(number);
        for session in &mut snapshot.sessions {
            (session.needed_wh, session.wanted_wh) = (session.needed_wh * 3.0, session.wanted_wh * 3.0);
        }
        let binding = explain(&snapshot).unwrap().binding;
        assert!(!binding.is_empty() && binding.iter().all(|binding| binding.measure == measure), "{binding:?}");
    }
}

#[test]
fn what_a_limit_would_do_is_known_before_it_is_submitted() {
    let snapshot = case("002");
    let gentle = what_if(&snapshot, &[limit("site", &snapshot, (2, 3), 5.0)]).unwrap();
    assert!(gentle.short.is_empty() && gentle.not_delivered_wh.as_wh() < 10.0, "{gentle:?}");
    // Of the 5.48 kWh of the cheap hour 2.5 stay, 2.5 move within it, and 0.48 to where a kWh costs 0.2 more.
    assert!((gentle.shifted_wh.as_kwh() - 2.98).abs() < 1e-4, "{gentle:?}");
    assert!((gentle.cost.as_amount() - 0.48 * 0.2).abs() < 1e-4, "{gentle:?}");
    let harsh = what_if(&snapshot, &[limit("site", &snapshot, (0, 4), 0.0)]).unwrap();
    assert_eq!(harsh.short.len(), 2);
    assert!(
        (harsh.not_delivered_wh.as_kwh() - 22.0).abs() < 0.1 && (harsh.shed_wh.as_kwh() - 22.0).abs() < 0.1,
        "{harsh:?}"
    );
    let nothing = what_if(&snapshot, &[]).unwrap();
    assert!(nothing.before == nothing.after && nothing.cost.as_amount() == 0.0);
}

#[test]
fn a_limit_that_would_be_tried_is_checked_like_any_other() {
    let snapshot = case("002");
    let unknown = what_if(&snapshot, &[limit("nowhere", &snapshot, (0, 1), 1.0)]).unwrap_err();
    assert!(matches!(unknown, SnapshotError::UnknownNode { .. }), "{unknown}");
    let backwards = what_if(&snapshot, &[limit("site", &snapshot, (2, 1), 1.0)]).unwrap_err();
    assert!(backwards.to_string().contains("ends before it begins"), "{backwards}");
}

#[test]
fn the_tighter_of_two_limits_counts() {
    let snapshot = case("001");
    let own = snapshot.limits[0].node.to_string();
    let loose = what_if(&snapshot, &[limit(&own, &snapshot, (0, 4), 1000.0)]).unwrap();
    assert_eq!(loose.before, loose.after);
}

#[test]
fn a_load_can_move_as_far_as_needs_and_limits_let_it() {
    let snapshot = case("002");
    let moves = flexibility(&snapshot, &NodeId::new("site")).unwrap();
    let kw = |powers: &[Power], at: usize| (powers[at].as_kw() * 100.0).round() / 100.0;
    // Bob needs 11 kWh in an hour and a half of 11.04 kW; Ada could wait, or take 11.04 kW of what is left of 22 kW.
    assert_eq!((kw(&moves.least_w, 0), kw(&moves.most_w, 0)), (0.0, 22.0));
    assert_eq!((kw(&moves.least_w, 7), kw(&moves.most_w, 7)), (0.0, 11.04));
    let unknown = flexibility(&snapshot, &NodeId::new("nowhere")).unwrap_err();
    assert!(unknown.to_string().contains("nowhere"), "{unknown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_lies_within_its_own_flexibility(scene in scenes()) {
        let snapshot = scene.snapshot();
        let moves = flexibility(&snapshot, &NodeId::new("site")).unwrap();
        for ((least, baseline), most) in moves.least_w.iter().zip(&moves.baseline_w).zip(&moves.most_w) {
            prop_assert!(least <= baseline && baseline <= most, "{least} {baseline} {most}");
        }
    }

    #[test]
    fn an_explained_plan_is_the_plan(scene in scenes()) {
        let snapshot = scene.snapshot();
        let explained = explain(&snapshot).unwrap();
        prop_assert_eq!(&explained.schedule, &step(&snapshot));
        prop_assert!(explained.binding.iter().all(|binding| binding.price.as_per_kwh() >= 0.0));
    }
}
