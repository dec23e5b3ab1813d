//! Every message seen in the field: read as far as it can be, and what is wrong with it is told exactly.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::*;
use crate::envelope;
use crate::lower::location::{check_evse, location};
use crate::lower::profile::{active_profile, receipt};
use crate::lower::{session::session, tariff::tariff};
use crate::station::ProfileAnswer;
use crate::wire::cdrs::Cdr;
use crate::wire::check::{Extent, check};
use crate::wire::class::Class;
use crate::wire::credentials::{Credentials, Role};
use crate::wire::locations::Evse;
use crate::wire::profiles::{ActiveChargingProfile, ActiveChargingProfileResult, ChargingProfileResponse, ResultType};
use crate::wire::tariffs::Tariff;
use crate::wire::tests::{json_of, standard};
use crate::wire::versions::{Version, VersionDetails};

/// Returns a message, or nothing where there are none.
fn observed(name: &str) -> Option<Value> {
    standard().map(|root| json_of(root.join("observed").join(name)))
}

/// Returns how often which place was warned of.
fn places(warnings: &[Warning]) -> Vec<(Severity, String, usize)> {
    let mut counts = BTreeMap::new();
    for warning in warnings {
        *counts.entry((warning.place(), warning.severity)).or_insert(0) += 1;
    }
    counts.into_iter().map(|((place, severity), count)| (severity, place, count)).collect()
}

fn assert_places(name: &str, warnings: &[Warning], expected: &[(Severity, &str, usize)]) {
    let expected: Vec<_> =
        expected.iter().map(|(weight, place, count)| (*weight, (*place).to_owned(), *count)).collect();
    assert_eq!(places(warnings), expected, "{name}");
}

/// Checks every object of a message against its class.
fn assert_checked(name: &str, class: &Class, expected: &[(Severity, &str, usize)]) {
    let Some(message) = observed(name) else { return };
    let data = if message.get("status_code").is_some() { envelope::read(message).data } else { message };
    let objects = if let Value::Array(objects) = data { objects } else { vec![data] };
    let check = |object: &Value| check(object, class, crate::Version::V221, Extent::Whole);
    let warnings: Vec<Warning> = objects.iter().flat_map(check).collect();
    assert_places(name, &warnings, expected);
}

/// Reads every object of a message; none is rejected.
fn assert_read<T: Debug>(name: &str, read: Lower<T>, expected: &[(Severity, &str, usize)]) -> Vec<T> {
    let Some(message) = observed(name) else { return Vec::new() };
    let data = if message.get("status_code").is_some() { envelope::read(message).data } else { message };
    let objects = if let Value::Array(objects) = data { objects } else { vec![data] };
    let received: Vec<_> =
        objects.into_iter().map(|raw| lower_at("2026-12-01T00:00:00Z", read, raw).unwrap()).collect();
    let warnings: Vec<_> = received.iter().flat_map(|received| received.warnings.clone()).collect();
    assert_places(name, &warnings, expected);
    received.into_iter().map(|received| received.value).collect()
}

#[test]
fn sessions_seen_in_the_field_are_read() {
    // Fields of the sender's own, and the token as in 2.2.
    let expected = [
        (Note, "_activated_at", 1),
        (Note, "_callback_sent", 1),
        (Note, "_created_at", 1),
        (Note, "_response_url", 1),
        (Deviation, "cdr_token.country_code", 1),
        (Deviation, "cdr_token.party_id", 1),
    ];
    for name in ["mockhub_session_push_active.json", "mockhub_session_push_completed.json"] {
        let found = assert_read(name, session, &expected);
        assert!(found.iter().all(|session| session.evse_uid.as_deref() == Some("LOC-AAA-001-EVSE-001")), "{name}");
    }
    let page = assert_read("extrawest_sessions_page.json", session, &[]);
    assert!(page.is_empty() || page.len() == 3);
}

#[test]
fn locations_and_evses_seen_in_the_field_are_read() {
    let expected = [
        // `SHOPPING_MALL`.
        (Deviation, "facilities[]", 3),
        // In quotes.
        (Deviation, "opening_times.regular_hours[].weekday", 14),
        // Absent.
        (Deviation, "opening_times.twentyfourseven", 2),
        // A list of one text.
        (Deviation, "related_locations[].name", 5),
    ];
    let found = assert_read("mockhub_locations_page.json", location, &expected);
    assert!(found.iter().all(|location| !location.evses.is_empty()));
    assert_checked("mockhub_evse_push.json", &Evse::CLASS, &[]);
    if let Some(evse) = observed("mockhub_evse_push.json") {
        lower_part(check_evse, &evse).unwrap();
    }
}

