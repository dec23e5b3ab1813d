//! A hub between parties.

use std::time::Duration;

use axum::http::Method;
use chrono::TimeDelta;
use headroom_domain::Power;
use headroom_domain::preference::{ChargingPreference, ProfileType};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::SessionKey;
use headroom_ocpi_adapter::roaming::{Command, CommandOutcome, CommandResult, ConnectionStatus, TokenKind};
use headroom_ocpi_adapter::{HubProblem, LinkError, Partner, ProfileAnswer, ProfileResult, Role, Version};
use serde_json::{Value, json};

use crate::stub::{Said, Stub, said};
use crate::world::{
    Caller, cdr, connector, cpo, cpo_called, emsp, hub, hub_that_waits, id, join, location, now, party, registered,
    scsp, session, session_json, token,
};

/// A stub that is registered under its own name and tokens.
fn partner(name: &str, stub: &Stub, parties: &[(Role, &str, &str)]) -> Partner {
    let mut link = stub.link(parties);
    link.token_received = headroom_ocpi_adapter::Secret::new(format!("token-of-{name}")).into();
    link.token_sent = headroom_ocpi_adapter::Secret::new(format!("token-to-{name}"));
    registered(name, link)
}

fn caller(name: &str, from: &str, to: Option<&str>) -> Caller {
    let mut headers = vec![
        ("ocpi-from-country-code", "NL".to_owned()),
        ("ocpi-from-party-id", from.to_owned()),
        ("x-request-id", "r-1".to_owned()),
        ("x-correlation-id", "c-1".to_owned()),
    ];
    if let Some(to) = to {
        headers.push(("ocpi-to-country-code", "NL".to_owned()));
        headers.push(("ocpi-to-party-id", to.to_owned()));
    }
    Caller { headers, ..Caller::plain(&format!("token-of-{name}")) }
}

const CPO: &[(Role, &str, &str)] = &[(Role::Cpo, "NL", "STK")];
const EMSP: &[(Role, &str, &str)] = &[(Role::Emsp, "NL", "MSP")];

#[tokio::test]
async fn line_77_a_request_is_passed_on_with_the_same_correlation_id_and_a_new_request_id() {
    let body = json!({ "data": { "odd": [1.50, "x"] }, "status_code": 2999, "status_message": "as it is",
                       "timestamp": "2026-03-09T12:00:00Z" });
    let receiver = Stub::start(move |_| Said::of(&body).status(202)).await;
    let sender = Stub::start(|_| said(&Value::Null)).await;
    let hub = hub(vec![partner("cpo", &sender, CPO), partner("emsp", &receiver, EMSP)]).await;
    let url = hub.url("/2.2.1/receiver/sessions/NL/STK/S1?a=b");
    let sent = session_json("S1", "2026-03-09T11:00:00Z");
    let got = caller("cpo", "STK", Some("MSP")).put(&url, &sent).await;
    // The answer of the receiver, unchanged.
    assert_eq!((got.outcome(), &got.body["data"]), ((202, 2999), &json!({ "odd": [1.50, "x"] })));
    assert_eq!(got.body["status_message"], "as it is");
    assert_eq!((got.header("x-request-id"), got.header("x-correlation-id")), ("r-1", "c-1"));
    assert_eq!((got.header("ocpi-to-party-id"), got.header("ocpi-from-party-id")), ("STK", "MSP"));

    let seen = &receiver.seen()[0];
    assert_eq!(
        (&seen.method, seen.path.as_str(), seen.query.as_str()),
        (&Method::PUT, "/receiver/sessions/NL/STK/S1", "a=b")
    );
    assert_eq!(seen.body, sent, "last_updated and all else are the owner's");
    assert_eq!(seen.header("x-correlation-id"), "c-1");
    assert_ne!(seen.header("x-request-id"), "r-1");
    assert_eq!((seen.header("ocpi-to-party-id"), seen.header("ocpi-from-party-id")), ("MSP", "STK"));
    assert_eq!(seen.header("authorization"), "Token dG9rZW4tdG8tZW1zcA==", "the token of the receiver");
}

