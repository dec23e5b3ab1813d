//! The same controller as the service's, without sockets, over recorded sessions.
//!
//! Message delays are simulated, chance is seeded and every collection is ordered: the same input gives the same bytes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use headroom_datasets::{Format, ImportError, PowerTable, RecordedSession, TableError, read_sessions, write_parquet};
use headroom_domain::site::SiteError;
use headroom_domain::{Interval, Power};
use headroom_optimizer::assemble::AssembleError;
use headroom_optimizer::snapshot::SnapshotError;
use serde::{Deserialize, Serialize};

use crate::scenario::{place, planned};
use crate::station::Messaging;
use crate::world::{Score, SessionOutcome, SitePlan, score, twin};

mod control;
mod faults;
mod foresight;
pub mod offline;
mod options;
mod record;
mod rule;
mod run;
mod site_file;
mod strategy;
mod trust;

pub use faults::{FaultPlan, SuddenLimit};
pub use options::RunOptions;
pub use run::{ControlCounts, Run, run, run_with};
pub(crate) use site_file::HISTORY_DAYS;
pub use site_file::{BaseLoadEntry, SiteFile, SiteFileError};
pub use strategy::{ForecastSetting, Strategy, UnknownForecast, UnknownStrategy};

/// What is to be simulated.
#[derive(Debug, Clone)]
pub struct SimulateOptions {
    /// Recorded sessions.
    pub sessions: PathBuf,
    /// How they are spelled.
    pub format: Format,
    /// The site, as the service reads it, with limits and base load where wanted.
    pub site: PathBuf,
    /// How it is steered, one run each.
    pub strategies: Vec<Strategy>,
    /// First day, in the site's time zone; absent: the first of the recording.
    pub from: Option<NaiveDate>,
    /// Last day; absent: the last of the recording.
    pub to: Option<NaiveDate>,
    /// The folder for the results; made when it is not there.
    pub out: PathBuf,
}

/// What all runs came to: the content of `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulateSummary {
    /// The recording.
    pub source: String,
    /// The site.
    pub site: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Rows of the recording and what became of them, in one line.
    pub import: String,
    /// Sessions that could not take place, and why.
    pub left_out: Vec<String>,
    /// What a reader must know to read the figures.
    pub notes: Vec<String>,
    /// One per strategy, in the order asked for.
    pub strategies: Vec<StrategySummary>,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrategySummary {
    /// How it was steered.
    pub strategy: Strategy,
    /// The file with power per session and interval.
    pub power: PathBuf,
    /// What it came to.
    pub score: Score,
    /// What the controller did.
    pub control: ControlCounts,
    /// Session by session.
    pub sessions: Vec<SessionOutcome>,
}

