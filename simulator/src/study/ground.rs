//! What a scenario stands on: its site and its sessions, read once and cut into parts.

use std::path::Path;
use std::sync::Arc;

use chrono::{Days as DayCount, NaiveDate, TimeDelta};
use headroom_datasets::signals::Signal;
use headroom_datasets::{Format, RecordedSession, read_sessions};
use headroom_domain::{Interval, Power, TimeGrid};

use super::manifest::ScenarioEntry;
use super::part::{Inputs, Part, digest};
use super::region::{Feeder, RegionEntry};
use super::run::StudyError;
use super::signal::Tariff;
use crate::engine::{FaultPlan, HISTORY_DAYS, History, SiteFile, midnight};
use crate::scenario::{made, place, planned};
use crate::world::{SessionPlan, SitePlan, World, twin};

/// The longest that sessions are simulated beyond the last day of their part. **Units**: days.
const BEYOND_DAYS: i64 = 3;
/// Steps on which carbon is known. **Units**: min.
const CARBON_STEP_MIN: i64 = 5;

/// A scenario with all that it reads.
pub(super) struct Ground<'a> {
    pub(super) entry: &'a ScenarioEntry,
    pub(super) inputs: Inputs,
    faults: FaultPlan,
    source: Source,
    tariff: Option<Tariff>,
    carbon: Option<Signal>,
}

/// Where sites and sessions come from.
enum Source {
    Recorded(SiteFile, Vec<RecordedSession>),
    Made(SiteFile),
    Region(RegionEntry),
}

/// What is simulated in a part, whoever steers.
pub(super) struct Piece {
    pub(super) plan: Arc<SitePlan>,
    pub(super) history: History,
    pub(super) left_out: Vec<String>,
    pub(super) faults: FaultPlan,
    /// Where nobody steers.
    pub(super) twin: World,
}

impl<'a> Ground<'a> {
    pub(super) fn read(entry: &'a ScenarioEntry, faults: Option<&FaultPlan>, build: &str) -> Result<Self, StudyError> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|source| StudyError::File { path: path.to_owned(), source });
        let site = entry.site.as_deref().map(read).transpose()?;
        let site_file = entry.site.as_deref().map(SiteFile::load).transpose()?;
        let (source, data) = match (&entry.region, entry.sessions.as_deref().zip(entry.format.as_ref()), site_file) {
            (Some(region), ..) => (Source::Region(region.clone()), digest(["no recording"])),
            (None, Some((path, format)), file) => {
                let mut import = read_sessions(path, format)?;
                let file = file
                    .unwrap_or_else(|| entry.garage.clone().unwrap_or_default().site(&mut import.sessions, entry.from));
                (Source::Recorded(file, import.sessions), import.report.sha256)
            }
            (None, None, Some(file)) => (Source::Made(file), digest(["no recording"])),
            (None, None, None) => return Err(StudyError::NoSource { scenario: entry.name.clone() }),
        };
        let tariff =
            entry.tariff.as_ref().map(|tariff| Ok::<_, StudyError>((tariff, read(&tariff.file)?))).transpose()?;
        let mapping = match &entry.format {
            Some(Format::Mapping(path)) => Some(read(path)?),
            _ => None,
        };
        let mut files: Vec<Vec<u8>> = [site, mapping].into_iter().flatten().collect();
        files.extend(tariff.iter().map(|(_, bytes)| bytes.clone()));
        for path in entry.carbon.iter().flat_map(|carbon| &carbon.files) {
            files.push(read(path)?);
        }
        let faults = faults.cloned().unwrap_or_default();
        files.insert(0, serde_json::to_vec(&faults).unwrap_or_default());
        files.insert(0, told(entry));
        let inputs = Inputs { data, configuration: digest(files), build: build.to_owned() };
        let tariff = tariff.map(|(tariff, bytes)| tariff.read(&bytes)).transpose()?;
        let carbon = entry.carbon.as_ref().map(super::signal::CarbonEntry::read).transpose()?;
        Ok(Self { entry, inputs, faults, source, tariff, carbon })
    }

