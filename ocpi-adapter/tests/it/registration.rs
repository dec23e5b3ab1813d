//! The handshake, from both sides.

use axum::http::Method;
use headroom_ocpi_adapter::{
    Dialect, Interface, LinkError, Module, PlatformError, Registration, Role, Secret, TokenForm, TokenHash, Version,
};
use serde_json::{Value, json};

use crate::hosts::ScspMemory;
use crate::stub::{Said, Seen, Stub, said};
use crate::world::{Caller, Side, cpo, emsp, id, party, registered, scsp};

const CREDENTIALS: &str = "/2.2.1/credentials";

fn roles() -> Value {
    json!([{ "role": "CPO", "party_id": "STK", "country_code": "NL", "business_details": { "name": "Stub" } }])
}

fn details(root: &str, modules: &[(&str, &str)]) -> Said {
    let endpoints: Vec<_> = modules
        .iter()
        .map(|(module, role)| json!({ "identifier": module, "role": role, "url": format!("{root}/{module}") }))
        .collect();
    said(&json!({ "version": "2.2.1", "endpoints": endpoints }))
}

/// A CPO that offers what a link needs.
fn good(seen: &Seen) -> Said {
    let root = format!("http://{}", seen.header("host"));
    match seen.path.as_str() {
        "/versions" => said(&json!([{ "version": "2.1.1", "url": format!("{root}/2.1.1") },
                                    { "version": "2.2.1", "url": format!("{root}/2.2.1") }])),
        "/2.2.1" => {
            details(&root, &[("credentials", "RECEIVER"), ("chargingprofiles", "RECEIVER"), ("sessions", "SENDER")])
        }
        "/credentials" => {
            said(&json!({ "token": "token-c", "url": format!("{root}/versions"), "party_id": "STK", "roles": roles() }))
        }
        _ => said(&Value::Null).status(404),
    }
}

fn credentials(stub: &Stub, token: &str) -> Value {
    json!({ "token": token, "url": format!("{}/versions", stub.root), "roles": roles() })
}

/// A service that has invited a partner.
async fn invited() -> (Side<ScspMemory>, Caller) {
    let service = scsp(Vec::new()).await;
    let token_a = service.platform.invite(&id("cpo"), Dialect::default()).await.unwrap();
    let caller = Caller::of(&token_a);
    (service, caller)
}

fn token_of(body: &Value) -> Caller {
    Caller::plain(body["data"]["token"].as_str().unwrap())
}

#[tokio::test]
async fn a_partner_registers_with_us_and_both_tokens_work() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&credentials(&stub, "token-b"))).await;
    assert_eq!(got.outcome(), (200, 1000));
    assert_eq!(got.body["data"]["url"], service.url("/versions"));
    assert_eq!(got.body["data"]["roles"][0]["role"], "SCSP");
    assert_eq!(token_of(&got.body).get(&service.url("/versions")).await.outcome(), (200, 1000));
    let seen = stub.seen();
    assert_eq!(seen.iter().map(|seen| seen.path.as_str()).collect::<Vec<_>>(), ["/versions", "/2.2.1"]);
    assert!(seen.iter().all(|seen| seen.header("authorization") == "Token dG9rZW4tYg=="), "token B in Base64");
    assert!(seen.iter().all(|seen| seen.header("ocpi-from-party-id").is_empty()));

    let partner = service.platform.partner(&id("cpo")).unwrap();
    let link = partner.link().unwrap();
    assert_eq!(link.parties[0].party, party("NL", "STK"));
    assert!(link.endpoint(&Module::ChargingProfiles, Interface::Receiver).is_some());
    assert_eq!(service.saved.0.lock().last(), Some(&partner), "durable before it was answered");
    let json = serde_json::to_string(&partner).unwrap();
    assert_eq!(serde_json::from_str::<headroom_ocpi_adapter::Partner>(&json).unwrap(), partner);
    assert!(!format!("{partner:?}").contains("token-b"), "tokens are not printed");
}

