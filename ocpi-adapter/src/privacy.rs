//! The ids of drivers, which stand for people: token uids and contract ids.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::partner::{Dialect, DriverIds, Role, Secret, hex};

/// Fields that name a driver wherever they stand (`auth_id` is the contract of OCPI 2.1.1).
const ANYWHERE: [&str; 4] = ["contract_id", "auth_id", "visual_number", "group_id"];

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
    /// its case (`CiString`).
    pub(crate) fn cover(&self, value: &mut Value) {
        if self.ids == DriverIds::Hash {
            walk(value, &self.salt, false);
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
                match value {
                    Value::String(id) if ANYWHERE.contains(&name.as_str()) || (token && name == "uid") => {
                        *id = hashed(id, salt);
                    }
                    Value::String(_) => {}
                    value => walk(value, salt, name == "cdr_token" || name == "token"),
                }
            }
        }
        _ => {}
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

    use super::Veil;
    use crate::partner::{DriverIds, Secret};

    fn veiled(mut value: Value, salt: &str) -> Value {
        Veil { ids: DriverIds::Hash, salt: Secret::new(salt) }.cover(&mut value);
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
        Veil { ids: DriverIds::Keep, salt: Secret::new("salt") }.cover(&mut kept);
        assert_eq!(kept, session);
    }
}
