//! What `GridLimitService` asks.

use std::future::Future;

use chrono::{DateTime, Utc};
use headroom_domain::limit::failsafe::SafeMode;
use headroom_domain::limit::{EffectiveInterval, GridLimit, Target};
use headroom_domain::{Interval, LimitId, NodeId};
use tokio::sync::watch;

use super::{Caller, Page, Refusal, RefusedChange, RequestKey};
use crate::model::{HeartbeatAnswer, LimitDraft, LimitQuery, SafeModeState, StatusEvent, Submitted};

/// A limit that a utility submits, checked as far as it can be checked without knowing other limits and places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Who submits it.
    pub caller: Caller,
    /// What it submits.
    pub draft: LimitDraft,
    /// Its name for this request.
    pub request: RequestKey,
    /// Check only, record nothing.
    pub validate_only: bool,
}

/// A withdrawal of a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// Who withdraws; the limit's id is under its utility's name.
    pub caller: Caller,
    /// What is withdrawn.
    pub limit: LimitId,
    /// Free text for people.
    pub reason: String,
    /// Its name for this request.
    pub request: RequestKey,
}

/// A change of what a connection point falls back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetSafeMode {
    /// Who sets it.
    pub caller: Caller,
    /// For which connection point.
    pub target: NodeId,
    /// What to fall back to; absent: nothing any more.
    pub safe_mode: Option<SafeMode>,
    /// Its name for this request.
    pub request: RequestKey,
}

/// A sign of life of a utility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it was sent, by the utility's clock; the server has compared it with its own.
    pub sent_at: DateTime<Utc>,
    /// Rises with each.
    pub sequence: i64,
}

/// Keeps the limits of utilities.
pub trait LimitHost: Send + Sync + 'static {
    /// Records a limit, or checks whether it could be. A revision that is not higher than the latest of its utility, target
    /// and programme is refused.
    ///
    /// **Errors**: `TargetUnknown`, `NotAuthorised`, `StaleRevision`, `RequestIdReused`, `Invalid` (for what only the
    /// host can judge), `Unavailable`.
    fn submit_limit(&self, submission: Submission) -> impl Future<Output = Result<Submitted, Refusal>> + Send;

    /// Records many limits, each with a fate of its own. Answers are in the order of the submissions; what went well is
    /// durable when it returns.
    fn submit_limits(
        &self,
        submissions: Vec<Submission>,
    ) -> impl Future<Output = Vec<Result<Submitted, Refusal>>> + Send {
        async move {
            let mut answers = Vec::with_capacity(submissions.len());
            for submission in submissions {
                answers.push(self.submit_limit(submission).await);
            }
            answers
        }
    }

    /// Returns the answer that was recorded for a request id, if any; changes nothing.
    ///
    /// It is asked for when a submission has intervals in the past, which a late repetition may have. **Errors**:
    /// `RequestIdReused`, `Unavailable`.
    fn recorded_submission(
        &self,
        caller: &Caller,
        request: RequestKey,
    ) -> impl Future<Output = Result<Option<Submitted>, Refusal>> + Send;

    /// Records that a limit is withdrawn and returns it; one that is withdrawn already is returned as it is.
    ///
    /// **Errors**: `LimitUnknown`, `NotAuthorised`, `RequestIdReused`, `Unavailable`.
    fn cancel_limit(&self, cancellation: Cancellation) -> impl Future<Output = Result<GridLimit, Refusal>> + Send;

    /// Returns what holds at a place over a window, as [`headroom_domain::limit::LimitBook::effective`] does.
    ///
    /// **Errors**: `TargetUnknown`, `NotAuthorised`, `Unavailable`.
    fn effective_limit(
        &self,
        caller: &Caller,
        target: &Target,
        window: Interval,
    ) -> impl Future<Output = Result<Vec<EffectiveInterval>, Refusal>> + Send;

    /// Returns a limit of the caller's utility, also a withdrawn one, with its latest status. **Errors**: `LimitUnknown`,
    /// `NotAuthorised`, `Unavailable`.
    fn limit(&self, caller: &Caller, id: &LimitId) -> impl Future<Output = Result<GridLimit, Refusal>> + Send;

    /// Returns a utility's limits that match a query, in the order in which they were accepted.
    ///
    /// **Errors**: `LimitUnknown` for the one that the page follows, `Unavailable`.
    fn limits(
        &self,
        caller: &Caller,
        query: &LimitQuery,
        page: &Page<LimitId>,
    ) -> impl Future<Output = Result<Vec<GridLimit>, Refusal>> + Send;

    /// Records what a connection point falls back to.
    ///
    /// **Errors**: `TargetUnknown`, `NotAuthorised`, `RequestIdReused`, `Invalid`, `Unavailable`.
    fn set_safe_mode(&self, _: SetSafeMode) -> impl Future<Output = Result<SafeModeState, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns what a connection point falls back to for the caller's utility, and how it stands now.
    ///
    /// **Errors**: `TargetUnknown`, `NotAuthorised`, `Unavailable`.
    fn safe_mode(&self, _: &Caller, _: &NodeId) -> impl Future<Output = Result<SafeModeState, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Notes a sign of life: it counts as a call that was heard. **Errors**: `Unavailable`.
    fn heartbeat(&self, _: &Caller, _: Heartbeat) -> impl Future<Output = Result<HeartbeatAnswer, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Notes that a utility made a call other than a heartbeat, also one that is then refused: whose calls imply a heartbeat
    /// is the host's to judge, by their roles. Must be quick and cannot fail.
    fn heard(&self, _: &Caller) {}

    /// Returns what has become of the limits of the caller's utility after a sequence number, at most `size`, in order;
    /// only of these targets when there are some. Sequence numbers rise, over all limits of a utility, and are never used
    /// again. **Errors**: `TargetUnknown`, `NotAuthorised`, `Unavailable`.
    fn statuses_after(
        &self,
        _: &Caller,
        _after: i64,
        _targets: &[Target],
        _size: usize,
    ) -> impl Future<Output = Result<Vec<StatusEvent>, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns what changes whenever a stream may have something new to tell.
    fn news(&self) -> watch::Receiver<u64> {
        watch::Sender::new(0).subscribe()
    }

    /// Notes in the audit that a change was refused. It does not delay the answer and cannot fail.
    fn note_refused(&self, _: RefusedChange) -> impl Future<Output = ()> + Send {
        async {}
    }
}