#[tokio::test]
async fn a_receiver_that_is_unknown_away_or_silent_is_4001_4003_and_4002() {
    let sender = Stub::start(|_| said(&Value::Null)).await;
    let mut gone = sender.link(EMSP);
    gone.token_received = headroom_ocpi_adapter::Secret::new("token-of-gone").into();
    for endpoint in &mut gone.endpoints {
        // Nobody listens there.
        endpoint.url = format!("http://127.0.0.1:1{}", endpoint.url.path()).parse().unwrap();
    }
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut mute = sender.link(&[(Role::Emsp, "NL", "MUT")]);
    mute.token_received = headroom_ocpi_adapter::Secret::new("token-of-mute").into();
    for endpoint in &mut mute.endpoints {
        endpoint.url = format!("http://{}{}", silent.local_addr().unwrap(), endpoint.url.path()).parse().unwrap();
    }
    let partners = vec![partner("cpo", &sender, CPO), registered("gone", gone), registered("mute", mute)];
    let hub = hub_that_waits(partners, Duration::from_millis(200)).await;
    hub.host.get().unwrap().refresh().await;
    let url = hub.url("/2.2.1/receiver/sessions/NL/STK/S1");
    let put = async |to: &str| {
        let sent = session_json("S1", "2026-03-09T11:00:00Z");
        caller("cpo", "STK", Some(to)).put(&url, &sent).await.outcome()
    };
    assert_eq!(put("XXX").await, (200, 4001));
    assert_eq!(put("MUT").await, (200, 4002));
    assert_eq!(put("MSP").await, (200, 4003));
    let status = |name: &str| {
        let clients = hub.host.get().unwrap().clients();
        clients.into_iter().find(|client| client.party == party("NL", name)).unwrap().status
    };
    assert_eq!((status("MSP"), status("MUT")), (ConnectionStatus::Offline, ConnectionStatus::Connected));
    // It calls, so it is there again.
    caller("gone", "MSP", Some("STK")).get(&hub.url("/2.2.1/sender/locations")).await;
    assert_eq!(status("MSP"), ConnectionStatus::Connected);
}

#[tokio::test]
async fn nobody_speaks_for_another_and_nothing_is_for_the_hub_itself() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let hub = hub(vec![partner("cpo", &stub, CPO), partner("emsp", &stub, EMSP)]).await;
    let url = hub.url("/2.2.1/receiver/sessions/NL/STK/S1");
    let sent = session_json("S1", "2026-03-09T11:00:00Z");
    assert_eq!(caller("cpo", "MSP", Some("MSP")).put(&url, &sent).await.outcome(), (200, 2001));
    assert_eq!(
        caller("cpo", "STK", Some("HUB")).put(&url, &sent).await.outcome(),
        (200, 4000),
        "sessions go to no one else"
    );
    assert_eq!(caller("cpo", "STK", Some("MSP")).text(Method::PUT, &url, Some("{".to_owned())).await.status, 400);
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn line_78_a_location_that_goes_to_all_keeps_its_owner() {
    let (hub, operator) = (hub(Vec::new()).await, cpo(Vec::new()).await);
    let (provider, other) = (emsp(Vec::new()).await, cpo_called("TWO").await);
    join((&hub.platform, "hub"), (&operator.platform, "cpo")).await;
    join((&hub.platform, "hub"), (&provider.platform, "emsp")).await;
    join((&hub.platform, "hub"), (&other.platform, "two")).await;
    operator.platform.client(&id("hub")).broadcast().put_location(&location("L1")).await.unwrap();
    let objects = provider.host.shared.objects.lock();
    let key = objects.keys().next().unwrap();
    assert_eq!((&key.partner, &key.party, key.id.as_str()), (&id("hub"), &party("NL", "STK"), "l1"));
}

#[tokio::test]
async fn in_a_broadcast_the_hub_speaks_for_itself_and_what_single_receivers_say_does_not_matter() {
    let operator = Stub::start(|_| said(&Value::Null)).await;
    let provider = Stub::start(|_| said(&Value::Null).status(500)).await;
    let other = Stub::start(|_| said(&Value::Null)).await;
    let both = [(Role::Nsp, "NL", "MAP"), (Role::Cpo, "NL", "TWO")];
    let partners =
        vec![partner("cpo", &operator, CPO), partner("emsp", &provider, EMSP), partner("map", &other, &both)];
    let hub = hub(partners).await;
    let url = hub.url("/2.2.1/receiver/locations/NL/STK/L1");
    let got = caller("cpo", "STK", Some("HUB")).put(&url, &json!({ "id": "L1" })).await;
    assert_eq!(got.outcome(), (200, 1000));
    assert_eq!((got.header("ocpi-to-party-id"), got.header("ocpi-from-party-id")), ("STK", "HUB"));
    for (stub, to) in [(&provider, "MSP"), (&other, "MAP")] {
        let seen = stub.seen();
        assert_eq!((seen.len(), seen[0].path.as_str()), (1, "/receiver/locations/NL/STK/L1"));
        assert_eq!((seen[0].header("ocpi-to-party-id"), seen[0].header("ocpi-from-party-id")), (to, "HUB"));
        assert_eq!(seen[0].header("x-correlation-id"), "c-1");
    }
    assert!(operator.seen().is_empty());
}

