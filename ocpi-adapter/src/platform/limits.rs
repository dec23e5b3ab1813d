//! What partners may ask of us, so that one that floods us or is slow does not take the place of the others.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Platform;
use crate::partner::Rate;
use crate::rate::Bucket;

/// So many addresses of strangers are remembered at once.
const STRANGERS_MAX: usize = 10_000;

/// What partners may ask of us. Rates are by the clock of the platform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Most bytes of a body.
    pub body_bytes: usize,
    /// How deep objects and lists may lie in each other in a body.
    pub depth: usize,
    /// How long a body may take to arrive, in real time.
    pub body_timeout: Duration,
    /// How often one partner may ask.
    pub requests: Rate,
    /// How much one partner may ask at the same time.
    pub at_once: usize,
    /// How often one address may be refused for want of a good token, before it is only told to wait.
    pub strangers: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 * 1024 * 1024,
            depth: 32,
            body_timeout: Duration::from_secs(30),
            requests: Rate { per_second: 100.0, burst: 1_000 },
            at_once: 64,
            strangers: Rate { per_second: 1.0, burst: 100 },
        }
    }
}

/// Somebody asks too often or too much at once; after this time it may ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany(pub Duration);

/// What was asked of late.
pub(super) struct Gate {
    limits: Limits,
    start: DateTime<Utc>,
    partners: Mutex<BTreeMap<PartnerId, Turns>>,
    strangers: Mutex<BTreeMap<Option<IpAddr>, Bucket>>,
}

/// The requests of one partner.
struct Turns {
    bucket: Bucket,
    at_once: Arc<Semaphore>,
}

impl Gate {
    pub(super) fn new(limits: Limits, start: DateTime<Utc>) -> Self {
        Self { limits, start, partners: Mutex::default(), strangers: Mutex::default() }
    }

    fn since_start(&self, now: DateTime<Utc>) -> Duration {
        (now - self.start).to_std().unwrap_or_default()
    }

    fn partner(&self, id: &PartnerId, now: DateTime<Utc>) -> Result<OwnedSemaphorePermit, TooMany> {
        let mut partners = self.partners.lock();
        let new = || Turns {
            bucket: Bucket::default(),
            at_once: Arc::new(Semaphore::new(self.limits.at_once.clamp(1, Semaphore::MAX_PERMITS))),
        };
        let turns = partners.entry(id.clone()).or_insert_with(new);
        let busy = |_| TooMany(Duration::from_secs(1));
        let permit = turns.at_once.clone().try_acquire_owned().map_err(busy)?;
        turns.bucket.take(self.limits.requests, self.since_start(now)).map_err(TooMany)?;
        Ok(permit)
    }

    fn stranger(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), TooMany> {
        let now = self.since_start(now);
        let mut strangers = self.strangers.lock();
        if strangers.len() >= STRANGERS_MAX {
            strangers.retain(|_, bucket| !bucket.is_full(now));
        }
        if strangers.len() >= STRANGERS_MAX && !strangers.contains_key(&address) {
            return Err(TooMany(Duration::from_secs(1)));
        }
        strangers.entry(address).or_default().take(self.limits.strangers, now).map_err(TooMany)
    }
}

impl Platform {
    /// Lets a partner's request in. The permit is held until it is answered.
    pub(crate) fn admit(&self, partner: &PartnerId) -> Result<OwnedSemaphorePermit, TooMany> {
        self.inner.gate.partner(partner, self.now())
    }

    /// Counts a request without a good token, from an address when it is known.
    pub(crate) fn count_stranger(&self, address: Option<IpAddr>) -> Result<(), TooMany> {
        self.inner.gate.stranger(address, self.now())
    }
}
