//! What the official tariffs cost: the numbers that the chapter on tariffs states (`tariff-vectors.json`).

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::tariff::{Amount, Cost, Usage, UsagePeriod, cost};
use headroom_domain::{Current, Energy, Money, Power};

use super::*;
use crate::lower::tariff::tariff;

/// The chapter prints cents.
const CENT: f64 = 0.005;

/// Where the prose of the standard is wrong, with the reason. Everything else must come out as it says.
///
/// - Saturday of the complex tariff: 114 min at 1.25 an hour are 2.375 (2.85 with VAT), where the prose has 2.28.
const CORRECTED: [(&str, f64, f64); 1] =
    [("complex, Saturday 13:30, 114 min at 43 A + 71 min parking", 12.375, 13.975)];

fn root() -> Option<PathBuf> {
    crate::wire::tests::standard()
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn read(root: &Path, version: Version, name: &str) -> headroom_domain::tariff::Tariff {
    let raw = json_of(&root.join(version.as_str()).join("tariffs").join(name));
    let (partner, dialect) = (PartnerId::new("cpo-1"), Dialect::default());
    let received =
        tariff(Origin { partner: &partner, dialect: &dialect, version, owner: None, now: now() }, raw).unwrap();
    assert!(!received.value.incomplete, "{name}");
    received.value
}

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

fn period(raw: &Value) -> UsagePeriod {
    let mut period =
        UsagePeriod::new(instant(&raw["start_date_time"]), raw["tariff_id"].as_str().map(ToOwned::to_owned));
    for dimension in raw["dimensions"].as_array().unwrap() {
        let volume = dimension["volume"].as_f64().unwrap();
        match dimension["type"].as_str().unwrap() {
            "ENERGY" => period.energy_wh = Energy::from_kwh(volume),
            "TIME" => period.time_h = volume,
            "PARKING_TIME" => period.parking_h = volume,
            "MIN_CURRENT" => period.minimum_current_a = Some(Current::from_a(volume)),
            "MAX_CURRENT" => period.maximum_current_a = Some(Current::from_a(volume)),
            "MIN_POWER" => period.minimum_power_w = Some(Power::from_kw(volume)),
            "MAX_POWER" => period.maximum_power_w = Some(Power::from_kw(volume)),
            other => panic!("{other}"),
        }
    }
    period
}

fn check(name: &str, total: &Amount, before: f64, after: Option<f64>) {
    let is =
        |found: Option<Money>, expected: f64| found.is_some_and(|found| (found.as_amount() - expected).abs() <= CENT);
    assert!(is(total.before_tax, before), "{name}: {total:?}, expected {before}");
    if let Some(after) = after {
        assert!(is(total.after_tax, after), "{name}: {total:?}, expected {after}");
    }
}

#[test]
fn line_72_sessions_cost_what_the_standard_says() {
    let Some(root) = root() else { return };
    let vectors = json_of(&root.join("tariff-vectors.json"));
    let vectors = vectors["vectors"].as_array().unwrap();
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let tariff = read(&root, Version::V221, vector["tariff"].as_str().unwrap());
        let usage = Usage {
            periods: vector["charging_periods"].as_array().unwrap().iter().map(period).collect(),
            end: instant(&vector["end_date_time"]),
            time_zone: vector["time_zone"].as_str().unwrap().parse().unwrap(),
            reservation_expired: false,
        };
        let found = cost(&usage, &[tariff]).unwrap();
        assert_eq!(found.doubts, [], "{name}");
        let corrected = CORRECTED.iter().find(|(corrected, ..)| *corrected == name);
        let expected = &vector["expected"];
        let (before, after) = corrected.map_or_else(
            || (expected["excl_vat"].as_f64().unwrap(), expected["incl_vat"].as_f64()),
            |(_, before, after)| (*before, Some(*after)),
        );
        check(name, &found.total, before, after);
    }
    assert_eq!(vectors.len(), 19);
}

/// A reservation of some minutes, then, unless it expired, an hour with 20 kWh.
fn reserved(tariff_id: &str, minutes: i64, expired: bool) -> Usage {
    let start: DateTime<Utc> = "2019-06-03T10:00:00Z".parse().unwrap();
    let arrival = start + TimeDelta::minutes(minutes);
    let period = |start| UsagePeriod::new(start, Some(tariff_id.to_owned()));
    #[expect(clippy::cast_precision_loss, reason = "a few minutes")]
    let reservation = UsagePeriod { reservation_h: minutes as f64 / 60.0, ..period(start) };
    let charging = UsagePeriod { energy_wh: Energy::from_kwh(20.0), time_h: 1.0, ..period(arrival) };
    let (periods, end) = if expired {
        (vec![reservation], arrival)
    } else {
        (vec![reservation, charging], arrival + TimeDelta::hours(1))
    };
    Usage { periods, end, time_zone: chrono_tz::UTC, reservation_expired: expired }
}

#[test]
fn line_72_reservations_cost_what_the_standard_says() {
    let Some(root) = root() else { return };
    let vectors = json_of(&root.join("tariff-vectors.json"));
    let vectors = vectors["reservation_vectors"].as_array().unwrap();
    for vector in vectors {
        let situation = vector["situation"].as_str().unwrap();
        let minutes = situation.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
        let tariff = read(&root, Version::V221, &format!("{}.json", vector["tariff"].as_str().unwrap()));
        let usage = reserved(&tariff.id, minutes, situation.starts_with("expired"));
        let found = cost(&usage, &[tariff]).unwrap();
        check(situation, &found.total, vector["excl_vat"].as_f64().unwrap(), vector["incl_vat"].as_f64());
        assert!(found.reservation.before_tax.unwrap() > Money::ZERO, "{situation}");
    }
    assert_eq!(vectors.len(), 6);
}

fn charged_for(root: &Path, name: &str) -> Cost {
    let tariff = read(root, Version::V230, name);
    let start: DateTime<Utc> = "2026-06-03T10:00:00Z".parse().unwrap();
    let period = UsagePeriod { time_h: 2.5, ..UsagePeriod::new(start, Some(tariff.id.clone())) };
    let end = start + TimeDelta::minutes(150);
    let usage =
        Usage { periods: vec![period], end, time_zone: chrono_tz::America::Toronto, reservation_expired: false };
    cost(&usage, &[tariff]).unwrap()
}

#[test]
fn line_72_a_north_american_price_without_taxes_tells_nothing_of_what_comes_on_top() {
    let Some(root) = root() else { return };
    let found = charged_for(&root, "tariff_19_simple_north_american_exclusive.json");
    assert_eq!((found.total.before_tax, found.total.after_tax), (Some(Money::from_amount(5.0)), None));
}

#[test]
fn line_72_a_north_american_price_with_taxes_is_what_is_paid() {
    let Some(root) = root() else { return };
    let found = charged_for(&root, "tariff_20_simple_north_american_inclusive.json");
    assert_eq!((found.total.before_tax, found.total.after_tax), (None, Some(Money::from_amount(5.25))));
}

#[test]
fn line_72_the_official_tariffs_cost_the_same_in_2_3_0() {
    let Some(root) = root() else { return };
    for name in ["tariff_6_025kwh_start_max_price.json", "tariff_12_025kwh_min_price.json", "tariff_4_complex.json"] {
        let old = read(&root, Version::V221, name);
        let new = read(&root, Version::V230, name);
        let usage = reserved(&old.id, 15, false);
        assert_eq!(cost(&usage, &[old]).unwrap().total, cost(&usage, &[new]).unwrap().total, "{name}");
    }
}
