//! Intervals, planning grids and the one clock that every part is given.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::units::seconds;

/// A stretch of time, half-open: `start` belongs to it, `end` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First instant.
    pub start: DateTime<Utc>,
    /// First instant after it.
    pub end: DateTime<Utc>,
}

impl Interval {
    /// Makes an interval; `None` when it would not hold a single instant.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// Returns how long it is.
    pub fn duration(&self) -> TimeDelta {
        self.end - self.start
    }

    /// Tells whether an instant lies in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.start <= at && at < self.end
    }

    /// Returns what two intervals share.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// The steps of a plan: adjoining intervals that may widen with distance.
///
/// **Shape**: `len()` steps have `len() + 1` edges, strictly rising; there is at least one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<DateTime<Utc>>", into = "Vec<DateTime<Utc>>")]
pub struct TimeGrid {
    edges: Arc<[DateTime<Utc>]>,
}

/// Why a list of instants is no grid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// Fewer than two edges.
    #[error("a time grid needs at least two edges, got {0}: give the start and the end of every step")]
    TooShort(usize),
    /// An edge that is not later than the one before it.
    #[error("edge {0} of the time grid is not later than the edge before it: sort the edges and drop repeats")]
    NotRising(usize),
}

impl TimeGrid {
    /// Makes a grid from its edges.
    pub fn new(edges: Vec<DateTime<Utc>>) -> Result<Self, GridError> {
        if edges.len() < 2 {
            return Err(GridError::TooShort(edges.len()));
        }
        match edges.windows(2).position(|pair| pair[0] >= pair[1]) {
            Some(index) => Err(GridError::NotRising(index + 1)),
            None => Ok(Self { edges: edges.into() }),
        }
    }

    /// Makes a grid of equal steps. A count of zero is taken as one, a step below a second as a second.
    pub fn uniform(start: DateTime<Utc>, step: TimeDelta, count: usize) -> Self {
        Self::widening(start, &[(step, count)])
    }

    /// Makes a grid of groups of equal steps, for example 24 of 5 minutes, then 88 of 15 minutes.
    ///
    /// Steps below a second are taken as a second; an empty list gives one step of a second.
    pub fn widening(start: DateTime<Utc>, groups: &[(TimeDelta, usize)]) -> Self {
        let mut edges = vec![start];
        let mut edge = start;
        for &(step, count) in groups {
            for _ in 0..count {
                edge += step.max(TimeDelta::seconds(1));
                edges.push(edge);
            }
        }
        if edges.len() < 2 {
            edges.push(start + TimeDelta::seconds(1));
        }
        Self { edges: edges.into() }
    }

    /// Returns the number of steps.
    #[expect(clippy::len_without_is_empty, reason = "a grid always has a step")]
    pub fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// Returns the edges, one more than there are steps.
    pub fn edges(&self) -> &[DateTime<Utc>] {
        &self.edges
    }

    /// Returns the first instant.
    pub fn start(&self) -> DateTime<Utc> {
        self.edges[0]
    }

    /// Returns the first instant after the last step.
    pub fn end(&self) -> DateTime<Utc> {
        self.edges[self.edges.len() - 1]
    }

    /// Returns a step. Panics when there is no such step, as a slice would.
    pub fn step(&self, index: usize) -> Interval {
        Interval { start: self.edges[index], end: self.edges[index + 1] }
    }

    /// Returns all steps in order.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = Interval> + '_ {
        (0..self.len()).map(|index| self.step(index))
    }

    /// Returns the step that holds an instant.
    pub fn index_of(&self, at: DateTime<Utc>) -> Option<usize> {
        if at < self.start() || at >= self.end() {
            return None;
        }
        Some(self.edges.partition_point(|edge| *edge <= at) - 1)
    }

    /// Returns the length of a step in hours.
    pub fn step_h(&self, index: usize) -> f64 {
        crate::units::hours(self.step(index).duration())
    }
}

impl TryFrom<Vec<DateTime<Utc>>> for TimeGrid {
    type Error = GridError;
    fn try_from(edges: Vec<DateTime<Utc>>) -> Result<Self, GridError> {
        Self::new(edges)
    }
}

impl From<TimeGrid> for Vec<DateTime<Utc>> {
    fn from(grid: TimeGrid) -> Self {
        grid.edges.to_vec()
    }
}

/// Returns the latest multiple of `step` (since the Unix epoch) that is not after `at`.
pub fn floor_to(at: DateTime<Utc>, step: TimeDelta) -> DateTime<Utc> {
    let step_ms = step.num_milliseconds().max(1);
    let since = at.timestamp_millis();
    at - TimeDelta::milliseconds(since.rem_euclid(step_ms)) - sub_millisecond(at)
}

fn sub_millisecond(at: DateTime<Utc>) -> TimeDelta {
    TimeDelta::nanoseconds(i64::from(at.timestamp_subsec_nanos() % 1_000_000))
}

/// The one source of time. Every part that asks for the time is given one.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time now.
    fn now(&self) -> DateTime<Utc>;

    /// Returns how long to wait in reality for a stretch of this clock's time.
    fn real(&self, duration: TimeDelta) -> std::time::Duration;
}

/// A clock that shows what it was told.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Makes a clock that shows `now`, to the millisecond.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(AtomicI64::new(now.timestamp_millis()))
    }

    /// Sets the time shown.
    pub fn set(&self, now: DateTime<Utc>) {
        self.0.store(now.timestamp_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }

    fn real(&self, _: TimeDelta) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// How a scaled clock relates to reality: at `real_origin` it shows `origin`, and it runs `speed` times as fast.
///
/// Programs that are given the same rate show the same time, also after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRate {
    /// An instant of real time.
    pub real_origin: DateTime<Utc>,
    /// What the clock shows at that instant.
    pub origin: DateTime<Utc>,
    /// Seconds of this clock in a real second, more than 0.
    pub speed: f64,
}

/// A clock at a fixed rate to a source of real time.
#[derive(Debug, Clone, Copy)]
pub struct ScaledClock {
    rate: Option<ClockRate>,
    source: fn() -> DateTime<Utc>,
}

impl ScaledClock {
    /// Makes a clock that reads real time from `source`; without a rate it shows real time.
    pub fn new(rate: Option<ClockRate>, source: fn() -> DateTime<Utc>) -> Self {
        Self { rate, source }
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> DateTime<Utc> {
        let real = (self.source)();
        self.rate.map_or(real, |rate| {
            let since_s = seconds(real - rate.real_origin) * rate.speed;
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any real date fit i64")]
            let since = TimeDelta::milliseconds((since_s * 1000.0) as i64);
            rate.origin + since
        })
    }

    fn real(&self, duration: TimeDelta) -> std::time::Duration {
        let speed = self.rate.map_or(1.0, |rate| rate.speed);
        std::time::Duration::try_from_secs_f64(seconds(duration) / speed).unwrap_or_default()
    }
}
