//! How many refusals the audit takes: who floods us with nonsense shall not fill the disk.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

/// The most refusals of a utility that the audit takes in a minute.
const NOTED_PER_MINUTE: u32 = 60;

/// Counts refusals by utility and minute.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeMap<String, (i64, u32)>>);

impl Refusals {
    /// Tells whether one more may be written down, and counts it.
    pub(super) fn may_be_noted(&self, utility: &str, now: DateTime<Utc>) -> bool {
        let minute = now.timestamp().div_euclid(60);
        let mut counts = self.0.lock();
        let count = counts.entry(utility.to_owned()).or_default();
        if count.0 != minute {
            *count = (minute, 0);
        }
        count.1 += 1;
        count.1 <= NOTED_PER_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_noted_up_to_its_bound_and_does_not_silence_others() {
        let (refusals, now) = (Refusals::default(), DateTime::<Utc>::UNIX_EPOCH);
        let noted = (0..1000).filter(|_| refusals.may_be_noted("dso", now)).count();
        assert_eq!(noted, 60);
        assert!(refusals.may_be_noted("tso", now));
        assert!(refusals.may_be_noted("dso", now + chrono::TimeDelta::minutes(1)));
    }
}
