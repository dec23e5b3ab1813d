//! Doing the parts of a study, those that are not done yet.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headroom_datasets::fit::FitError;
use headroom_datasets::signals::{SeriesError, SignalError};
use headroom_datasets::{ImportError, PowerTable, TableError, write_parquet};
use headroom_domain::site::SiteError;
use parking_lot::Mutex;

use super::ground::{Ground, Piece};
use super::manifest::{Manifest, ManifestError};
use super::measure;
use super::part::{Part, PartResult};
use super::steering::Steering;
use super::work::side_by_side;
use crate::engine::{self, RunOptions, SimulateError, SiteFileError};

/// One of n shares of a study, counted from 1: `2/8`.
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
    /// A tariff or carbon cannot be read.
    #[error(transparent)]
    Signal(Box<SignalError>),
    /// Carbon does not cover the days.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// A price table is none.
    #[error("{}: {source}", path.display())]
    PriceTable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// No signal of carbon in its files.
    #[error("{}: `{mapping}` has no signal in g/kWh: give another mapping", path.display())]
    NoCarbon {
        /// The first file.
        path: PathBuf,
        /// The mapping.
        mapping: String,
    },
    /// The parameters of made-up sites are wrong.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A scenario without site, recording or region.
    #[error("scenario `{scenario}` has nothing to simulate: give a site, a recording or a region")]
    NoSource {
        /// Which.
        scenario: String,
    },
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
    let groups = groups(manifest, options.shard);
    let mut grounds = Vec::with_capacity(manifest.scenarios.len());
    for (at, entry) in manifest.scenarios.iter().enumerate() {
        let is_needed = groups.iter().any(|group| group.scenario == at);
        let faults = entry.faults.as_ref().and_then(|name| manifest.faults.get(name));
        grounds.push(is_needed.then(|| Ground::read(entry, faults, &options.build)).transpose()?);
    }
    let parts = groups.iter().map(|group| group.parts.len()).sum();
    let (done, found) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let progress = || Progress { done: done.load(Ordering::Relaxed), found: found.load(Ordering::Relaxed), parts };
    let ask = || if tell(progress()).is_break() { Err(StudyError::Stopped) } else { Ok(()) };
    let count = |is_found: bool| {
        found.fetch_add(usize::from(is_found), Ordering::Relaxed);
        done.fetch_add(1, Ordering::Relaxed);
        ask()
    };
    let one = |(group, part): &(&Group, &Part)| -> Result<(), StudyError> {
        let Some(ground) = &grounds[group.scenario] else { return Ok(()) };
        if is_done(ground, part, manifest.power, &folder) {
            group.ended();
            return count(true);
        }
        // Who looks on may have asked to stop while another part was under way.
        ask()?;
        let piece = group.piece(ground, part)?;
        do_part(ground, &piece, part, manifest.power, &folder)?;
        group.ended();
        count(false)
    };
    let all: Vec<(&Group, &Part)> =
        groups.iter().flat_map(|group| group.parts.iter().map(move |part| (group, part))).collect();
    side_by_side(options.jobs, &all, one)?;
    Ok(Progress { done: done.into_inner(), found: found.into_inner(), parts })
}

/// The parts of one site, days and seed: they differ in how they are steered, and share all else.
struct Group {
    scenario: usize,
    parts: Vec<Part>,
    /// What they share, from the first that needs it to the end of the last.
    piece: Mutex<Option<Arc<Piece>>>,
    to_come: AtomicUsize,
}

impl Group {
    fn new(scenario: usize, parts: Vec<Part>) -> Self {
        Self { scenario, piece: Mutex::new(None), to_come: AtomicUsize::new(parts.len()), parts }
    }

    fn piece(&self, ground: &Ground<'_>, part: &Part) -> Result<Arc<Piece>, StudyError> {
        let mut piece = self.piece.lock();
        Ok(match &*piece {
            Some(piece) => piece.clone(),
            None => piece.insert(Arc::new(ground.piece(part)?)).clone(),
        })
    }

    /// Notes that a part is done.
    fn ended(&self) {
        if self.to_come.fetch_sub(1, Ordering::Relaxed) == 1 {
            *self.piece.lock() = None;
        }
    }
}

/// Returns the parts of a shard, always in the same order. Strategies take turns among shards: some need much more time
/// than others.
fn groups(manifest: &Manifest, shard: Shard) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut at = 0;
    for (scenario, entry) in manifest.scenarios.iter().enumerate() {
        for (site, from, to) in Ground::pieces(entry) {
            for &seed in &manifest.seeds {
                let held = manifest.strategies.iter().enumerate().filter(|(turn, _)| shard.holds(at + turn));
                let part = |(_, &strategy)| Part { scenario: entry.name.clone(), site, from, to, strategy, seed };
                groups.push(Group::new(scenario, held.map(part).collect()));
                at += 1;
            }
        }
    }
    groups.retain(|group| !group.parts.is_empty());
    groups
}

/// Where the result of a part is, and its power.
fn files(part: &Part, folder: &Path) -> (PathBuf, PathBuf) {
    let file = |ending: &str| folder.join(format!("{}.{ending}", part.file_stem()));
    (file("json"), file("parquet"))
}

/// Tells whether the result of a part is there, made from the same as now.
fn is_done(ground: &Ground<'_>, part: &Part, power: bool, folder: &Path) -> bool {
    let (path, table) = files(part, folder);
    let key = ground.inputs.key(part);
    let is_same = |text: Vec<u8>| serde_json::from_slice::<PartResult>(&text).is_ok_and(|result| result.key == key);
    fs::read(&path).is_ok_and(is_same) && (!power || table.is_file())
}

/// Does a part.
fn do_part(ground: &Ground<'_>, piece: &Piece, part: &Part, power: bool, folder: &Path) -> Result<(), StudyError> {
    let (path, table) = files(part, folder);
    let failed = |source| StudyError::Part { part: part.file_stem(), source: Box::new(source) };
    let Steering { strategy, knows } = part.strategy;
    let options = RunOptions { forecast: knows.forecast(), faults: piece.faults.clone(), ..RunOptions::new(strategy) };
    let run = engine::run_with(&knows.told(&piece.plan), &options, &piece.history).map_err(failed)?;
    let result = measure::result(ground, piece, part, &run).map_err(failed)?;
    if power {
        let (source, time_zone) = (part.file_stem(), piece.plan.site.time_zone);
        let rows = PowerTable { source, time_zone, rows: run.rows };
        write_whole(&table, |beside| Ok(write_parquet(beside, &rows)?))?;
    }
    let text = serde_json::to_vec(&result).map_err(|source| StudyError::NoResult { path: path.clone(), source })?;
    let failed = |source| StudyError::File { path: path.clone(), source };
    write_whole(&path, |beside| fs::write(beside, text).map_err(failed))
}

/// Writes a file that is there whole or not at all, whenever the program ends.
fn write_whole(path: &Path, write: impl FnOnce(&Path) -> Result<(), StudyError>) -> Result<(), StudyError> {
    // Two processes may do the same part: each has a file of its own until it is whole.
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    write(&beside)?;
    fs::rename(&beside, path).map_err(|source| StudyError::File { path: path.to_owned(), source })
}
