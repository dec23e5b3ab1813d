//! 2.1.1: its objects, rewritten as those of 2.2.1 before they are read.
//!
//! What 2.1.1 lacks is filled in only where there is one thing to say: whose an object is (it comes over the link of its
//! owner), that a location is published (all were), and `#NA` for the token of a driver, of whom 2.1.1 names the contract.

use headroom_domain::PartyId;
use serde_json::{Map, Value, json};

use super::check::NOT_AVAILABLE;
use crate::version::Version;

/// Where a value is in 2.1.1, and where in 2.2.1. Lists on the way that both have are gone through; of a list that only
/// 2.1.1 has, the first element is meant: a session is of one connector.
type Move = (&'static str, &'static str);

const CONNECTOR: &[Move] = &[("voltage", "max_voltage"), ("amperage", "max_amperage"), ("tariff_id", "tariff_ids")];

const EVSE: &[Move] = &[
    ("connectors.voltage", "connectors.max_voltage"),
    ("connectors.amperage", "connectors.max_amperage"),
    ("connectors.tariff_id", "connectors.tariff_ids"),
];

const LOCATION: &[Move] = &[
    ("type", "parking_type"),
    ("energy_mix.environ_impact.source", "energy_mix.environ_impact.category"),
    ("evses.connectors.voltage", "evses.connectors.max_voltage"),
    ("evses.connectors.amperage", "evses.connectors.max_amperage"),
    ("evses.connectors.tariff_id", "evses.connectors.tariff_ids"),
];

const SESSION: &[Move] = &[
    ("start_datetime", "start_date_time"),
    ("end_datetime", "end_date_time"),
    ("auth_id", "cdr_token.contract_id"),
    ("location.id", "location_id"),
    ("location.evses.uid", "evse_uid"),
    ("location.evses.connectors.id", "connector_id"),
    ("total_cost", "total_cost.excl_vat"),
];

const CDR: &[Move] = &[
    ("stop_date_time", "end_date_time"),
    ("auth_id", "cdr_token.contract_id"),
    ("location.id", "cdr_location.id"),
    ("location.name", "cdr_location.name"),
    ("location.address", "cdr_location.address"),
    ("location.city", "cdr_location.city"),
    ("location.postal_code", "cdr_location.postal_code"),
    ("location.country", "cdr_location.country"),
    ("location.coordinates", "cdr_location.coordinates"),
    ("location.evses.uid", "cdr_location.evse_uid"),
    ("location.evses.evse_id", "cdr_location.evse_id"),
    ("location.evses.connectors.id", "cdr_location.connector_id"),
    ("location.evses.connectors.standard", "cdr_location.connector_standard"),
    ("location.evses.connectors.format", "cdr_location.connector_format"),
    ("location.evses.connectors.power_type", "cdr_location.connector_power_type"),
    ("total_cost", "total_cost.excl_vat"),
];

const TOKEN: &[Move] = &[("auth_id", "contract_id")];

fn moves(class: &str) -> &'static [Move] {
    match class {
        "Location" => LOCATION,
        "EVSE" => EVSE,
        "Connector" => CONNECTOR,
        "Session" => SESSION,
        "CDR" => CDR,
        "Token" => TOKEN,
        _ => &[],
    }
}

/// Returns an object as 2.2.1 has it; one of a later version as it is.
pub(crate) fn modern(object: &Value, class: &str, version: Version, owner: Option<&PartyId>) -> Value {
    let mut object = object.clone();
    if version > Version::V211 || !object.is_object() {
        return object;
    }
    for (from, to) in moves(class) {
        relocate(&mut object, &names(from), &names(to));
    }
    let Value::Object(fields) = &mut object else { return object };
    match class {
        "Location" => fill(fields, [("publish", true.into())]),
        "Session" | "CDR" => {
            fields.remove("location");
            if let Some(Value::Object(token)) = fields.get_mut("cdr_token") {
                fill(token, [("uid", NOT_AVAILABLE.into()), ("type", "OTHER".into())]);
            }
        }
        _ => {}
    }
    if matches!(class, "Location" | "Session" | "CDR" | "Tariff" | "Token") {
        own(fields, owner);
    }
    if let Some(Value::Array(tariffs)) = fields.get_mut("tariffs") {
        tariffs.iter_mut().filter_map(Value::as_object_mut).for_each(|tariff| own(tariff, owner));
    }
    object
}

fn own(fields: &mut Map<String, Value>, owner: Option<&PartyId>) {
    if let Some(owner) = owner {
        fill(fields, [("country_code", owner.country_code().into()), ("party_id", owner.party_id().into())]);
    }
}

/// Fills in what is absent.
fn fill<const N: usize>(fields: &mut Map<String, Value>, values: [(&str, Value); N]) {
    for (name, value) in values {
        let field = fields.entry(name).or_insert(Value::Null);
        if field.is_null() {
            *field = value;
        }
    }
}

fn names(path: &str) -> Vec<&str> {
    path.split('.').collect()
}

/// Moves a value within an object; what stands at its new place already stays.
fn relocate(object: &mut Value, from: &[&str], to: &[&str]) {
    match (object, from, to) {
        (Value::Array(items), from, to) => items.iter_mut().for_each(|item| relocate(item, from, to)),
        (Value::Object(fields), [one, from @ ..], [other, to @ ..]) if one == other => {
            if let Some(inner) = fields.get_mut(*one) {
                relocate(inner, from, to);
            }
        }
        (object @ Value::Object(_), from @ [_, ..], to) => {
            if let Some(value) = take(object, from) {
                put(object, to, value);
            }
        }
        // A number becomes an object that holds it.
        (value, [], [name]) if !value.is_object() && !value.is_null() => *value = json!({ (*name): value.take() }),
        _ => {}
    }
}

fn take(object: &mut Value, from: &[&str]) -> Option<Value> {
    match (object, from) {
        (Value::Array(items), from) => take(items.first_mut()?, from),
        (Value::Object(fields), [name]) => fields.remove(*name).filter(|value| !value.is_null()),
        (Value::Object(fields), [name, from @ ..]) => take(fields.get_mut(*name)?, from),
        _ => None,
    }
}

fn put(object: &mut Value, to: &[&str], value: Value) {
    let (Value::Object(fields), [name, to @ ..]) = (object, to) else { return };
    let field = fields.entry(*name).or_insert(Value::Null);
    match to {
        [] if !field.is_null() => {}
        // One tariff in 2.1.1, many later.
        [] if *name == "tariff_ids" => *field = json!([value]),
        [] => *field = value,
        to => {
            if field.is_null() {
                *field = json!({});
            }
            put(field, to, value);
        }
    }
}

/// Returns where in the object as it was sent a path into the rewritten one leads.
pub(crate) fn sent_path(path: &str, class: &str) -> String {
    let steps: Vec<&str> = path.split('.').collect();
    let name = |step: &str| step.split('[').next().unwrap_or_default().to_owned();
    for (from, to) in moves(class) {
        let (from, to) = (names(from), names(to));
        if steps.len() < to.len() || !steps.iter().zip(&to).all(|(step, to)| name(step) == *to) {
            continue;
        }
        let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
        let sent = from.iter().enumerate().map(|(index, from)| match *from {
            _ if index < shared => steps[index].to_owned(),
            list @ ("evses" | "connectors") => format!("{list}[0]"),
            from => from.to_owned(),
        });
        let rest = steps[to.len()..].iter().map(|step| (*step).to_owned());
        return sent.chain(rest).collect::<Vec<_>>().join(".");
    }
    path.to_owned()
}
