//! How often something may happen.

use std::time::Duration;

use crate::partner::Rate;

/// Longer than this nobody is told to wait.
const WAIT_MAX: Duration = Duration::from_hours(1);

/// A token bucket, kept as the time at which it will be full again (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bucket {
    full_at_s: f64,
}

impl Bucket {
    /// Takes one, at a time since some beginning. **Errors**: how long to wait until there is one.
    pub(crate) fn take(&mut self, rate: Rate, now: Duration) -> Result<(), Duration> {
        let (now_s, step_s) = (now.as_secs_f64(), 1.0 / rate.per_second.max(0.001));
        let full_at_s = self.full_at_s.max(now_s);
        let wait_s = full_at_s - now_s - f64::from(rate.burst.max(1) - 1) * step_s;
        // What rounding leaves is no reason to wait.
        if wait_s > 1e-6 {
            return Err(Duration::try_from_secs_f64(wait_s).unwrap_or(WAIT_MAX).min(WAIT_MAX));
        }
        self.full_at_s = full_at_s + step_s;
        Ok(())
    }

    /// Tells whether nothing has been taken of late: then the bucket need not be remembered.
    pub(crate) fn is_full(self, now: Duration) -> bool {
        self.full_at_s <= now.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Bucket;
    use crate::partner::Rate;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let (mut bucket, rate) = (Bucket::default(), Rate { per_second: 2.0, burst: 3 });
        let mut at = |milliseconds| bucket.take(rate, Duration::from_millis(milliseconds));
        assert_eq!([at(0), at(0), at(0)], [Ok(()); 3]);
        assert_eq!(at(0), Err(Duration::from_millis(500)));
        assert_eq!((at(500), at(500)), (Ok(()), Err(Duration::from_millis(500))));
        assert_eq!([at(10_000), at(10_000), at(10_000)], [Ok(()); 3]);
        assert!(at(10_000).is_err());
        assert!(!bucket.is_full(Duration::from_secs(10)) && bucket.is_full(Duration::from_secs(12)));
    }

    #[test]
    fn rates_that_make_no_sense_are_slow_and_not_a_panic() {
        for per_second in [0.0, -1.0, f64::NAN] {
            let (mut bucket, rate) = (Bucket::default(), Rate { per_second, burst: 0 });
            assert_eq!(bucket.take(rate, Duration::ZERO), Ok(()));
            assert_eq!(bucket.take(rate, Duration::ZERO), Err(Duration::from_secs(1000)));
        }
    }
}
