//! Parquet as text; times become RFC 3339, in UTC where the file says UTC.

use chrono::DateTime;
use csv::StringRecord;
use polars::prelude::*;
use std::io::Cursor;

use super::{Table, TextRow};
use crate::import::ImportError;
use crate::import::source::Source;

pub(super) fn read(source: &Source) -> Result<Table, ImportError> {
    let frame = ParquetReader::new(Cursor::new(source.bytes.as_slice())).finish().map_err(|error| {
        let what = error.to_string();
        let rule = format!("must be whole Parquet ({})", what.lines().next().unwrap_or_default());
        source.broken("the file", rule, "copy the file again, or name the format that it has")
    })?;
    let header = frame.get_column_names().iter().map(ToString::to_string).collect();
    let columns: Vec<Vec<Option<String>>> = frame
        .columns()
        .iter()
        .map(texts)
        .collect::<Result<_, _>>()
        .map_err(|(column, what)| source.broken(&column, what, "write the column as text, number or time"))?;
    let row = |index: usize| TextRow {
        at: format!("row {}", index + 1),
        cells: columns.iter().map(|column| column[index].as_deref().unwrap_or_default()).collect::<StringRecord>(),
    };
    Ok(Table { header, rows: (0..frame.height()).map(row).collect() })
}

fn texts(column: &Column) -> Result<Vec<Option<String>>, (String, String)> {
    let told = |what: String| (column.name().to_string(), what);
    if let DataType::Datetime(unit, zone) = column.dtype() {
        if zone.as_ref().is_some_and(|zone| *zone != TimeZone::UTC) {
            return Err(told("has times in a zone that is not UTC".to_owned()));
        }
        let per_second = match unit {
            TimeUnit::Milliseconds => 1_000,
            TimeUnit::Microseconds => 1_000_000,
            TimeUnit::Nanoseconds => 1_000_000_000,
        };
        let ending = if zone.is_some() { "Z" } else { "" };
        let times = column.datetime().map_err(|error| told(error.to_string()))?;
        let text = |count: i64| {
            let nanoseconds = u32::try_from(count.rem_euclid(per_second) * (1_000_000_000 / per_second)).ok()?;
            let time = DateTime::from_timestamp(count.div_euclid(per_second), nanoseconds)?;
            Some(format!("{}{ending}", time.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f")))
        };
        return Ok(times.physical().iter().map(|count| count.and_then(text)).collect());
    }
    let cast = column.cast(&DataType::String).map_err(|error| told(format!("cannot be read ({error})")))?;
    let cast = cast.str().map_err(|error| told(error.to_string()))?;
    Ok(cast.iter().map(|text| text.map(str::to_owned)).collect())
}
