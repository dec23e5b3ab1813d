//! The ids of drivers, which stand for people: token uids and contract ids.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::partner::{DriverIds, Secret, hex};

/// Fields that name a driver wherever they stand (`auth_id` is the contract of OCPI 2.1.1).
const ANYWHERE: [&str; 4] = ["contract_id", "auth_id", "visual_number", "group_id"];

/// So many bytes of a hash tell all drivers apart, and their digits fit where the id stood (36 characters).
const KEPT_BYTES: usize = 16;

/// Replaces the ids of drivers in what a partner sent, unless they are to be kept. The same id becomes the same hash,
/// whatever its case (`CiString`).
pub(crate) fn veil(value: &mut Value, ids: DriverIds, salt: &Secret) {
    if ids == DriverIds::Hash {
        walk(value, salt, false);
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

    use super::veil;
    use crate::partner::{DriverIds, Secret};

    fn veiled(mut value: Value, salt: &str) -> Value {
        veil(&mut value, DriverIds::Hash, &Secret::new(salt));
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
        veil(&mut kept, DriverIds::Keep, &Secret::new("salt"));
        assert_eq!(kept, session);
    }
}
