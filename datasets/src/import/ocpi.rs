//! OCPI 2.2.1 charge detail records (clause 10) and sessions (clause 9): a list of them, one of them, or an answer whose
//! `data` holds them.
//!
//! Times are UTC whether or not they end in `Z`. What a session's own answer to charging preferences says is not part
//! of either object, so nothing is taken as stated.

use chrono::{DateTime, NaiveDateTime, Utc};
use headroom_domain::Energy;
use headroom_domain::units::hours;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::collector::{Collector, Rejection, Row};
use super::source::Source;
use super::{Format, Import, ImportError};
use crate::session::RecordedSession;

/// Tokens that stand for drivers not told apart: an unused token type, or one made for a single session.
const NO_DRIVER: [&str; 1] = ["AD_HOC_USER"];
/// `total_time` may differ from the time between start and end by this much. **Units**: h.
const TIME_TOLERANCE_H: f64 = 0.025;

pub(super) fn read(source: &Source, format: &Format) -> Result<Import, ImportError> {
    let root: Value = serde_json::from_slice(&source.bytes)
        .map_err(|error| source.broken("the text", format!("is no JSON ({error})"), "export or copy the file again"))?;
    let data = if root.is_object() && root.get("data").is_some() { &root["data"] } else { &root };
    let items = match data {
        Value::Array(items) => items.as_slice(),
        Value::Object(fields) if fields.contains_key("id") => std::slice::from_ref(data),
        _ => {
            let remedy = "give a list of objects, or the whole answer with its `data`";
            return Err(source.broken("data", "must be the list of charge detail records or sessions", remedy));
        }
    };
    let cdrs = *format == Format::OcpiCdrs;
    let credited: BTreeSet<&str> = items
        .iter()
        .filter(|item| item["credit"] == true)
        .filter_map(|item| item["credit_reference_id"].as_str())
        .collect();
    let latest = latest(items);
    let parties: BTreeSet<_> = items.iter().map(|item| (key(item).0, key(item).1)).collect();
    let mut collector = Collector::default();
    for (index, item) in items.iter().enumerate() {
        let read = match superseded(item, index, &latest) {
            Some(fault) => Err(vec![fault]),
            None if cdrs => cdr(source, item, &credited),
            None => session(source, item),
        };
        let read = read.map(|row| if parties.len() > 1 { of_party(row, item) } else { row });
        collector.take(&format!("[{index}]"), read);
    }
    collector.finish(source, format)
}

/// Names session and plug after their operator as well: ids are unique within a party only.
fn of_party(mut row: Row, item: &Value) -> Row {
    let (country, party, _) = key(item);
    row.session.id = format!("{country}-{party}-{}", row.session.id);
    row.session.station = format!("{country}-{party}-{}", row.session.station);
    row
}

type Key<'a> = (&'a str, &'a str, &'a str);

fn key(item: &Value) -> Key<'_> {
    let text = |field: &str| item[field].as_str().unwrap_or_default();
    (text("country_code"), text("party_id"), text("id"))
}

/// Returns where the last state of every object stands: pages may hold an object again that changed meanwhile.
fn latest(items: &[Value]) -> BTreeMap<Key<'_>, (DateTime<Utc>, usize)> {
    let mut latest = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let updated = time(item, "last_updated").unwrap_or(DateTime::UNIX_EPOCH);
        let entry = latest.entry(key(item)).or_insert((updated, index));
        if updated >= entry.0 {
            *entry = (updated, index);
        }
    }
    latest
}

fn superseded(item: &Value, index: usize, latest: &BTreeMap<Key<'_>, (DateTime<Utc>, usize)>) -> Option<Rejection> {
    let (_, last) = latest.get(&key(item)).filter(|_| item["id"].is_string())?;
    let rule = "a later state of the object stands in the file, by `last_updated`";
    (*last != index).then(|| Rejection::new(rule, format!("{} is at [{last}]", key(item).2)))
}

