#![expect(clippy::needless_pass_by_value, reason = "json!(…) reads better as an argument than &json!(…)")]

use headroom_domain::PartnerId;
use serde_json::{Value, json};

use Severity::{Deviation, Loss, Note};

use super::*;
use crate::received::{Severity, Warning};

mod examples;
mod locations;
mod observed;
mod profiles;
mod roaming;
mod sessions;
mod tariffs;
mod v211;
mod vectors;

fn now() -> DateTime<Utc> {
    "2026-03-09T12:00:00Z".parse().unwrap()
}

fn lower<T>(read: Lower<T>, raw: Value) -> Result<Received<T>, Rejected> {
    lower_as(read, &Dialect::default(), raw)
}

fn lower_as<T>(read: Lower<T>, dialect: &Dialect, raw: Value) -> Result<Received<T>, Rejected> {
    let partner = PartnerId::new("cpo-1");
    read(origin(&partner, dialect), raw)
}

fn lower_at<T>(instant: &str, read: Lower<T>, raw: Value) -> Result<Received<T>, Rejected> {
    let (partner, dialect) = (PartnerId::new("cpo-1"), Dialect::default());
    read(Origin { now: instant.parse().unwrap(), ..origin(&partner, &dialect) }, raw)
}

fn lower_in<T>(version: Version, read: Lower<T>, raw: Value) -> Result<Received<T>, Rejected> {
    let (partner, dialect, owner) = (PartnerId::new("cpo-1"), Dialect::default(), PartyId::new("NL", "EXA"));
    read(Origin { version, owner: Some(&owner), ..origin(&partner, &dialect) }, raw)
}

fn lower_part(check: fn(Origin<'_>, &Value) -> Result<(), Rejected>, raw: &Value) -> Result<(), Rejected> {
    let (partner, dialect) = (PartnerId::new("cpo-1"), Dialect::default());
    check(origin(&partner, &dialect), raw)
}

fn origin<'a>(partner: &'a PartnerId, dialect: &'a Dialect) -> Origin<'a> {
    Origin { partner, dialect, version: Version::V221, owner: None, now: now() }
}

fn paths(warnings: &[Warning]) -> Vec<&str> {
    warnings.iter().map(|warning| warning.path.as_str()).collect()
}

/// Returns what was warned of, and how much it weighs.
fn told(warnings: &[Warning]) -> Vec<(Severity, &str)> {
    warnings.iter().map(|warning| (warning.severity, warning.path.as_str())).collect()
}

fn with(mut object: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { return object };
    for (name, value) in changes {
        object[name.as_str()] = value;
    }
    object
}

fn a_session() -> Value {
    json!({
        "country_code": "NL", "party_id": "STK", "id": "101",
        "start_date_time": "2026-03-09T10:17:09Z", "kwh": 1.5,
        "cdr_token": { "country_code": "NL", "party_id": "TST", "uid": "1", "type": "RFID", "contract_id": "C1" },
        "auth_method": "WHITELIST", "location_id": "LOC1", "evse_uid": "3256", "connector_id": "1",
        "currency": "EUR", "status": "ACTIVE", "last_updated": "2026-03-09T11:17:09Z"
    })
}

fn a_connector() -> Value {
    json!({
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "max_voltage": 230, "max_amperage": 16, "last_updated": "2026-03-09T11:17:09Z"
    })
}

fn a_location(evses: Value) -> Value {
    json!({
        "country_code": "nl", "party_id": "stk", "id": "LOC1", "publish": true, "address": "Street 1",
        "city": "Delft", "country": "NLD", "coordinates": { "latitude": "52.00000", "longitude": "4.36000" },
        "time_zone": "Europe/Amsterdam", "evses": evses, "last_updated": "2026-03-09T11:17:09Z"
    })
}

fn an_evse(uid: &str) -> Value {
    json!({
        "uid": uid, "status": "AVAILABLE", "capabilities": ["CHARGING_PROFILE_CAPABLE"],
        "connectors": [a_connector()], "last_updated": "2026-03-09T11:17:09Z"
    })
}
