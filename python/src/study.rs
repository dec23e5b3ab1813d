//! `headroom.simulate`: studies, as `headroom simulate --manifest` does them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context as _;
use headroom_datasets::{PowerRow, ResultColumn, arrow_of_columns, read_parquet};
use headroom_domain::Power;
use headroom_simulator::study::{
    self, Manifest, PartResult, Progress, Report, Shard, StudyOptions, read_results, result_columns,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tempfile::TempDir;

use crate::convert::{Given, to_python};
use crate::plan::text;
use crate::sessions::Sessions;
use crate::table::Table;
use crate::{HeadroomError, refused};

/// How often Python is asked whether someone pressed Ctrl-C.
const LISTEN: Duration = Duration::from_millis(100);

/// A study's results: all that lie in its folder.
#[pyclass(frozen, module = "headroom")]
pub(crate) struct Study {
    folder: PathBuf,
    results: Vec<PartResult>,
    /// Where no folder was named, the results live as long as this.
    _kept: Option<TempDir>,
}

/// Simulates scenarios under strategies, with the very controller of the service.
///
/// Either a study: a manifest as a dict, or the path of one (TOML). Or one scenario: its fields by name, of which `from`
/// is spelled `from_`, and `strategies`. Results go to the folder `out`, where what is done already is not done again;
/// without one they are kept as long as the study is. `progress(done, parts)` is told of each part. Ctrl-C stops between
/// parts.
#[pyfunction]
#[pyo3(signature = (manifest=None, /, *, strategies=None, seeds=None, out=None, jobs=0, progress=None, **scenario))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub(crate) fn simulate<'py>(
    py: Python<'py>,
    manifest: Option<Bound<'py, PyAny>>,
    strategies: Option<Bound<'py, PyAny>>,
    seeds: Option<Bound<'py, PyAny>>,
    out: Option<PathBuf>,
    jobs: usize,
    progress: Option<Bound<'py, PyAny>>,
    scenario: Option<Bound<'py, PyDict>>,
) -> PyResult<Study> {
    let is_one = scenario.is_some() || strategies.is_some() || seeds.is_some();
    let manifest = match manifest {
        Some(_) if is_one => {
            return Err(HeadroomError::new_err("a manifest and fields of a scenario: give one of them, not both"));
        }
        Some(manifest) => manifest,
        None => of_one_scenario(py, strategies, seeds, scenario)?.into_any(),
    };
    let manifest = load(&Given::new(&manifest)?).map_err(refused)?;
    let kept = out.is_none().then(TempDir::new).transpose()?;
    let folder = out.or_else(|| kept.as_ref().map(|kept| kept.path().to_owned())).unwrap_or_default();
    let options = StudyOptions { out: folder.clone(), shard: Shard::ALL, jobs, build: build(py)? };
    run(py, &manifest, &options, progress.as_ref())?;
    Study::open(folder, kept)
}

/// Makes the manifest of a single scenario, which keeps power per session.
fn of_one_scenario<'py>(
    py: Python<'py>,
    strategies: Option<Bound<'py, PyAny>>,
    seeds: Option<Bound<'py, PyAny>>,
    fields: Option<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let scenario = PyDict::new(py);
    scenario.set_item("name", "simulation")?;
    for (field, value) in fields.iter().flatten() {
        let read = value.cast::<Sessions>().ok().map(Bound::get);
        match (field.extract::<&str>()?, read) {
            ("from_", _) => scenario.set_item("from", value)?,
            ("sessions", Some(read)) => {
                scenario.set_item("sessions", read.path.as_path())?;
                scenario.set_item("format", read.format())?;
            }
            _ => scenario.set_item(field, value)?,
        }
    }
    let manifest = PyDict::new(py);
    manifest.set_item("name", scenario.get_item("name")?)?;
    manifest.set_item("power", true)?;
    manifest.set_item("scenario", [scenario])?;
    for (field, value) in [("strategies", strategies), ("seeds", seeds)] {
        value.map(|value| manifest.set_item(field, value)).transpose()?;
    }
    Ok(manifest)
}

