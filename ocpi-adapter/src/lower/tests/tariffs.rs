use chrono::{NaiveTime, Weekday};
use chrono_tz::Europe::Berlin;
use headroom_domain::tariff::{Dimension, PriceLimit, Restrictions, Tariff, TaxIncluded};
use headroom_domain::{Current, Energy, Money, Power};

use super::*;
use crate::lower::tariff::tariff;

fn a_tariff(elements: Value) -> Value {
    json!({
        "country_code": "DE", "party_id": "ALL", "id": "1", "currency": "EUR", "elements": elements,
        "last_updated": "2026-03-09T11:17:09Z"
    })
}

fn energy(price: f64, restrictions: Value) -> Value {
    json!({ "price_components": [{ "type": "ENERGY", "price": price, "vat": 20, "step_size": 1 }],
            "restrictions": restrictions })
}

#[test]
fn prices_of_energy_over_time_are_read_in_order() {
    let peak = json!({ "start_time": "17:00", "end_time": "21:00", "day_of_week": ["MONDAY", "FRIDAY"],
                       "start_date": "2026-01-01", "end_date": "2027-01-01" });
    let received = lower(tariff, a_tariff(json!([energy(0.4, peak), energy(0.25, Value::Null)]))).unwrap();
    assert_eq!(received.warnings, []);
    let first = &received.value.elements[0];
    let first = &first.restrictions.hours;
    assert_eq!(first.start_time, NaiveTime::from_hms_opt(17, 0, 0));
    assert_eq!(first.weekdays, [Weekday::Mon, Weekday::Fri]);
    let price = |at: &str| received.value.energy_price_at(at.parse().unwrap(), Berlin).map(f64::from);
    assert_eq!(price("2026-06-05T15:30:00Z"), Some(0.4), "a Friday, 17:30 in Berlin");
    assert_eq!(price("2026-06-06T15:30:00Z"), Some(0.25), "a Saturday");
}

#[test]
fn every_restriction_and_dimension_is_read() {
    let restricted = json!({ "min_kwh": 1.5, "max_kwh": 20, "min_current": 6, "max_current": 32, "min_power": 3.7,
                             "max_power": 16, "min_duration": 60, "max_duration": 1800 });
    let rest = json!({ "price_components": [{ "type": "TIME", "price": 2, "step_size": 60 },
                                            { "type": "PARKING_TIME", "price": 5, "step_size": 300 },
                                            { "type": "FLAT", "price": 0.5, "step_size": 1 }] });
    let received = lower(tariff, a_tariff(json!([energy(0.2, restricted), rest]))).unwrap();
    assert_eq!(received.warnings, []);
    let Tariff { elements, incomplete, .. } = received.value;
    assert!(!incomplete);
    let expected = Restrictions {
        minimum_energy_wh: Some(Energy::from_wh(1500.0)),
        maximum_energy_wh: Some(Energy::from_wh(20_000.0)),
        minimum_current_a: Some(Current::from_a(6.0)),
        maximum_current_a: Some(Current::from_a(32.0)),
        minimum_power_w: Some(Power::from_w(3700.0)),
        maximum_power_w: Some(Power::from_w(16_000.0)),
        minimum_duration_s: Some(60),
        maximum_duration_s: Some(1800),
        ..Restrictions::default()
    };
    assert_eq!(elements[0].restrictions, expected);
    assert_eq!(elements[0].components[0].vat_percent, Some(20.0));
    let dimensions: Vec<_> = elements[1].components.iter().map(|one| (one.dimension, one.step_size)).collect();
    assert_eq!(dimensions, [(Dimension::Time, 60), (Dimension::ParkingTime, 300), (Dimension::Flat, 1)]);
}

