//! The unit of a study: one strategy over a few days of one site with one seed.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::engine::{ControlCounts, Strategy};
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
    pub strategy: Strategy,
    /// Seed of what is left to chance.
    pub seed: u64,
}

impl Part {
    /// Returns the name of its files, without an ending.
    pub fn file_stem(&self) -> String {
        let Self { scenario, site, from, strategy, seed, .. } = self;
        format!("{scenario}.{site}.{from}.{strategy}.{seed}")
    }
}

/// What a part is made from, as SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The recording.
    pub data: String,
    /// The scenario and its site.
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

/// What a part came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartResult {
    /// The hash of all it is made from.
    pub key: String,
    /// What it is.
    pub part: Part,
    /// What it is made from.
    pub inputs: Inputs,
    /// Sessions that could not take place, and why.
    pub left_out: Vec<String>,
    /// What it came to.
    pub score: Score,
    /// What the controller did.
    pub control: ControlCounts,
    /// Needed energy that sessions missed, those of more than 0.1 kWh, the largest first. **Units**: kWh.
    pub shortfalls_kwh: Vec<f64>,
    /// The day that is shown, where it is in this part.
    pub day: Vec<DayStep>,
}
