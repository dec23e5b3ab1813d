//! Emergencies, apart from what is scheduled.

use super::*;

fn emergency(id: &str, revision: i64, pieces: &[(i64, i64, f64)]) -> GridLimit {
    GridLimit { kind: LimitKind::Emergency, ..limit(id, revision, pieces) }
}

#[test]
fn an_emergency_never_loosens_what_is_scheduled_in_its_own_programme() {
    check(&book([limit("doe", 1, &[(0, 60, 10.0)]), emergency("now", 2, &[(0, 60, 99.0)])]), &["0..60 10 doe"]);
}

#[test]
fn an_emergency_is_not_replaced_by_a_later_scheduled_limit() {
    let limits = [emergency("now", 1, &[(10, 30, 0.0)]), limit("doe", 2, &[(0, 60, 10.0)])];
    check(&book(limits), &["0..10 10 doe", "10..30 0 now", "30..60 10 doe"]);
}

#[test]
fn an_emergency_is_replaced_by_a_later_emergency_whether_priority_0_is_stated_or_not() {
    let mut first = emergency("first", 1, &[(0, 60, 0.0)]);
    first.terms.priority = Some(0);
    check(&book([first, emergency("second", 2, &[(20, 60, 5.0)])]), &["0..20 0 first", "20..60 5 second"]);
}

#[test]
fn an_emergency_does_not_put_a_safe_mode_to_rest() {
    let mut book = book([emergency("now", 1, &[(0, 60, 99.0)])]);
    let safe_mode = safe_modes::import(10.0);
    book.set_safe_mode(SITE.into(), "dso".to_owned(), safe_mode, None);
    check(&book, &["0..60 10 safe mode of dso"]);
}
