//! Recorded sessions as a Parquet file.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use headroom_domain::Energy;
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::arrow::{ArrowTable, uneven};
use crate::power_table::TableError;
use crate::result_table::times;
use crate::session::{RecordedSession, Stated};

/// Recorded sessions, with what a reader needs to know of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionTable {
    /// What they were read from, for example the name of a file.
    pub source: String,
    /// The time zone of the sites; the times in the file are UTC. Absent: not known.
    pub time_zone: Option<Tz>,
    /// The sessions, in the order in which they are written.
    pub sessions: Vec<RecordedSession>,
}

/// The layout of the file, in its metadata under `headroom.layout`.
const LAYOUT: &str = "recorded sessions, 1";
/// Key and meaning of what the columns hold.
const COLUMNS: [(&str, &str); 10] = [
    ("session", "name of the session in the source"),
    ("station", "the plug it charged at"),
    ("site", "where the plug is; null: not known"),
    ("arrival", "plugged in, UTC"),
    ("departure", "unplugged, UTC"),
    ("energy_wh", "energy delivered, Wh, positive towards the vehicle"),
    ("stated_energy_wh", "energy asked for by the driver, Wh; null: not said"),
    ("stated_departure", "departure expected by the driver, UTC; null: not said"),
    ("stated_known_from", "when the driver said so, UTC; null: nothing was said"),
    ("user", "the driver as a salted hash; null: not known"),
];

/// Writes sessions as Parquet, units, time zone and source in its key-value metadata (keys `headroom.…`).
///
/// Times are kept to the millisecond. `generic-parquet` of [`crate::read_sessions`] reads it back.
pub fn write_sessions_parquet(path: &Path, table: &SessionTable) -> Result<(), TableError> {
    let file = File::create(path).map_err(|source| TableError::Unopened { path: path.to_owned(), source })?;
    let write = || {
        ParquetWriter::new(file)
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(table.metadata())))
            .finish(&mut frame(&table.sessions)?)
    };
    let unwritten = |error: PolarsError| TableError::Unwritten { path: path.to_owned(), problem: error.to_string() };
    write().map_err(unwritten).map(|_| ())
}

impl SessionTable {
    /// Makes a table for other Arrow libraries, with the columns of the file.
    pub fn to_arrow(&self) -> Result<ArrowTable, TableError> {
        ArrowTable::new(frame(&self.sessions).map_err(uneven)?, &self.metadata())
    }

    fn metadata(&self) -> Vec<(String, String)> {
        let mut metadata = vec![
            ("headroom.layout".to_owned(), LAYOUT.to_owned()),
            ("headroom.source".to_owned(), self.source.clone()),
        ];
        metadata.extend(self.time_zone.map(|zone| ("headroom.time_zone".to_owned(), zone.name().to_owned())));
        metadata.extend(COLUMNS.map(|(column, meaning)| (format!("headroom.column.{column}"), meaning.to_owned())));
        metadata
    }
}

fn frame(sessions: &[RecordedSession]) -> PolarsResult<DataFrame> {
    let times = |name: &str, of: &dyn Fn(&RecordedSession) -> Option<DateTime<Utc>>| {
        times(name, sessions.iter().map(|session| of(session).map(|time| time.timestamp_millis())).collect())
    };
    let texts = |name: &str, of: &dyn Fn(&RecordedSession) -> Option<String>| {
        Column::new(name.into(), sessions.iter().map(of).collect::<Vec<_>>())
    };
    let energies = |name: &str, of: &dyn Fn(&RecordedSession) -> Option<Energy>| {
        Column::new(name.into(), sessions.iter().map(|session| of(session).map(Energy::as_wh)).collect::<Vec<_>>())
    };
    DataFrame::new(
        sessions.len(),
        vec![
            texts("session", &|session| Some(session.id.clone())),
            texts("station", &|session| Some(session.station.clone())),
            texts("site", &|session| session.site.clone()),
            times("arrival", &|session| Some(session.arrival)),
            times("departure", &|session| Some(session.departure)),
            energies("energy_wh", &|session| Some(session.energy_wh)),
            energies("stated_energy_wh", &|session| session.stated?.energy_wh),
            times("stated_departure", &|session| session.stated?.departure),
            times("stated_known_from", &|session| session.stated.map(|stated| stated.known_from)),
            texts("user", &|session| session.user.clone()),
        ],
    )
}