/// Why nothing was simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The recording cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The site's file cannot be read.
    #[error(transparent)]
    SiteFile(#[from] SiteFileError),
    /// The site cannot be.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The controller was given what it cannot plan.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The bound was given what cannot be planned.
    #[error(transparent)]
    Bound(#[from] SnapshotError),
    /// The result cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A folder or file cannot be written.
    #[error("{}: {source}", path.display())]
    Output {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No session in the days asked for.
    #[error("no session was recorded from {from} to {to}: the recording runs from {first} to {last}")]
    EmptyDays {
        /// First day asked for.
        from: NaiveDate,
        /// Last day asked for.
        to: NaiveDate,
        /// First day of the recording.
        first: NaiveDate,
        /// Last day of the recording.
        last: NaiveDate,
    },
    /// No session at all.
    #[error("the recording holds no session: check the file and its format")]
    EmptyRecording,
}

/// Runs every strategy over the same days and writes a Parquet of each and one `summary.json`.
pub fn simulate(options: &SimulateOptions) -> Result<SimulateSummary, SimulateError> {
    let import = read_sessions(&options.sessions, &options.format)?;
    let file = SiteFile::load(&options.site)?;
    let source = options.sessions.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let days = Days::choose(&import.sessions, file.site.time_zone, options.from, options.to)?;
    let (plan, history, left_out) = days.plan(&import.sessions, &file)?;
    std::fs::create_dir_all(&options.out)
        .map_err(|source| SimulateError::Output { path: options.out.clone(), source })?;
    let twin = twin(&plan)?;
    let mut strategies = Vec::new();
    for &strategy in &options.strategies {
        let run = run(&plan, strategy, &history, Messaging::default())?;
        let power = options.out.join(format!("{strategy}.parquet"));
        let source = format!("{source}, {strategy}");
        write_parquet(&power, &PowerTable { source, time_zone: file.site.time_zone, rows: run.rows })?;
        let (score, sessions) = score(&run.world, &twin);
        strategies.push(StrategySummary { strategy, power, score, control: run.counts, sessions });
    }
    let summary = SimulateSummary {
        source,
        site: file.site.id.clone(),
        from: days.from,
        to: days.to,
        import: import.report.to_string(),
        left_out,
        notes: notes(&file),
        strategies,
    };
    write_summary(&options.out.join("summary.json"), &summary)?;
    Ok(summary)
}

/// Recorded days at a site, ready to be run.
pub struct Replay {
    /// What happens.
    pub plan: Arc<SitePlan>,
    /// What the site drew before, by quarter hours.
    pub history: Vec<(Interval, Power)>,
    /// Sessions that cannot take place, and why.
    pub left_out: Vec<String>,
}

/// Puts the recorded sessions of some days at a site. Absent days: from the first, to the last of the recording.
pub fn replay(
    sessions: &[RecordedSession],
    file: &SiteFile,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<Replay, SimulateError> {
    let (plan, history, left_out) = Days::choose(sessions, file.site.time_zone, from, to)?.plan(sessions, file)?;
    Ok(Replay { plan, history, left_out })
}

fn notes(file: &SiteFile) -> Vec<String> {
    let mut notes = Vec::new();
    if file.site.energy_price.is_none() {
        notes.push("the site states no energy_price: every cost is 0 and nothing is shifted for its price".to_owned());
    }
    if file.base_load.is_none() {
        notes.push("the site's file has no [base_load]: it is taken as constant at base_load_kw".to_owned());
    }
    notes
}

fn write_summary(path: &Path, summary: &SimulateSummary) -> Result<(), SimulateError> {
    let failed = |source| SimulateError::Output { path: path.to_owned(), source };
    let text = serde_json::to_vec_pretty(summary).map_err(|error| failed(error.into()))?;
    std::fs::write(path, text).map_err(failed)
}

/// The days to be simulated, both included.
struct Days {
    from: NaiveDate,
    to: NaiveDate,
    window: Interval,
}

/// What the site drew beside its vehicles before the first day.
pub(crate) type History = Vec<(Interval, Power)>;

impl Days {
    fn choose(
        sessions: &[RecordedSession],
        time_zone: Tz,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<Self, SimulateError> {
        let day = |at: DateTime<Utc>| at.with_timezone(&time_zone).date_naive();
        let days = || sessions.iter().map(|session| day(session.arrival));
        let (first, last) = days().min().zip(days().max()).ok_or(SimulateError::EmptyRecording)?;
        let (from, to) = (from.unwrap_or(first), to.unwrap_or(last));
        let arrivals = sessions.iter().filter(|session| (from..=to).contains(&day(session.arrival)));
        let longest = midnight(to, time_zone) + TimeDelta::days(3);
        let end = arrivals.map(|session| session.departure + TimeDelta::minutes(15)).max();
        let end = end.ok_or(SimulateError::EmptyDays { from, to, first, last })?.min(longest);
        Ok(Self { from, to, window: Interval { start: midnight(from, time_zone), end } })
    }

    fn plan(
        &self,
        sessions: &[RecordedSession],
        file: &SiteFile,
    ) -> Result<(Arc<SitePlan>, History, Vec<String>), SimulateError> {
        let end = midnight(self.to, file.site.time_zone) + TimeDelta::days(1);
        let of_the_days = sessions.iter().filter(|one| (self.window.start..end).contains(&one.arrival));
        let planned = of_the_days.map(|session| planned(session, self.window.end, file.seed())).collect();
        let (sessions, left_out) = place(planned, &file.site);
        let plan = file.plan(self.window, sessions)?;
        Ok((Arc::new(plan), file.history(self.window.start), left_out))
    }
}

/// Returns the first instant of a day; where clocks skip midnight, the hour after.
pub(crate) fn midnight(date: NaiveDate, time_zone: Tz) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let skipped = midnight + TimeDelta::hours(1);
    let local = midnight.and_local_timezone(time_zone).earliest();
    let local = local.or_else(|| skipped.and_local_timezone(time_zone).earliest());
    local.map_or_else(|| midnight.and_utc(), |local| local.with_timezone(&Utc))
}

#[cfg(test)]
mod tests;
