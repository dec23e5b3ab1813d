//! What the server asks of the one that keeps the limits.
//!
//! The caller is authenticated, may do what it asks by its roles, and its request is well formed when it arrives here. Who
//! may see and limit which place is the host's to judge, by [`Caller::utility`] and [`Caller::scope`]. A change that has
//! begun is driven to its end even when the caller hangs up.
//!
//! The duties of the host for every change:
//!
//! - **Durable before the answer.** It returns `Ok` only when the change survives a crash of the process and the machine.
//!   When it cannot know, it returns [`Refusal::Unavailable`]; the caller repeats with the same request id. Whatever follows
//!   from the change (waking the planner) does not delay the answer.
//! - **Once.** In the same transaction it records `(utility, request_id) -> (request_hash, answer)` for
//!   [`REQUEST_ID_KEPT`]. A request id that is known is answered before anything else is looked at, also before the
//!   revision: as it was then when the hash is the same, with [`Refusal::RequestIdReused`] when it is not. Refusals need not
//!   be recorded under their request id. What is only validated neither looks up nor records its request id.
//! - **In the audit.** In the same transaction it writes an [`crate::audit::Entry`].

mod areas;
mod caller;
mod compliance;
mod flexibility;
mod limits;
mod refusal;

pub use areas::{AreaHost, PutArea};
pub use caller::{Caller, Credential, Expiry, Role, Roles};
pub use compliance::{AuditQuery, ComplianceHost, ReportQuery, ReportSubject};
pub use flexibility::FlexibilityHost;
pub use limits::{Cancellation, Heartbeat, LimitHost, SetSafeMode, Submission};
pub use refusal::Refusal;
pub(super) use refusal::broken_rules;

use uuid::Uuid;

/// How long a request id is remembered.
pub const REQUEST_ID_KEPT: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K> {
    /// What comes after this one; absent: from the beginning.
    pub after: Option<K>,
    /// Most to return.
    pub size: usize,
}

/// A change as it is told apart from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    /// The caller's name for this request.
    pub id: Uuid,
    /// Of the content of the request: equal when and only when the contents are equal. Stable over releases.
    pub hash: [u8; 32],
}

/// A change that was refused, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedChange {
    /// Who asked.
    pub caller: Caller,
    /// The call, for example `SubmitLimit`.
    pub method: &'static str,
    /// What was asked for, as the caller wrote it: a resource name, anything else, or nothing. At most 300 bytes; what is cut
    /// ends with `…`.
    pub resource: String,
    /// The caller's name for the request: a UUID, or nothing.
    pub request_id: String,
    /// Of the content of the request.
    pub request_hash: [u8; 32],
    /// The gRPC code by its name and the reason, for example `FAILED_PRECONDITION STALE_REVISION`.
    pub result: String,
}

/// Answers utilities; implemented by the service. What a host leaves out is answered UNIMPLEMENTED.
pub trait UtilityHost: LimitHost + AreaHost + FlexibilityHost + ComplianceHost {}

impl<H: LimitHost + AreaHost + FlexibilityHost + ComplianceHost> UtilityHost for H {}
