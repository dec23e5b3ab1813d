use super::*;
use crate::limit::Terms;

mod areas;
mod emergencies;
mod guaranteed_minimum;
mod priorities;
mod properties;
mod random_starts;
mod safe_modes;
mod speed;
mod superseding;

const SITE: &str = "site-a";

fn site() -> Target {
    Target::from(NodeId::from(SITE))
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0).unwrap()
}

fn window(start: i64, end: i64) -> Interval {
    Interval { start: at(start), end: at(end) }
}

/// A limit of `doe` with one import limit per `(start, end, watts)`.
fn limit(id: &str, revision: i64, pieces: &[(i64, i64, f64)]) -> GridLimit {
    let intervals = pieces.iter().map(|&(start, end, import_w)| LimitInterval {
        interval: window(start, end),
        maximum_import_w: Some(Power::from_w(import_w)),
        maximum_export_w: None,
    });
    GridLimit {
        id: id.into(),
        utility: "dso".to_owned(),
        target: site(),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision,
        intervals: intervals.collect(),
        reason: String::new(),
        terms: Terms::default(),
        accepted_at: at(0),
        cancelled_at: None,
    }
}

fn book(limits: impl IntoIterator<Item = GridLimit>) -> LimitBook {
    let mut book = LimitBook::new();
    limits.into_iter().for_each(|limit| book.enter(limit));
    book
}

/// `start..end watts source` of each piece's import from minute 0 to 60; `-` where nothing limits.
#[track_caller]
fn check(book: &LimitBook, expected: &[&str]) {
    assert_eq!(told(&book.effective(&SITE.into(), window(0, 60))), expected);
}

fn told(pieces: &[EffectiveInterval]) -> Vec<String> {
    let minute = |at_: DateTime<Utc>| (at_ - at(0)).num_minutes();
    let piece = |piece: &EffectiveInterval| {
        let bound = piece.maximum_import_w.clone().map_or("-".to_owned(), |(power, basis)| match basis {
            Basis::Limit(id) => format!("{} {id}", power.as_w()),
            Basis::ConnectionCapacity => format!("{} capacity", power.as_w()),
            Basis::SafeMode { utility } => format!("{} safe mode of {utility}", power.as_w()),
            Basis::GuaranteedMinimum => format!("{} minimum", power.as_w()),
        });
        format!("{}..{} {bound}", minute(piece.interval.start), minute(piece.interval.end))
    };
    pieces.iter().map(piece).collect()
}

#[test]
fn without_limits_nothing_limits() {
    check(&book([]), &["0..60 -"]);
}

#[test]
fn a_higher_revision_replaces_a_lower_one_for_the_time_it_covers_also_when_it_is_looser() {
    let limits = [limit("old", 1, &[(0, 40, 10.0)]), limit("new", 2, &[(20, 30, 99.0)])];
    check(&book(limits), &["0..20 10 old", "20..30 99 new", "30..40 10 old", "40..60 -"]);
}

#[test]
fn the_order_of_entry_does_not_matter() {
    let limits = [limit("new", 2, &[(20, 30, 99.0)]), limit("old", 1, &[(0, 40, 10.0)])];
    check(&book(limits), &["0..20 10 old", "20..30 99 new", "30..40 10 old", "40..60 -"]);
}

#[test]
fn a_gap_of_a_higher_revision_shows_the_lower_one() {
    let limits = [limit("old", 1, &[(0, 60, 10.0)]), limit("new", 2, &[(0, 20, 5.0), (40, 60, 5.0)])];
    check(&book(limits), &["0..20 5 new", "20..40 10 old", "40..60 5 new"]);
}

#[test]
fn a_replacement_covers_both_directions() {
    let mut new = limit("new", 2, &[(0, 60, 5.0)]);
    new.intervals[0].maximum_import_w = None;
    new.intervals[0].maximum_export_w = Some(Power::from_w(3.0));
    let book = book([limit("old", 1, &[(0, 60, 10.0)]), new]);
    let pieces = book.effective(&SITE.into(), window(0, 60));
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].maximum_import_w, None);
    assert_eq!(pieces[0].maximum_export_w, Some((Power::from_w(3.0), Basis::Limit("new".into()))));
}

