//! The JSON of the ACN-Data web export (Lee, Li, Low 2019): `{"_meta": …, "_items": […]}` or the bare list of items.
//!
//! Times are RFC 1123 text in GMT. `sessionID` ends in the UTC start of the session, which checks `connectionTime`:
//! exports made before 2019-10-10 are 7 to 8 h off, because local times went out as GMT.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use headroom_domain::Energy;
use serde_json::Value;

use super::collector::{Collector, Local, Rejection, Row};
use super::source::Source;
use super::{Format, Import, ImportError};
use crate::session::{RecordedSession, Stated};

/// A start may be written this much apart in `sessionID` and `connectionTime`.
const START_TOLERANCE: TimeDelta = TimeDelta::minutes(30);

pub(super) fn read(source: &Source) -> Result<Import, ImportError> {
    let root: Value = serde_json::from_slice(&source.bytes)
        .map_err(|error| source.broken("the text", format!("is no JSON ({error})"), "export or copy the file again"))?;
    let items = match &root {
        Value::Array(items) => items,
        Value::Object(_) => root["_items"].as_array().ok_or_else(|| not_items(source))?,
        _ => return Err(not_items(source)),
    };
    let mut collector = Collector::default();
    let zone = items.iter().find_map(|item| item["timezone"].as_str());
    zone.unwrap_or_default().clone_into(&mut collector.zone);
    for (index, item) in items.iter().enumerate() {
        collector.take(&format!("_items[{index}]"), row(source, item).map_err(|fault| vec![fault]));
    }
    collector.finish(source, &Format::AcnJson)
}

fn not_items(source: &Source) -> ImportError {
    source.broken("_items", "must be the list of sessions", "give the whole export, or the bare list of its items")
}

/// How the times of an item are to be read.
#[derive(Debug, Clone, Copy)]
enum Times {
    /// As written.
    Right,
    /// Local times written as GMT.
    Local(Tz),
    /// The zone's offset applied with the wrong sign.
    Twice(Tz),
}

impl Times {
    fn read(self, written: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Right => written,
            // In the hour that a clock change skips there is no local time: the offset before it is taken.
            Self::Local(zone) => {
                let local = written.naive_utc();
                let earliest = zone.from_local_datetime(&local).earliest().map(|time| time.to_utc());
                earliest.unwrap_or_else(|| written - offset(zone, written - TimeDelta::hours(3)))
            }
            Self::Twice(zone) => written + offset(zone, written),
        }
    }
}

fn offset(zone: Tz, at: DateTime<Utc>) -> TimeDelta {
    TimeDelta::seconds(i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()))
}

fn row(source: &Source, item: &Value) -> Result<Row, Rejection> {
    let (mut repairs, mut notices) = (Vec::new(), Vec::new());
    let connected = time(item, "connectionTime")?;
    let id = text(item, "sessionID")?;
    let times = times(item, id, connected, &mut repairs, &mut notices);
    let (arrival, departure) = (times.read(connected), times.read(time(item, "disconnectTime")?));
    let done = optional_time(item, "doneChargingTime").map(|done| times.read(done));
    if let Some(done) = done.filter(|done| *done > departure) {
        let rule = "`doneChargingTime` is later than `disconnectTime`; it is not used".to_owned();
        notices.push((rule, done.to_rfc3339()));
    }
    let energy_wh = item["kWhDelivered"].as_f64().and_then(|kwh| Energy::try_new(kwh * 1000.0).ok());
    let energy_wh =
        energy_wh.ok_or_else(|| Rejection::new("`kWhDelivered` must be a number", item["kWhDelivered"].to_string()))?;
    let station = text(item, "spaceID").or_else(|_| text(item, "stationID"))?.to_owned();
    let first = first_revision(item, &mut repairs);
    let stated = first.and_then(|first| stated(first, arrival, departure, times, &mut repairs));
    let user = user(item, first, &mut notices).map(|user| source.driver(&user));
    let site = text(item, "siteID").ok().map(str::to_owned);
    let session = RecordedSession { id: id.to_owned(), station, site, arrival, departure, energy_wh, stated, user };
    let zone = item["timezone"].as_str().and_then(|zone| zone.parse::<Tz>().ok());
    let local = zone.map(|zone| Local::in_zone(zone, arrival, departure));
    Ok(Row { repairs, notices, local, ..Row::new(session) })
}

/// Compares the start in the session's name with the one written, and tells how the times are to be read.
fn times(
    item: &Value,
    id: &str,
    connected: DateTime<Utc>,
    repairs: &mut Vec<(String, String)>,
    notices: &mut Vec<(String, String)>,
) -> Times {
    let Some(started) = start_in(id) else { return Times::Right };
    let late = started - connected;
    if late.abs() <= START_TOLERANCE {
        return Times::Right;
    }
    let value = format!("{id}: {}", connected.to_rfc3339());
    let zone = item["timezone"].as_str().and_then(|zone| zone.parse::<Tz>().ok());
    if let Some(zone) = zone {
        let offset = offset(zone, started);
        for (apart, times, what) in [
            (late + offset, Times::Local(zone), "local times written as GMT were read as local"),
            (late - offset, Times::Twice(zone), "the offset of the zone was applied with its sign turned"),
        ] {
            if apart.abs() <= START_TOLERANCE {
                repairs.push((format!("`connectionTime` must agree with the UTC start in `sessionID`; {what}"), value));
                return times;
            }
        }
    }
    notices.push(("`connectionTime` does not agree with the UTC start in `sessionID`; it was taken".to_owned(), value));
    Times::Right
}

