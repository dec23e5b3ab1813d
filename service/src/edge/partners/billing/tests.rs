use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::EnergyPrice;
use headroom_domain::tariff::{EnergyPriceElement, TariffElement};
use serde_json::json;

use super::*;

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
}

/// A tariff of 0.30 per kWh.
fn tariff() -> Tariff {
    Tariff {
        partner: PartnerId::new("cpo"),
        party: PartyId::new("NL", "STK"),
        id: "T1".to_owned(),
        currency: "EUR".to_owned(),
        tariff_type: None,
        tax_included: None,
        minimum_price: None,
        maximum_price: None,
        valid_from: None,
        valid_until: None,
        incomplete: false,
        elements: vec![TariffElement::from(EnergyPriceElement {
            price_per_kwh: EnergyPrice::from_per_kwh(0.3),
            start_time: None,
            end_time: None,
            start_date: None,
            end_date: None,
            weekdays: Vec::new(),
        })],
        last_updated: at(0),
    }
}

/// A record of 10 kWh in two hours.
fn cdr(total: f64) -> Cdr {
    let read = serde_json::from_value(json!({
        "key": {"partner": "cpo", "party": PartyId::new("NL", "STK"), "id": "C1"}, "session_id": "S1",
        "started_at": at(1), "ended_at": at(3), "currency": "EUR", "tariff_ids": ["T1"], "energy_wh": 10_000.0,
        "periods": [{"start": at(1), "tariff_id": "T1", "measures": [
            {"dimension": "energy", "volume": 10.0}, {"dimension": "time", "volume": 2.0},
        ]}],
        "duration": [7200, 0], "total_cost": {"before_tax": total, "after_tax": null}, "is_credit": false,
        "last_updated": at(3),
    }));
    read.unwrap()
}

fn places(cdr: &Cdr, tariffs: &[Tariff]) -> Option<String> {
    differs(cdr, tariffs, Tz::UTC).map(|warning| warning.path)
}

#[test]
fn a_total_that_is_not_what_the_tariff_comes_to_is_noted_and_rounding_is_not() {
    assert_eq!(places(&cdr(3.0), &[tariff()]), None);
    assert_eq!(places(&cdr(3.01), &[tariff()]), None);
    assert_eq!(places(&cdr(3.2), &[tariff()]).as_deref(), Some("total_cost"));
    assert_eq!(places(&cdr(2.8), &[tariff()]).as_deref(), Some("total_cost"));
}

#[test]
fn nothing_is_said_where_not_all_is_known() {
    assert_eq!(places(&cdr(9.0), &[]), None);
    assert_eq!(places(&cdr(9.0), &[Tariff { incomplete: true, ..tariff() }]), None);
    assert_eq!(places(&Cdr { currency: "SEK".to_owned(), ..cdr(9.0) }, &[tariff()]), None);
    assert_eq!(places(&Cdr { total_cost: None, ..cdr(9.0) }, &[tariff()]), None);
    assert_eq!(places(&Cdr { periods: Vec::new(), ..cdr(9.0) }, &[tariff()]), None);
}
