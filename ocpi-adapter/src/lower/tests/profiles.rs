use chrono::{DateTime, TimeDelta, Utc};
use serde_json::from_value;

use super::*;
use crate::lower::profile::{active_profile, profile, receipt};
use crate::station::{ProfileAnswer, RateUnit};
use crate::wire::profiles as wire;

fn start() -> DateTime<Utc> {
    "2026-03-09T10:00:00Z".parse().unwrap()
}

fn read(periods: Value) -> Result<crate::StationProfile, String> {
    let raw = json!({ "charging_rate_unit": "A", "duration": null, "charging_profile_period": periods });
    profile(&from_value::<wire::ChargingProfile>(raw).unwrap(), start())
}

#[test]
fn periods_are_sorted_and_count_from_the_start() {
    let found = read(json!([{ "start_period": 600, "limit": 6.5 }, { "start_period": 0, "limit": 16 }])).unwrap();
    assert_eq!((found.unit, found.end), (RateUnit::Amperes, None));
    assert_eq!(found.limit_at(start() - TimeDelta::seconds(1)), None);
    assert_eq!(found.limit_at(start()), Some(16.0));
    assert_eq!(found.limit_at(start() + TimeDelta::seconds(600)), Some(6.5));
}

#[test]
fn line_67_null_fields_and_a_single_period_object_are_tolerated() {
    let found = read(json!({ "start_period": 0, "limit": 16.0 })).unwrap();
    assert_eq!(found.periods.len(), 1);
    assert!(read(Value::Null).unwrap().periods.is_empty());
}

#[test]
fn a_profile_that_says_two_things_of_one_instant_or_of_no_unit_is_refused() {
    assert!(read(json!([{ "start_period": 0, "limit": 16 }, { "start_period": 0, "limit": 6 }])).is_err());
    let raw = json!({ "charging_rate_unit": "VA", "charging_profile_period": [] });
    assert!(profile(&from_value::<wire::ChargingProfile>(raw).unwrap(), start()).is_err());
}

#[test]
fn times_of_an_active_profile_count_from_when_it_was_computed() {
    let raw = json!({ "start_date_time": "2026-03-09T10:00:00Z", "charging_profile": {
        "start_date_time": "2026-03-09T11:00:00Z", "duration": 900, "charging_rate_unit": "W",
        "charging_profile_period": [{ "start_period": 0, "limit": 5000 }] } });
    let found = active_profile(&from_value(raw).unwrap()).unwrap();
    assert_eq!(found.limit_at(start()), Some(5000.0));
    assert_eq!(found.end, Some(start() + TimeDelta::seconds(900)));
}

#[test]
fn a_receipt_without_a_timeout_gets_one() {
    let raw = json!({ "result": "TOO_OFTEN", "timeout": null });
    let found = receipt(&from_value(raw).unwrap()).unwrap();
    assert_eq!((found.answer, found.timeout_s), (ProfileAnswer::TooOften, 30));
}

#[test]
fn seconds_that_are_no_count_are_refused_and_never_rounded() {
    for start in [json!(-60), json!(0.5), json!(5e9)] {
        assert!(read(json!([{ "start_period": start, "limit": 6 }])).is_err(), "{start}");
    }
    assert_eq!(read(json!([{ "start_period": 900.0, "limit": 6 }])).unwrap().periods.len(), 1);
}
