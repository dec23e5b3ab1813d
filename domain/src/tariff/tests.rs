use chrono::{DateTime, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Europe::Berlin;
use chrono_tz::Tz;

use super::*;
use crate::units::{Current, Energy};

mod choosing;
mod costs;
mod local_time;
mod marginal_prices;
mod properties;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn start() -> DateTime<Utc> {
    at("2026-03-09T10:00:00Z")
}

fn component(dimension: Dimension, price: f64) -> PriceComponent {
    PriceComponent { dimension, price: Money::from_amount(price), vat_percent: None, step_size: 1 }
}

fn element(components: &[PriceComponent], restrictions: Restrictions) -> TariffElement {
    TariffElement { components: components.to_vec(), restrictions }
}

/// An element of one price of energy.
fn energy(price: f64, restrictions: Restrictions) -> TariffElement {
    element(&[component(Dimension::Energy, price)], restrictions)
}

fn always() -> Restrictions {
    Restrictions::default()
}

fn between(from: (u32, u32), until: (u32, u32)) -> Restrictions {
    let time = |(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0);
    let hours = LocalHours { start_time: time(from), end_time: time(until), ..LocalHours::default() };
    Restrictions { hours, ..always() }
}

fn tariff(elements: Vec<TariffElement>) -> Tariff {
    Tariff {
        partner: PartnerId::new("cpo"),
        party: PartyId::new("NL", "STK"),
        id: "T".to_owned(),
        currency: "EUR".to_owned(),
        tariff_type: None,
        tax_included: None,
        minimum_price: None,
        maximum_price: None,
        valid_from: None,
        valid_until: None,
        elements,
        incomplete: false,
        last_updated: start(),
    }
}

fn limit(before: f64, after: Option<f64>) -> PriceLimit {
    PriceLimit { before_tax: Money::from_amount(before), after_tax: after.map(Money::from_amount) }
}

/// An hour or more of charging in one period.
fn charging(start: DateTime<Utc>, hours: f64, kwh: f64) -> UsagePeriod {
    UsagePeriod { energy_wh: Energy::from_kwh(kwh), time_h: hours, ..UsagePeriod::new(start, Some("T".to_owned())) }
}

fn usage_in(time_zone: Tz, periods: Vec<UsagePeriod>, end: DateTime<Utc>) -> Usage {
    Usage { periods, end, time_zone, reservation_expired: false }
}

fn usage(periods: Vec<UsagePeriod>, end: DateTime<Utc>) -> Usage {
    usage_in(chrono_tz::UTC, periods, end)
}

fn total(tariff: &Tariff, usage: &Usage) -> f64 {
    cost(usage, std::slice::from_ref(tariff)).unwrap().total.before_tax.unwrap().as_amount()
}

#[track_caller]
fn is_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
}

/// What a session of one period that charges evenly costs.
fn even(tariff: &Tariff, from: &str, until: &str, kwh: f64) -> f64 {
    let (from, until) = (at(from), at(until));
    let hours = crate::units::hours(until - from);
    total(tariff, &usage_in(Berlin, vec![charging(from, hours, kwh)], until))
}
