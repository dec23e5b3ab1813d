//! Requests of `ComplianceService` that are answered once.

use chrono::TimeDelta;
use headroom_domain::LimitId;
use tonic::Status;

use super::{Faults, bounded_window, filter, limit_name, overlaps, own_limit, page, parent};
use crate::convert::{target, violation};
use crate::proto;
use crate::server::{AuditQuery, Caller, Page, ReportQuery, ReportSubject};

/// Returns what a report is about, and whether it is told as CSV.
pub(in crate::server) fn report(
    request: &proto::GetComplianceReportRequest,
    caller: &Caller,
    window_max: TimeDelta,
) -> Result<(ReportSubject, bool), Status> {
    let mut faults = Faults::default();
    let of_place = !request.target.is_empty() || request.start_time.is_some() || request.end_time.is_some();
    let subject = if request.limit.is_empty() {
        let target = faults.take(target(&request.target, "target"));
        let window = bounded_window(request.start_time, request.end_time, window_max, &mut faults);
        target.zip(window).map(|(target, window)| ReportSubject::Target(target, window))
    } else {
        if of_place {
            let rule = "a limit is named as well as a place or a time: state one of the two";
            faults.add("limit", "SUBJECT_AMBIGUOUS", rule);
        }
        faults.take(limit_name(&request.limit, &caller.utility, "limit")?).map(ReportSubject::Limit)
    };
    let unknown = |_| violation("format", "FORMAT_UNKNOWN", format!("{} is not known: take another", request.format));
    let format = faults.take(proto::ReportFormat::try_from(request.format).map_err(unknown));
    faults.none_or(subject).map(|subject| (subject, format == Some(proto::ReportFormat::Csv)))
}

pub(in crate::server) fn reports(
    request: &proto::ListComplianceReportsRequest,
    caller: &Caller,
) -> Result<(ReportQuery, Page<LimitId>), Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let own = |token: &str| own_limit(token, &caller.utility);
    let page = page(request.page_size, &request.page_token, own, &mut faults);
    let target = filter(&request.target, &mut faults);
    let overlaps = overlaps(request.start_time, request.end_time, &mut faults);
    faults.none_or(Some((ReportQuery { overlaps, target }, page)))
}

pub(in crate::server) fn audit(
    request: &proto::ListAuditEntriesRequest,
    caller: &Caller,
) -> Result<(AuditQuery, Page<i64>), Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let sequence = |token: &str| token.parse().ok().filter(|sequence| *sequence > 0);
    let page = page(request.page_size, &request.page_token, sequence, &mut faults);
    let target = filter(&request.target, &mut faults);
    let window = overlaps(request.start_time, request.end_time, &mut faults);
    faults.none_or(Some((AuditQuery { window, target }, page)))
}
