//! The network of a workplace as `acnportal` describes it, in JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use headroom_domain::{Current, Voltage};
use serde::{Deserialize, Serialize};

use super::SiteFileError;
use crate::file::File;

/// Stations and the lines whose currents they add to.
///
/// A line holds when `|sum_j factor_j · I_j · e^(i·angle_j)| <= maximum_current_a`: currents of stations between the lines
/// of a delta add at angles, so a sum of amperes would be wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcnNetwork {
    /// Name of the site.
    pub site: String,
    /// Where the description comes from, with its licence.
    pub source: String,
    /// Stations in the order of the file.
    pub evses: Vec<AcnEvse>,
    /// Lines (pods, windings of a transformer) in the order of the file.
    pub lines: Vec<AcnLine>,
}

/// A station for one vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcnEvse {
    /// Its name; sessions name it as their station.
    pub station_id: String,
    /// What `acnportal` calls it, for example `FiniteRatesEVSE`.
    pub kind: String,
    /// Most current.
    pub maximum_current_a: Current,
    /// Least current other than 0.
    pub minimum_current_a: Current,
    /// The only currents it may be told, rising, 0 among them; empty: any between the least and the most, and 0.
    pub pilots_a: Vec<Current>,
    /// Between the two conductors it is connected to.
    pub voltage_v: Voltage,
    /// Angle of its current. **Units**: degrees.
    pub angle_deg: f64,
}

/// A conductor or winding that currents add in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcnLine {
    /// Its name.
    pub name: String,
    /// Most current, as the length of the complex sum.
    pub maximum_current_a: Current,
    /// What adds to it, by station.
    pub terms: Vec<AcnTerm>,
}

/// What the current of a station adds to a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcnTerm {
    /// The station.
    pub station_id: String,
    /// Share of its current, negative against the line's direction.
    pub factor: f64,
    /// Angle of its current, that of the station. **Units**: degrees.
    pub angle_deg: f64,
}

impl AcnNetwork {
    /// Reads a network, plain or gzip.
    ///
    /// **Errors**: a file that is no such JSON, a number that cannot be, a line that names an unknown station.
    pub fn read(path: &Path) -> Result<Self, SiteFileError> {
        let file = File::read(path).map_err(|source| SiteFileError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &file.text())
    }

    /// Reads a network from its text; `path` names it in errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SiteFileError> {
        let raw: Raw = serde_json::from_str(text).map_err(|error| {
            let remedy = "give the JSON of a network with `site`, `evses` and `constraints`";
            SiteFileError::broken(path, "the file", format!("is no network ({error})"), remedy)
        })?;
        let evses = raw.evses.into_iter().map(|evse| evse.checked(path)).collect::<Result<Vec<_>, _>>()?;
        let mut angles = BTreeMap::new();
        for evse in &evses {
            if angles.insert(evse.station_id.as_str(), evse.angle_deg).is_some() {
                let field = format!("evses[{}].station_id", evse.station_id);
                return Err(SiteFileError::broken(
                    path,
                    field,
                    "is there twice",
                    "give every station a name of its own",
                ));
            }
        }
        let lines = raw.constraints.into_iter().map(|line| line.checked(path, &angles)).collect::<Result<_, _>>()?;
        Ok(Self { site: raw.site, source: raw.source, evses, lines })
    }

    /// Finds a station.
    pub fn evse(&self, station_id: &str) -> Option<&AcnEvse> {
        self.evses.iter().find(|evse| evse.station_id == station_id)
    }

    /// Returns the stations that no line holds back.
    pub fn unlimited(&self) -> Vec<&str> {
        let named: BTreeSet<&str> =
            self.lines.iter().flat_map(|line| &line.terms).map(|term| term.station_id.as_str()).collect();
        self.evses.iter().map(|evse| evse.station_id.as_str()).filter(|id| !named.contains(id)).collect()
    }
}

impl AcnEvse {
    /// Tells whether it may be told a current, to a thousandth of an ampere.
    pub fn allows(&self, current: Current) -> bool {
        let near = |pilot: &Current| (pilot.as_a() - current.as_a()).abs() < 1e-3;
        if self.pilots_a.is_empty() {
            return near(&Current::ZERO) || (self.minimum_current_a <= current && current <= self.maximum_current_a);
        }
        self.pilots_a.iter().any(near)
    }
}

