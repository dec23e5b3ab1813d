use headroom_domain::limit::{LimitInterval, Target, Terms};
use headroom_domain::{Interval, LimitId};

use super::*;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0).unwrap()
}

fn limit(kind: LimitKind, terms: Terms) -> GridLimit {
    GridLimit {
        id: LimitId::from("utilities/dso/limits/1"),
        utility: "dso".to_owned(),
        target: Target::from(NodeId::from("depot")),
        programme: "doe".to_owned(),
        kind,
        revision: 1,
        intervals: vec![LimitInterval {
            interval: Interval { start: at(10), end: at(70) },
            maximum_import_w: Some(Power::from_kw(20.0)),
            maximum_export_w: None,
        }],
        reason: String::new(),
        terms,
        accepted_at: at(0),
        cancelled_at: None,
    }
}

fn place(sessions: u32, confirmed: u32) -> Place {
    Place { obedience: SiteObedience { sessions, confirmed, ..SiteObedience::default() }, reading: None }
}

fn reading(start: i64, kw: f64) -> MeterReading {
    MeterReading { start: at(start), end: at(start + 5), import_w: Some(Power::from_kw(kw)), base_load_w: None }
}

/// Follows a scheduled limit with default terms.
fn status(before: Option<LimitStatus>, place: Place, minute: i64) -> LimitStatus {
    let limit = limit(LimitKind::Scheduled, Terms::default());
    View { limit: &limit, before, superseded: false, places: &[place], now: at(minute) }.status()
}

#[test]
fn before_its_start_a_limit_is_scheduled_and_says_when_it_will_be_in_force() {
    let status = status(Some(LimitStatus::of(LimitState::Accepted)), place(3, 3), 5);
    assert_eq!((status.state, status.affected_sessions), (LimitState::Scheduled, 3));
    assert_eq!(status.expected_in_force_at, Some(at(10)));
}

#[test]
fn in_force_and_obeyed_are_two_words() {
    let scheduled = status(None, place(3, 0), 5);
    let in_force = status(Some(scheduled), place(3, 1), 11);
    assert_eq!(
        (in_force.state, in_force.confirmed_sessions, in_force.expected_in_force_at),
        (LimitState::Active, 1, None)
    );
    assert!(!in_force.is_obeyed());
    let obeyed = status(Some(in_force), place(3, 3), 12);
    assert!(obeyed.is_obeyed());
    assert_eq!(obeyed.expected_in_force_at, Some(at(12)));
    assert_eq!(status(Some(obeyed), place(4, 4), 20).expected_in_force_at, Some(at(12)));
}

#[test]
fn what_is_not_obeyed_in_time_is_not_achieved_until_it_is() {
    let late = status(None, place(3, 2), 15);
    assert_eq!((late.state, late.amiss), (LimitState::NotAchieved, Some(Amiss::StationsSilent)));
    let obeyed = status(Some(late), place(3, 3), 16);
    assert_eq!((obeyed.state, obeyed.amiss), (LimitState::Active, None));
}

#[test]
fn the_utility_may_say_until_when_it_has_to_be_obeyed() {
    let by = |minute| Terms { respond_by: Some(at(minute)), ..Terms::default() };
    let state = |terms, minute| {
        let limit = limit(LimitKind::Scheduled, terms);
        View { limit: &limit, before: None, superseded: false, places: &[place(1, 0)], now: at(minute) }.status().state
    };
    assert_eq!(state(by(30), 29), LimitState::Active);
    assert_eq!(state(by(30), 30), LimitState::NotAchieved);
    // Before its start there is nothing to obey, whatever was asked for.
    assert_eq!(state(by(2), 5), LimitState::Scheduled);
    assert_eq!(state(by(2), 10), LimitState::NotAchieved);
}

#[test]
fn why_it_is_not_achieved_is_told_from_what_is_known() {
    let amiss = |obedience: SiteObedience| status(None, Place { obedience, reading: None }, 20).amiss;
    let base = SiteObedience { sessions: 1, ..SiteObedience::default() };
    assert_eq!(amiss(base.clone()), Some(Amiss::StationsSilent));
    assert_eq!(
        amiss(SiteObedience { refused: true, not_steerable: true, ..base.clone() }),
        Some(Amiss::StationsRefused)
    );
    assert_eq!(amiss(SiteObedience { not_steerable: true, ..base.clone() }), Some(Amiss::NotSteerable));
    let base_load_w = Power::from_kw(21.0);
    assert_eq!(amiss(SiteObedience { base_load_w, refused: true, ..base }), Some(Amiss::BaseLoadAlone));
}

#[test]
fn a_meter_that_shows_more_is_believed_when_it_measured_after_everybody_obeyed() {
    let with = |reading| Place { reading: Some(reading), ..place(2, 2) };
    let obeyed = status(None, with(reading(5, 30.0)), 12);
    assert_eq!((obeyed.state, obeyed.measured_import_w), (LimitState::Active, Some(Power::from_kw(30.0))));
    assert_eq!(status(Some(obeyed), with(reading(13, 30.0)), 18).state, LimitState::Active, "within the grace");
    let above = status(Some(obeyed), with(reading(15, 30.0)), 20);
    assert_eq!((above.state, above.amiss), (LimitState::NotAchieved, Some(Amiss::MeterAboveLimit)));
    assert_eq!(status(Some(above), with(reading(20, 20.1)), 25).state, LimitState::Active, "the class of the meter");
}

#[test]
fn what_has_ended_was_replaced_or_came_too_late_is_told_once_and_for_all() {
    let active = status(None, place(3, 3), 12);
    let done = status(Some(active), place(3, 0), 70);
    assert_eq!((done.state, done.affected_sessions, done.amiss), (LimitState::Completed, 3, None));
    let limit_of_day = limit(LimitKind::Scheduled, Terms::default());
    let view = View { limit: &limit_of_day, before: Some(active), superseded: true, places: &[], now: at(20) };
    assert_eq!(view.status().state, LimitState::Superseded);
    let late = GridLimit { accepted_at: at(70), ..limit_of_day };
    let view = View { limit: &late, before: None, superseded: false, places: &[], now: at(70) };
    assert_eq!(view.status().state, LimitState::Expired);
}

#[test]
fn a_test_limit_is_never_in_force() {
    let limit = limit(LimitKind::Test, Terms::default());
    let state = |minute| {
        View { limit: &limit, before: None, superseded: false, places: &[place(1, 0)], now: at(minute) }.status().state
    };
    assert_eq!([state(5), state(20), state(70)], [LimitState::Accepted, LimitState::Accepted, LimitState::Completed]);
}

#[test]
fn the_clock_alone_changes_a_status_at_its_edges_and_when_it_is_due() {
    let limit = limit(LimitKind::Scheduled, Terms::default());
    let view = View { limit: &limit, before: None, superseded: false, places: &[], now: at(0) };
    assert_eq!(view.turning_points().collect::<Vec<_>>(), [at(10), at(70), at(15)]);
}
