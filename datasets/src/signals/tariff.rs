//! Time-of-use tariffs of utilities, in the JSON of `acnportal`.

use std::path::Path;

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Weekday};
use headroom_domain::EnergyPrice;
use headroom_domain::site::{EnergyPriceTable, PriceBand};
use headroom_domain::tariff::EnergyPriceElement;
use serde::{Deserialize, Serialize};

use super::SignalError;
use crate::Finding;
use crate::file::File;
use crate::findings::Findings;

/// A tariff with seasons, kinds of day and hours. Of two seasons that hold on a day the first counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TouTariff {
    /// Its name.
    pub name: String,
    /// From when its prices were valid, as the source writes it.
    pub effective: String,
    /// ISO 4217.
    pub currency: String,
    /// In the order of the source.
    pub seasons: Vec<TouSeason>,
    /// What is odd in the source: days that no season or more than one covers.
    pub noticed: Vec<Finding>,
}

/// Prices on some days of some part of the year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TouSeason {
    /// Its name.
    pub id: String,
    /// First day, month and day.
    pub first: (u32, u32),
    /// Last day, month and day, which belongs to it; before `first`, the season goes on over the new year.
    pub last: (u32, u32),
    /// Its days of the week.
    pub weekdays: Vec<Weekday>,
    /// From a time of day on, a price per kWh; the first is from midnight and each holds until the next.
    pub prices: Vec<(NaiveTime, f64)>,
    /// For the highest power of a billing month, per kW.
    pub demand_charge_per_kw: f64,
}

impl TouTariff {
    /// Reads a tariff. The source names no currency, so the caller does.
    ///
    /// **Errors**: a file that is no such JSON, a day or an hour that cannot be, hours that do not rise from 0.
    pub fn read(path: &Path, currency: &str) -> Result<Self, SignalError> {
        let file = File::read(path).map_err(|source| SignalError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &file.text(), currency)
    }

    /// Reads a tariff from its text; `path` names it in errors.
    pub fn parse(path: &Path, text: &str, currency: &str) -> Result<Self, SignalError> {
        let raw: Raw = serde_json::from_str(text).map_err(|error| {
            let remedy = "give the JSON of a tariff with `name`, `effective` and `schedule`";
            SignalError::broken(path, "the file", format!("is no tariff ({error})"), remedy)
        })?;
        let seasons = raw.schedule.iter().map(|season| season.checked(path)).collect::<Result<Vec<_>, _>>()?;
        let noticed = coverage(&seasons);
        Ok(Self { name: raw.name, effective: raw.effective, currency: currency.to_owned(), seasons, noticed })
    }

    /// Returns the season of a day.
    pub fn season(&self, date: NaiveDate) -> Option<&TouSeason> {
        self.seasons.iter().find(|season| season.holds_on(date))
    }

    /// Returns the demand charge of the billing month of a day, per kW.
    pub fn demand_charge_per_kw(&self, date: NaiveDate) -> Option<f64> {
        self.season(date).map(|season| season.demand_charge_per_kw)
    }

    /// Returns the prices in the part of the year that holds a day, as a site writes them.
    ///
    /// A site's prices know no seasons: take those of the days that are planned.
    pub fn energy_price(&self, date: NaiveDate) -> EnergyPriceTable {
        let mut left = Weekday::Mon.days_until_all();
        let mut bands = Vec::new();
        for season in self.seasons.iter().filter(|season| season.in_season(date)) {
            let weekdays: Vec<Weekday> = left.iter().copied().filter(|day| season.weekdays.contains(day)).collect();
            left.retain(|day| !weekdays.contains(day));
            if !weekdays.is_empty() {
                bands.extend(season.bands(&weekdays));
            }
        }
        EnergyPriceTable { currency: self.currency.clone(), bands }
    }

    /// Returns the prices of the days from `first` to before `end` with their dates, as a plan reads them.
    pub fn elements(&self, first: NaiveDate, end: NaiveDate) -> Vec<EnergyPriceElement> {
        let mut elements = Vec::new();
        let mut start = first;
        while start < end {
            // A stretch of days in the same seasons.
            let same =
                |date: NaiveDate| self.seasons.iter().all(|season| season.in_season(date) == season.in_season(start));
            let next =
                start.iter_days().skip(1).take_while(|date| *date < end).find(|date| !same(*date)).unwrap_or(end);
            for band in self.energy_price(start).bands {
                elements.push(EnergyPriceElement {
                    price_per_kwh: EnergyPrice::try_new(band.price_per_kwh).unwrap_or_default(),
                    start_time: band.start_time,
                    end_time: band.end_time,
                    start_date: Some(start),
                    end_date: Some(next),
                    weekdays: band.weekdays,
                });
            }
            start = next;
        }
        elements
    }
}

impl TouSeason {
    /// Tells whether a day is in its part of the year.
    pub fn in_season(&self, date: NaiveDate) -> bool {
        let day = (date.month(), date.day());
        if self.first <= self.last {
            self.first <= day && day <= self.last
        } else {
            day >= self.first || day <= self.last
        }
    }