impl AcnLine {
    /// Returns the length of the complex sum of what stations draw; a station that is not named draws nothing.
    pub fn current(&self, drawn: &BTreeMap<String, Current>) -> Current {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for term in &self.terms {
            let current = term.factor * drawn.get(&term.station_id).map_or(0.0, |current| current.as_a());
            let (sine, cosine) = term.angle_deg.to_radians().sin_cos();
            (real, imaginary) = (real + current * cosine, imaginary + current * sine);
        }
        Current::try_new(f64::hypot(real, imaginary)).unwrap_or_default()
    }
}

/// As it stands in the file.
#[derive(Deserialize)]
struct Raw {
    site: String,
    #[serde(default)]
    source: String,
    evses: Vec<RawEvse>,
    constraints: Vec<RawLine>,
}

#[derive(Deserialize)]
struct RawEvse {
    station_id: String,
    #[serde(default)]
    evse_type: String,
    max_rate_a: f64,
    #[serde(default)]
    min_rate_a: f64,
    #[serde(default)]
    allowable_pilot_signals_a: Option<Vec<f64>>,
    #[serde(default)]
    is_continuous: bool,
    voltage_v: f64,
    phase_angle_deg: f64,
}

#[derive(Deserialize)]
struct RawLine {
    name: String,
    limit_a: f64,
    coefficients: BTreeMap<String, f64>,
}

impl RawEvse {
    fn checked(self, path: &Path) -> Result<AcnEvse, SiteFileError> {
        let field = |name: &str| format!("evses[{}].{name}", self.station_id);
        let wrong = |name: &str, value: f64, remedy| {
            SiteFileError::broken(path, field(name), format!("must be a plain number, not {value}"), remedy)
        };
        let current = |name: &str, value: f64| {
            let found = Current::try_new(value).ok().filter(|current| *current >= Current::ZERO);
            found.ok_or_else(|| wrong(name, value, "give 0 A or more"))
        };
        // The list of a continuous station is its least and its most, not its only values.
        let listed = self.allowable_pilot_signals_a.as_deref().filter(|_| !self.is_continuous).unwrap_or_default();
        let mut pilots_a =
            listed.iter().map(|value| current("allowable_pilot_signals_a", *value)).collect::<Result<Vec<_>, _>>()?;
        pilots_a.sort_by(|left, right| left.as_a().total_cmp(&right.as_a()));
        let voltage_v = Voltage::try_new(self.voltage_v).ok().filter(|voltage| *voltage > Voltage::ZERO);
        Ok(AcnEvse {
            maximum_current_a: current("max_rate_a", self.max_rate_a)?,
            minimum_current_a: current("min_rate_a", self.min_rate_a)?,
            pilots_a,
            voltage_v: voltage_v.ok_or_else(|| wrong("voltage_v", self.voltage_v, "give more than 0 V"))?,
            angle_deg: self.phase_angle_deg,
            kind: self.evse_type,
            station_id: self.station_id,
        })
    }
}

impl RawLine {
    fn checked(self, path: &Path, angles: &BTreeMap<&str, f64>) -> Result<AcnLine, SiteFileError> {
        let field = |name: &str| format!("constraints[{}].{name}", self.name);
        let limit = Current::try_new(self.limit_a).ok().filter(|limit| *limit >= Current::ZERO);
        let maximum_current_a = limit.ok_or_else(|| {
            SiteFileError::broken(path, field("limit_a"), format!("is {} A", self.limit_a), "give 0 A or more")
        })?;
        let term = |(station_id, factor): (&String, &f64)| {
            let angle_deg = *angles.get(station_id.as_str()).ok_or_else(|| {
                let rule = format!("names station `{station_id}`, which is not among `evses`");
                SiteFileError::broken(path, field("coefficients"), rule, "add the station or take it out of the line")
            })?;
            Ok(AcnTerm { station_id: station_id.clone(), factor: *factor, angle_deg })
        };
        let terms = self.coefficients.iter().map(term).collect::<Result<_, SiteFileError>>()?;
        Ok(AcnLine { name: self.name, maximum_current_a, terms })
    }
}
