use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use headroom_domain::location::{Connector, Evse, Location, Place, Supply};
use headroom_domain::preference::ProfileType;
use headroom_domain::profile::{ChargingProfile, ProfilePeriod};
use headroom_domain::session::{Session, SessionKey, SessionStatus};
use headroom_domain::tariff::{
    Dimension, LocalHours, PriceComponent, PriceLimit, Reservation, Restrictions, Tariff, TariffElement, TariffType,
    TaxIncluded,
};
use headroom_domain::{Current, Energy, Money, PartnerId, PartyId, Power, Ratio, Voltage};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::lower::{Lower, Origin};
use crate::partner::Dialect;
use crate::station::{RateUnit, StationPeriod, StationProfile};
use crate::version::Version;
use crate::{lift, lower};

fn start() -> DateTime<Utc> {
    "2026-03-09T10:00:00Z".parse().unwrap()
}

fn connector(supply: Supply) -> Connector {
    let (voltage, current) = if supply == Supply::Dc { (400.0, 125.0) } else { (230.0, 32.0) };
    Connector {
        id: "1".to_owned(),
        supply,
        voltage_v: Voltage::from_v(voltage),
        maximum_current_a: Current::from_a(current),
        maximum_power_w: Power::from_w(20_000.0),
        tariff_ids: vec!["T1".to_owned()],
    }
}

fn profile_of(periods: &[(i64, f64)]) -> ChargingProfile {
    let periods = periods.iter().map(|&(after_ms, limit_w)| ProfilePeriod {
        start: start() + TimeDelta::milliseconds(after_ms),
        limit_w: Power::from_w(limit_w),
    });
    ChargingProfile::new(periods.collect()).unwrap()
}

fn lifted(periods: &[(i64, f64)], supply: Supply, dialect: &Dialect) -> Value {
    serde_json::to_value(lift::profile(&profile_of(periods), &connector(supply), dialect)).unwrap()
}

fn periods_of(periods: &[(i64, f64)]) -> Vec<(u64, f64)> {
    let found = lifted(periods, Supply::Ac { phases: 3 }, &Dialect::default());
    let found = found["charging_profile_period"].as_array().unwrap().clone();
    found.iter().map(|found| (found["start_period"].as_u64().unwrap(), found["limit"].as_f64().unwrap())).collect()
}

#[test]
fn line_51_a_profile_has_the_exact_names_of_the_standard_and_no_duration() {
    let found = lifted(&[(0, 11_040.0), (900_000, 4_140.0)], Supply::Ac { phases: 3 }, &Dialect::default());
    let expected = json!({
        "start_date_time": "2026-03-09T10:00:00Z",
        "charging_rate_unit": "A",
        "charging_profile_period": [{ "start_period": 0, "limit": 16 }, { "start_period": 900, "limit": 6 }]
    });
    assert_eq!(found, expected);
}

#[test]
fn line_64_limits_have_one_decimal_and_are_rounded_down() {
    assert_eq!(periods_of(&[(0, 11_108.9)]), [(0, 16.0)]);
    assert_eq!(periods_of(&[(0, 11_109.1)]), [(0, 16.1)]);
    assert_eq!(periods_of(&[(0, 0.0)]), [(0, 0.0)]);
}

#[test]
fn line_65_amperes_per_phase_on_ac_and_watts_on_dc() {
    let amperes = |phases| lifted(&[(0, 6_900.0)], Supply::Ac { phases }, &Dialect::default());
    assert_eq!(amperes(1)["charging_profile_period"][0]["limit"], 30);
    assert_eq!(amperes(3)["charging_profile_period"][0]["limit"], 10);
    let dc = lifted(&[(0, 6_900.07)], Supply::Dc, &Dialect::default());
    assert_eq!((&dc["charging_rate_unit"], &dc["charging_profile_period"][0]["limit"]), (&json!("W"), &json!(6900)));
}

#[test]
fn a_dialect_chooses_the_unit_and_the_least_current() {
    let dialect = Dialect { rate_unit: Some(RateUnit::Watts), minimum_a: Current::from_a(6.0), ..Dialect::default() };
    let found = lifted(&[(0, 4_140.0), (60_000, 4_139.0)], Supply::Ac { phases: 3 }, &dialect);
    assert_eq!(found["charging_rate_unit"], "W");
    assert_eq!(found["charging_profile_period"][0]["limit"], 4140);
    assert_eq!(found["charging_profile_period"][1]["limit"], 0, "5.9 A charge nothing");
}

