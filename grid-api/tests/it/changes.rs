//! What holds for every change: what the audit is told of it, what its terms may be, how large it may be.

use headroom_domain::limit::{INTERVALS_MAX, LimitState};
use headroom_grid_api::LimitQuery;

use super::host::FOREIGN_SITE;
use super::*;

#[tokio::test]
async fn every_refused_change_is_told_to_the_audit_also_one_that_validation_refuses() {
    let server = Server::start().await;
    let utility = server.utility();
    let foreign = LimitDraft { target: Target::ConnectionPoint(FOREIGN_SITE.into()), ..draft(1, &[(0, 60, 1.0)]) };
    refused(utility.submit(&draft(0, &[(0, 60, 1.0)]), request_id(1)).await);
    refused(utility.submit(&foreign, request_id(2)).await);
    refused(utility.cancel(&headroom_grid_api::limit_id("dso-1", "x"), "", request_id(3)).await);
    refused(utility.set_safe_mode(&FOREIGN_SITE.into(), None, request_id(4)).await);
    refused(utility.put_grid_area(&"feeder-7".into(), "", &[FOREIGN_SITE.into()], "", request_id(5)).await);
    let expected = [
        ("SubmitLimit", "connectionPoints/site-a", "INVALID_ARGUMENT REVISION_NOT_POSITIVE"),
        ("SubmitLimit", "connectionPoints/site-b", "PERMISSION_DENIED NOT_AUTHORISED_FOR_TARGET"),
        ("CancelLimit", "utilities/dso-1/limits/x", "NOT_FOUND LIMIT_UNKNOWN"),
        ("SetSafeMode", "connectionPoints/site-b", "PERMISSION_DENIED NOT_AUTHORISED_FOR_TARGET"),
        ("PutGridArea", "gridAreas/feeder-7", "PERMISSION_DENIED NOT_AUTHORISED_FOR_TARGET"),
    ];
    let told = server.host.refused();
    let told: Vec<_> =
        told.iter().map(|(method, resource, result)| (*method, resource.as_str(), result.as_str())).collect();
    assert_eq!(told, expected);
    let first = server.host.kept.lock().refused[0].clone();
    assert_eq!((first.caller.principal.as_str(), first.request_id), ("token dso-1", request_id(1).to_string()));
    server.stop().await;
}

#[tokio::test]
async fn what_changes_nothing_is_not_told_to_the_audit() {
    let server = Server::start().await;
    let utility = server.utility();
    utility.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await.unwrap();
    refused(utility.validate(&draft(0, &[(0, 60, 1.0)]), request_id(2)).await);
    refused(utility.get(&headroom_grid_api::limit_id("dso-1", "x")).await);
    let stranger = Utility::connect(&server.url, "dso-1", Some("nobody-knows-this")).unwrap();
    refused(stranger.submit(&draft(1, &[(0, 60, 1.0)]), request_id(3)).await);
    assert_eq!(server.host.refused(), []);
    server.stop().await;
}

#[tokio::test]
async fn every_call_of_a_known_caller_is_a_sign_of_life_also_a_refused_one() {
    let server = Server::start().await;
    let utility = server.utility();
    utility.server_info().await.unwrap();
    utility.list(&LimitQuery::default()).await.unwrap();
    refused(utility.submit(&draft(0, &[(0, 60, 1.0)]), request_id(1)).await);
    assert_eq!(server.host.heard(), 3);
    let stranger = Utility::connect(&server.url, "dso-1", Some("nobody-knows-this")).unwrap();
    refused(stranger.server_info().await);
    assert_eq!(server.host.heard(), 3);
    server.stop().await;
}

#[tokio::test]
async fn the_terms_of_a_limit_come_back_as_they_were_stated() {
    let server = Server::start().await;
    let utility = server.utility();
    let terms = Terms {
        priority: Some(3),
        issued_at: Some(at(-5)),
        respond_by: Some(at(1)),
        randomize_start_s: 1800,
        ramp_time_s: 60,
        reason_code: "FEEDER_OVERLOAD".to_owned(),
        external_reference: "calc-77".to_owned(),
    };
    let limit = LimitDraft { terms: terms.clone(), ..draft(1, &[(0, 60, 1.0)]) };
    let recorded = utility.submit(&limit, request_id(1)).await.unwrap().limit;
    assert_eq!(recorded.terms, terms);
    assert_eq!(utility.get(&recorded.id).await.unwrap(), recorded);
    // A repetition may come when it is too late to respond.
    server.pass(5);
    assert_eq!(utility.submit(&limit, request_id(1)).await.unwrap().limit, recorded);
    let late = LimitDraft { revision: 2, ..limit };
    let refusal = refused(utility.submit(&late, request_id(2)).await);
    assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), ("RESPOND_BY_IN_PAST", "respond_by"));
    server.stop().await;
}

