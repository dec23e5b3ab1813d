//! How much one caller may ask for.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::status::DOMAIN;

const REASON: &str = "QUOTA_EXCEEDED";

/// After so many calls, those who have not called for long are forgotten.
const SWEEP_EVERY: u32 = 1024;

/// How much one principal may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaLimits {
    /// Calls per second in the long run; a batch counts one for each of its items.
    pub per_second: NonZeroU32,
    /// Calls at once after a pause. A batch with more items is never taken.
    pub burst: NonZeroU32,
    /// Streams at a time.
    pub streams_max: usize,
}

impl Default for QuotaLimits {
    /// 50 calls a second, 1000 at once, 8 streams.
    fn default() -> Self {
        let (per_second, burst) = (NonZeroU32::MIN.saturating_add(49), NonZeroU32::MIN.saturating_add(999));
        Self { per_second, burst, streams_max: 8 }
    }
}

/// Counts what principals ask for, by the generic cell rate algorithm (ITU-T I.371 Annex A).
pub(super) struct Quotas<C: Clock = DefaultClock> {
    limits: QuotaLimits,
    clock: C,
    calls: RateLimiter<String, HashMapStateStore<String>, C, NoOpMiddleware<C::Instant>>,
    taken: AtomicU32,
    streams: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Quotas {
    /// Counts by real time.
    pub(super) fn new(limits: QuotaLimits) -> Self {
        Self::with_clock(limits, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Quotas<C> {
    pub(super) fn with_clock(limits: QuotaLimits, clock: C) -> Self {
        let quota = Quota::per_second(limits.per_second).allow_burst(limits.burst);
        let calls = RateLimiter::hashmap_with_clock(quota, clock.clone());
        Self { limits, clock, calls, taken: AtomicU32::new(0), streams: Arc::default() }
    }

    /// Takes what a call costs; a call that is refused costs nothing, and one that is said to cost nothing costs one.
    ///
    /// **Errors**: `RESOURCE_EXHAUSTED` with `QUOTA_EXCEEDED` and when to try again; `INVALID_ARGUMENT` with the same
    /// reason where waiting would not help.
    pub(super) fn take(&self, principal: &str, cost: u32) -> Result<(), Status> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.calls.retain_recent();
            self.calls.shrink_to_fit();
        }
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN);
        match self.calls.check_key_n(&principal.to_owned(), cost) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(self.exhausted(until.wait_time_from(self.clock.now()))),
            Err(_) => Err(self.too_large(cost)),
        }
    }

    /// Takes the place of a stream until what it returns is dropped.
    ///
    /// **Errors**: `RESOURCE_EXHAUSTED` with `QUOTA_EXCEEDED`.
    pub(super) fn stream(&self, principal: &str) -> Result<StreamPlace, Status> {
        let mut streams = self.streams.lock();
        let open = streams.get(principal).copied().unwrap_or_default();
        let streams_max = self.limits.streams_max;
        if open >= streams_max {
            let message = format!("{open} streams are open, and {streams_max} are allowed at a time: end one of them");
            return Err(told(Code::ResourceExhausted, &message, "streams_max", streams_max.to_string(), None));
        }
        streams.insert(principal.to_owned(), open + 1);
        Ok(StreamPlace { principal: principal.to_owned(), streams: Arc::clone(&self.streams) })
    }

    fn exhausted(&self, wait: Duration) -> Status {
        let per_second = self.limits.per_second.to_string();
        let message = format!(
            "more than {per_second} calls a second: repeat after {} ms with the same request_id",
            wait.as_micros().div_ceil(1000)
        );
        told(Code::ResourceExhausted, &message, "per_second", per_second, Some(wait))
    }

    fn too_large(&self, cost: NonZeroU32) -> Status {
        let burst = self.limits.burst;
        let message = format!("a call for {cost} items never fits: send at most {burst} items at once");
        told(Code::InvalidArgument, &message, "burst", burst.to_string(), None)
    }
}

/// The place of one stream.
#[must_use = "the place is free again when this is dropped"]
pub(super) struct StreamPlace {
    principal: String,
    streams: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut streams = self.streams.lock();
        match streams.get_mut(&self.principal) {
            Some(open) if *open > 1 => *open -= 1,
            _ => drop(streams.remove(&self.principal)),
        }
    }
}

fn told(code: Code, message: &str, limit: &str, value: String, retry_after: Option<Duration>) -> Status {
    let metadata = HashMap::from([(limit.to_owned(), value)]);
    let mut details = ErrorDetails::with_error_info(REASON, DOMAIN, metadata);
    if retry_after.is_some() {
        details.set_retry_info(retry_after);
    }
    Status::with_error_details(code, message, details)
}

#[cfg(test)]
mod tests;
