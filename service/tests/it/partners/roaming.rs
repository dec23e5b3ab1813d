//! Charge detail records and drivers' tokens, pushed and pulled.

use axum::http::Method;
use serde_json::{Value, json};

use crate::running::stub::{Script, Stub};
use crate::running::{Service, eventually, location, session, text};

/// What stands for a driver wherever the stub names one.
const DRIVER: &str = "04AABBCC";

fn token(uid: &str) -> Value {
    json!({
        "country_code": "NL", "party_id": "STK", "uid": uid, "type": "RFID", "contract_id": format!("C-{uid}"),
        "visual_number": format!("No {uid}"), "issuer": "Stub", "valid": true, "whitelist": "ALWAYS",
        "last_updated": "2026-03-09T11:00:00Z",
    })
}

fn cdr(id: &str) -> Value {
    json!({
        "country_code": "NL", "party_id": "STK", "id": id, "session_id": "S0", "auth_method": "WHITELIST",
        "start_date_time": "2026-03-09T09:00:00Z", "end_date_time": "2026-03-09T11:00:00Z",
        "cdr_token": {"country_code": "NL", "party_id": "TST", "uid": DRIVER, "type": "RFID", "contract_id": DRIVER},
        "cdr_location": {
            "id": "LOC1", "address": "Street 1", "city": "Delft", "country": "NLD", "evse_uid": "E1",
            "coordinates": {"latitude": "52.00000", "longitude": "4.36000"}, "evse_id": "NL*STK*E1",
            "connector_id": "1", "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "signed_data": {"encoding_method": "OCMF", "signed_values": [
            {"nature": "Start", "plain_data": DRIVER, "signed_data": DRIVER},
        ]},
        "currency": "EUR", "total_cost": {"excl_vat": 4.0}, "total_energy": 10.0, "total_time": 2.0,
        "charging_periods": [{"start_date_time": "2026-03-09T09:00:00Z",
                              "dimensions": [{"type": "ENERGY", "volume": 10.0}]}],
        "last_updated": "2026-03-09T11:00:00Z",
    })
}

/// A record whose time is missing: its end does for that.
fn broken_cdr(id: &str) -> Value {
    let mut broken = cdr(id);
    broken["total_time"] = Value::Null;
    broken
}

fn script() -> Script {
    // Cut so badly that only where it stands tells that it is a token.
    let broken_token = json!({"uid": "04999999", "type": "RFID", "valid": "yes"});
    Script {
        locations: vec![location("LOC1")],
        sessions: vec![session("S1")],
        cdrs: vec![cdr("C1"), broken_cdr("C2")],
        tokens: vec![token(DRIVER), token("04DDEEFF"), broken_token],
        ..Script::default()
    }
}

async fn kept(service: &Service, module: &str) -> Option<u64> {
    let partner = service.partner().await;
    let kept = partner["kept"].as_array()?.iter().find(|kept| kept["module"] == module)?.clone();
    kept["objects"].as_u64()
}

fn counted(report: &Value, module: &str, place: &str) -> Option<u64> {
    let found = report["findings"].as_array()?.iter().find(|one| one["module"] == module && one["place"] == place)?;
    found["count"].as_u64()
}

/// Reads all that the service has written: its record, what is on the way to it, and its log.
fn written(service: &Service) -> String {
    let files = ["headroom.db", "headroom.db-wal", "log"].map(|name| std::fs::read(service.path(name)));
    files.into_iter().flatten().map(|bytes| text(&bytes)).collect()
}