#[tokio::test]
async fn line_25_versions_answer_with_token_b_while_the_post_is_open() {
    // Two real platforms: the CPO fetches our versions before it answers our POST.
    let (service, other) = (scsp(Vec::new()).await, cpo(Vec::new()).await);
    let token_a = other.platform.invite(&id("scsp"), Dialect::default()).await.unwrap();
    service.platform.register(&id("cpo"), &other.platform.versions_url(), &token_a).await.unwrap();
    assert!(service.platform.partner(&id("cpo")).unwrap().link().is_some());
    let theirs = other.platform.partner(&id("scsp")).unwrap();
    assert_eq!(theirs.link().unwrap().parties[0].party, party("NL", "HDR"));
    assert!(theirs.link().unwrap().endpoint(&Module::Sessions, Interface::Receiver).is_some());
}

#[tokio::test]
async fn either_side_may_start_and_an_emsp_links_too() {
    let (service, other, third) = (scsp(Vec::new()).await, cpo(Vec::new()).await, emsp(Vec::new()).await);
    for (name, platform) in [("cpo", &other.platform), ("emsp", &third.platform)] {
        let token_a = service.platform.invite(&id(name), Dialect::default()).await.unwrap();
        platform.register(&id("scsp"), &service.platform.versions_url(), &token_a).await.unwrap();
        assert!(service.platform.partner(&id(name)).unwrap().link().is_some());
    }
    let link = service.platform.partner(&id("emsp")).unwrap().link().unwrap().clone();
    assert!(link.has_role(&Role::Emsp) && !link.has_role(&Role::Cpo));
}

#[tokio::test]
async fn line_26_a_second_post_is_405() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let body = credentials(&stub, "token-b");
    let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&body)).await;
    let again = token_of(&got.body).call(Method::POST, &service.url(CREDENTIALS), Some(&body)).await;
    assert_eq!(again.status, 405);
}

#[tokio::test]
async fn lines_27_28_put_and_delete_without_registration_are_405() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let put = token_a.put(&service.url(CREDENTIALS), &credentials(&stub, "token-b")).await;
    assert_eq!(put.status, 405);
    assert_eq!(token_a.call(Method::DELETE, &service.url(CREDENTIALS), None).await.status, 405);
    assert_eq!(token_a.call(Method::PATCH, &service.url(CREDENTIALS), None).await.status, 405);
}

async fn post_against(answer: impl Fn(&Seen) -> Said + Send + Sync + 'static) -> (u16, u64) {
    let (service, token_a) = invited().await;
    let stub = Stub::start(answer).await;
    let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&credentials(&stub, "token-b"))).await;
    let registration = service.platform.partner(&id("cpo")).unwrap().registration;
    assert!(matches!(registration, Registration::Invited { .. }), "the token A is still good");
    assert_eq!(token_a.get(&service.url("/versions")).await.status, 200);
    got.outcome()
}

#[tokio::test]
async fn line_29_versions_of_the_peer_that_cannot_be_used_are_3001() {
    assert_eq!(post_against(|_| said(&Value::Null).status(500)).await, (200, 3001));
    assert_eq!(post_against(|_| said(&json!("nonsense"))).await, (200, 3001));
    let no_details = |seen: &Seen| if seen.path == "/2.2.1" { said(&Value::Null).status(401) } else { good(seen) };
    assert_eq!(post_against(no_details).await, (200, 3001));
}

#[tokio::test]
async fn line_30_no_version_in_common_is_3002() {
    assert_eq!(post_against(|_| said(&json!([{ "version": "2.0", "url": "http://x" }]))).await, (200, 3002));
}

#[tokio::test]
async fn line_31_a_missing_endpoint_is_3003() {
    let without = |seen: &Seen| match seen.path.as_str() {
        "/2.2.1" => details("http://127.0.0.1:9", &[("credentials", "SENDER"), ("sessions", "SENDER")]),
        _ => good(seen),
    };
    assert_eq!(post_against(without).await, (200, 3003));
}

#[tokio::test]
async fn credentials_that_make_no_sense_are_2001() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    for (name, value) in [
        ("token", json!("")),
        ("token", json!("with blank")),
        ("url", json!("nowhere")),
        ("url", json!("file:///etc/hosts")),
        ("roles", json!([])),
        ("roles", json!(5)),
    ] {
        let mut body = credentials(&stub, "token-b");
        body[name] = value;
        let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&body)).await;
        assert_eq!(got.outcome(), (200, 2001), "{name}: {body}");
    }
}

