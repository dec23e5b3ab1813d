//! How much the book may hold.

use super::*;

#[test]
fn fifty_weeks_of_five_minutes_that_begin_at_odd_times_are_laid_over_each_other() {
    let minutes = 5 * 2016;
    let pieces = |index: i64| (0..2016).map(move |step| (5 * step, 5 * step + 5, 1000.0 + (index * step % 97) as f64));
    let limits = (1..=50).map(|index| {
        let all: Vec<_> = pieces(index).collect();
        let mut limit = limit(&format!("l{index}"), index, &all);
        limit.programme = format!("p{}", index % 5);
        for item in &mut limit.intervals {
            let shift = chrono::TimeDelta::seconds(index);
            (item.interval.start, item.interval.end) = (item.interval.start + shift, item.interval.end + shift);
        }
        limit
    });
    let book = book(limits);
    let effective = book.effective(&SITE.into(), window(0, minutes));
    let covered: chrono::TimeDelta = effective.iter().map(|piece| piece.interval.duration()).sum();
    assert_eq!(covered, window(0, minutes).duration());
    assert!(effective.len() > 2016);
}
