//! The base load of a building: a workplace, or homes.

use chrono::{DateTime, Datelike, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use headroom_domain::series::Series;
use headroom_domain::time::floor_to;
use headroom_domain::units::seconds;
use headroom_domain::{Interval, Power, TimeGrid};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Share of the peak at an hour of the local day, joined by straight lines. Every day begins and ends at the night level.
struct Shape {
    workday: &'static [(f64, f64)],
    saturday: &'static [(f64, f64)],
    sunday: &'static [(f64, f64)],
}

const WORKPLACE: Shape = Shape { workday: &WORKDAY, saturday: &SATURDAY, sunday: &SUNDAY };
const HOMES: Shape = Shape { workday: &HOME_WORKDAY, saturday: &HOME_WEEKEND, sunday: &HOME_WEEKEND };

const WORKDAY: [(f64, f64); 11] = [
    (0.0, NIGHT),
    (5.5, NIGHT),
    (7.0, 0.42),
    (9.0, 0.70),
    (11.0, 0.80),
    (12.5, 0.90),
    (14.0, 0.80),
    (16.0, 0.70),
    (18.0, 0.46),
    (20.5, 0.28),
    (24.0, NIGHT),
];
const SATURDAY: [(f64, f64); 5] = [(0.0, NIGHT), (8.0, NIGHT), (11.0, 0.34), (15.0, 0.32), (24.0, NIGHT)];
const SUNDAY: [(f64, f64); 4] = [(0.0, NIGHT), (10.0, 0.24), (14.0, 0.24), (24.0, NIGHT)];
/// Up in the morning, out by day, the peak when all are home.
const HOME_WORKDAY: [(f64, f64); 9] = [
    (0.0, NIGHT),
    (5.5, NIGHT),
    (7.5, 0.50),
    (9.5, 0.34),
    (15.0, 0.36),
    (17.5, 0.75),
    (19.5, 0.92),
    (22.0, 0.50),
    (24.0, NIGHT),
];
const HOME_WEEKEND: [(f64, f64); 7] =
    [(0.0, NIGHT), (7.0, NIGHT), (10.0, 0.55), (15.0, 0.50), (19.0, 0.88), (22.0, 0.50), (24.0, NIGHT)];
const NIGHT: f64 = 0.22;
/// Days differ above the night level by a factor in this range.
const DAY_FACTOR: std::ops::Range<f64> = 0.85..1.05;
/// Share of the peak below which the building never falls.
const LEAST: f64 = 0.05;

/// Correlation of the noise from minute to minute.
const PERSISTENCE: f64 = 0.98;
/// Minutes after which nothing of a shock is left; the sum over them is the same for every window.
const MEMORY_MIN: usize = 300;
/// Standard deviation of the noise at night and, on top, per share above the night level, in shares of the peak.
const NOISE: (f64, f64) = (0.012, 0.035);
const MINUTES_A_DAY: i64 = 1440;

/// Makes the base load of a workplace building, 0 to `peak`, as the mean over each step; the last step may be shorter.
///
/// A pure function of seed and time, minute by minute: any two windows agree where they overlap.
pub fn base_load(seed: u64, window: Interval, step: TimeDelta, time_zone: Tz, peak: Power) -> Series<Power> {
    load(&WORKPLACE, seed, window, step, time_zone, peak)
}

/// Makes the base load of a building of homes, in the same way as [`base_load`].
pub fn home_load(seed: u64, window: Interval, step: TimeDelta, time_zone: Tz, peak: Power) -> Series<Power> {
    load(&HOMES, seed, window, step, time_zone, peak)
}

fn load(shape: &Shape, seed: u64, window: Interval, step: TimeDelta, time_zone: Tz, peak: Power) -> Series<Power> {
    let step = step.max(TimeDelta::seconds(1));
    let mut edges = vec![window.start];
    let mut edge = window.start;
    while edge < window.end {
        edge = (edge + step).min(window.end);
        edges.push(edge);
    }
    let grid = TimeGrid::new(edges).unwrap_or_else(|_| TimeGrid::uniform(window.start, step, 1));
    let minutes = Minutes::new(shape, seed, &grid, time_zone);
    let values = grid.steps().map(|step| peak.or_zero() * minutes.mean_over(step)).collect();
    Series::new(grid.clone(), values).unwrap_or_else(|_| Series::constant(grid, Power::ZERO))
}

/// Shares of the peak, a minute each.
struct Minutes {
    start: DateTime<Utc>,
    shares: Vec<f64>,
}

impl Minutes {
    fn new(shape: &Shape, seed: u64, grid: &TimeGrid, time_zone: Tz) -> Self {
        let start = floor_to(grid.start(), TimeDelta::minutes(1));
        let count = usize::try_from((grid.end() - start).num_seconds().div_euclid(60) + 1).unwrap_or(1);
        let noise = noise(seed, start.timestamp().div_euclid(60), count);
        let at = |index: usize| start + TimeDelta::seconds(60 * i64::try_from(index).unwrap_or(0));
        let share = |(index, noise): (usize, f64)| {
            let above_night = usual(shape, seed, time_zone, at(index)) - NIGHT;
            (NIGHT + above_night + noise * (NOISE.0 + NOISE.1 * above_night)).clamp(LEAST, 1.0)
        };
        Self { start, shares: noise.into_iter().enumerate().map(share).collect() }
    }

    fn mean_over(&self, step: Interval) -> f64 {
        let first = usize::try_from((step.start - self.start).num_seconds() / 60).unwrap_or(0);
        let (mut sum, mut total) = (0.0, 0.0);
        for index in first.min(self.shares.len() - 1)..self.shares.len() {
            let start = self.start + TimeDelta::seconds(60 * i64::try_from(index).unwrap_or(0));
            let minute = Interval { start, end: start + TimeDelta::minutes(1) };
            let Some(shared) = minute.intersection(&step) else { break };
            sum += self.shares[index] * seconds(shared.duration());
            total += seconds(shared.duration());
        }
        sum / f64::max(total, f64::MIN_POSITIVE)
    }
}

/// Returns noise of variance about 1 for `count` minutes from a minute since 1970.
fn noise(seed: u64, first: i64, count: usize) -> Vec<f64> {
    let before = i64::try_from(MEMORY_MIN).unwrap_or(0);
    let shocks = shocks(seed, first - before, count + MEMORY_MIN);
    let weights: Vec<f64> =
        std::iter::successors(Some((1.0 - PERSISTENCE * PERSISTENCE).sqrt()), |weight| Some(weight * PERSISTENCE))
            .take(MEMORY_MIN)
            .collect();
    // A sum over past shocks, and not the recursion: it has no beginning that a window could shift.
    let at = |index: usize| {
        weights.iter().zip(shocks[..=index + MEMORY_MIN].iter().rev()).map(|(weight, shock)| weight * shock).sum()
    };
    (0..count).map(at).collect()
}

/// Returns a normal number for each of `count` minutes; every day has its own stream of chance.
fn shocks(seed: u64, first: i64, count: usize) -> Vec<f64> {
    let mut found = Vec::with_capacity(count + 1440);
    let mut day = first.div_euclid(MINUTES_A_DAY);
    let skipped = usize::try_from(first.rem_euclid(MINUTES_A_DAY)).unwrap_or(0);
    while found.len() < count + skipped {
        let chance = day_chance(seed, day);
        found.extend(chance.sample_iter::<f64, _>(StandardNormal).take(1440));
        day += 1;
    }
    found.drain(..skipped);
    found.truncate(count);
    found
}

fn day_chance(seed: u64, day: i64) -> ChaCha8Rng {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    chance.set_stream(day.cast_unsigned());
    chance
}

/// Returns the share of the peak that is usual at an instant, by local time.
fn usual(shape: &Shape, seed: u64, time_zone: Tz, at: DateTime<Utc>) -> f64 {
    let offset_s = time_zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let local_s = at.timestamp() + i64::from(offset_s);
    let day = local_s.div_euclid(86_400);
    let hour = local_s.rem_euclid(86_400) as f64 / 3600.0;
    let weekday = DateTime::from_timestamp(day * 86_400, 0).map_or(Weekday::Mon, |date| date.weekday());
    let share = match weekday {
        Weekday::Sat => between(shape.saturday, hour),
        Weekday::Sun => between(shape.sunday, hour),
        _ => between(shape.workday, hour),
    };
    // Another seed than the noise has, so that a day's level says nothing of its minutes.
    let factor = day_chance(!seed, day).random_range(DAY_FACTOR);
    NIGHT + (share - NIGHT) * factor
}

fn between(knots: &[(f64, f64)], hour: f64) -> f64 {
    let next = knots.partition_point(|(knot, _)| *knot <= hour).clamp(1, knots.len() - 1);
    let ((left, low), (right, high)) = (knots[next - 1], knots[next]);
    low + (high - low) * ((hour - left) / (right - left)).clamp(0.0, 1.0)
}
