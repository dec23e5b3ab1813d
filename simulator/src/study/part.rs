//! The unit of a study: one strategy over a few days of one site with one seed.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::flexibility::Flexibility;
use super::steering::Steering;
use crate::engine::ControlCounts;
use crate::world::Score;

/// Which run of a study.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// Name of the scenario.
    pub scenario: String,
    /// Which of its sites, from 0.
    pub site: usize,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// How it is steered.
    pub strategy: Steering,
    /// Seed of what is left to chance.
    pub seed: u64,
}

impl Part {
    /// Returns the name of its files, without an ending.
    pub fn file_stem(&self) -> String {
        let Self { scenario, site, from, strategy, seed, .. } = self;
        // What a strategy is told stands after a slash, which no file name can hold.
        let strategy = strategy.to_string().replace('/', "-");
        format!("{scenario}.{site}.{from}.{strategy}.{seed}")
    }
}

/// What a part is made from, as SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The recording, as it is stored; without one that of `no recording`.
    pub data: String,
    /// The scenario, its site, tariff and carbon, and what goes wrong.
    pub configuration: String,
    /// The program.
    pub build: String,
}

impl Inputs {
    /// Returns the key of a part: what has the same key has the same bytes.
    pub fn key(&self, part: &Part) -> String {
        digest([self.data.as_str(), &self.configuration, &self.build, &part.file_stem(), &part.to.to_string()])
    }
}

/// Returns the SHA-256 of texts in hexadecimal; where one ends and the next begins counts.
pub fn digest<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.as_ref().len() as u64).to_le_bytes());
        hasher.update(text);
    }
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

/// A step of the day that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DayStep {
    /// From; five minutes long.
    pub start: DateTime<Utc>,
    /// Mean power of the vehicles.
    pub vehicles_kw: f64,
    /// Mean power of everything else.
    pub base_kw: f64,
    /// The lowest limit in force; absent: nothing limits it.
    pub limit_kw: Option<f64>,
}

/// The highest quarter hours of a month, or of what of it is in a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MonthDemand {
    /// Year and month, `2019-10`, in the site's time zone.
    pub month: String,
    /// Of the site.
    pub import_kw: f64,
    /// Of its base load alone.
    pub base_kw: f64,
}

/// What the same energy of every session would have cost at best, had all been known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Least {
    /// Of the energy.
    pub cost: f64,
    /// Of what vehicles add to the highest powers, the part's days taken by themselves.
    pub demand_charge_cost: f64,
    /// Energy that fits under no limit: who was given it broke one.
    pub short_kwh: f64,
    /// Whether nothing is better; otherwise less may be possible.
    pub is_exact: bool,
}

impl Least {
    /// Returns both costs together.
    pub fn total(&self) -> f64 {
        self.cost + self.demand_charge_cost
    }
}

/// What a part came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartResult {
    /// The hash of all it is made from.
    pub key: String,
    /// What it is.
    pub part: Part,
    /// What it is made from.
    pub inputs: Inputs,
    /// The site's time zone.
    pub time_zone: Tz,
    /// Sessions that could not take place, and why.
    pub left_out: Vec<String>,
    /// What went wrong, by its name in the manifest.
    #[serde(default)]
    pub faults: Option<String>,
    /// What it came to.
    pub score: Score,
    /// What its energies would have cost at best; absent where it was not asked for, or nobody steers within limits.
    #[serde(default)]
    pub least: Option<Least>,
    /// What the highest power of a month costs per kW.
    #[serde(default)]
    pub demand_charge_per_kw: Option<f64>,
    /// What demand charges are reckoned by: of a month in several parts the highest counts.
    pub months: Vec<MonthDemand>,
    /// How far the vehicles' load could have been moved.
    pub flexibility: Flexibility,
    /// What the controller did.
    pub control: ControlCounts,
    /// Needed energy that sessions missed, those of more than 0.1 kWh, the largest first. **Units**: kWh.
    pub shortfalls_kwh: Vec<f64>,
    /// The day that is shown, where it is in this part.
    pub day: Vec<DayStep>,
}
