//! Doing the parts of a study, those that are not done yet.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use headroom_datasets::{ImportError, PowerTable, TableError, write_parquet};
use headroom_domain::Power;
use headroom_domain::site::SiteError;
use headroom_domain::time::floor_to;
use headroom_domain::units::seconds;
use rayon::prelude::*;

use super::ground::{Ground, Piece};
use super::manifest::{Manifest, ManifestError, ScenarioEntry};
use super::part::{DayStep, Part, PartResult};
use crate::engine::{self, SimulateError, SiteFileError, midnight};
use crate::station::Messaging;
use crate::world::{TraceStep, World, score, twin};

/// Sessions that miss no more than this are served. **Units**: kWh.
const SERVED_KWH: f64 = 0.1;
/// Steps of the day that is shown.
const SHOWN_STEP: TimeDelta = TimeDelta::minutes(5);

/// Every n-th part of a study, counted from 1: `2/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// All parts.
    pub const ALL: Self = Self { index: 1, count: 1 };

    fn holds(self, at: usize) -> bool {
        at % self.count == self.index - 1
    }
}

/// No shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("shard `{0}` must be i/n with 1 <= i <= n, for example 2/8")]
pub struct NoShard(String);

impl FromStr for Shard {
    type Err = NoShard;
    fn from_str(text: &str) -> Result<Self, NoShard> {
        let numbers = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((index, count)) if 1 <= index && index <= count => Ok(Self { index, count }),
            _ => Err(NoShard(text.to_owned())),
        }
    }
}

/// How a study is done.
#[derive(Debug, Clone)]
pub struct StudyOptions {
    /// Where results go and where earlier ones are.
    pub out: PathBuf,
    /// Which parts.
    pub shard: Shard,
    /// How many parts at a time; 0: as many as there are cores.
    pub jobs: usize,
    /// What names the program: results of another build are made anew.
    pub build: String,
}

/// How far a study is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Parts done, those found done among them.
    pub done: usize,
    /// Parts that were found done.
    pub found: usize,
    /// Parts of the shard.
    pub parts: usize,
}

