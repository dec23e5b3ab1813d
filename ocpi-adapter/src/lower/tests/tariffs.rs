use chrono::{NaiveTime, Weekday};
use chrono_tz::Europe::Berlin;
use headroom_domain::EnergyPrice;

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
    assert_eq!(first.start_time, NaiveTime::from_hms_opt(17, 0, 0));
    assert_eq!(first.weekdays, [Weekday::Mon, Weekday::Fri]);
    let price = |at: &str| received.value.energy_price_at(at.parse().unwrap(), Berlin).map(f64::from);
    assert_eq!(price("2026-06-05T15:30:00Z"), Some(0.4), "a Friday, 17:30 in Berlin");
    assert_eq!(price("2026-06-06T15:30:00Z"), Some(0.25), "a Saturday");
}

#[test]
fn prices_that_depend_on_the_session_and_other_dimensions_are_left_out_with_a_warning() {
    let time = json!({ "price_components": [{ "type": "TIME", "price": 2, "step_size": 60 }] });
    let elements = json!([
        energy(0.2, json!({ "max_power": 16 })),
        time,
        energy(0.3, json!({ "day_of_week": ["SOMEDAY"] })),
        energy(0.3, json!({ "start_time": "noon" })),
        energy(0.5, json!({}))
    ]);
    let received = lower(tariff, a_tariff(elements)).unwrap();
    assert_eq!(received.value.elements.len(), 1);
    let expected = [
        "elements[0].restrictions.max_power",
        "elements[1].price_components[0].type",
        "elements[2].restrictions.day_of_week",
        "elements[3].restrictions.start_time",
    ];
    assert_eq!(paths(&received.warnings), expected);
}

#[test]
fn an_element_with_a_broken_restriction_is_never_read_without_it() {
    let elements = json!([energy(0.1, json!({ "start_time": 9 })), energy(0.5, json!({}))]);
    let received = lower(tariff, a_tariff(elements)).unwrap();
    assert_eq!(received.value.elements.len(), 1);
    assert_eq!(received.value.elements[0].price_per_kwh, EnergyPrice::from_per_kwh(0.5));
    assert_eq!(paths(&received.warnings), ["elements[0]"]);
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
