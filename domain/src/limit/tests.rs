//! Tests of the rules for a schedule; those of the book are beside it.

use proptest::prelude::*;

use super::*;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0).unwrap()
}

fn item(start: i64, end: i64, import_w: f64) -> LimitInterval {
    LimitInterval {
        interval: Interval { start: at(start), end: at(end) },
        maximum_import_w: Some(Power::from_w(import_w)),
        maximum_export_w: None,
    }
}

fn codes(intervals: &[LimitInterval]) -> Vec<(String, &'static str)> {
    violations(intervals, at(0), TimeDelta::days(1)).into_iter().map(|found| (found.field, found.code)).collect()
}

#[track_caller]
fn check(intervals: &[LimitInterval], field: &str, code: &'static str) {
    assert_eq!(codes(intervals), [(field.to_owned(), code)]);
}

#[test]
fn a_good_schedule_breaks_no_rule() {
    assert_eq!(codes(&[item(-5, 5, 0.0), item(5, 10, 1.0), item(60, 24 * 60, LIMIT_MAX_W)]), []);
}

#[test]
fn a_schedule_has_one_to_2016_intervals() {
    check(&[], "intervals", "INTERVALS_MISSING");
    let rows = |count: i64| (0..count).map(|index| item(index, index + 1, 1.0)).collect::<Vec<_>>();
    let found = violations(&rows(2017), at(0), TimeDelta::days(7));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, "TOO_MANY_INTERVALS");
    assert_eq!(violations(&rows(2016), at(0), TimeDelta::days(7)), []);
}

#[test]
fn an_interval_without_an_instant_is_refused() {
    check(&[item(10, 10, 1.0)], "intervals[0].end_time", "INTERVAL_EMPTY");
    check(&[item(10, 5, 1.0)], "intervals[0].end_time", "INTERVAL_EMPTY");
}

#[test]
fn an_interval_below_a_minute_is_refused() {
    let mut short = item(10, 11, 1.0);
    assert_eq!(codes(&[short]), []);
    short.interval.end -= TimeDelta::seconds(1);
    check(&[short], "intervals[0].end_time", "INTERVAL_TOO_SHORT");
}

#[test]
fn an_interval_that_has_ended_is_refused_and_one_that_has_begun_is_not() {
    check(&[item(-10, 0, 1.0)], "intervals[0].end_time", "INTERVAL_IN_PAST");
    assert_eq!(codes(&[item(-10, 1, 1.0)]), []);
}

#[test]
fn an_interval_beyond_the_horizon_is_refused() {
    check(&[item(10, 24 * 60 + 1, 1.0)], "intervals[0].end_time", "HORIZON_TOO_LONG");
}

#[test]
fn unsorted_and_overlapping_intervals_are_refused_at_the_later_one() {
    check(&[item(10, 20, 1.0), item(5, 10, 1.0)], "intervals[1].start_time", "INTERVALS_UNSORTED");
    check(&[item(10, 20, 1.0), item(19, 30, 1.0)], "intervals[1].start_time", "INTERVALS_OVERLAP");
}

#[test]
fn an_interval_states_a_limit_and_zero_is_one() {
    let mut silent = item(0, 10, 0.0);
    assert_eq!(codes(&[silent]), []);
    silent.maximum_import_w = None;
    check(&[silent], "intervals[0].import_limit_w", "LIMIT_MISSING");
    silent.maximum_export_w = Some(Power::ZERO);
    assert_eq!(codes(&[silent]), []);
}

#[test]
fn limits_are_magnitudes_up_to_a_terawatt() {
    check(&[item(0, 10, -1.0)], "intervals[0].import_limit_w", "LIMIT_NEGATIVE");
    check(&[item(0, 10, LIMIT_MAX_W * 2.0)], "intervals[0].import_limit_w", "LIMIT_TOO_LARGE");
}

#[test]
fn every_broken_rule_is_reported_at_once() {
    let found = codes(&[item(-10, -5, -1.0), item(-20, -30, 1.0)]);
    let expected = [
        ("intervals[0].end_time", "INTERVAL_IN_PAST"),
        ("intervals[0].import_limit_w", "LIMIT_NEGATIVE"),
        ("intervals[1].end_time", "INTERVAL_EMPTY"),
        ("intervals[1].end_time", "INTERVAL_IN_PAST"),
        ("intervals[1].start_time", "INTERVALS_UNSORTED"),
    ];
    assert_eq!(found, expected.map(|(field, code)| (field.to_owned(), code)));
}

fn any_interval() -> impl Strategy<Value = LimitInterval> {
    let instant = (-8_000_000_000_000_i64..8_000_000_000_000).prop_map(|s| DateTime::from_timestamp(s, 0).unwrap());
    let power = || proptest::option::of((-1e13..1e13).prop_map(Power::from_w));
    (instant.clone(), instant, power(), power()).prop_map(|(start, end, import, export)| LimitInterval {
        interval: Interval { start, end },
        maximum_import_w: import,
        maximum_export_w: export,
    })
}

proptest! {
    #[test]
    fn no_schedule_makes_the_rules_panic(intervals in proptest::collection::vec(any_interval(), 0..20), far in any::<bool>()) {
        let horizon_max = if far { TimeDelta::MAX } else { TimeDelta::MIN };
        let _found = violations(&intervals, at(0), horizon_max);
    }

    #[test]
    fn adjoining_intervals_ahead_break_no_rule(lengths in proptest::collection::vec((1_i64..60, 0_i64..60), 1..50)) {
        let mut start = 0;
        let intervals: Vec<_> = lengths.iter().map(|(length, gap)| {
            let made = item(start, start + length, 7.0);
            start += length + gap;
            made
        }).collect();
        prop_assert_eq!(violations(&intervals, at(0), TimeDelta::days(7)), []);
    }
}