/// Why a study ended early. What is done stays done.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The manifest cannot be followed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The recording cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The site's file cannot be read.
    #[error(transparent)]
    SiteFile(#[from] SiteFileError),
    /// The site cannot be.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A part cannot be simulated.
    #[error("{part}: {source}")]
    Part {
        /// Which.
        part: String,
        /// Why.
        source: Box<SimulateError>,
    },
    /// The power cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A result is none.
    #[error("{}: {source}: delete it, and run the study again", path.display())]
    NoResult {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It was told to stop.
    #[error("stopped before all parts were done: run the study again to go on")]
    Stopped,
    /// A folder without results.
    #[error("{}: there are no results: give the folder that `--out` named", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// Does a study's parts and returns how many there are. `tell` hears before each of them and after it, from any thread,
/// and says whether to go on.
pub fn run(
    manifest: &Manifest,
    options: &StudyOptions,
    tell: impl Fn(Progress) -> ControlFlow<()> + Sync,
) -> Result<Progress, StudyError> {
    let folder = options.out.join("parts");
    fs::create_dir_all(&folder).map_err(|source| StudyError::File { path: folder.clone(), source })?;
    let parts = parts(manifest);
    let own: Vec<&(usize, Part)> =
        parts.iter().enumerate().filter(|(at, _)| options.shard.holds(*at)).map(|(_, part)| part).collect();
    let mut grounds = Vec::with_capacity(manifest.scenarios.len());
    for (at, entry) in manifest.scenarios.iter().enumerate() {
        let is_needed = own.iter().any(|(scenario, _)| *scenario == at);
        grounds.push(is_needed.then(|| Ground::read(entry, &options.build)).transpose()?);
    }
    let (done, found) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let progress =
        || Progress { done: done.load(Ordering::Relaxed), found: found.load(Ordering::Relaxed), parts: own.len() };
    let one = |(scenario, part): &&(usize, Part)| -> Result<(), StudyError> {
        let Some(ground) = &grounds[*scenario] else { return Ok(()) };
        let ask = || if tell(progress()).is_break() { Err(StudyError::Stopped) } else { Ok(()) };
        // A thread that waits for another pool begins with further parts before it ends this one.
        ask()?;
        found.fetch_add(usize::from(do_part(ground, part, manifest.power, &folder)?), Ordering::Relaxed);
        done.fetch_add(1, Ordering::Relaxed);
        ask()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs).build();
    let pool = pool.map_err(|error| StudyError::File { path: folder.clone(), source: std::io::Error::other(error) })?;
    pool.install(|| own.par_iter().try_for_each(one))?;
    Ok(progress())
}

/// Returns all parts of a study with their scenarios, always in the same order.
fn parts(manifest: &Manifest) -> Vec<(usize, Part)> {
    let mut parts = Vec::new();
    for (at, entry) in manifest.scenarios.iter().enumerate() {
        for (site, from, to) in Ground::pieces(entry) {
            for &seed in &manifest.seeds {
                for &strategy in &manifest.strategies {
                    parts.push((at, Part { scenario: entry.name.clone(), site, from, to, strategy, seed }));
                }
            }
        }
    }
    parts
}

/// Does a part, unless its result is there; returns whether it was.
fn do_part(ground: &Ground<'_>, part: &Part, power: bool, folder: &Path) -> Result<bool, StudyError> {
    let key = ground.inputs.key(part);
    let path = folder.join(format!("{}.json", part.file_stem()));
    let table = folder.join(format!("{}.parquet", part.file_stem()));
    let is_done = |text: Vec<u8>| serde_json::from_slice::<PartResult>(&text).is_ok_and(|result| result.key == key);
    if fs::read(&path).is_ok_and(is_done) && (!power || table.is_file()) {
        return Ok(true);
    }
    let Piece { plan, history, left_out } = ground.piece(part)?;
    let failed = |source| StudyError::Part { part: part.file_stem(), source: Box::new(source) };
    let run = engine::run(&plan, part.strategy, &history, Messaging::default()).map_err(failed)?;
    let (score, sessions) = score(&run.world, &twin(&plan)?);
    let missed = sessions.iter().map(|session| session.needed_kwh - session.delivered_kwh);
    let mut shortfalls_kwh: Vec<f64> = missed.filter(|missed| *missed > SERVED_KWH).collect();
    shortfalls_kwh.sort_by(|one, other| other.total_cmp(one));
    let day = shown(ground.entry, part, &run.world);
    let inputs = ground.inputs.clone();
    let result =
        PartResult { key, part: part.clone(), inputs, left_out, score, control: run.counts, shortfalls_kwh, day };
    if power {
        let (source, time_zone) = (part.file_stem(), plan.site.time_zone);
        write_parquet(&table, &PowerTable { source, time_zone, rows: run.rows })?;
    }
    write_whole(
        &path,
        &serde_json::to_vec(&result).map_err(|source| StudyError::NoResult { path: path.clone(), source })?,
    )?;
    Ok(false)
}

/// Writes a file that is there whole or not at all, whenever the program ends.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StudyError> {
    // Two processes may do the same part: each has a file of its own until it is whole.
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| StudyError::File { path: path.to_owned(), source })
}

/// Returns the day that is shown, if it is in a part of the first site with the first days' seed.
fn shown(entry: &ScenarioEntry, part: &Part, world: &World) -> Vec<DayStep> {
    let day = entry.show.unwrap_or(entry.from);
    if part.site != 0 || !(part.from..=part.to).contains(&day) {
        return Vec::new();
    }
    let start = midnight(day, world.plan().site.time_zone);
    let end = midnight(day + TimeDelta::days(1), world.plan().site.time_zone);
    by_steps(world.meter().trace().iter().filter(|step| step.end > start && step.start < end), start, end)
}

/// Averages a trace over steps of the same length.
fn by_steps<'a>(
    trace: impl Iterator<Item = &'a TraceStep>,
    start: chrono::DateTime<chrono::Utc>,
    end: chrono::DateTime<chrono::Utc>,
) -> Vec<DayStep> {
    let mut steps: Vec<DayStep> = Vec::new();
    let mut at = start;
    while at < end {
        steps.push(DayStep { start: at, vehicles_kw: 0.0, base_kw: 0.0, limit_kw: None });
        at += SHOWN_STEP;
    }
    for piece in trace {
        let mut from = piece.start.max(start);
        while from < piece.end.min(end) {
            let to = (floor_to(from, SHOWN_STEP) + SHOWN_STEP).min(piece.end).min(end);
            let index = usize::try_from((from - start).num_seconds() / SHOWN_STEP.num_seconds()).unwrap_or(usize::MAX);
            if let Some(step) = steps.get_mut(index) {
                let share = seconds(to - from) / seconds(SHOWN_STEP);
                step.vehicles_kw += piece.steered_w.as_kw() * share;
                step.base_kw += piece.base_w.as_kw() * share;
                let limits = step.limit_kw.into_iter().chain(piece.limit_w.map(Power::as_kw));
                step.limit_kw = limits.reduce(f64::min);
            }
            from = to;
        }
    }
    steps
}
