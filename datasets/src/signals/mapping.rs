//! How files spell signals, as data.

mod shipped;

use chrono::{DateTime, FixedOffset, NaiveTime};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::SignalUnit;

/// How a file spells signals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalMapping {
    /// Its name.
    pub name: String,
    /// Whom to name with the data: source and licence.
    pub source: String,
    /// What the file is.
    pub format: TableFormat,
    /// Between fields of a csv.
    #[serde(default = "comma")]
    pub separator: char,
    /// Numbers are written `1,5`.
    #[serde(default)]
    pub decimal_comma: bool,
    /// Texts that stand for no value, beside the empty one.
    #[serde(default)]
    pub null: Vec<String>,
    /// Of the times without offset, and of the place.
    pub time_zone: Tz,
    /// Where the time of a row stands.
    pub time: Times,
    /// What the time of a row marks.
    #[serde(default)]
    pub marks: Marks,
    /// Length of an interval. **Units**: min.
    pub step_min: u32,
    /// How local days are counted.
    #[serde(default)]
    pub clock: DailyClock,
    /// The column by which the caller chooses a place; absent: every row is read.
    #[serde(default)]
    pub place_column: Option<String>,
    /// Only rows with these values are read.
    #[serde(default, rename = "filter")]
    pub filters: Vec<Filter>,
    /// The signals.
    #[serde(rename = "signal")]
    pub signals: Vec<ColumnSignal>,
}

fn comma() -> char {
    ','
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    /// Text with separators and a header, plain or gzip.
    Csv,
    /// Parquet; its columns of times count as texts in RFC 3339.
    Parquet,
    /// Excel: every sheet is read, each with a header.
    Xlsx,
}

/// Where the time of a row stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Times {
    /// One column with date, time and offset.
    Instant {
        /// The column.
        column: String,
        /// As `chrono` writes it, for example `%Y-%m-%d %H:%M:%S%:z`.
        format: String,
    },
    /// One column with local date and time.
    Local {
        /// The column.
        column: String,
        /// As `chrono` writes it.
        format: String,
    },
    /// A local day and an hour of it, `01:00` to `24:00` (what it marks is in `marks`).
    DayHour {
        /// Column of the day.
        day_column: String,
        /// As `chrono` writes it.
        day_format: String,
        /// Column of the hour.
        hour_column: String,
        /// Column that says `Y` in the second of two hours of one name; absent: the order of rows tells.
        #[serde(default)]
        repeated_column: Option<String>,
    },
    /// No time: each row is a step after the one before.
    Counted {
        /// The start of the first row; absent: the caller gives it.
        #[serde(default)]
        start: Option<DateTime<FixedOffset>>,
        /// Column of the month, checked against what is counted.
        #[serde(default)]
        month_column: Option<String>,
        /// Column of the hour, 1 to 24, that ends with the row, checked against what is counted.
        #[serde(default)]
        hour_column: Option<String>,
    },
}

/// What the time of a row marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Marks {
    /// The start of its interval.
    #[default]
    Start,
    /// The end of its interval (hour ending).
    End,
}

/// How local days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DailyClock {
    /// As the zone's clock shows: 23 hours in spring, 25 in autumn, the repeated hour twice.
    #[default]
    Zone,
    /// Always 24 hours: the hour that spring skips was made up and is left out, the one that autumn repeats is given once
    /// and holds twice.
    Even,
}

/// Rows that are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The column.
    pub column: String,
    /// Its value.
    pub value: String,
}

/// A column and what it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSignal {
    /// Name of the signal.
    pub name: String,
    /// Its column; for forecasts the start of their columns' names, which end in 1, 2, 3, …
    pub column: String,
    /// Of the values in the file.
    pub unit: SourceUnit,
    /// ISO 4217, for prices.
    #[serde(default)]
    pub currency: Option<String>,
    /// What positive values in the file are.
    #[serde(default)]
    pub positive: Towards,
    /// A file without the column has not the signal; else it is an error.
    #[serde(default)]
    pub optional: bool,
    /// When the values became known; absent: not stated.
    #[serde(default)]
    pub issued: Option<Issued>,
    /// The columns are forecasts made at the time of the row.
    #[serde(default)]
    pub forecasts: Option<Revisions>,
}

/// What positive values in a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Towards {
    /// Towards the consumer.
    #[default]
    Consumption,
    /// Away from the consumer: the sign is turned.
    Generation,
}

/// A daily time at which values became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Days before the local day of the value.
    pub days_before: u32,
    /// Local time of day, `HH:MM:SS`.
    pub at: NaiveTime,
}

/// Forecasts beside each other in a row: column `k` is for the row's time plus `ahead_min[k - 1]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revisions {
    /// How far ahead each is. **Units**: min.
    pub ahead_min: Vec<u32>,
}

/// The unit of values in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceUnit {
    /// Power.
    W,
    /// Power.
    #[serde(rename = "kW")]
    Kw,
    /// Power.
    #[serde(rename = "MW")]
    Mw,
    /// Energy of the interval.
    #[serde(rename = "kWh")]
    Kwh,
    /// Energy of the interval.
    Wh,
    /// Yield of photovoltaics per kW of it; the caller says how many kW there are.
    #[serde(rename = "W/kW")]
    WPerKw,
    /// Money per kWh.
    #[serde(rename = "per kWh")]
    PerKwh,
    /// Money per 1000 kWh.
    #[serde(rename = "per MWh")]
    PerMwh,
    /// Carbon.
    #[serde(rename = "g/kWh")]
    GPerKwh,
    /// Carbon.
    #[serde(rename = "kg/kWh")]
    KgPerKwh,
}

impl ColumnSignal {
    /// Returns the unit that values get and the factor to it, sign included. **Errors**: the field that is missing.
    pub(super) fn conversion(&self, step_h: f64, installed_kw: Option<f64>) -> Result<(SignalUnit, f64), &'static str> {
        let price = || -> Result<SignalUnit, &'static str> {
            let currency = self.currency.clone().ok_or("currency")?;
            Ok(SignalUnit::PricePerKwh { currency })
        };
        let (unit, factor) = match self.unit {
            SourceUnit::W => (SignalUnit::Kw, 1e-3),
            SourceUnit::Kw => (SignalUnit::Kw, 1.0),
            SourceUnit::Mw => (SignalUnit::Kw, 1e3),
            SourceUnit::Kwh => (SignalUnit::Kw, 1.0 / step_h),
            SourceUnit::Wh => (SignalUnit::Kw, 1e-3 / step_h),
            SourceUnit::WPerKw => (SignalUnit::Kw, 1e-3 * installed_kw.ok_or("installed_kw")?),
            SourceUnit::PerKwh => (price()?, 1.0),
            SourceUnit::PerMwh => (price()?, 1e-3),
            SourceUnit::GPerKwh => (SignalUnit::GPerKwh, 1.0),
            SourceUnit::KgPerKwh => (SignalUnit::GPerKwh, 1e3),
        };
        Ok((unit, if self.positive == Towards::Generation { -factor } else { factor }))
    }

    /// Returns its columns with the time that each is ahead of its row. **Units**: min.
    pub(super) fn columns(&self) -> Vec<(String, u32)> {
        match &self.forecasts {
            None => vec![(self.column.clone(), 0)],
            Some(Revisions { ahead_min }) => {
                let column = |(index, ahead): (usize, &u32)| (format!("{}{}", self.column, index + 1), *ahead);
                ahead_min.iter().enumerate().map(column).collect()
            }
        }
    }
}
