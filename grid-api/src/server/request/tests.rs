mod others;

use headroom_domain::Power;
use headroom_domain::limit::{INTERVALS_MAX, LimitKind};
use tonic::Code;
use tonic_types::StatusExt;

use super::limits::{Checked, cancellation, effective, limit, listing, submission};
use super::*;
use crate::convert::timestamp;
use crate::proto;
use crate::server::{Caller, Role};

const REQUEST_ID: &str = "0190b2a6-4d5e-4c3a-9f00-1d2c3b4a5968";

fn caller() -> Caller {
    let roles = [Role::Submit, Role::Read, Role::Test].into();
    Caller { principal: "token dso".to_owned(), utility: "dso".to_owned(), roles, scope: None, valid_until: None }
}

fn place(id: &str) -> Target {
    Target::ConnectionPoint(id.into())
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0).unwrap()
}

fn item(start: i64, end: i64, import_limit_w: i64) -> proto::LimitInterval {
    proto::LimitInterval {
        start_time: Some(timestamp(at(start))),
        end_time: Some(timestamp(at(end))),
        import_limit_w: Some(import_limit_w),
        export_limit_w: None,
    }
}

fn good() -> proto::SubmitLimitRequest {
    let limit = proto::Limit {
        target: "connectionPoints/site-a".to_owned(),
        programme: "doe".to_owned(),
        kind: proto::LimitKind::Scheduled.into(),
        revision: 1,
        intervals: vec![item(0, 60, 11_000), item(90, 120, 0)],
        reason_text: "feeder 7 is hot".to_owned(),
        ..Default::default()
    };
    proto::SubmitLimitRequest {
        parent: "utilities/dso".to_owned(),
        limit: Some(limit),
        request_id: REQUEST_ID.to_owned(),
        validate_only: false,
        respond_by: None,
    }
}

fn with(change: impl FnOnce(&mut proto::Limit)) -> proto::SubmitLimitRequest {
    let mut request = good();
    change(request.limit.as_mut().unwrap());
    request
}

fn read(request: proto::SubmitLimitRequest) -> Result<Checked, Status> {
    submission(request, &caller(), at(0), TimeDelta::days(1))
}

#[track_caller]
fn faults(status: &Status) -> Vec<(String, String)> {
    assert_eq!(status.code(), Code::InvalidArgument);
    let bad = status.get_details_bad_request().unwrap();
    bad.field_violations.into_iter().map(|field| (field.field, field.reason)).collect()
}

#[track_caller]
fn check(request: proto::SubmitLimitRequest, field: &str, reason: &str) {
    let status = read(request).unwrap_err();
    assert_eq!(faults(&status), [(field.to_owned(), reason.to_owned())]);
    assert_eq!(status.get_details_error_info().unwrap().reason, reason);
}

#[test]
fn a_good_submission_is_read() {
    let Checked { submission, late } = read(good()).unwrap();
    assert_eq!(late, []);
    assert_eq!(submission.caller, caller());
    assert_eq!(submission.request.id.to_string(), REQUEST_ID);
    let draft = submission.draft;
    assert_eq!(draft.target, place("site-a"));
    assert_eq!((draft.programme.as_str(), draft.kind), ("doe", LimitKind::Scheduled));
    assert_eq!((draft.revision, draft.reason.as_str()), (1, "feeder 7 is hot"));
    assert_eq!(draft.intervals[1].interval, Interval { start: at(90), end: at(120) });
    assert_eq!(draft.intervals[1].maximum_import_w, Some(Power::ZERO));
}

#[test]
fn every_field_of_a_submission_is_checked() {
    check(proto::SubmitLimitRequest { limit: None, ..good() }, "limit", "REQUIRED");
    check(proto::SubmitLimitRequest { parent: "dso".to_owned(), ..good() }, "parent", "NAME_MALFORMED");
    check(with(|limit| limit.target = "site-a".to_owned()), "limit.target", "NAME_MALFORMED");
    check(with(|limit| limit.target.clear()), "limit.target", "NAME_MALFORMED");
    for programme in ["", "DOE", "-doe", "d oe", &"x".repeat(65)] {
        check(with(|limit| limit.programme = programme.to_owned()), "limit.programme", "PROGRAMME_MALFORMED");
    }
    check(with(|limit| limit.kind = 0), "limit.kind", "REQUIRED");
    check(with(|limit| limit.kind = 9), "limit.kind", "KIND_UNKNOWN");
    check(with(|limit| limit.revision = 0), "limit.revision", "REVISION_NOT_POSITIVE");
    check(with(|limit| limit.reason_text = "ä".repeat(257)), "limit.reason_text", "TEXT_TOO_LONG");
    assert!(read(with(|limit| limit.reason_text = "ä".repeat(256))).is_ok());
}

