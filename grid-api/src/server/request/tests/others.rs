use headroom_domain::limit::LimitState;

use super::super::{compliance, flexibility, safe_mode, streams};
use super::*;
use crate::server::ReportSubject;

#[test]
fn terms_are_read_and_those_below_0_are_told() {
    let mut request = with(|limit| {
        limit.priority = Some(2);
        limit.randomize_start_s = 60;
        limit.issue_time = Some(timestamp(at(-1)));
    });
    request.respond_by = Some(timestamp(at(1)));
    let terms = read(request).unwrap().submission.draft.terms;
    assert_eq!((terms.priority, terms.randomize_start_s), (Some(2), 60));
    assert_eq!((terms.issued_at, terms.respond_by), (Some(at(-1)), Some(at(1))));
    check(with(|limit| limit.randomize_start_s = -1), "limit.randomize_start_s", "RANDOMIZE_NEGATIVE");
    check(with(|limit| limit.ramp_time_s = -1), "limit.ramp_time_s", "RAMP_NEGATIVE");
    check(with(|limit| limit.priority = Some(-1)), "limit.priority", "PRIORITY_NEGATIVE");
    check(with(|limit| limit.priority = Some(0)), "limit.priority", "PRIORITY_RESERVED");
    let malformed = || Some(Timestamp { seconds: 0, nanos: -1 });
    check(with(|limit| limit.issue_time = malformed()), "limit.issue_time", "TIMESTAMP_MALFORMED");
    check(proto::SubmitLimitRequest { respond_by: malformed(), ..good() }, "respond_by", "TIMESTAMP_MALFORMED");
}

#[test]
fn what_is_late_is_also_a_time_to_respond_by_that_has_passed() {
    let checked = read(proto::SubmitLimitRequest { respond_by: Some(timestamp(at(-1))), ..good() }).unwrap();
    let late: Vec<_> = checked.late.iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
    assert_eq!(late, [("respond_by", "RESPOND_BY_IN_PAST")]);
}

#[test]
fn terms_make_a_content_another_one() {
    let hash = |request| read(request).unwrap().submission.request.hash;
    let changes: [fn(&mut proto::Limit); 4] = [
        |limit| limit.priority = Some(1),
        |limit| limit.randomize_start_s = 1,
        |limit| limit.external_reference.push('x'),
        |limit| limit.target = "gridAreas/site-a".to_owned(),
    ];
    for change in changes {
        assert_ne!(hash(with(change)), hash(good()));
    }
    assert_ne!(hash(proto::SubmitLimitRequest { respond_by: Some(timestamp(at(1))), ..good() }), hash(good()));
}

#[test]
fn an_area_is_a_target_too() {
    let read = read(with(|limit| limit.target = "gridAreas/feeder-7".to_owned())).unwrap();
    assert_eq!(read.submission.draft.target, Target::Area("feeder-7".into()));
}

#[test]
fn a_list_of_states_asks_for_cancelled_limits_where_it_names_them() {
    let request = |states: &[proto::LimitState]| proto::ListLimitsRequest {
        parent: "utilities/dso".to_owned(),
        states: states.iter().map(|state| i32::from(*state)).collect(),
        ..Default::default()
    };
    let (query, _, states) = listing(&request(&[proto::LimitState::Cancelled]), &caller()).unwrap();
    assert_eq!((query.include_cancelled, states), (true, vec![LimitState::Cancelled]));
    let (query, _, _) = listing(&request(&[proto::LimitState::Active]), &caller()).unwrap();
    assert!(!query.include_cancelled);
    let refused = listing(&request(&[proto::LimitState::Unspecified]), &caller()).unwrap_err();
    assert_eq!(faults(&refused), [("states[0]".to_owned(), "STATE_UNKNOWN".to_owned())]);
}

#[test]
fn hashes_of_the_other_changes_stay_the_same_whatever_the_request_id() {
    let request = |id: &str| proto::SetSafeModeRequest {
        target: "connectionPoints/site-a".to_owned(),
        safe_mode: Some(proto::SafeMode { import_limit_w: Some(0), ..Default::default() }),
        request_id: id.to_owned(),
    };
    let none = proto::SetSafeModeRequest { safe_mode: None, ..request(REQUEST_ID) };
    assert_eq!(safe_mode::setting_hash(&request("a")), safe_mode::setting_hash(&request("b")));
    assert_ne!(safe_mode::setting_hash(&none), safe_mode::setting_hash(&request("a")));
}

