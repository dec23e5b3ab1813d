//! How a table of sessions is spelled, as data: a TOML file names its columns, units, time formats and time zone.

mod shipped;
mod values;
mod words;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::path::Path;

use super::ImportError;

pub(super) use shipped::{NAMES, shipped, text as shipped_text};
pub(super) use values::{DurationFormat, EnergyRules, EnergyUnit, RatedPower, Swapped, Zone};
pub(super) use words::Words;

/// How a table of sessions is spelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What a person should know who uses sessions read by it; each is repeated in the report.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// How the file is built.
    #[serde(default)]
    pub file: FileRules,
    /// Where things stand.
    pub columns: Columns,
    /// How times are to be read.
    pub times: Times,
    /// Units of energy.
    pub energy: EnergyRules,
    /// What a plug can do; absent: not known.
    #[serde(default)]
    pub rated_power: Option<RatedPower>,
}

/// How a file is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileRules {
    /// `csv` (plain, gzip or zstd), `xlsx` or `parquet`.
    pub kind: Kind,
    /// Between fields of a csv, one ASCII sign.
    pub delimiter: char,
    /// `.` or `,`: the sign before decimals.
    pub decimal: char,
    /// Words that stand for nothing; an empty field does always.
    pub null_words: Vec<String>,
    /// Whether columns without a name are allowed; they are not read.
    pub unnamed_columns: bool,
    /// The sheet of an xlsx; empty: the first.
    pub sheet: String,
    /// Whether a row that repeats an earlier one in all but its id is kept. Otherwise it is rejected and counted.
    pub keep_repeated_rows: bool,
    /// Plugs behind one station's name, where the file does not tell them apart.
    pub plugs_per_station: u32,
}

impl Default for FileRules {
    fn default() -> Self {
        Self {
            kind: Kind::Csv,
            delimiter: ',',
            decimal: '.',
            null_words: Vec::new(),
            unnamed_columns: false,
            sheet: String::new(),
            keep_repeated_rows: false,
            plugs_per_station: 1,
        }
    }
}

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text with a delimiter.
    Csv,
    /// A workbook.
    Xlsx,
    /// Apache Parquet.
    Parquet,
}

/// Where things stand: names of columns, or lists of names whose values are joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Name of the session; without it rows are named by where they stand. Joined by `-`.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub id: Words,
    /// The plug. Joined by `-`.
    pub station: Words,
    /// The plug where `station` is empty in all its columns.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub station_otherwise: Words,
    /// When it was plugged in: one column, or date and time. Joined by a space.
    pub arrival: Words,
    /// When it was unplugged. Joined by a space.
    pub departure: Words,
    /// Energy delivered.
    pub energy: String,
    /// The driver; becomes a salted hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The length of the stay as elapsed time: it checks the times and settles which of two equal hours is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// How long it charged, written as the duration is; where it is more than the stay, that is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charging: Option<String>,
    /// Energy that the driver asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_energy: Option<String>,
    /// Departure that the driver stated.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub stated_departure: Words,
    /// When the driver said so; without it, at the arrival.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub stated_at: Words,
    /// True where the driver really said it. Where false, what is stated repeats what happened and is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<String>,
    /// The site of the station.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// How times are to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Formats after chrono's `strftime`, tried in order; `serial-days` for the dates of a workbook.
    pub formats: Vec<String>,
    /// `offset` (it stands in the text), `utc` (whatever a label says) or the IANA zone of wall times.
    pub zone: Zone,
    /// Whether the source does not state the zone, so that it is asked about.
    #[serde(default)]
    pub zone_is_assumed: bool,
    /// The zone people live in, where `zone` does not say it: for the hours of day in the report.
    #[serde(default)]
    pub local_zone: Option<Tz>,
    /// Whether dates were read with day and month swapped on their way.
    #[serde(default)]
    pub day_month_swapped: Swapped,
    /// How the duration is written.
    #[serde(default)]
    pub duration_format: DurationFormat,
    /// How much longer the duration says than from arrival to departure. **Units**: s.
    #[serde(default)]
    pub duration_surplus_s: i64,
    /// How far the duration may be from the times before it is noticed. **Units**: s.
    #[serde(default = "minute_and_a_half")]
    pub duration_tolerance_s: i64,
}

fn minute_and_a_half() -> i64 {
    90
}

