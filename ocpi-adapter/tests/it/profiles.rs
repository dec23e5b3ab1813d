//! Charging profiles, from both sides.

use axum::http::Method;
use chrono::TimeDelta;
use headroom_domain::Power;
use headroom_domain::profile::{ChargingProfile, ProfilePeriod};
use headroom_domain::session::SessionKey;
use headroom_ocpi_adapter::{
    LinkError, ProfileAnswer, ProfileResult, RateUnit, Receipt, Role, StationPeriod, StationProfile,
};
use serde_json::{Value, json};

use crate::hosts::ScspMemory;
use crate::stub::{Said, Stub, said};
use crate::world::{Caller, Side, connector, cpo, id, now, party, registered, scsp, session, session_json};

fn profile() -> ChargingProfile {
    let period = |minutes, limit_w| ProfilePeriod {
        start: now() + TimeDelta::minutes(minutes),
        limit_w: Power::from_w(limit_w),
    };
    ChargingProfile::new(vec![period(0, 11_040.0), period(15, 4_140.0)]).unwrap()
}

fn key(owner: &str, name: &str) -> SessionKey {
    SessionKey { partner: id("cpo"), party: party("NL", owner), id: name.to_owned() }
}

async fn service(stub: &Stub) -> Side<ScspMemory> {
    scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK"), (Role::Cpo, "NL", "TWO")]))]).await
}

async fn put(stub: &Stub) -> Result<Receipt, LinkError> {
    let service = service(stub).await;
    let url = service.platform.response_url("r-1");
    service.platform.client(&id("cpo")).put_charging_profile(&key("STK", "S1"), &profile(), &connector(), &url).await
}

#[tokio::test]
async fn lines_51_54_a_profile_is_put_with_the_exact_names_and_its_own_response_url() {
    let stub = Stub::start(|_| said(&json!({ "result": "ACCEPTED", "timeout": 30 }))).await;
    let receipt = put(&stub).await.unwrap();
    assert_eq!(receipt, Receipt { answer: ProfileAnswer::Accepted, timeout_s: 30 });
    let seen = &stub.seen()[0];
    assert_eq!((seen.method.clone(), seen.path.as_str()), (Method::PUT, "/chargingprofiles/S1"));
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!((seen.header("x-request-id").len(), seen.header("x-correlation-id").len()), (36, 36));
    let response_url = seen.body["response_url"].as_str().unwrap();
    assert!(response_url.ends_with("/ocpi/2.2.1/sender/chargingprofiles/results/r-1"), "{response_url}");
    let expected = json!({
        "start_date_time": "2026-03-09T12:00:00Z", "charging_rate_unit": "A",
        "charging_profile_period": [{ "start_period": 0, "limit": 16 }, { "start_period": 900, "limit": 6 }]
    });
    assert_eq!(seen.body["charging_profile"], expected);
}

#[tokio::test]
async fn line_54_a_response_url_that_is_too_long_is_not_sent() {
    let stub = Stub::start(|_| said(&json!({ "result": "ACCEPTED", "timeout": 30 }))).await;
    let service = service(&stub).await;
    let client = service.platform.client(&id("cpo"));
    let url = service.platform.response_url(&"r".repeat(255));
    let sent = client.put_charging_profile(&key("STK", "S1"), &profile(), &connector(), &url).await;
    assert!(matches!(sent, Err(LinkError::Unsendable(_))), "{sent:?}");
    assert!(stub.seen().is_empty());
    assert!(service.platform.response_url(&"r".repeat(64)).as_str().len() <= 255);
}

#[tokio::test]
async fn lines_52_53_get_and_delete_have_an_encoded_response_url() {
    let stub = Stub::start(|_| said(&json!({ "result": "ACCEPTED", "timeout": 30 }))).await;
    let service = service(&stub).await;
    let client = service.platform.client(&id("cpo"));
    let mut url = service.platform.response_url("r-1");
    url.set_query(Some("a=1&b=2"));
    client.get_charging_profile(&key("STK", "S1"), 3600, &url).await.unwrap();
    client.clear_charging_profile(&key("STK", "S1"), &url).await.unwrap();
    let seen = stub.seen();
    assert_eq!((seen[0].method.clone(), seen[0].parameter("duration").unwrap().as_str()), (Method::GET, "3600"));
    assert_eq!(seen[1].method, Method::DELETE);
    for request in seen {
        assert_eq!(request.parameter("response_url").unwrap(), url.as_str());
        assert!(!request.query.contains("://"), "{}", request.query);
    }
}

