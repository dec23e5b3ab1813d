//! Commands, from both sides.

use axum::http::Method;
use chrono::TimeDelta;
use headroom_ocpi_adapter::roaming::{
    Command, CommandAnswer, CommandOutcome, CommandResult, EvsePlace, Reservation, Start, Token, TokenKey,
};
use headroom_ocpi_adapter::{LinkError, Role};
use serde_json::{Value, json};

use crate::stub::{Said, Stub, said};
use crate::world::{Caller, cpo, emsp, id, join, now, party, registered, token};

fn outcome(result: CommandResult) -> CommandOutcome {
    CommandOutcome { result, messages: Vec::new() }
}

/// All five, with what they can hold. Tokens come from the partner that sends them.
fn all(partner: &str) -> [Command; 5] {
    let token = || Token { key: TokenKey { partner: id(partner), ..token("U1").key }, ..token("U1") };
    let place = || EvsePlace { location_id: "L1".to_owned(), evse_uid: Some("E1".to_owned()) };
    [
        Command::ReserveNow(Box::new(Reservation {
            token: token(),
            expires_at: now() + TimeDelta::hours(1),
            reservation_id: "R1".to_owned(),
            place: place(),
            authorization_reference: Some("A1".to_owned()),
        })),
        Command::CancelReservation { reservation_id: "R1".to_owned() },
        Command::StartSession(Box::new(Start {
            token: token(),
            place: place(),
            connector_id: Some("1".to_owned()),
            authorization_reference: None,
        })),
        Command::StopSession { session_id: "S1".to_owned() },
        Command::UnlockConnector {
            location_id: "L1".to_owned(),
            evse_uid: "E1".to_owned(),
            connector_id: "1".to_owned(),
        },
    ]
}

#[tokio::test]
async fn all_five_commands_arrive_whole_and_their_outcomes_come_back() {
    let (operator, provider) = (cpo(Vec::new()).await, emsp(Vec::new()).await);
    join((&operator.platform, "cpo"), (&provider.platform, "emsp")).await;
    let (to_cpo, to_emsp) = (provider.platform.client(&id("cpo")), operator.platform.client(&id("emsp")));
    for (index, command) in all("emsp").iter().enumerate() {
        let request = format!("c-{index}");
        provider.host.commands.lock().push(request.clone());
        let receipt = to_cpo.send_command(command, &provider.platform.command_url(&request)).await.unwrap();
        assert_eq!((receipt.answer, receipt.timeout_s), (CommandAnswer::Accepted, 30));
        assert_eq!(receipt.messages[0].text, "One moment");
    }
    let got = operator.host.commands.lock().clone();
    let commands: Vec<_> = got.iter().map(|(_, command, _)| command.clone()).collect();
    assert_eq!(commands, all("emsp"));
    assert_eq!((got[0].0.partner.clone(), got[0].0.party.clone()), (id("emsp"), Some(party("NL", "MSP"))));

    to_emsp.post_command_outcome(&got[0].2, &outcome(CommandResult::Accepted)).await.unwrap();
    // The operator cancels the reservation itself, later.
    to_emsp.post_command_outcome(&got[0].2, &outcome(CommandResult::CanceledReservation)).await.unwrap();
    let heard = |result| (id("cpo"), "c-0".to_owned(), outcome(result));
    let expected = [heard(CommandResult::Accepted), heard(CommandResult::CanceledReservation)];
    assert_eq!(*provider.host.outcomes.lock(), expected);
    let stranger = to_emsp
        .post_command_outcome(provider.platform.command_url("c-9").as_str(), &outcome(CommandResult::Failed))
        .await;
    assert!(matches!(stranger, Err(LinkError::Refused { code: 2001, .. })), "{stranger:?}");
}

#[tokio::test]
async fn a_cpo_refuses_commands_that_it_cannot_understand() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let operator = cpo(vec![registered("emsp", stub.link(&[(Role::Emsp, "NL", "MSP")]))]).await;
    let caller = Caller::plain("token-of-stub");
    let post = async |name: &str, body: Value| {
        let url = operator.url(&format!("/2.2.1/receiver/commands/{name}"));
        caller.call(Method::POST, &url, Some(&body)).await.outcome()
    };
    let url = "http://127.0.0.1:9/r";
    assert_eq!(post("OPEN_DOOR", json!({ "response_url": url })).await, (404, 2000));
    assert_eq!(post("STOP_SESSION", json!({ "response_url": url })).await, (200, 2001), "no session_id");
    assert_eq!(post("STOP_SESSION", json!({ "session_id": "S1" })).await, (200, 2001), "no response_url");
    assert_eq!(post("STOP_SESSION", json!({ "session_id": "S1", "response_url": "r" })).await, (200, 2001));
    let mut start = json!({ "response_url": url, "location_id": "L1", "connector_id": "1", "token": {
        "country_code": "NL", "party_id": "MSP", "uid": "U1", "type": "RFID", "contract_id": "C1", "issuer": "MSP",
        "valid": true, "whitelist": "NEVER", "last_updated": "2026-03-09T11:00:00Z" } });
    assert_eq!(post("START_SESSION", start.clone()).await, (200, 2001), "a connector of no EVSE");
    assert!(operator.host.commands.lock().is_empty());
    start["evse_uid"] = json!("E1");
    assert_eq!(post("START_SESSION", start).await, (200, 1000));
}

#[tokio::test]
async fn the_verdict_of_a_cpo_counts_whatever_the_codes_around_it_say() {
    let answers = [
        (json!({ "result": "UNKNOWN_SESSION", "timeout": 30 }), 1000, Some(CommandAnswer::UnknownSession)),
        (json!([{ "result": "REJECTED" }]), 2000, Some(CommandAnswer::Rejected)),
        (json!({ "result": "NOT_SUPPORTED", "timeout": 0, "message": null }), 1000, Some(CommandAnswer::NotSupported)),
        (json!({ "result": "PERHAPS", "timeout": 30 }), 1000, None),
        (Value::Null, 3000, None),
    ];
    for (data, code, expected) in answers {
        let body = json!({ "data": data, "status_code": code, "timestamp": "2026-03-09T12:00:00Z" });
        let stub = Stub::start(move |_| Said::of(&body)).await;
        let provider = emsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
        let command = Command::StopSession { session_id: "S1".to_owned() };
        let url = provider.platform.command_url("c-1");
        let receipt = provider.platform.client(&id("cpo")).send_command(&command, &url).await;
        assert_eq!(receipt.ok().map(|receipt| receipt.answer), expected);
        assert_eq!(stub.seen()[0].path, "/commands/STOP_SESSION");
        assert_eq!(stub.seen()[0].body, json!({ "session_id": "S1", "response_url": url.as_str() }));
    }
}
