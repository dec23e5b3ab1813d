//! Named columns of equal length as a Parquet file.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use crate::power_table::TableError;

/// Values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultColumn {
    /// Texts.
    Text(Vec<String>),
    /// Numbers.
    Number(Vec<f64>),
}

/// Writes columns (name, meaning, values) of equal length as Parquet, the meanings in its key-value metadata.
pub fn write_results(path: &Path, columns: &[(&str, &str, ResultColumn)]) -> Result<(), TableError> {
    let file = File::create(path).map_err(|source| TableError::Unopened { path: path.to_owned(), source })?;
    let metadata: Vec<_> =
        columns.iter().map(|(name, meaning, _)| (format!("headroom.column.{name}"), (*meaning).to_owned())).collect();
    let column = |(name, _, values): &(&str, &str, ResultColumn)| match values {
        ResultColumn::Text(values) => Column::new((*name).into(), values),
        ResultColumn::Number(values) => Column::new((*name).into(), values),
    };
    let height = columns.first().map_or(0, |(_, _, values)| match values {
        ResultColumn::Text(values) => values.len(),
        ResultColumn::Number(values) => values.len(),
    });
    let write = || {
        let mut frame = DataFrame::new(height, columns.iter().map(column).collect())?;
        ParquetWriter::new(file)
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
            .finish(&mut frame)
    };
    let written: PolarsResult<u64> = write();
    let unwritten = |error: PolarsError| TableError::Unwritten { path: path.to_owned(), problem: error.to_string() };
    written.map_err(unwritten).map(|_| ())
}
