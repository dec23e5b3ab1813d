//! Why a call of the client failed.

use std::time::Duration;

/// Why a call of the client failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address or the token cannot be used.
    #[error("cannot call {url}: {message}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong.
        message: String,
    },
    /// The server refused, or could not be reached (then `code` is `Unavailable`).
    #[error("{code} {reason}: {message}")]
    Refused {
        /// The gRPC code by its name, for example `FailedPrecondition`.
        code: String,
        /// The stable word in capitals, for example `STALE_REVISION`; empty when the answer had none.
        reason: String,
        /// For people.
        message: String,
        /// What is wrong with which field.
        fields: Vec<FieldError>,
        /// The highest revision seen, when that is the reason.
        latest_revision: Option<i64>,
        /// Whether the same request, with the same request id, may be tried again.
        retryable: bool,
        /// The server's wish when to do so.
        retry_after: Option<Duration>,
    },
    /// The answer cannot be understood.
    #[error("the server's answer cannot be understood: {0}")]
    Answer(String),
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its path, for example `limit.intervals[3].start_time`.
    pub path: String,
    /// A stable word in capitals.
    pub reason: String,
    /// What is wrong and how to mend it.
    pub description: String,
}

impl ClientError {
    /// Tells whether the same request may be tried again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Refused { retryable: true, .. })
    }
}
