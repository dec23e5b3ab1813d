//! Partners over real HTTP: the service as a process, its command line, and a CPO that does what a test says.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::running::stub::{Script, Stub, parameter};
use crate::running::{Service, eventually, get, location, session, text};

mod roaming;

/// A location whose EVSE cannot be read, and whose price of a parking place is in no standard.
fn broken_location(id: &str) -> Value {
    let mut broken = location(id);
    broken["evses"][0]["connectors"][0]["max_voltage"] = json!("two hundred");
    broken["parking_price"] = json!(2);
    broken
}

#[tokio::test]
async fn an_invited_partner_needs_no_entry_in_the_file_and_only_the_operator_may_invite() {
    let service = Service::start().await;
    let invitation: Value = serde_json::from_str(&service.done(&["invite", "cpo", "--format", "json"]).await).unwrap();
    let (token, versions) = (invitation["token"].as_str().unwrap(), invitation["versions_url"].as_str().unwrap());
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let answer = client.get(versions).header("authorization", format!("Token {token}")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(service.partner().await["state"], "invited");
    assert_eq!(get(&service.url, "/api/v1/partners", None).await.0, 401);
    assert_eq!(get(&service.url, "/api/v1/partners", Some("a-wrong-token-of-some-length")).await.0, 401);
    assert_eq!(get(&service.url, "/api/v1/partners", Some(&service.admin_token())).await.0, 200);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(service.path("headroom.db.admin-token")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let proxied = client.get(format!("{}/api/v1/partners", service.url)).bearer_auth(service.admin_token());
    let proxied = proxied.header("x-forwarded-for", "192.0.2.1").send().await.unwrap();
    assert_eq!(proxied.status().as_u16(), 403, "what a proxy passes on is not from this machine");
    let unknown = service.partners(&["rotate", "nobody"]).await;
    assert!(!unknown.status.success() && text(&unknown.stderr).contains("partner nobody is not known"));
}

#[tokio::test]
async fn line_24_a_pull_that_fails_in_the_middle_goes_on_there() {
    let locations = vec![location("LOC1"), location("LOC2"), location("LOC3")];
    let stub = Stub::start(Script { locations, failing: [1].into(), ..Script::default() }).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("the pull ends well", || async {
        let partner = service.partner().await;
        let pulls = partner["pulls"].as_array().cloned().unwrap_or_default();
        pulls.iter().any(|pull| pull["module"] == "locations" && pull["good_until"].is_string())
    })
    .await;
    let asked: Vec<_> = stub.asked(&Method::GET, "/locations").into_iter().map(|seen| seen.query).collect();
    assert_eq!(asked, ["", "offset=1", "offset=1", "offset=2"]);
    let partner = service.partner().await;
    assert_eq!((partner["state"].as_str(), partner["version"].as_str()), (Some("registered"), Some("2.2.1")));
    assert_eq!(partner["parties"], json!(["NL-STK CPO"]));
    assert!(partner["last_seen"].is_string() && partner["last_pulled"].is_string(), "{partner}");
}

#[tokio::test]
async fn what_a_partner_sends_wrongly_is_linted_kept_and_reported_without_naming_drivers() {
    let mut session = session("S1");
    session["cdr_token"]["type"] = json!("CARD");
    let script = Script { locations: vec![location("LOC1")], sessions: vec![session], ..Script::default() };
    let stub = Stub::start(script).await;
    let service = Service::start().await;
    service.register(&stub).await;
    assert!(service.done(&["lint", "cpo"]).await.contains("locations: 1 object(s), 0 of them unreadable"));
    stub.script.lock().locations.push(broken_location("LOC2"));
    let lint = service.partners(&["lint", "cpo"]).await;
    let said = text(&lint.stdout);
    assert_eq!(lint.status.code(), Some(1), "{said}");
    assert!(said.contains("max_voltage") && said.contains("LOC2") && said.contains("parking_price"), "{said}");
    let owner = format!("{}/ocpi/2.2.1/receiver/locations/NL/STK/LOC2", service.url);
    let pushed = stub.call(Method::PUT, &owner, broken_location("LOC2")).await;
    assert_eq!(pushed, (201, 1000));
    let mut unreadable = location("LOC3");
    unreadable["last_updated"] = json!("never");
    let owner = format!("{}/ocpi/2.2.1/receiver/locations/NL/STK/LOC3", service.url);
    assert_eq!(stub.call(Method::PUT, &owner, unreadable).await, (200, 2001));
    eventually("the session is pulled", || async {
        service.partner().await["findings"].to_string().contains("cdr_token")
    })
    .await;
    let report = service.done(&["report", "cpo", "--format", "json"]).await;
    assert!(!report.contains("04AABBCC") && !report.contains("stub-token"), "{report}");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["warnings"]["losses"].as_u64() >= Some(2) && report["period"]["from"].is_string(), "{report}");
    assert_eq!(report["rejected"][0]["id"], "LOC3");
    let readable = service.done(&["report", "cpo"]).await;
    assert!(readable.contains("OCPI data of cpo as received by Headroom"), "{readable}");
}

#[tokio::test]
async fn a_link_is_rotated_and_ended_from_the_command_line() {
    let stub = Stub::start(Script::default()).await;
    let service = Service::start().await;
    service.register(&stub).await;
    service.done(&["rotate", "cpo"]).await;
    assert_eq!(stub.asked(&Method::PUT, "/credentials").len(), 1);
    service.done(&["unregister", "cpo"]).await;
    assert_eq!(stub.asked(&Method::DELETE, "/credentials").len(), 1);
    assert_eq!(service.partner().await["state"], "none");
    let again = service.partners(&["rotate", "cpo"]).await;
    assert!(text(&again.stderr).contains("not registered"), "{}", text(&again.stderr));
}

fn steerable() -> Script {
    Script { locations: vec![location("LOC1")], sessions: vec![session("S1")], ..Script::default() }
}

async fn allowed_w(service: &Service) -> Option<f64> {
    get(&service.url, "/api/v1/sites/campus", None).await.1["sessions"][0]["allowed_now_w"].as_f64()
}

#[tokio::test]
async fn line_60_too_often_makes_us_wait_and_a_fresh_request_follows() {
    let receipts = ["TOO_OFTEN", "TOO_OFTEN"].into();
    let stub = Stub::start(Script { receipts, stations_answer: true, ..steerable() }).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("the third profile is accepted", || async { stub.response_urls().len() >= 3 }).await;
    eventually("it is in force", || async { allowed_w(&service).await.is_some_and(|allowed| allowed > 0.0) }).await;
    let mut urls = stub.response_urls();
    let sent = urls.len();
    urls.sort();
    urls.dedup();
    assert_eq!(urls.len(), sent, "every request has a response URL of its own");
    assert!(urls.iter().all(|url| url.len() <= 255));
}

#[tokio::test]
async fn line_59_a_station_that_never_answers_is_asked_for_its_active_profile_and_believed() {
    let stub = Stub::start(steerable()).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("the profile is asked for", || async { !stub.asked(&Method::GET, "/chargingprofiles/").is_empty() })
        .await;
    let asked = &stub.asked(&Method::GET, "/chargingprofiles/")[0];
    assert_eq!(parameter(&asked.query, "duration").as_deref(), Some("3600"));
    assert!(parameter(&asked.query, "response_url").is_some_and(|url| url.starts_with(&service.url)));
    eventually("it counts as in force", || async { allowed_w(&service).await.is_some_and(|allowed| allowed > 0.0) })
        .await;
}

#[tokio::test]
async fn line_61_an_unknown_session_makes_us_pull_the_sessions() {
    let stub = Stub::start(Script { receipts: ["UNKNOWN_SESSION"].into(), ..steerable() }).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("the sessions are pulled again", || async { stub.asked(&Method::GET, "/sessions").len() >= 2 }).await;
}

#[tokio::test]
async fn an_evse_that_takes_no_profiles_is_left_alone_until_it_is_published_otherwise() {
    let receipts = ["NOT_SUPPORTED"].into();
    let stub = Stub::start(Script { receipts, stations_answer: true, ..steerable() }).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("a profile is sent", || async { !stub.response_urls().is_empty() }).await;
    // Two minutes of the service's time, four times as long as the pause after a refusal.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stub.response_urls().len(), 1);
    let mut changed = location("LOC1");
    changed["last_updated"] = json!("2026-03-09T12:00:00Z");
    changed["evses"][0]["connectors"][0]["max_amperage"] = json!(16);
    let owner = format!("{}/ocpi/2.2.1/receiver/locations/NL/STK/LOC1", service.url);
    assert_eq!(stub.call(Method::PUT, &owner, changed).await, (200, 1000));
    eventually("it is steered again", || async { stub.response_urls().len() >= 2 }).await;
}

#[tokio::test]
async fn line_62_a_lower_real_limit_is_believed_and_shown() {
    let stub = Stub::start(Script { stations_answer: true, ..steerable() }).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("a profile is in force", || async { allowed_w(&service).await.is_some_and(|w| w > 10_000.0) }).await;
    let active = json!({
        "start_date_time": "2026-03-09T12:00:00Z",
        "charging_profile": {
            "start_date_time": "2026-03-09T12:00:00Z", "duration": 14_400, "charging_rate_unit": "A",
            "charging_profile_period": [{"start_period": 0, "limit": 10.0}],
        },
    });
    let url = |id: &str| format!("{}/ocpi/2.2.1/sender/chargingprofiles/{id}", service.url);
    assert_eq!(stub.call(Method::PUT, &url("S1"), active.clone()).await, (200, 1000));
    eventually("the page shows what the station does", || async { allowed_w(&service).await == Some(6_900.0) }).await;
    assert_eq!(stub.call(Method::PUT, &url("S9"), active).await, (404, 2001));
}

#[tokio::test]
async fn line_47_a_completed_session_is_steered_no_more() {
    let stub = Stub::start(Script { stations_answer: true, ..steerable() }).await;
    let service = Service::start().await;
    service.register(&stub).await;
    eventually("the first is steered", || async { allowed_w(&service).await.is_some_and(|w| w > 10_000.0) }).await;
    let url = |id: &str| format!("{}/ocpi/2.2.1/receiver/sessions/NL/STK/{id}", service.url);
    let sent = |id: &str| stub.asked(&Method::PUT, &format!("/chargingprofiles/{id}")).len();
    let mut ended = session("S1");
    ended["status"] = json!("COMPLETED");
    ended["end_date_time"] = json!("2026-03-09T12:00:00Z");
    ended["last_updated"] = json!("2026-03-09T12:00:00Z");
    assert_eq!(stub.call(Method::PUT, &url("S1"), ended).await, (200, 1000));
    let before = sent("S1");
    assert_eq!(stub.call(Method::PUT, &url("S2"), session("S2")).await, (201, 1000));
    eventually("the next at the same EVSE is steered", || async { sent("S2") > 0 }).await;
    assert_eq!(sent("S1"), before);
}

#[tokio::test]
async fn line_58_a_result_of_no_request_of_ours_is_refused() {
    let stub = Stub::start(Script::default()).await;
    let service = Service::start().await;
    service.register(&stub).await;
    let url = format!("{}/ocpi/2.2.1/sender/chargingprofiles/results/nothing", service.url);
    assert_eq!(stub.call(Method::POST, &url, json!({"result": "ACCEPTED"})).await, (200, 2001));
}
