//! A generator of sessions with parameters: fitted to recorded sessions, shipped for four kinds of site, or written by hand.

mod estimate;
mod generate;
mod normal;
mod parameters;
#[cfg(test)]
mod tests;

use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::session::RecordedSession;
use crate::synthetic::SyntheticSession;

/// Levels at which stays are given.
pub const STAY_LEVELS: [f64; 13] = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];
/// Hours of the day at which another band of stays begins.
pub const STAY_BANDS: [u32; 6] = [0, 5, 9, 12, 16, 20];

/// Where vehicles charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteKind {
    /// Employees, by day.
    Workplace,
    /// Residents, by night.
    Home,
    /// Anybody.
    Public,
    /// Vehicles of a company that come back in the evening.
    Depot,
}

/// How vehicles come, stay, charge and what drivers say. A plug is one EVSE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetParameters {
    /// For what kind of site.
    pub kind: SiteKind,
    /// What they rest on: recordings with their licence, or judgement.
    pub source: String,
    /// In which hours and weekdays are counted.
    pub time_zone: Tz,
    /// Most power of an EVSE; what a stay cannot hold is not needed. **Units**: kW.
    pub maximum_kw: f64,
    /// Arrivals per hour at a plug while it is free, by hour of the local day.
    pub arrivals_per_free_h: Week,
    /// Length of stay by hour of arrival, in the order of [`STAY_BANDS`].
    pub stay: Vec<StayBand>,
    /// Energy needed.
    pub energy: EnergyNeed,
    /// What drivers say.
    pub statements: Statements,
}

/// 24 numbers a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the days of the week")]
pub struct Week {
    pub mon: [f64; 24],
    pub tue: [f64; 24],
    pub wed: [f64; 24],
    pub thu: [f64; 24],
    pub fri: [f64; 24],
    pub sat: [f64; 24],
    pub sun: [f64; 24],
}

impl Week {
    /// Returns the numbers of a day.
    pub fn of(&self, day: Weekday) -> &[f64; 24] {
        [&self.mon, &self.tue, &self.wed, &self.thu, &self.fri, &self.sat, &self.sun]
            [day.num_days_from_monday() as usize]
    }
}

/// Stays of those who arrive from an hour on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StayBand {
    /// First hour of arrival.
    pub from_hour: u32,
    /// At the levels of [`STAY_LEVELS`]; between them straight lines, none outside. **Units**: h.
    pub quantiles_h: Vec<f64>,
}

/// Energy needed: log-normal, and longer stays may need more; what a stay cannot hold at `maximum_kw` is cut, and a fit
/// allows for the cut.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyNeed {
    /// Half need less. **Units**: kWh.
    pub median_kwh: f64,
    /// Standard deviation of the natural logarithm.
    pub sigma: f64,
    /// Correlation of the logarithm with the stay's place among stays (its normal score), -1 to 1.
    pub with_stay: f64,
}

/// What drivers say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statements {
    /// Share of the sessions in which something is said.
    pub share: f64,
    /// Share of these in which a departure is said.
    pub with_departure: f64,
    /// Energy asked for over energy needed, at the median.
    pub over_asking: f64,
    /// Standard deviation of its natural logarithm, by the middle 68 %.
    pub over_asking_sigma: f64,
    /// Stay said over real stay, at the median.
    pub stay_said: f64,
    /// Standard deviation of its natural logarithm, by the middle 68 %.
    pub stay_said_sigma: f64,
}

/// What is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct FitFrame {
    /// For what kind of site.
    pub kind: SiteKind,
    /// What the sessions are, with their licence.
    pub source: String,
    /// Of the site.
    pub time_zone: Tz,
    /// Most power of an EVSE there. **Units**: kW.
    pub maximum_kw: f64,
}

/// Sessions that nothing can be fitted to.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Too few of them.
    #[error(
        "{given} sessions over {days} days are too few to fit: give at least {sessions} sessions over {least_days} days"
    )]
    TooFew {
        /// Sessions.
        given: usize,
        /// Days between the first arrival and the last.
        days: i64,
        /// Least sessions.
        sessions: usize,
        /// Least days.
        least_days: i64,
    },
    /// A parameter that cannot be.
    #[error("`{field}` is {value}: {rule}")]
    OutOfRange {
        /// The parameter.
        field: String,
        /// What it is.
        value: f64,
        /// What it must be.
        rule: &'static str,
    },
    /// No parameters.
    #[error("these are no fleet parameters ({0}): correct the field that is named")]
    Unreadable(String),
}

/// A site that sessions are made for. Its name decides its chance, so that sites may be added and taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedSite {
    /// Its name.
    pub name: String,
    /// Plugs.
    pub evses: usize,
}

/// The sessions of a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteSessions {
    /// Name of the site.
    pub site: String,
    /// By arrival, then EVSE; never two at one EVSE at a time.
    pub sessions: Vec<SyntheticSession>,
}

/// Fits parameters to sessions.
///
/// Stations are plugs. A plug is there from its own first arrival to its last, and taken from an arrival to the departure or
/// the next arrival there; one with a single session says nothing of arrivals. Sessions in which nothing is said count for
/// the share alone.
///
/// **Errors**: fewer than 50 sessions or less than 14 days.
pub fn fit(sessions: &[RecordedSession], frame: &FitFrame) -> Result<FleetParameters, FitError> {
    estimate::fit(sessions, frame)
}

/// Makes the sessions that arrive from the local midnight of `first` on for `days` days.
///
/// The same parameters, site and seed give the same bytes, whatever other sites there are.
pub fn generate(
    parameters: &FleetParameters,
    sites: &[GeneratedSite],
    first: NaiveDate,
    days: u32,
    seed: u64,
) -> Vec<SiteSessions> {
    sites.iter().map(|site| generate::site(parameters, site, first, days, seed)).collect()
}

impl SiteSessions {
    /// Returns the sessions as a recording of all that was needed; stations are `site/evse`.
    pub fn recorded(&self) -> Vec<RecordedSession> {
        let recorded = |session: &SyntheticSession| RecordedSession {
            id: format!("{}/{}", self.site, session.id),
            station: format!("{}/{}", self.site, session.evse),
            arrival: session.arrival,
            departure: session.departure,
            energy_wh: session.energy_needed_wh,
            stated: session.stated,
            site: Some(self.site.clone()),
            user: None,
        };
        self.sessions.iter().map(recorded).collect()
    }
}

impl SiteKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Workplace, Self::Home, Self::Public, Self::Depot];
}

impl fmt::Display for SiteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Workplace => "workplace",
            Self::Home => "home",
            Self::Public => "public",
            Self::Depot => "depot",
        })
    }
}

/// A kind that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("kind of site `{0}` is not known: give `workplace`, `home`, `public` or `depot`")]
pub struct UnknownSiteKind(String);

impl FromStr for SiteKind {
    type Err = UnknownSiteKind;
    fn from_str(name: &str) -> Result<Self, UnknownSiteKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == name);
        found.ok_or_else(|| UnknownSiteKind(name.to_owned()))
    }
}
