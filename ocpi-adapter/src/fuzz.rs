//! Every parser behind a function that takes bytes: for the fuzz targets, and for the test that runs their corpus.
//!
//! None may panic whatever the bytes are, and each asserts what must hold of what could be read. No part of the API.

use headroom_domain::PartnerId;
use serde_json::Value;

use crate::lower::{self, Lower, Origin};
use crate::partner::Dialect;
use crate::version::Version;
use crate::wire::check::{Extent, check};
use crate::wire::class::Class;
use crate::{lift, wire};

/// A target and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, by the names of their corpora.
pub const TARGETS: &[Target] = &[("objects", objects), ("profiles", profiles)];

/// Objects that partners own. The first byte chooses the kind, the second the version.
pub fn objects(data: &[u8]) {
    let [kind, version, json @ ..] = data else { return };
    let Ok(raw) = serde_json::from_slice::<Value>(json) else { return };
    let version = Version::ALL[usize::from(*version) % Version::ALL.len()];
    match kind % 3 {
        0 => read(lower::location::location, version, &raw, |location| lift::location(location)),
        1 => read(lower::session::session, version, &raw, |session| lift::session(session)),
        _ => read(lower::tariff::tariff, version, &raw, |tariff| lift::tariff(tariff)),
    }
}

/// Reads an object; one that could be read is kept as it was sent, can be written, and is then read without a loss.
fn read<T, W: serde::Serialize>(lower: Lower<T>, version: Version, raw: &Value, lift: impl Fn(&T) -> W) {
    let (partner, dialect) = (PartnerId::new("fuzz"), Dialect::default());
    let origin = Origin { partner: &partner, dialect: &dialect, version };
    match lower(origin, raw.clone()) {
        Ok(received) => {
            assert_eq!(received.raw, *raw, "the object is kept as it was sent");
            let written = serde_json::to_value(lift(&received.value)).unwrap_or_default();
            let origin = Origin { version: Version::V221, ..origin };
            assert!(lower(origin, written.clone()).is_ok(), "what we write can be read: {written}");
        }
        Err(rejected) => assert!(!rejected.warnings.is_empty(), "a rejection has its reason"),
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
