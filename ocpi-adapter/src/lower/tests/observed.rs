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
use crate::wire::credentials::Credentials;
use crate::wire::profiles::{ActiveChargingProfile, ActiveChargingProfileResult, ChargingProfileResponse};
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
    let expected: Vec<_> = expected.iter().map(|(weight, place, count)| (*weight, (*place).to_owned(), *count)).collect();
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
    let received: Vec<_> = objects.into_iter().map(|raw| lower_at("2026-12-01T00:00:00Z", read, raw).unwrap()).collect();
    let warnings: Vec<_> = received.iter().flat_map(|received| received.warnings.clone()).collect();
    assert_places(name, &warnings, expected);
    received.into_iter().map(|received| received.value).collect()
}

#[test]
fn sessions_seen_in_the_field_are_read() {
    let active = assert_read("mockhub_session_push_active.json", session, &[]);
    let completed = assert_read("mockhub_session_push_completed.json", session, &[]);
    let page = assert_read("extrawest_sessions_page.json", session, &[]);
}

#[test]
fn locations_seen_in_the_field_are_read() {
    assert_read("mockhub_locations_page.json", location, &[]);
}

#[test]
fn tariffs_seen_in_the_field_are_read() {
    assert_read("mockhub_tariffs.json", tariff, &[]);
}
#[test]
fn others() {
    let mut failed = Vec::new();
    let all: [(&str, &Class); 11] = [
        ("mockhub_cdr_push.json", &Cdr::CLASS),
        ("mockhub_credentials_response.json", &Credentials::CLASS),
        ("mockhub_version_details.json", &VersionDetails::CLASS),
        ("mockhub_versions.json", &Version::CLASS),
        ("mockhub_callback_get.json", &ActiveChargingProfileResult::CLASS),
        ("mockhub_active_profile_put.json", &ActiveChargingProfile::CLASS),
        ("extrawest_callback_active_profile_stock.json", &ActiveChargingProfileResult::CLASS),
        ("extrawest_callback_active_profile_fixed.json", &ActiveChargingProfileResult::CLASS),
        ("mockhub_chargingprofile_put_response.json", &ChargingProfileResponse::CLASS),
        ("extrawest_set_profile_accepted_list.json", &ChargingProfileResponse::CLASS),
        ("extrawest_unknown_session.json", &ChargingProfileResponse::CLASS),
    ];
    for (name, class) in all {
        if let Err(e) = std::panic::catch_unwind(|| assert_checked(name, class, &[])) {
            failed.push(e.downcast_ref::<String>().cloned());
        }
    }
    assert!(failed.is_empty());
}
