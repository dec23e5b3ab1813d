//! Tables for other Arrow libraries of the same process, by the Arrow C data interface: they take the buffers as they are.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use polars::prelude::{CompatLevel, DataFrame, PolarsError};
use polars_arrow::array::{Array, StructArray};
use polars_arrow::datatypes::{ArrowDataType, Field, Metadata};
use polars_arrow::ffi;

use crate::power_table::TableError;

/// Columns as Arrow holds them, their meanings and units in the schema's metadata. A clone shares the buffers.
#[derive(Debug, Clone)]
pub struct ArrowTable {
    field: Field,
    rows: StructArray,
}

/// The C struct `ArrowArrayStream`, for whoever is given its address. It is released when dropped, unless it was moved
/// out of, as the C stream interface says.
#[derive(Debug)]
#[repr(transparent)]
pub struct ArrowStream(ffi::ArrowArrayStream);

/// The C struct `ArrowSchema`, for whoever is given its address. It is released as [`ArrowStream`] is.
#[derive(Debug)]
#[repr(transparent)]
pub struct ArrowSchema(ffi::ArrowSchema);

impl ArrowTable {
    /// Makes a table of a frame, the metadata's `headroom.column.…` at their columns and the rest at the schema.
    pub(crate) fn new(frame: DataFrame, metadata: &[(String, String)]) -> Result<Self, TableError> {
        let meaning = |key: &str, value: &str| Arc::new(Metadata::from([(key.into(), value.into())]));
        let of_column = |name: &str| {
            let key = format!("headroom.column.{name}");
            metadata.iter().find(|(own, _)| *own == key).map(|(_, value)| meaning("headroom.meaning", value))
        };
        let of_table = metadata.iter().filter(|(key, _)| !key.starts_with("headroom.column."));
        let of_table: Metadata = of_table.map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
        let fields = frame.columns().iter().map(|column| {
            let mut field = column.field().to_arrow(CompatLevel::newest());
            field.metadata = of_column(column.name());
            field
        });
        let dtype = ArrowDataType::Struct(fields.collect());
        let mut field = Field::new("".into(), dtype.clone(), false);
        field.metadata = Some(Arc::new(of_table));
        let height = frame.height();
        let rows = StructArray::try_new(dtype, height, frame.rechunk_into_arrow(CompatLevel::newest()), None);
        Ok(Self { field, rows: rows.map_err(uneven)? })
    }

    /// Returns how many rows it has.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Goes through the names of its columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rows.fields().iter().map(|field| field.name.as_str())
    }

    /// Returns all rows as a stream of one batch.
    pub fn stream(&self) -> ArrowStream {
        let rows: Box<dyn Array> = Box::new(self.rows.clone());
        ArrowStream(ffi::export_iterator(Box::new(std::iter::once(Ok(rows))), self.field.clone()))
    }

    /// Returns names, types and meanings.
    pub fn schema(&self) -> ArrowSchema {
        ArrowSchema(ffi::export_field_to_c(&self.field))
    }
}

/// Says that columns make no table.
#[expect(clippy::needless_pass_by_value, reason = "it is for map_err")]
pub(crate) fn uneven(error: PolarsError) -> TableError {
    TableError::Uneven { problem: error.to_string() }
}