    /// Tells whether it holds on a day.
    pub fn holds_on(&self, date: NaiveDate) -> bool {
        self.in_season(date) && self.weekdays.contains(&date.weekday())
    }

    fn bands(&self, weekdays: &[Weekday]) -> Vec<PriceBand> {
        let ends = self.prices.iter().skip(1).map(|(time, _)| Some(*time)).chain([None]);
        let band = |((start, price), end): (&(NaiveTime, f64), Option<NaiveTime>)| PriceBand {
            price_per_kwh: *price,
            start_time: Some(*start),
            end_time: end.or(Some(NaiveTime::MIN)),
            weekdays: weekdays.to_vec(),
        };
        self.prices.iter().zip(ends).map(band).collect()
    }
}

/// Days of a leap year, Monday to Sunday, that have no season or several.
fn coverage(seasons: &[TouSeason]) -> Vec<Finding> {
    let mut noticed = Findings::default();
    let Some(first) = NaiveDate::from_ymd_opt(2024, 1, 1) else { return Vec::new() };
    for date in first.iter_days().take(366) {
        let here: Vec<&str> =
            seasons.iter().filter(|season| season.holds_on(date)).map(|season| season.id.as_str()).collect();
        match here.as_slice() {
            [_] => {}
            [] => noticed.note("no season holds on the day: energy has no price then", date.to_string(), ""),
            several => {
                let rule = format!("{} hold on the day: the first counts", several.join(" and "));
                noticed.note(rule, date.format("%m-%d, %a").to_string(), several.join(", "));
            }
        }
    }
    noticed.by_count()
}

/// The days of a week.
trait Week {
    fn days_until_all(self) -> Vec<Weekday>;
}

impl Week for Weekday {
    fn days_until_all(self) -> Vec<Weekday> {
        std::iter::successors(Some(self), |day| Some(day.succ())).take(7).collect()
    }
}

/// As it stands in the file.
#[derive(Deserialize)]
struct Raw {
    name: String,
    effective: String,
    schedule: Vec<RawSeason>,
}

#[derive(Deserialize)]
struct RawSeason {
    id: String,
    effective_start: String,
    effective_end: String,
    dow_mask: String,
    times: Vec<f64>,
    tariffs: Vec<f64>,
    demand_charge: f64,
}

impl RawSeason {
    fn checked(&self, path: &Path) -> Result<TouSeason, SignalError> {
        let wrong = |field: &str, rule: String, remedy| {
            SignalError::broken(path, &format!("schedule[{}].{field}", self.id), rule, remedy)
        };
        let day = |field: &str, text: &str| {
            month_day(text).ok_or_else(|| wrong(field, format!("is `{text}`"), "give month and day, such as 10-01"))
        };
        let week = Weekday::Mon.days_until_all();
        let weekdays = match self.dow_mask.as_str() {
            "WEEKDAYS" => week[..5].to_vec(),
            "WEEKENDS" => week[5..].to_vec(),
            "ALL" => week,
            other => return Err(wrong("dow_mask", format!("is `{other}`"), "give WEEKDAYS, WEEKENDS or ALL")),
        };
        if self.times.len() != self.tariffs.len() {
            let rule = format!("has {} times and {} prices", self.times.len(), self.tariffs.len());
            return Err(wrong("tariffs", rule, "give a price per time"));
        }
        let begins_at_zero = self.times.first().is_some_and(|hour| *hour == 0.0);
        if !begins_at_zero || self.times.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(wrong("times", format!("are {:?}", self.times), "give hours that rise from 0"));
        }
        let time = |hour: &f64| hour_of_day(*hour).ok_or_else(|| wrong("times", format!("has {hour}"), "give 0 to 24"));
        let times = self.times.iter().map(time).collect::<Result<Vec<_>, _>>()?;
        if let Some(price) = self.tariffs.iter().chain([&self.demand_charge]).find(|price| !price.is_finite()) {
            return Err(wrong("tariffs", format!("has {price}"), "give plain numbers"));
        }
        Ok(TouSeason {
            id: self.id.clone(),
            first: day("effective_start", &self.effective_start)?,
            last: day("effective_end", &self.effective_end)?,
            weekdays,
            prices: times.into_iter().zip(self.tariffs.iter().copied()).collect(),
            demand_charge_per_kw: self.demand_charge,
        })
    }
}

/// Reads `10-01` and `4-30`.
fn month_day(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    NaiveDate::from_ymd_opt(2024, month, day).map(|_| (month, day))
}

fn hour_of_day(hour: f64) -> Option<NaiveTime> {
    #[expect(clippy::cast_possible_truncation, reason = "hours of a day in minutes")]
    let minutes = (0.0..24.0).contains(&hour).then(|| (hour * 60.0).round() as i64)?;
    Some(NaiveTime::MIN + TimeDelta::minutes(minutes))
}
