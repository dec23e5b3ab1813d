//! What each may do who is known.

use headroom_domain::limit::LimitKind;
use headroom_grid_api::LimitQuery;

use super::*;

fn test_limit(revision: i64) -> LimitDraft {
    LimitDraft { kind: LimitKind::Test, ..draft(revision, &[(0, 60, 1.0)]) }
}

#[track_caller]
fn check_role_missing<T: std::fmt::Debug>(answer: Result<T, ClientError>, role: &str) {
    let refused = refused(answer);
    assert_eq!((refused.code.as_str(), refused.reason.as_str()), ("PermissionDenied", "ROLE_MISSING"), "{refused}");
    assert_eq!(refused.metadata["role"], role);
    assert!(!refused.retryable);
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let secured = Secured::start().await;
    let limit = secured.with(&secured.dispatch).submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await.unwrap().limit;
    let planner = secured.with(&secured.planner);
    check_role_missing(planner.submit(&draft(2, &[(0, 60, 2.0)]), request_id(2)).await, "submit");
    check_role_missing(planner.cancel(&limit.id, "", request_id(3)).await, "submit");
    check_role_missing(planner.validate(&draft(2, &[(0, 60, 2.0)]), request_id(4)).await, "test");
    assert_eq!(planner.list(&LimitQuery::default()).await.unwrap().len(), 1);
    secured.stop().await;
}

#[tokio::test]
async fn who_may_only_test_neither_limits_in_earnest_nor_reads() {
    let secured = Secured::start().await;
    let trainee = secured.with(&secured.trainee);
    check_role_missing(trainee.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await, "submit");
    check_role_missing(trainee.list(&LimitQuery::default()).await, "read");
    trainee.validate(&draft(1, &[(0, 60, 1.0)]), request_id(2)).await.unwrap();
    assert_eq!(secured.server.host.count(), 0);
    trainee.submit(&test_limit(1), request_id(3)).await.unwrap();
    assert_eq!(secured.server.host.count(), 1);
    secured.stop().await;
}

#[tokio::test]
async fn who_may_submit_in_earnest_may_also_test() {
    let secured = Secured::start().await;
    let dispatch = secured.with(&secured.dispatch);
    dispatch.validate(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await.unwrap();
    dispatch.submit(&test_limit(1), request_id(2)).await.unwrap();
    secured.stop().await;
}

#[tokio::test]
async fn the_audit_of_a_change_that_was_refused_has_the_certificate() {
    let secured = Secured::start().await;
    refused(secured.with(&secured.planner).submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
    let told = secured.server.host.kept.lock().refused.clone();
    assert!(told[0].caller.principal.starts_with("CN=planner sha256:"), "{told:?}");
    assert_eq!((told[0].method, told[0].result.as_str()), ("SubmitLimit", "PERMISSION_DENIED ROLE_MISSING"));
    secured.stop().await;
}

#[tokio::test]
async fn the_server_tells_a_caller_its_principal_and_its_roles() {
    let secured = Secured::start().await;
    let info = secured.with(&secured.planner).server_info().await.unwrap();
    let fingerprint = secured.planner.identity().to_string();
    assert_eq!(info.principal, format!("CN=planner sha256:{}", &fingerprint[..16]));
    assert_eq!(info.roles, ["read"]);
    secured.stop().await;
}
