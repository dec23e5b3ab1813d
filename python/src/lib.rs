//! The Python module `headroom`. Everything that counts is elsewhere: here it is called by its Python name, with the GIL
//! released, and what comes back is handed on as Arrow or as plain Python values.
#![expect(clippy::needless_pass_by_value, reason = "Python hands over what it passes")]

mod convert;
mod plan;
mod sessions;
mod study;
mod table;

use pyo3::pymodule;

pyo3::create_exception!(
    headroom,
    HeadroomError,
    pyo3::exceptions::PyValueError,
    "What was given cannot be done: the message names the field, the rule and the remedy."
);

/// Makes the error that Python sees, in the words of the command line.
fn refused(error: impl Into<anyhow::Error>) -> pyo3::PyErr {
    HeadroomError::new_err(format!("{:#}", error.into()))
}

/// Plans, simulations and recordings: the controller that runs in production, for analysts.
#[pymodule]
mod headroom {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::{
        HeadroomError,
        plan::{Plan, plan},
        sessions::{Inspection, Sessions, inspect, read_sessions},
        study::{Study, simulate},
        table::Table,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
