//! Sessions, tariffs and locations that a CPO pushes to the service.

use axum::http::Method;
use headroom_domain::session::SessionStatus;
use headroom_domain::{Energy, Power};
use headroom_ocpi_adapter::{Dialect, Partner, Role};
use serde_json::{Value, json};

use crate::hosts::ScspMemory;
use crate::stub::Stub;
use crate::world::{Caller, Side, registered, scsp, session_json};

const SESSION: &str = "/2.2.1/receiver/sessions/NL/STK/S1";
const LOCATION: &str = "/2.2.1/receiver/locations/NL/STK/L1";
const TARIFF: &str = "/2.2.1/receiver/tariffs/NL/STK/T1";

async fn service() -> Side<ScspMemory> {
    let stub = Stub::start(|_| crate::stub::said(&Value::Null)).await;
    scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK"), (Role::Cpo, "NL", "TWO")]))]).await
}

fn cpo() -> Caller {
    Caller::plain("token-of-stub")
}

fn s1() -> Value {
    session_json("S1", "2026-03-09T11:00:00Z")
}

fn period(start: &str, power_kw: f64) -> Value {
    json!([{ "start_date_time": start, "dimensions": [{ "type": "POWER", "volume": power_kw }] }])
}

#[tokio::test]
async fn line_37_a_new_session_is_201_and_a_known_one_200() {
    let service = service().await;
    assert_eq!(cpo().put(&service.url(SESSION), &s1()).await.outcome(), (201, 1000));
    assert_eq!(cpo().put(&service.url(SESSION), &s1()).await.outcome(), (200, 1000));
}

#[tokio::test]
async fn line_38_a_put_without_periods_clears_them() {
    let service = service().await;
    cpo().put(&service.url(SESSION), &s1()).await;
    let mut without = s1();
    without.as_object_mut().unwrap().remove("charging_periods");
    cpo().put(&service.url(SESSION), &without).await;
    let got = cpo().get(&service.url(SESSION)).await;
    assert_eq!(got.body["data"].get("charging_periods"), None);
    assert_eq!(service.host.sessions.lock().last().unwrap().power_w, None);
}

#[tokio::test]
async fn line_39_a_patch_appends_periods_and_changes_what_it_names() {
    let service = service().await;
    cpo().put(&service.url(SESSION), &s1()).await;
    let patch = json!({ "kwh": 3.0, "charging_periods": period("2026-03-09T11:30:00Z", 11.0), "meter_id": null,
                        "last_updated": "2026-03-09T11:30:00Z" });
    assert_eq!(cpo().patch(&service.url(SESSION), &patch).await.outcome(), (200, 1000));
    let got = cpo().get(&service.url(SESSION)).await;
    assert_eq!(got.body["data"]["charging_periods"].as_array().unwrap().len(), 2);
    assert_eq!(got.body["data"]["status"], "ACTIVE");
    let last = service.host.sessions.lock().last().unwrap().clone();
    assert_eq!((last.energy_wh, last.power_w), (Energy::from_kwh(3.0), Some(Power::from_kw(11.0))));

    let no_periods = json!({ "status": "COMPLETED", "charging_periods": [], "last_updated": "2026-03-09T11:40:00Z" });
    assert_eq!(cpo().patch(&service.url(SESSION), &no_periods).await.outcome(), (200, 1000));
    let got = cpo().get(&service.url(SESSION)).await;
    assert_eq!(got.body["data"]["charging_periods"].as_array().unwrap().len(), 2);
    assert_eq!(service.host.sessions.lock().last().unwrap().status, SessionStatus::Completed);
}

#[tokio::test]
async fn line_40_a_patch_without_last_updated_is_2001() {
    let service = service().await;
    cpo().put(&service.url(SESSION), &s1()).await;
    assert_eq!(cpo().patch(&service.url(SESSION), &json!({ "kwh": 3 })).await.outcome(), (200, 2001));
    let null = json!({ "kwh": 3, "last_updated": null });
    assert_eq!(cpo().patch(&service.url(SESSION), &null).await.outcome(), (200, 2001));
}

#[tokio::test]
async fn line_41_a_patch_of_an_unknown_session_is_404() {
    let service = service().await;
    let patch = json!({ "kwh": 3, "last_updated": "2026-03-09T11:30:00Z" });
    assert_eq!(cpo().patch(&service.url(SESSION), &patch).await.outcome(), (404, 2001));
    assert_eq!(cpo().get(&service.url(SESSION)).await.outcome(), (404, 2001));
}