fn cdr(source: &Source, item: &Value, credited: &BTreeSet<&str>) -> Result<Row, Vec<Rejection>> {
    let mut faults = Vec::new();
    let id = text(item, "id").map_err(|fault| faults.push(fault)).unwrap_or_default();
    if item["credit"] == true {
        faults.push(Rejection::new("`credit` is true: it takes another record back", id));
    }
    if credited.contains(id) {
        faults.push(Rejection::new("a credit record in the file takes it back, by `credit_reference_id`", id));
    }
    let location = &item["cdr_location"];
    let evse = text(location, "evse_uid").or_else(|_| text(location, "evse_id"));
    let row = row(source, item, (id, evse, text(location, "connector_id")), "total_energy", &mut faults);
    let Some(mut row) = row.filter(|_| faults.is_empty()) else { return Err(faults) };
    let stay_h = hours(row.session.departure - row.session.arrival);
    if let Some(total_h) = item["total_time"].as_f64().filter(|total_h| (total_h - stay_h).abs() > TIME_TOLERANCE_H) {
        let rule = "`total_time` is not the time from `start_date_time` to `end_date_time`; the times were taken";
        row.notices.push((rule.to_owned(), format!("{total_h} h, and {stay_h:.3} h")));
    }
    Ok(row)
}

fn session(source: &Source, item: &Value) -> Result<Row, Vec<Rejection>> {
    let mut faults = Vec::new();
    let id = text(item, "id").map_err(|fault| faults.push(fault)).unwrap_or_default();
    let status = item["status"].as_str().unwrap_or_default();
    if status != "COMPLETED" {
        let rule = match status {
            "ACTIVE" | "PENDING" => "`status` must be COMPLETED: a session open at export",
            "INVALID" => "`status` must be COMPLETED: the operator says that the session is invalid",
            "RESERVATION" | "RESERVED" => "`status` must be COMPLETED: a reservation, no session yet",
            _ => "`status` must be COMPLETED",
        };
        faults.push(Rejection::new(rule, if status.is_empty() { id } else { status }));
        // What is missing from a session that is not over is no fault of its own.
        return Err(faults);
    }
    let place = (id, text(item, "evse_uid"), text(item, "connector_id"));
    row(source, item, place, "kwh", &mut faults).filter(|_| faults.is_empty()).ok_or(faults)
}

/// Reads what both objects spell alike. `place` is the id, the EVSE and the connector.
fn row(
    source: &Source,
    item: &Value,
    place: (&str, Result<&str, Rejection>, Result<&str, Rejection>),
    energy: &str,
    faults: &mut Vec<Rejection>,
) -> Option<Row> {
    let (id, evse, connector) = place;
    let mut keep = |fault: Rejection| faults.push(fault);
    let mut named = |name: Result<&str, Rejection>| {
        let name = name.and_then(|name| match name {
            "#NA" => Err(Rejection::new("`evse_uid` or `connector_id` is #NA: a reservation without a place", id)),
            name => Ok(name.to_owned()),
        });
        name.map_err(&mut keep).ok()
    };
    let (evse, connector) = (named(evse), named(connector));
    let mut instant = |field: &str| {
        let fault =
            || Rejection::new(format!("`{field}` must be a time, such as 2026-03-29T08:00:00Z"), short(&item[field]));
        time(item, field).ok_or_else(fault).map_err(&mut keep).ok()
    };
    let (arrival, departure) = (instant("start_date_time"), instant("end_date_time"));
    let energy_wh = item[energy].as_f64().and_then(|kwh| Energy::try_new(kwh * 1000.0).ok());
    if energy_wh.is_none() {
        faults.push(Rejection::new(format!("`{energy}` must be a number"), short(&item[energy])));
    }
    let (arrival, departure) = (arrival?, departure?);
    let session = RecordedSession {
        id: id.to_owned(),
        station: format!("{}-{}", evse?, connector?),
        arrival,
        departure,
        energy_wh: energy_wh?,
        stated: None,
        site: text(item, "location_id").or_else(|_| text(&item["cdr_location"], "id")).ok().map(str::to_owned),
        user: user(item).map(|user| source.driver(&user)),
    };
    Some(Row::new(session))
}

/// Returns what names the driver: the contract where there is one, as a driver may hold several cards.
fn user(item: &Value) -> Option<String> {
    let token = &item["cdr_token"];
    let kind = token["type"].as_str().unwrap_or_default();
    let id = text(token, "contract_id").or_else(|_| text(token, "uid")).ok()?;
    (!NO_DRIVER.contains(&kind)).then(|| id.to_owned())
}

fn text<'a>(item: &'a Value, field: &str) -> Result<&'a str, Rejection> {
    let found = item[field].as_str().map(str::trim).filter(|text| !text.is_empty());
    found.ok_or_else(|| Rejection::new(format!("`{field}` must be a text"), short(&item[field])))
}

/// Reads a time with `Z`, with an offset, or without: then it is UTC (clause 16.5).
fn time(item: &Value, field: &str) -> Option<DateTime<Utc>> {
    let text = item[field].as_str()?.trim();
    let offset = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    offset.or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc())).ok()
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
