use headroom_domain::Energy;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer, ProfileType};
use headroom_ocpi_adapter::{LinkError, PreferenceReply, Role};
use serde_json::{Value, json};

use crate::stub::{Stub, said};
use crate::world::{Caller, emsp, id, now, registered, scsp};

const PREFERENCES: &str = "/2.2.1/sender/sessions/S1/charging_preferences";

async fn service() -> crate::world::Side<crate::hosts::ScspMemory> {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    scsp(vec![registered("emsp", stub.link(&[(Role::Emsp, "NL", "MSP")]))]).await
}

fn caller() -> Caller {
    Caller::plain("token-of-stub")
}

#[tokio::test]
async fn lines_68_70_the_five_answers_are_bare_strings() {
    let service = service().await;
    let answers = [
        (PreferenceAnswer::Accepted, "ACCEPTED"),
        (PreferenceAnswer::DepartureRequired, "DEPARTURE_REQUIRED"),
        (PreferenceAnswer::EnergyNeedRequired, "ENERGY_NEED_REQUIRED"),
        (PreferenceAnswer::NotPossible, "NOT_POSSIBLE"),
        (PreferenceAnswer::ProfileTypeNotSupported, "PROFILE_TYPE_NOT_SUPPORTED"),
    ];
    for (answer, word) in answers {
        *service.host.preference_reply.lock() = Some(PreferenceReply::Answer(answer));
        let got = caller().put(&service.url(PREFERENCES), &json!({ "profile_type": "REGULAR" })).await;
        assert_eq!((got.outcome(), &got.body["data"]), ((200, 1000), &json!(word)));
    }
}

#[tokio::test]
async fn line_69_a_missing_capability_and_an_unknown_session_are_404_with_2001() {
    let service = service().await;
    for reply in [PreferenceReply::NotCapable, PreferenceReply::UnknownSession] {
        *service.host.preference_reply.lock() = Some(reply);
        let got = caller().put(&service.url(PREFERENCES), &json!({ "profile_type": "REGULAR" })).await;
        assert_eq!((got.outcome(), got.body.get("data")), ((404, 2001), None));
    }
}

#[tokio::test]
async fn line_71_discharge_is_not_allowed_unless_said() {
    let service = service().await;
    let sent = json!({ "profile_type": "GREEN", "departure_time": "2026-03-09T19:00:00+02:00", "energy_need": 12.5,
                       "discharge_allowed": null });
    caller().put(&service.url(PREFERENCES), &sent).await;
    let expected = ChargingPreference {
        profile_type: ProfileType::Green,
        departure: Some("2026-03-09T17:00:00Z".parse().unwrap()),
        energy_need_wh: Some(Energy::from_kwh(12.5)),
        discharge_allowed: false,
        stated_at: now(),
    };
    assert_eq!(*service.host.preferences.lock(), [(id("emsp"), "S1".to_owned(), expected)]);
}

#[tokio::test]
async fn preferences_that_make_no_sense_are_2001() {
    let service = service().await;
    let sent = [
        json!({}),
        json!({ "profile_type": "QUICK" }),
        json!({ "profile_type": "FAST", "energy_need": -1 }),
        json!({ "profile_type": "FAST", "departure_time": "soon" }),
    ];
    for body in sent {
        assert_eq!(caller().put(&service.url(PREFERENCES), &body).await.outcome(), (200, 2001), "{body}");
    }
    assert!(service.host.preferences.lock().is_empty());
}

#[tokio::test]
async fn an_emsp_reads_the_answer_and_takes_nothing_else_for_one() {
    let preference = ChargingPreference {
        profile_type: ProfileType::Regular,
        departure: None,
        energy_need_wh: Some(Energy::from_wh(7_123.45)),
        discharge_allowed: false,
        stated_at: now(),
    };
    let answers = [json!("DEPARTURE_REQUIRED"), json!(["DEPARTURE_REQUIRED"]), json!([{ "profile_type": "CHEAP" }])];
    for data in answers {
        let good = !data[0].is_object();
        let stub = Stub::start(move |_| said(&data)).await;
        let emsp = emsp(vec![registered("scsp", stub.link(&[(Role::Scsp, "NL", "HDR")]))]).await;
        let answer = emsp.platform.client(&id("scsp")).put_charging_preferences("S 1", &preference).await;
        if good {
            assert_eq!(answer, Ok(PreferenceAnswer::DepartureRequired));
        } else {
            assert!(matches!(answer, Err(LinkError::Unreadable { .. })), "{answer:?}");
        }
        let seen = &stub.seen()[0];
        assert_eq!(seen.path, "/sessions/S%201/charging_preferences");
        assert_eq!(seen.body, json!({ "profile_type": "REGULAR", "energy_need": 7.1235, "discharge_allowed": false }));
    }
}
