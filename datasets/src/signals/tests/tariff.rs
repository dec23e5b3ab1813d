//! Tariffs with seasons that go on over the new year, kinds of day, hours and demand charges.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::America::Los_Angeles;
use headroom_domain::tariff::energy_price_at;

use super::super::{SignalError, TouTariff};

const TARIFF: &str = r#"{"name": "Typed", "effective": "2019-3-1", "schedule": [
    {"id": "Summer-Weekday", "effective_start": "06-01", "effective_end": "09-30", "dow_mask": "WEEKDAYS",
     "times": [0, 8.5, 18, 23], "tariffs": [0.05, 0.1, 0.3, 0.05], "demand_charge": 15.5},
    {"id": "Summer-Weekend", "effective_start": "06-01", "effective_end": "09-30", "dow_mask": "WEEKENDS",
     "times": [0], "tariffs": [0.04], "demand_charge": 15.5},
    {"id": "Winter", "effective_start": "10-01", "effective_end": "5-31", "dow_mask": "ALL",
     "times": [0, 8], "tariffs": [0.06, 0.07], "demand_charge": 11}]}"#;

fn parse(text: &str) -> Result<TouTariff, SignalError> {
    TouTariff::parse(Path::new("typed.json"), text, "USD")
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Returns the price at a local time by the elements of a year and by the site's prices of that day.
fn price(tariff: &TouTariff, local: &str) -> (f64, f64) {
    let at: DateTime<Utc> = local.parse().unwrap();
    let date = at.with_timezone(&Los_Angeles).date_naive();
    let by = |elements: &[_]| energy_price_at(elements, at, Los_Angeles).unwrap().as_per_kwh();
    (by(&tariff.elements(day("2019-01-01"), day("2020-03-01"))), by(&tariff.energy_price(date).elements()))
}

#[test]
fn the_price_follows_season_day_and_hour() {
    let tariff = parse(TARIFF).unwrap();
    assert!(tariff.noticed.is_empty());
    for (local, asked) in [
        ("2019-09-30T08:29:59-07:00", 0.05),
        ("2019-09-30T08:30:00-07:00", 0.1),
        ("2019-09-30T22:59:59-07:00", 0.3),
        ("2019-09-30T23:00:00-07:00", 0.05),
        ("2019-10-01T00:00:00-07:00", 0.06),
        ("2019-09-28T12:00:00-07:00", 0.04),
        ("2019-12-31T23:59:59-08:00", 0.07),
        ("2020-01-01T07:59:00-08:00", 0.06),
        ("2020-02-29T08:00:00-08:00", 0.07),
        ("2019-05-31T23:59:00-07:00", 0.07),
        ("2019-06-01T00:00:00-07:00", 0.04),
    ] {
        let (by_elements, by_site) = price(&tariff, local);
        assert!(
            (by_elements - asked).abs() < 1e-12 && (by_site - asked).abs() < 1e-12,
            "{local}: {by_elements} {by_site}"
        );
    }
}

#[test]
fn the_demand_charge_is_that_of_the_season() {
    let tariff = parse(TARIFF).unwrap();
    assert_eq!(tariff.demand_charge_per_kw(day("2019-07-06")), Some(15.5));
    assert_eq!(tariff.demand_charge_per_kw(day("2019-01-01")), Some(11.0));
    assert_eq!(tariff.energy_price(day("2019-07-06")).currency, "USD");
}

#[test]
fn seasons_that_meet_and_days_without_one_are_noticed() {
    let both = parse(&TARIFF.replacen("WEEKENDS", "ALL", 1)).unwrap();
    // Summer has 122 days, 86 of them Monday to Friday in 2024.
    assert_eq!(both.noticed.len(), 1);
    assert!(both.noticed[0].rule.contains("Summer-Weekday and Summer-Weekend hold on the day: the first counts"));
    assert_eq!(both.noticed[0].count, 86);
    assert!((price(&both, "2019-09-30T18:00:00-07:00").0 - 0.3).abs() < 1e-12, "the first counts");
    let hole = parse(&TARIFF.replacen("\"5-31\"", "\"5-30\"", 1)).unwrap();
    assert_eq!((hole.noticed[0].count, hole.noticed[0].examples[0].at.as_str()), (1, "2024-05-31"));
    assert!(hole.season(day("2019-05-31")).is_none() && hole.energy_price(day("2019-05-31")).bands.is_empty());
}

#[test]
fn a_tariff_that_cannot_be_names_the_field() {
    let wrong = |from: &str, to: &str| parse(&TARIFF.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(wrong("\"06-01\"", "\"13-01\"").contains("schedule[Summer-Weekday].effective_start` is `13-01`"));
    assert!(wrong("WEEKDAYS", "WORKDAYS").contains("dow_mask` is `WORKDAYS`"));
    assert!(wrong("[0, 8.5, 18, 23]", "[1, 8.5, 18, 23]").contains("rise from 0"));
    assert!(wrong("[0, 8.5, 18, 23]", "[0, 18, 8.5, 23]").contains("rise from 0"));
    assert!(wrong("[0, 8.5, 18, 23]", "[0, 8.5]").contains("has 2 times and 4 prices"));
    assert!(wrong("[0, 8.5, 18, 23]", "[0, 8.5, 18, 25]").contains("has 25"));
    assert!(wrong("{", "[").contains("is no tariff"));
}