#[test]
fn an_element_with_a_broken_part_is_never_read_without_it() {
    let with_component = |component: Value| json!({ "price_components": [component] });
    let elements = json!([
        energy(0.1, json!({ "start_time": 9 })),
        energy(0.3, json!({ "day_of_week": ["SOMEDAY"] })),
        energy(0.3, json!({ "start_time": "noon" })),
        energy(0.3, json!({ "max_power": -1 })),
        energy(0.3, json!({ "reservation": "PERHAPS" })),
        with_component(json!({ "type": "WATER", "price": 1, "step_size": 1 })),
        with_component(json!({ "type": "ENERGY", "price": 1, "vat": -20, "step_size": 1 })),
        with_component(json!({ "type": "ENERGY", "price": 1, "step_size": -1 })),
        energy(0.5, json!({}))
    ]);
    let received = lower(tariff, a_tariff(elements)).unwrap();
    assert_eq!(received.value.elements.len(), 1);
    assert_eq!(received.value.elements[0].components[0].price, Money::from_amount(0.5));
    assert!(received.value.incomplete, "what it says a session costs is a guess");
    let expected = [
        "elements[0]",
        "elements[1].restrictions.day_of_week",
        "elements[2].restrictions.start_time",
        "elements[3].restrictions.max_power",
        "elements[4].restrictions.reservation",
        "elements[5].price_components[0].type",
        "elements[6].price_components[0].vat",
        "elements[7].price_components[0].step_size",
    ];
    let mut lost: Vec<_> = received.warnings.iter().filter(|warning| warning.severity == Loss).cloned().collect();
    lost.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(paths(&lost), expected);
}

#[test]
fn a_tariff_whose_type_is_not_understood_does_not_hold_for_all_sessions() {
    for broken in [json!("PROFILE_SLOW"), json!(5)] {
        let raw = with(a_tariff(json!([energy(0.5, json!({}))])), json!({ "type": broken }));
        assert!(lower(tariff, raw).unwrap_err().reason().starts_with("type: "));
    }
}

#[test]
fn a_tariff_without_a_limit_that_it_should_have_is_incomplete() {
    for limits in [json!({ "max_price": { "incl_vat": 5 } }), json!({ "max_price": 5 }), json!({ "end_date_time": 5 })]
    {
        let received = lower(tariff, with(a_tariff(json!([energy(0.5, json!({}))])), limits)).unwrap();
        assert!(received.value.incomplete);
        assert_eq!(received.value.maximum_price, None);
    }
}

#[test]
fn limits_are_read_in_the_spelling_of_either_version_and_taxes_since_2_3_0() {
    let read = |version, extra| {
        let (partner, dialect) = (PartnerId::new("cpo-1"), Dialect::default());
        let raw = with(a_tariff(json!([energy(0.5, json!({}))])), extra);
        tariff(Origin { partner: &partner, dialect: &dialect, version, owner: None, now: now() }, raw).unwrap()
    };
    let limit = Some(PriceLimit { before_tax: Money::from_amount(10.0), after_tax: Some(Money::from_amount(11.0)) });
    let old = read(Version::V221, json!({ "max_price": { "excl_vat": 10, "incl_vat": 11 } })).value;
    assert_eq!((old.maximum_price, old.tax_included), (limit, None));
    let extra = json!({ "max_price": { "before_taxes": 10, "after_taxes": 11 }, "tax_included": "YES" });
    let new = read(Version::V230, extra).value;
    assert_eq!((new.maximum_price, new.tax_included), (limit, Some(TaxIncluded::Yes)));
    let silent = read(Version::V230, json!({}));
    assert_eq!((silent.value.tax_included, paths(&silent.warnings)), (None, vec!["tax_included"]));
}

#[test]
fn line_73_times_wrap_over_midnight_and_the_end_of_day_is_midnight() {
    let night = json!({ "start_time": "22:00", "end_time": "06:00" });
    let evening = json!({ "start_time": "18:00", "end_time": "00:00" });
    let received = lower(tariff, a_tariff(json!([energy(0.1, night), energy(0.3, evening)]))).unwrap();
    let price = |at: &str| received.value.energy_price_at(at.parse().unwrap(), chrono_tz::UTC).map(f64::from);
    assert_eq!(price("2026-06-05T23:30:00Z"), Some(0.1));
    assert_eq!(price("2026-06-05T03:30:00Z"), Some(0.1));
    assert_eq!(price("2026-06-05T19:30:00Z"), Some(0.3));
    assert_eq!(price("2026-06-05T12:00:00Z"), None);
}