#[test]
fn a_report_is_about_one_thing() {
    let ask = |request| compliance::report(&request, &caller(), TimeDelta::hours(1));
    let place = proto::GetComplianceReportRequest {
        target: "gridAreas/feeder-7".to_owned(),
        start_time: Some(timestamp(at(0))),
        end_time: Some(timestamp(at(60))),
        ..Default::default()
    };
    let limit = proto::GetComplianceReportRequest {
        limit: "utilities/dso/limits/1".to_owned(),
        format: proto::ReportFormat::Csv.into(),
        ..Default::default()
    };
    let window = Interval { start: at(0), end: at(60) };
    assert_eq!(ask(place.clone()).unwrap(), (ReportSubject::Target(Target::Area("feeder-7".into()), window), false));
    assert_eq!(ask(limit.clone()).unwrap(), (ReportSubject::Limit("utilities/dso/limits/1".into()), true));
    let code = |request| faults(&ask(request).unwrap_err())[0].clone();
    let told = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
    let both = proto::GetComplianceReportRequest { limit: limit.limit, ..place };
    assert_eq!(code(both), told("limit", "SUBJECT_AMBIGUOUS"));
    assert_eq!(code(proto::GetComplianceReportRequest::default()), told("target", "NAME_MALFORMED"));
    let odd = proto::GetComplianceReportRequest { format: 9, ..limit_only() };
    assert_eq!(code(odd), told("format", "FORMAT_UNKNOWN"));
}

fn limit_only() -> proto::GetComplianceReportRequest {
    proto::GetComplianceReportRequest { limit: "utilities/dso/limits/1".to_owned(), ..Default::default() }
}

#[test]
fn a_page_token_of_the_audit_is_a_sequence() {
    let ask = |token: &str| {
        let (parent, page_token) = ("utilities/dso".to_owned(), token.to_owned());
        compliance::audit(&proto::ListAuditEntriesRequest { parent, page_token, ..Default::default() }, &caller())
    };
    assert_eq!(ask("17").unwrap().1.after, Some(17));
    for token in ["0", "-1", "x"] {
        assert_eq!(faults(&ask(token).unwrap_err())[0].1, "PAGE_TOKEN_MALFORMED");
    }
}

#[test]
fn a_stream_of_forecasts_is_bounded_and_its_window_begins_with_the_step_that_holds_now() {
    let request = |resolution_s, horizon_s| proto::StreamForecastsRequest {
        parent: "utilities/dso".to_owned(),
        targets: vec![
            "connectionPoints/b".to_owned(),
            "connectionPoints/a".to_owned(),
            "connectionPoints/a".to_owned(),
        ],
        resolution_s,
        horizon_s,
    };
    let ask = |resolution_s, horizon_s| {
        flexibility::forecasts(&request(resolution_s, horizon_s), &caller(), TimeDelta::days(14))
    };
    let asked = ask(0, 0).unwrap();
    assert_eq!(asked.targets, [place("a"), place("b")]);
    let window = asked.window(DateTime::from_timestamp(1000, 0).unwrap());
    assert_eq!((window.start.timestamp(), window.duration()), (900, TimeDelta::days(1)));
    let code = |resolution_s, horizon_s| faults(&ask(resolution_s, horizon_s).map(drop).unwrap_err())[0].1.clone();
    assert_eq!(code(59, 0), "RESOLUTION_TOO_SHORT");
    assert_eq!(code(0, -1), "HORIZON_NEGATIVE");
    assert_eq!(code(0, 15 * 86_400), "HORIZON_TOO_LONG");
    assert_eq!(code(60, 14 * 86_400), "TOO_MANY_STEPS");
}

#[test]
fn telemetry_goes_back_a_day_at_most() {
    let ask = |minute| {
        let request = proto::StreamTelemetryRequest {
            parent: "utilities/dso".to_owned(),
            targets: vec!["connectionPoints/a".to_owned()],
            resolution_s: 10,
            start_time: Some(timestamp(at(minute))),
        };
        streams::telemetry(&request, &caller(), at(0))
    };
    assert_eq!(ask(-24 * 60).unwrap().start, Some(at(-24 * 60)));
    assert_eq!(faults(&ask(-24 * 60 - 1).map(drop).unwrap_err())[0].1, "WINDOW_TOO_LONG");
}