#[tokio::test]
async fn line_42_get_returns_what_was_stored_unknown_fields_too() {
    let service = service().await;
    let mut session = s1();
    session["vendor_field"] = json!({ "deep": [1, 2] });
    cpo().put(&service.url(SESSION), &session).await;
    let mut stored = cpo().get(&service.url(SESSION)).await.body["data"].clone();
    assert_ne!(stored["cdr_token"]["uid"], session["cdr_token"]["uid"], "but the driver");
    stored["cdr_token"] = session["cdr_token"].clone();
    assert_eq!(stored, session);
}

#[tokio::test]
async fn lines_43_44_a_url_that_names_another_owner_or_id_than_the_object_is_2001() {
    let service = service().await;
    for path in ["/2.2.1/receiver/sessions/NL/TWO/S1", "/2.2.1/receiver/sessions/NL/STK/S2"] {
        assert_eq!(cpo().put(&service.url(path), &s1()).await.outcome(), (200, 2001), "{path}");
    }
    assert!(service.host.objects.lock().is_empty());
    cpo().put(&service.url(SESSION), &s1()).await;
    let patch = json!({ "id": "S9", "last_updated": "2026-03-09T11:30:00Z" });
    assert_eq!(cpo().patch(&service.url(SESSION), &patch).await.outcome(), (200, 2001));
}

#[tokio::test]
async fn line_45_an_owner_that_is_none_of_the_partners_roles_is_404_unless_it_forwards() {
    let service = service().await;
    let path = "/2.2.1/receiver/sessions/DE/OTH/S1";
    let mut session = s1();
    session["country_code"] = json!("DE");
    session["party_id"] = json!("OTH");
    assert_eq!(cpo().put(&service.url(path), &session).await.outcome(), (404, 2001));

    let stub = Stub::start(|_| crate::stub::said(&Value::Null)).await;
    let hub = registered("hub", stub.link(&[(Role::Hub, "DE", "HUB")]));
    let emsp = registered("emsp", stub.link(&[(Role::Emsp, "DE", "MSP")]));
    let emsp = Partner { dialect: Dialect { forwards: true, ..Dialect::default() }, ..emsp };
    for partner in [hub, emsp] {
        let service = scsp(vec![partner]).await;
        assert_eq!(cpo().put(&service.url(path), &session).await.outcome(), (201, 1000));
    }
}

#[tokio::test]
async fn line_46_an_older_object_does_not_replace_a_newer_one() {
    let service = service().await;
    cpo().put(&service.url(SESSION), &session_json("S1", "2026-03-09T11:30:00Z")).await;
    let got = cpo().put(&service.url(SESSION), &s1()).await;
    assert_eq!(got.outcome(), (200, 1000));
    let patch = json!({ "kwh": 99, "last_updated": "2026-03-09T11:29:00Z" });
    assert_eq!(cpo().patch(&service.url(SESSION), &patch).await.outcome(), (200, 1000));
    let got = cpo().get(&service.url(SESSION)).await;
    assert_eq!(
        (&got.body["data"]["kwh"], &got.body["data"]["last_updated"]),
        (&json!(1.5), &json!("2026-03-09T11:30:00Z"))
    );
}

#[tokio::test]
async fn line_39_patches_at_once_lose_no_period() {
    let service = service().await;
    cpo().put(&service.url(SESSION), &s1()).await;
    let url = service.url(SESSION);
    let patch =
        json!({ "charging_periods": period("2026-03-09T11:30:00Z", 1.0), "last_updated": "2026-03-09T11:30:00Z" });
    let patches: Vec<_> = (0..20)
        .map(|_| {
            let (url, patch) = (url.clone(), patch.clone());
            tokio::spawn(async move { cpo().patch(&url, &patch).await.outcome() })
        })
        .collect();
    for outcome in patches {
        assert_eq!(outcome.await.unwrap(), (200, 1000));
    }
    let got = cpo().get(&url).await;
    assert_eq!(got.body["data"]["charging_periods"].as_array().unwrap().len(), 21);
}

fn connector(last_updated: &str) -> Value {
    json!({ "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
            "max_voltage": 230, "max_amperage": 16, "last_updated": last_updated })
}

fn evse(uid: &str, last_updated: &str) -> Value {
    json!({ "uid": uid, "status": "AVAILABLE", "capabilities": ["CHARGING_PROFILE_CAPABLE"],
            "connectors": [connector(last_updated)], "last_updated": last_updated })
}