#[tokio::test]
async fn line_32_put_changes_both_tokens_and_the_old_one_dies() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&credentials(&stub, "token-b"))).await;
    let old = token_of(&got.body);
    let got = old.put(&service.url(CREDENTIALS), &credentials(&stub, "token-d")).await;
    assert_eq!(got.outcome(), (200, 1000));
    assert_eq!(old.get(&service.url("/versions")).await.status, 200, "the answer may have been lost");
    assert_eq!(token_of(&got.body).get(&service.url("/versions")).await.status, 200);
    assert_eq!(old.get(&service.url("/versions")).await.status, 401);
    assert_eq!(service.saved.0.lock().last().unwrap().link().unwrap().tokens_before, [], "durably");
    let partner = service.platform.partner(&id("cpo")).unwrap();
    assert_eq!(partner.link().unwrap().token_sent, Secret::new("token-d"));
}

#[tokio::test]
async fn line_32_a_put_that_fails_leaves_the_link_as_it_was() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&credentials(&stub, "token-b"))).await;
    let bad = Stub::start(|_| said(&Value::Null).status(500)).await;
    let put = token_of(&got.body).put(&service.url(CREDENTIALS), &credentials(&bad, "token-d")).await;
    assert_eq!(put.outcome(), (200, 3001));
    assert_eq!(token_of(&got.body).get(&service.url("/versions")).await.status, 200);
    let partner = service.platform.partner(&id("cpo")).unwrap();
    assert_eq!(partner.link().unwrap().token_sent, Secret::new("token-b"));
}

#[tokio::test]
async fn line_32_renewing_from_our_side_changes_both_tokens_of_a_real_partner() {
    let (service, other) = (scsp(Vec::new()).await, cpo(Vec::new()).await);
    let token_a = other.platform.invite(&id("scsp"), Dialect::default()).await.unwrap();
    service.platform.register(&id("cpo"), &other.platform.versions_url(), &token_a).await.unwrap();
    let before = service.platform.partner(&id("cpo")).unwrap().link().unwrap().clone();
    service.platform.renew(&id("cpo")).await.unwrap();
    let after = service.platform.partner(&id("cpo")).unwrap().link().unwrap().clone();
    assert!(before.token_sent != after.token_sent && before.token_received != after.token_received);
    let theirs = other.platform.partner(&id("scsp")).unwrap().link().unwrap().clone();
    assert_eq!(TokenHash::of(&theirs.token_sent), after.token_received);
    assert_eq!(theirs.token_received, TokenHash::of(&after.token_sent));
    assert_eq!(service.platform.client(&id("cpo")).pull_tariffs(None).all().await.unwrap().objects.len(), 0);
}

#[tokio::test]
async fn line_32_a_put_whose_answer_was_lost_can_be_sent_again_with_the_old_token() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&credentials(&stub, "token-b"))).await;
    let old = token_of(&got.body);
    let lost = token_of(&old.put(&service.url(CREDENTIALS), &credentials(&stub, "token-d")).await.body);
    let again = old.put(&service.url(CREDENTIALS), &credentials(&stub, "token-d")).await;
    assert_eq!(again.outcome(), (200, 1000));
    let newest = token_of(&again.body);
    assert_eq!(newest.get(&service.url("/versions")).await.status, 200);
    for dead in [&old, &lost] {
        assert_eq!(dead.get(&service.url("/versions")).await.status, 401);
    }
    assert_eq!(newest.get(&service.url("/versions")).await.status, 200);
}

#[tokio::test]
async fn line_32_when_the_answer_to_our_put_is_lost_the_partner_may_use_either_token() {
    let stub = Stub::start(|seen| match seen.method {
        Method::PUT => said(&Value::Null).status(504),
        _ => good(seen),
    })
    .await;
    let service = scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
    let failed = service.platform.renew(&id("cpo")).await;
    assert!(matches!(failed, Err(PlatformError::Link(_))), "{failed:?}");
    let put = stub.seen().into_iter().find(|seen| seen.method == Method::PUT).unwrap();
    let (old, offered) = (Caller::plain("token-of-stub"), Caller::plain(put.body["token"].as_str().unwrap()));
    assert_eq!(old.get(&service.url("/versions")).await.status, 200);
    assert_eq!(offered.get(&service.url("/versions")).await.status, 200);
    assert_eq!(old.get(&service.url("/versions")).await.status, 401, "it has taken the new one");
    assert_eq!(service.platform.partner(&id("cpo")).unwrap().link().unwrap().token_sent, Secret::new("token-to-stub"));
}

