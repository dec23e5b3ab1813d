//! Why a call of the client failed.

use std::collections::BTreeMap;
use std::time::Duration;

use headroom_domain::limit::LimitViolation;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt;

use crate::{causes, proto};

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
    /// The server refused, or could not be reached.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// The answer cannot be understood.
    #[error("the server's answer cannot be understood: {0}")]
    Answer(String),
}

/// A refusal as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {reason}: {message}")]
pub struct Refused {
    /// The gRPC code by its name, for example `FailedPrecondition`.
    pub code: String,
    /// The stable word in capitals, for example `STALE_REVISION`; `NO_CONNECTION` when the server was not reached,
    /// `NO_ANSWER` when it took too long, empty when the answer had none.
    pub reason: String,
    /// For people.
    pub message: String,
    /// What is wrong with which field.
    pub fields: Vec<FieldError>,
    /// What else the server told of it, for example `resume_after_sequence`.
    pub metadata: BTreeMap<String, String>,
    /// The highest revision seen, when that is the reason.
    pub latest_revision: Option<i64>,
    /// Whether the same request, with the same request id, may be tried again.
    pub retryable: bool,
    /// The server's wish when to do so.
    pub retry_after: Option<Duration>,
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
        self.refused().is_some_and(|refused| refused.retryable)
    }

    /// Returns the refusal, when it is one.
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::Address { .. } | Self::Answer(_) => None,
        }
    }
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(refused(&status)))
    }
}

/// A field of the server's answer that cannot be read.
impl From<LimitViolation> for ClientError {
    fn from(violation: LimitViolation) -> Self {
        Self::Answer(violation.to_string())
    }
}

fn refused(status: &Status) -> Refused {
    // A status that came over the wire has no source; one that has was made here, because no answer came.
    if let Some(source) = std::error::Error::source(status) {
        return unanswered(source);
    }
    let details = status.get_error_details();
    let info = details.error_info();
    let violations = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    Refused {
        code: format!("{:?}", status.code()),
        reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
        message: status.message().to_owned(),
        fields: violations.iter().map(field_error).collect(),
        metadata: info.into_iter().flat_map(|info| info.metadata.clone()).collect(),
        latest_revision: info.and_then(|info| info.metadata.get("latest_revision")?.parse().ok()),
        retryable: is_retryable(status.code()),
        retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
    }
}

fn is_retryable(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
}

/// What a batch tells of a submission that was refused.
impl From<proto::SubmissionError> for ClientError {
    fn from(error: proto::SubmissionError) -> Self {
        let code = Code::from(error.code);
        let metadata: BTreeMap<_, _> = error.metadata.into_iter().map(|fact| (fact.key, fact.value)).collect();
        let field = |field: proto::FieldViolation| FieldError {
            path: field.field,
            reason: field.reason,
            description: field.description,
        };
        Self::Refused(Box::new(Refused {
            code: format!("{code:?}"),
            reason: error.reason,
            message: error.message,
            fields: error.field_violations.into_iter().map(field).collect(),
            latest_revision: metadata.get("latest_revision").and_then(|revision| revision.parse().ok()),
            metadata,
            retryable: is_retryable(code),
            retry_after: error.retry_delay_ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis),
        }))
    }
}

fn unanswered(error: &(dyn std::error::Error + 'static)) -> Refused {
    let mut chain = std::iter::successors(Some(error), |error| error.source());
    let too_late = chain.any(<dyn std::error::Error>::is::<TimeoutExpired>);
    let (code, reason) =
        if too_late { (Code::DeadlineExceeded, "NO_ANSWER") } else { (Code::Unavailable, "NO_CONNECTION") };
    Refused {
        code: format!("{code:?}"),
        reason: reason.to_owned(),
        message: causes(error),
        fields: Vec::new(),
        metadata: BTreeMap::new(),
        latest_revision: None,
        retryable: true,
        retry_after: None,
    }
}

fn field_error(violation: &tonic_types::FieldViolation) -> FieldError {
    FieldError {
        path: violation.field.clone(),
        reason: violation.reason.clone(),
        description: violation.description.clone(),
    }
}
