use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use headroom_ocpi_adapter::{Dialect, Role};
use serde_json::{Value, json};

use crate::hosts::ScspMemory;
use crate::stub::Stub;
use crate::world::{Caller, Side, id, registered, scsp, session_json};

const SESSION: &str = "/2.2.1/receiver/sessions/NL/STK/S1";

/// A service with one registered CPO, NL-STK, whose token is `token-of-stub`.
async fn service() -> Side<ScspMemory> {
    let stub = Stub::start(|_| crate::stub::said(&Value::Null)).await;
    scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await
}

fn cpo_caller() -> Caller {
    Caller::plain("token-of-stub")
}

fn s1() -> Value {
    session_json("S1", "2026-03-09T11:00:00Z")
}

#[tokio::test]
async fn line_01_no_authorization_is_401() {
    let service = service().await;
    let caller = Caller { authorization: None, headers: Vec::new() };
    let got = caller.get(&service.url("/versions")).await;
    assert_eq!(got.outcome(), (401, 2000));
    let basic = Caller { authorization: Some("Basic dG9rZW4=".to_owned()), headers: Vec::new() };
    assert_eq!(basic.get(&service.url("/versions")).await.outcome(), (401, 2000));
}

#[tokio::test]
async fn line_02_an_unknown_token_is_401() {
    let service = service().await;
    assert_eq!(Caller::plain("nobody").get(&service.url("/versions")).await.outcome(), (401, 2000));
    assert_eq!(Caller::plain("token-of-stu").get(&service.url("/versions")).await.outcome(), (401, 2000));
}

#[tokio::test]
async fn line_03_a_token_a_opens_versions_and_credentials_only() {
    let service = service().await;
    let token_a = service.platform.invite(&id("new"), Dialect::default()).await.unwrap();
    let caller = Caller::of(&token_a);
    assert_eq!(caller.get(&service.url("/versions")).await.outcome(), (200, 1000));
    assert_eq!(caller.get(&service.url("/2.2.1")).await.outcome(), (200, 1000));
    assert_eq!(caller.get(&service.url("/2.2.1/credentials")).await.outcome(), (200, 1000));
    assert_eq!(caller.put(&service.url(SESSION), &s1()).await.outcome(), (401, 2000));
}

#[tokio::test]
async fn lines_04_05_06_tokens_in_base64_plain_and_with_a_line_feed_are_accepted() {
    let service = service().await;
    let encoded = BASE64_STANDARD.encode("token-of-stub");
    let with_line_feed = BASE64_STANDARD.encode("token-of-stub\n");
    for token in ["token-of-stub", &encoded, &with_line_feed] {
        let got = Caller::plain(token).get(&service.url("/versions")).await;
        assert_eq!(got.outcome(), (200, 1000), "{token}");
    }
    let twice = BASE64_STANDARD.encode("token-of-stub\n\n");
    assert_eq!(Caller::plain(&twice).get(&service.url("/versions")).await.status, 401);
}

#[tokio::test]
async fn line_07_a_body_that_is_no_json_is_400() {
    let service = service().await;
    let got = cpo_caller().text(Method::PUT, &service.url(SESSION), Some("{".to_owned())).await;
    assert_eq!(got.outcome(), (400, 2001));
    let empty = cpo_caller().text(Method::PUT, &service.url(SESSION), None).await;
    assert_eq!(empty.outcome(), (400, 2001));
}

#[tokio::test]
async fn line_08_wrong_types_in_json_are_200_with_2001() {
    let service = service().await;
    let mut session = s1();
    session["kwh"] = json!("much");
    let got = cpo_caller().put(&service.url(SESSION), &session).await;
    assert_eq!(got.outcome(), (200, 2001));
    assert!(got.body["status_message"].as_str().unwrap().starts_with("kwh: "), "{}", got.body);
    for body in [json!([]), json!(3), Value::Null] {
        assert_eq!(cpo_caller().put(&service.url(SESSION), &body).await.outcome(), (200, 2001));
        assert_eq!(cpo_caller().patch(&service.url(SESSION), &body).await.outcome(), (200, 2001));
    }
    assert!(service.host.objects.lock().is_empty());
}