#[tokio::test]
async fn terms_that_break_rules_are_told_with_their_paths() {
    let server = Server::start().await;
    let mut limit = draft(1, &[(0, 60, 1.0)]);
    limit.terms = Terms {
        priority: Some(0),
        randomize_start_s: 1801,
        ramp_time_s: 86_401,
        reason_code: "x".repeat(65),
        external_reference: "x".repeat(129),
        ..Terms::default()
    };
    let refusal = refused(server.utility().submit(&limit, request_id(1)).await);
    let fields: Vec<_> = refusal.fields.iter().map(|field| (field.path.as_str(), field.reason.as_str())).collect();
    let expected = [
        ("limit.priority", "PRIORITY_RESERVED"),
        ("limit.randomize_start_s", "RANDOMIZE_TOO_LONG"),
        ("limit.ramp_time_s", "RAMP_TOO_LONG"),
        ("limit.reason_code", "TEXT_TOO_LONG"),
        ("limit.external_reference", "TEXT_TOO_LONG"),
    ];
    assert_eq!(fields, expected);
    limit.terms = Terms { priority: Some(1), ..Terms::default() };
    limit.programme = "gac-2.1".to_owned();
    assert_eq!(refused(server.utility().submit(&limit, request_id(1)).await).reason, "PRIORITY_NOT_ALLOWED");
    server.stop().await;
}

#[tokio::test]
async fn a_limit_of_an_area_is_submitted_and_read_back() {
    let server = Server::start().await;
    let utility = server.utility();
    let area = Target::Area("feeder-7".into());
    let limit = LimitDraft { target: area.clone(), ..draft(1, &[(0, 60, 90_000.0)]) };
    assert_eq!(utility.submit(&limit, request_id(1)).await.unwrap().limit.target, area);
    let query = LimitQuery { target: Some(area), ..LimitQuery::default() };
    assert_eq!(utility.list(&query).await.unwrap().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_schedule_with_too_many_intervals_is_refused_with_its_rule() {
    let server = Server::start().await;
    let pieces: Vec<_> = (0..=i64::try_from(INTERVALS_MAX).unwrap()).map(|minute| (minute, minute + 1, 1.0)).collect();
    let refusal = refused(server.utility().submit(&draft(1, &pieces), request_id(1)).await);
    assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), ("TOO_MANY_INTERVALS", "limit.intervals"));
    server.utility().submit(&draft(1, &pieces[1..]), request_id(1)).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_list_can_be_of_limits_in_some_states_and_loses_none_over_pages() {
    let server = Server::start().await;
    let utility = server.utility();
    for number in 1..=130_u8 {
        let start = if number % 13 == 0 { 0 } else { 100 };
        let limit = LimitDraft { programme: format!("p{number}"), ..draft(1, &[(start, start + 10, 1.0)]) };
        utility.submit(&limit, request_id(number)).await.unwrap();
    }
    let cancelled = utility.list(&LimitQuery::default()).await.unwrap()[0].id.clone();
    utility.cancel(&cancelled, "", request_id(200)).await.unwrap();
    let count = async |states: &[LimitState]| {
        let query = LimitQuery { include_cancelled: true, ..LimitQuery::default() };
        utility.list_in(&query, states).await.unwrap().len()
    };
    assert_eq!(count(&[LimitState::Active]).await, 10);
    assert_eq!(count(&[LimitState::Scheduled]).await, 119);
    assert_eq!(count(&[LimitState::Cancelled, LimitState::Active]).await, 11);
    server.pass(10);
    assert_eq!((count(&[LimitState::Active]).await, count(&[LimitState::Completed]).await), (0, 10));
    let refusal = refused(utility.list_in(&LimitQuery::default(), &[LimitState::Superseded]).await);
    assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), ("STATE_UNKNOWN", "states[0]"));
    server.stop().await;
}
