//! The contract of limits, as a utility sees it.

use headroom_domain::limit::{Basis, LimitKind};
use headroom_grid_api::{LimitDraft, LimitQuery};

use super::host::FOREIGN_SITE;
use super::*;

#[tokio::test]
async fn a_limit_is_submitted_read_back_and_tightened() {
    let server = Server::start().await;
    let utility = server.utility();
    let first = utility.submit(&draft(1, &[(0, 60, 40_000.0)]), request_id(1)).await.unwrap();
    assert_eq!(first.warnings, []);
    assert_eq!(first.limit.accepted_at, at(0));
    assert_eq!(utility.get(&first.limit.id).await.unwrap(), first.limit);
    let second = utility.submit(&draft(2, &[(30, 45, 10_000.0)]), request_id(2)).await.unwrap();
    assert_eq!(told(&second.effective), ["30..45 10000"]);
    let pieces = utility.effective(&site(), window(-10, 70)).await.unwrap();
    assert_eq!(told(&pieces), ["-10..0 -", "0..30 40000", "30..45 10000", "45..60 40000", "60..70 -"]);
    let source = pieces[2].maximum_import_w.as_ref().map(|(_, basis)| basis.clone());
    assert_eq!(source, Some(Basis::Limit(second.limit.id)));
    server.stop().await;
}

#[tokio::test]
async fn zero_watts_arrive_as_zero_watts() {
    let server = Server::start().await;
    let utility = server.utility();
    utility.submit(&draft(1, &[(0, 60, 0.0)]), request_id(1)).await.unwrap();
    let pieces = utility.effective(&site(), window(0, 60)).await.unwrap();
    assert_eq!(told(&pieces), ["0..60 0"]);
    assert_eq!(pieces[0].maximum_export_w, None);
    server.stop().await;
}

