//! Limits that begin a little later at each place.

use super::super::lanes::delay_s;
use super::*;

const MOST_S: u32 = 600;

fn random(id: &str, pieces: &[(i64, i64, f64)]) -> GridLimit {
    GridLimit { terms: Terms { randomize_start_s: MOST_S, ..Terms::default() }, ..limit(id, 1, pieces) }
}

/// `(start, end)` in seconds of each piece that is limited.
fn limited(book: &LimitBook, node: &str) -> Vec<(i64, i64)> {
    let second = |at_: DateTime<Utc>| (at_ - at(0)).num_seconds();
    let pieces = book.effective(&node.into(), window(0, 120)).into_iter();
    let limited = pieces.filter(|piece| piece.maximum_import_w.is_some());
    limited.map(|piece| (second(piece.interval.start), second(piece.interval.end))).collect()
}

#[test]
fn the_first_interval_and_each_after_a_gap_begin_later_by_the_same_delay() {
    let delay = i64::from(delay_s(&"soft".into(), &SITE.into(), MOST_S));
    assert!(delay > 0, "a delay to be seen");
    let book = book([random("soft", &[(0, 20, 5.0), (20, 40, 6.0), (60, 80, 7.0)])]);
    assert_eq!(limited(&book, SITE), [(delay, 1200), (1200, 2400), (3600 + delay, 4800)]);
}

#[test]
fn a_delay_is_never_longer_than_the_interval() {
    let short = GridLimit {
        terms: Terms { randomize_start_s: 1_000_000, ..Terms::default() },
        ..random("soft", &[(0, 2, 5.0), (2, 4, 6.0)])
    };
    assert_eq!(limited(&book([short]), SITE), [(120, 240)]);
}

#[test]
fn an_emergency_begins_at_once() {
    let now = GridLimit { kind: LimitKind::Emergency, ..random("soft", &[(0, 20, 5.0)]) };
    assert_eq!(limited(&book([now]), SITE), [(0, 1200)]);
}

#[test]
fn delays_differ_from_place_to_place_and_limit_to_limit_and_never_change() {
    let delay = |limit: &str, node: &str| delay_s(&limit.into(), &node.into(), MOST_S);
    assert_eq!([delay("l1", "site-a"), delay("l1", "site-b"), delay("l2", "site-a")], [551, 41, 61]);
    assert_eq!(delay_s(&"l1".into(), &SITE.into(), 0), 0);
}

#[test]
fn delays_spread_over_all_of_the_time() {
    let delays = (0..1000).map(|place| delay_s(&"soft".into(), &format!("site-{place}").into(), MOST_S));
    let mut quarters = [0; 4];
    delays.for_each(|delay| quarters[(delay / 150) as usize] += 1);
    assert!(quarters.iter().all(|count| (200..300).contains(count)), "{quarters:?}");
}

#[test]
fn names_that_differ_in_their_last_letter_alone_are_spread_too() {
    let delays = (0..10).map(|place| delay_s(&"soft".into(), &format!("site-{place}").into(), MOST_S));
    let mut thirds = [0; 3];
    delays.for_each(|delay| thirds[(delay / 200) as usize] += 1);
    assert!(thirds.iter().all(|count| *count >= 2), "{thirds:?}");
}

#[test]
fn an_area_begins_when_the_last_of_its_members_does() {
    let area = Target::from(AreaId::from("feeder"));
    let mut book = book([GridLimit { target: area.clone(), ..random("soft", &[(0, 60, 100.0)]) }]);
    book.set_area("feeder".into(), vec![SITE.into(), "site-b".into()]);
    let starts = [limited(&book, SITE)[0].0, limited(&book, "site-b")[0].0];
    let pieces = book.effective_of(&area, window(0, 60));
    assert_eq!((pieces[1].interval.start - at(0)).num_seconds(), *starts.iter().max().unwrap());
    assert_ne!(starts[0], starts[1]);
}
