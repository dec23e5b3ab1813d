//! What `FlexibilityService` asks.

use std::future::Future;

use chrono::TimeDelta;
use headroom_domain::Interval;
use headroom_domain::limit::Target;

use super::{Caller, Refusal, Submission};
use crate::model::{FlexibilityForecast, LimitImpact};

/// Forecasts what places will draw and how far that can be moved.
pub trait FlexibilityHost: Send + Sync + 'static {
    /// Returns a forecast over a window, in steps of `resolution` aligned to its multiples since 1970; what lies beyond the
    /// plan is left out. **Errors**: `TargetUnknown`, `NotAuthorised`, `Invalid`, `Unavailable` (nothing is planned yet).
    fn forecast(
        &self,
        _: &Caller,
        _: &Target,
        _: Interval,
        _resolution: TimeDelta,
    ) -> impl Future<Output = Result<FlexibilityForecast, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns what a limit would change, without recording anything. The submission is `validate_only`.
    ///
    /// **Errors**: as of `submit_limit`, and `Unavailable` while nothing is planned yet.
    fn simulate(&self, _: Submission) -> impl Future<Output = Result<LimitImpact, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }
}
