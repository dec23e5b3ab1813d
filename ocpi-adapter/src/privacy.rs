//! The ids of drivers, which stand for people: token uids and contract ids.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::partner::{Dialect, DriverIds, Role, Secret, hex};

/// Fields that name a driver wherever they stand (`auth_id` is the contract of OCPI 2.1.1).
const ANYWHERE: [&str; 4] = ["contract_id", "auth_id", "visual_number", "group_id"];

/// What a station has signed of a session (OCPI 2.2.1 §10.4.7).
const SIGNED: &str = "signed_data";

/// So many bytes of a hash tell all drivers apart, and their digits fit where the id stood (36 characters).
const KEPT_BYTES: usize = 16;

/// What becomes of the ids of drivers that a partner sends.
#[derive(Debug)]
pub(crate) struct Veil {
    ids: DriverIds,
    salt: Secret,
}

impl Veil {
    /// Makes the veil for a partner. Unless its dialect says so, a smart charging service has no use for who drives;
    /// whoever lets drivers charge, bills them or passes messages on has.
    pub(crate) fn of(ours: &Role, dialect: &Dialect, salt: &Secret) -> Self {
        let usual = if *ours == Role::Scsp { DriverIds::Hash } else { DriverIds::Keep };
        Self { ids: dialect.driver_ids.unwrap_or(usual), salt: salt.clone() }
    }

    /// Replaces the ids in what a partner sent, unless they are to be kept. The same id becomes the same hash, whatever
    /// its case (`CiString`). `tokens` says that it sent drivers' tokens, which may be too broken to be known as such.
    pub(crate) fn cover(&self, value: &mut Value, tokens: bool) {
        if self.ids == DriverIds::Hash {
            walk(value, &self.salt, tokens);
        }
    }

    /// Returns the id of a driver's token as it is kept.
    pub(crate) fn id(&self, uid: &str) -> String {
        if self.ids == DriverIds::Hash { hashed(uid, &self.salt) } else { uid.to_owned() }
    }
}

/// `token` says that the value stands where a driver's token does.
fn walk(value: &mut Value, salt: &Secret, token: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, salt, token)),
        Value::Object(fields) => {
            let token = token || is_token(fields);
            for (name, value) in fields {
                match name.as_str() {
                    name if ANYWHERE.contains(&name) || (token && name == "uid") => hide(value, salt),
                    SIGNED => hide_signed(value),
                    name => walk(value, salt, name == "cdr_token" || name == "token"),
                }
            }
        }
        _ => {}
    }
}

/// Hashes an id, and whatever stands where an id belongs. Each value stays of its type, so that a reader finds what is
/// wrong with it.
fn hide(value: &mut Value, salt: &Secret) {
    match value {
        Value::String(id) => *id = hashed(id, salt),
        Value::Number(id) => {
            let digits = hashed(&id.to_string(), salt);
            // So few digits are whole numbers wherever JSON is read.
            *value = digits.get(..12).and_then(|digits| u64::from_str_radix(digits, 16).ok()).into();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, salt)),
        Value::Object(fields) => fields.values_mut().for_each(|value| hide(value, salt)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Leaves out what a station has signed: it holds the id that was shown to the station, and with a hash in its place the
/// signature is of no use.
fn hide_signed(value: &mut Value) {
    if !value.is_string() {
        *value = Value::Null;
    }
}

/// Tells a driver's token from an EVSE, which has a `uid` too.
fn is_token(fields: &Map<String, Value>) -> bool {
    fields.contains_key("uid") && ["contract_id", "auth_id", "whitelist"].iter().any(|name| fields.contains_key(*name))
}

fn hashed(id: &str, salt: &Secret) -> String {
    // Stands for an id that there is none of (OCPI 2.2.1 §16).
    if id.is_empty() || id == "#NA" {
        return id.to_owned();
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt.expose().as_bytes()) else {
        // A key of any length will do, so this is never so; rather nobody than somebody.
        return "#NA".to_owned();
    };
    mac.update(id.to_ascii_uppercase().as_bytes());
    hex(&mac.finalize().into_bytes()[..KEPT_BYTES])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Veil, hashed};
    use crate::partner::{DriverIds, Secret};

    fn veiled(mut value: Value, salt: &str) -> Value {
        Veil { ids: DriverIds::Hash, salt: Secret::new(salt) }.cover(&mut value, false);
        value
    }

    #[test]
    fn drivers_are_hashed_and_nothing_else_is() {
        let session = json!({ "id": "S1", "cdr_token": { "uid": "AB12", "type": "RFID", "contract_id": "NL-TNM-1" },
            "evses": [{ "uid": "E1" }], "token": "text", "auth_id": "NL-1" });
        let got = veiled(session.clone(), "salt");
        for (path, kept) in
            [("/id", true), ("/evses/0/uid", true), ("/token", true), ("/cdr_token/type", true), ("/auth_id", false)]
        {
            assert_eq!(got.pointer(path) == session.pointer(path), kept, "{path}");
        }
        let uid = got["cdr_token"]["uid"].as_str().unwrap();
        assert!(uid.len() == 32 && uid.len() <= 36);
        assert_ne!(uid, got["cdr_token"]["contract_id"]);
        let token = veiled(json!([{ "uid": "ab12", "whitelist": "ALWAYS" }]), "salt");
        assert_eq!(token[0]["uid"], uid, "the same driver is the same, whatever the case");
        assert_ne!(veiled(session.clone(), "other")["cdr_token"]["uid"], uid, "not under another salt");
        assert_eq!(veiled(json!({ "contract_id": "#NA" }), "salt"), json!({ "contract_id": "#NA" }));
        let mut kept = session.clone();
        Veil { ids: DriverIds::Keep, salt: Secret::new("salt") }.cover(&mut kept, true);
        assert_eq!(kept, session);
    }

    #[test]
    fn a_token_is_covered_however_broken_it_is_and_each_value_stays_of_its_type() {
        let covered = |mut token: Value| {
            Veil { ids: DriverIds::Hash, salt: Secret::new("salt") }.cover(&mut token, true);
            token
        };
        let patch = covered(json!({ "uid": "AB12", "valid": false }));
        assert_eq!(patch, json!({ "uid": hashed("ab12", &Secret::new("salt")), "valid": false }));
        let number = covered(json!({ "uid": 1234, "contract_id": null }));
        assert!(number["uid"].is_u64() && number["uid"] != 1234 && number["contract_id"].is_null());
        let nested = covered(json!([{ "uid": ["AB12", { "value": "AB12" }] }]));
        assert!(!nested.to_string().contains("AB12"), "{nested}");
        let record = json!({ "id": "C1", "signed_data": { "signed_values": [{ "plain_data": "AB12" }] } });
        assert_eq!(veiled(record, "salt"), json!({ "id": "C1", "signed_data": null }));
    }
}
