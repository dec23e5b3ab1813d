//! What is to be simulated, as its author wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use headroom_datasets::Format;
use serde::{Deserialize, Serialize};

use super::garage::GarageEntry;
use super::region::RegionEntry;
use super::signal::{CarbonEntry, TariffEntry};
use super::steering::Steering;
use crate::engine::{FaultPlan, Strategy};

/// A study: every scenario under every strategy with every seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What people call it.
    pub name: String,
    /// How sites are steered: a strategy, or a strategy and what it is told, such as `optimized/perfect`.
    pub strategies: Vec<Steering>,
    /// Seeds of what is left to chance: vehicles, base loads, delays.
    #[serde(default = "one_seed")]
    pub seeds: Vec<u64>,
    /// Whether each part also writes power per session and interval as Parquet.
    #[serde(default)]
    pub power: bool,
    /// What may go wrong, by name, for scenarios to choose from.
    #[serde(default)]
    pub faults: BTreeMap<String, FaultPlan>,
    /// What is simulated.
    #[serde(rename = "scenario")]
    pub scenarios: Vec<ScenarioEntry>,
}

fn one_seed() -> Vec<u64> {
    vec![1]
}

/// A site (or a feeder, with its sites as circuits) and who comes to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioEntry {
    /// What people call it; part of file names.
    pub name: String,
    /// The description of the site, as the service reads it. Absent: `garage`.
    #[serde(default)]
    pub site: Option<PathBuf>,
    /// How the stations of a recording are wired where there is no `site`: they make a garage, or, where the recording
    /// names several sites, a feeder with a circuit for each of them.
    #[serde(default)]
    pub garage: Option<GarageEntry>,
    /// A region of made-up sites, in place of `site` and `sessions`.
    #[serde(default)]
    pub region: Option<RegionEntry>,
    /// Recorded sessions. Absent: workplace sessions are made for every EVSE of the site.
    #[serde(default)]
    pub sessions: Option<PathBuf>,
    /// How the recording is spelled.
    #[serde(default)]
    pub format: Option<Format>,
    /// First day, in the site's time zone.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// How many such sites there are, each with sessions and a base load of its own; recorded ones stand for themselves.
    #[serde(default = "one")]
    pub sites: usize,
    /// Days in a part. Sessions that go on beyond them are simulated to their end.
    #[serde(default = "a_week")]
    pub days_per_part: usize,
    /// The limit of the connection: the highest base load, and this share of what the vehicles would draw at once if nobody
    /// steered. Absent: what the site's file says.
    #[serde(default)]
    pub limit_share: Option<f64>,
    /// What energy and the highest power of a month cost. Absent: what the site's file says, for a garage the energy
    /// prices of Southern California Edison's TOU-EV-4 of 2019, for a region made-up Dutch ones.
    #[serde(default)]
    pub tariff: Option<TariffEntry>,
    /// What the highest power of a month costs per kW. Absent: what the tariff says, or else the site's file.
    #[serde(default)]
    pub demand_charge_per_kw: Option<f64>,
    /// The carbon of energy from the grid. Absent: not known.
    #[serde(default)]
    pub carbon: Option<CarbonEntry>,
    /// What goes wrong, by its name among the manifest's `faults`. Absent: nothing.
    #[serde(default)]
    pub faults: Option<String>,
    /// The strategies whose costs are compared with the least that the same energy could have cost (perfect foresight), which
    /// may take longer than they do. Absent: all that steer.
    #[serde(default)]
    pub least_cost_of: Option<Vec<Strategy>>,
    /// The day that the report shows step by step; absent: the first.
    #[serde(default)]
    pub show: Option<NaiveDate>,
}

fn one() -> usize {
    1
}

fn a_week() -> usize {
    7
}

/// A manifest that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
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
    /// A field breaks a rule.
    #[error("{}: `{field}` {rule}", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What is wrong and how to mend it.
        rule: &'static str,
    },
}

