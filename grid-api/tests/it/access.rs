//! Who may call what.

use headroom_grid_api::LimitQuery;

use super::host::FOREIGN_SITE;
use super::*;

#[tokio::test]
async fn a_stranger_is_refused() {
    let server = Server::start().await;
    for token in [None, Some("the-token-of-dso-3")] {
        let stranger = Utility::connect(&server.url, "dso-1", token).unwrap();
        let refusal = refused(stranger.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
        assert_eq!((refusal.code.as_str(), refusal.retryable), ("Unauthenticated", false));
        assert_eq!(refused(stranger.effective(&site(), window(0, 60)).await).code, "Unauthenticated");
        assert_eq!(refused(stranger.list(&LimitQuery::default()).await).code, "Unauthenticated");
        assert_eq!(refused(stranger.server_info().await).code, "Unauthenticated");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_utility_can_neither_use_nor_see_what_is_under_the_name_of_another() {
    let server = Server::start().await;
    let limit = server.utility().submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await.unwrap().limit;
    let token = Some("the-token-of-dso-2");
    let in_the_name_of_another = Utility::connect(&server.url, "dso-1", token).unwrap();
    let reason = "NOT_AUTHORISED_FOR_UTILITY";
    assert_eq!(refused(in_the_name_of_another.submit(&draft(2, &[(0, 60, 9.0)]), request_id(2)).await).reason, reason);
    assert_eq!(refused(in_the_name_of_another.list(&LimitQuery::default()).await).reason, reason);
    let other = Utility::connect(&server.url, "dso-2", token).unwrap();
    assert_eq!(refused(other.get(&limit.id).await).reason, reason);
    assert_eq!(refused(other.cancel(&limit.id, "", request_id(3)).await).reason, reason);
    assert_eq!(other.list(&LimitQuery::default()).await.unwrap(), []);
    // A request id is one utility's own.
    other.submit(&draft(1, &[(0, 60, 9.0)]), request_id(1)).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_caller_from_this_machine_may_be_a_utility_without_a_token() {
    let grant = Grant { utility: "dso-1".to_owned(), roles: [Role::Submit].into(), scope: None };
    let server = Server::start_with(Access { loopback: Some(grant), ..Default::default() }).await;
    let utility = Utility::connect(&server.url, "dso-1", None).unwrap();
    utility.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn what_a_token_is_confined_to_reaches_the_host_with_the_tokens_name() {
    let mut access = Server::options().access;
    access.tokens[0].grant.scope = Some([site()].into());
    let server = Server::start_with(access).await;
    let elsewhere = LimitDraft { target: Target::from(NodeId::from(FOREIGN_SITE)), ..draft(1, &[(0, 60, 1.0)]) };
    assert_eq!(refused(server.utility().submit(&elsewhere, request_id(1)).await).reason, "NOT_AUTHORISED_FOR_TARGET");
    let caller = server.host.kept.lock().refused[0].caller.clone();
    assert_eq!((caller.principal.as_str(), caller.scope), ("token dso-1", Some([site()].into())));
    server.stop().await;
}

#[tokio::test]
async fn a_server_with_a_bad_list_of_tokens_does_not_start() {
    let mut access = Server::options().access;
    access.tokens[0].token = "short".to_owned();
    let error = Server::start_with(access).await.task.await.unwrap().unwrap_err();
    assert!(matches!(error, ServeError::Access(_)), "{error}");
}

#[test]
fn a_bad_address_or_token_is_told_before_any_call() {
    assert!(matches!(Utility::connect("not a url", "dso-1", None), Err(ClientError::Address { .. })));
    assert!(matches!(Utility::connect("http://localhost:1", "dso-1", Some("a\nb")), Err(ClientError::Address { .. })));
}
