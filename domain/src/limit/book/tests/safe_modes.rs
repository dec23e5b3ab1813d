//! The default of a utility that states nothing, or is not heard.

use super::*;

/// A safe mode with an import default only.
pub(super) fn import(watts: f64) -> SafeMode {
    SafeMode {
        maximum_import_w: Some(Power::from_w(watts)),
        maximum_export_w: None,
        heartbeat_timeout_s: Some(120),
        minimum_hold_s: 7200,
        release_delay_s: 120,
        validity: None,
    }
}

/// A book with a default of `dso`, which has fallen back since a minute or not.
fn with_default(limits: impl IntoIterator<Item = GridLimit>, safe_mode: SafeMode, since: Option<i64>) -> LimitBook {
    let mut book = book(limits);
    book.set_safe_mode(SITE.into(), "dso".to_owned(), safe_mode, since.map(at));
    book
}

#[test]
fn the_default_holds_in_gaps_and_after_the_schedule() {
    let limits = [limit("doe", 1, &[(0, 20, 50.0), (30, 40, 50.0)])];
    let expected = ["0..20 50 doe", "20..30 10 safe mode of dso", "30..40 50 doe", "40..60 10 safe mode of dso"];
    check(&with_default(limits, import(10.0), None), &expected);
}

#[test]
fn without_any_limit_the_default_holds() {
    check(&with_default([], import(10.0), None), &["0..60 10 safe mode of dso"]);
}

#[test]
fn from_the_fall_on_the_default_holds_everywhere_and_the_tightest_wins() {
    let limits = [limit("doe", 1, &[(0, 40, 50.0), (40, 60, 5.0)])];
    check(
        &with_default(limits, import(10.0), Some(15)),
        &["0..15 50 doe", "15..40 10 safe mode of dso", "40..60 5 doe"],
    );
}

#[test]
fn the_default_holds_only_while_it_is_valid() {
    let validity = Some(window(10, 30));
    let safe_mode = SafeMode { validity, ..import(10.0) };
    check(&with_default([], safe_mode, None), &["0..10 -", "10..30 10 safe mode of dso", "30..60 -"]);
    let limits = [limit("doe", 1, &[(0, 60, 50.0)])];
    check(&with_default(limits, safe_mode, Some(-5)), &["0..10 50 doe", "10..30 10 safe mode of dso", "30..60 50 doe"]);
}

#[test]
fn only_the_utilitys_own_limits_put_its_default_to_rest() {
    let other = GridLimit { utility: "tso".to_owned(), ..limit("other", 1, &[(0, 30, 50.0)]) };
    check(&with_default([other], import(10.0), None), &["0..60 10 safe mode of dso"]);
    let other = GridLimit { programme: "14a".to_owned(), ..limit("other", 1, &[(0, 30, 50.0)]) };
    check(&with_default([other], import(10.0), None), &["0..30 50 other", "30..60 10 safe mode of dso"]);
}

#[test]
fn a_limit_of_the_other_direction_does_not_put_the_default_to_rest() {
    let mut export = limit("export", 1, &[(0, 30, 0.0)]);
    export.intervals[0].maximum_import_w = None;
    export.intervals[0].maximum_export_w = Some(Power::from_w(3.0));
    let safe_mode = SafeMode { maximum_export_w: Some(Power::from_w(1.0)), ..import(10.0) };
    let book = with_default([export], safe_mode, None);
    check(&book, &["0..30 10 safe mode of dso", "30..60 10 safe mode of dso"]);
    let exports: Vec<_> =
        book.effective(&SITE.into(), window(0, 60)).into_iter().map(|piece| piece.maximum_export_w.unwrap()).collect();
    let default = Basis::SafeMode { utility: "dso".to_owned() };
    assert_eq!(exports, [(Power::from_w(3.0), Basis::Limit("export".into())), (Power::from_w(1.0), default)]);
}

#[test]
fn a_limit_of_an_area_puts_the_default_to_rest_at_its_members() {
    let mut all = limit("all", 1, &[(0, 30, 50.0)]);
    all.target = AreaId::from("feeder").into();
    let mut book = with_default([all], import(10.0), None);
    check(&book, &["0..60 10 safe mode of dso"]);
    book.set_area("feeder".into(), vec![SITE.into()]);
    check(&book, &["0..30 50 all", "30..60 10 safe mode of dso"]);
}

#[test]
fn a_test_and_a_cancelled_limit_do_not_put_the_default_to_rest() {
    let test = GridLimit { kind: LimitKind::Test, ..limit("test", 1, &[(0, 60, 50.0)]) };
    let gone = GridLimit { cancelled_at: Some(at(0)), ..limit("gone", 2, &[(0, 60, 50.0)]) };
    check(&with_default([test, gone], import(10.0), None), &["0..60 10 safe mode of dso"]);
}

#[test]
fn of_several_defaults_the_tightest_wins() {
    let mut book = with_default([], import(10.0), None);
    book.set_safe_mode(SITE.into(), "tso".to_owned(), import(7.0), None);
    check(&book, &["0..60 7 safe mode of tso"]);
}

#[test]
fn a_default_of_another_place_does_not_hold_here() {
    let mut book = LimitBook::new();
    book.set_safe_mode("site-b".into(), "dso".to_owned(), import(10.0), Some(at(0)));
    check(&book, &["0..60 -"]);
}
