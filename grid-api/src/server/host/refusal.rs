//! Why a host refuses.

use std::time::Duration;

use headroom_domain::LimitId;
use headroom_domain::limit::{LimitViolation, Target};
use uuid::Uuid;

/// Why a request of a utility is refused. Callers see a gRPC code and a word in capitals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such place.
    #[error("{target} is not known here: check the id, or ask the operator to enrol it")]
    TargetUnknown {
        /// The place asked for.
        target: Target,
    },
    /// There is no such limit.
    #[error("{limit} is not known here: list your limits to see their names")]
    LimitUnknown {
        /// The limit asked for.
        limit: LimitId,
    },
    /// The utility may not limit, or see, this place.
    #[error("{principal} of utilities/{utility} may not see or limit {target}: ask the operator to allow it")]
    NotAuthorised {
        /// Who asked.
        principal: String,
        /// For whom.
        utility: String,
        /// For which place.
        target: Target,
    },
    /// An area is not as the caller knows it.
    #[error("{target} has changed since: read it again and repeat with its etag {etag}")]
    EtagMismatch {
        /// The area.
        target: Target,
        /// Its etag now.
        etag: String,
    },
    /// The revision is not higher than the last one.
    #[error("revision {revision} is not higher than {latest}, the latest of this target and programme: raise it")]
    StaleRevision {
        /// The revision submitted.
        revision: i64,
        /// The highest seen.
        latest: i64,
    },
    /// The request id has been used with another content.
    #[error("request_id {request_id} has been used with another content: make a new one for a new request")]
    RequestIdReused {
        /// The request id.
        request_id: Uuid,
    },
    /// Fields break rules. Their paths are relative to the limit, for example `intervals[3].start_time`.
    #[error("{}", broken_rules(.0))]
    Invalid(Vec<LimitViolation>),
    /// This server has no such service.
    #[error("this server does not offer that")]
    NotOffered,
    /// It cannot be answered now, or it is not known whether it was recorded.
    #[error("not now: {message}; repeat with the same request_id")]
    Unavailable {
        /// What is the matter, without secrets.
        message: String,
        /// When to try again.
        retry_after: Duration,
    },
}

/// Tells violations in one line, the first few by name; the rest is in the details.
pub(in crate::server) fn broken_rules(violations: &[LimitViolation]) -> String {
    let mut shown: Vec<_> = violations.iter().take(3).map(ToString::to_string).collect();
    if violations.len() > shown.len() {
        shown.push(format!("and {} more", violations.len() - shown.len()));
    }
    format!("the request breaks {} rule(s): {}", violations.len(), shown.join("; "))
}
