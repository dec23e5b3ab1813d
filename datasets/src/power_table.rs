//! Power per session and interval as a Parquet file.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use headroom_domain::{Interval, Power};
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::arrow::{ArrowTable, uneven};
use crate::result_table::times;

/// Power per session and interval, with what a reader needs to know of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PowerTable {
    /// What it was made from, for example the name of a recording and a strategy.
    pub source: String,
    /// The site's time zone; the times in the file are UTC.
    pub time_zone: Tz,
    /// The rows, in the order in which they are written.
    pub rows: Vec<PowerRow>,
}

/// Power of one session in one interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PowerRow {
    /// Name of the session.
    pub session: String,
    /// The node of its EVSE.
    pub node: String,
    /// When.
    pub interval: Interval,
    /// Mean power drawn.
    pub power_w: Power,
    /// Power that the profile in force allowed; absent when nothing limited it.
    pub limit_w: Option<Power>,
}

/// A table that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be opened.
    #[error("{}: cannot be opened ({source}): check the folder and its permissions", path.display())]
    Unopened {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file cannot be written, for example because the disk is full.
    #[error("{}: cannot be written ({problem}): check the space on the disk", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        problem: String,
    },
    /// Columns that do not go together.
    #[error("the columns make no table ({problem}): give columns of equal length and different names")]
    Uneven {
        /// What is wrong.
        problem: String,
    },
    /// It is no such table.
    #[error("{}: `{column}` {rule}: give a file written by this version", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The column or the key of the metadata.
        column: String,
        /// What it must be.
        rule: String,
    },
}

/// The layout of the file, in its metadata under `headroom.layout`.
const LAYOUT: &str = "power per session and interval, 1";
/// Key and meaning of what the columns hold.
const COLUMNS: [(&str, &str); 6] = [
    ("session", "name of the session"),
    ("node", "node of its EVSE"),
    ("start", "first instant of the interval, UTC"),
    ("end", "first instant after the interval, UTC"),
    ("power_w", "mean power drawn, W, positive towards the vehicle"),
    ("limit_w", "power allowed by the profile in force, W; null: nothing limited it"),
];

/// Writes a table as Parquet, units, time zone and source in its key-value metadata (keys `headroom.…`).
pub fn write_parquet(path: &Path, table: &PowerTable) -> Result<(), TableError> {
    let file = File::create(path).map_err(|source| TableError::Unopened { path: path.to_owned(), source })?;
    let write = || {
        ParquetWriter::new(file)
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(table.metadata())))
            .finish(&mut frame(&table.rows)?)
    };
    let unwritten = |error: PolarsError| TableError::Unwritten { path: path.to_owned(), problem: error.to_string() };
    write().map_err(unwritten).map(|_| ())
}

impl PowerTable {
    /// Makes a table for other Arrow libraries, with the columns of the file.
    pub fn to_arrow(&self) -> Result<ArrowTable, TableError> {
        ArrowTable::new(frame(&self.rows).map_err(uneven)?, &self.metadata())
    }

    fn metadata(&self) -> Vec<(String, String)> {
        let mut metadata = vec![
            ("headroom.layout".to_owned(), LAYOUT.to_owned()),
            ("headroom.source".to_owned(), self.source.clone()),
            ("headroom.time_zone".to_owned(), self.time_zone.name().to_owned()),
        ];
        metadata.extend(COLUMNS.map(|(column, meaning)| (format!("headroom.column.{column}"), meaning.to_owned())));
        metadata
    }
}

fn frame(rows: &[PowerRow]) -> PolarsResult<DataFrame> {
    let times = |name: &str, of: fn(&PowerRow) -> DateTime<Utc>| {
        times(name, rows.iter().map(|row| Some(of(row).timestamp_millis())).collect())
    };
    let texts =
        |name: &str, of: fn(&PowerRow) -> &str| Column::new(name.into(), rows.iter().map(of).collect::<Vec<_>>());
    let power_w: Vec<f64> = rows.iter().map(|row| row.power_w.as_w()).collect();
    let limit_w: Vec<Option<f64>> = rows.iter().map(|row| row.limit_w.map(Power::as_w)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            texts("session", |row| &row.session),
            texts("node", |row| &row.node),
            times("start", |row| row.interval.start),
            times("end", |row| row.interval.end),
            Column::new("power_w".into(), power_w),
            Column::new("limit_w".into(), limit_w),
        ],
    )
}

/// Reads a table that [`write_parquet`] wrote.
pub fn read_parquet(path: &Path) -> Result<PowerTable, TableError> {
    let file = File::open(path).map_err(|source| TableError::Unopened { path: path.to_owned(), source })?;
    let broken = |column: &str, rule: &str| TableError::Broken {
        path: path.to_owned(),
        column: column.to_owned(),
        rule: rule.to_owned(),
    };
    let mut reader = ParquetReader::new(file);
    let metadata = reader.get_metadata().map_err(|error| broken("the file", &format!("must be Parquet ({error})")))?;
    let pairs = metadata.key_value_metadata().clone().unwrap_or_default();
    let key = |name: &str| {
        let found = pairs.iter().find(|pair| pair.key == name).and_then(|pair| pair.value.clone());
        found.ok_or_else(|| broken(name, "must stand in the metadata"))
    };
    if key("headroom.layout")? != LAYOUT {
        return Err(broken("headroom.layout", &format!("must be `{LAYOUT}`")));
    }
    let time_zone = key("headroom.time_zone")?;
    let time_zone = time_zone.parse().map_err(|_| broken("headroom.time_zone", "must be an IANA time zone"))?;
    let source = key("headroom.source")?;
    let frame = reader.finish().map_err(|error| broken("the file", &format!("must be whole Parquet ({error})")))?;
    let rows = rows(&frame).map_err(|error| broken("columns", &format!("must be those of the layout ({error})")))?;
    let rows = rows.ok_or_else(|| broken("rows", "must hold a name, a rising interval and a finite power each"))?;
    Ok(PowerTable { source, time_zone, rows })
}

/// Returns the rows; `None` when one of them is no row.
fn rows(frame: &DataFrame) -> PolarsResult<Option<Vec<PowerRow>>> {
    let (session, node) = (frame.column("session")?.str()?, frame.column("node")?.str()?);
    let (start, end) = (frame.column("start")?.datetime()?, frame.column("end")?.datetime()?);
    let (power_w, limit_w) = (frame.column("power_w")?.f64()?, frame.column("limit_w")?.f64()?);
    let time = |column: &DatetimeChunked, index| DateTime::from_timestamp_millis(column.physical().get(index)?);
    let row = |index| {
        let limit_w = limit_w.get(index).map(Power::try_new).transpose().ok()?;
        Some(PowerRow {
            session: session.get(index)?.to_owned(),
            node: node.get(index)?.to_owned(),
            interval: Interval::new(time(start, index)?, time(end, index)?)?,
            power_w: Power::try_new(power_w.get(index)?).ok()?,
            limit_w,
        })
    };
    Ok((0..frame.height()).map(row).collect())
}