impl Mapping {
    /// Reads a mapping from a TOML file.
    pub fn load(path: &Path) -> Result<Self, ImportError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|(column, rule)| ImportError::Broken {
            path: path.to_owned(),
            column,
            rule,
            remedy: "correct the mapping; `inspect` prints one for a file, to start from".to_owned(),
        })
    }

    /// Reads a mapping from text. **Errors**: the field and its rule.
    pub(super) fn parse(text: &str) -> Result<Self, (String, String)> {
        let syntax = |error: toml::de::Error| ("the text".to_owned(), format!("must be TOML: {}", error.message()));
        let document = toml::Deserializer::parse(text).map_err(syntax)?;
        let mapping: Self = serde_path_to_error::deserialize(document).map_err(|error| {
            let line = error.inner().span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            (error.path().to_string(), format!("is wrong (line {line}): {}", error.inner().message()))
        })?;
        mapping.check()?;
        Ok(mapping)
    }

    /// Writes the mapping as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), (String, String)> {
        let unless = |holds: bool, field: &str, rule: &str| {
            if holds { Ok(()) } else { Err((field.to_owned(), rule.to_owned())) }
        };
        let file = &self.file;
        unless(file.delimiter.is_ascii(), "file.delimiter", "must be one ASCII sign, such as `,`, `;` or a tab")?;
        unless(matches!(file.decimal, '.' | ','), "file.decimal", "must be `.` or `,`")?;
        let both = file.kind == Kind::Csv && file.decimal == file.delimiter;
        unless(!both, "file.decimal", "must differ from `file.delimiter`")?;
        unless(file.plugs_per_station > 0, "file.plugs_per_station", "must be 1 or more")?;
        let columns = &self.columns;
        for (words, field) in [
            (&columns.station, "columns.station"),
            (&columns.arrival, "columns.arrival"),
            (&columns.departure, "columns.departure"),
        ] {
            unless(!words.is_empty(), field, "must name a column")?;
        }
        unless(!columns.energy.trim().is_empty(), "columns.energy", "must name a column")?;
        unless(!self.times.formats.is_empty(), "times.formats", "must hold a format such as `%Y-%m-%d %H:%M:%S`")?;
        for (index, format) in self.times.formats.iter().enumerate() {
            let known = chrono::format::StrftimeItems::new(format).parse().is_ok();
            unless(
                known,
                &format!("times.formats[{index}]"),
                "must be made of chrono's codes, such as %Y-%m-%d %H:%M",
            )?;
        }
        let ratings = self.rated_power.iter().flat_map(|rated| rated.kw.iter().chain(rated.words_kw.values()));
        let mut ratings = ratings.copied();
        unless(ratings.all(|kw| kw.is_finite() && kw > 0.0), "rated_power", "must be more than 0 kW everywhere")?;
        unless(self.times.duration_tolerance_s >= 0, "times.duration_tolerance_s", "must be 0 or more")
    }

    /// Names every column that the mapping reads, with the field that names it.
    pub(super) fn columns_read(&self) -> Vec<(&'static str, &str)> {
        let columns = &self.columns;
        let lists = [
            ("columns.id", &columns.id),
            ("columns.station", &columns.station),
            ("columns.station_otherwise", &columns.station_otherwise),
            ("columns.arrival", &columns.arrival),
            ("columns.departure", &columns.departure),
            ("columns.stated_departure", &columns.stated_departure),
            ("columns.stated_at", &columns.stated_at),
        ];
        let single = [
            ("columns.energy", Some(&columns.energy)),
            ("columns.user", columns.user.as_ref()),
            ("columns.duration", columns.duration.as_ref()),
            ("columns.charging", columns.charging.as_ref()),
            ("columns.stated_energy", columns.stated_energy.as_ref()),
            ("columns.claimed", columns.claimed.as_ref()),
            ("columns.site", columns.site.as_ref()),
            ("rated_power.column", self.rated_power.as_ref().and_then(|rated| rated.column.as_ref())),
        ];
        let lists = lists.into_iter().flat_map(|(field, words)| words.iter().map(move |word| (field, word)));
        lists.chain(single.into_iter().filter_map(|(field, name)| Some((field, name?.as_str())))).collect()
    }

    /// Returns the zone people live in, where it is known.
    pub(super) fn local_zone(&self) -> Option<Tz> {
        match self.times.zone {
            Zone::Wall(zone) => Some(self.times.local_zone.unwrap_or(zone)),
            Zone::Offset | Zone::Utc => self.times.local_zone,
        }
    }
}
