//! `headroom.plan`.

use anyhow::Context as _;
use headroom_datasets::{ArrowTable, ResultColumn, TableError, arrow_of_columns};
use headroom_optimizer::rolling::step;
use headroom_optimizer::shadow::{Explained, explain as explained};
use headroom_optimizer::snapshot::Snapshot;
use headroom_optimizer::table;
use pyo3::prelude::*;

use crate::convert::{Given, to_python};
use crate::refused;
use crate::table::Table;

/// A plan: who gets what, when, and why. `str(plan)` is the table that `headroom plan` shows.
#[pyclass(frozen, module = "headroom")]
pub(crate) struct Plan {
    /// Without being asked, what limits cost is left empty.
    found: Explained,
    is_explained: bool,
    text: String,
    powers: ArrowTable,
}

/// Plans a problem with the optimizer of the service.
///
/// A problem is a dict of the shape that `headroom plan` reads, the path of such a file, or its JSON as bytes. With
/// `explain`, what each limit costs is reckoned as well.
#[pyfunction]
#[pyo3(signature = (problem, *, explain=false))]
pub(crate) fn plan(py: Python<'_>, problem: &Bound<'_, PyAny>, explain: bool) -> PyResult<Plan> {
    let given = Given::new(problem)?;
    py.detach(|| find(&given, explain)).map_err(refused)
}

fn find(given: &Given, explain: bool) -> anyhow::Result<Plan> {
    let snapshot = match given {
        Given::File(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            Snapshot::from_json(&text).with_context(|| path.display().to_string())?
        }
        Given::Json(text) => Snapshot::from_json(text).context("problem")?,
    };
    let found = if explain {
        explained(&snapshot)?
    } else {
        Explained { schedule: step(&snapshot), binding: Vec::new(), sessions: Vec::new() }
    };
    let text =
        if explain { table::render_explained(&snapshot, &found) } else { table::render(&snapshot, &found.schedule) };
    Ok(Plan { powers: powers(&found)?, found, is_explained: explain, text })
}

/// Returns a row per session and step.
fn powers(found: &Explained) -> Result<ArrowTable, TableError> {
    let schedule = &found.schedule;
    let rows =
        || schedule.sessions.iter().flat_map(|plan| schedule.grid.steps().enumerate().map(move |row| (plan, row)));
    let reason = |at: Option<&Option<_>>| at.and_then(Option::as_ref).map(ToString::to_string);
    arrow_of_columns(&[
        ("session", "name of the session", text(rows().map(|(plan, _)| plan.session.to_string()))),
        ("node", "node of its EVSE", text(rows().map(|(plan, _)| plan.node.to_string()))),
        (
            "start",
            "first instant of the step, UTC",
            ResultColumn::Time(rows().map(|(_, (_, step))| step.start).collect()),
        ),
        (
            "end",
            "first instant after the step, UTC",
            ResultColumn::Time(rows().map(|(_, (_, step))| step.end).collect()),
        ),
        (
            "power_w",
            "power planned, W, positive towards the vehicle",
            ResultColumn::Number(
                rows().map(|(plan, (at, _))| plan.power_w.get(at).map(|power| power.as_w())).collect(),
            ),
        ),
        (
            "reason",
            "why it is less than the session could take; null: it is not",
            ResultColumn::Text(rows().map(|(plan, (at, _))| reason(plan.reasons.get(at))).collect()),
        ),
    ])
}

pub(crate) fn text(values: impl Iterator<Item = String>) -> ResultColumn {
    ResultColumn::Text(values.map(Some).collect())
}

#[pymethods]
impl Plan {
    /// The plan as JSON: what `headroom plan --output json` prints.
    #[getter]
    fn json(&self) -> PyResult<String> {
        let json = if self.is_explained {
            serde_json::to_string_pretty(&self.found)
        } else {
            serde_json::to_string_pretty(&self.found.schedule)
        };
        json.map_err(refused)
    }

    /// Steps, sessions with their powers, shortfalls and reasons, cost and status.
    #[getter]
    fn schedule<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.found.schedule)
    }

    /// What limits cost, by step, and by session; None where `explain` was not asked for.
    #[getter]
    fn explanation<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Explained { binding, sessions, .. } = &self.found;
        let explanation = serde_json::json!({ "binding": binding, "sessions": sessions });
        self.is_explained.then(|| to_python(py, &explanation)).transpose()
    }

    /// A row per session and step: session, node, start, end, `power_w`, reason.
    #[getter]
    fn powers(&self) -> Table {
        Table(self.powers.clone())
    }

    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        let schedule = &self.found.schedule;
        format!("Plan of {} sessions in {} steps: {:?}", schedule.sessions.len(), schedule.grid.len(), schedule.status)
    }
}
