//! A snapshot that cannot be planned says which field, which rule and what to do.

use chrono::TimeDelta;
use headroom_domain::profile::Belief;
use headroom_domain::schedule::PlanStatus;
use headroom_domain::{CarbonIntensity, Current, Energy, EnergyPrice, NodeId, Power, Ratio};
use headroom_optimizer::dispatch::dispatch;
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::{Battery, Discharge, Line, LineTerm, SessionState, Snapshot};

use crate::cases::cases;

fn good() -> Snapshot {
    let (_, snapshot) = cases().swap_remove(0);
    snapshot.check().unwrap();
    snapshot
}

fn check(change: impl Fn(&mut Snapshot), message: &str) {
    let mut snapshot = good();
    change(&mut snapshot);
    assert_eq!(snapshot.check().unwrap_err().to_string(), message);
    // There is an answer even so, and nobody is sent anything.
    let schedule = step(&snapshot);
    assert_eq!(schedule.status, PlanStatus::Fallback);
    assert!(schedule.sessions.iter().all(|plan| plan.power_w.iter().all(|power| *power == Power::ZERO)));
    assert!(dispatch(&snapshot, &schedule).orders.is_empty());
}

#[test]
fn lists_must_have_a_value_per_step() {
    check(
        |snapshot| snapshot.prices.push(EnergyPrice::ZERO),
        "`prices` has 9 values over 8 steps: give one per step of `grid`",
    );
    check(
        |snapshot| snapshot.base_load[0].guard_w.clear(),
        "`base_load[0].guard_w` has 0 values over 8 steps: give one per step of `grid`",
    );
}

#[test]
fn nodes_must_be_in_the_tree() {
    check(
        |snapshot| snapshot.sessions[1].node = NodeId::new("site/evse/nowhere"),
        "`sessions[bob].node` names `site/evse/nowhere`, which is not in `tree`: add the node or correct the name",
    );
    check(
        |snapshot| snapshot.limits[0].node = NodeId::new("elsewhere"),
        "`limits[0].node` names `elsewhere`, which is not in `tree`: add the node or correct the name",
    );
}

#[test]
fn instants_must_be_in_order() {
    check(
        |snapshot| snapshot.sessions[0].departure = snapshot.sessions[0].arrival,
        "`sessions[ada].departure` is not after `arrival`: correct one of them",
    );
    check(
        |snapshot| snapshot.now -= TimeDelta::seconds(1),
        "`now` lies outside `grid`: begin the grid at or just before it",
    );
    check(
        |snapshot| snapshot.limits[0].effective.swap(0, 1),
        "`limits[0].effective[1]` begins before the one before it ends: sort them and make them disjoint",
    );
}

#[test]
fn names_must_be_unique() {
    check(
        |snapshot| snapshot.sessions[1].id = snapshot.sessions[0].id.clone(),
        "`sessions` has `ada` twice: give each one entry",
    );
}

#[test]
fn numbers_must_be_in_range() {
    check(
        |snapshot| snapshot.sessions[0].uptake = Ratio::from_ratio(0.0),
        "`sessions[ada].uptake` is 0: give more than 0 and at most 1",
    );
    check(
        |snapshot| snapshot.sessions[0].wanted_wh = snapshot.sessions[0].needed_wh / 2.0,
        "`sessions[ada].wanted_wh` is 9000: give at least `needed_wh`",
    );
    check(
        |snapshot| snapshot.sessions[0].priority = f64::NAN,
        "`sessions[ada].priority` is NaN: give more than 0, usually 1",
    );
    check(
        |snapshot| snapshot.sessions[0].belief = Belief::untouched(Power::from_w(-1.0)),
        "`sessions[ada].belief.fallback_w` is -1: give 0 W or more",
    );
    check(
        |snapshot| snapshot.settings.deadline_s = 0.0,
        "`settings.deadline_s` is 0: give more than 0 s, for example 10",
    );
    check(
        |snapshot| snapshot.settings.refresh_before_s = 3600,
        "`settings.refresh_before_s` is 3600: give 0 s or more and less than `tail_after_s`",
    );
}

#[test]
fn unknown_fields_and_numbers_that_are_none_are_refused() {
    let text = serde_json::to_string(&good()).unwrap();
    let read = |text: &str| serde_json::from_str::<Snapshot>(text).unwrap_err().to_string();
    assert!(read(&text.replace("\"margin_w\":0.0", "\"margin_kw\":0.0")).contains("unknown field `margin_kw`"));
    assert!(read(&text.replace("\"margin_w\":0.0", "\"margin_w\":1e999")).contains("number out of range"));
}

#[test]
fn what_a_site_has_is_checked_field_by_field() {
    let battery = Battery {
        node: "site".into(),
        capacity_wh: Energy::from_kwh(10.0),
        stored_wh: Energy::from_kwh(5.0),
        reserve_wh: Energy::ZERO,
        maximum_charge_w: Power::from_kw(5.0),
        maximum_discharge_w: Power::from_kw(5.0),
        efficiency: Ratio::from_ratio(0.9),
        wear: EnergyPrice::ZERO,
    };
    let with = |change: &dyn Fn(&mut Battery)| {
        let mut own = battery.clone();
        change(&mut own);
        move |snapshot: &mut Snapshot| snapshot.batteries.push(own.clone())
    };
    check(
        with(&|own| own.node = "nowhere".into()),
        "`batteries[0].node` names `nowhere`, which is not in `tree`: add the node or correct the name",
    );
    check(
        with(&|own| own.stored_wh = Energy::from_kwh(11.0)),
        "`batteries[0].stored_wh` is 11000: give 0 Wh to `capacity_wh`",
    );
    check(with(&|own| own.efficiency = Ratio::ZERO), "`batteries[0].efficiency` is 0: give more than 0 and at most 1");
    check(
        |snapshot| snapshot.carbon.push(CarbonIntensity::ZERO),
        "`carbon` has 1 values over 8 steps: give one per step of `grid`",
    );
    let term = LineTerm { evse: "site".into(), factor: 1.0, angle_deg: 0.0 };
    let line = Line { node: "site".into(), maximum_current_a: Current::from_a(10.0), terms: vec![term] };
    check(
        |snapshot| snapshot.lines.push(line.clone()),
        "`lines[0].terms[0].evse` has no `wiring` in `tree`: its current is not known",
    );
    let discharge = Discharge { maximum_w: Power::from_kw(5.0), floor_wh: Energy::ZERO, wear: EnergyPrice::ZERO };
    check(
        |snapshot| snapshot.sessions[0].discharge = Some(discharge),
        "`sessions[ada].discharge` needs `vehicle`: without its state nothing can be given back",
    );
    let levels = vec![Power::from_kw(5.0), Power::from_kw(2.0)];
    check(
        |snapshot| snapshot.sessions[0].power_levels_w.clone_from(&levels),
        "`sessions[ada].power_levels_w` must rise: sort it",
    );
}

#[test]
fn ten_thousand_sessions_at_one_node_get_an_answer_by_the_deadline() {
    let mut snapshot = good();
    let one = snapshot.sessions[0].clone();
    snapshot.sessions =
        (0..10_000).map(|at| SessionState { id: format!("session-{at}").into(), ..one.clone() }).collect();
    snapshot.settings.deadline_s = 0.1;
    let schedule = step(&snapshot);
    assert_eq!(schedule.sessions.len(), 10_000);
    assert!(schedule.sessions.iter().any(|plan| plan.power_w.iter().any(|power| *power > Power::ZERO)));
}