#[tokio::test]
async fn lines_60_61_67_every_verdict_is_read_whatever_the_codes_around_it() {
    let wrapped = json!({ "data": [{ "result": "REJECTED", "timeout": 0 }], "status_code": 2000, "timestamp": "x" });
    let cases = [
        (said(&json!({ "result": "NOT_SUPPORTED", "timeout": 1 })), ProfileAnswer::NotSupported),
        (said(&json!({ "result": "TOO_OFTEN", "timeout": null })), ProfileAnswer::TooOften),
        (said(&json!({ "result": "UNKNOWN_SESSION" })), ProfileAnswer::UnknownSession),
        (said(&json!({ "result": "UNKNOWN_SESSION", "timeout": 0 })).status(404), ProfileAnswer::UnknownSession),
        (Said::of(&wrapped), ProfileAnswer::Rejected),
    ];
    for (answer, expected) in cases {
        let stub = Stub::start(move |_| answer.clone()).await;
        assert_eq!(put(&stub).await.unwrap().answer, expected);
    }
}

#[tokio::test]
async fn errors_tell_whether_to_try_again() {
    let cases = [
        (said(&Value::Null).status(429), true),
        (said(&Value::Null).status(503), true),
        (Said::of(&json!({ "status_code": 4002, "timestamp": "x" })), true),
        (Said::of(&json!({ "status_code": 4001, "timestamp": "x" })), false),
        (Said::of(&json!({ "status_code": 2001, "status_message": "no", "timestamp": "x" })), false),
        (Said::of(&json!({ "detail": "field required" })).status(422), false),
        (said(&json!({ "result": "MAYBE" })), true),
        (Said::of(&json!("OK")), true),
    ];
    for (answer, retryable) in cases {
        let words = format!("{answer:?}");
        let stub = Stub::start(move |_| answer.clone()).await;
        assert_eq!(put(&stub).await.unwrap_err().is_retryable(), retryable, "{words}");
    }
    let stub = Stub::start(|_| said(&Value::Null)).await;
    for root in ["http://127.0.0.1:1".to_owned(), stub.root.replace("http:", "https:")] {
        let error = put(&Stub { root, ..stub.clone() }).await.unwrap_err();
        assert!(matches!(error, LinkError::Unreachable { .. }) && error.is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn line_66_the_owner_of_a_session_is_named_in_the_headers() {
    let stub = Stub::start(|_| said(&json!({ "result": "ACCEPTED", "timeout": 30 }))).await;
    let service = service(&stub).await;
    let (client, url) = (service.platform.client(&id("cpo")), service.platform.response_url("r"));
    for owner in ["STK", "TWO"] {
        client.put_charging_profile(&key(owner, "S1"), &profile(), &connector(), &url).await.unwrap();
    }
    let owners: Vec<_> = stub.seen().iter().map(|seen| seen.header("ocpi-to-party-id").to_owned()).collect();
    assert_eq!(owners, ["STK", "TWO"]);
}

#[tokio::test]
async fn lines_56_57_58_63_results_are_taken_late_and_twice_but_not_for_requests_that_were_not_sent() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let service = service(&stub).await;
    service.host.requests.lock().push("r-1".to_owned());
    let caller = Caller::plain("token-of-stub");
    let url = service.url("/2.2.1/sender/chargingprofiles/results/r-1");
    for _ in 0..2 {
        let got = caller.call(Method::POST, &url, Some(&json!({ "result": "REJECTED" }))).await;
        assert_eq!((got.outcome(), got.body.get("data")), ((200, 1000), None));
    }
    let expected = (id("cpo"), "r-1".to_owned(), ProfileResult::Rejected, None);
    assert_eq!(*service.host.results.lock(), [expected.clone(), expected]);
    let unknown = service.url("/2.2.1/sender/chargingprofiles/results/r-2");
    let got = caller.call(Method::POST, &unknown, Some(&json!({ "result": "ACCEPTED" }))).await;
    assert_eq!(got.outcome(), (200, 2001));
    for body in [json!({ "result": "PERHAPS" }), json!({}), json!([])] {
        assert_eq!(caller.call(Method::POST, &url, Some(&body)).await.outcome(), (200, 2001));
    }
    assert_eq!(caller.put(&url, &json!({ "result": "ACCEPTED" })).await.status, 405);
}

#[tokio::test]
async fn line_62_a_changed_active_profile_is_taken_for_known_sessions() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let service = service(&stub).await;
    let caller = Caller::plain("token-of-stub");
    caller.put(&service.url("/2.2.1/receiver/sessions/NL/STK/S1"), &session_json("S1", "2026-03-09T11:00:00Z")).await;
    let active = json!({ "start_date_time": "2026-03-09T12:00:00Z", "charging_profile": {
        "charging_rate_unit": "A", "duration": 900, "min_charging_rate": null,
        "charging_profile_period": { "start_period": 0, "limit": 16 } } });
    let got = caller.put(&service.url("/2.2.1/sender/chargingprofiles/S1"), &active).await;
    assert_eq!((got.outcome(), got.body.get("data")), ((200, 1000), None));
    let expected = StationProfile {
        start: now(),
        end: Some(now() + TimeDelta::minutes(15)),
        unit: RateUnit::Amperes,
        periods: vec![StationPeriod { start: now(), limit: 16.0 }],
    };
    assert_eq!(*service.host.active.lock(), [("S1".to_owned(), expected)]);
    let got = caller.put(&service.url("/2.2.1/sender/chargingprofiles/S2"), &active).await;
    assert_eq!(got.outcome(), (404, 2001));
}

#[tokio::test]
async fn a_cpo_takes_requests_and_answers_with_its_receipt() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let cpo = cpo(vec![registered("scsp", stub.link(&[(Role::Scsp, "NL", "HDR")]))]).await;
    cpo.host.sessions.lock().push(session("S1"));
    let caller = Caller::plain("token-of-stub");
    let body = json!({ "charging_profile": { "charging_rate_unit": "W", "duration": 600,
                       "charging_profile_period": [{ "start_period": 0, "limit": 4140.5 }] },
                       "response_url": "http://127.0.0.1:9/r" });
    let url = cpo.url("/2.2.1/receiver/chargingprofiles/S1");
    let got = caller.put(&url, &body).await;
    assert_eq!((got.outcome(), &got.body["data"]), ((200, 1000), &json!({ "result": "ACCEPTED", "timeout": 45 })));
    let unknown = caller.put(&cpo.url("/2.2.1/receiver/chargingprofiles/S2"), &body).await;
    assert_eq!((unknown.code(), &unknown.body["data"]["result"]), (1000, &json!("UNKNOWN_SESSION")));
    let set = cpo.host.requests.lock()[0].profile.clone().unwrap();
    assert_eq!((set.start, set.limit_at(now())), (now(), Some(4140.5)), "without a start it begins now");

    let raw = "response_url=http://127.0.0.1:9/r?a=1&b=2";
    assert_eq!(caller.get(&format!("{url}?duration=900&{raw}")).await.outcome(), (200, 1000));
    assert_eq!(caller.call(Method::DELETE, &format!("{url}?{raw}"), None).await.outcome(), (200, 1000));
    let requests = cpo.host.requests.lock().clone();
    assert_eq!((requests[2].duration_s, requests[3].duration_s), (Some(900), None));
    assert!(requests[2..].iter().all(|request| request.response_url == "http://127.0.0.1:9/r?a=1&b=2"));
}

#[tokio::test]
async fn a_cpo_refuses_profiles_that_say_nothing_or_two_things() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let cpo = cpo(vec![registered("scsp", stub.link(&[(Role::Scsp, "NL", "HDR")]))]).await;
    let caller = Caller::plain("token-of-stub");
    let url = cpo.url("/2.2.1/receiver/chargingprofiles/S1");
    let with = |periods: Value| {
        json!({ "charging_profile": { "charging_rate_unit": "A", "charging_profile_period": periods },
                "response_url": "http://127.0.0.1:9/r" })
    };
    let twice = json!([{ "start_period": 0, "limit": 6 }, { "start_period": 0, "limit": 16 }]);
    for periods in [Value::Null, json!([]), twice, json!([{ "start_period": 0, "limit": "6" }])] {
        assert_eq!(caller.put(&url, &with(periods.clone())).await.outcome(), (200, 2001), "{periods}");
    }
    let got = caller.get(&format!("{url}?duration=900")).await;
    assert_eq!(got.outcome(), (200, 2001), "no response_url");
    assert!(cpo.host.requests.lock().is_empty());
}