    /// Returns the days of every part, site by site.
    pub(super) fn pieces(entry: &ScenarioEntry) -> impl Iterator<Item = (usize, NaiveDate, NaiveDate)> + '_ {
        let per_part = u64::try_from(entry.days_per_part).unwrap_or(u64::MAX);
        let first =
            move |from: &NaiveDate| from.checked_add_days(DayCount::new(per_part)).filter(|day| *day <= entry.to);
        let starts = std::iter::successors(Some(entry.from), first);
        let days = starts.map(move |from| {
            let to = from.checked_add_days(DayCount::new(per_part - 1)).unwrap_or(entry.to);
            (from, to.min(entry.to))
        });
        days.flat_map(|(from, to)| (0..entry.sites()).map(move |site| (site, from, to)))
    }

    /// Returns what is simulated in a part; all strategies of one site, days and seed share it.
    pub(super) fn piece(&self, part: &Part) -> Result<Piece, StudyError> {
        let seed = part.seed ^ (part.site as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let feeder = match &self.source {
            Source::Region(region) => Some(Feeder::of(region, part.site)),
            _ => None,
        };
        let mut file = match (&self.source, &feeder) {
            (_, Some(feeder)) => feeder.file.clone(),
            (Source::Recorded(file, _) | Source::Made(file), _) => file.clone(),
            (Source::Region(_), None) => return Err(StudyError::NoSource { scenario: part.scenario.clone() }),
        };
        if let Some(base_load) = &mut file.base_load {
            base_load.seed ^= seed;
        }
        if let Some(tariff) = &self.tariff {
            // Prices with dates stand in the plan; a site's table knows none.
            file.site.energy_price = None;
            file.site.demand_charge_per_kw = tariff.demand_charge_per_kw(part.from);
        }
        if let Some(charge) = self.entry.demand_charge_per_kw {
            file.site.demand_charge_per_kw = Some(charge);
        }
        let time_zone = file.site.time_zone;
        let start = midnight(part.from, time_zone);
        let end = midnight(part.to, time_zone) + TimeDelta::days(1);
        let longest = end + TimeDelta::days(BEYOND_DAYS);
        let sessions = match (&self.source, &feeder) {
            (_, Some(feeder)) => feeder.sessions(part.from, part.to, longest, seed)?,
            (Source::Recorded(_, recorded), None) => {
                let in_part = recorded.iter().filter(|session| (start..end).contains(&session.arrival));
                in_part.map(|session| planned(session, longest, seed)).collect()
            }
            (Source::Made(_) | Source::Region(_), None) => {
                let dates = part.from.iter_days().take_while(|date| *date <= part.to);
                dates.flat_map(|date| made(&file.site, seed, date)).collect()
            }
        };
        let (sessions, left_out) = place(sessions, &file.site);
        let last = sessions.iter().map(|session| session.departure + TimeDelta::minutes(15)).max();
        let window = Interval { start, end: last.unwrap_or(end).max(end) };
        let (mut plan, history) = self.planned(&file, feeder.as_ref(), window, sessions, seed)?;
        if let Some(share) = self.entry.limit_share {
            let without_limit = Arc::new(SitePlan { limits: Vec::new(), ..plan.clone() });
            let vehicles = twin(&without_limit)?.meter().steered_peak();
            let base = plan.base_load.values().iter().copied().fold(Power::ZERO, Ord::max);
            plan.site.import_capacity_kw = (base + vehicles * share).as_kw();
            file.site.import_capacity_kw = plan.site.import_capacity_kw;
            plan.limits = file.limits_over(window);
        }
        let plan = Arc::new(plan);
        let faults = FaultPlan { seed: self.faults.seed ^ seed, ..self.faults.clone() };
        let twin = twin(&faults.applied_to(&plan))?;
        Ok(Piece { plan, history, left_out, faults, twin })
    }

    /// Returns the plan over a window, and the base load before it.
    fn planned(
        &self,
        file: &SiteFile,
        feeder: Option<&Feeder>,
        window: Interval,
        sessions: Vec<SessionPlan>,
        seed: u64,
    ) -> Result<(SitePlan, History), StudyError> {
        let mut plan = file.plan(window, sessions)?;
        let mut history = Vec::new();
        match feeder {
            None => history = file.history(window.start),
            Some(feeder) => {
                if let Some(series) = feeder.base_load(window, TimeDelta::minutes(1), seed) {
                    plan.base_load = series;
                }
                let before = Interval { start: window.start - TimeDelta::days(HISTORY_DAYS), end: window.start };
                if let Some(series) = feeder.base_load(before, TimeDelta::minutes(15), seed) {
                    history = series.grid().steps().zip(series.values().iter().copied()).collect();
                }
            }
        }
        if let Some(tariff) = &self.tariff {
            let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&file.site.time_zone).date_naive();
            (plan.prices.elements, plan.prices.currency) = tariff.elements(day(window.start), day(window.end));
        }
        if let Some(carbon) = &self.carbon {
            let minutes = window.duration().num_minutes();
            let steps = usize::try_from(minutes / CARBON_STEP_MIN + 1).unwrap_or(1);
            let grid = TimeGrid::uniform(window.start, TimeDelta::minutes(CARBON_STEP_MIN), steps);
            plan.carbon = Some(carbon.carbon(&grid)?);
        }
        Ok((plan, history))
    }
}

/// Returns what a scenario says but for where its files lie, which says nothing of what is in them.
fn told(entry: &ScenarioEntry) -> Vec<u8> {
    let mut told = ScenarioEntry { site: None, sessions: None, ..entry.clone() };
    if let Some(Format::Mapping(path)) = &mut told.format {
        *path = std::path::PathBuf::new();
    }
    if let Some(tariff) = &mut told.tariff {
        let name = tariff.file.extension().map(Into::into).unwrap_or_default();
        tariff.file = name;
    }
    if let Some(carbon) = &mut told.carbon {
        carbon.files.clear();
    }
    serde_json::to_vec(&told).unwrap_or_default()
}
