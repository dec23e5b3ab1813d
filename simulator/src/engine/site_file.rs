//! A site's file with what only a simulation needs: limits as they were, and how the base load went.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use headroom_datasets::synthetic;
use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitBook, LimitInterval, LimitKind, Terms};
use headroom_domain::series::Series;
use headroom_domain::site::{Site, SiteError};
use headroom_domain::{Interval, LimitId, Power, TimeGrid};
use serde::{Deserialize, Serialize};

use super::History;
use crate::world::{Prices, SessionPlan, SitePlan};

/// How many days of base load are known before the first day.
pub(crate) const HISTORY_DAYS: i64 = 28;

/// A site's file. What the service does not know stands beside the site in it: `[[limit]]` and `[base_load]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteFile {
    /// The site.
    pub site: Site,
    /// Limits of its connection point, in force from the first moment on; later ones replace earlier ones.
    pub limits: Vec<LimitEntry>,
    /// How its base load goes; absent: constant at `base_load_kw`.
    pub base_load: Option<BaseLoadEntry>,
}

/// A limit over a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitEntry {
    /// From.
    pub start: DateTime<Utc>,
    /// Until.
    pub end: DateTime<Utc>,
    /// Most power. **Units**: kW.
    pub import_limit_kw: f64,
}

/// A base load from the seeded generator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseLoadEntry {
    /// The most it draws. **Units**: kW.
    pub peak_kw: f64,
    /// Seed of its course, and of the vehicles.
    #[serde(default)]
    pub seed: u64,
}

#[derive(Debug, Deserialize)]
struct Extra {
    #[serde(default)]
    limit: Vec<LimitEntry>,
    #[serde(default)]
    base_load: Option<BaseLoadEntry>,
}

/// Why a file is no site.
#[derive(Debug, thiserror::Error)]
pub enum SiteFileError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{}: {source}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A number or a time that cannot be.
    #[error("{}: `{field}`: {rule}", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What is wrong and how to mend it.
        rule: &'static str,
    },
    /// The site cannot be.
    #[error("{}: {source}", path.display())]
    Site {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: SiteError,
    },
}

impl SiteFile {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, SiteFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SiteFileError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, SiteFileError> {
        let broken = |source| SiteFileError::Broken { path: path.to_owned(), source: Box::new(source) };
        let mut table: toml::Table = toml::from_str(text).map_err(broken)?;
        let mut extra = toml::Table::new();
        for key in ["limit", "base_load"] {
            extra.extend(table.remove(key).map(|value| (key.to_owned(), value)));
        }
        let Extra { limit: limits, base_load } = extra.try_into().map_err(broken)?;
        let site: Site = table.try_into().map_err(broken)?;
        site.check().map_err(|source| SiteFileError::Site { path: path.to_owned(), source })?;
        let rule = |field: String, rule| SiteFileError::Rule { path: path.to_owned(), field, rule };
        for (index, limit) in limits.iter().enumerate() {
            if limit.start >= limit.end {
                return Err(rule(format!("limit[{index}].end"), "it is not after the start: give [start, end)"));
            }
            if !(limit.import_limit_kw.is_finite() && limit.import_limit_kw >= 0.0) {
                return Err(rule(format!("limit[{index}].import_limit_kw"), "give 0 kW or more"));
            }
        }
        if base_load.is_some_and(|entry| !(entry.peak_kw.is_finite() && entry.peak_kw >= 0.0)) {
            return Err(rule("base_load.peak_kw".to_owned(), "give 0 kW or more"));
        }
        Ok(Self { site, limits, base_load })
    }

    /// Returns the seed of what is left to chance.
    pub(super) fn seed(&self) -> u64 {
        self.base_load.map_or(0, |entry| entry.seed)
    }

    /// Returns what is to happen at the site.
    pub(crate) fn plan(&self, window: Interval, sessions: Vec<SessionPlan>) -> Result<SitePlan, SiteError> {
        self.site.check()?;
        let (elements, currency) = match &self.site.energy_price {
            Some(table) => (table.elements(), table.currency.clone()),
            None => (Vec::new(), "XXX".to_owned()),
        };
        Ok(SitePlan {
            limits: self.limits_over(window),
            base_load: self.base_load(window, TimeDelta::minutes(1)),
            prices: Prices { elements, currency, time_zone: self.site.time_zone },
            carbon: None,
            site: self.site.clone(),
            window,
            sessions,
        })
    }

    /// Returns which limits are in force over a window.
    pub(crate) fn limits_over(&self, window: Interval) -> Vec<EffectiveInterval> {
        let mut book = LimitBook::new();
        book.set_capacity(self.site.node(), Power::try_new(self.site.import_capacity_kw * 1000.0).ok(), None);
        for (revision, limit) in (0..).zip(&self.limits) {
            book.enter(self.limit(revision, limit));
        }
        book.effective(&self.site.node(), window)
    }

    /// Returns the base load of the weeks before an instant, in quarter hours.
    pub(crate) fn history(&self, until: DateTime<Utc>) -> History {
        let window = Interval { start: until - TimeDelta::days(HISTORY_DAYS), end: until };
        let series = self.base_load(window, TimeDelta::minutes(15));
        series.grid().steps().zip(series.values().iter().copied()).collect()
    }

    fn base_load(&self, window: Interval, step: TimeDelta) -> Series<Power> {
        if let Some(BaseLoadEntry { peak_kw, seed }) = self.base_load {
            return synthetic::base_load(seed, window, step, self.site.time_zone, Power::from_kw(peak_kw));
        }
        let constant = Power::try_new(self.site.base_load_kw * 1000.0).unwrap_or_default();
        Series::constant(TimeGrid::uniform(window.start, window.duration(), 1), constant)
    }

    fn limit(&self, revision: i64, entry: &LimitEntry) -> GridLimit {
        let interval = Interval { start: entry.start, end: entry.end };
        let maximum_import_w = Some(Power::from_kw(entry.import_limit_kw));
        GridLimit {
            id: LimitId::new(format!("limit[{revision}]")),
            utility: "simulate".to_owned(),
            target: self.site.node().into(),
            programme: "simulate".to_owned(),
            kind: LimitKind::Scheduled,
            revision,
            intervals: vec![LimitInterval { interval, maximum_import_w, maximum_export_w: None }],
            reason: String::new(),
            terms: Terms::default(),
            accepted_at: entry.start,
            cancelled_at: None,
        }
    }
}
