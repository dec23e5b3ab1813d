//! What a scenario stands on: its site and its sessions, read once and cut into parts.

use std::path::Path;
use std::sync::Arc;

use chrono::{Days as DayCount, NaiveDate, TimeDelta};
use headroom_datasets::{RecordedSession, read_sessions};
use headroom_domain::Interval;

use super::manifest::ScenarioEntry;
use super::part::{Inputs, Part, digest};
use super::run::StudyError;
use crate::engine::{BaseLoadEntry, History, SiteFile, midnight};
use crate::scenario::{derived_site, made, place, planned};
use crate::world::{SitePlan, twin};

/// A base load of a derived site, as a share of what its EVSEs could draw.
const DERIVED_BASE_SHARE: f64 = 0.15;
/// The longest that sessions are simulated beyond the last day of their part. **Units**: days.
const BEYOND_DAYS: i64 = 3;

/// A scenario with all that it reads.
pub(super) struct Ground<'a> {
    pub(super) entry: &'a ScenarioEntry,
    pub(super) inputs: Inputs,
    file: SiteFile,
    sessions: Option<Vec<RecordedSession>>,
}

/// What is simulated in a part.
pub(super) struct Piece {
    pub(super) plan: Arc<SitePlan>,
    pub(super) history: History,
    pub(super) left_out: Vec<String>,
}

impl<'a> Ground<'a> {
    pub(super) fn read(entry: &'a ScenarioEntry, build: &str) -> Result<Self, StudyError> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|source| StudyError::File { path: path.to_owned(), source });
        let data = entry.sessions.as_deref().map(read).transpose()?;
        let site = entry.site.as_deref().map(read).transpose()?;
        let recorded = entry.sessions.as_deref().zip(entry.format.as_ref());
        let sessions =
            recorded.map(|(path, format)| read_sessions(path, format)).transpose()?.map(|import| import.sessions);
        let file = match (&entry.site, &sessions) {
            (Some(path), _) => SiteFile::load(path)?,
            (None, sessions) => derived(sessions.as_deref().unwrap_or_default(), entry.from),
        };
        // Where files lie says nothing of what is in them.
        let told = ScenarioEntry { site: None, sessions: None, ..entry.clone() };
        let told = serde_json::to_vec(&told).unwrap_or_default();
        let inputs = Inputs {
            data: digest(data),
            configuration: digest([told, site.unwrap_or_default()]),
            build: build.to_owned(),
        };
        Ok(Self { entry, inputs, file, sessions })
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
        days.flat_map(|(from, to)| (0..entry.sites).map(move |site| (site, from, to)))
    }

    /// Returns what is simulated in a part.
    pub(super) fn piece(&self, part: &Part) -> Result<Piece, StudyError> {
        let mut file = self.file.clone();
        let seed = part.seed ^ (part.site as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if let Some(base_load) = &mut file.base_load {
            base_load.seed ^= seed;
        }
        if let Some(charge) = self.entry.demand_charge_per_kw {
            file.site.demand_charge_per_kw = Some(charge);
        }
        let time_zone = file.site.time_zone;
        let start = midnight(part.from, time_zone);
        let end = midnight(part.to, time_zone) + TimeDelta::days(1);
        let longest = end + TimeDelta::days(BEYOND_DAYS);
        let (sessions, left_out) = if let Some(recorded) = &self.sessions {
            let in_part = recorded.iter().filter(|session| (start..end).contains(&session.arrival));
            place(in_part.map(|session| planned(session, longest, seed)).collect(), &file.site)
        } else {
            let dates = part.from.iter_days().take_while(|date| *date <= part.to);
            place(dates.flat_map(|date| made(&file.site, seed, date)).collect(), &file.site)
        };
        let last = sessions.iter().map(|session| session.departure + TimeDelta::minutes(15)).max();
        let window = Interval { start, end: last.unwrap_or(end).max(end) };
        let mut plan = file.plan(window, sessions)?;
        if let Some(share) = self.entry.limit_share {
            let plan_without_limit = Arc::new(SitePlan { limits: Vec::new(), ..plan.clone() });
            let vehicles = twin(&plan_without_limit)?.meter().steered_peak();
            let base = plan.base_load.values().iter().copied().fold(headroom_domain::Power::ZERO, Ord::max);
            file.site.import_capacity_kw = (base + vehicles * share).as_kw();
            plan = file.plan(window, plan.sessions)?;
        }
        Ok(Piece { history: file.history(start), plan: Arc::new(plan), left_out })
    }
}

/// Returns a garage of all stations in a recording, with the prices of its state.
fn derived(sessions: &[RecordedSession], date: NaiveDate) -> SiteFile {
    let mut site = derived_site(sessions, date);
    let installed_kw: f64 =
        site.evses.iter().filter_map(|evse| evse.wiring().ok()).map(|wiring| wiring.maximum_power().as_kw()).sum();
    let peak_kw = (installed_kw * DERIVED_BASE_SHARE).round();
    site.base_load_kw = peak_kw;
    site.import_capacity_kw = installed_kw + peak_kw;
    SiteFile { site, limits: Vec::new(), base_load: Some(BaseLoadEntry { peak_kw, seed: 0 }) }
}