fn start_in(id: &str) -> Option<DateTime<Utc>> {
    let (_, start) = id.rsplit_once('_')?;
    NaiveDateTime::parse_from_str(start, "%Y-%m-%d %H:%M:%S%.f").ok().map(|start| start.and_utc())
}

/// Returns what the driver said first: of the revisions the one with the earliest `modifiedAt`.
fn first_revision<'a>(item: &'a Value, repairs: &mut Vec<(String, String)>) -> Option<&'a Value> {
    let inputs = &item["userInputs"];
    if inputs.is_null() {
        return None;
    }
    let Some(revisions) = inputs.as_array() else {
        repairs.push(("`userInputs` must be a list or null; it was left out".to_owned(), short(inputs)));
        return None;
    };
    let dated = revisions.iter().filter_map(|revision| Some((optional_time(revision, "modifiedAt")?, revision)));
    let first = dated.min_by_key(|(modified, _)| *modified).map(|(_, revision)| revision);
    if first.is_none() && !revisions.is_empty() {
        let rule = "`userInputs[].modifiedAt` must say when a driver spoke; it was left out";
        repairs.push((rule.to_owned(), short(inputs)));
    }
    first
}

fn stated(
    revision: &Value,
    arrival: DateTime<Utc>,
    departure: DateTime<Utc>,
    times: Times,
    repairs: &mut Vec<(String, String)>,
) -> Option<Stated> {
    let written = optional_time(revision, "modifiedAt")?;
    // Not every export that has its sessions' times wrong has these wrong: what lies nearer to the arrival is right.
    let near = |times: Times| (times.read(written) - arrival).abs();
    let times = if near(times) <= near(Times::Right) { times } else { Times::Right };
    let known_from = times.read(written);
    if known_from >= departure {
        repairs.push((
            "`modifiedAt` must be before `disconnectTime`; what was said was left out".to_owned(),
            short(revision),
        ));
        return None;
    }
    let energy_wh = revision["kWhRequested"].as_f64().filter(|kwh| *kwh > 0.0);
    let energy_wh = energy_wh.and_then(|kwh| Energy::try_new(kwh * 1000.0).ok());
    let minutes = revision["minutesAvailable"].as_f64().filter(|minutes| (0.0..1e6).contains(minutes));
    let leaving = optional_time(revision, "requestedDeparture").map(|leaving| times.read(leaving));
    #[expect(clippy::cast_possible_truncation, reason = "below a million minutes")]
    let leaving = leaving.or_else(|| minutes.map(|minutes| arrival + TimeDelta::seconds((minutes * 60.0) as i64)));
    let leaving = leaving.filter(|leaving| *leaving > arrival);
    if energy_wh.is_none() {
        repairs.push(("`kWhRequested` must be more than 0; it was left out".to_owned(), short(revision)));
    }
    if leaving.is_none() {
        let rule = "`requestedDeparture` must be later than the arrival; it was left out";
        repairs.push((rule.to_owned(), short(revision)));
    }
    (energy_wh.is_some() || leaving.is_some()).then_some(Stated { energy_wh, departure: leaving, known_from })
}

/// Returns the driver's id: the item has it as text, its inputs have it as a number.
fn user(item: &Value, revision: Option<&Value>, notices: &mut Vec<(String, String)>) -> Option<String> {
    let own = id(&item["userID"]);
    let inputs = revision.and_then(|revision| id(&revision["userID"]));
    if let (Some(own), Some(inputs)) = (&own, &inputs)
        && own.trim_start_matches('0') != inputs.trim_start_matches('0')
    {
        notices
            .push(("`userInputs[].userID` is not the `userID` of the item, which was taken".to_owned(), String::new()));
    }
    own.or(inputs)
}

fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn text<'a>(item: &'a Value, field: &str) -> Result<&'a str, Rejection> {
    let found = item[field].as_str().map(str::trim).filter(|text| !text.is_empty());
    found.ok_or_else(|| Rejection::new(format!("`{field}` must be a text"), short(&item[field])))
}

fn time(item: &Value, field: &str) -> Result<DateTime<Utc>, Rejection> {
    optional_time(item, field).ok_or_else(|| {
        let rule = format!("`{field}` must be an RFC 1123 time, such as Wed, 25 Apr 2018 11:08:04 GMT");
        let open = if item[field].is_null() { "; null is a session open at export" } else { "" };
        Rejection::new(rule + open, short(&item[field]))
    })
}

fn optional_time(item: &Value, field: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(item[field].as_str()?.trim()).ok().map(|time| time.to_utc())
}

/// Returns a value as text short enough for a report, without what names a driver.
fn short(value: &Value) -> String {
    let mut shown = value.clone();
    for revision in shown.as_array_mut().into_iter().flatten() {
        remove_user(revision);
    }
    remove_user(&mut shown);
    shown.to_string().chars().take(120).collect()
}

fn remove_user(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.remove("userID");
    }
}
