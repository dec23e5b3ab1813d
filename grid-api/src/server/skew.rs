//! Callers whose clock is off.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::status::DOMAIN;

const REASON: &str = "CLOCK_SKEW";

/// Refuses a request that says it was sent further from the server's time `now` than is tolerated, before or after it.
///
/// `field` is the path of `sent_at` in the request.
///
/// **Errors**: `INVALID_ARGUMENT` with `CLOCK_SKEW`; its metadata has `server_time` (RFC 3339) and `skew_ms`, positive
/// where the caller's clock is ahead.
pub(super) fn skew(
    field: &str,
    sent_at: DateTime<Utc>,
    now: DateTime<Utc>,
    tolerance: TimeDelta,
) -> Result<(), Status> {
    let skew = sent_at - now;
    if skew.abs() <= tolerance {
        return Ok(());
    }
    let (skew_ms, tolerance_ms) = (skew.num_milliseconds(), tolerance.num_milliseconds());
    let server_time = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    let message = format!(
        "{field} is {skew_ms} ms off the server's time {server_time}, and {tolerance_ms} ms are tolerated: set the clock"
    );
    let metadata = [("server_time", server_time), ("skew_ms", skew_ms.to_string())];
    let metadata: HashMap<_, _> = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    let mut details = ErrorDetails::with_error_info(REASON, DOMAIN, metadata);
    details.set_bad_request(vec![FieldViolation {
        reason: REASON.to_owned(),
        ..FieldViolation::new(field, message.clone())
    }]);
    Err(Status::with_error_details(Code::InvalidArgument, message, details))
}

#[cfg(test)]
mod tests;
