//! Who gets through the handshake, and who is known behind it.

use headroom_grid_api::LimitQuery;
use headroom_grid_api::server::ServerTls;

use super::*;

/// Turned away before there is anyone to answer.
#[track_caller]
fn check_turned_away<T: std::fmt::Debug>(answer: Result<T, ClientError>) {
    let refused = refused(answer);
    assert_eq!(refused.reason, "NO_CONNECTION", "{refused}");
}

/// The one that is known gets through, so that what others meet is not a fault of the server.
async fn check_serves(secured: &Secured) {
    secured.with(&secured.dispatch).server_info().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_known_by_its_uri_needs_no_token() {
    let secured = Secured::start().await;
    let utility = secured.with(&secured.dispatch);
    utility.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await.unwrap();
    let info = utility.server_info().await.unwrap();
    assert_eq!(info.utility, "dso-1");
    secured.stop().await;
}

#[tokio::test]
async fn a_certificate_that_is_known_by_its_fingerprint_needs_no_token() {
    let secured = Secured::start().await;
    assert_eq!(secured.with(&secured.planner).list(&LimitQuery::default()).await.unwrap(), []);
    secured.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_known_by_its_uri_and_not_by_the_old_fingerprint() {
    let secured = Secured::start().await;
    let renewed = secured.authority.client("renewed-dispatch", &[DISPATCH]);
    secured.with(&renewed).server_info().await.unwrap();
    let renewed = secured.authority.client("renewed-planner", &[]);
    assert_eq!(refused(secured.with(&renewed).server_info().await).reason, "CERTIFICATE_UNKNOWN");
    secured.stop().await;
}

#[tokio::test]
async fn a_stranger_with_a_certificate_of_another_authority_is_turned_away() {
    let secured = Secured::start().await;
    // It calls itself all that the one does that is known.
    let other = Authority::new("the authority of this test");
    let stranger = other.client("dispatch", &[DISPATCH]);
    check_turned_away(secured.with(&stranger).submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
    assert_eq!(secured.server.host.count(), 0);
    check_serves(&secured).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_turned_away_also_with_a_token() {
    let secured = Secured::start_as(|options| options.access.tokens = Server::options().access.tokens).await;
    for token in [None, Some(TOKEN)] {
        check_turned_away(secured.connect(secured.authority.trusted_by(None), token).server_info().await);
    }
    check_serves(&secured).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_certificate_whose_time_is_over_is_turned_away() {
    let secured = Secured::start().await;
    let expired = secured.authority.expired_client("late", &[DISPATCH]);
    check_turned_away(secured.with(&expired).server_info().await);
    check_serves(&secured).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_certificate_of_the_authority_that_nobody_entered_is_unknown() {
    let secured = Secured::start().await;
    let colleague = secured.authority.client("colleague", &["urn:dso-1:dispatcher"]);
    let refusal = refused(secured.with(&colleague).submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("Unauthenticated", "CERTIFICATE_UNKNOWN"));
    assert!(!refusal.retryable && !refusal.message.contains("urn:"), "{refusal}");
    secured.stop().await;
}

#[tokio::test]
async fn a_caller_in_plain_text_is_turned_away_by_a_server_with_tls() {
    let secured = Secured::start().await;
    let url = &secured.server.url;
    check_turned_away(Utility::connect(url, "dso-1", Some(TOKEN)).unwrap().server_info().await);
    check_serves(&secured).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_client_does_not_speak_with_a_server_that_it_does_not_trust() {
    let secured = Secured::start().await;
    let other = Authority::new("another authority");
    check_turned_away(secured.connect(other.trusted_by(Some(&secured.dispatch)), None).server_info().await);
    let misnamed = ClientTls {
        server_name: Some("headroom.example".to_owned()),
        ..secured.authority.trusted_by(Some(&secured.dispatch))
    };
    check_turned_away(secured.connect(misnamed, None).server_info().await);
    check_serves(&secured).await;
    secured.stop().await;
}

#[tokio::test]
async fn a_token_is_enough_on_a_server_with_tls_that_asks_for_no_certificates() {
    let secured = Secured::start_as(|options| {
        options.tls.as_mut().unwrap().client_roots = None;
        options.access.tokens = Server::options().access.tokens;
    })
    .await;
    let anonymous = || secured.authority.trusted_by(None);
    assert_eq!(secured.connect(anonymous(), Some(TOKEN)).server_info().await.unwrap().utility, "dso-1");
    assert_eq!(refused(secured.connect(anonymous(), None).server_info().await).reason, "TOKEN_MISSING");
    secured.stop().await;
}

#[tokio::test]
async fn a_server_whose_key_is_not_that_of_its_certificate_does_not_start() {
    let authority = Authority::new("the authority of this test");
    let other = authority.client("other", &[]);
    let tls = authority.server(None);
    let options = Options { tls: Some(ServerTls { key: other.key.clone(), ..tls }), ..Server::options() };
    let error = Server::start_as(options).await.task.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("other.key: it is not the key of the first certificate in"), "{error}");
}
