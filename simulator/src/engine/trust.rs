//! Whether a station answers, and from when on it is asked again.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// The first pause after silence; each further one doubles it. The same as the service's.
const RETRY_FIRST: TimeDelta = TimeDelta::seconds(30);
/// The longest pause.
const RETRY_MAX: TimeDelta = TimeDelta::minutes(15);

/// What is known of the way to a station.
#[derive(Debug, Clone, Default)]
pub(super) struct Trust {
    /// When what is not answered yet was asked.
    waiting: VecDeque<DateTime<Utc>>,
    failures: u32,
    not_before: Option<DateTime<Utc>>,
}

impl Trust {
    /// Notes that it was asked something.
    pub(super) fn asked(&mut self, now: DateTime<Utc>) {
        self.waiting.push_back(now);
    }

    /// Notes an answer, with how many profiles are still under way after it.
    pub(super) fn answered(&mut self, under_way: usize) {
        while self.waiting.len() > under_way {
            self.waiting.pop_front();
        }
        (self.failures, self.not_before) = (0, None);
    }

    /// Gives up on what was not answered in time.
    pub(super) fn wait_until(&mut self, now: DateTime<Utc>, timeout: TimeDelta) {
        while let Some(asked) = self.waiting.front().filter(|asked| now - **asked >= timeout).copied() {
            self.waiting.pop_front();
            let doublings = self.failures.min(10);
            self.failures += 1;
            self.not_before = Some(asked + timeout + (RETRY_FIRST * 2_i32.pow(doublings)).min(RETRY_MAX));
        }
    }

    /// Tells whether it may be counted on to take a profile: it took the last one, or its pause is over.
    pub(super) fn may_be_told(&self, now: DateTime<Utc>) -> bool {
        self.not_before.is_none_or(|not_before| now >= not_before)
    }
}