#[tokio::test]
async fn line_32_a_put_of_ours_that_is_refused_changes_nothing() {
    let stub = Stub::start(|seen| match seen.method {
        Method::PUT => Said::of(&json!({ "status_code": 3001, "timestamp": "2026-03-09T12:00:00Z" })),
        _ => good(seen),
    })
    .await;
    let before = registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]));
    let service = scsp(vec![before.clone()]).await;
    assert!(service.platform.renew(&id("cpo")).await.is_err());
    assert_eq!(service.platform.partner(&id("cpo")), Some(before.clone()));
    assert_eq!(service.saved.0.lock().last(), Some(&before));
}

#[tokio::test]
async fn a_link_whose_partner_was_told_of_another_offer_is_outdated_until_it_is_renewed() {
    let stub = Stub::start(good).await;
    let service = scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
    assert_eq!(service.platform.outdated(), [id("cpo")]);
    service.platform.renew(&id("cpo")).await.unwrap();
    assert_eq!(service.platform.outdated(), []);
}

/// A CPO of 2.1.1: credentials of one party, endpoints without a side.
fn old_fashioned(seen: &Seen) -> Said {
    let root = format!("http://{}", seen.header("host"));
    let end = |module: &str| json!({ "identifier": module, "url": format!("{root}/{module}") });
    match seen.path.as_str() {
        "/versions" => said(&json!([{ "version": "2.0", "url": format!("{root}/2.0") },
                                    { "version": "2.1.1", "url": format!("{root}/2.1.1") }])),
        "/2.1.1" => said(&json!({ "version": "2.1.1", "endpoints":
            [end("credentials"), end("locations"), end("sessions"), end("tariffs"), end("cdrs"), end("tokens")] })),
        "/credentials" => said(&json!({ "token": "token-c", "url": format!("{root}/versions"), "party_id": "OLD",
            "country_code": "NL", "business_details": { "name": "Old" } })),
        "/tariffs" => said(&json!([])),
        _ => said(&Value::Null).status(404),
    }
}

fn check_old(link: &headroom_ocpi_adapter::Link) {
    assert_eq!(link.version, Version::V211);
    assert_eq!((&link.parties[0].role, &link.parties[0].party), (&Role::Cpo, &party("NL", "OLD")));
    for module in [Module::Locations, Module::Sessions, Module::Tariffs, Module::Cdrs] {
        assert!(link.endpoint(&module, Interface::Sender).is_some(), "{module:?} is its own");
    }
    assert!(link.endpoint(&Module::Tokens, Interface::Receiver).is_some(), "tokens are not its own");
}

#[tokio::test]
async fn we_register_with_an_operator_of_2_1_1_in_its_own_form_and_read_from_it() {
    let stub = Stub::start(old_fashioned).await;
    let service = scsp(Vec::new()).await;
    service.platform.register(&id("cpo"), &stub.url("/versions"), &Secret::new("token-a")).await.unwrap();
    check_old(service.platform.partner(&id("cpo")).unwrap().link().unwrap());
    let post = stub.seen().into_iter().find(|seen| seen.method == Method::POST).unwrap();
    assert_eq!((&post.body["party_id"], &post.body["country_code"]), (&json!("HDR"), &json!("NL")));
    assert_eq!(post.body["business_details"]["name"], "Test");
    assert!(post.body.get("roles").is_none());
    assert!(service.platform.client(&id("cpo")).pull_tariffs(None).all().await.unwrap().objects.is_empty());
}

