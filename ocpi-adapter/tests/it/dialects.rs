//! Every quirk of a partner that a dialect can name is obeyed.

use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use headroom_domain::Power;
use headroom_domain::profile::ChargingProfile;
use headroom_ocpi_adapter::{Accepted, Alias, Dialect, DriverIds, Role, Timeouts};
use serde_json::{Value, json};

use crate::hosts::ScspMemory;
use crate::stub::{Stub, said};
use crate::world::{Caller, Side, connector, id, now, registered, scsp, session, session_json};

async fn service(dialect: Dialect) -> (Side<ScspMemory>, Stub) {
    let stub = Stub::start(|_| said(&json!({ "result": "ACCEPTED", "timeout": 30 }))).await;
    let mut partner = registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]));
    partner.dialect = dialect;
    (scsp(vec![partner]).await, stub)
}

fn plain() -> Caller {
    Caller::plain("token-of-stub")
}

fn encoded() -> Caller {
    Caller::plain(&BASE64_STANDARD.encode("token-of-stub"))
}

#[tokio::test]
async fn lines_04_05_a_partner_is_held_to_the_form_of_tokens_that_was_agreed_on() {
    let (service, _) =
        service(Dialect { accepts: Accepted::Base64, accepts_in_callbacks: Accepted::Plain, ..Dialect::default() })
            .await;
    assert_eq!(encoded().get(&service.url("/versions")).await.status, 200);
    assert_eq!(plain().get(&service.url("/versions")).await.outcome(), (401, 2000));
    let callback = service.url("/2.2.1/sender/chargingprofiles/results/r-1");
    service.host.requests.lock().push("r-1".to_owned());
    let result = json!({ "result": "ACCEPTED" });
    assert_eq!(plain().call(Method::POST, &callback, Some(&result)).await.outcome(), (200, 1000));
    assert_eq!(encoded().call(Method::POST, &callback, Some(&result)).await.status, 401);
}

#[tokio::test]
async fn a_partner_may_call_us_by_other_paths() {
    let alias = |path: &str, means: &str| Alias { path: path.to_owned(), means: means.to_owned() };
    let aliases = vec![
        alias("/2.2/emsp", "2.2/receiver"),
        alias("2.2/emsp/credentials/", "2.2/credentials"),
        alias("2.2.1/sessions", "2.2.1/receiver/sessions"),
    ];
    let (service, _) = service(Dialect { aliases, ..Dialect::default() }).await;
    let body = session_json("S1", "2026-03-09T11:00:00Z");
    assert_eq!(plain().put(&service.url("/2.2/emsp/sessions/NL/STK/S1"), &body).await.outcome(), (201, 1000));
    let again = plain().put(&service.url("/2.2.1/sessions/NL/STK/S1"), &body).await;
    assert_eq!((again.outcome(), again.header("ocpi-from-party-id")), ((200, 1000), "HDR"));
    assert_eq!(plain().get(&service.url("/2.2/emsp/credentials")).await.outcome(), (200, 1000), "the longer one");
    let own = service.url("/2.2.1/receiver/sessions/NL/STK/S1");
    assert_eq!(plain().get(&own).await.outcome(), (200, 1000), "our own paths still lead there");
}

#[tokio::test]
async fn paths_and_data_are_written_as_a_partner_wants_them() {
    let dialect = Dialect { trailing_slash: true, wraps_data: true, ..Dialect::default() };
    let (service, stub) = service(dialect).await;
    let credentials = plain().get(&service.url("/2.2.1/credentials")).await;
    assert_eq!(credentials.body["data"][0]["token"], "token-of-stub");
    assert!(plain().get(&service.url("/versions")).await.body["data"][0]["version"].is_string(), "lists stay lists");
    let url = service.platform.response_url("r-1");
    service.platform.client(&id("cpo")).clear_charging_profile(&session("S1").key, &url).await.unwrap();
    assert_eq!(stub.seen()[0].path, "/chargingprofiles/S1/");
}

#[tokio::test]
async fn time_outs_of_a_partner_are_kept_within_bounds() {
    for (timeouts, expected) in [
        (Timeouts::default(), 30),
        (Timeouts { floor_s: 60, ..Timeouts::default() }, 60),
        (Timeouts { floor_s: 0, cap_s: 10 }, 10),
    ] {
        let (service, _) = service(Dialect { timeouts, ..Dialect::default() }).await;
        let (key, profile) = (session("S1").key, ChargingProfile::constant(now(), Power::from_w(6_900.0)));
        let url = service.platform.response_url("r-1");
        let client = service.platform.client(&id("cpo"));
        let receipt = client.put_charging_profile(&key, &profile, &connector(), &url).await.unwrap();
        assert_eq!(receipt.timeout_s, expected);
    }
}

#[tokio::test]
async fn drivers_reach_the_host_as_hashes_unless_the_contract_needs_them() {
    let body = session_json("S1", "2026-03-09T11:00:00Z");
    let stub_body = body.clone();
    for (driver_ids, kept) in [(DriverIds::Hash, false), (DriverIds::Keep, true)] {
        let (service, _) = service(Dialect { driver_ids: Some(driver_ids), ..Dialect::default() }).await;
        plain().put(&service.url("/2.2.1/receiver/sessions/NL/STK/S1"), &body).await;
        let patch = json!({ "kwh": 2.0, "cdr_token": body["cdr_token"], "last_updated": "2026-03-09T11:30:00Z" });
        let url = service.url("/2.2.1/receiver/sessions/NL/STK/S1");
        let before = plain().get(&url).await.body["data"]["cdr_token"].clone();
        assert_eq!(plain().patch(&url, &patch).await.outcome(), (200, 1000));
        let stored = plain().get(&url).await.body["data"].clone();
        assert_eq!(stored["cdr_token"], before, "a hash is not hashed again");
        assert_eq!(stored["cdr_token"] == body["cdr_token"], kept);
        assert_eq!(stored["cdr_token"]["type"], "RFID");

        let listed = stub_body.clone();
        let stub = Stub::start(move |_| said(&json!([listed]))).await;
        let mut partner = registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]));
        partner.dialect.driver_ids = Some(driver_ids);
        let service = scsp(vec![partner]).await;
        let pulled = service.platform.client(&id("cpo")).pull_sessions(now()).all().await.unwrap();
        assert_eq!(pulled.objects[0].raw["cdr_token"] == body["cdr_token"], kept, "what is pulled as what is pushed");
    }
}

#[test]
fn a_dialect_is_read_from_few_words_and_unknown_ones_are_refused() {
    let read = |value: Value| serde_json::from_value::<Dialect>(value);
    assert_eq!(read(json!({})).unwrap(), Dialect::default());
    let some = read(json!({ "token_form": "plain", "pace": { "per_second": 5.0, "burst": 10 }, "driver_ids": "keep",
        "aliases": [{ "path": "2.2/emsp", "means": "2.2/receiver" }], "timeouts": { "cap_s": 60 } }));
    assert_eq!(some.unwrap().timeouts, Timeouts { floor_s: 0, cap_s: 60 });
    assert!(read(json!({ "tokenform": "plain" })).is_err());
}
