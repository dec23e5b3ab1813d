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

/// A limit that every place has a plan with, and that holds as it is stated.
fn view<'a>(limit: &'a GridLimit, places: &'a [Place], minute: i64) -> View<'a> {
    View { limit, before: None, superseded: false, planned: true, holds_w: Some(Power::ZERO), places, now: at(minute) }
}

/// Follows a scheduled limit with default terms.
fn status(before: Option<LimitStatus>, place: Place, minute: i64) -> LimitStatus {
    let limit = limit(LimitKind::Scheduled, Terms::default());
    View { before, ..view(&limit, &[place], minute) }.status()
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
        view(&limit, &[place(1, 0)], minute).status().state
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
    let replaced = View { before: Some(active), superseded: true, ..view(&limit_of_day, &[], 20) };
    assert_eq!(replaced.status().state, LimitState::Superseded);
    let late = GridLimit { accepted_at: at(70), ..limit_of_day };
    assert_eq!(view(&late, &[], 70).status().state, LimitState::Expired);
}

#[test]
fn a_test_limit_is_never_in_force() {
    let limit = limit(LimitKind::Test, Terms::default());
    let state = |minute| view(&limit, &[place(1, 0)], minute).status().state;
    assert_eq!([state(5), state(20), state(70)], [LimitState::Accepted, LimitState::Accepted, LimitState::Completed]);
}

#[test]
fn the_clock_alone_changes_a_status_at_its_edges_and_when_it_is_due() {
    let limit = limit(LimitKind::Scheduled, Terms::default());
    assert_eq!(view(&limit, &[], 0).turning_points().collect::<Vec<_>>(), [at(10), at(70), at(15)]);
}

#[test]
fn a_limit_that_no_plan_knows_is_not_obeyed_whatever_the_plan_before_it_achieved() {
    let limit = limit(LimitKind::Scheduled, Terms::default());
    for places in [[place(5, 5)], [place(0, 0)]] {
        let early = View { planned: false, ..view(&limit, &places, 12) }.status();
        assert_eq!((early.state, early.confirmed_sessions, early.expected_in_force_at), (LimitState::Active, 0, None));
        let late = View { planned: false, ..view(&limit, &places, 15) }.status();
        assert_eq!((late.state, late.amiss.is_some()), (LimitState::NotAchieved, true));
    }
}

#[test]
fn the_meter_may_show_what_holds_where_that_is_looser_than_what_is_stated() {
    let limit = limit(LimitKind::Scheduled, Terms::default());
    let obeyed = view(&limit, &[place(2, 2)], 12).status();
    let places = [Place { reading: Some(reading(15, 30.0)), ..place(2, 2) }];
    let state = |holds_w| View { before: Some(obeyed), holds_w, ..view(&limit, &places, 20) }.status().state;
    assert_eq!(state(Some(Power::from_kw(20.0))), LimitState::NotAchieved);
    assert_eq!(state(Some(Power::from_kw(30.0))), LimitState::Active);
    assert_eq!(state(None), LimitState::Active);
}

#[test]
fn a_limit_that_was_replaced_before_it_began_was_never_in_force() {
    let limit = limit(LimitKind::Scheduled, Terms::default());
    let scheduled = view(&limit, &[place(1, 1)], 5).status();
    assert_eq!(scheduled.expected_in_force_at, Some(at(10)));
    let replaced = View { before: Some(scheduled), superseded: true, ..view(&limit, &[], 20) }.status();
    assert_eq!((replaced.state, replaced.expected_in_force_at), (LimitState::Superseded, None));
}
