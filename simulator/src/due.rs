//! Things that become due, in the order of their time and then of their coming.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// A queue by time.
#[derive(Debug)]
pub(crate) struct Due<T> {
    waiting: BTreeMap<(DateTime<Utc>, u64), T>,
    count: u64,
}

impl<T> Default for Due<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), count: 0 }
    }
}

impl<T> Due<T> {
    /// Adds a thing that becomes due at an instant.
    pub(crate) fn add(&mut self, at: DateTime<Utc>, thing: T) {
        self.count += 1;
        self.waiting.insert((at, self.count), thing);
    }

    /// Returns when the next thing becomes due.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next thing that is due at an instant, with its time.
    pub(crate) fn take(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, T)> {
        let entry = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), thing) = entry.remove_entry();
        Some((at, thing))
    }
}
