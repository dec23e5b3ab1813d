use headroom_domain::limit::LimitViolation;
use uuid::Uuid;

use super::*;

fn violation(field: &str, code: &'static str) -> LimitViolation {
    LimitViolation {
        field: field.to_owned(),
        code,
        rule: "a sentence with the remedy that is as long as they are".to_owned(),
    }
}

/// The code, the reason, and the path and reason of each field at fault.
#[track_caller]
fn check(status: &Status, code: Code, reason: &str, fields: &[(&str, &str)]) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((status.code(), info.domain.as_str(), info.reason.as_str()), (code, "utility.headroom", reason));
    let violations = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let told: Vec<_> = violations.iter().map(|field| (field.field.as_str(), field.reason.as_str())).collect();
    assert_eq!(told, fields);
    assert!(violations.iter().all(|field| !field.description.is_empty()));
    assert!(!status.message().is_empty());
}

#[test]
fn every_refusal_has_its_code_reason_and_fields() {
    let place = || Target::ConnectionPoint("x".into());
    let status = |refusal: Refusal| Paths::PLAIN.status(refusal);
    let unknown = status(Refusal::TargetUnknown { target: place() });
    check(&unknown, Code::NotFound, "TARGET_UNKNOWN", &[("target", "TARGET_UNKNOWN")]);
    let unknown = status(Refusal::LimitUnknown { limit: "x".into() });
    check(&unknown, Code::NotFound, "LIMIT_UNKNOWN", &[("name", "LIMIT_UNKNOWN")]);
    let (principal, utility) = ("token dso".to_owned(), "dso".to_owned());
    let refused = status(Refusal::NotAuthorised { principal, utility, target: place() });
    let reason = "NOT_AUTHORISED_FOR_TARGET";
    check(&refused, Code::PermissionDenied, reason, &[("target", reason)]);
    let reused = status(Refusal::RequestIdReused { request_id: Uuid::nil() });
    check(&reused, Code::InvalidArgument, "REQUEST_ID_REUSED", &[("request_id", "REQUEST_ID_REUSED")]);
    let stale = status(Refusal::StaleRevision { revision: 3, latest: 7 });
    check(&stale, Code::FailedPrecondition, "STALE_REVISION", &[("limit.revision", "STALE_REVISION")]);
    assert_eq!(stale.get_details_error_info().unwrap().metadata["latest_revision"], "7");
    let changed = status(Refusal::EtagMismatch { target: place(), etag: "4".to_owned() });
    check(&changed, Code::Aborted, "ETAG_MISMATCH", &[("grid_area.etag", "ETAG_MISMATCH")]);
    assert_eq!(changed.get_details_error_info().unwrap().metadata["etag"], "4");
    check(&status(Refusal::NotOffered), Code::Unimplemented, "NOT_OFFERED", &[]);
}

#[test]
fn a_refused_place_has_the_path_where_the_caller_named_it() {
    let (point, area) = (Target::ConnectionPoint("x".into()), Target::Area("x".into()));
    let field = |paths: Paths, target: &Target| {
        let status = paths.status(Refusal::TargetUnknown { target: target.clone() });
        status.get_details_bad_request().unwrap().field_violations[0].field.clone()
    };
    assert_eq!(field(Paths::SUBMISSION, &area), "limit.target");
    assert_eq!(field(Paths::NAME, &area), "name");
    assert_eq!(
        (field(Paths::AREA, &point).as_str(), field(Paths::AREA, &area).as_str()),
        ("grid_area.members", "grid_area.name")
    );
    let request = within(&Paths::SUBMISSION.status(Refusal::TargetUnknown { target: point }), "requests[3].");
    check(&request, Code::NotFound, "TARGET_UNKNOWN", &[("requests[3].limit.target", "TARGET_UNKNOWN")]);
}

#[test]
fn the_audit_keeps_the_code_as_grpc_spells_it_and_the_reason() {
    let stale = Paths::SUBMISSION.status(Refusal::StaleRevision { revision: 3, latest: 7 });
    assert_eq!(result(&stale), "FAILED_PRECONDITION STALE_REVISION");
    assert_eq!(result(&Status::new(Code::OutOfRange, "")), "OUT_OF_RANGE");
}

#[test]
fn a_slow_reader_is_told_where_to_resume_when_it_can() {
    let cut = slow_reader(Duration::from_secs(30), Some(7));
    check(&cut, Code::ResourceExhausted, "SLOW_READER", &[]);
    assert_eq!(cut.get_details_error_info().unwrap().metadata["resume_after_sequence"], "7");
    assert!(slow_reader(Duration::ZERO, None).get_details_error_info().unwrap().metadata.is_empty());
}

#[test]
fn what_is_unavailable_says_when_to_try_again() {
    let retry_after = Duration::from_secs(3);
    let status = Paths::PLAIN.status(Refusal::Unavailable { message: "the disk is full".to_owned(), retry_after });
    check(&status, Code::Unavailable, "UNAVAILABLE", &[]);
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(retry_after));
}

#[test]
fn the_hosts_violations_are_told_with_paths_from_the_root_of_the_request() {
    let broken = vec![violation("intervals[0].end_time", "A"), violation("programme", "B")];
    let fields = [("limit.intervals[0].end_time", "A"), ("limit.programme", "B")];
    check(&Paths::SUBMISSION.status(Refusal::Invalid(broken)), Code::InvalidArgument, "A", &fields);
}

#[test]
fn a_foreign_name_is_told_with_its_field() {
    let reason = "NOT_AUTHORISED_FOR_UTILITY";
    check(&foreign_utility("dso", "parent"), Code::PermissionDenied, reason, &[("parent", reason)]);
}

#[test]
fn a_hopeless_schedule_is_told_in_a_header_that_clients_accept() {
    let broken: Vec<_> =
        (0..2016).map(|i| violation(&format!("limit.intervals[{i}].end_time"), "INTERVAL_IN_PAST")).collect();
    let status = invalid(&broken);
    let details = status.get_error_details();
    assert_eq!(details.bad_request().unwrap().field_violations.len(), VIOLATIONS_TOLD_MAX);
    assert_eq!(details.error_info().unwrap().metadata["violation_count"], "2016");
    let header_bytes = (status.details().len() + status.message().len()) * 4 / 3;
    assert!(header_bytes < 6_000, "{header_bytes}");
}
