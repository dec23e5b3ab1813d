//! What a customer is always left.

use super::*;

const MINIMUM_W: f64 = 4200.0;

fn with_minimum(limits: impl IntoIterator<Item = GridLimit>) -> LimitBook {
    let mut book = book(limits);
    book.set_guaranteed_minimum(SITE.into(), Power::from_w(MINIMUM_W));
    book
}

fn emergency(programme: &str) -> GridLimit {
    let base = limit("now", 1, &[(0, 60, 0.0)]);
    GridLimit { kind: LimitKind::Emergency, programme: programme.to_owned(), ..base }
}

#[test]
fn a_scheduled_limit_below_the_guaranteed_minimum_is_raised_to_it() {
    let limits = [limit("doe", 1, &[(0, 20, 0.0), (20, 40, 4200.0), (40, 60, 5000.0)])];
    check(&with_minimum(limits), &["0..20 4200 minimum", "20..40 4200 doe", "40..60 5000 doe"]);
}

#[test]
fn a_safe_mode_below_the_guaranteed_minimum_is_raised_to_it() {
    let mut book = with_minimum([]);
    book.set_safe_mode(SITE.into(), "dso".to_owned(), safe_modes::import(0.0), Some(at(0)));
    check(&book, &["0..60 4200 minimum"]);
}

#[test]
fn an_emergency_of_a_programme_that_allows_it_goes_below() {
    check(&with_minimum([emergency("doe")]), &["0..60 0 now"]);
}

#[test]
fn section_14a_dims_and_never_switches_off() {
    check(&with_minimum([emergency("14a")]), &["0..60 4200 minimum"]);
}

#[test]
fn a_share_of_an_areas_limit_is_raised_to_the_guaranteed_minimum() {
    let mut book =
        with_minimum([GridLimit { target: AreaId::from("feeder").into(), ..limit("all", 1, &[(0, 60, 6000.0)]) }]);
    book.set_area("feeder".into(), vec![SITE.into(), "site-b".into()]);
    check(&book, &["0..60 4200 minimum"]);
    assert_eq!(told(&book.effective(&"site-b".into(), window(0, 60))), ["0..60 3000 all"]);
    let area = told(&book.effective_of(&AreaId::from("feeder").into(), window(0, 60)));
    assert_eq!(area, ["0..60 7200 minimum"], "what its members may draw together");
}

#[test]
fn the_guaranteed_minimum_does_not_lift_the_capacity_and_not_exports() {
    let mut both = limit("doe", 1, &[(0, 60, 0.0)]);
    both.intervals[0].maximum_export_w = Some(Power::from_w(0.0));
    let mut book = with_minimum([both]);
    book.set_capacity(SITE.into(), Some(Power::from_w(3000.0)), None);
    check(&book, &["0..60 3000 capacity"]);
    let piece = &book.effective(&SITE.into(), window(0, 60))[0];
    assert_eq!(piece.maximum_export_w, Some((Power::ZERO, Basis::Limit("doe".into()))));
}

#[test]
fn a_utility_is_warned_of_the_intervals_that_are_raised() {
    let mut book = with_minimum([]);
    let stated = limit("doe", 1, &[(0, 10, 4199.0), (10, 20, 4200.0), (20, 30, 0.0)]).intervals;
    let below = |book: &LimitBook, target: &Target, programme, kind| {
        book.below_guaranteed_minimum(target, programme, kind, &stated)
    };
    assert_eq!(below(&book, &site(), "doe", LimitKind::Scheduled), [0, 2]);
    assert_eq!(below(&book, &site(), "doe", LimitKind::Emergency), [0; 0]);
    assert_eq!(below(&book, &site(), "14a", LimitKind::Emergency), [0, 2]);
    assert_eq!(below(&book, &NodeId::from("site-b").into(), "doe", LimitKind::Scheduled), [0; 0]);
    let area = Target::from(AreaId::from("feeder"));
    book.set_area("feeder".into(), vec![SITE.into(), "site-b".into()]);
    assert_eq!(below(&book, &area, "doe", LimitKind::Scheduled), [0, 1, 2], "half of it is below");
}
