use proptest::prelude::*;

use super::*;
use crate::units::Power;

mod clauses;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
}

/// As `EEBus` LPC has it: 120 s of silence, 2 h of hold, 120 s to release.
fn lpc() -> SafeMode {
    SafeMode {
        maximum_import_w: Some(Power::from_w(4200.0)),
        maximum_export_w: None,
        heartbeat_timeout_s: Some(120),
        minimum_hold_s: 7200,
        release_delay_s: 120,
        validity: None,
    }
}

fn brief() -> SafeMode {
    SafeMode { minimum_hold_s: 0, ..lpc() }
}

fn valid(start: i64, end: i64) -> SafeMode {
    SafeMode { validity: Interval::new(at(start), at(end)), ..lpc() }
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Heard(i64),
    /// Heard every 60 s, first and last included.
    Beats(i64, i64),
    Stated(i64),
    Normal(i64),
    /// Safe at a time, since a time.
    Safe(i64, i64),
}
use Event::{Beats, Heard, Normal, Safe, Stated};

#[track_caller]
fn check(name: &str, safe_mode: SafeMode, events: &[Event]) {
    let mut link = Link::begun(at(0));
    for event in events {
        match *event {
            Heard(second) => link.heartbeat(&safe_mode, at(second)),
            Beats(first, last) => (first..=last).step_by(60).for_each(|second| link.heartbeat(&safe_mode, at(second))),
            Stated(second) => link.limit_stated(&safe_mode, at(second)),
            Normal(second) | Safe(second, _) => link.advance(&safe_mode, at(second)),
        }
        match *event {
            Normal(second) => assert_eq!(link.safe_since(), None, "{name}: normal at {second} s"),
            Safe(second, since) => assert_eq!(link.safe_since(), Some(at(since)), "{name}: safe at {second} s"),
            _ => {}
        }
        assert_eq!(link.mode() == Mode::Safe, link.safe_since().is_some());
    }
}

#[test]
fn what_is_told_twice_or_late_changes_nothing_wrong() {
    let mut link = Link::begun(at(0));
    link.heartbeat(&lpc(), at(100));
    link.limit_stated(&lpc(), at(101));
    let before = link;
    link.heartbeat(&lpc(), at(100));
    link.heartbeat(&lpc(), at(50));
    link.limit_stated(&lpc(), at(101));
    link.advance(&lpc(), at(20));
    assert_eq!(link, before);
    link.advance(&lpc(), at(300));
    let lost = link;
    link.heartbeat(&lpc(), at(99));
    link.limit_stated(&lpc(), at(250));
    assert_eq!(link, lost, "old news does not bring the link back");
    assert_eq!(link.last_heard(), Some(at(100)));
}

#[test]
fn a_heartbeat_timeout_that_is_taken_back_ends_safe_mode_at_once() {
    let mut link = Link::begun(at(0));
    link.advance(&lpc(), at(1000));
    let never = SafeMode { heartbeat_timeout_s: None, ..lpc() };
    assert_eq!(link.next_change(&never), Some(at(1000)));
    link.advance(&never, at(1000));
    assert_eq!((link.mode(), link.next_change(&never)), (Mode::Normal, None));
    assert_eq!(link.heartbeat_due(&never), None);
}

#[test]
fn the_next_heartbeat_is_due_within_the_timeout_of_the_last() {
    let mut link = Link::begun(at(0));
    assert_eq!(link.heartbeat_due(&lpc()), Some(at(120)));
    link.heartbeat(&lpc(), at(50));
    assert_eq!(link.heartbeat_due(&lpc()), Some(at(170)));
    link.advance(&lpc(), at(900));
    assert_eq!(link.heartbeat_due(&lpc()), Some(at(170)), "overdue");
    assert_eq!(link.heartbeat_due(&valid(0, 900)), None);
    assert_eq!(link.heartbeat_due(&valid(1000, 2000)), Some(at(1000)));
}

#[test]
fn a_link_is_read_as_it_was_written() {
    let mut link = Link::begun(at(0));
    link.heartbeat(&lpc(), at(7));
    let text = serde_json::to_string(&link).unwrap();
    assert_eq!(serde_json::from_str::<Link>(&text).unwrap(), link);
}

#[test]
fn the_end_of_time_is_no_reason_to_panic() {
    let mut link = Link::begun(DateTime::<Utc>::MAX_UTC);
    link.heartbeat(&lpc(), DateTime::<Utc>::MAX_UTC);
    assert_eq!(link.heartbeat_due(&lpc()), Some(DateTime::<Utc>::MAX_UTC));
}

fn codes(safe_mode: &SafeMode) -> Vec<(String, &'static str)> {
    safe_mode.violations().into_iter().map(|found| (found.field, found.code)).collect()
}

#[track_caller]
fn check_rule(safe_mode: &SafeMode, field: &str, code: &'static str) {
    assert_eq!(codes(safe_mode), [(field.to_owned(), code)]);
}

#[test]
fn a_safe_mode_states_something() {
    let empty = SafeMode { maximum_import_w: None, heartbeat_timeout_s: None, ..lpc() };
    check_rule(&empty, "safe_mode", "SAFE_MODE_EMPTY");
    assert_eq!(codes(&SafeMode { heartbeat_timeout_s: Some(60), ..empty }), []);
    assert_eq!(codes(&SafeMode { maximum_export_w: Some(Power::ZERO), ..empty }), []);
    assert_eq!(codes(&lpc()), []);
}