impl Manifest {
    /// Reads and checks a manifest. Paths in it count from its folder.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        Self::load_with(path, None)
    }

    /// Reads and checks a manifest. Paths in it count from its folder, or, where nothing is there, from `data`.
    pub fn load_with(path: &Path, data: Option<&Path>) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ManifestError::Unreadable { path: path.to_owned(), source })?;
        let manifest: Self = toml::from_str(&text)
            .map_err(|source| ManifestError::Broken { path: path.to_owned(), source: Box::new(source) })?;
        let mut manifest = manifest.checked(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in manifest.scenarios.iter_mut().flat_map(ScenarioEntry::files) {
            let here = folder.join(&*file);
            *file = data.map(|data| data.join(&*file)).filter(|_| !here.exists()).unwrap_or(here);
        }
        Ok(manifest)
    }

    /// Checks a manifest that was made in another way than by reading a file; messages name it by `path`.
    pub fn checked(self, path: &Path) -> Result<Self, ManifestError> {
        self.check().map_err(|(field, rule)| ManifestError::Rule { path: path.to_owned(), field, rule })?;
        Ok(self)
    }

    fn check(&self) -> Result<(), (String, &'static str)> {
        let rule = |ok: bool, field: &str, rule: &'static str| if ok { Ok(()) } else { Err((field.to_owned(), rule)) };
        rule(!self.strategies.is_empty(), "strategies", "is empty: name at least one, for example \"optimized\"")?;
        rule(!self.seeds.is_empty(), "seeds", "is empty: leave it out, or give at least one")?;
        rule(!self.scenarios.is_empty(), "scenario", "is missing: give at least one [[scenario]]")?;
        rule(is_without_repeats(&self.seeds), "seeds", "names one twice: give each once")?;
        rule(is_without_repeats(&self.strategies), "strategies", "names one twice: give each once")?;
        let names: Vec<&str> = self.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        rule(is_without_repeats(&names), "scenario.name", "is given twice: names must differ")?;
        for (index, scenario) in self.scenarios.iter().enumerate() {
            let at = |(field, rule)| (format!("scenario[{index}].{field}"), rule);
            scenario.check().map_err(at)?;
            let known = scenario.faults.as_ref().is_none_or(|name| self.faults.contains_key(name));
            rule(
                known,
                &format!("scenario[{index}].faults"),
                "is not among [faults]: add it there, or correct its name",
            )?;
        }
        for (name, faults) in &self.faults {
            let share = (0.0..=1.0).contains(&faults.callbacks_lost);
            rule(share, &format!("faults.{name}.callbacks_lost"), "must be 0 to 1, for example 0.2")?;
            let limits = faults.sudden_limits.iter().all(|limit| limit.import_limit_kw.is_finite());
            rule(limits, &format!("faults.{name}.sudden_limits"), "must have limits in kW, for example 20.0")?;
        }
        Ok(())
    }
}

impl ScenarioEntry {
    /// Returns its paths.
    fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let mapping = match &mut self.format {
            Some(Format::Mapping(path)) => Some(path),
            _ => None,
        };
        let tariff = self.tariff.as_mut().map(|tariff| &mut tariff.file);
        let carbon = self.carbon.as_mut().into_iter().flat_map(|carbon| &mut carbon.files);
        self.site.iter_mut().chain(&mut self.sessions).chain(mapping).chain(tariff).chain(carbon)
    }

    /// Returns how many sites are simulated, each by itself: feeders of a region are one each.
    pub(super) fn sites(&self) -> usize {
        self.region.as_ref().map_or(self.sites, RegionEntry::feeders)
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let rule = |ok: bool, field, rule| if ok { Ok(()) } else { Err((field, rule)) };
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let name = !self.name.is_empty() && self.name.chars().all(is_plain);
        rule(name, "name", "must be letters, digits, - and _: it becomes part of file names")?;
        let placed = self.site.is_some() || self.sessions.is_some() || self.region.is_some();
        rule(placed, "site", "is missing: give a site, a recording, both, or a region")?;
        let alone = self.region.is_none() || (self.site.is_none() && self.sessions.is_none() && self.sites == 1);
        rule(alone, "region", "makes its own sites and sessions: leave out `site`, `sessions` and `sites`")?;
        let garage = self.garage.is_none() || (self.site.is_none() && self.sessions.is_some());
        rule(garage, "garage", "goes with `sessions` and without `site`: leave it out, or the site")?;
        let zone = self.garage.as_ref().is_none_or(|garage| garage.time_zone == GarageEntry::default().time_zone);
        rule(
            zone || self.tariff.is_some(),
            "tariff",
            "is missing: a garage outside California needs prices of its own",
        )?;
        rule(self.sessions.is_some() == self.format.is_some(), "format", "goes with `sessions`: give both or neither")?;
        rule(self.from <= self.to, "to", "is before `from`: give the last day")?;
        rule(self.days_per_part > 0, "days_per_part", "is 0: give 1 or more")?;
        rule(self.sites > 0, "sites", "is 0: give 1 or more")?;
        rule(
            self.sites == 1 || self.sessions.is_none(),
            "sites",
            "is for made sessions: leave it out with a recording",
        )?;
        let share = self.limit_share.is_none_or(|share| share.is_finite() && (0.0..=10.0).contains(&share));
        rule(share, "limit_share", "must be 0 to 10, for example 0.5")?;
        let charge = self.demand_charge_per_kw.is_none_or(|charge| charge.is_finite() && charge >= 0.0);
        rule(charge, "demand_charge_per_kw", "must be 0 or more")?;
        let shown = self.show.is_none_or(|day| (self.from..=self.to).contains(&day));
        rule(shown, "show", "is not from `from` to `to`: choose a day of the scenario")?;
        self.garage.as_ref().map_or(Ok(()), GarageEntry::check)?;
        self.region.as_ref().map_or(Ok(()), RegionEntry::check)?;
        self.tariff.as_ref().map_or(Ok(()), TariffEntry::check)
    }
}

fn is_without_repeats<T: Ord>(list: &[T]) -> bool {
    list.iter().collect::<BTreeSet<_>>().len() == list.len()
}
