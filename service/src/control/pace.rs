//! How fast a partner is asked: a bucket of requests that fills with time, and a pause that grows while it says that it
//! is too often, or that it cannot. OCPI states no rate (2.2.1 §14.2.1, `TOO_OFTEN`), so it is felt for.

use chrono::{DateTime, TimeDelta, Utc};

#[cfg(test)]
mod tests;

/// The first pause; each further one doubles it.
const PAUSE_FIRST: TimeDelta = TimeDelta::seconds(15);
/// The longest pause, before chance is added.
const PAUSE_MAX: TimeDelta = TimeDelta::minutes(10);
/// The longest pause that a partner is given because it wants one: limits have to reach stations.
const WANTED_MAX: TimeDelta = TimeDelta::hours(1);
/// Up to this share of a pause is added by chance, so that those who were turned away do not come back together.
const JITTER: f64 = 0.5;

/// How fast a partner may be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Requests in a minute, in the long run.
    per_minute: f64,
    /// Requests at once after silence.
    burst: f64,
    left: f64,
    counted_at: DateTime<Utc>,
    refusals: u32,
    not_before: DateTime<Utc>,
}

impl Pace {
    /// Makes the pace of a partner that has not been asked lately. A rate below one in a minute is taken as one.
    pub fn new(per_minute: u32, now: DateTime<Utc>) -> Self {
        let per_minute = f64::from(per_minute.max(1));
        // A sixth of a minute's requests at once: a limit that comes into force has to reach many stations.
        let burst = (per_minute / 6.0).max(1.0);
        Self { per_minute, burst, left: burst, counted_at: now, refusals: 0, not_before: DateTime::<Utc>::MIN_UTC }
    }

    /// Takes a request from the bucket, or says when to come back.
    pub fn take(&mut self, now: DateTime<Utc>) -> Result<(), DateTime<Utc>> {
        if now < self.not_before {
            return Err(self.not_before);
        }
        self.fill(now);
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        Err(now + seconds((1.0 - self.left) * 60.0 / self.per_minute).max(TimeDelta::milliseconds(1)))
    }

    /// Notes that the partner was asked too often, or could not answer. **Units**: `chance` is in `[0, 1)`.
    ///
    /// Answers to requests that were under way when a pause began do not lengthen it, unless the partner says how long
    /// it wants to be left alone.
    pub fn turned_away(&mut self, now: DateTime<Utc>, chance: f64, wanted: Option<TimeDelta>) {
        if now >= self.not_before {
            self.pause(now, chance);
        }
        if let Some(wanted) = wanted {
            self.not_before = self.not_before.max(now + wanted.min(WANTED_MAX));
        }
    }

    fn pause(&mut self, now: DateTime<Utc>, chance: f64) {
        let doublings = self.refusals.min(10);
        let pause = (PAUSE_FIRST * 2_i32.pow(doublings)).min(PAUSE_MAX);
        self.refusals += 1;
        let stretched = pause.as_seconds_f64() * (1.0 + JITTER * chance.clamp(0.0, 1.0));
        self.not_before = now + seconds(stretched);
    }

    /// Notes that the partner took a request.
    pub fn went_well(&mut self, now: DateTime<Utc>) {
        if now >= self.not_before {
            self.refusals = 0;
        }
    }

    fn fill(&mut self, now: DateTime<Utc>) {
        let passed_s = (now - self.counted_at).as_seconds_f64().max(0.0);
        self.left = (self.left + passed_s * self.per_minute / 60.0).min(self.burst);
        self.counted_at = now;
    }
}

fn seconds(seconds: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "pauses are minutes")]
    TimeDelta::milliseconds((seconds * 1000.0).ceil() as i64)
}