#[test]
fn a_request_id_is_a_uuid_of_version_4_or_7() {
    let with_id = |id: &str| proto::SubmitLimitRequest { request_id: id.to_owned(), ..good() };
    assert!(read(with_id("0190b2a6-4d5e-7c3a-9f00-1d2c3b4a5968")).is_ok());
    let nil = Uuid::nil().to_string();
    for id in ["", "x", "0190b2a6-4d5e-1c3a-9f00-1d2c3b4a5968", nil.as_str()] {
        check(with_id(id), "request_id", "REQUEST_ID_MALFORMED");
    }
}

#[test]
fn every_interval_is_checked() {
    let second = |item: proto::LimitInterval| with(|limit| limit.intervals[1] = item);
    check(with(|limit| limit.intervals.clear()), "limit.intervals", "INTERVALS_MISSING");
    check(second(item(50, 120, 1)), "limit.intervals[1].start_time", "INTERVALS_OVERLAP");
    check(second(item(90, 90, 1)), "limit.intervals[1].end_time", "INTERVAL_EMPTY");
    check(second(item(90, 1441, 1)), "limit.intervals[1].end_time", "HORIZON_TOO_LONG");
    check(second(item(90, 120, -1)), "limit.intervals[1].import_limit_w", "LIMIT_NEGATIVE");
    check(second(item(90, 120, i64::MAX)), "limit.intervals[1].import_limit_w", "LIMIT_TOO_LARGE");
    let silent = proto::LimitInterval { import_limit_w: None, ..item(90, 120, 1) };
    check(second(silent), "limit.intervals[1].import_limit_w", "LIMIT_MISSING");
    let timeless = proto::LimitInterval { end_time: None, ..silent };
    check(second(timeless), "limit.intervals[1].end_time", "REQUIRED");
}

#[test]
fn of_too_many_intervals_none_is_looked_at() {
    let many = |count| with(|limit| limit.intervals = vec![proto::LimitInterval::default(); count]);
    check(many(INTERVALS_MAX + 1), "limit.intervals", "TOO_MANY_INTERVALS");
    let status = read(many(INTERVALS_MAX)).unwrap_err();
    assert_eq!(faults(&status)[0], ("limit.intervals[0].start_time".to_owned(), "REQUIRED".to_owned()));
}

#[test]
fn all_faults_are_told_at_once() {
    let mut request = with(|limit| {
        limit.target.clear();
        limit.intervals[0] = item(-10, -5, 1);
        limit.intervals[1].import_limit_w = None;
    });
    request.request_id.clear();
    let told = faults(&read(request).unwrap_err());
    let fields: Vec<_> = told.iter().map(|(field, _)| field.as_str()).collect();
    let expected = ["request_id", "limit.target", "limit.intervals[1].import_limit_w", "limit.intervals[0].end_time"];
    assert_eq!(fields, expected);
}

#[test]
fn what_is_only_late_is_told_apart() {
    let checked = read(with(|limit| limit.intervals[0] = item(-10, 0, 1))).unwrap();
    let late: Vec<_> = checked.late.iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
    assert_eq!(late, [("limit.intervals[0].end_time", "INTERVAL_IN_PAST")]);
    assert_eq!(checked.submission.draft.intervals.len(), 2);
}

#[test]
fn nobody_speaks_in_the_name_of_another() {
    let foreign = "utilities/tso/limits/1".to_owned();
    let submit = proto::SubmitLimitRequest { parent: "utilities/tso".to_owned(), ..good() };
    let list = proto::ListLimitsRequest { parent: "utilities/tso".to_owned(), ..Default::default() };
    let cancel = proto::CancelLimitRequest { name: foreign.clone(), ..Default::default() };
    let refused = [
        read(submit).unwrap_err(),
        listing(&list, &caller()).unwrap_err(),
        limit(&proto::GetLimitRequest { name: foreign }, &caller()).unwrap_err(),
        cancellation(cancel, &caller()).unwrap_err(),
    ];
    for status in refused {
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(status.get_details_error_info().unwrap().reason, "NOT_AUTHORISED_FOR_UTILITY");
    }
}

#[test]
fn equal_contents_have_equal_hashes_whatever_the_request_id() {
    let hash = |request| read(request).unwrap().submission.request.hash;
    let other_id = "0190b2a6-4d5e-7c3a-9f00-1d2c3b4a5968".to_owned();
    assert_eq!(hash(proto::SubmitLimitRequest { request_id: other_id, ..good() }), hash(good()));
    assert_eq!(hash(proto::SubmitLimitRequest { validate_only: true, ..good() }), hash(good()));
    let changes: [fn(&mut proto::Limit); 5] = [
        |limit| limit.revision = 2,
        |limit| limit.programme.push('x'),
        |limit| limit.intervals[0].import_limit_w = Some(11_001),
        |limit| limit.intervals[0].export_limit_w = Some(0),
        |limit| limit.reason_text.clear(),
    ];
    for change in changes {
        assert_ne!(hash(with(change)), hash(good()));
    }
}

