//! Csv and Parquet as columns of texts.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Cursor;

use chrono::{DateTime, Utc};
use polars::prelude::*;

use crate::file::File;

/// The names of all columns, and the texts of those that were asked for.
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) height: usize,
    pub(super) texts: BTreeMap<String, Vec<Option<String>>>,
}

pub(super) fn csv(file: &File, separator: char, wanted: &[String]) -> PolarsResult<Columns> {
    let separator = u8::try_from(separator).unwrap_or(b',');
    let frame = CsvReadOptions::default()
        .with_infer_schema_length(Some(0))
        .map_parse_options(|options| options.with_separator(separator))
        .into_reader_with_file_handle(Cursor::new(file.bytes.as_slice()))
        .finish()?;
    columns(&frame, wanted)
}

pub(super) fn parquet(file: File, wanted: &[String]) -> PolarsResult<Columns> {
    columns(&ParquetReader::new(Cursor::new(file.bytes)).finish()?, wanted)
}

fn columns(frame: &DataFrame, wanted: &[String]) -> PolarsResult<Columns> {
    let names: Vec<String> = frame.get_column_names().iter().map(|name| name.as_str().to_owned()).collect();
    let mut columns = BTreeMap::new();
    for name in names.iter().filter(|name| wanted.contains(name)) {
        columns.insert(name.clone(), texts(frame.column(name)?)?);
    }
    Ok(Columns { names, height: frame.height(), texts: columns })
}

fn texts(column: &Column) -> PolarsResult<Vec<Option<String>>> {
    Ok(match column.dtype() {
        DataType::String => column.str()?.iter().map(|text| text.map(str::to_owned)).collect(),
        DataType::Datetime(unit, _) => {
            let time = |value: i64| {
                let found = match unit {
                    TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(value)),
                    TimeUnit::Microseconds => DateTime::from_timestamp_micros(value),
                    TimeUnit::Milliseconds => DateTime::from_timestamp_millis(value),
                };
                found.map(|time: DateTime<Utc>| time.to_rfc3339())
            };
            column.datetime()?.physical().iter().map(|value| value.and_then(time)).collect()
        }
        _ => column.cast(&DataType::Float64)?.f64()?.iter().map(|value| value.map(|value| value.to_string())).collect(),
    })
}
