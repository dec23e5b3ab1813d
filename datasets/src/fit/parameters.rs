//! Parameters as files, and what they must be.

use chrono::Weekday;

use super::{FitError, FleetParameters, STAY_BANDS, STAY_LEVELS, SiteKind, StayBand};

impl FleetParameters {
    /// Returns the shipped parameters of a kind; how they were made is in the data card.
    pub fn shipped(kind: SiteKind) -> Result<Self, FitError> {
        Self::from_toml(match kind {
            SiteKind::Workplace => include_str!("../../parameters/workplace.toml"),
            SiteKind::Home => include_str!("../../parameters/home.toml"),
            SiteKind::Public => include_str!("../../parameters/public.toml"),
            SiteKind::Depot => include_str!("../../parameters/depot.toml"),
        })
    }

    /// Reads parameters from TOML and checks them.
    pub fn from_toml(text: &str) -> Result<Self, FitError> {
        let parameters: Self = toml::from_str(text).map_err(|error| FitError::Unreadable(error.to_string()))?;
        parameters.check()?;
        Ok(parameters)
    }

    /// Writes parameters as TOML.
    pub fn to_toml(&self) -> Result<String, FitError> {
        toml::to_string(self).map_err(|error| FitError::Unreadable(error.to_string()))
    }

    /// Checks every number.
    pub fn check(&self) -> Result<(), FitError> {
        let number = |field: &str, value: f64, good: bool, rule: &'static str| {
            if good && value.is_finite() {
                Ok(())
            } else {
                Err(FitError::OutOfRange { field: field.to_owned(), value, rule })
            }
        };
        let positive = |field: &str, value: f64| number(field, value, value > 0.0, "give more than 0");
        let not_below = |field: &str, value: f64| number(field, value, value >= 0.0, "give 0 or more");
        let share = |field: &str, value: f64| number(field, value, (0.0..=1.0).contains(&value), "give 0 to 1");
        positive("maximum_kw", self.maximum_kw)?;
        for day in [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun] {
            self.arrivals_per_free_h.of(day).iter().try_for_each(|rate| not_below("arrivals_per_free_h", *rate))?;
        }
        let bands = self.stay.len();
        number("stay", bands as f64, bands == STAY_BANDS.len(), "give a band from hour 0, 5, 9, 12, 16 and 20 on")?;
        for (band, from_hour) in self.stay.iter().zip(STAY_BANDS) {
            let field = format!("stay[{from_hour}].quantiles_h");
            let from = f64::from(band.from_hour);
            number("stay.from_hour", from, band.from_hour == from_hour, "give bands from 0, 5, 9, 12, 16 and 20 on")?;
            let count = band.quantiles_h.len();
            number(&field, count as f64, count == STAY_LEVELS.len(), "give 13 numbers, from 1 % to 99 %")?;
            band.quantiles_h.iter().try_for_each(|stay| positive(&field, *stay))?;
            let falling = band.quantiles_h.windows(2).find(|pair| pair[0] > pair[1]);
            falling.map_or(Ok(()), |pair| number(&field, pair[1], false, "give numbers that never fall"))?;
        }
        positive("energy.median_kwh", self.energy.median_kwh)?;
        not_below("energy.sigma", self.energy.sigma)?;
        let with_stay = self.energy.with_stay;
        number("energy.with_stay", with_stay, (-1.0..=1.0).contains(&with_stay), "give -1 to 1")?;
        share("statements.share", self.statements.share)?;
        share("statements.with_departure", self.statements.with_departure)?;
        positive("statements.over_asking", self.statements.over_asking)?;
        not_below("statements.over_asking_sigma", self.statements.over_asking_sigma)?;
        positive("statements.stay_said", self.statements.stay_said)?;
        not_below("statements.stay_said_sigma", self.statements.stay_said_sigma)
    }

    /// Returns the band of an hour of arrival.
    pub(super) fn stay_of(&self, hour: u32) -> Option<&StayBand> {
        self.stay.iter().rev().find(|band| band.from_hour <= hour)
    }
}
