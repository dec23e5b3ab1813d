//! Lower first, raise when it is paid for, tails that fit, and no needless message.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::profile::{ChargingProfile, ProfilePeriod};
use headroom_domain::reason::Reason;
use headroom_domain::schedule::Schedule;
use headroom_domain::{Interval, Power};
use headroom_optimizer::dispatch::{Direction, Dispatch, dispatch};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::{NodeLimits, Snapshot};

use crate::cases::cases;

/// Two sessions that need all of a site of 11.04 kW; both may draw 4.14 kW before they are told.
fn two() -> (Snapshot, Schedule) {
    let (_, mut snapshot) = cases().into_iter().find(|(name, _)| name.starts_with("002")).unwrap();
    let mut nodes: Vec<headroom_domain::grid::GridNode> = snapshot.tree.into();
    nodes[0].rating.maximum_import_w = Some(Power::from_w(11_040.0));
    snapshot.tree = nodes.try_into().unwrap();
    snapshot.settings.tolerance_w = Power::from_w(100.0);
    let schedule = step(&snapshot);
    (snapshot, schedule)
}

fn planned(schedule: &mut Schedule, session: usize, kw: f64) {
    schedule.sessions[session].power_w.fill(Power::from_kw(kw));
}

fn at(snapshot: &Snapshot, minutes: i64) -> DateTime<Utc> {
    snapshot.now + TimeDelta::minutes(minutes)
}

fn profile(snapshot: &Snapshot, periods: &[(i64, f64)]) -> ChargingProfile {
    let period =
        |(minutes, kw): &(i64, f64)| ProfilePeriod { start: at(snapshot, *minutes), limit_w: Power::from_kw(*kw) };
    ChargingProfile::new(periods.iter().map(period).collect()).unwrap()
}

fn orders(dispatch: &Dispatch) -> Vec<(&str, Direction, Vec<f64>)> {
    let kw = |order: &headroom_optimizer::dispatch::Order| {
        order.profile.periods().iter().map(|p| p.limit_w.as_kw()).collect()
    };
    dispatch.orders.iter().map(|order| (order.session.as_str(), order.direction, kw(order))).collect()
}

#[test]
fn a_raise_takes_only_the_room_that_envelopes_leave_until_the_reduction_is_acknowledged() {
    let (mut snapshot, mut schedule) = two();
    planned(&mut schedule, 0, 11.04);
    planned(&mut schedule, 1, 0.0);
    // Ada may have 11.04 kW, but Bob could draw 4.14 kW until he has acknowledged.
    let first = dispatch(&snapshot, &schedule);
    assert_eq!(
        orders(&first),
        [("bob", Direction::Lower, vec![0.0, 4.14]), ("ada", Direction::Raise, vec![6.9, 4.14])]
    );
    assert_eq!(first.withheld, [("ada".into(), Reason::WaitingForAcknowledgement)]);
    for (session, order) in [(1, 0), (0, 1)] {
        snapshot.sessions[session].belief.in_flight.push(first.orders[order].profile.clone());
    }
    // Nothing is said twice while it is in flight.
    assert_eq!(orders(&dispatch(&snapshot, &schedule)), []);
    for session in &mut snapshot.sessions {
        session.belief.acknowledged = session.belief.in_flight.pop();
    }
    let second = dispatch(&snapshot, &schedule);
    assert_eq!(orders(&second), [("ada", Direction::Raise, vec![11.04, 4.14])]);
    assert_eq!(second.withheld, []);
}

#[test]
fn every_profile_ends_in_a_tail_that_fits_what_is_known_to_come() {
    let (mut snapshot, mut schedule) = two();
    planned(&mut schedule, 0, 5.0);
    planned(&mut schedule, 1, 5.0);
    // A limit far beyond the tails' start leaves room for one safe rate only.
    let interval = Interval::new(at(&snapshot, 600), at(&snapshot, 660)).unwrap();
    let low = Some((Power::from_kw(5.0), Basis::Limit("dso/1".into())));
    let effective = vec![EffectiveInterval { interval, maximum_import_w: low, maximum_export_w: None }];
    snapshot.limits = vec![NodeLimits { node: "site".into(), effective }];
    let first = dispatch(&snapshot, &schedule);
    for order in &first.orders {
        assert_eq!(order.profile.tail_start(), at(&snapshot, 60));
        assert_eq!(order.profile.start(), snapshot.now);
    }
    // Both of their defaults together are over that limit, so nobody's tail may add to it before they have answered.
    let tails: Vec<f64> = first.orders.iter().map(|order| order.profile.tail_limit().as_kw()).collect();
    assert_eq!(tails, [0.0, 4.14]);
}

#[test]
fn what_is_in_force_is_left_alone_until_it_differs_or_ends_soon() {
    let (mut snapshot, mut schedule) = two();
    planned(&mut schedule, 0, 5.0);
    planned(&mut schedule, 1, 5.05);
    for session in 0..2 {
        snapshot.sessions[session].belief.acknowledged = Some(profile(&snapshot, &[(-20, 5.0), (40, 4.14)]));
    }
    assert_eq!(orders(&dispatch(&snapshot, &schedule)), []);
    for session in 0..2 {
        snapshot.sessions[session].belief.acknowledged = Some(profile(&snapshot, &[(-50, 5.0), (10, 4.14)]));
    }
    let refreshed = dispatch(&snapshot, &schedule);
    assert_eq!(
        orders(&refreshed),
        [("bob", Direction::Refresh, vec![5.05, 4.14]), ("ada", Direction::Refresh, vec![5.0, 4.14])]
    );
}

#[test]
fn a_silent_station_gets_no_raise_but_is_asked_again_when_others_alone_cannot_keep_the_limit() {
    let (mut snapshot, _) = two();
    let long = profile(&snapshot, &[(-5, 11.04), (600, 4.14)]);
    snapshot.sessions[0].belief.acknowledged = Some(long);
    snapshot.sessions[0].responsive = false;
    let quiet = dispatch(&snapshot, &step(&snapshot));
    assert_eq!(orders(&quiet), [("bob", Direction::Lower, vec![0.0])]);
    assert_eq!(quiet.withheld, [("ada".into(), Reason::StationSilent)]);
    // A limit that Ada alone breaks.
    let interval = Interval::new(at(&snapshot, 30), at(&snapshot, 120)).unwrap();
    let low = Some((Power::from_kw(5.0), Basis::Limit("dso/1".into())));
    let effective = vec![EffectiveInterval { interval, maximum_import_w: low, maximum_export_w: None }];
    snapshot.limits = vec![NodeLimits { node: "site".into(), effective }];
    let asked = dispatch(&snapshot, &step(&snapshot));
    let order = asked.orders.iter().find(|order| order.session.as_str() == "ada").unwrap();
    assert_eq!(order.direction, Direction::Lower);
    assert_eq!(order.profile.limit_at(at(&snapshot, 10)), Power::from_kw(11.04));
    assert_eq!(order.profile.limit_at(at(&snapshot, 40)), Power::ZERO);
}

#[test]
fn nothing_below_the_minimum_current_goes_out() {
    let (snapshot, mut schedule) = two();
    planned(&mut schedule, 0, 11.04);
    planned(&mut schedule, 1, 3.0);
    let first = dispatch(&snapshot, &schedule);
    assert_eq!(orders(&first)[0], ("bob", Direction::Lower, vec![0.0, 4.14]));
}
