//! Drivers' tokens, from both sides.

use axum::http::Method;
use headroom_ocpi_adapter::roaming::{
    Allowed, Authorization, AuthorizationReply, LocationReference, Message, Token, TokenKey, TokenKind, Whitelist,
};
use headroom_ocpi_adapter::{LinkError, Role};
use serde_json::{Value, json};

use crate::hosts::CpoMemory;
use crate::stub::{Stub, said};
use crate::world::{Caller, Side, cpo, emsp, id, join, now, registered, scsp, token};

const TOKEN: &str = "/2.2.1/receiver/tokens/NL/MSP/U1";

/// A CPO with one registered eMSP, NL-MSP, whose token is `token-of-stub`.
async fn operator() -> (Side<CpoMemory>, Caller) {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let operator = cpo(vec![registered("emsp", stub.link(&[(Role::Emsp, "NL", "MSP")]))]).await;
    (operator, Caller::plain("token-of-stub"))
}

fn written() -> Value {
    json!({
        "country_code": "NL", "party_id": "MSP", "uid": "U1", "type": "RFID", "contract_id": "C1", "issuer": "MSP",
        "valid": true, "whitelist": "ALWAYS", "last_updated": "2026-03-09T11:00:00Z"
    })
}

#[tokio::test]
async fn a_token_is_put_patched_and_got_as_any_object_of_its_owner() {
    let (operator, caller) = operator().await;
    let url = operator.url(TOKEN);
    assert_eq!(caller.get(&url).await.outcome(), (404, 2004));
    assert_eq!(caller.put(&url, &written()).await.outcome(), (201, 1000));
    assert_eq!(caller.put(&url, &written()).await.outcome(), (200, 1000));
    let without_time = caller.patch(&url, &json!({ "valid": false })).await;
    assert_eq!(without_time.outcome(), (200, 2001));
    let change = json!({ "valid": false, "last_updated": "2026-03-09T11:30:00Z" });
    assert_eq!(caller.patch(&url, &change).await.outcome(), (200, 1000));
    let kept = operator.host.tokens.lock()[0].value.clone();
    assert_eq!((kept.valid, kept.whitelist, kept.contract_id.as_str()), (false, Whitelist::Always, "C1"));
    assert_eq!(caller.get(&url).await.body["data"]["valid"], false);
    assert_eq!(caller.call(Method::DELETE, &url, None).await.status, 405);
}

#[tokio::test]
async fn tokens_of_other_kinds_are_other_tokens_and_the_url_says_which() {
    let (operator, caller) = operator().await;
    let mut app = written();
    app["type"] = json!("APP_USER");
    let url = operator.url(TOKEN);
    assert_eq!(caller.put(&url, &app).await.outcome(), (200, 2001), "the URL means RFID");
    assert_eq!(caller.put(&format!("{url}?type=APP_USER"), &app).await.outcome(), (201, 1000));
    assert_eq!(caller.get(&url).await.outcome(), (404, 2004));
    let got = caller.get(&format!("{url}?type=APP_USER")).await;
    assert_eq!(got.body["data"]["type"], "APP_USER");
}

#[tokio::test]
async fn a_token_of_somebody_else_or_of_another_name_is_refused() {
    let (operator, caller) = operator().await;
    let other = operator.url("/2.2.1/receiver/tokens/NL/XXX/U1");
    assert_eq!(caller.put(&other, &written()).await.outcome(), (404, 2001));
    let named = operator.url("/2.2.1/receiver/tokens/NL/MSP/U2");
    assert_eq!(caller.put(&named, &written()).await.outcome(), (200, 2001));
    assert!(operator.host.tokens.lock().is_empty());
}

