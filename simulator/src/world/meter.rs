//! The meters at the connection point: what they saw, and what of it broke a limit.

use headroom_domain::invariants::{TOLERANCE_W, import_limit_at};
use headroom_domain::units::{hours, seconds};

use super::{DateTime, Deserialize, EffectiveInterval, Interval, Power, Serialize, TimeDelta, Utc, floor_to};

/// How often readings are taken.
const READING_STEP: TimeDelta = TimeDelta::minutes(1);

/// Constant powers over a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TraceStep {
    /// From.
    pub start: DateTime<Utc>,
    /// Until.
    pub end: DateTime<Utc>,
    /// What the site draws beside the vehicles.
    pub base_w: Power,
    /// What the vehicles draw.
    pub steered_w: Power,
    /// What the site may draw; absent: nothing limits it.
    pub limit_w: Option<Power>,
}

impl TraceStep {
    /// Returns what the vehicles draw beyond what the limit leaves them.
    pub fn excess(&self) -> Power {
        self.limit_w.map_or(Power::ZERO, |limit| (self.steered_w - (limit - self.base_w).or_zero()).or_zero())
    }

    /// Returns what the base load alone draws beyond the limit.
    pub fn base_excess(&self) -> Power {
        self.limit_w.map_or(Power::ZERO, |limit| (self.base_w - limit).or_zero())
    }

    fn continues(&self, next: &Self) -> bool {
        let close = |first: Power, second: Power| (first.as_w() - second.as_w()).abs() < 0.05;
        self.end == next.start
            && self.limit_w == next.limit_w
            && close(self.base_w, next.base_w)
            && close(self.steered_w, next.steered_w)
    }
}

/// How long and by how much something was above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Violation {
    /// How long.
    pub violation_s: f64,
    /// Energy above the limit.
    pub violation_kwh: f64,
}

impl Violation {
    /// Adds an excess over a stretch of time; one within the tolerance of sums is none.
    fn add(&mut self, excess: Power, duration: TimeDelta) {
        if excess.as_w() > TOLERANCE_W {
            self.violation_s += seconds(duration);
            self.violation_kwh += excess.as_kw() * hours(duration);
        }
    }

    /// Returns what vehicles broke, and what the base load alone broke, of limits over a trace.
    pub fn of(trace: &[TraceStep], limits: &[EffectiveInterval]) -> (Self, Self) {
        let (mut steered, mut base) = (Self::default(), Self::default());
        for step in trace {
            let edges = limits.iter().map(|piece| piece.interval.start);
            let mut edges: Vec<_> = edges.filter(|edge| step.start < *edge && *edge < step.end).collect();
            edges.extend([step.start, step.end]);
            edges.sort_unstable();
            for pair in edges.windows(2) {
                let piece = TraceStep { limit_w: import_limit_at(limits, pair[0]), ..*step };
                steered.add(piece.excess(), pair[1] - pair[0]);
                base.add(piece.base_excess(), pair[1] - pair[0]);
            }
        }
        (steered, base)
    }
}

/// Mean powers over a minute, as a site's meter reports them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// From.
    pub start: DateTime<Utc>,
    /// Until.
    pub end: DateTime<Utc>,
    /// What the site drew.
    pub import_w: Power,
    /// What of it were not vehicles.
    pub base_load_w: Power,
}

/// What the meters saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Meter {
    trace: Vec<TraceStep>,
    readings: Vec<Reading>,
    minute: Reading,
    peak_w: Power,
    steered_peak_w: Power,
    steered: Violation,
    base: Violation,
}

impl Meter {
    pub(super) fn new(start: DateTime<Utc>) -> Self {
        Self {
            trace: Vec::new(),
            readings: Vec::new(),
            minute: Reading { start, end: start, import_w: Power::ZERO, base_load_w: Power::ZERO },
            peak_w: Power::ZERO,
            steered_peak_w: Power::ZERO,
            steered: Violation::default(),
            base: Violation::default(),
        }
    }

    /// Returns all that was seen, in order; neighbours of equal powers are one.
    pub fn trace(&self) -> &[TraceStep] {
        &self.trace
    }

    /// Returns the minutes that have passed since this was last asked.
    pub fn take_readings(&mut self) -> Vec<Reading> {
        std::mem::take(&mut self.readings)
    }

    /// Returns the highest power of the site.
    pub fn peak(&self) -> Power {
        self.peak_w
    }

    /// Returns the highest power of the vehicles.
    pub fn steered_peak(&self) -> Power {
        self.steered_peak_w
    }

    /// Returns what the vehicles broke of the limit in force.
    pub fn steered_violation(&self) -> Violation {
        self.steered
    }

    /// Returns what the base load alone broke.
    pub fn base_violation(&self) -> Violation {
        self.base
    }

    pub(super) fn record(&mut self, step: TraceStep) {
        let duration = step.end - step.start;
        self.steered.add(step.excess(), duration);
        self.base.add(step.base_excess(), duration);
        self.peak_w = self.peak_w.max(step.base_w + step.steered_w);
        self.steered_peak_w = self.steered_peak_w.max(step.steered_w);
        self.read(&step);
        match self.trace.last_mut().filter(|last| last.continues(&step)) {
            Some(last) => last.end = step.end,
            None => self.trace.push(step),
        }
    }

    /// Adds a step to the minutes that it meets.
    fn read(&mut self, step: &TraceStep) {
        let mut start = step.start;
        while start < step.end {
            let end = step.end.min(floor_to(start, READING_STEP) + READING_STEP);
            let minute = &mut self.minute;
            let (so_far, added) = (seconds(minute.end - minute.start), seconds(end - start));
            let mean = |before: Power, now: Power| (before * so_far + now * added) / (so_far + added);
            minute.import_w = mean(minute.import_w, step.base_w + step.steered_w);
            minute.base_load_w = mean(minute.base_load_w, step.base_w);
            minute.end = end;
            if floor_to(end, READING_STEP) == end {
                self.readings.push(*minute);
                *minute = Reading { start: end, end, import_w: Power::ZERO, base_load_w: Power::ZERO };
            }
            start = end;
        }
    }
}

impl From<Reading> for (Interval, Power) {
    fn from(reading: Reading) -> Self {
        (Interval { start: reading.start, end: reading.end }, reading.base_load_w)
    }
}