#[tokio::test]
async fn an_operator_of_2_1_1_registers_with_us() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(old_fashioned).await;
    let details = token_a.get(&service.url("/2.1.1")).await.body["data"].clone();
    let endpoints = details["endpoints"].as_array().unwrap();
    assert!(endpoints.iter().all(|end| end.get("role").is_none() && end["identifier"] != "chargingprofiles"));
    let url = endpoints.iter().find(|end| end["identifier"] == "locations").unwrap()["url"].as_str().unwrap();
    assert_eq!(url, service.url("/2.1.1/receiver/locations"));
    let body = json!({ "token": "token-b", "url": stub.url("/versions"), "party_id": "OLD", "country_code": "NL",
        "business_details": { "name": "Old" } });
    let got = token_a.call(Method::POST, &service.url("/2.1.1/credentials"), Some(&body)).await;
    assert_eq!(got.outcome(), (200, 1000));
    assert_eq!((&got.body["data"]["party_id"], got.body["data"].get("roles")), (&json!("HDR"), None));
    check_old(service.platform.partner(&id("cpo")).unwrap().link().unwrap());
    let without = json!({ "token": "token-b", "url": stub.url("/versions") });
    let put = token_of(&got.body).put(&service.url("/2.1.1/credentials"), &without).await;
    assert_eq!(put.outcome(), (200, 2001));
}

#[tokio::test]
async fn an_operator_that_has_learnt_a_newer_version_moves_to_it_by_put() {
    let (service, token_a) = invited().await;
    let (old, new) = (Stub::start(old_fashioned).await, Stub::start(good).await);
    let body = json!({ "token": "token-b", "url": old.url("/versions"), "party_id": "STK", "country_code": "NL" });
    let got = token_a.call(Method::POST, &service.url("/2.1.1/credentials"), Some(&body)).await;
    let put = token_of(&got.body).put(&service.url(CREDENTIALS), &credentials(&new, "token-d")).await;
    assert_eq!(put.outcome(), (200, 1000));
    assert_eq!(service.platform.partner(&id("cpo")).unwrap().link().unwrap().version, Version::V221);
}

#[tokio::test]
async fn line_33_after_delete_no_call_leaves_and_the_token_is_dead() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&credentials(&stub, "token-b"))).await;
    let caller = token_of(&got.body);
    assert_eq!(caller.call(Method::DELETE, &service.url(CREDENTIALS), None).await.outcome(), (200, 1000));
    assert_eq!(caller.get(&service.url("/versions")).await.status, 401);
    let calls = stub.seen().len();
    let pulled = service.platform.client(&id("cpo")).pull_tariffs(None).all().await;
    assert_eq!(pulled.unwrap_err(), LinkError::NotRegistered(id("cpo")));
    assert_eq!(stub.seen().len(), calls);
    assert_eq!(service.saved.0.lock().last().unwrap().registration, Registration::None);
}

#[tokio::test]
async fn line_33_ending_the_link_from_our_side_tells_the_partner() {
    let (service, other) = (scsp(Vec::new()).await, cpo(Vec::new()).await);
    let token_a = other.platform.invite(&id("scsp"), Dialect::default()).await.unwrap();
    service.platform.register(&id("cpo"), &other.platform.versions_url(), &token_a).await.unwrap();
    service.platform.unregister(&id("cpo")).await.unwrap();
    assert_eq!(other.platform.partner(&id("scsp")).unwrap().registration, Registration::None);
    let again = service.platform.unregister(&id("cpo")).await;
    assert!(matches!(again, Err(PlatformError::Link(LinkError::NotRegistered(_)))), "{again:?}");
}

#[tokio::test]
async fn line_34_one_party_with_two_roles_and_several_parties_are_read() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let mut body = credentials(&stub, "token-b");
    body["roles"] = json!([
        { "role": "CPO", "party_id": "STK", "country_code": "NL", "business_details": { "name": "Stub" } },
        { "role": "EMSP", "party_id": "STK", "country_code": "NL", "business_details": null },
        { "role": "PTP", "party_id": "pay", "country_code": "de" }
    ]);
    let got = token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&body)).await;
    assert_eq!(got.outcome(), (200, 1000));
    let link = service.platform.partner(&id("cpo")).unwrap().link().unwrap().clone();
    assert_eq!(link.parties.len(), 3);
    assert_eq!((&link.parties[2].role, &link.parties[2].party), (&Role::Other("PTP".to_owned()), &party("DE", "PAY")));
}

