//! A day that all virtual partners and the demo agree on: who comes, what it costs, what the utility will ask.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use headroom_datasets::{RecordedSession, synthetic};
use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitBook, LimitInterval, LimitKind, Terms};
use headroom_domain::site::{EnergyPriceTable, Site, SiteError};
use headroom_domain::time::ClockRate;
use headroom_domain::{Energy, Interval, LimitId, Power, Ratio};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::station::Messaging;
use crate::world::{Prices, SessionPlan, SitePlan};

mod recorded;
mod sites;
mod synthetic_day;
mod utility;

pub(crate) use recorded::{derived_site, place, planned};
pub(crate) use sites::{dutch_prices, paused};
pub(crate) use synthetic_day::{made, planned_synthetic};

/// A day at a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What people call it.
    pub name: String,
    /// Seed of everything that is left to chance while it runs.
    pub seed: u64,
    /// The clock that all parts share.
    pub clock: ClockRate,
    /// From when until when it is.
    pub window: Interval,
    /// The site.
    pub site: Site,
    /// Who comes, by arrival.
    pub sessions: Vec<SessionPlan>,
    /// Sessions of the source that could not take place, and why.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// What the site draws beside the vehicles.
    pub base_load: BaseLoadPlan,
    /// What the CPO charges for energy: published as its OCPI tariff.
    pub tariff: EnergyPriceTable,
    /// What the utility will submit.
    pub utility: UtilityPlan,
    /// How long messages take.
    #[serde(default)]
    pub messaging: Messaging,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Faults,
}

/// What a site draws beside the vehicles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseLoadPlan {
    /// Seed of its course.
    pub seed: u64,
    /// The most it draws.
    pub peak_w: Power,
    /// How many days of it the CPO has on record before the day begins.
    pub history_days: u32,
}

/// What a utility will submit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UtilityPlan {
    /// Its name at the service.
    pub name: String,
    /// In order of their time.
    #[serde(rename = "submission")]
    pub submissions: Vec<LimitSubmission>,
}

/// A limit and when it is submitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSubmission {
    /// When.
    pub submit_at: DateTime<Utc>,
    /// The name of the request, the same at every attempt.
    pub request_id: Uuid,
    /// The programme it belongs to.
    pub programme: String,
    /// Rises within the programme.
    pub revision: i64,
    /// Free text for people.
    pub reason: String,
    /// What it says.
    pub intervals: Vec<LimitInterval>,
}

/// What goes wrong at the virtual CPO, by chance.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Share of results that are never posted.
    pub drop_callback: Ratio,
    /// Share of profiles that a station refuses.
    pub refuse: Ratio,
}

/// Why there is no such scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Nobody charged on that day.
    #[error("no session was recorded on {date}: choose a day of the recording, for example {busiest}")]
    EmptyDay {
        /// The day asked for.
        date: NaiveDate,
        /// The day with the most sessions.
        busiest: NaiveDate,
    },
    /// No recorded session at all.
    #[error("the recording holds no session: check the file and its format")]
    EmptyRecording,
    /// A day that does not begin in its time zone.
    #[error("{date} has no four o'clock in {time_zone}: choose another day")]
    NoSuchDay {
        /// The day asked for.
        date: NaiveDate,
        /// The site's time zone.
        time_zone: chrono_tz::Tz,
    },
    /// The site cannot be.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no scenario.
    #[error("{}: not a scenario: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Scenario {
    /// Reads a scenario from JSON.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ScenarioError::File { path: path.to_owned(), source })?;
        serde_json::from_str(&text).map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })
    }

    /// Writes it as JSON.
    pub fn save(&self, path: &Path) -> Result<(), ScenarioError> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })?;
        std::fs::write(path, text).map_err(|source| ScenarioError::File { path: path.to_owned(), source })
    }

    /// Sets when its clock starts, in real time, and how fast it runs.
    pub fn start_clock(&mut self, real_origin: DateTime<Utc>, speed: f64) {
        self.clock = ClockRate { real_origin, origin: self.window.start, speed };
    }

    /// Returns all that is to happen at its site.
    pub fn site_plan(&self) -> Arc<SitePlan> {
        let minute = TimeDelta::minutes(1);
        let (window, time_zone) = (self.window, self.site.time_zone);
        let table = self.site.energy_price.as_ref().unwrap_or(&self.tariff);
        Arc::new(SitePlan {
            site: self.site.clone(),
            window,
            sessions: self.sessions.clone(),
            base_load: synthetic::base_load(self.base_load.seed, window, minute, time_zone, self.base_load.peak_w),
            prices: Prices { elements: table.elements(), currency: table.currency.clone(), time_zone },
            carbon: None,
            limits: self.limits_in_force(),
        })
    }

    /// Returns what the site drew beside the vehicles in the days before, in quarter hours.
    pub fn base_load_history(&self) -> Vec<(Interval, Power)> {
        let BaseLoadPlan { seed, peak_w, history_days } = self.base_load;
        let start = self.window.start - TimeDelta::days(i64::from(history_days));
        let Some(window) = Interval::new(start, self.window.start) else { return Vec::new() };
        let series = synthetic::base_load(seed, window, TimeDelta::minutes(15), self.site.time_zone, peak_w);
        series.grid().steps().zip(series.values().iter().copied()).collect()
    }

    /// Returns the limits of the connection point as they will be in force when every submission is accepted in time.
    pub fn limits_in_force(&self) -> Vec<EffectiveInterval> {
        let mut book = LimitBook::new();
        book.set_capacity(self.site.node(), Power::try_new(self.site.import_capacity_kw * 1000.0).ok(), None);
        for submission in &self.utility.submissions {
            book.enter(submission.limit(&self.utility.name, &self.site));
        }
        book.effective(&self.site.node(), self.window)
    }

    /// Finds a session by its id at the CPO, without regard to case.
    pub fn session(&self, id: &str) -> Option<usize> {
        self.sessions.iter().position(|session| session.id.eq_ignore_ascii_case(id))
    }
}

impl LimitSubmission {
    fn limit(&self, utility: &str, site: &Site) -> GridLimit {
        GridLimit {
            id: LimitId::new(format!("utilities/{utility}/limits/{}", self.request_id)),
            utility: utility.to_owned(),
            target: site.node().into(),
            programme: self.programme.clone(),
            kind: LimitKind::Scheduled,
            revision: self.revision,
            intervals: self.intervals.clone(),
            reason: self.reason.clone(),
            terms: Terms::default(),
            accepted_at: self.submit_at,
            cancelled_at: None,
        }
    }
}

/// Returns the 24 hours from four o'clock of a day: few vehicles stay over four in the morning.
fn day_window(date: NaiveDate, time_zone: chrono_tz::Tz) -> Result<Interval, ScenarioError> {
    let local = date.and_hms_opt(4, 0, 0).and_then(|four| four.and_local_timezone(time_zone).earliest());
    let start = local.ok_or(ScenarioError::NoSuchDay { date, time_zone })?.with_timezone(&Utc);
    Ok(Interval { start, end: start + TimeDelta::hours(24) })
}

/// The clock before the start of the program is known.
fn unset_clock(window: Interval) -> ClockRate {
    ClockRate { real_origin: window.start, origin: window.start, speed: 1.0 }
}

#[cfg(test)]
mod tests;
