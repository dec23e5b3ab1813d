use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::PartnerId;

use super::{Rhythm, Scope};
use crate::config::Control;
use crate::store::PullProgress;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn rhythm(name: &str) -> Rhythm {
    Rhythm::of(&PartnerId::new(name), &Control::default())
}

fn done(good: i64, full: i64) -> PullProgress {
    PullProgress { good_until: Some(at(good)), full_at: Some(at(full)), ..PullProgress::default() }
}

#[test]
fn a_partner_has_a_splay_of_its_own_and_always_the_same() {
    let every = |name: &str| rhythm(name).every;
    assert_eq!(every("cpo-1"), every("cpo-1"));
    assert_ne!(every("cpo-1"), every("cpo-2"));
    for name in ["a", "b", "c", "d"] {
        assert!(every(name) >= TimeDelta::hours(4) && every(name) < TimeDelta::minutes(288), "{}", every(name));
    }
}

#[test]
fn what_was_never_pulled_is_pulled_at_once_and_whole() {
    let rhythm = rhythm("cpo");
    assert!(rhythm.next(&PullProgress::default()) < at(0));
    assert_eq!(rhythm.scope(&PullProgress::default(), at(0)), Scope::Full);
}

#[test]
fn later_pulls_ask_for_what_has_changed_with_an_overlap_and_once_a_day_for_everything() {
    let rhythm = rhythm("cpo");
    assert_eq!(rhythm.next(&done(600, 0)), at(600) + rhythm.every);
    assert_eq!(rhythm.scope(&done(600, 0), at(900)), Scope::Since(at(585)));
    assert_eq!(rhythm.scope(&done(1500, 0), at(1800)), Scope::Full);
}

#[test]
fn failures_are_tried_again_after_a_minute_then_later_and_later() {
    let rhythm = rhythm("cpo");
    let failed = |failures| PullProgress { failures, failed_at: Some(at(0)), ..done(0, 0) };
    assert_eq!([1, 2, 3, 20].map(|failures| rhythm.next(&failed(failures))), [1, 2, 4, 60].map(at));
}

#[test]
fn a_partner_that_wants_to_be_left_alone_is_not_asked_before() {
    let rhythm = rhythm("cpo");
    let failed =
        |until| PullProgress { failures: 2, failed_at: Some(at(0)), not_before: Some(at(until)), ..done(0, 0) };
    assert_eq!([1, 30, 600].map(|until| rhythm.next(&failed(until))), [2, 30, 600].map(at));
}
