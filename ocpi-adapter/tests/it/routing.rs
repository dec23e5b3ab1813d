//! To whom requests go, and what hubs tell of their clients.

use axum::http::Method;
use headroom_domain::preference::{ChargingPreference, ProfileType};
use headroom_ocpi_adapter::roaming::{ClientInfo, ConnectionStatus};
use headroom_ocpi_adapter::{HubProblem, LinkError, Role};
use serde_json::{Value, json};

use crate::hosts::CpoMemory;
use crate::stub::{Said, Seen, Stub, said};
use crate::world::{Caller, Side, cpo, emsp, id, location, now, party, registered, scsp, session, token};

const HUB: (Role, &str, &str) = (Role::Hub, "NL", "HUB");

fn ends(seen: &Seen) -> [String; 4] {
    ["to-country-code", "to-party-id", "from-country-code", "from-party-id"]
        .map(|name| seen.header(&format!("ocpi-{name}")).to_owned())
}

async fn behind(stub: &Stub) -> Side<CpoMemory> {
    cpo(vec![registered("hub", stub.link(&[HUB]))]).await
}

fn told(name: &str, status: &str, at: &str) -> Value {
    json!({ "country_code": "NL", "party_id": name, "role": "EMSP", "status": status, "last_updated": at })
}

#[tokio::test]
async fn a_call_goes_to_the_party_whose_role_fits_or_to_the_one_that_is_named() {
    let stub = Stub::start(|_| said(&json!([]))).await;
    let parties = [(Role::Emsp, "NL", "MSP"), (Role::Cpo, "NL", "STK"), (Role::Cpo, "NL", "TWO")];
    let service = scsp(vec![registered("both", stub.link(&parties))]).await;
    let client = service.platform.client(&id("both"));
    client.pull_locations(None).all().await.unwrap();
    client.pull_tokens(None).all().await.unwrap();
    client.to(&party("NL", "TWO")).pull_locations(None).all().await.unwrap();
    let to: Vec<_> = stub.seen().iter().map(|seen| ends(seen)[1].clone()).collect();
    assert_eq!(to, ["STK", "MSP", "TWO"]);
    assert!(stub.seen().iter().all(|seen| ends(seen)[2..] == ["NL", "HDR"]));
}

#[tokio::test]
async fn behind_a_hub_to_is_a_party_the_hub_for_all_or_nobody_for_whom_it_finds() {
    let stub = Stub::start(|_| said(&json!([]))).await;
    let operator = behind(&stub).await;
    let client = operator.platform.client(&id("hub"));
    client.to(&party("NL", "MSP")).put_location(&location("L1")).await.unwrap();
    client.broadcast().put_location(&location("L1")).await.unwrap();
    client.open().put_session(&session("S1")).await.unwrap();
    client.pull_tokens(None).all().await.unwrap();
    let to: Vec<_> = stub.seen().iter().map(|seen| ends(seen)[1].clone()).collect();
    assert_eq!(to, ["MSP", "HUB", "", "HUB"]);
    assert!(stub.seen().iter().all(|seen| ends(seen)[3] == "STK"));
}

