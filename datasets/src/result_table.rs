//! Named columns of equal length, as a Parquet file or for other Arrow libraries.

use std::fs::File;
use std::path::Path;

use chrono::{DateTime, Utc};
use polars::prelude::*;

use crate::arrow::{ArrowTable, uneven};
use crate::power_table::TableError;

/// Values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultColumn {
    /// Texts; absent: not known.
    Text(Vec<Option<String>>),
    /// Numbers; absent: not known.
    Number(Vec<Option<f64>>),
    /// Instants, kept to the millisecond.
    Time(Vec<DateTime<Utc>>),
}

/// Writes columns (name, meaning, values) of equal length as Parquet, the meanings in its key-value metadata.
pub fn write_results(path: &Path, columns: &[(&str, &str, ResultColumn)]) -> Result<(), TableError> {
    let mut frame = frame(columns)?;
    let file = File::create(path).map_err(|source| TableError::Unopened { path: path.to_owned(), source })?;
    let metadata = Some(KeyValueMetadata::from_static(metadata(columns)));
    let written = ParquetWriter::new(file).with_key_value_metadata(metadata).finish(&mut frame);
    let unwritten = |error: PolarsError| TableError::Unwritten { path: path.to_owned(), problem: error.to_string() };
    written.map_err(unwritten).map(|_| ())
}

/// Makes a table of columns (name, meaning, values) of equal length.
pub fn arrow_of_columns(columns: &[(&str, &str, ResultColumn)]) -> Result<ArrowTable, TableError> {
    ArrowTable::new(frame(columns)?, &metadata(columns))
}

fn metadata(columns: &[(&str, &str, ResultColumn)]) -> Vec<(String, String)> {
    columns.iter().map(|(name, meaning, _)| (format!("headroom.column.{name}"), (*meaning).to_owned())).collect()
}

fn frame(columns: &[(&str, &str, ResultColumn)]) -> Result<DataFrame, TableError> {
    let column = |(name, _, values): &(&str, &str, ResultColumn)| match values {
        ResultColumn::Text(values) => Column::new((*name).into(), values),
        ResultColumn::Number(values) => Column::new((*name).into(), values),
        ResultColumn::Time(values) => {
            times(name, values.iter().map(|time| Some(time.timestamp_millis())).collect::<Vec<_>>())
        }
    };
    let height = columns.first().map_or(0, |(_, _, values)| match values {
        ResultColumn::Text(values) => values.len(),
        ResultColumn::Number(values) => values.len(),
        ResultColumn::Time(values) => values.len(),
    });
    DataFrame::new(height, columns.iter().map(column).collect()).map_err(uneven)
}

/// Makes a column of instants, UTC. **Units**: ms since 1970.
pub(crate) fn times(name: &str, milliseconds: Vec<Option<i64>>) -> Column {
    // Not by `cast`, which drops the zone where polars is built without its feature for zones.
    Series::new(name.into(), milliseconds).into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
}
