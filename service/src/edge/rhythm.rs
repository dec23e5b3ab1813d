//! When a partner's lists are pulled, and from when on. OCPI asks for hours, with some splay (2.2.1 §4.1).

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::PartnerId;
use sha2::{Digest, Sha256};

use crate::config::Control;
use crate::store::PullProgress;

#[cfg(test)]
mod tests;

/// What was changed shortly before the last pull is asked for again: clocks differ, and lists lag.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);
/// The first pause after a failure; each further one doubles it, up to an hour.
const RETRY_FIRST: TimeDelta = TimeDelta::minutes(1);
const RETRY_MAX: TimeDelta = TimeDelta::hours(1);
/// Up to this share is added to the time between pulls, by the partner's name.
const SPLAY: f64 = 0.2;

/// The times of a partner's pulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rhythm {
    /// Between pulls of what has changed.
    pub(super) every: TimeDelta,
    /// Between full pulls.
    full_every: TimeDelta,
}

/// What to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Full,
    Since(DateTime<Utc>),
}

impl Rhythm {
    /// Returns the times of a partner; the same name always has the same.
    pub(super) fn of(partner: &PartnerId, settings: &Control) -> Self {
        let hash = Sha256::digest(partner.as_str().as_bytes());
        let share = f64::from(u16::from_be_bytes([hash[0], hash[1]])) / 65_536.0;
        let stretched = |time: TimeDelta| {
            #[expect(clippy::cast_possible_truncation, reason = "days in milliseconds")]
            TimeDelta::milliseconds((time.num_milliseconds() as f64 * (1.0 + SPLAY * share)) as i64)
        };
        Self { every: stretched(settings.pull_every()), full_every: stretched(settings.full_pull_every()) }
    }

    /// Returns when the next pull is due.
    pub(super) fn next(&self, progress: &PullProgress) -> DateTime<Utc> {
        match progress {
            PullProgress { failures: 1.., failed_at: Some(at), not_before, .. } => {
                let usual = *at + self.retry(progress.failures);
                not_before.map_or(usual, |not_before| usual.max(not_before))
            }
            PullProgress { under_way: None, good_until: Some(good), full_at: Some(full), .. } => {
                (*good + self.every).min(*full + self.full_every)
            }
            _ => DateTime::<Utc>::MIN_UTC,
        }
    }

    /// Returns the pause after so many failures in a row.
    pub(super) fn retry(&self, failures: u32) -> TimeDelta {
        (RETRY_FIRST * 2_i32.pow(failures.saturating_sub(1).min(10))).min(RETRY_MAX).min(self.every)
    }

    /// Returns what a pull that begins now asks for.
    pub(super) fn scope(&self, progress: &PullProgress, now: DateTime<Utc>) -> Scope {
        match (progress.good_until, progress.full_at) {
            (Some(good), Some(full)) if now < full + self.full_every => Scope::Since(good - OVERLAP),
            _ => Scope::Full,
        }
    }
}
