//! Refusals as gRPC tells them: a code, an `ErrorInfo` with a stable reason, the fields at fault.

use std::collections::HashMap;
use std::time::Duration;

use headroom_domain::limit::LimitViolation;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::Refusal;

const DOMAIN: &str = "utility.headroom";

/// Details travel in a header, and clients refuse headers of more than 8 KiB.
const VIOLATIONS_TOLD_MAX: usize = 20;

pub(super) fn unauthenticated(reason: &str, message: &str) -> Status {
    told(Code::Unauthenticated, message, info(reason, []))
}

/// A utility that speaks in the name of another.
pub(super) fn foreign_utility(caller: &str, field: &str) -> Status {
    let message = format!("{field} belongs to another utility: yours is utilities/{caller}");
    let mut details = info("NOT_AUTHORISED_FOR_UTILITY", [("utility", caller.to_owned())]);
    add(&mut details, field, "NOT_AUTHORISED_FOR_UTILITY", &message);
    told(Code::PermissionDenied, &message, details)
}

/// Fields that break rules, with paths from the root of the request.
pub(super) fn invalid(violations: &[LimitViolation]) -> Status {
    let reason = violations.first().map_or("INVALID", |first| first.code);
    let mut details = info(reason, [("violation_count", violations.len().to_string())]);
    for violation in violations.iter().take(VIOLATIONS_TOLD_MAX) {
        add(&mut details, &violation.field, violation.code, &violation.rule);
    }
    told(Code::InvalidArgument, &Refusal::Invalid(violations.to_vec()).to_string(), details)
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::TargetUnknown { target } => {
                let mut details = info("TARGET_UNKNOWN", [("target", target.to_string())]);
                add(&mut details, "target", "TARGET_UNKNOWN", &message);
                told(Code::NotFound, &message, details)
            }
            Refusal::LimitUnknown { limit } => {
                let mut details = info("LIMIT_UNKNOWN", [("limit", limit.to_string())]);
                add(&mut details, "name", "LIMIT_UNKNOWN", &message);
                told(Code::NotFound, &message, details)
            }
            Refusal::NotAuthorised { utility, target } => {
                let metadata = [("utility", utility), ("target", target.to_string())];
                let mut details = info("NOT_AUTHORISED_FOR_TARGET", metadata);
                add(&mut details, "target", "NOT_AUTHORISED_FOR_TARGET", &message);
                told(Code::PermissionDenied, &message, details)
            }
            Refusal::StaleRevision { latest, .. } => {
                let mut details = info("STALE_REVISION", [("latest_revision", latest.to_string())]);
                add(&mut details, "limit.revision", "STALE_REVISION", &message);
                told(Code::FailedPrecondition, &message, details)
            }
            Refusal::RequestIdReused { request_id } => {
                let mut details = info("REQUEST_ID_REUSED", [("request_id", request_id.to_string())]);
                add(&mut details, "request_id", "REQUEST_ID_REUSED", &message);
                told(Code::InvalidArgument, &message, details)
            }
            Refusal::Invalid(mut violations) => {
                for violation in &mut violations {
                    violation.field.insert_str(0, "limit.");
                }
                invalid(&violations)
            }
            Refusal::Unavailable { retry_after, .. } => unavailable(&message, retry_after),
        }
    }
}

pub(super) fn unavailable(message: &str, retry_after: Duration) -> Status {
    let mut details = info("UNAVAILABLE", []);
    details.set_retry_info(Some(retry_after));
    told(Code::Unavailable, message, details)
}

pub(super) fn too_late(after: Duration) -> Status {
    let message = format!("no answer within {} s; repeat with the same request_id", after.as_secs_f64());
    told(Code::DeadlineExceeded, &message, info("DEADLINE_EXCEEDED", []))
}

fn info<const N: usize>(reason: &str, metadata: [(&str, String); N]) -> ErrorDetails {
    let metadata: HashMap<String, String> = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    ErrorDetails::with_error_info(reason, DOMAIN, metadata)
}

fn add(details: &mut ErrorDetails, field: &str, reason: &str, description: &str) {
    let mut violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.push(FieldViolation { reason: reason.to_owned(), ..FieldViolation::new(field, description) });
    details.set_bad_request(violations);
}

fn told(code: Code, message: &str, details: ErrorDetails) -> Status {
    Status::with_error_details(code, message, details)
}

#[cfg(test)]
mod tests;