#[test]
fn tariffs_and_cdrs_seen_in_the_field_are_as_the_standard_has_them_or_nearly_so() {
    assert_checked("mockhub_tariffs.json", &Tariff::CLASS, &[]);
    let expected = [
        (Deviation, "cdr_location.address", 1),
        (Deviation, "cdr_location.city", 1),
        (Deviation, "cdr_location.coordinates", 1),
        (Deviation, "cdr_location.country", 1),
        (Deviation, "cdr_token.country_code", 1),
        (Deviation, "cdr_token.party_id", 1),
    ];
    assert_checked("mockhub_cdr_push.json", &Cdr::CLASS, &expected);
    if let Some(message) = observed("mockhub_tariffs.json") {
        let tariffs = envelope::read(message).data.as_array().unwrap().clone();
        assert!(tariffs.into_iter().all(|raw| lower(tariff, raw).is_ok()));
    }
    if let Some(cdr) = observed("mockhub_cdr_push.json") {
        serde_json::from_value::<Cdr>(cdr).unwrap();
    }
}

#[test]
fn versions_and_credentials_seen_in_the_field_are_read() {
    assert_checked("mockhub_versions.json", &Version::CLASS, &[]);
    assert_checked("mockhub_version_details.json", &VersionDetails::CLASS, &[]);
    // The fields of 2.1.1 beside those of 2.2.1.
    let expected = [(Note, "business_details", 1), (Note, "country_code", 1), (Note, "party_id", 1)];
    assert_checked("mockhub_credentials_response.json", &Credentials::CLASS, &expected);
    let Some(message) = observed("mockhub_credentials_response.json") else { return };
    let parties = serde_json::from_value::<Credentials>(envelope::read(message).data).unwrap().roles;
    assert_eq!((parties.len(), &parties[0].role), (1, &Role::Hub), "the roles count, not the fields of 2.1.1");
    let details = observed("mockhub_version_details.json").unwrap();
    serde_json::from_value::<VersionDetails>(envelope::read(details).data).unwrap();
}

#[test]
fn line_67_profiles_seen_in_the_field_are_read() {
    // A single object instead of a list, and a name that OCPI does not have.
    let stock = [
        (Deviation, "profile.charging_profile.charging_profile_period", 1),
        (Note, "profile.charging_profile.min_charge_rate", 1),
    ];
    let results: [(&str, &[_], usize); 3] = [
        ("mockhub_callback_get.json", &[], 2),
        ("extrawest_callback_active_profile_fixed.json", &[], 2),
        ("extrawest_callback_active_profile_stock.json", &stock, 1),
    ];
    for (name, expected, periods) in results {
        assert_checked(name, &ActiveChargingProfileResult::CLASS, expected);
        let Some(message) = observed(name) else { return };
        let result: ActiveChargingProfileResult = serde_json::from_value(message).unwrap();
        assert_eq!(active_profile(&result.profile.unwrap()).unwrap().periods.len(), periods, "{name}");
    }
    assert_checked("mockhub_active_profile_put.json", &ActiveChargingProfile::CLASS, &[]);
    let put = serde_json::from_value(observed("mockhub_active_profile_put.json").unwrap()).unwrap();
    assert_eq!(active_profile(&put).unwrap().periods.len(), 2);
}

#[test]
fn answers_and_results_of_stations_seen_in_the_field_are_read() {
    let answers = [
        ("mockhub_chargingprofile_put_response.json", ProfileAnswer::Accepted),
        // Both wrap their data in a list.
        ("extrawest_set_profile_accepted_list.json", ProfileAnswer::Accepted),
        ("extrawest_unknown_session.json", ProfileAnswer::Rejected),
    ];
    for (name, expected) in answers {
        assert_checked(name, &ChargingProfileResponse::CLASS, &[]);
        let Some(message) = observed(name) else { return };
        let data = envelope::single(envelope::read(message).data);
        let response: ChargingProfileResponse = serde_json::from_value(data).unwrap();
        assert_eq!(receipt(&response).unwrap().answer, expected, "{name}");
    }
    for (name, expected) in [
        ("mockhub_callback_set.json", ResultType::Accepted),
        ("mockhub_callback_clear.json", ResultType::Accepted),
        ("mockhub_callback_clear_nothing.json", ResultType::Unknown),
    ] {
        assert_checked(name, &ActiveChargingProfileResult::CLASS, &[]);
        let result: ActiveChargingProfileResult = serde_json::from_value(observed(name).unwrap()).unwrap();
        assert_eq!(result.result, expected, "{name}");
    }
}

#[test]
fn bodies_without_an_envelope_have_no_code_and_no_data() {
    for name in ["extrawest_401_body.json", "extrawest_set_profile_422.json"] {
        let Some(message) = observed(name) else { return };
        let envelope = envelope::read(message);
        assert_eq!((envelope.code, envelope.data), (None, Value::Null), "{name}");
    }
}
