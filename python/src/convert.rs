//! Python values to JSON and back, by Python's own `json`.

use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict as _, PyBytes};
use serde::Serialize;

use crate::refused;

/// What was given: a file, or JSON.
pub(crate) enum Given {
    /// The path of a file.
    File(PathBuf),
    /// A text.
    Json(String),
}

impl Given {
    /// Takes a `str` or path for a file, `bytes` for JSON, and makes JSON of all else.
    pub(crate) fn new(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = value.cast::<PyBytes>() {
            let text = std::str::from_utf8(bytes.as_bytes()).map_err(refused)?;
            return Ok(Self::Json(text.to_owned()));
        }
        value.extract().map(Self::File).or_else(|_| to_json(value).map(Self::Json))
    }
}

fn to_json(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = value.py();
    let options = [("default", wrap_pyfunction!(plain, py)?)].into_py_dict(py)?;
    py.import("json")?.call_method("dumps", (value,), Some(&options))?.extract()
}

/// Returns the plain form of what JSON does not know: of times, paths, and the arrays and numbers of `NumPy`.
#[pyfunction]
fn plain<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    for form in ["isoformat", "__fspath__", "tolist"] {
        if let Some(form) = value.getattr_opt(form)? {
            return form.call0();
        }
    }
    let kind = value.get_type().name()?;
    Err(PyTypeError::new_err(format!(
        "a value of type {kind} has no JSON form: give numbers, texts, times, lists, dicts"
    )))
}

/// Makes Python values of what has a JSON form.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (serde_json::to_string(value).map_err(refused)?,))
}