#[tokio::test]
async fn validation_alone_records_nothing_and_does_not_use_the_request_id_up() {
    let server = Server::start().await;
    let utility = server.utility();
    let limit = LimitDraft { reason: String::new(), ..draft(1, &[(0, 60, 40_000.0)]) };
    let validated = utility.validate(&limit, request_id(1)).await.unwrap();
    assert_eq!((validated.limit.id.as_str(), validated.limit.utility.as_str()), ("", "dso-1"));
    assert_eq!(validated.warnings[0].code, "REASON_MISSING");
    assert_eq!(told(&validated.effective), ["0..60 40000"]);
    assert_eq!(server.host.count(), 0);
    utility.submit(&draft(1, &[(0, 60, 7.0)]), request_id(1)).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_repetition_has_the_first_answer_also_when_its_time_is_over() {
    let server = Server::start().await;
    let utility = server.utility();
    let limit = draft(1, &[(0, 60, 40_000.0)]);
    let first = utility.submit(&limit, request_id(1)).await.unwrap();
    utility.submit(&draft(2, &[(0, 60, 10_000.0)]), request_id(2)).await.unwrap();
    assert_eq!(utility.submit(&limit, request_id(1)).await.unwrap(), first);
    server.pass(61);
    assert_eq!(utility.submit(&limit, request_id(1)).await.unwrap(), first);
    assert_eq!(server.host.count(), 2);
    assert_eq!(refused(utility.submit(&limit, request_id(3)).await).reason, "INTERVAL_IN_PAST");
    assert_eq!(refused(utility.validate(&limit, request_id(1)).await).reason, "INTERVAL_IN_PAST");
    server.stop().await;
}

#[tokio::test]
async fn a_request_id_with_another_content_is_refused() {
    let server = Server::start().await;
    let utility = server.utility();
    utility.submit(&draft(1, &[(0, 60, 40_000.0)]), request_id(1)).await.unwrap();
    let refusal = refused(utility.submit(&draft(2, &[(0, 60, 10_000.0)]), request_id(1)).await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("InvalidArgument", "REQUEST_ID_REUSED"));
    assert_eq!(refusal.fields[0].path, "request_id");
    server.pass(61);
    let late = refused(utility.submit(&draft(2, &[(0, 60, 10_000.0)]), request_id(1)).await);
    assert_eq!(late.reason, "REQUEST_ID_REUSED");
    server.stop().await;
}

#[tokio::test]
async fn a_stale_revision_is_refused_with_the_latest() {
    let server = Server::start().await;
    let utility = server.utility();
    utility.submit(&draft(7, &[(0, 60, 40_000.0)]), request_id(1)).await.unwrap();
    let refusal = refused(utility.submit(&draft(7, &[(0, 60, 50_000.0)]), request_id(2)).await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("FailedPrecondition", "STALE_REVISION"));
    assert_eq!((refusal.latest_revision, refusal.retryable), (Some(7), false));
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_path_and_cannot_be_retried() {
    let server = Server::start().await;
    let utility = server.utility();
    let mut limit = draft(0, &[(-20, -10, 1.0), (0, 60, -1.0)]);
    limit.target = Target::ConnectionPoint("no such/place".into());
    let refusal = refused(utility.submit(&limit, request_id(1)).await);
    assert_eq!((refusal.code.as_str(), refusal.retryable), ("InvalidArgument", false));
    let fields: Vec<_> = refusal.fields.iter().map(|field| (field.path.as_str(), field.reason.as_str())).collect();
    let expected = [
        ("limit.target", "NAME_MALFORMED"),
        ("limit.revision", "REVISION_NOT_POSITIVE"),
        ("limit.intervals[1].import_limit_w", "LIMIT_NEGATIVE"),
        ("limit.intervals[0].end_time", "INTERVAL_IN_PAST"),
    ];
    assert_eq!(fields, expected);
    assert_eq!(server.host.count(), 0);
    server.stop().await;
}

#[tokio::test]
async fn unknown_and_foreign_places_are_refused() {
    let server = Server::start().await;
    let utility = server.utility();
    let place = |target: &str| Target::ConnectionPoint(target.into());
    let limit_of = |target: &str| LimitDraft { target: place(target), ..draft(1, &[(0, 60, 1.0)]) };
    for (target, code, reason) in
        [("nowhere", "NotFound", "TARGET_UNKNOWN"), (FOREIGN_SITE, "PermissionDenied", "NOT_AUTHORISED_FOR_TARGET")]
    {
        let submitted = refused(utility.submit(&limit_of(target), request_id(1)).await);
        let read = refused(utility.effective(&place(target), window(0, 60)).await);
        for refusal in [submitted, read] {
            assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), (code, reason));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_cancelled_limit_no_longer_holds_and_what_it_replaced_does() {
    let server = Server::start().await;
    let utility = server.utility();
    utility.submit(&draft(1, &[(0, 60, 40_000.0)]), request_id(1)).await.unwrap();
    let second = utility.submit(&draft(2, &[(0, 60, 10_000.0)]), request_id(2)).await.unwrap().limit.id;
    let cancelled = utility.cancel(&second, "a mistake", request_id(3)).await.unwrap();
    assert_eq!(cancelled.cancelled_at, Some(at(0)));
    server.pass(1);
    assert_eq!(utility.cancel(&second, "a mistake", request_id(3)).await.unwrap(), cancelled);
    assert_eq!(utility.cancel(&second, "again", request_id(4)).await.unwrap(), cancelled);
    assert_eq!(refused(utility.cancel(&second, "other", request_id(4)).await).reason, "REQUEST_ID_REUSED");
    assert_eq!(told(&utility.effective(&site(), window(0, 60)).await.unwrap()), ["0..60 40000"]);
    let unknown = headroom_grid_api::limit_id("dso-1", "nothing");
    assert_eq!(refused(utility.cancel(&unknown, "", request_id(5)).await).reason, "LIMIT_UNKNOWN");
    assert_eq!(refused(utility.get(&unknown).await).reason, "LIMIT_UNKNOWN");
    server.stop().await;
}

#[tokio::test]
async fn a_list_goes_over_pages_and_keeps_to_its_query() {
    let server = Server::start().await;
    let utility = server.utility();
    for number in 1..=120_u8 {
        let start = i64::from(number) * 10;
        let limit = LimitDraft { kind: LimitKind::Test, ..draft(i64::from(number), &[(start, start + 10, 1.0)]) };
        utility.submit(&limit, request_id(number)).await.unwrap();
    }
    let all = utility.list(&LimitQuery::default()).await.unwrap();
    assert_eq!(all.iter().map(|limit| limit.revision).collect::<Vec<_>>(), (1..=120).collect::<Vec<_>>());
    utility.cancel(&all[0].id, "", request_id(200)).await.unwrap();
    let revisions = async |query: LimitQuery| {
        let limits = utility.list(&query).await.unwrap();
        limits.iter().map(|limit| limit.revision).collect::<Vec<_>>()
    };
    let overlapping = LimitQuery { overlaps: Some(window(0, 35)), ..Default::default() };
    assert_eq!(revisions(overlapping.clone()).await, [2, 3]);
    assert_eq!(revisions(LimitQuery { include_cancelled: true, ..overlapping }).await, [1, 2, 3]);
    assert!(
        revisions(LimitQuery { target: Some(Target::ConnectionPoint("site-b".into())), ..Default::default() })
            .await
            .is_empty()
    );
    server.stop().await;
}