fn load(given: &Given) -> anyhow::Result<Manifest> {
    match given {
        Given::File(path) => Ok(Manifest::load(path)?),
        Given::Json(text) => {
            let manifest: Manifest =
                serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).context("manifest")?;
            Ok(manifest.checked(Path::new("manifest"))?)
        }
    }
}

/// Names this program: results of another one are made anew.
fn build(py: Python<'_>) -> PyResult<String> {
    let library: PathBuf = py.import("headroom.headroom")?.getattr("__file__")?.extract()?;
    let digest = py.detach(|| std::fs::read(library).map(|library| study::digest([library])))?;
    Ok(format!("headroom {}, {digest}", env!("CARGO_PKG_VERSION")))
}

/// Does the parts in threads of their own, while this one listens to Python.
fn run(
    py: Python<'_>,
    manifest: &Manifest,
    options: &StudyOptions,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let (told, mut heard) = mpsc::channel();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = &stop;
        let parts = scope.spawn(move || {
            study::run(manifest, options, |progress| match told.send(progress) {
                Ok(()) if !stop.load(Ordering::Relaxed) => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            })
        });
        let listened = listen(py, &mut heard, progress);
        stop.store(listened.is_err(), Ordering::Relaxed);
        let done = py.detach(|| parts.join());
        listened?;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map(|_| ()).map_err(refused)
    })
}

/// Hears of the parts until there are no more. **Errors**: Ctrl-C was pressed, or `progress` failed.
fn listen(py: Python<'_>, heard: &mut Receiver<Progress>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let mut told = 0;
    loop {
        let next = &mut *heard;
        let next = py.detach(move || next.recv_timeout(LISTEN));
        py.check_signals()?;
        match (next, progress) {
            (Ok(Progress { done, parts, .. }), Some(progress)) if done > told => {
                told = done;
                drop(progress.call1((done, parts))?);
            }
            (Err(RecvTimeoutError::Disconnected), _) => return Ok(()),
            _ => {}
        }
    }
}

impl Study {
    fn open(folder: PathBuf, kept: Option<TempDir>) -> PyResult<Self> {
        let results = read_results(&folder).map_err(refused)?;
        Ok(Self { folder, results, _kept: kept })
    }

    /// Goes through the results that are asked for.
    fn chosen(&self, filter: Filter) -> impl Iterator<Item = &PartResult> {
        self.results.iter().filter(move |one| {
            filter.scenario.as_ref().is_none_or(|name| one.part.scenario == *name)
                && filter.strategy.as_ref().is_none_or(|name| one.part.strategy.to_string() == *name)
                && filter.seed.is_none_or(|seed| one.part.seed == seed)
        })
    }
}

/// Which results; absent: all.
struct Filter {
    scenario: Option<String>,
    strategy: Option<String>,
    seed: Option<u64>,
}

#[pymethods]
impl Study {
    /// Opens the folder of a study that was done before, for example by `headroom simulate --manifest`.
    #[new]
    fn new(folder: PathBuf) -> PyResult<Self> {
        Self::open(folder, None)
    }

    /// The folder of the results.
    #[getter]
    fn folder(&self) -> &Path {
        &self.folder
    }

    /// A row per part: what it is, what it came to, what it is made from.
    #[getter]
    fn scores(&self) -> PyResult<Table> {
        Table::new(arrow_of_columns(&result_columns(&self.results)))
    }

