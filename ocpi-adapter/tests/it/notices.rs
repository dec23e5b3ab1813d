//! What is wrong with messages, records and tokens, and who hears of it.

use axum::http::Method;
use headroom_domain::session::SessionKey;
use headroom_ocpi_adapter::{Dialect, MessageKind, ObjectKind, Role, Severity};
use serde_json::{Value, json};

use crate::hosts::ScspMemory;
use crate::stub::{Said, Seen, Stub, said};
use crate::world::{Caller, Side, id, now, party, registered, scsp, session_json};

/// A service with one registered partner that is a CPO and an eMSP, whose token is `token-of-stub`.
async fn service(answer: impl Fn(&Seen) -> Said + Send + Sync + 'static) -> Side<ScspMemory> {
    let stub = Stub::start(answer).await;
    scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK"), (Role::Emsp, "NL", "MSP")]))]).await
}

fn caller() -> Caller {
    Caller::plain("token-of-stub")
}

/// What was told of messages: what they were, what they are about, and each place with its weight.
type Told = Vec<(MessageKind, Option<String>, Vec<(Severity, String)>)>;

fn told(service: &Side<ScspMemory>) -> Told {
    let notices = service.saved.1.lock();
    let of = |warning: &headroom_ocpi_adapter::Warning| (warning.severity, warning.path.clone());
    notices.iter().map(|(_, told)| (told.kind, told.about.clone(), told.warnings.iter().map(of).collect())).collect()
}

#[tokio::test]
async fn what_is_wrong_with_preferences_and_profiles_is_told_whether_they_can_be_used_or_not() {
    let service = service(|_| said(&Value::Null)).await;
    caller().put(&service.url("/2.2.1/receiver/sessions/NL/STK/S1"), &session_json("S1", "2026-03-09T11:00:00Z")).await;
    let wish = service.url("/2.2.1/sender/sessions/S1/charging_preferences");
    let odd = json!({ "profile_type": "FAST", "mood": "good" });
    assert_eq!(caller().put(&wish, &odd).await.outcome(), (200, 1000));
    assert_eq!(caller().put(&wish, &json!({ "profile_type": "FAST" })).await.outcome(), (200, 1000));
    assert_eq!(caller().put(&wish, &json!({ "energy_need": 1 })).await.outcome(), (200, 2001));
    let active = json!({ "start_date_time": "2026-03-09T12:00:00Z", "charging_profile": {
        "charging_rate_unit": "A", "charging_profile_period": { "start_period": 0, "limit": 16 } } });
    assert_eq!(caller().put(&service.url("/2.2.1/sender/chargingprofiles/S1"), &active).await.outcome(), (200, 1000));
    service.host.requests.lock().push("r-1".to_owned());
    let result = service.url("/2.2.1/sender/chargingprofiles/results/r-1");
    let perhaps = caller().call(Method::POST, &result, Some(&json!({ "result": "PERHAPS" }))).await;
    assert_eq!(perhaps.outcome(), (200, 2001));

    let about = |text: &str| Some(text.to_owned());
    let at = |severity, path: &str| (severity, path.to_owned());
    let expected: Told = vec![
        (MessageKind::Preference, about("S1"), vec![at(Severity::Note, "mood")]),
        (MessageKind::Preference, about("S1"), vec![at(Severity::Loss, "profile_type")]),
        (
            MessageKind::ActiveProfile,
            about("S1"),
            vec![at(Severity::Deviation, "charging_profile.charging_profile_period")],
        ),
        (MessageKind::ProfileResult, about("r-1"), vec![at(Severity::Deviation, "result"), at(Severity::Loss, "")]),
    ];
    assert_eq!(told(&service), expected);
}

#[tokio::test]
async fn what_is_wrong_with_a_receipt_is_told() {
    let service = service(|_| said(&json!([{ "result": "ACCEPTED" }]))).await;
    let key = SessionKey { partner: id("cpo"), party: party("NL", "STK"), id: "S1".to_owned() };
    let url = service.platform.response_url("r-1");
    service.platform.client(&id("cpo")).get_charging_profile(&key, 900, &url).await.unwrap();
    let places = vec![(Severity::Deviation, String::new()), (Severity::Deviation, "timeout".to_owned())];
    assert_eq!(told(&service), [(MessageKind::ProfileReceipt, Some("S1".to_owned()), places)]);
}