#[tokio::test]
async fn line_09_request_and_correlation_ids_are_repeated_or_made() {
    let service = service().await;
    let headers = vec![("X-REQUEST-ID", "r-1".to_owned()), ("x-correlation-id", "c-1".to_owned())];
    let caller = Caller { headers, ..cpo_caller() };
    for got in [caller.get(&service.url("/versions")).await, caller.get(&service.url(SESSION)).await] {
        assert_eq!((got.header("x-request-id"), got.header("X-Correlation-ID")), ("r-1", "c-1"));
    }
    assert_eq!(cpo_caller().get(&service.url("/versions")).await.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn line_10_parties_change_places_in_answers_of_functional_modules_only() {
    let service = service().await;
    let headers = vec![
        ("ocpi-from-country-code", "NL".to_owned()),
        ("ocpi-from-party-id", "STK".to_owned()),
        ("ocpi-to-country-code", "nl".to_owned()),
        ("ocpi-to-party-id", "hdr".to_owned()),
    ];
    let caller = Caller { headers, ..cpo_caller() };
    let got = caller.put(&service.url(SESSION), &s1()).await;
    assert_eq!(got.outcome(), (201, 1000));
    assert_eq!((got.header("ocpi-to-country-code"), got.header("ocpi-to-party-id")), ("NL", "STK"));
    assert_eq!((got.header("ocpi-from-country-code"), got.header("ocpi-from-party-id")), ("nl", "hdr"));
    for path in ["/versions", "/2.2.1", "/2.2.1/credentials"] {
        let got = caller.get(&service.url(path)).await;
        assert!(got.headers.keys().all(|name| !name.as_str().starts_with("ocpi-")), "{path}");
    }
    let unaddressed = cpo_caller().put(&service.url(SESSION), &s1()).await;
    assert_eq!(unaddressed.header("ocpi-from-party-id"), "HDR");
}

#[tokio::test]
async fn line_11_a_request_to_a_party_that_is_not_ours_is_not_processed() {
    let service = service().await;
    let headers = vec![("ocpi-to-country-code", "NL".to_owned()), ("ocpi-to-party-id", "XXX".to_owned())];
    let got = Caller { headers, ..cpo_caller() }.put(&service.url(SESSION), &s1()).await;
    assert_eq!(got.outcome(), (200, 2001));
    assert!(service.host.objects.lock().is_empty());
}

#[tokio::test]
async fn line_14_every_answer_has_a_code_and_a_time_of_the_given_clock() {
    let service = service().await;
    let nobody = Caller::plain("nobody");
    for got in [
        cpo_caller().get(&service.url("/versions")).await,
        cpo_caller().get(&service.url("/nothing/here")).await,
        cpo_caller().text(Method::PUT, &service.url(SESSION), Some("{".to_owned())).await,
        cpo_caller().call(Method::DELETE, &service.url(SESSION), None).await,
        nobody.get(&service.url("/versions")).await,
    ] {
        assert_eq!(got.body["timestamp"], "2026-03-09T12:00:00Z");
        assert!(got.code() >= 1000);
        assert_eq!(got.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn line_16_ids_match_without_case() {
    let service = service().await;
    assert_eq!(cpo_caller().put(&service.url(SESSION), &s1()).await.status, 201);
    let other = service.url("/2.2.1/receiver/sessions/nl/stk/s1");
    assert_eq!(cpo_caller().put(&other, &s1()).await.outcome(), (200, 1000));
    assert_eq!(cpo_caller().get(&other).await.body["data"]["id"], "S1", "the owner's spelling");
}

#[tokio::test]
async fn line_17_double_slashes_and_a_slash_at_the_end_are_accepted() {
    let service = service().await;
    for path in ["//versions", "/versions/", "//2.2.1//", "/2.2.1/credentials/"] {
        assert_eq!(cpo_caller().get(&service.url(path)).await.outcome(), (200, 1000), "{path}");
    }
    let got = cpo_caller().put(&service.url("/2.2.1/receiver//sessions/NL/STK//S1/"), &s1()).await;
    assert_eq!(got.outcome(), (201, 1000));
}

#[tokio::test]
async fn a_host_that_fails_is_3000_and_tells_nothing_of_itself() {
    let service = service().await;
    *service.host.broken.lock() = true;
    let got = cpo_caller().put(&service.url(SESSION), &s1()).await;
    assert_eq!(got.outcome(), (200, 3000));
    assert!(!got.body.to_string().contains("store is away"));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let service = service().await;
    let body = format!("\"{}\"", "x".repeat(9 * 1024 * 1024));
    assert_eq!(cpo_caller().text(Method::PUT, &service.url(SESSION), Some(body)).await.status, 413);
}
