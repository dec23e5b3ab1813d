//! Tokens beside a certificate (RFC 8705).

use futures::StreamExt;
use headroom_domain::limit::{LimitState, LimitStatus};
use headroom_grid_api::LimitQuery;

use super::issuer::AUDIENCE;
use super::*;

/// The reason for which a token is refused beside the certificate of `dispatch`.
async fn reason(secured: &Secured, token: &str) -> String {
    let refused = refused(secured.with_token(&secured.dispatch, token).server_info().await);
    assert_eq!(refused.code, "Unauthenticated", "{refused}");
    refused.reason
}

#[tokio::test]
async fn a_token_narrows_what_its_certificate_may_do() {
    let secured = Secured::start().await;
    let token = secured.issuer.token(AUDIENCE, "openid read", &secured.dispatch);
    let narrowed = secured.with_token(&secured.dispatch, &token);
    let refusal = refused(narrowed.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("PermissionDenied", "ROLE_MISSING"));
    assert_eq!(narrowed.list(&LimitQuery::default()).await.unwrap(), []);
    secured.stop().await;
}

#[tokio::test]
async fn a_token_does_not_widen_what_its_certificate_may_do() {
    let secured = Secured::start().await;
    let token = secured.issuer.token(AUDIENCE, "submit read test", &secured.planner);
    let wanting = secured.with_token(&secured.planner, &token);
    let refusal = refused(wanting.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
    assert_eq!(refusal.reason, "ROLE_MISSING");
    assert_eq!(wanting.list(&LimitQuery::default()).await.unwrap(), []);
    secured.stop().await;
}

#[tokio::test]
async fn a_token_that_was_stolen_is_worth_nothing_beside_another_certificate() {
    let secured = Secured::start().await;
    let token = secured.issuer.token(AUDIENCE, "submit", &secured.planner);
    assert_eq!(reason(&secured, &token).await, "TOKEN_NOT_BOUND");
    secured.stop().await;
}

#[tokio::test]
async fn a_token_that_was_stolen_is_worth_nothing_without_a_certificate() {
    let secured = Secured::start_as(|options| options.tls.as_mut().unwrap().client_roots = None).await;
    let token = secured.issuer.token(AUDIENCE, "submit", &secured.dispatch);
    let thief = secured.connect(secured.authority.trusted_by(None), Some(&token));
    assert_eq!(refused(thief.server_info().await).reason, "TOKEN_NOT_BOUND");
    secured.stop().await;
}

#[tokio::test]
async fn a_token_expires_by_the_servers_clock_also_on_an_open_connection() {
    let secured = Secured::start().await;
    let token = secured.issuer.token(AUDIENCE, "read", &secured.dispatch);
    let utility = secured.with_token(&secured.dispatch, &token);
    utility.server_info().await.unwrap();
    secured.server.pass(61);
    assert_eq!(refused(utility.server_info().await).reason, "TOKEN_EXPIRED");
    secured.stop().await;
}

#[tokio::test]
async fn a_stream_ends_when_the_token_that_opened_it_expires() {
    let secured = Secured::start().await;
    let token = secured.issuer.token(AUDIENCE, "read", &secured.dispatch);
    let utility = secured.with_token(&secured.dispatch, &token);
    let mut stream = Box::pin(utility.statuses(0, &[]).await.unwrap());
    let lasting = secured.with(&secured.dispatch);
    let mut without_token = Box::pin(lasting.statuses(0, &[]).await.unwrap());
    secured.server.pass(61);
    let end = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next()).await.expect("it ends");
    let refusal = refused(end.unwrap());
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("Unauthenticated", "TOKEN_EXPIRED"));
    assert!(stream.next().await.is_none());
    let limit = headroom_grid_api::limit_id("dso-1", "l0001");
    let accepted = LimitStatus::of(LimitState::Accepted);
    secured.server.host.happen(&limit, &site(), accepted);
    assert_eq!(without_token.next().await.unwrap().unwrap().limit, limit);
    drop((stream, without_token));
    secured.stop().await;
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let secured = Secured::start().await;
    let token = secured.issuer.token("another-service", "read", &secured.dispatch);
    assert_eq!(reason(&secured, &token).await, "TOKEN_INVALID");
    secured.stop().await;
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let secured = Secured::start().await;
    assert_eq!(reason(&secured, &Issuer::unsigned("submit", &secured.dispatch)).await, "TOKEN_INVALID");
    secured.stop().await;
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_if_it_were_a_secret_is_refused() {
    let secured = Secured::start().await;
    let forged = secured.issuer.forged("submit", &secured.dispatch);
    assert_eq!(reason(&secured, &forged).await, "TOKEN_INVALID");
    secured.stop().await;
}

#[tokio::test]
async fn a_token_that_nobody_issued_is_not_passed_over_because_of_the_certificate() {
    let secured = Secured::start().await;
    assert_eq!(reason(&secured, "a-guess-of-a-token").await, "TOKEN_UNKNOWN");
    secured.stop().await;
}