#[tokio::test]
async fn line_35_a_hub_of_2_3_0_names_its_hub_party_and_the_parties_behind_it() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(|seen| {
        let root = format!("http://{}", seen.header("host"));
        match seen.path.as_str() {
            "/versions" => said(&json!([{ "version": "2.3.0", "url": format!("{root}/2.2.1") }])),
            _ => good(seen),
        }
    })
    .await;
    let mut body = credentials(&stub, "token-b");
    body["hub_party_id"] = json!("nlhub");
    body["roles"] = json!([
        { "role": "CPO", "party_id": "ONE", "country_code": "NL", "business_details": { "name": "One" } },
        { "role": "EMSP", "party_id": "TWO", "country_code": "BE", "business_details": { "name": "Two" } }
    ]);
    let got = token_a.call(Method::POST, &service.url("/2.3.0/credentials"), Some(&body)).await;
    assert_eq!(got.outcome(), (200, 1000));
    let link = service.platform.partner(&id("cpo")).unwrap().link().unwrap().clone();
    assert_eq!((link.version, link.hub.clone()), (Version::V230, Some(party("NL", "HUB"))));
    assert_eq!(link.parties.len(), 2);
    assert!(link.has_role(&Role::Hub) && link.has_role(&Role::Emsp));
}

#[tokio::test]
async fn line_36_a_token_a_is_dead_after_registration() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let body = credentials(&stub, "token-b");
    token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&body)).await;
    assert_eq!(token_a.get(&service.url("/versions")).await.status, 401);
    assert_eq!(token_a.call(Method::POST, &service.url(CREDENTIALS), Some(&body)).await.status, 401);
}

#[tokio::test]
async fn line_36_of_two_posts_at_once_one_registers() {
    let (service, token_a) = invited().await;
    let stub = Stub::start(good).await;
    let (url, body) = (service.url(CREDENTIALS), credentials(&stub, "token-b"));
    let (one, two) =
        tokio::join!(token_a.call(Method::POST, &url, Some(&body)), token_a.call(Method::POST, &url, Some(&body)));
    let mut outcomes = [one.status, two.status];
    outcomes.sort_unstable();
    assert_eq!(outcomes, [200, 401]);
}

#[tokio::test]
async fn a_partner_that_skips_fetching_our_versions_and_wraps_its_answer_registers() {
    let stub = Stub::start(|seen| match seen.path.as_str() {
        "/credentials" => {
            let body: Value = serde_json::from_str(&good(seen).body).unwrap();
            said(&json!([body["data"]]))
        }
        _ => good(seen),
    })
    .await;
    let service = scsp(Vec::new()).await;
    service.platform.register(&id("cpo"), &stub.url("/versions"), &Secret::new("token-a")).await.unwrap();
    let link = service.platform.partner(&id("cpo")).unwrap().link().unwrap().clone();
    assert_eq!(link.token_sent, Secret::new("token-c"));
    let post = stub.seen().into_iter().find(|seen| seen.method == Method::POST).unwrap();
    assert_eq!(post.header("authorization"), "Token dG9rZW4tYQ==");
    let token_b = Secret::new(post.body["token"].as_str().unwrap());
    assert_eq!(TokenHash::of(&token_b), link.token_received);
    assert_eq!(post.body["url"], service.url("/versions"));
}

#[tokio::test]
async fn line_31_a_partner_without_what_we_need_is_not_posted_to() {
    let without = |seen: &Seen| match seen.path.as_str() {
        "/2.2.1" => details("http://127.0.0.1:9", &[("credentials", "SENDER"), ("locations", "SENDER")]),
        _ => good(seen),
    };
    let stub = Stub::start(without).await;
    let service = scsp(Vec::new()).await;
    let failed = service.platform.register(&id("cpo"), &stub.url("/versions"), &Secret::new("a")).await;
    assert!(matches!(failed, Err(PlatformError::MissingEndpoint { .. })), "{failed:?}");
    assert!(stub.seen().iter().all(|seen| seen.method == Method::GET));
    assert!(service.saved.0.lock().is_empty());
}

#[tokio::test]
async fn a_dialect_sends_tokens_plain() {
    let stub = Stub::start(good).await;
    let mut partner = registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]));
    partner.dialect.token_form = TokenForm::Plain;
    let service = scsp(vec![partner]).await;
    let failed = service.platform.client(&id("cpo")).pull_tariffs(None).all().await;
    assert!(matches!(failed, Err(LinkError::Http { status: 404, .. })), "{failed:?}");
    assert_eq!(stub.seen()[0].header("authorization"), "Token token-to-stub");
}