    /// Strategies side by side over all parts, with confidence over seeds and remarks: what `headroom report` shows.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &Report::new(&self.results))
    }

    /// The day that is shown of each scenario, in steps of five minutes: scenario, strategy, seed, start, `vehicles_kw`,
    /// `base_kw`, `limit_kw`.
    #[getter]
    fn days(&self) -> PyResult<Table> {
        let rows = || self.results.iter().flat_map(|one| one.day.iter().map(move |step| (one, step)));
        let number =
            |of: fn(&study::DayStep) -> Option<f64>| ResultColumn::Number(rows().map(|(_, step)| of(step)).collect());
        Table::new(arrow_of_columns(&[
            ("scenario", "name of the scenario", text(rows().map(|(one, _)| one.part.scenario.clone()))),
            ("strategy", "how it was steered", text(rows().map(|(one, _)| one.part.strategy.to_string()))),
            ("seed", "seed of what is left to chance", text(rows().map(|(one, _)| one.part.seed.to_string()))),
            (
                "start",
                "first instant of five minutes, UTC",
                ResultColumn::Time(rows().map(|(_, step)| step.start).collect()),
            ),
            ("vehicles_kw", "mean power of the vehicles, kW", number(|step| Some(step.vehicles_kw))),
            ("base_kw", "mean power of everything else, kW", number(|step| Some(step.base_kw))),
            ("limit_kw", "lowest limit in force, kW; null: nothing limits", number(|step| step.limit_kw)),
        ]))
    }

    /// Power per session and interval, of all parts or of those asked for. Where that is too much for the memory, the
    /// same lies in the folder as a Parquet file per part.
    #[pyo3(signature = (*, scenario=None, strategy=None, seed=None))]
    fn power(
        &self,
        py: Python<'_>,
        scenario: Option<String>,
        strategy: Option<String>,
        seed: Option<u64>,
    ) -> PyResult<Table> {
        py.detach(|| self.powers(Filter { scenario, strategy, seed })).map_err(refused)
    }

    fn __repr__(&self) -> String {
        format!("Study of {} parts in {}", self.results.len(), self.folder.display())
    }
}

impl Study {
    fn powers(&self, filter: Filter) -> anyhow::Result<Table> {
        let mut rows: Vec<(&PartResult, PowerRow)> = Vec::new();
        for one in self.chosen(filter) {
            let path = self.folder.join("parts").join(format!("{}.parquet", one.part.file_stem()));
            if !path.is_file() {
                anyhow::bail!(
                    "{}: is not there: set `power = true` in the manifest, and simulate again",
                    path.display()
                );
            }
            rows.extend(read_parquet(&path)?.rows.into_iter().map(|row| (one, row)));
        }
        let of_part = |of: fn(&PartResult) -> String| text(rows.iter().map(|(one, _)| of(one)));
        let time = |of: fn(&PowerRow) -> _| ResultColumn::Time(rows.iter().map(|(_, row)| of(row)).collect());
        let power =
            |of: fn(&PowerRow) -> Option<f64>| ResultColumn::Number(rows.iter().map(|(_, row)| of(row)).collect());
        Ok(Table(arrow_of_columns(&[
            ("scenario", "name of the scenario", of_part(|one| one.part.scenario.clone())),
            ("site", "which of its sites, from 0", of_part(|one| one.part.site.to_string())),
            ("strategy", "how it was steered", of_part(|one| one.part.strategy.to_string())),
            ("seed", "seed of what is left to chance", of_part(|one| one.part.seed.to_string())),
            ("session", "name of the session", text(rows.iter().map(|(_, row)| row.session.clone()))),
            ("node", "node of its EVSE", text(rows.iter().map(|(_, row)| row.node.clone()))),
            ("start", "first instant of the interval, UTC", time(|row| row.interval.start)),
            ("end", "first instant after the interval, UTC", time(|row| row.interval.end)),
            ("power_w", "mean power drawn, W, positive towards the vehicle", power(|row| Some(row.power_w.as_w()))),
            (
                "limit_w",
                "power allowed by the profile in force, W; null: nothing limited it",
                power(|row| row.limit_w.map(Power::as_w)),
            ),
        ])?))
    }
}
