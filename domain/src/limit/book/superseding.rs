//! Which limit has taken another's place.

use chrono::{DateTime, Utc};

use super::LimitBook;
use super::lanes::{applies, lane_of, rank};
use crate::ids::LimitId;
use crate::limit::LimitInterval;
use crate::time::Interval;

impl LimitBook {
    /// Returns the limit that has taken all of a limit's time from now on, within its target and programme, an emergency's
    /// only from other emergencies. Where several have taken it together, it is the first of them that would win.
    ///
    /// Nothing while any of its time still shows, when it is over or withdrawn, and for a test. Random delays of starts are
    /// not looked at: they differ from place to place.
    pub fn superseded(&self, id: &LimitId, now: DateTime<Utc>) -> Option<LimitId> {
        let limit = self.limits.get(id).filter(|limit| applies(limit))?;
        let mut remaining: Vec<_> = limit.intervals.iter().filter_map(|item| from(now, item)).collect();
        if remaining.is_empty() {
            return None;
        }
        let same = |other: &&_| applies(other) && lane_of(other) == lane_of(limit) && rank(other) < rank(limit);
        let mut better: Vec<_> = self.limits_of(&limit.target).filter(same).collect();
        better.sort_by(|first, second| rank(first).cmp(&rank(second)));
        let mut taker = None;
        for other in better {
            let left = without(&remaining, &other.intervals);
            if left != remaining {
                taker.get_or_insert(&other.id);
            }
            if left.is_empty() {
                return taker.cloned();
            }
            remaining = left;
        }
        None
    }
}

fn from(now: DateTime<Utc>, item: &LimitInterval) -> Option<Interval> {
    Interval::new(item.interval.start.max(now), item.interval.end)
}

/// What is left of intervals where others are taken out; both in order.
fn without(intervals: &[Interval], taken: &[LimitInterval]) -> Vec<Interval> {
    let mut left = Vec::new();
    for interval in intervals {
        let first = taken.partition_point(|item| item.interval.end <= interval.start);
        let mut start = interval.start;
        for item in taken[first..].iter().take_while(|item| item.interval.start < interval.end) {
            left.extend(Interval::new(start, item.interval.start));
            start = start.max(item.interval.end);
        }
        left.extend(Interval::new(start, interval.end));
    }
    left
}