#[test]
fn across_programmes_the_tightest_wins() {
    let other = GridLimit { programme: "14a".to_owned(), ..limit("other", 1, &[(10, 50, 7.0)]) };
    let limits = [limit("doe", 9, &[(0, 30, 10.0), (30, 60, 5.0)]), other];
    check(&book(limits), &["0..10 10 doe", "10..30 7 other", "30..60 5 doe"]);
}

#[test]
fn a_utility_replaces_only_its_own_limits() {
    let other = GridLimit { utility: "tso".to_owned(), ..limit("other", 9, &[(0, 60, 99.0)]) };
    let book = book([limit("doe", 1, &[(0, 60, 10.0)]), other]);
    check(&book, &["0..60 10 doe"]);
    assert_eq!(book.latest_revision("dso", &site(), "doe"), Some(1));
}

#[test]
fn an_emergency_limit_overrides_a_looser_one_of_any_programme() {
    let emergency =
        GridLimit { programme: "emergency".to_owned(), kind: LimitKind::Emergency, ..limit("now", 1, &[(0, 15, 0.0)]) };
    check(&book([limit("doe", 9, &[(0, 60, 10.0)]), emergency]), &["0..15 0 now", "15..60 10 doe"]);
}

#[test]
fn a_test_limit_never_applies_but_its_revision_counts() {
    let test = GridLimit { kind: LimitKind::Test, ..limit("test", 2, &[(0, 60, 1.0)]) };
    let book = book([limit("real", 1, &[(0, 60, 10.0)]), test]);
    check(&book, &["0..60 10 real"]);
    assert_eq!(book.latest_revision("dso", &site(), "doe"), Some(2));
}

#[test]
fn a_cancelled_limit_never_applies_and_what_it_replaced_shows_again() {
    let cancelled = GridLimit { cancelled_at: Some(at(1)), ..limit("gone", 2, &[(0, 60, 1.0)]) };
    let book = book([limit("real", 1, &[(0, 60, 10.0)]), cancelled]);
    check(&book, &["0..60 10 real"]);
    assert_eq!(book.latest_revision("dso", &site(), "doe"), Some(2));
}

#[test]
fn the_capacity_always_applies() {
    let mut book = book([limit("doe", 1, &[(0, 20, 50.0), (20, 40, 10.0)])]);
    book.set_capacity(SITE.into(), Some(Power::from_w(43.0)), None);
    check(&book, &["0..20 43 capacity", "20..40 10 doe", "40..60 43 capacity"]);
}

#[test]
fn zero_is_a_limit() {
    check(&book([limit("stop", 1, &[(0, 60, 0.0)])]), &["0..60 0 stop"]);
}

#[test]
fn limits_of_another_place_do_not_apply() {
    let elsewhere = GridLimit { target: NodeId::from("site-b").into(), ..limit("b", 1, &[(0, 60, 1.0)]) };
    let book = book([limit("a", 1, &[(0, 60, 10.0)]), elsewhere]);
    check(&book, &["0..60 10 a"]);
    let targets: Vec<_> = book.targets().map(|target| target.to_string()).collect();
    assert_eq!(targets, ["connectionPoints/site-a", "connectionPoints/site-b"]);
}

#[test]
fn empty_intervals_and_windows_are_harmless() {
    let book = book([limit("odd", 1, &[(30, 30, 1.0), (50, 40, 1.0)])]);
    check(&book, &["0..60 -"]);
    assert_eq!(book.effective(&SITE.into(), window(5, 5)), []);
    assert_eq!(book.effective(&SITE.into(), window(5, 1)), []);
}

#[test]
fn a_limit_entered_again_replaces_itself_also_for_another_place() {
    let mut book = book([limit("a", 1, &[(0, 60, 10.0)])]);
    book.enter(GridLimit { target: NodeId::from("site-b").into(), ..limit("a", 1, &[(0, 60, 10.0)]) });
    check(&book, &["0..60 -"]);
    assert_eq!(book.limits_of(&site()).count(), 0);
    assert_eq!(book.targets().map(|target| target.to_string()).collect::<Vec<_>>(), ["connectionPoints/site-b"]);
}