fn l1() -> Value {
    json!({ "country_code": "NL", "party_id": "STK", "id": "L1", "publish": true, "address": "Street 1",
            "city": "Delft", "country": "NLD", "coordinates": { "latitude": "52.00000", "longitude": "4.36000" },
            "time_zone": "Europe/Amsterdam", "evses": [evse("E1", "2026-03-09T11:00:00Z")],
            "last_updated": "2026-03-09T11:00:00Z" })
}

#[tokio::test]
async fn a_location_and_its_parts_are_put_patched_and_returned() {
    let service = service().await;
    let at = |path: &str| service.url(&format!("{LOCATION}{path}"));
    assert_eq!(cpo().put(&at("/E1"), &evse("E1", "2026-03-09T11:00:00Z")).await.outcome(), (404, 2003));
    assert_eq!(cpo().put(&at(""), &l1()).await.outcome(), (201, 1000));
    assert_eq!(cpo().put(&at("/E2"), &evse("E2", "2026-03-09T11:10:00Z")).await.outcome(), (201, 1000));
    assert_eq!(cpo().put(&at("/e1"), &evse("E1", "2026-03-09T11:20:00Z")).await.outcome(), (200, 1000));
    let status = json!({ "status": "REMOVED", "last_updated": "2026-03-09T11:30:00Z" });
    assert_eq!(cpo().patch(&at("/E2"), &status).await.outcome(), (200, 1000));
    let amperes = json!({ "max_amperage": 32, "last_updated": "2026-03-09T11:40:00Z" });
    assert_eq!(cpo().patch(&at("/E1/1"), &amperes).await.outcome(), (200, 1000));
    assert_eq!(cpo().patch(&at("/E1/7"), &amperes).await.outcome(), (404, 2003));
    let rename = json!({ "name": "Depot", "last_updated": "2026-03-09T11:50:00Z" });
    assert_eq!(cpo().patch(&at(""), &rename).await.outcome(), (200, 1000));

    let got = cpo().get(&at("")).await.body["data"].clone();
    assert_eq!((&got["name"], &got["evses"][1]["status"]), (&json!("Depot"), &json!("REMOVED")));
    assert_eq!(got["evses"][0]["connectors"][0]["max_amperage"], 32);
    assert_eq!(got["evses"][0]["last_updated"], "2026-03-09T11:40:00Z", "a part changes what it is part of");
    assert_eq!(cpo().get(&at("/E1/1")).await.body["data"]["id"], "1");
    assert_eq!(cpo().get(&at("/E3")).await.outcome(), (404, 2003));
}

#[tokio::test]
async fn parts_of_a_location_that_are_broken_older_or_misnamed_change_nothing() {
    let service = service().await;
    let at = |path: &str| service.url(&format!("{LOCATION}{path}"));
    cpo().put(&at(""), &l1()).await;
    let mut broken = evse("E1", "2026-03-09T11:30:00Z");
    broken["connectors"][0].as_object_mut().unwrap().remove("power_type");
    assert_eq!(cpo().put(&at("/E1"), &broken).await.outcome(), (200, 2001));
    assert_eq!(cpo().put(&at("/E1"), &evse("E9", "2026-03-09T11:30:00Z")).await.outcome(), (200, 2001));
    let old = json!({ "status": "REMOVED", "last_updated": "2026-03-09T10:00:00Z" });
    assert_eq!(cpo().patch(&at("/E1"), &old).await.outcome(), (200, 1000));
    assert_eq!(cpo().get(&at("")).await.body["data"], l1());
}

#[tokio::test]
async fn a_tariff_is_put_returned_and_deleted() {
    let service = service().await;
    let tariff = json!({ "country_code": "NL", "party_id": "STK", "id": "T1", "currency": "EUR",
                         "elements": [{ "price_components": [{ "type": "ENERGY", "price": 0.3, "step_size": 1 }] }],
                         "last_updated": "2026-03-09T11:00:00Z" });
    assert_eq!(cpo().put(&service.url(TARIFF), &tariff).await.outcome(), (201, 1000));
    assert_eq!(cpo().get(&service.url(TARIFF)).await.body["data"], tariff);
    assert_eq!(cpo().patch(&service.url(TARIFF), &tariff).await.status, 405);
    assert_eq!(cpo().call(Method::DELETE, &service.url(TARIFF), None).await.outcome(), (200, 1000));
    assert_eq!(cpo().call(Method::DELETE, &service.url(TARIFF), None).await.outcome(), (404, 2001));
    assert_eq!(cpo().call(Method::DELETE, &service.url(SESSION), None).await.status, 405);
}