#[tokio::test]
async fn a_hub_finds_the_emsp_of_a_record_by_its_token() {
    let (hub, operator, provider) = (hub(Vec::new()).await, cpo(Vec::new()).await, emsp(Vec::new()).await);
    join((&hub.platform, "hub"), (&operator.platform, "cpo")).await;
    join((&hub.platform, "hub"), (&provider.platform, "emsp")).await;
    let client = operator.platform.client(&id("hub"));
    let place = client.open().post_cdr(&cdr("C1")).await.unwrap().unwrap();
    assert_eq!(provider.host.shared.cdrs.lock().len(), 1);
    let got = client.to(&party("NL", "MSP")).get_cdr(&place).await.unwrap();
    assert_eq!(got.value.key.id, "C1", "its address leads through the hub: {place}");
    let nobody = client.open().put_location(&location("L1")).await;
    let expected = HubProblem::UnknownReceiver;
    assert!(matches!(&nobody, Err(LinkError::Hub { problem, .. }) if *problem == expected), "{nobody:?}");
}

#[tokio::test]
async fn a_list_of_all_owners_comes_in_pages_as_one() {
    let (hub, one, two) = (hub(Vec::new()).await, cpo(Vec::new()).await, cpo_called("TWO").await);
    let provider = emsp(Vec::new()).await;
    for (name, platform) in [("one", &one.platform), ("two", &two.platform), ("emsp", &provider.platform)] {
        join((&hub.platform, "hub"), (platform, name)).await;
    }
    *one.host.locations.lock() = (1..=4).map(|index| location(&format!("A{index}"))).collect();
    *two.host.locations.lock() = (1..=5).map(|index| location(&format!("B{index}"))).collect();
    let client = provider.platform.client(&id("hub"));
    let names = |page: headroom_ocpi_adapter::PulledPage<headroom_domain::location::Location>| {
        page.objects.into_iter().map(|location| location.value.id).collect::<Vec<_>>()
    };
    let mut pages = client.pull_locations(None);
    let mut got = Vec::new();
    while let Some(page) = pages.next().await {
        got.push(names(page.unwrap()));
    }
    assert_eq!(got, [vec!["A1", "A2", "A3"], vec!["A4", "B1", "B2"], vec!["B3", "B4", "B5"]]);
    let of_two = client.to(&party("NL", "TWO")).pull_locations(None).all().await.unwrap();
    assert_eq!(names(of_two), ["B1", "B2", "B3", "B4", "B5"], "the Link of one owner leads through the hub");
    // An owner that is away is left out.
    hub.host.get().unwrap().set_status(&party("NL", "STK"), ConnectionStatus::Suspended).await;
    assert_eq!(names(client.pull_locations(None).all().await.unwrap()).len(), 5);
}

#[tokio::test]
async fn line_66_two_cpos_with_the_same_session_id_are_told_apart_behind_a_hub() {
    let (hub, one, two) = (hub(Vec::new()).await, cpo(Vec::new()).await, cpo_called("TWO").await);
    let service = scsp(Vec::new()).await;
    for (name, platform) in [("one", &one.platform), ("two", &two.platform), ("scsp", &service.platform)] {
        join((&hub.platform, "hub"), (platform, name)).await;
    }
    for (operator, watts) in [(&one, 6_900.0), (&two, 4_140.0)] {
        operator.host.sessions.lock().push(session("S1"));
        let key =
            SessionKey { partner: id("hub"), party: operator.platform.config().party.clone(), id: "S1".to_owned() };
        let request = format!("r-{watts}");
        service.host.requests.lock().push(request.clone());
        let profile = ChargingProfile::constant(now(), Power::from_w(watts));
        let url = service.platform.response_url(&request);
        let client = service.platform.client(&id("hub"));
        let receipt = client.put_charging_profile(&key, &profile, &connector(), &url).await.unwrap();
        assert_eq!(receipt.answer, ProfileAnswer::Accepted);
        let asked = operator.host.requests.lock()[0].clone();
        assert_eq!(asked.profile.unwrap().at_connector(&connector()), Some(profile));
        assert!(asked.response_url.starts_with(hub.platform.config().public_url.as_str()), "{}", asked.response_url);

        // The station's result goes back the same way, twice.
        let to_hub = operator.platform.client(&id("hub"));
        for _ in 0..2 {
            to_hub.post_profile_result(&asked.response_url, ProfileResult::Accepted).await.unwrap();
        }
        let result = (id("hub"), request, ProfileResult::Accepted, None);
        assert_eq!(service.host.results.lock().split_off(0), [result.clone(), result]);
        client.get_charging_profile(&key, 900, &url).await.unwrap();
        client.clear_charging_profile(&key, &url).await.unwrap();
        let asked = operator.host.requests.lock().clone();
        assert_eq!((asked.len(), asked[1].duration_s), (3, Some(900)));
        to_hub.post_profile_result(&asked[2].response_url, ProfileResult::Unknown).await.unwrap();
        assert_eq!(service.host.results.lock().split_off(0)[0].2, ProfileResult::Unknown);
    }
}

