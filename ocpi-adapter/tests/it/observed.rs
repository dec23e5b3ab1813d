//! Answers seen in the field, served again: refusals without an envelope, and links that lead nowhere.

use std::path::PathBuf;

use chrono::TimeDelta;
use headroom_domain::Power;
use headroom_domain::preference::{ChargingPreference, ProfileType};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::SessionKey;
use headroom_ocpi_adapter::{LinkError, Role};
use serde_json::Value;

use crate::hosts::ScspMemory;
use crate::stub::{Said, Stub};
use crate::world::{Side, connector, id, now, party, registered, scsp};

/// Returns a message; says so and returns nothing where there are none.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn observed(name: &str) -> Option<Value> {
    let root = PathBuf::from(std::env::var_os("HEADROOM_OCPI").unwrap_or_default());
    let Ok(text) = std::fs::read(root.join("observed").join(name)) else {
        println!("skipped: no messages in HEADROOM_OCPI ({})", root.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

async fn service(stub: &Stub) -> Side<ScspMemory> {
    scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "EXT")]))]).await
}

#[tokio::test]
async fn refusals_without_an_envelope_are_told_and_not_tried_again() {
    for (name, status, words) in [
        ("extrawest_set_profile_422.json", 422, "field required"),
        ("extrawest_401_body.json", 403, "Your authorization token is invalid."),
    ] {
        let Some(body) = observed(name) else { return };
        let stub = Stub::start(move |_| Said::of(&body).status(status)).await;
        let service = service(&stub).await;
        let key = SessionKey { partner: id("cpo"), party: party("NL", "EXT"), id: "S1".to_owned() };
        let profile = ChargingProfile::constant(now(), Power::from_w(6_900.0));
        let url = service.platform.response_url("r-1");
        let client = service.platform.client(&id("cpo"));
        let error = client.put_charging_profile(&key, &profile, &connector(), &url).await.unwrap_err();
        assert!(!error.is_retryable());
        let LinkError::Http { status: found, code, message, .. } = error else { panic!("{error}") };
        assert_eq!((found, code), (status, None));
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_answer_to_a_preference_is_unreadable() {
    let Some(body) = observed("extrawest_charging_preferences_response.json") else { return };
    let stub = Stub::start(move |_| Said::of(&body)).await;
    let preference = ChargingPreference {
        profile_type: ProfileType::Cheap,
        departure: None,
        energy_need_wh: None,
        discharge_allowed: false,
        stated_at: now(),
    };
    let client = service(&stub).await.platform.client(&id("cpo"));
    let error = client.put_charging_preferences("S1", &preference).await.unwrap_err();
    assert!(matches!(error, LinkError::Unreadable { .. }), "{error}");
}

#[tokio::test]
async fn line_20_a_link_with_another_scheme_and_names_of_a_program_is_given_up_for_offsets() {
    let Some(headers) = observed("extrawest_sessions_page_headers.json") else { return };
    let body = observed("extrawest_sessions_page.json").unwrap();
    let link = headers["link"].as_str().unwrap().to_owned();
    let stub = Stub::start(move |seen| {
        let offset = seen.parameter("offset").map_or(0, |text| text.parse::<usize>().unwrap());
        // Seven sessions, three per page.
        let mut page = body.clone();
        let sessions = page["data"].as_array_mut().unwrap();
        sessions.truncate(7 - offset.min(7));
        for (index, session) in sessions.iter_mut().enumerate() {
            session["id"] = format!("S{}", offset + index).into();
        }
        Said::of(&page).with("link", link.clone()).with("x-total-count", "7").with("x-limit", "3")
    })
    .await;
    let client = service(&stub).await.platform.client(&id("cpo"));
    let all = client.pull_sessions(now() - TimeDelta::days(1)).all().await.unwrap();
    let ids: Vec<_> = all.objects.iter().map(|session| session.value.key.id.as_str()).collect();
    assert_eq!((ids, all.rejected.len()), (vec!["S0", "S1", "S2", "S3", "S4", "S5", "S6"], 0));
    assert_eq!(stub.seen().len(), 3);
}