#[test]
fn starts_between_seconds_are_moved_to_the_safe_side() {
    assert_eq!(periods_of(&[(400, 6_900.0)]), [(0, 10.0)], "the first begins early");
    assert_eq!(periods_of(&[(0, 6_900.0), (1_500, 690.0)]), [(0, 10.0), (1, 1.0)], "a lower one early");
    assert_eq!(periods_of(&[(0, 690.0), (1_500, 6_900.0)]), [(0, 1.0), (2, 10.0)], "a higher one late");
    assert_eq!(periods_of(&[(0, 6_900.0), (1_200, 690.0), (1_700, 6_900.0)]), [(0, 10.0), (1, 1.0), (2, 10.0)]);
}

proptest! {
    #[test]
    fn a_lifted_profile_never_allows_more_than_it_was_asked_to(
        gaps in prop::collection::vec(1_i64..3_000, 1..12),
        limits in prop::collection::vec(0_u32..22_000, 12),
        first_ms in 0_i64..2_000,
    ) {
        let mut at_ms = first_ms;
        let mut periods = Vec::new();
        for (gap, limit) in gaps.iter().zip(&limits) {
            periods.push((at_ms, f64::from(*limit)));
            at_ms += gap;
        }
        let connector = connector(Supply::Ac { phases: 3 });
        let profile = profile_of(&periods);
        let wire = lift::profile(&profile, &connector, &Dialect::default());
        prop_assert_eq!(wire.charging_profile_period[0].start_period.count(), 0);
        prop_assert!(wire.charging_profile_period.windows(2).all(|pair| pair[0].start_period.count() < pair[1].start_period.count()));
        let wire_start = wire.start_date_time.unwrap().0;
        let station = lower::profile::profile(&wire, wire_start).unwrap().at_connector(&connector).unwrap();
        for step in (0..at_ms + 1_000).step_by(53) {
            let at = start() + TimeDelta::milliseconds(step);
            if at >= profile.start() {
                prop_assert!(station.limit_at(at).as_w() <= profile.limit_at(at).as_w() + 1e-3);
            }
        }
        prop_assert!(station.tail_limit() + Power::from_w(69.1) >= profile.tail_limit());
    }
}

fn back<T>(wire: &impl Serialize, read: Lower<T>) -> T {
    back_in(Version::V221, wire, read)
}

fn back_in<T>(version: Version, wire: &impl Serialize, read: Lower<T>) -> T {
    let dialect = Dialect::default();
    let received = read(
        Origin { partner: &PartnerId::new("p"), dialect: &dialect, version, owner: None, now: start() },
        serde_json::to_value(wire).unwrap(),
    );
    let received = received.unwrap();
    assert_eq!(received.warnings, []);
    received.value
}

#[test]
fn a_location_comes_back_as_it_went() {
    let evse = |uid: &str, out_of_use: bool, supply| Evse {
        uid: uid.to_owned(),
        takes_profiles: true,
        takes_preferences: !out_of_use,
        out_of_use,
        connectors: vec![connector(supply)],
    };
    let location = Location {
        partner: PartnerId::new("p"),
        party: PartyId::new("NL", "STK"),
        id: "L1".to_owned(),
        name: "Depot".to_owned(),
        place: Place {
            address: "Street 1".to_owned(),
            city: "Delft".to_owned(),
            country: "NLD".to_owned(),
            latitude: "52.00000".to_owned(),
            longitude: "4.36000".to_owned(),
        },
        time_zone: chrono_tz::Europe::Amsterdam,
        evses: vec![evse("E1", false, Supply::Ac { phases: 3 }), evse("E2", true, Supply::Dc)],
        last_updated: start(),
    };
    assert_eq!(back(&lift::location(&location), lower::location::location), location);
    let wire = serde_json::to_value(lift::location(&location)).unwrap();
    assert_eq!(wire["evses"][0]["connectors"][0]["max_voltage"], json!(230), "an int, not 230.0");
}

#[test]
fn a_session_comes_back_as_it_went() {
    let session = Session {
        key: SessionKey { partner: PartnerId::new("p"), party: PartyId::new("NL", "STK"), id: "S1".to_owned() },
        status: SessionStatus::Active,
        location_id: "L1".to_owned(),
        evse_uid: Some("E1".to_owned()),
        connector_id: None,
        started_at: start(),
        ended_at: None,
        energy_wh: Energy::from_wh(1234.5),
        power_w: Some(Power::from_w(7_359.9)),
        state_of_charge: Some(Ratio::from_ratio(0.5)),
        last_updated: start() + TimeDelta::milliseconds(1_250),
    };
    assert_eq!(back(&lift::session(&session), lower::session::session), session);
    let wire = serde_json::to_value(lift::session(&session)).unwrap();
    assert_eq!(wire["last_updated"], "2026-03-09T10:00:01.250Z");
}