#[tokio::test]
async fn what_must_not_go_to_all_or_to_whomever_is_not_sent() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let operator = behind(&stub).await;
    let client = operator.platform.client(&id("hub"));
    let mut results = vec![
        client.broadcast().put_session(&session("S1")).await,
        client.put_session(&session("S1")).await,
        client.open().pull_tokens(None).all().await.map(drop),
        client.broadcast().pull_tokens(None).all().await.map(drop),
    ];
    let direct = emsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
    let client = direct.platform.client(&id("cpo"));
    results.push(client.broadcast().put_token(&token("U1")).await);
    results.push(client.open().put_token(&token("U1")).await);
    assert!(results.iter().all(|result| matches!(result, Err(LinkError::Unsendable(_)))), "{results:?}");
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn a_hub_of_2_3_0_is_known_by_its_own_party() {
    let stub = Stub::start(|seen| {
        let root = format!("http://{}", seen.header("host"));
        match seen.path.as_str() {
            "/versions" => said(&json!([{ "version": "2.3.0", "url": format!("{root}/2.3.0") }])),
            "/2.3.0" => said(&json!({ "version": "2.3.0", "endpoints": [
                { "identifier": "credentials", "role": "SENDER", "url": format!("{root}/credentials") },
                { "identifier": "chargingprofiles", "role": "RECEIVER", "url": format!("{root}/cp") },
                { "identifier": "locations", "role": "SENDER", "url": format!("{root}/locations") }] })),
            "/credentials" => said(&json!({ "token": "t", "url": format!("{root}/versions"), "hub_party_id": "NLHUB",
                "roles": [{ "role": "CPO", "party_id": "STK", "country_code": "NL", "business_details": { "name": "S" } }]
            })),
            _ => said(&json!([])),
        }
    })
    .await;
    let service = scsp(Vec::new()).await;
    let token = headroom_ocpi_adapter::Secret::new("a");
    service.platform.register(&id("hub"), &stub.url("/versions"), &token).await.unwrap();
    let link = service.platform.partner(&id("hub")).unwrap().link().unwrap().clone();
    assert_eq!(link.hub(), Some(&party("NL", "HUB")));
    assert!(link.has_role(&Role::Cpo), "line 35: the parties behind it are named too");
    service.platform.client(&id("hub")).pull_locations(None).all().await.unwrap();
    assert_eq!(ends(stub.seen().last().unwrap())[1], "HUB", "of all");
}

#[tokio::test]
async fn line_75_a_party_that_is_offline_gets_no_requests_until_it_is_connected() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let operator = behind(&stub).await;
    let caller = Caller::plain("token-of-stub");
    let url = operator.url("/2.2.1/receiver/hubclientinfo/NL/MSP");
    let client = operator.platform.client(&id("hub")).to(&party("NL", "MSP"));
    for status in ["OFFLINE", "PLANNED", "SUSPENDED"] {
        caller.put(&url, &told("MSP", status, "2026-03-09T11:00:00Z")).await;
        let sent = client.put_location(&location("L1")).await;
        let Err(error @ LinkError::NotConnected { .. }) = sent else { panic!("{sent:?}") };
        assert!(error.to_string().contains(status), "{error}");
        assert_eq!(error.is_retryable(), status == "OFFLINE");
    }
    assert!(stub.seen().is_empty());
    caller.put(&url, &told("MSP", "CONNECTED", "2026-03-09T10:00:00Z")).await;
    assert!(client.put_location(&location("L1")).await.is_err(), "older word does not count");
    caller.put(&url, &told("MSP", "CONNECTED", "2026-03-09T11:30:00Z")).await;
    client.put_location(&location("L1")).await.unwrap();
}

#[tokio::test]
async fn line_76_what_a_hub_could_not_do_is_a_link_error_that_says_which() {
    let problems = [
        (4000, HubProblem::Other, true),
        (4001, HubProblem::UnknownReceiver, false),
        (4002, HubProblem::Timeout, true),
        (4003, HubProblem::NotConnected, true),
        (4999, HubProblem::Other, true),
    ];
    for (code, expected, retryable) in problems {
        for status in [200, 404] {
            let body = json!({ "status_code": code, "timestamp": "2026-03-09T12:00:00Z" });
            let stub = Stub::start(move |_| Said::of(&body).status(status)).await;
            let operator = behind(&stub).await;
            let client = operator.platform.client(&id("hub")).to(&party("NL", "MSP"));
            let Err(error) = client.put_location(&location("L1")).await else { panic!("{code}") };
            assert!(matches!(&error, LinkError::Hub { problem, .. } if *problem == expected), "{error}");
            assert_eq!(error.is_retryable(), retryable, "{error}");
        }
    }
}

