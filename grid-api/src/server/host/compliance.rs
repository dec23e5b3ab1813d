//! What `ComplianceService` asks.

use std::future::Future;

use chrono::TimeDelta;
use headroom_domain::compliance::Report;
use headroom_domain::limit::Target;
use headroom_domain::{Interval, LimitId};

use super::{Caller, Page, Refusal};
use crate::audit::Entry;
use crate::model::TelemetrySample;

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportSubject {
    /// All intervals of one limit, as far as they are over.
    Limit(LimitId),
    /// Everything that held at a place over a window, as far as it is over.
    Target(Target, Interval),
}

/// Which limits' reports are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportQuery {
    /// Only limits with an interval that overlaps this one.
    pub overlaps: Option<Interval>,
    /// Only limits of this target.
    pub target: Option<Target>,
}

/// Which entries of the audit are asked for: all of the caller's utility, or fewer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditQuery {
    /// Only entries of this window.
    pub window: Option<Interval>,
    /// Only entries about this target.
    pub target: Option<Target>,
}

/// Proves what was obeyed.
pub trait ComplianceHost: Send + Sync + 'static {
    /// Returns what the meters of a target measured in the whole steps of `resolution` in a window, oldest first, gaps as
    /// missing. **Errors**: `TargetUnknown`, `NotAuthorised`, `Unavailable`.
    fn telemetry(
        &self,
        _: &Caller,
        _: &Target,
        _: Interval,
        _resolution: TimeDelta,
    ) -> impl Future<Output = Result<Vec<TelemetrySample>, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns a report. **Errors**: `LimitUnknown`, `TargetUnknown`, `NotAuthorised`, `Unavailable`.
    fn report(&self, _: &Caller, _: &ReportSubject) -> impl Future<Output = Result<Report, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns the reports of limits that have begun, in the order in which the limits were accepted. **Errors**:
    /// `LimitUnknown` for the one that the page follows, `Unavailable`.
    fn reports(
        &self,
        _: &Caller,
        _: &ReportQuery,
        _: &Page<LimitId>,
    ) -> impl Future<Output = Result<Vec<Report>, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns entries of the audit of the caller's utility, in order. **Errors**: `TargetUnknown`, `Unavailable`.
    fn audit_entries(
        &self,
        _: &Caller,
        _: &AuditQuery,
        _: &Page<i64>,
    ) -> impl Future<Output = Result<Vec<Entry>, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }
}
