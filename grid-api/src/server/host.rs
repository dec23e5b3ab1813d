//! What the server asks of the one that keeps the limits.

use std::future::Future;
use std::time::Duration;

use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitViolation};
use headroom_domain::{Interval, LimitId, NodeId};
use uuid::Uuid;

use crate::model::{LimitDraft, LimitQuery, Submitted};

/// A limit that a utility submits, checked as far as it can be checked without knowing other limits and places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The utility that submits it, authenticated.
    pub utility: String,
    /// What it submits.
    pub draft: LimitDraft,
    /// Its name for this request.
    pub request_id: Uuid,
    /// Of the content of the request: equal when and only when the contents are equal. Stable over releases.
    pub request_hash: [u8; 32],
    /// Check only, record nothing.
    pub validate_only: bool,
}

/// A withdrawal of a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// The utility that withdraws, authenticated; the limit's id is under its name.
    pub utility: String,
    /// What is withdrawn.
    pub limit: LimitId,
    /// Free text for people.
    pub reason: String,
    /// Its name for this request.
    pub request_id: Uuid,
    /// Of the content of the request.
    pub request_hash: [u8; 32],
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The limits accepted after this one; absent: from the beginning.
    pub after: Option<LimitId>,
    /// Most limits to return.
    pub size: usize,
}

/// Keeps the limits of utilities; implemented by the service.
///
/// The caller is authenticated and its request is well formed when it arrives here. A change that has begun is driven to
/// its end even when the caller hangs up. The duties of the host:
///
/// - **Durable before the answer.** `submit_limit` and `cancel_limit` return `Ok` only when the change survives a crash
///   of the process and the machine. When they cannot know, they return [`Refusal::Unavailable`]; the caller repeats
///   with the same request id. Whatever follows from the change (waking the planner) does not delay the answer.
/// - **Once.** In the same transaction they record `(utility, request_id) -> (request_hash, limit)` for
///   [`REQUEST_ID_KEPT`]. A request id that is known is answered before anything else is looked at, also before the
///   revision: with the limit recorded then when the hash is the same, with [`Refusal::RequestIdReused`] when it is not.
///   The preview and the warnings of a repetition may be made anew. Refusals need not be recorded. A submission with
///   `validate_only` neither looks up nor records its request id.
/// - **Revisions rise.** A revision that is not higher than [`headroom_domain::limit::LimitBook::latest_revision`] is
///   refused with [`Refusal::StaleRevision`].
/// - **Ids** are made by [`crate::limit_id`] and never used again.
pub trait UtilityHost: Send + Sync + 'static {
    /// Records a limit, or checks whether it could be.
    ///
    /// **Errors**: `TargetUnknown`, `NotAuthorised`, `StaleRevision`, `RequestIdReused`, `Invalid` (for what only the
    /// host can judge), `Unavailable`.
    fn submit_limit(&self, submission: Submission) -> impl Future<Output = Result<Submitted, Refusal>> + Send;

    /// Returns the answer that was recorded for a request id, if any; changes nothing.
    ///
    /// It is asked for when a submission has intervals in the past, which a late repetition may have. **Errors**:
    /// `RequestIdReused`, `Unavailable`.
    fn recorded_submission(
        &self,
        utility: &str,
        request_id: Uuid,
        request_hash: &[u8; 32],
    ) -> impl Future<Output = Result<Option<Submitted>, Refusal>> + Send;

    /// Records that a limit is withdrawn and returns it; one that is withdrawn already is returned as it is.
    ///
    /// **Errors**: `LimitUnknown`, `RequestIdReused`, `Unavailable`.
    fn cancel_limit(&self, cancellation: Cancellation) -> impl Future<Output = Result<GridLimit, Refusal>> + Send;

    /// Returns what holds at a place over a window, as [`headroom_domain::limit::LimitBook::effective`] does.
    ///
    /// **Errors**: `TargetUnknown`, `NotAuthorised` (for this utility), `Unavailable`.
    fn effective_limit(
        &self,
        utility: &str,
        target: &NodeId,
        window: Interval,
    ) -> impl Future<Output = Result<Vec<EffectiveInterval>, Refusal>> + Send;

    /// Returns a limit, also a withdrawn one. **Errors**: `LimitUnknown`, `Unavailable`.
    fn limit(&self, id: &LimitId) -> impl Future<Output = Result<GridLimit, Refusal>> + Send;

    /// Returns a utility's limits that match a query, in the order in which they were accepted.
    ///
    /// **Errors**: `LimitUnknown` for the one that the page follows, `Unavailable`.
    fn limits(
        &self,
        utility: &str,
        query: &LimitQuery,
        page: &Page,
    ) -> impl Future<Output = Result<Vec<GridLimit>, Refusal>> + Send;
}

/// How long a request id is remembered.
pub const REQUEST_ID_KEPT: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// Why a request of a utility is refused. Callers see a gRPC code and a word in capitals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such place.
    #[error("connectionPoints/{target} is not known here: check the id, or ask the operator to enrol it")]
    TargetUnknown {
        /// The place asked for.
        target: NodeId,
    },
    /// There is no such limit.
    #[error("{limit} is not known here: list your limits to see their names")]
    LimitUnknown {
        /// The limit asked for.
        limit: LimitId,
    },
    /// The utility may not limit, or see, this place.
    #[error("utilities/{utility} may not limit connectionPoints/{target}: ask the operator to allow it")]
    NotAuthorised {
        /// Who asked.
        utility: String,
        /// For which place.
        target: NodeId,
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
    #[error("the request breaks {} rule(s): {}", .0.len(), listed(.0))]
    Invalid(Vec<LimitViolation>),
    /// It cannot be answered now, or it is not known whether it was recorded.
    #[error("not now: {message}; repeat with the same request_id")]
    Unavailable {
        /// What is the matter, without secrets.
        message: String,
        /// When to try again.
        retry_after: Duration,
    },
}

/// The first few violations in one line; the rest is in the details.
fn listed(violations: &[LimitViolation]) -> String {
    let mut shown: Vec<_> = violations.iter().take(3).map(ToString::to_string).collect();
    if violations.len() > shown.len() {
        shown.push(format!("and {} more", violations.len() - shown.len()));
    }
    shown.join("; ")
}
