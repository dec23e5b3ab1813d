//! Arrow tables, handed over by the `PyCapsule` interface.

use headroom_datasets::ArrowTable;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::refused;

/// An Arrow table: `polars.DataFrame(table)` and `pyarrow.table(table)` take its buffers without copying them, and
/// `pandas.DataFrame.from_arrow(table)` makes numpy arrays of them. What its columns mean, with their units, is in the
/// schema's metadata.
#[pyclass(frozen, subclass, module = "headroom")]
pub(crate) struct Table(pub(crate) ArrowTable);

impl Table {
    pub(crate) fn new(table: Result<ArrowTable, headroom_datasets::TableError>) -> PyResult<Self> {
        table.map(Self).map_err(refused)
    }
}

#[pymethods]
impl Table {
    /// The rows as a stream, for Arrow libraries. Another schema cannot be asked for.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets a producer answer with what it has.
        drop(requested_schema);
        PyCapsule::new_with_value(py, self.0.stream(), c"arrow_array_stream")
    }

    /// Names, types and meanings of the columns, for Arrow libraries.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        PyCapsule::new_with_value(py, self.0.schema(), c"arrow_schema")
    }

    /// Names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<&str> {
        self.0.names().collect()
    }

    fn __len__(&self) -> usize {
        self.0.height()
    }

    fn __repr__(&self) -> String {
        format!("Table of {} rows: {}", self.0.height(), self.0.names().collect::<Vec<_>>().join(", "))
    }
}