#[tokio::test]
async fn an_emsp_and_a_cpo_work_together_through_a_hub() {
    let (hub, operator, provider) = (hub(Vec::new()).await, cpo(Vec::new()).await, emsp(Vec::new()).await);
    join((&hub.platform, "hub"), (&operator.platform, "cpo")).await;
    join((&hub.platform, "hub"), (&provider.platform, "emsp")).await;
    let to_cpo = provider.platform.client(&id("hub")).to(&party("NL", "STK"));
    let to_emsp = operator.platform.client(&id("hub")).to(&party("NL", "MSP"));

    let link = provider.platform.partner(&id("hub")).unwrap().link().unwrap().clone();
    assert_eq!((link.version, link.hub()), (Version::V230, Some(&party("NL", "HUB"))));
    assert!(link.has_role(&Role::Cpo), "line 35: a hub of 2.3.0 names the parties behind it");

    to_cpo.put_token(&token("U1")).await.unwrap();
    assert_eq!(operator.host.tokens.lock()[0].value.key.party, party("NL", "MSP"));
    assert_eq!(to_emsp.authorize("U1", &TokenKind::Rfid, None).await, Ok(None), "404 and 2004 come through");

    provider.host.commands.lock().push("c-1".to_owned());
    let command = Command::StopSession { session_id: "S1".to_owned() };
    to_cpo.send_command(&command, &provider.platform.command_url("c-1")).await.unwrap();
    let (asker, got, response_url) = operator.host.commands.lock()[0].clone();
    assert_eq!((asker.partner, asker.party, got), (id("hub"), Some(party("NL", "MSP")), command));
    let outcome = CommandOutcome { result: CommandResult::Accepted, messages: Vec::new() };
    operator.platform.client(&id("hub")).post_command_outcome(&response_url, &outcome).await.unwrap();
    assert_eq!(*provider.host.outcomes.lock(), [(id("hub"), "c-1".to_owned(), outcome)]);

    let preference = ChargingPreference {
        profile_type: ProfileType::Regular,
        departure: Some(now() + TimeDelta::hours(1)),
        energy_need_wh: None,
        discharge_allowed: false,
        stated_at: now(),
    };
    to_cpo.put_charging_preferences("S1", &preference).await.unwrap();
    assert_eq!(operator.host.preferences.lock().len(), 1);
}

#[tokio::test]
async fn clients_are_told_of_those_that_come_go_and_come_back() {
    let (hub, operator, provider) = (hub(Vec::new()).await, cpo(Vec::new()).await, emsp(Vec::new()).await);
    join((&hub.platform, "hub"), (&operator.platform, "cpo")).await;
    join((&hub.platform, "hub"), (&provider.platform, "emsp")).await;
    let known = || {
        let clients = operator.platform.clients(&id("hub"));
        clients.into_iter().map(|client| (client.party.to_string(), client.status)).collect::<Vec<_>>()
    };
    assert_eq!(known(), [("NL-MSP".to_owned(), ConnectionStatus::Connected)], "told while it registered");
    let pulled = provider.platform.client(&id("hub")).pull_clients(None).await.unwrap();
    let pulled: Vec<_> = pulled.into_iter().map(|client| (client.party.to_string(), client.role)).collect();
    assert_eq!(pulled, [("NL-MSP".to_owned(), Role::Emsp), ("NL-STK".to_owned(), Role::Cpo)]);

    hub.host.get().unwrap().set_status(&party("NL", "MSP"), ConnectionStatus::Offline).await;
    assert_eq!(known(), [("NL-MSP".to_owned(), ConnectionStatus::Offline)]);
    let client = operator.platform.client(&id("hub")).to(&party("NL", "MSP"));
    let sent = client.put_location(&location("L1")).await;
    assert!(matches!(sent, Err(LinkError::NotConnected { .. })), "{sent:?}");
    provider.platform.client(&id("hub")).to(&party("NL", "STK")).put_token(&token("U1")).await.unwrap();
    client.put_location(&location("L1")).await.unwrap();
    provider.platform.unregister(&id("hub")).await.unwrap();
    assert_eq!(known(), [("NL-MSP".to_owned(), ConnectionStatus::Suspended)]);
    join((&hub.platform, "hub"), (&provider.platform, "emsp")).await;
    assert_eq!(known(), [("NL-MSP".to_owned(), ConnectionStatus::Connected)]);
}
