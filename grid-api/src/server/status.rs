//! Refusals as gRPC tells them: a code, an `ErrorInfo` with a stable reason, the fields at fault.

use std::collections::HashMap;
use std::time::Duration;

use headroom_domain::limit::{LimitViolation, Target};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::Refusal;
use super::host::broken_rules;

pub(super) const DOMAIN: &str = "utility.headroom";

/// Details travel in a header, and clients refuse headers of more than 8 KiB.
pub(super) const VIOLATIONS_TOLD_MAX: usize = 20;

/// After which a stream that the server ended may be opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// How the caller spelt what a host refuses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paths {
    /// Of a connection point.
    pub(super) connection_point: &'static str,
    /// Of an area.
    pub(super) area: &'static str,
    /// Of a limit.
    pub(super) limit: &'static str,
    /// What the paths of the host's violations follow.
    pub(super) body: &'static str,
}

impl Paths {
    pub(super) const PLAIN: Self = Self { connection_point: "target", area: "target", limit: "name", body: "" };
    pub(super) const SUBMISSION: Self =
        Self { connection_point: "limit.target", area: "limit.target", limit: "name", body: "limit." };
    pub(super) const NAME: Self = Self { connection_point: "name", area: "name", ..Self::PLAIN };
    pub(super) const AREA: Self =
        Self { connection_point: "grid_area.members", area: "grid_area.name", limit: "name", body: "grid_area." };
    pub(super) const TARGETS: Self = Self { connection_point: "targets", area: "targets", ..Self::PLAIN };
    pub(super) const PAGE: Self = Self { limit: "page_token", ..Self::PLAIN };
    pub(super) const REPORT: Self = Self { limit: "limit", ..Self::PLAIN };

    fn of(&self, target: &Target) -> &'static str {
        match target {
            Target::ConnectionPoint(_) => self.connection_point,
            Target::Area(_) => self.area,
        }
    }

    /// Tells a refusal.
    pub(super) fn status(&self, refusal: Refusal) -> Status {
        let message = refusal.to_string();
        let at = |code, field, reason: &str, metadata: Metadata| about(code, field, reason, &message, metadata);
        match refusal {
            Refusal::TargetUnknown { target } => {
                at(Code::NotFound, self.of(&target), "TARGET_UNKNOWN", fact("target", target.to_string()))
            }
            Refusal::LimitUnknown { limit } => {
                at(Code::NotFound, self.limit, "LIMIT_UNKNOWN", fact("limit", limit.to_string()))
            }
            Refusal::NotAuthorised { utility, target, .. } => {
                let mut metadata = fact("target", target.to_string());
                metadata.insert("utility".to_owned(), utility);
                at(Code::PermissionDenied, self.of(&target), "NOT_AUTHORISED_FOR_TARGET", metadata)
            }
            Refusal::EtagMismatch { etag, .. } => {
                at(Code::Aborted, "grid_area.etag", "ETAG_MISMATCH", fact("etag", etag))
            }
            Refusal::StaleRevision { latest, .. } => {
                let latest = fact("latest_revision", latest.to_string());
                at(Code::FailedPrecondition, "limit.revision", "STALE_REVISION", latest)
            }
            Refusal::RequestIdReused { request_id } => {
                let id = fact("request_id", request_id.to_string());
                at(Code::InvalidArgument, "request_id", "REQUEST_ID_REUSED", id)
            }
            Refusal::Invalid(mut violations) => {
                for violation in violations.iter_mut().filter(|violation| violation.field != "respond_by") {
                    violation.field.insert_str(0, self.body);
                }
                invalid(&violations)
            }
            Refusal::NotOffered => told(Code::Unimplemented, &message, info("NOT_OFFERED", Metadata::new())),
            Refusal::Unavailable { retry_after, .. } => unavailable(&message, retry_after),
        }
    }
}

/// Puts `prefix` before every path: the request is a part of the one that was sent.
pub(super) fn within(status: &Status, prefix: &str) -> Status {
    let mut details = status.get_error_details();
    let fields = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    if fields.is_empty() {
        return status.clone();
    }
    let renamed: Vec<_> =
        fields.into_iter().map(|field| FieldViolation { field: format!("{prefix}{}", field.field), ..field }).collect();
    details.set_bad_request(renamed);
    told(status.code(), status.message(), details)
}

/// The name of a code as gRPC spells it, and the reason: what the audit keeps of a refusal.
pub(super) fn result(status: &Status) -> String {
    let mut name = String::new();
    for letter in format!("{:?}", status.code()).chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    match status.get_details_error_info() {
        Some(info) => format!("{name} {}", info.reason),
        None => name,
    }
}

/// Tells whether it is not known what became of the request.
pub(super) fn is_open(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}

/// A utility that speaks in the name of another.
pub(super) fn foreign_utility(caller: &str, field: &str) -> Status {
    let message = format!("{field} belongs to another utility: yours is utilities/{caller}");
    let utility = fact("utility", caller.to_owned());
    about(Code::PermissionDenied, field, "NOT_AUTHORISED_FOR_UTILITY", &message, utility)
}

/// Fields that break rules, with paths from the root of the request.
pub(super) fn invalid(violations: &[LimitViolation]) -> Status {
    let reason = violations.first().map_or("INVALID", |first| first.code);
    let mut details = info(reason, fact("violation_count", violations.len().to_string()));
    for violation in violations.iter().take(VIOLATIONS_TOLD_MAX) {
        add(&mut details, &violation.field, violation.code, &violation.rule);
    }
    told(Code::InvalidArgument, &broken_rules(violations), details)
}

pub(super) fn unavailable(message: &str, retry_after: Duration) -> Status {
    let mut details = info("UNAVAILABLE", Metadata::new());
    details.set_retry_info(Some(retry_after));
    told(Code::Unavailable, message, details)
}

pub(super) fn too_late(after: Duration) -> Status {
    let message = format!("no answer within {} s; repeat with the same request_id", after.as_secs_f64());
    told(Code::DeadlineExceeded, &message, info("DEADLINE_EXCEEDED", Metadata::new()))
}

/// The end of a stream whose server stops.
pub(super) fn stopping() -> Status {
    unavailable("the server stops: open the stream again", REOPEN_AFTER)
}

/// The end of a stream whose reader does not read; `last` is the last event that it will still find.
pub(super) fn slow_reader(after: Duration, last: Option<i64>) -> Status {
    let message =
        format!("a message was not taken for {} s: read faster, and open the stream anew", after.as_secs_f64());
    let metadata = last.map(|last| fact("resume_after_sequence", last.to_string())).unwrap_or_default();
    told(Code::ResourceExhausted, &message, info("SLOW_READER", metadata))
}

type Metadata = HashMap<String, String>;

fn fact(key: &str, value: String) -> Metadata {
    Metadata::from([(key.to_owned(), value)])
}

fn about(code: Code, field: &str, reason: &str, message: &str, metadata: Metadata) -> Status {
    let mut details = info(reason, metadata);
    add(&mut details, field, reason, message);
    told(code, message, details)
}

fn info(reason: &str, metadata: Metadata) -> ErrorDetails {
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
