//! Values over time with gaps, where a later insertion covers an earlier one.

use chrono::{DateTime, Utc};
use rangemap::RangeMap;

use crate::time::Interval;

/// A sparse step function of time.
///
/// ```text
/// insert A  ──AAAAAAAAAAAAAAAA──────
/// insert B  ──────BBBBBB────────────
/// gives     ──AAAABBBBBBAAAAAA──────
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline<V: Clone + Eq>(RangeMap<DateTime<Utc>, V>);

impl<V: Clone + Eq> Timeline<V> {
    /// Makes an empty timeline.
    pub fn new() -> Self {
        Self(RangeMap::new())
    }

    /// Lays a value over an interval, covering what was there.
    pub fn insert(&mut self, interval: Interval, value: V) {
        self.0.insert(interval.start..interval.end, value);
    }

    /// Returns the value at an instant.
    pub fn at(&self, at: DateTime<Utc>) -> Option<&V> {
        self.0.get(&at)
    }

    /// Returns the pieces in order; neighbours with equal values are one piece.
    pub fn pieces(&self) -> impl Iterator<Item = (Interval, &V)> {
        self.0.iter().map(|(range, value)| (Interval { start: range.start, end: range.end }, value))
    }
}