#[tokio::test]
async fn tokens_are_pushed_and_pulled_whole() {
    let (operator, provider) = (cpo(Vec::new()).await, emsp(Vec::new()).await);
    join((&operator.platform, "cpo"), (&provider.platform, "emsp")).await;
    let app = Token { key: TokenKey { kind: TokenKind::AppUser, ..token("U 2").key }, ..token("U 2") };
    let to_cpo = provider.platform.client(&id("cpo"));
    for token in [token("U1"), app.clone()] {
        to_cpo.put_token(&token).await.unwrap();
    }
    *provider.host.tokens.lock() = ["U1", "U2", "U3", "U4"].map(token).to_vec();
    let expected = |token: Token| Token { key: TokenKey { partner: id("emsp"), ..token.key }, ..token };
    let kept: Vec<_> = operator.host.tokens.lock().iter().map(|kept| kept.value.clone()).collect();
    assert_eq!(kept, [expected(token("U1")), expected(app)]);
    let pulled = operator.platform.client(&id("emsp")).pull_tokens(None).all().await.unwrap();
    assert!(pulled.objects.iter().all(|token| token.warnings.is_empty()));
    let pulled: Vec<_> = pulled.objects.into_iter().map(|token| token.value).collect();
    assert_eq!(pulled, ["U1", "U2", "U3", "U4"].map(|uid| expected(token(uid))), "two pages");
}

#[tokio::test]
async fn a_cpo_asks_whether_a_driver_may_charge_and_an_unknown_token_is_404_with_2004() {
    let (operator, provider) = (cpo(Vec::new()).await, emsp(Vec::new()).await);
    join((&operator.platform, "cpo"), (&provider.platform, "emsp")).await;
    let client = operator.platform.client(&id("emsp"));
    assert_eq!(client.authorize("U1", &TokenKind::Rfid, None).await, Ok(None));

    let place = LocationReference { location_id: "L1".to_owned(), evse_uids: vec!["E1".to_owned()] };
    let answer = Authorization {
        allowed: Allowed::Allowed,
        token: Token { key: TokenKey { partner: id("emsp"), ..token("U1").key }, ..token("U1") },
        location: Some(place.clone()),
        reference: Some("A-1".to_owned()),
        info: Some(Message { language: "en".to_owned(), text: "Welcome".to_owned() }),
    };
    *provider.host.reply.lock() = Some(AuthorizationReply::Answer(Box::new(answer.clone())));
    assert_eq!(client.authorize("U1", &TokenKind::AppUser, Some(&place)).await, Ok(Some(answer)));
    let asked = provider.host.asked.lock().clone();
    assert_eq!((asked[0].kind.clone(), asked[0].location.clone()), (TokenKind::Rfid, None));
    assert_eq!((asked[1].kind.clone(), asked[1].location.clone()), (TokenKind::AppUser, Some(place)));

    let codes = [(AuthorizationReply::LocationNeeded, 2002), (AuthorizationReply::UnknownLocation, 2003)];
    for (reply, expected) in codes {
        *provider.host.reply.lock() = Some(reply);
        let refused = client.authorize("U1", &TokenKind::Rfid, None).await;
        assert!(matches!(refused, Err(LinkError::Refused { code, .. }) if code == expected), "{refused:?}");
    }
}

#[tokio::test]
async fn an_emsp_answers_an_unknown_token_with_both_404_and_2004_and_no_data() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let provider = emsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
    let url = provider.url("/2.2.1/sender/tokens/U1/authorize");
    let got = Caller::plain("token-of-stub").call(Method::POST, &url, None).await;
    assert_eq!((got.outcome(), got.body.get("data")), ((404, 2004), None));
    let wrong = Caller::plain("token-of-stub").call(Method::POST, &url, Some(&json!({ "evse_uids": [] }))).await;
    assert_eq!(wrong.outcome(), (200, 2001), "location_id is missing");
}

#[tokio::test]
async fn a_smart_charging_service_hears_what_drivers_usually_want() {
    let (service, provider) = (scsp(Vec::new()).await, emsp(Vec::new()).await);
    join((&service.platform, "scsp"), (&provider.platform, "emsp")).await;
    provider.platform.client(&id("scsp")).put_token(&token("U1")).await.unwrap();
    let kept = service.host.tokens.lock()[0].value.clone();
    assert_eq!((kept.default_profile_type, kept.last_updated), (token("U1").default_profile_type, now()));
}
