//! Signals as a Parquet file.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;

use chrono::{DateTime, Utc};
use polars::prelude::*;

use crate::power_table::TableError;
use crate::signals::{Signal, SignalRow};

/// The layout of the file, in its metadata under `headroom.layout`.
const LAYOUT: &str = "signals, 1";
/// Key and meaning of what the columns hold.
const COLUMNS: [(&str, &str); 6] = [
    ("signal", "what it is, for example load or price"),
    ("unit", "of the value: kW and money per kWh are positive towards the consumer"),
    ("start", "from when it holds, UTC"),
    ("end", "until when, UTC"),
    ("value", "the value; null: the source has the row and no value"),
    ("issued_at", "when it became known, UTC; null: a measurement, known at its end"),
];

/// Writes signals as Parquet, one row per signal and interval, with units, time zones and sources in its key-value metadata
/// (keys `headroom.…`). Times are kept to the millisecond.
pub fn write_signals_parquet(path: &Path, source: &str, signals: &[Signal]) -> Result<(), TableError> {
    let file = File::create(path).map_err(|source| TableError::Unopened { path: path.to_owned(), source })?;
    let mut metadata =
        vec![("headroom.layout".to_owned(), LAYOUT.to_owned()), ("headroom.source".to_owned(), source.to_owned())];
    metadata.extend(COLUMNS.map(|(column, meaning)| (format!("headroom.column.{column}"), meaning.to_owned())));
    for signal in signals {
        let Signal { name, unit, time_zone, source, .. } = signal;
        metadata.push((format!("headroom.signal.{name}"), format!("{unit}; {time_zone}; {source}")));
    }
    let write = || {
        ParquetWriter::new(file)
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
            .finish(&mut frame(signals)?)
    };
    let written: PolarsResult<u64> = write();
    let unwritten = |error: PolarsError| TableError::Unwritten { path: path.to_owned(), problem: error.to_string() };
    written.map_err(unwritten).map(|_| ())
}

fn frame(signals: &[Signal]) -> PolarsResult<DataFrame> {
    let rows: Vec<(&Signal, &SignalRow)> =
        signals.iter().flat_map(|signal| signal.rows.iter().map(move |row| (signal, row))).collect();
    let texts = |name: &str, of: &dyn Fn(&Signal) -> String| {
        Column::new(name.into(), rows.iter().map(|(signal, _)| of(signal)).collect::<Vec<_>>())
    };
    let times = |name: &str, of: &dyn Fn(&SignalRow) -> Option<DateTime<Utc>>| {
        let milliseconds: Vec<Option<i64>> =
            rows.iter().map(|(_, row)| of(row).map(|time| time.timestamp_millis())).collect();
        Series::new(name.into(), milliseconds).into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
    };
    DataFrame::new(
        rows.len(),
        vec![
            texts("signal", &|signal| signal.name.clone()),
            texts("unit", &|signal| signal.unit.to_string()),
            times("start", &|row| Some(row.interval.start)),
            times("end", &|row| Some(row.interval.end)),
            Column::new("value".into(), rows.iter().map(|(_, row)| row.value).collect::<Vec<_>>()),
            times("issued_at", &|row| row.issued_at),
        ],
    )
}