/// Reads sessions that [`write_sessions_parquet`] wrote.
pub fn read_sessions_parquet(path: &Path) -> Result<SessionTable, TableError> {
    let bytes = std::fs::read(path).map_err(|source| TableError::Unopened { path: path.to_owned(), source })?;
    let broken = |(column, rule): (String, String)| TableError::Broken { path: path.to_owned(), column, rule };
    let table = from_bytes(&bytes).map_err(broken)?;
    table.ok_or_else(|| broken(("headroom.layout".to_owned(), format!("must be `{LAYOUT}`"))))
}

/// Reads the layout of this crate; `None` where the file has another one. **Errors**: column and rule.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Option<SessionTable>, (String, String)> {
    let broken = |column: &str, rule: String| (column.to_owned(), rule);
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let metadata = reader.get_metadata().map_err(|error| broken("the file", format!("must be Parquet ({error})")))?;
    let pairs = metadata.key_value_metadata().clone().unwrap_or_default();
    let key = |name: &str| pairs.iter().find(|pair| pair.key == name).and_then(|pair| pair.value.clone());
    if key("headroom.layout").as_deref() != Some(LAYOUT) {
        return Ok(None);
    }
    let zone =
        |name: String| name.parse().map_err(|_| broken("headroom.time_zone", "must be an IANA time zone".into()));
    let time_zone = key("headroom.time_zone").map(zone).transpose()?;
    let frame = reader.finish().map_err(|error| broken("the file", format!("must be whole Parquet ({error})")))?;
    let sessions =
        sessions(&frame).map_err(|error| broken("columns", format!("must be those of the layout ({error})")))?;
    let rule = "must hold names, times and a finite energy each".to_owned();
    let sessions = sessions.ok_or_else(|| broken("rows", rule))?;
    Ok(Some(SessionTable { source: key("headroom.source").unwrap_or_default(), time_zone, sessions }))
}

/// Returns the rows; `None` when one of them is no session.
fn sessions(frame: &DataFrame) -> PolarsResult<Option<Vec<RecordedSession>>> {
    let text = |name: &str| frame.column(name)?.str();
    let time = |name: &str| frame.column(name)?.datetime();
    let number = |name: &str| frame.column(name)?.f64();
    let (names, stations, users) = (text("session")?, text("station")?, text("user")?);
    // Files written before there were sites have no such column.
    let sites = text("site").ok();
    let (arrivals, departures) = (time("arrival")?, time("departure")?);
    let (energies, asked) = (number("energy_wh")?, number("stated_energy_wh")?);
    let (leaving, known) = (time("stated_departure")?, time("stated_known_from")?);
    let at = |column: &DatetimeChunked, index| DateTime::from_timestamp_millis(column.physical().get(index)?);
    let row = |index| {
        let energy_wh = asked.get(index).map(Energy::try_new).transpose().ok()?;
        let stated = at(known, index).map(|known_from| Stated { energy_wh, departure: at(leaving, index), known_from });
        Some(RecordedSession {
            id: names.get(index)?.to_owned(),
            station: stations.get(index)?.to_owned(),
            site: sites.and_then(|sites| sites.get(index)).map(str::to_owned),
            arrival: at(arrivals, index)?,
            departure: at(departures, index)?,
            energy_wh: Energy::try_new(energies.get(index)?).ok()?,
            stated,
            user: users.get(index).map(str::to_owned),
        })
    };
    Ok((0..frame.height()).map(row).collect())
}