#[tokio::test]
async fn clients_of_a_hub_are_pulled_put_and_got_without_routing_headers() {
    let clients = json!([told("MSP", "OFFLINE", "2026-03-09T11:00:00Z"), { "party_id": "BAD" }]);
    let stub = Stub::start(move |_| said(&clients)).await;
    let operator = behind(&stub).await;
    let pulled = operator.platform.client(&id("hub")).pull_clients(None).await.unwrap();
    let expected = ClientInfo {
        party: party("NL", "MSP"),
        role: Role::Emsp,
        status: ConnectionStatus::Offline,
        last_updated: "2026-03-09T11:00:00Z".parse().unwrap(),
    };
    assert_eq!((pulled, operator.platform.clients(&id("hub"))), (vec![expected.clone()], vec![expected]));
    assert!(stub.seen()[0].headers.keys().all(|name| !name.as_str().starts_with("ocpi-")));

    let caller = Caller::plain("token-of-stub");
    let url = operator.url("/2.2.1/receiver/hubclientinfo/NL/TWO");
    assert_eq!(caller.get(&url).await.outcome(), (404, 2001));
    let two = told("TWO", "CONNECTED", "2026-03-09T11:00:00Z");
    assert_eq!(caller.put(&url, &told("XXX", "CONNECTED", "2026-03-09T11:00:00Z")).await.outcome(), (200, 2001));
    assert_eq!(caller.put(&url, &told("TWO", "AWAY", "2026-03-09T11:00:00Z")).await.outcome(), (200, 2001));
    let got = caller.put(&url, &two).await;
    assert_eq!(got.outcome(), (201, 1000));
    assert!(got.headers.keys().all(|name| !name.as_str().starts_with("ocpi-")), "line 10");
    assert_eq!(caller.get(&url).await.body["data"], two);
    assert_eq!(caller.call(Method::DELETE, &url, None).await.status, 405);
}

#[tokio::test]
async fn only_hubs_tell_of_clients() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let service = scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
    let url = service.url("/2.2.1/receiver/hubclientinfo/NL/MSP");
    let info = told("MSP", "OFFLINE", "2026-03-09T11:00:00Z");
    assert_eq!(Caller::plain("token-of-stub").put(&url, &info).await.outcome(), (404, 2001));
    assert!(service.platform.clients(&id("cpo")).is_empty());
}

#[tokio::test]
async fn preferences_of_an_emsp_reach_the_cpo() {
    let (operator, provider) = (cpo(Vec::new()).await, emsp(Vec::new()).await);
    crate::world::join((&operator.platform, "cpo"), (&provider.platform, "emsp")).await;
    let preference = ChargingPreference {
        profile_type: ProfileType::Cheap,
        departure: None,
        energy_need_wh: None,
        discharge_allowed: false,
        stated_at: now(),
    };
    provider.platform.client(&id("cpo")).put_charging_preferences("S1", &preference).await.unwrap();
    assert_eq!(*operator.host.preferences.lock(), [("S1".to_owned(), preference)]);
}

#[tokio::test]
async fn lines_37_to_45_hold_for_an_emsp_too() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let provider = emsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
    let caller = Caller::plain("token-of-stub");
    let url = provider.url("/2.2.1/receiver/sessions/NL/STK/S1");
    let written = crate::world::session_json("S1", "2026-03-09T11:00:00Z");
    assert_eq!(caller.patch(&url, &json!({ "last_updated": "2026-03-09T11:00:00Z" })).await.status, 404);
    assert_eq!(caller.put(&url, &written).await.outcome(), (201, 1000));
    assert_eq!(caller.put(&url, &written).await.outcome(), (200, 1000));
    assert_eq!(caller.patch(&url, &json!({ "kwh": 3 })).await.outcome(), (200, 2001));
    let more = json!({ "last_updated": "2026-03-09T11:05:00Z", "charging_periods": [
        { "start_date_time": "2026-03-09T11:05:00Z", "dimensions": [{ "type": "POWER", "volume": 3.7 }] }] });
    assert_eq!(caller.patch(&url, &more).await.outcome(), (200, 1000));
    assert_eq!(caller.get(&url).await.body["data"]["charging_periods"].as_array().unwrap().len(), 2);
    let other = provider.url("/2.2.1/receiver/sessions/NL/XXX/S1");
    assert_eq!(caller.put(&other, &written).await.outcome(), (404, 2001));
    let renamed = provider.url("/2.2.1/receiver/sessions/NL/STK/S2");
    assert_eq!(caller.put(&renamed, &written).await.outcome(), (200, 2001));
}