#[test]
fn default_limits_are_magnitudes_as_limits_are() {
    let import = |watts| SafeMode { maximum_import_w: Some(Power::from_w(watts)), ..lpc() };
    check_rule(&import(-1.0), "safe_mode.import_limit_w", "LIMIT_NEGATIVE");
    check_rule(&import(1e13), "safe_mode.import_limit_w", "LIMIT_TOO_LARGE");
    let export = SafeMode { maximum_export_w: Some(Power::from_w(-1.0)), ..lpc() };
    check_rule(&export, "safe_mode.export_limit_w", "LIMIT_NEGATIVE");
}

#[test]
fn lengths_have_bounds_and_all_that_is_wrong_is_told_at_once() {
    let timeout = |seconds| SafeMode { heartbeat_timeout_s: Some(seconds), ..lpc() };
    check_rule(&timeout(59), "safe_mode.heartbeat_timeout_s", "HEARTBEAT_TIMEOUT_TOO_SHORT");
    assert_eq!(codes(&timeout(60)), []);
    let week = 7 * 24 * 3600;
    assert_eq!(codes(&SafeMode { minimum_hold_s: week, release_delay_s: week, ..lpc() }), []);
    let long = SafeMode { minimum_hold_s: week + 1, release_delay_s: week + 1, ..lpc() };
    let validity = Some(Interval { start: at(5), end: at(5) });
    let expected = [
        ("safe_mode.minimum_hold_s", "TOO_LONG"),
        ("safe_mode.release_delay_s", "TOO_LONG"),
        ("safe_mode.validity", "WINDOW_EMPTY"),
    ];
    assert_eq!(codes(&SafeMode { validity, ..long }), expected.map(|(field, code)| (field.to_owned(), code)));
}

fn any_safe_mode() -> impl Strategy<Value = SafeMode> {
    let timeout = proptest::option::weighted(0.9, 60_u32..300);
    let validity = proptest::option::weighted(0.3, (0_i64..3000, 1_i64..3000));
    (timeout, 0_u32..2000, 0_u32..300, validity).prop_map(|(heartbeat_timeout_s, hold, release, validity)| SafeMode {
        heartbeat_timeout_s,
        minimum_hold_s: hold,
        release_delay_s: release,
        validity: validity.and_then(|(start, length)| Interval::new(at(start), at(start + length))),
        ..lpc()
    })
}

/// What happens, in order: 0 nothing, 1 a heartbeat, 2 a limit, and after how many seconds.
fn any_events() -> impl Strategy<Value = Vec<(u8, i64)>> {
    proptest::collection::vec((0_u8..3, prop_oneof![3 => 0_i64..90, 1 => 0_i64..1000]), 0..60)
}

fn play(link: &mut Link, safe_mode: &SafeMode, event: u8, now: DateTime<Utc>) {
    match event {
        0 => link.advance(safe_mode, now),
        1 => link.heartbeat(safe_mode, now),
        _ => link.limit_stated(safe_mode, now),
    }
}

proptest! {
    #[test]
    fn the_mode_is_safe_whenever_nothing_was_heard_for_longer_than_the_timeout(
        safe_mode in any_safe_mode(),
        events in any_events(),
    ) {
        let (mut link, mut second, mut heard) = (Link::begun(at(0)), 0, 0);
        for (event, wait) in events {
            second += wait;
            play(&mut link, &safe_mode, event, at(second));
            if event == 1 {
                heard = second;
            }
            let silent = safe_mode.heartbeat_timeout_s.is_some_and(|timeout| second - heard > i64::from(timeout));
            if silent && safe_mode.is_valid_at(at(second)) {
                prop_assert_eq!(link.mode(), Mode::Safe);
            }
            if safe_mode.heartbeat_timeout_s.is_none() || !safe_mode.is_valid_at(at(second)) {
                prop_assert_eq!(link.mode(), Mode::Normal);
            }
        }
    }

    #[test]
    fn the_next_change_is_when_the_mode_changes_if_nothing_is_heard(safe_mode in any_safe_mode(), events in any_events()) {
        let (mut link, mut second) = (Link::begun(at(0)), 0);
        for (event, wait) in events {
            second += wait;
            play(&mut link, &safe_mode, event, at(second));
        }
        let mode_at = |second: i64| {
            let mut later = link;
            later.advance(&safe_mode, at(second));
            later.mode()
        };
        let next = link.next_change(&safe_mode).map_or(i64::MAX, |next| (next - at(0)).num_seconds());
        for later in (second..second + 8000).step_by(7).take_while(|later| *later < next) {
            prop_assert_eq!(mode_at(later), link.mode());
        }
        if next < i64::MAX {
            prop_assert_ne!(mode_at(next), link.mode());
        }
    }

    #[test]
    fn it_does_not_matter_how_often_time_is_told(safe_mode in any_safe_mode(), events in any_events(), tick in 1_i64..100) {
        let (mut seldom, mut often, mut second) = (Link::begun(at(0)), Link::begun(at(0)), 0);
        for (event, wait) in events {
            (second..second + wait).step_by(usize::try_from(tick).unwrap()).for_each(|now| often.advance(&safe_mode, at(now)));
            second += wait;
            play(&mut seldom, &safe_mode, event, at(second));
            play(&mut often, &safe_mode, event, at(second));
            prop_assert_eq!(seldom.safe_since(), often.safe_since());
        }
    }
}
