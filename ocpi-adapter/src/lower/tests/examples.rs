//! Every official example and every message seen in the field that the modules here speak of.

use std::path::PathBuf;

use super::*;
use crate::envelope;
use crate::lower::location::{check_evse, location};
use crate::lower::profile::{active_profile, receipt};
use crate::lower::{session::session, tariff::tariff};
use crate::wire::credentials::Credentials;
use crate::wire::profiles::{ActiveChargingProfile, ActiveChargingProfileResult, ChargingProfileResponse};
use crate::wire::versions::{Version, VersionDetails};

type Reads = fn(Value) -> bool;

/// Returns where the examples are; says so and returns nothing where they are not.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub(super) fn examples() -> Option<PathBuf> {
    let root = PathBuf::from(std::env::var_os("HEADROOM_OCPI").unwrap_or_default());
    let found = root.join("INDEX.json").exists();
    if !found {
        println!("skipped: no examples in HEADROOM_OCPI ({})", root.display());
    }
    found.then_some(root)
}

fn json_of(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_official_example_of_our_modules_is_read() {
    let Some(root) = examples() else { return };
    let index = json_of(root.join("INDEX.json"));
    let mut read = 0;
    for entry in index.as_array().unwrap().iter().filter(|entry| entry["version"] == "2.2.1") {
        let file = entry["file"].as_str().unwrap();
        let complete = entry["schema_problems"].as_array().unwrap().is_empty() && !file.contains("_patch_");
        let raw = json_of(root.join(file));
        let outcome = match entry["class"].as_str().unwrap() {
            "Session" => lower(session, raw).map(drop).map_err(|rejected| rejected.reason()),
            "Location" => lower(location, raw).map(drop).map_err(|rejected| rejected.reason()),
            "Tariff" => lower(tariff, raw).map(drop).map_err(|rejected| rejected.reason()),
            "EVSE" => lower_part(check_evse, &raw).map_err(|rejected| rejected.reason()),
            "Credentials" => serde_json::from_value::<Credentials>(raw).map(drop).map_err(|error| error.to_string()),
            "LIST:Version" => serde_json::from_value::<Vec<Version>>(raw).map(drop).map_err(|error| error.to_string()),
            "RESP*:Version" => serde_json::from_value::<Vec<Version>>(envelope::read(raw).data)
                .map(drop)
                .map_err(|error| error.to_string()),
            "Data" => serde_json::from_value::<VersionDetails>(raw).map(drop).map_err(|error| error.to_string()),
            _ => continue,
        };
        assert_eq!(outcome.is_ok(), complete, "{file}: {outcome:?}");
        read += 1;
    }
    assert!(read > 30, "{read}");
}

#[test]
fn the_official_example_that_counts_in_wh_is_flagged() {
    let Some(root) = examples() else { return };
    let received = lower(session, json_of(root.join("2.2.1/sessions/session_example_2_short_finished.json"))).unwrap();
    assert_eq!(paths(&received.warnings), ["charging_periods[1].dimensions[0].volume"]);
}

#[test]
fn messages_seen_in_the_field_are_read() {
    let Some(root) = examples() else { return };
    let observed = |name: &str| json_of(root.join("observed").join(name));
    for name in ["mockhub_session_push_active.json", "mockhub_session_push_completed.json"] {
        assert!(lower(session, observed(name)).is_ok(), "{name}");
    }
    let lists: [(&str, Reads); 3] = [
        ("mockhub_locations_page.json", |raw| lower(location, raw).is_ok_and(|found| !found.value.evses.is_empty())),
        ("mockhub_tariffs.json", |raw| lower(tariff, raw).is_ok()),
        ("extrawest_sessions_page.json", |raw| lower(session, raw).is_ok()),
    ];
    for (name, is_good) in lists {
        let Value::Array(objects) = envelope::read(observed(name)).data else { panic!("{name}") };
        assert!(objects.into_iter().all(is_good), "{name}");
    }
    lower_part(check_evse, &observed("mockhub_evse_push.json")).unwrap();
    serde_json::from_value::<Credentials>(envelope::read(observed("mockhub_credentials_response.json")).data).unwrap();
    serde_json::from_value::<VersionDetails>(envelope::read(observed("mockhub_version_details.json")).data).unwrap();
}

#[test]
fn profiles_seen_in_the_field_are_read() {
    let Some(root) = examples() else { return };
    let observed = |name: &str| json_of(root.join("observed").join(name));
    for name in ["mockhub_callback_get.json", "extrawest_callback_active_profile_fixed.json"] {
        let result: ActiveChargingProfileResult = serde_json::from_value(observed(name)).unwrap();
        let profile = active_profile(&result.profile.unwrap()).unwrap();
        assert_eq!(profile.periods.len(), 2, "{name}");
    }
    // A single period object, and `min_charge_rate`.
    let stock: ActiveChargingProfileResult =
        serde_json::from_value(observed("extrawest_callback_active_profile_stock.json")).unwrap();
    assert_eq!(active_profile(&stock.profile.unwrap()).unwrap().periods.len(), 1);
    for name in ["mockhub_callback_set.json", "mockhub_callback_clear.json", "mockhub_callback_clear_nothing.json"] {
        serde_json::from_value::<ActiveChargingProfileResult>(observed(name)).unwrap();
    }
    serde_json::from_value::<ActiveChargingProfile>(observed("mockhub_active_profile_put.json")).unwrap();
    let answers = ["mockhub_chargingprofile_put_response.json", "extrawest_set_profile_accepted_list.json"];
    for name in answers.into_iter().chain(["extrawest_unknown_session.json"]) {
        let data = envelope::single(envelope::read(observed(name)).data);
        let response: ChargingProfileResponse = serde_json::from_value(data).unwrap();
        assert!(receipt(&response).is_some(), "{name}");
    }
}