#[test]
fn hashes_stay_the_same_over_releases() {
    let hash = read(good()).unwrap().submission.request.hash;
    assert_eq!(hash[..8], 0xb76e_3fad_0dce_d760_u64.to_be_bytes());
}

#[test]
fn a_cancellation_is_checked() {
    let good = proto::CancelLimitRequest {
        name: "utilities/dso/limits/1".to_owned(),
        reason_text: String::new(),
        request_id: REQUEST_ID.to_owned(),
    };
    let read = cancellation(good.clone(), &caller()).unwrap();
    assert_eq!(read.limit.as_str(), "utilities/dso/limits/1");
    let bad =
        proto::CancelLimitRequest { name: "1".to_owned(), reason_text: "x".repeat(257), request_id: "x".to_owned() };
    let told = faults(&cancellation(bad, &caller()).unwrap_err());
    let fields: Vec<_> = told.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["name", "reason_text", "request_id"]);
    let other = proto::CancelLimitRequest { name: "utilities/dso/limits/2".to_owned(), ..good };
    assert_ne!(cancellation(other, &caller()).unwrap().request.hash, read.request.hash);
}

#[test]
fn a_window_of_an_effective_limit_is_checked() {
    let request = |start, end| proto::GetEffectiveLimitRequest {
        target: "connectionPoints/site-a".to_owned(),
        start_time: Some(timestamp(at(start))),
        end_time: Some(timestamp(at(end))),
    };
    let code = |request| effective(&request, TimeDelta::hours(1)).map_err(|status| faults(&status)[0].1.clone());
    assert_eq!(code(request(0, 60)), Ok((place("site-a"), Interval { start: at(0), end: at(60) })));
    assert_eq!(code(request(0, 61)), Err("WINDOW_TOO_LONG".to_owned()));
    assert_eq!(code(request(0, 0)), Err("WINDOW_EMPTY".to_owned()));
    assert_eq!(code(proto::GetEffectiveLimitRequest { end_time: None, ..request(0, 1) }), Err("REQUIRED".to_owned()));
    let elsewhere = proto::GetEffectiveLimitRequest { target: "sites/a".to_owned(), ..request(0, 1) };
    assert_eq!(code(elsewhere), Err("NAME_MALFORMED".to_owned()));
}

#[test]
fn a_list_is_checked_and_its_size_is_bounded() {
    let request =
        |page_size| proto::ListLimitsRequest { parent: "utilities/dso".to_owned(), page_size, ..Default::default() };
    let size = |page_size| listing(&request(page_size), &caller()).unwrap().1.size;
    assert_eq!((size(0), size(7), size(i32::MAX)), (50, 7, PAGE_SIZE_MAX));
    let bad = proto::ListLimitsRequest {
        page_token: "utilities/tso/limits/1".to_owned(),
        target: "x".to_owned(),
        start_time: Some(timestamp(at(5))),
        end_time: Some(timestamp(at(5))),
        ..request(-1)
    };
    let told = faults(&listing(&bad, &caller()).unwrap_err());
    let reasons: Vec<_> = told.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["PAGE_SIZE_NEGATIVE", "PAGE_TOKEN_MALFORMED", "NAME_MALFORMED", "WINDOW_EMPTY"]);
}

#[test]
fn a_list_is_filtered_by_16_states_and_of_more_none_is_looked_at() {
    let request = |state: proto::LimitState, count| proto::ListLimitsRequest {
        parent: "utilities/dso".to_owned(),
        states: vec![state.into(); count],
        ..Default::default()
    };
    assert_eq!(listing(&request(proto::LimitState::Active, 16), &caller()).unwrap().2.len(), 16);
    for state in [proto::LimitState::Active, proto::LimitState::Unspecified] {
        let status = listing(&request(state, 17), &caller()).unwrap_err();
        assert_eq!(faults(&status), [("states".to_owned(), "TOO_MANY_STATES".to_owned())]);
    }
}

#[test]
fn a_list_may_be_open_at_either_end() {
    let request = |start: Option<i64>, end: Option<i64>| proto::ListLimitsRequest {
        parent: "utilities/dso".to_owned(),
        start_time: start.map(|minute| timestamp(at(minute))),
        end_time: end.map(|minute| timestamp(at(minute))),
        ..Default::default()
    };
    let overlaps = |start, end| listing(&request(start, end), &caller()).unwrap().0.overlaps;
    assert_eq!(overlaps(None, None), None);
    assert_eq!(overlaps(Some(1), Some(2)), Some(Interval { start: at(1), end: at(2) }));
    assert_eq!(overlaps(Some(1), None).unwrap().start, at(1));
    assert!(overlaps(None, Some(1)).unwrap().contains(at(0)));
}
