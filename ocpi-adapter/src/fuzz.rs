//! Every parser behind a function that takes bytes: for the fuzz targets, and for the test that runs their corpus.
//!
//! None may panic whatever the bytes are, and each asserts what must hold of what could be read. No part of the API.

use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderValue};
use chrono::DateTime;
use headroom_domain::PartnerId;
use serde_json::Value;
use url::Url;

use crate::lower::{self, Lower, Origin};
use crate::partner::{Dialect, Partner};
use crate::version::Version;
use crate::wire::check::{Extent, check};
use crate::wire::class::Class;
use crate::{client, envelope, lift, token, wire};

/// A target and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, by the names of their corpora.
pub const TARGETS: &[Target] =
    &[("objects", objects), ("commands", commands), ("profiles", profiles), ("transport", transport)];

/// Objects that partners own. The first byte chooses the kind, the second the version.
pub fn objects(data: &[u8]) {
    let [kind, version, json @ ..] = data else { return };
    let Ok(raw) = serde_json::from_slice::<Value>(json) else { return };
    let version = Version::ALL[usize::from(*version) % Version::ALL.len()];
    match kind % 6 {
        0 => read(lower::location::location, version, &raw, |location, _| lift::location(location)),
        1 => read(lower::session::session, version, &raw, |session, _| lift::session(session)),
        2 => read(lower::tariff::tariff, version, &raw, lift::tariff),
        3 => read(lower::cdr::cdr, version, &raw, lift::cdr),
        4 => read(lower::token::token, version, &raw, |token, _| lift::token(token)),
        _ => read(lower::client_info::client_info, version, &raw, |client, _| lift::client_info(client)),
    }
}

/// Reads an object; one that could be read is kept as it was sent, can be written, and what is written can be read.
fn read<T, W: serde::Serialize>(lower: Lower<T>, version: Version, raw: &Value, lift: impl Fn(&T, Version) -> W) {
    let partner = Partner::new(PartnerId::new("fuzz"), Dialect::default());
    let origin = Origin { version, ..Origin::of(&partner, DateTime::UNIX_EPOCH) };
    match lower(origin, raw.clone()) {
        Ok(received) => {
            assert_eq!(received.raw, *raw, "the object is kept as it was sent");
            for version in [Version::V221, Version::V230] {
                let written = serde_json::to_value(lift(&received.value, version)).unwrap_or_default();
                assert!(lower(Origin { version, ..origin }, written.clone()).is_ok(), "unreadable: {written}");
            }
        }
        Err(rejected) => assert!(!rejected.warnings.is_empty(), "a rejection has its reason"),
    }
}

/// Commands, their receipts and outcomes, answers to a CPO that asks for a driver, preferences, credentials.
pub fn commands(data: &[u8]) {
    let [kind, json @ ..] = data else { return };
    let Ok(raw) = serde_json::from_slice::<Value>(json) else { return };
    for class in [
        &wire::commands::StartSession::CLASS,
        &wire::commands::ReserveNow::CLASS,
        &wire::tokens::AuthorizationInfo::CLASS,
        &wire::credentials::Credentials::CLASS,
        &wire::versions::VersionDetails::CLASS,
    ] {
        checked(&raw, class);
    }
    match kind % 3 {
        0 => {
            if let Ok(said) = serde_json::from_value::<wire::preferences::ChargingPreferences>(raw) {
                let _preference = lower::preference::preference(&said, DateTime::UNIX_EPOCH);
            }
        }
        1 => {
            if let Ok(response) = serde_json::from_value::<wire::commands::CommandResponse>(raw) {
                let _receipt = lower::command::receipt(&response);
            }
        }
        _ => {
            if let Ok(credentials) = serde_json::from_value::<wire::credentials::Credentials>(raw) {
                drop(serde_json::to_value(credentials));
            }
        }
    }
}

/// What is around the objects: the header with the token, the envelope, the link to the next page, times.
pub fn transport(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        drop(token::Presented::read(text));
        if let Some(at) = wire::base::Timestamp::parse(text).map(|at| at.to_string()) {
            assert_eq!(wire::base::Timestamp::parse(&at).map(|again| again.to_string()), Some(at));
        }
        link(text);
    }
    if let Ok(body) = serde_json::from_slice::<Value>(data) {
        drop(envelope::single(envelope::read(body).data));
    }
}

/// The link to the next page leads to the partner's own host or nowhere.
fn link(text: &str) {
    let (Ok(value), Ok(endpoint)) = (HeaderValue::from_str(text), Url::parse("https://cpo.example/ocpi/locations"))
    else {
        return;
    };
    let headers = HeaderMap::from_iter([(LINK, value)]);
    if let Some(Some(next)) = client::linked(&headers, &endpoint, &endpoint) {
        assert_eq!(next.origin(), endpoint.origin());
    }
}

/// Charging profiles, active ones, receipts and results.
pub fn profiles(data: &[u8]) {
    let Ok(raw) = serde_json::from_slice::<Value>(data) else { return };
    for class in [&wire::profiles::ActiveChargingProfileResult::CLASS, &wire::profiles::SetChargingProfile::CLASS] {
        checked(&raw, class);
    }
    if let Ok(active) = serde_json::from_value::<wire::profiles::ActiveChargingProfile>(raw.clone())
        && let Ok(profile) = lower::profile::active_profile(&active)
    {
        assert!(profile.periods.windows(2).all(|pair| pair[0].start < pair[1].start), "starts rise");
        let _limit = profile.limit_at(profile.start);
        drop(serde_json::to_value(lift::active_profile(&profile)));
    }
    if let Ok(response) = serde_json::from_value::<wire::profiles::ChargingProfileResponse>(raw) {
        let _receipt = lower::profile::receipt(&response);
    }
}

fn checked(raw: &Value, class: &Class) {
    for version in Version::ALL {
        drop(check(raw, class, version, Extent::Whole));
        drop(check(raw, class, version, Extent::Part));
    }
}

#[cfg(test)]
mod tests;
