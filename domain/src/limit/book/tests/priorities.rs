//! Which limit of one programme wins.

use super::*;

fn ranked(id: &str, revision: i64, priority: Option<i32>, pieces: &[(i64, i64, f64)]) -> GridLimit {
    GridLimit { terms: Terms { priority, ..Terms::default() }, ..limit(id, revision, pieces) }
}

#[test]
fn within_one_programme_the_lower_priority_number_wins_where_both_cover_a_time() {
    let limits = [ranked("three", 9, Some(3), &[(0, 60, 5.0)]), ranked("one", 1, Some(1), &[(20, 40, 99.0)])];
    check(&book(limits), &["0..20 5 three", "20..40 99 one", "40..60 5 three"]);
}

#[test]
fn an_absent_priority_comes_after_every_stated_one() {
    let limits = [ranked("none", 9, None, &[(0, 60, 5.0)]), ranked("low", 1, Some(i32::MAX), &[(20, 40, 99.0)])];
    check(&book(limits), &["0..20 5 none", "20..40 99 low", "40..60 5 none"]);
}

#[test]
fn among_equal_priorities_the_higher_revision_wins() {
    let limits = [ranked("new", 2, Some(7), &[(20, 60, 99.0)]), ranked("old", 1, Some(7), &[(0, 40, 5.0)])];
    check(&book(limits), &["0..20 5 old", "20..60 99 new"]);
}

#[test]
fn a_gap_of_a_higher_priority_shows_the_lower_one() {
    let high = ranked("high", 1, Some(1), &[(0, 20, 50.0), (40, 60, 50.0)]);
    check(
        &book([high, ranked("low", 2, Some(2), &[(0, 60, 10.0)])]),
        &["0..20 50 high", "20..40 10 low", "40..60 50 high"],
    );
}

#[test]
fn priorities_do_not_reach_across_programmes_and_utilities() {
    let other = |programme: &str, utility: &str| GridLimit {
        programme: programme.to_owned(),
        utility: utility.to_owned(),
        ..ranked("other", 1, Some(9), &[(0, 60, 5.0)])
    };
    let first = || ranked("first", 1, Some(1), &[(0, 60, 10.0)]);
    check(&book([first(), other("14a", "dso")]), &["0..60 5 other"]);
    check(&book([first(), other("doe", "tso")]), &["0..60 5 other"]);
}
