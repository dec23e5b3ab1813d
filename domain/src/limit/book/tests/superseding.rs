//! Which limit has taken another's place.

use super::*;

fn superseded(book: &LimitBook, id: &str, now: i64) -> Option<String> {
    book.superseded(&id.into(), at(now)).map(|taker| taker.to_string())
}

#[test]
fn a_limit_is_superseded_when_another_has_taken_all_of_its_time_to_come() {
    let book =
        book([limit("old", 1, &[(0, 20, 1.0), (40, 60, 1.0)]), limit("new", 2, &[(10, 30, 2.0), (30, 60, 3.0)])]);
    assert_eq!(superseded(&book, "old", 5), None, "it still shows until 10");
    assert_eq!(superseded(&book, "old", 10), Some("new".to_owned()));
    assert_eq!(superseded(&book, "old", 60), None, "it is over");
    assert_eq!(superseded(&book, "new", 10), None);
    assert_eq!(superseded(&book, "unknown", 10), None);
}

#[test]
fn several_limits_may_take_its_time_together() {
    let limits =
        [limit("old", 1, &[(0, 60, 1.0)]), limit("left", 2, &[(0, 30, 1.0)]), limit("right", 3, &[(30, 60, 1.0)])];
    assert_eq!(superseded(&book(limits), "old", 0), Some("right".to_owned()));
}

#[test]
fn a_higher_revision_of_lower_priority_takes_nothing() {
    let mut first = limit("first", 1, &[(0, 60, 1.0)]);
    first.terms.priority = Some(1);
    let book = book([first, limit("second", 2, &[(0, 60, 1.0)])]);
    assert_eq!(superseded(&book, "first", 0), None);
    assert_eq!(superseded(&book, "second", 0), Some("first".to_owned()));
}

#[test]
fn only_a_limit_of_the_same_utility_target_programme_and_lane_takes_its_place() {
    let new = || limit("new", 2, &[(0, 60, 0.0)]);
    let others = [
        GridLimit { utility: "tso".to_owned(), ..new() },
        GridLimit { programme: "14a".to_owned(), ..new() },
        GridLimit { target: AreaId::from("feeder").into(), ..new() },
        GridLimit { kind: LimitKind::Emergency, ..new() },
        GridLimit { kind: LimitKind::Test, ..new() },
        GridLimit { cancelled_at: Some(at(0)), ..new() },
    ];
    for other in others {
        assert_eq!(superseded(&book([limit("old", 1, &[(0, 60, 1.0)]), other]), "old", 0), None);
    }
}

#[test]
fn a_test_and_a_withdrawn_limit_are_not_superseded() {
    let old = || limit("old", 1, &[(0, 60, 1.0)]);
    for gone in [GridLimit { kind: LimitKind::Test, ..old() }, GridLimit { cancelled_at: Some(at(0)), ..old() }] {
        assert_eq!(superseded(&book([gone, limit("new", 2, &[(0, 60, 0.0)])]), "old", 0), None);
    }
}
