//! Prices and carbon of a scenario, from files.

use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use headroom_datasets::signals::{
    Signal, SignalChoice, SignalError, SignalMapping, SignalUnit, TouTariff, read_signals,
};
use headroom_domain::site::{EnergyPriceTable, PriceBand};
use headroom_domain::tariff::EnergyPriceElement;
use serde::{Deserialize, Serialize};

use super::run::StudyError;

/// What energy and power cost, from a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TariffEntry {
    /// A utility's time-of-use tariff in the JSON of `acnportal` (.json), or a price table as a site has it: `currency`,
    /// `[[band]]` and, where there is one, `demand_charge_per_kw` (.toml).
    pub file: PathBuf,
    /// The currency of a JSON tariff (ISO 4217), which does not say it itself.
    #[serde(default)]
    pub currency: Option<String>,
}

/// How much carbon energy from the grid brings, from files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarbonEntry {
    /// Files that belong together, for example months.
    pub files: Vec<PathBuf>,
    /// How they spell signals: the name of a shipped mapping, such as `sgip-moer`.
    pub mapping: String,
    /// The signal that is read; absent: the first of the mapping in g/kWh.
    #[serde(default)]
    pub signal: Option<String>,
}

/// A tariff that was read.
pub(super) enum Tariff {
    /// With seasons.
    Seasons(TouTariff),
    /// The same all the year.
    Table(PriceFile),
}

/// A price table as a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFile {
    currency: String,
    #[serde(rename = "band")]
    bands: Vec<PriceBand>,
    #[serde(default)]
    demand_charge_per_kw: Option<f64>,
}

impl TariffEntry {
    fn is_table(&self) -> bool {
        self.file.extension().is_some_and(|extension| extension == "toml")
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let rule = |ok: bool, rule| if ok { Ok(()) } else { Err(("tariff.currency", rule)) };
        rule(
            self.is_table() || self.currency.is_some(),
            "is missing: a JSON tariff does not state it, for example \"USD\"",
        )?;
        rule(!self.is_table() || self.currency.is_none(), "is in the price table itself: leave it out")
    }

    /// Reads it from its bytes.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<Tariff, StudyError> {
        let text = String::from_utf8_lossy(bytes);
        if !self.is_table() {
            let currency = self.currency.as_deref().unwrap_or("XXX");
            return Ok(Tariff::Seasons(TouTariff::parse(&self.file, &text, currency)?));
        }
        let table: PriceFile = toml::from_str(&text)
            .map_err(|source| StudyError::PriceTable { path: self.file.clone(), source: Box::new(source) })?;
        Ok(Tariff::Table(table))
    }
}

impl Tariff {
    /// Returns the prices over some days, in order, with their currency.
    pub(super) fn elements(&self, first: NaiveDate, last: NaiveDate) -> (Vec<EnergyPriceElement>, String) {
        match self {
            Self::Seasons(tariff) => {
                (tariff.elements(first, last.checked_add_days(Days::new(1)).unwrap_or(last)), tariff.currency.clone())
            }
            Self::Table(PriceFile { currency, bands, .. }) => {
                let table = EnergyPriceTable { currency: currency.clone(), bands: bands.clone() };
                (table.elements(), table.currency)
            }
        }
    }

    /// Returns what the highest power of the month of a day costs per kW.
    pub(super) fn demand_charge_per_kw(&self, day: NaiveDate) -> Option<f64> {
        match self {
            Self::Seasons(tariff) => tariff.demand_charge_per_kw(day),
            Self::Table(table) => table.demand_charge_per_kw,
        }
    }
}

impl CarbonEntry {
    /// Reads it.
    pub(super) fn read(&self) -> Result<Signal, StudyError> {
        let mapping = SignalMapping::shipped(&self.mapping)?;
        let choice = SignalChoice { signals: self.signal.iter().cloned().collect(), ..SignalChoice::default() };
        let import = read_signals(&self.files, &mapping, &choice)?;
        let found = import.signals.into_iter().find(|signal| signal.unit == SignalUnit::GPerKwh);
        found.ok_or_else(|| {
            let path = self.files.first().map_or(Path::new(""), PathBuf::as_path).to_owned();
            StudyError::NoCarbon { path, mapping: self.mapping.clone() }
        })
    }
}

impl From<SignalError> for StudyError {
    fn from(error: SignalError) -> Self {
        Self::Signal(Box::new(error))
    }
}