#[tokio::test]
async fn records_and_tokens_are_pulled_pushed_and_kept_without_who_drives() {
    let mut script = script();
    // One on a page: more pages than are pulled at a turn.
    script.tokens.extend((0..22).map(|index| token(&format!("05{index:06}"))));
    let stub = Stub::start(script).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("both lists are pulled", || async {
        (kept(&service, "cdrs").await, kept(&service, "tokens").await) == (Some(2), Some(24))
    })
    .await;
    let since = stub.asked(&Method::GET, "/cdrs")[0].query.clone();
    assert!(since.starts_with("date_from=2026-02-0"), "a month of records: {since}");
    assert_eq!(stub.asked(&Method::GET, "/tokens")[0].query, "", "all tokens");

    let url = |rest: &str| format!("{}/ocpi/2.2.1/receiver/{rest}", service.url);
    assert_eq!(stub.call(Method::POST, &url("cdrs"), broken_cdr("C3")).await, (201, 1000));
    let (pushed, pulled) = (stub.got(&url("cdrs/NL/STK/C3")).await, stub.got(&url("cdrs/NL/STK/C1")).await);
    assert_eq!(pushed["cdr_token"], pulled["cdr_token"], "the same driver is the same");
    let named = |uid: &str| url(&format!("tokens/NL/STK/{uid}"));
    let change = json!({"uid": DRIVER, "valid": false, "last_updated": "2026-03-09T11:30:00Z"});
    assert_eq!(stub.call(Method::PATCH, &named(DRIVER), change).await, (200, 1000));
    let changed = stub.got(&named(DRIVER)).await;
    assert_eq!((&changed["valid"], &changed["uid"]), (&json!(false), &pulled["cdr_token"]["uid"]));
    assert_eq!(stub.call(Method::PUT, &named("04123456"), token("04123456")).await, (201, 1000));
    assert_eq!(stub.call(Method::PUT, &named("04654321"), json!({"uid": "04654321"})).await, (200, 2001));
    assert_eq!((kept(&service, "cdrs").await, kept(&service, "tokens").await), (Some(3), Some(25)));
    assert!(service.done(&["list"]).await.contains("3 cdrs, 25 tokens"));

    let report: Value = serde_json::from_str(&service.done(&["report", "cpo", "--format", "json"]).await).unwrap();
    assert_eq!(counted(&report, "cdrs", "total_time"), Some(2), "{report}");
    let unreadable = report["rejected"].as_array().unwrap().iter().filter(|one| one["module"] == "tokens");
    assert_eq!(unreadable.count(), 2, "{report}");
    let written = written(&service);
    assert!(written.contains("receiver/tokens/"), "the log tells of what was refused");
    for driver in [DRIVER, "04DDEEFF", "04123456", "04654321", "04999999", "05000021"] {
        assert!(!written.contains(driver), "{driver} is kept");
    }
}

#[tokio::test]
async fn records_and_tokens_are_linted_and_nothing_is_kept_of_it() {
    let stub = Stub::start(Script::default()).await;
    let service = Service::start().await;
    service.register(&stub).await;
    let token = stub.script.lock().token.clone();
    *stub.script.lock() = Script { token, ..script() };
    let lint = service.partners(&["lint", "cpo"]).await;
    let said = text(&lint.stdout);
    assert_eq!(lint.status.code(), Some(1), "{said}");
    assert!(said.contains("cdrs: 2 object(s), 0 of them unreadable"), "{said}");
    assert!(said.contains("tokens: 3 object(s), 1 of them unreadable"), "{said}");
    assert!(said.contains("total_time") && !said.contains(DRIVER), "{said}");
}

#[tokio::test]
async fn what_is_wrong_with_messages_is_counted_and_an_object_is_counted_once() {
    let stub = Stub::start(script()).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("the session is pulled", || async { kept(&service, "sessions").await == Some(1) }).await;
    let session = format!("{}/ocpi/2.2.1/receiver/sessions/NL/STK/S1", service.url);
    for minute in 1..=3 {
        let change = json!({"mood": "good", "kwh": minute, "last_updated": format!("2026-03-09T12:0{minute}:00Z")});
        assert_eq!(stub.call(Method::PATCH, &session, change).await, (200, 1000));
    }
    let active = json!({"start_date_time": "2026-03-09T12:00:00Z", "mood": "good", "charging_profile": {
        "duration": 14_400, "charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 10.0}],
    }});
    let profile = format!("{}/ocpi/2.2.1/sender/chargingprofiles/S1", service.url);
    for _ in 0..2 {
        assert_eq!(stub.call(Method::PUT, &profile, active.clone()).await, (200, 1000));
    }
    let wish = format!("{}/ocpi/2.2.1/sender/sessions/S1/charging_preferences", service.url);
    assert_eq!(stub.call(Method::PUT, &wish, json!({"profile_type": "QUICK"})).await, (200, 2001));
    let report: Value = serde_json::from_str(&service.done(&["report", "cpo", "--format", "json"]).await).unwrap();
    assert_eq!(counted(&report, "sessions", "mood"), Some(1), "{report}");
    assert_eq!(counted(&report, "chargingprofiles", "mood"), Some(2), "{report}");
    assert_eq!(counted(&report, "charging_preferences", "profile_type"), Some(1), "{report}");
}
