use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::limit::LimitInterval;

const SITE: &str = "site-a";

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
        target: SITE.into(),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision,
        intervals: intervals.collect(),
        reason: String::new(),
        accepted_at: at(0),
        cancelled_at: None,
    }
}

fn book(limits: impl IntoIterator<Item = GridLimit>) -> LimitBook {
    let mut book = LimitBook::new();
    limits.into_iter().for_each(|limit| book.enter(limit));
    book
}

/// `start..end watts source` of each piece from minute 0 to 60; `-` where nothing limits.
#[track_caller]
fn check(book: &LimitBook, expected: &[&str]) {
    let minute = |at_: DateTime<Utc>| (at_ - at(0)).num_minutes();
    let pieces = book.effective(&SITE.into(), window(0, 60)).into_iter().map(|piece| {
        let bound = piece.maximum_import_w.map_or("-".to_owned(), |(power, basis)| match basis {
            Basis::Limit(id) => format!("{} {id}", power.as_w()),
            Basis::ConnectionCapacity => format!("{} capacity", power.as_w()),
        });
        format!("{}..{} {bound}", minute(piece.interval.start), minute(piece.interval.end))
    });
    assert_eq!(pieces.collect::<Vec<_>>(), expected);
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
    assert_eq!(book.latest_revision("dso", &SITE.into(), "doe"), Some(1));
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
    assert_eq!(book.latest_revision("dso", &SITE.into(), "doe"), Some(2));
}

#[test]
fn a_cancelled_limit_never_applies_and_what_it_replaced_shows_again() {
    let cancelled = GridLimit { cancelled_at: Some(at(1)), ..limit("gone", 2, &[(0, 60, 1.0)]) };
    let book = book([limit("real", 1, &[(0, 60, 10.0)]), cancelled]);
    check(&book, &["0..60 10 real"]);
    assert_eq!(book.latest_revision("dso", &SITE.into(), "doe"), Some(2));
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
    let elsewhere = GridLimit { target: "site-b".into(), ..limit("b", 1, &[(0, 60, 1.0)]) };
    let book = book([limit("a", 1, &[(0, 60, 10.0)]), elsewhere]);
    check(&book, &["0..60 10 a"]);
    assert_eq!(book.targets().map(NodeId::as_str).collect::<Vec<_>>(), ["site-a", "site-b"]);
}

#[test]
fn empty_intervals_and_windows_are_harmless() {
    let book = book([limit("odd", 1, &[(30, 30, 1.0), (50, 40, 1.0)])]);
    check(&book, &["0..60 -"]);
    assert_eq!(book.effective(&SITE.into(), window(5, 5)), []);
    assert_eq!(book.effective(&SITE.into(), window(5, 1)), []);
}

fn any_limit() -> impl Strategy<Value = GridLimit> {
    let power = || proptest::option::of((0_u8..6).prop_map(|kw| Power::from_kw(f64::from(kw))));
    let pieces = proptest::collection::vec((0_i64..20, 1_i64..20, power(), power()), 1..6);
    let kind =
        prop_oneof![4 => Just(LimitKind::Scheduled), 1 => Just(LimitKind::Emergency), 1 => Just(LimitKind::Test)];
    let who = (0_u8..2, 0_u8..2, 0_u8..4);
    (who, kind, pieces).prop_map(|((utility, programme, withdrawn), kind, pieces)| {
        let mut start = -10;
        let intervals = pieces.into_iter().map(|(gap, length, import, export)| {
            let interval = window(start + gap, start + gap + length);
            start += gap + length;
            LimitInterval { interval, maximum_import_w: import, maximum_export_w: export }
        });
        let cancelled_at = (withdrawn == 0).then(|| at(0));
        let (utility, programme) = (format!("u{utility}"), format!("p{programme}"));
        GridLimit { intervals: intervals.collect(), utility, programme, kind, cancelled_at, ..limit("", 0, &[]) }
    })
}

/// Limits with distinct ids and revisions that rise.
fn any_limits() -> impl Strategy<Value = Vec<GridLimit>> {
    proptest::collection::vec(any_limit(), 0..8).prop_map(|limits| {
        let named =
            |(revision, limit): (i64, GridLimit)| GridLimit { id: format!("l{revision}").into(), revision, ..limit };
        (1..).zip(limits).map(named).collect()
    })
}

/// The rule by its words, for one instant and without timelines: the import and the export limit.
fn plainly(limits: &[GridLimit], capacity: Option<Power>, at: DateTime<Utc>) -> (Option<Power>, Option<Power>) {
    let mut newest: BTreeMap<(&str, &str), (i64, LimitInterval)> = BTreeMap::new();
    for limit in limits.iter().filter(|limit| limit.kind != LimitKind::Test && limit.cancelled_at.is_none()) {
        for item in limit.intervals.iter().filter(|item| item.interval.contains(at)) {
            let stated = newest.entry((&limit.utility, &limit.programme)).or_insert((limit.revision, *item));
            if stated.0 <= limit.revision {
                *stated = (limit.revision, *item);
            }
        }
    }
    let import = newest.values().filter_map(|(_, item)| item.maximum_import_w).chain(capacity).min();
    (import, newest.values().filter_map(|(_, item)| item.maximum_export_w).min())
}

proptest! {
    #[test]
    fn the_pieces_cover_the_window_and_say_what_the_rule_says(
        limits in any_limits(),
        start in -20_i64..100,
        length in 1_i64..100,
        capacity in proptest::option::of((0_u8..6).prop_map(|kw| Power::from_kw(f64::from(kw)))),
    ) {
        let mut book = book(limits.clone());
        book.set_capacity(SITE.into(), capacity, None);
        let window = window(start, start + length);
        let pieces = book.effective(&SITE.into(), window);
        prop_assert_eq!(pieces[0].interval.start, window.start);
        prop_assert_eq!(pieces[pieces.len() - 1].interval.end, window.end);
        prop_assert!(pieces.iter().all(|piece| piece.interval.start < piece.interval.end));
        for pair in pieces.windows(2) {
            prop_assert_eq!(pair[0].interval.end, pair[1].interval.start);
            prop_assert!(!same_bounds(&pair[0], &pair[1]), "neighbours that are equal are one piece");
        }
        for minute in start..start + length {
            let piece = pieces.iter().find(|piece| piece.interval.contains(at(minute))).unwrap();
            let watts = |bound: &Bound| bound.as_ref().map(|(power, _)| *power);
            let told = (watts(&piece.maximum_import_w), watts(&piece.maximum_export_w));
            prop_assert_eq!(told, plainly(&limits, capacity, at(minute)), "at minute {}", minute);
        }
    }

    #[test]
    fn a_source_states_the_number_it_is_named_for(limits in any_limits()) {
        let book = book(limits.clone());
        for piece in book.effective(&SITE.into(), window(-10, 100)) {
            let Some((power, Basis::Limit(id))) = piece.maximum_import_w else { continue };
            let source = limits.iter().find(|limit| limit.id == id).unwrap();
            let item = source.intervals.iter().find(|item| item.interval.contains(piece.interval.start)).unwrap();
            prop_assert_eq!(item.maximum_import_w, Some(power));
        }
    }
}
