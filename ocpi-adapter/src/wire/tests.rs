use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::class::{Class, Kind};
use super::text_enum::Listed;
use super::{
    cdrs, clients, commands, credentials, locations, preferences, profiles, sessions, tariffs, tokens, versions,
};

mod examples;
mod schema;
mod survival;

/// Returns where the standard's examples and tables are; says so and returns nothing where they are not.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub(crate) fn standard() -> Option<PathBuf> {
    let root = PathBuf::from(std::env::var_os("HEADROOM_OCPI").unwrap_or_default());
    let found = root.join("INDEX.json").exists();
    if !found {
        println!("skipped: no examples in HEADROOM_OCPI ({})", root.display());
    }
    found.then_some(root)
}

pub(crate) fn json_of(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What is sent on its own; all other classes are fields of these.
const SENT: [&Class; 23] = [
    &cdrs::Cdr::CLASS,
    &clients::ClientInfo::CLASS,
    &commands::CancelReservation::CLASS,
    &commands::CommandResponse::CLASS,
    &commands::CommandResult::CLASS,
    &commands::ReserveNow::CLASS,
    &commands::StartSession::CLASS,
    &commands::StopSession::CLASS,
    &commands::UnlockConnector::CLASS,
    &credentials::Credentials::CLASS,
    &locations::Location::CLASS,
    &preferences::ChargingPreferences::CLASS,
    &profiles::ActiveChargingProfile::CLASS,
    &profiles::ActiveChargingProfileResult::CLASS,
    &profiles::ChargingProfileResponse::CLASS,
    &profiles::SetChargingProfile::CLASS,
    &sessions::Session::CLASS,
    &tariffs::Tariff::CLASS,
    &tokens::AuthorizationInfo::CLASS,
    &tokens::LocationReferences::CLASS,
    &tokens::Token::CLASS,
    &versions::Version::CLASS,
    &versions::VersionDetails::CLASS,
];

/// Enums that are sent on their own, as a whole message or in an address.
const SENT_ENUMS: [&Listed; 2] = [&commands::CommandType::LISTED, &preferences::ChargingPreferencesResponse::LISTED];

/// Returns all classes and enums by name.
fn registry() -> (BTreeMap<&'static str, &'static Class>, BTreeMap<&'static str, &'static Listed>) {
    let mut classes = BTreeMap::new();
    let mut enums: BTreeMap<_, _> = SENT_ENUMS.into_iter().map(|listed| (listed.name, listed)).collect();
    let mut next: Vec<&'static Class> = SENT.to_vec();
    while let Some(class) = next.pop() {
        if classes.insert(class.name, class).is_none() {
            for field in class.fields {
                match field.kind {
                    Kind::Class(class) => next.push(class),
                    Kind::Enum(listed) => drop(enums.insert(listed.name, listed)),
                    _ => {}
                }
            }
        }
    }
    (classes, enums)
}