#[tokio::test]
async fn what_is_wrong_with_credentials_is_told_from_both_sides_and_tokens_are_not_repeated() {
    let role = json!({ "role": "CPO", "party_id": "STK", "country_code": "NL" });
    let sent = move |root: &str| {
        let token = format!("secret-{}", "x".repeat(64));
        json!({ "token": token, "url": format!("{root}/versions"), "roles": [role] })
    };
    let theirs = sent.clone();
    let stub = Stub::start(move |seen| {
        let root = format!("http://{}", seen.header("host"));
        let end = |module: &str| json!({ "identifier": module, "role": "RECEIVER", "url": format!("{root}/{module}") });
        match seen.path.as_str() {
            "/versions" => said(&json!([{ "version": "2.2.1", "url": format!("{root}/2.2.1") }])),
            "/2.2.1" => {
                said(&json!({ "version": "2.2.1", "endpoints": [end("credentials"), end("chargingprofiles")] }))
            }
            _ => said(&theirs(&root)),
        }
    })
    .await;
    let service = scsp(Vec::new()).await;
    service
        .platform
        .register(&id("one"), &stub.url("/versions"), &headroom_ocpi_adapter::Secret::new("token-a"))
        .await
        .unwrap();
    let token_a = service.platform.invite(&id("two"), Dialect::default()).await.unwrap();
    let url = service.url("/2.2.1/credentials");
    let posted = Caller::of(&token_a).call(Method::POST, &url, Some(&sent(&stub.root))).await;
    assert_eq!(posted.outcome(), (200, 1000));
    let broken = json!({ "token": { "value": "secret" }, "url": "x", "roles": [] });
    let put = Caller::plain(posted.body["data"]["token"].as_str().unwrap()).put(&url, &broken).await;
    assert_eq!(put.outcome(), (200, 2001));

    let from: Vec<_> = service.saved.1.lock().iter().map(|(partner, _)| partner.clone()).collect();
    assert_eq!(from, [id("one"), id("two"), id("two")]);
    let places = |told: &(MessageKind, Option<String>, Vec<(Severity, String)>)| {
        told.2.iter().map(|(_, place)| place.clone()).collect::<Vec<_>>()
    };
    let told = told(&service);
    assert!(told.iter().all(|told| told.0 == MessageKind::Credentials && told.1.is_none()));
    assert_eq!(places(&told[0]), ["token", "roles[0].business_details"]);
    assert_eq!(places(&told[1]), places(&told[0]));
    assert_eq!(told[2].2.last(), Some(&(Severity::Loss, "token".to_owned())));
    assert!(!format!("{:?}", service.saved.1.lock()).contains("secret"));
}

#[tokio::test]
async fn records_and_tokens_that_cannot_be_read_are_told_without_who_drives() {
    let service = service(|_| said(&json!([{ "uid": "04AABB", "type": "RFID" }]))).await;
    let mut record = json!({ "country_code": "NL", "party_id": "STK", "id": "C1", "cdr_token": { "uid": "04AABB" } });
    record["signed_data"] = json!({ "encoding_method": "OCMF", "signed_values": [{ "plain_data": "04AABB" }] });
    let posted = caller().call(Method::POST, &service.url("/2.2.1/receiver/cdrs"), Some(&record)).await;
    assert_eq!(posted.outcome(), (200, 2001));
    let url = service.url("/2.2.1/receiver/tokens/NL/MSP/04AABB");
    assert_eq!(caller().put(&url, &json!({ "uid": "04AABB", "type": "RFID" })).await.outcome(), (200, 2001));
    let rejected = service.host.rejected.lock().clone();
    assert_eq!(rejected.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [ObjectKind::Cdr, ObjectKind::Token]);
    let pulled = service.platform.client(&id("cpo")).pull_tokens(None).all().await.unwrap();
    assert_eq!(pulled.rejected[0].raw["uid"], rejected[1].1.raw["uid"], "what is pulled as what is pushed");
    assert!(!format!("{rejected:?} {:?}", pulled.rejected).contains("04AABB"));
}

#[tokio::test]
async fn a_token_that_is_named_again_in_a_patch_is_the_same_token() {
    let service = service(|_| said(&Value::Null)).await;
    let url = service.url("/2.2.1/receiver/tokens/NL/MSP/04AABB");
    let token = json!({ "country_code": "NL", "party_id": "MSP", "uid": "04AABB", "type": "RFID", "contract_id": "C1",
        "issuer": "MSP", "valid": true, "whitelist": "ALWAYS", "last_updated": "2026-03-09T11:00:00Z" });
    assert_eq!(caller().put(&url, &token).await.outcome(), (201, 1000));
    let change = json!({ "uid": "04AABB", "valid": false, "last_updated": "2026-03-09T11:30:00Z" });
    assert_eq!(caller().patch(&url, &change).await.outcome(), (200, 1000));
    let kept = service.host.tokens.lock()[0].clone();
    assert!(!kept.value.valid && kept.value.last_updated < now());
    assert!(!kept.raw.to_string().contains("04AABB"));
}