fn a_tariff() -> Tariff {
    let component = |dimension, price| PriceComponent {
        dimension,
        price: Money::from_amount(price),
        vat_percent: Some(5.2),
        step_size: 300,
    };
    let restricted = Restrictions {
        hours: LocalHours {
            start_time: NaiveTime::from_hms_opt(22, 0, 0),
            end_time: NaiveTime::from_hms_opt(0, 0, 0),
            start_date: NaiveDate::from_ymd_opt(2026, 1, 1),
            end_date: NaiveDate::from_ymd_opt(2027, 1, 1),
            weekdays: vec![Weekday::Sat, Weekday::Sun],
        },
        minimum_energy_wh: Some(Energy::from_kwh(20.1)),
        maximum_energy_wh: Some(Energy::from_kwh(50.0)),
        minimum_current_a: Some(Current::from_a(6.0)),
        maximum_current_a: Some(Current::from_a(96.0)),
        minimum_power_w: Some(Power::from_kw(3.7)),
        maximum_power_w: Some(Power::from_kw(16.1)),
        minimum_duration_s: Some(60),
        maximum_duration_s: Some(3600),
        reservation: None,
    };
    let reservation = Restrictions { reservation: Some(Reservation::Expired), ..Restrictions::default() };
    let limit = |before, after: Option<f64>| PriceLimit {
        before_tax: Money::from_amount(before),
        after_tax: after.map(Money::from_amount),
    };
    let all = [Dimension::Energy, Dimension::Flat, Dimension::Time, Dimension::ParkingTime];
    Tariff {
        partner: PartnerId::new("p"),
        party: PartyId::new("NL", "STK"),
        id: "T1".to_owned(),
        currency: "EUR".to_owned(),
        tariff_type: Some(TariffType::Profile(ProfileType::Green)),
        tax_included: None,
        minimum_price: Some(limit(0.5, None)),
        maximum_price: Some(limit(10.0, Some(11.0))),
        valid_from: Some(start()),
        valid_until: None,
        elements: vec![
            TariffElement { components: all.map(|one| component(one, -0.02)).to_vec(), restrictions: restricted },
            TariffElement { components: vec![component(Dimension::Flat, 4.0)], restrictions: reservation },
            TariffElement {
                components: vec![PriceComponent { vat_percent: None, ..component(Dimension::Energy, 0.3) }],
                restrictions: Restrictions::default(),
            },
        ],
        incomplete: false,
        last_updated: start(),
    }
}

#[test]
fn a_tariff_comes_back_as_it_went() {
    let tariff = a_tariff();
    assert_eq!(back_in(Version::V221, &lift::tariff(&tariff, Version::V221), lower::tariff::tariff), tariff);
    for tax_included in [TaxIncluded::Yes, TaxIncluded::No, TaxIncluded::NotApplicable] {
        let mut tariff = Tariff { tax_included: Some(tax_included), ..a_tariff() };
        if tax_included == TaxIncluded::NotApplicable {
            let components = tariff.elements.iter_mut().flat_map(|element| &mut element.components);
            components.for_each(|component| component.vat_percent = None);
        }
        let wire = lift::tariff(&tariff, Version::V230);
        assert_eq!(back_in(Version::V230, &wire, lower::tariff::tariff), tariff);
    }
}

#[test]
fn limits_and_taxes_of_a_tariff_are_spelled_as_each_version_has_them() {
    let old = serde_json::to_value(lift::tariff(&a_tariff(), Version::V221)).unwrap();
    assert_eq!(old["max_price"], json!({ "excl_vat": 10, "incl_vat": 11 }));
    assert_eq!((old.get("tax_included"), &old["type"]), (None, &json!("PROFILE_GREEN")));
    let new = serde_json::to_value(lift::tariff(&a_tariff(), Version::V230)).unwrap();
    assert_eq!(new["max_price"], json!({ "before_taxes": 10, "after_taxes": 11 }));
    assert_eq!(new["tax_included"], "NO");
}

#[test]
fn before_2_3_0_a_tax_in_the_price_is_taken_out_of_it() {
    let tariff = Tariff { tax_included: Some(TaxIncluded::Yes), ..a_tariff() };
    let wire = serde_json::to_value(lift::tariff(&tariff, Version::V22)).unwrap();
    assert_eq!(wire["elements"][1]["price_components"][0]["price"], 3.802_281_369);
    assert_eq!(wire["elements"][2]["price_components"][0]["price"], 0.3, "no tax is stated: what is paid stays");
}

#[test]
fn an_active_profile_comes_back_as_it_went() {
    let after = |seconds| start() + TimeDelta::seconds(seconds);
    let profile = StationProfile {
        start: start(),
        end: Some(after(3600)),
        unit: RateUnit::Amperes,
        periods: vec![StationPeriod { start: start(), limit: 16.0 }, StationPeriod { start: after(900), limit: 6.5 }],
    };
    assert_eq!(lower::profile::active_profile(&lift::active_profile(&profile)), Ok(profile));
}
