use headroom_domain::Power;
use headroom_domain::location::Supply;
use serde_json::Value;

use super::*;
use crate::lower::location::{check_connector, check_evse, location};

#[test]
fn a_location_is_read_with_what_matters_to_smart_charging() {
    let received = lower(location, a_location(json!([an_evse("E1")]))).unwrap();
    assert_eq!(received.warnings, []);
    let value = received.value;
    assert_eq!((value.party.to_string().as_str(), value.name.as_str()), ("NL-STK", "Street 1"));
    let evse = value.evse("e1").unwrap();
    assert!(evse.takes_profiles && !evse.takes_preferences && !evse.out_of_use);
    assert_eq!(evse.connectors[0].maximum_power_w, Power::from_w(11_040.0));
}

#[test]
fn a_broken_evse_costs_itself_only() {
    let broken = with(an_evse("E2"), json!({ "connectors": [with(a_connector(), json!({ "max_voltage": "high" }))] }));
    let received = lower(location, a_location(json!([broken, an_evse("E3"), { "uid": 7 }]))).unwrap();
    let uids: Vec<_> = received.value.evses.iter().map(|evse| evse.uid.as_str()).collect();
    assert_eq!(uids, ["E3"]);
    let expected = [
        (Loss, "evses[0].connectors[0].max_voltage"),
        (Loss, "evses[0].connectors[0]"),
        (Loss, "evses[0].connectors"),
        (Loss, "evses[2].uid"),
        (Loss, "evses[2]"),
    ];
    assert_eq!(told(&received.warnings), expected);
    assert_eq!(received.raw["evses"][2]["uid"], 7, "the raw object stays as it was sent");
}

#[test]
fn removed_evses_are_left_out_without_a_word_and_others_are_told_out_of_use() {
    let evses =
        ["REMOVED", "OUTOFORDER", "CHARGING", "NEW_WORD"].map(|word| with(an_evse(word), json!({"status": word})));
    let received = lower(location, a_location(Value::from(evses.to_vec()))).unwrap();
    let found: Vec<_> = received.value.evses.iter().map(|evse| (evse.uid.as_str(), evse.out_of_use)).collect();
    assert_eq!(found, [("OUTOFORDER", true), ("CHARGING", false), ("NEW_WORD", false)]);
    assert_eq!(told(&received.warnings), [(Loss, "evses[3].status")]);
}

#[test]
fn power_follows_the_kind_of_supply() {
    let cases = [
        ("AC_1_PHASE", 230, 32, None, Supply::Ac { phases: 1 }, 7_360.0, 0),
        ("AC_2_PHASE", 230, 16, None, Supply::Ac { phases: 2 }, 7_360.0, 0),
        ("AC_2_PHASE_SPLIT", 120, 40, None, Supply::Ac { phases: 2 }, 9_600.0, 0),
        ("AC_3_PHASE", 230, 32, None, Supply::Ac { phases: 3 }, 22_080.0, 0),
        ("AC_3_PHASE", 230, 32, Some(11_000), Supply::Ac { phases: 3 }, 11_000.0, 0),
        ("AC_3_PHASE", 230, 32, Some(0), Supply::Ac { phases: 3 }, 22_080.0, 1),
        ("DC", 400, 125, Some(60_000), Supply::Dc, 50_000.0, 0),
        ("DC", 920, 500, Some(150_000), Supply::Dc, 150_000.0, 0),
    ];
    for (power_type, voltage, amperage, power, supply, expected_w, warnings) in cases {
        let changes = json!({
            "power_type": power_type, "max_voltage": voltage, "max_amperage": amperage, "max_electric_power": power
        });
        let evse = with(an_evse("E1"), json!({ "connectors": [with(a_connector(), changes)] }));
        let received = lower(location, a_location(json!([evse]))).unwrap();
        let connector = &received.value.evses[0].connectors[0];
        assert_eq!((connector.supply, connector.maximum_power_w), (supply, Power::from_w(expected_w)), "{power_type}");
        assert_eq!(received.warnings.len(), warnings, "{power_type}");
    }
}

#[test]
fn four_hundred_volts_on_three_phases_are_line_to_line_and_flagged() {
    let evse = with(an_evse("E1"), json!({ "connectors": [with(a_connector(), json!({ "max_voltage": 400 }))] }));
    let received = lower(location, a_location(json!([evse]))).unwrap();
    let connector = &received.value.evses[0].connectors[0];
    assert!((connector.voltage_v.as_v() - 230.94).abs() < 0.01);
    assert_eq!(paths(&received.warnings), ["evses[0].connectors[0].max_voltage"]);
}

#[test]
fn a_partner_may_be_configured_as_capable() {
    let dialect = Dialect { assume_profile_capable: true, ..Dialect::default() };
    let evse = with(an_evse("E1"), json!({ "capabilities": null }));
    let received = lower_as(location, &dialect, a_location(json!([evse.clone()]))).unwrap();
    assert!(received.value.evses[0].takes_profiles);
    assert!(!lower(location, a_location(json!([evse]))).unwrap().value.evses[0].takes_profiles);
}

#[test]
fn a_time_zone_that_is_none_is_utc_and_flagged() {
    let received = lower(location, with(a_location(json!([])), json!({ "time_zone": "Mars/North" }))).unwrap();
    assert_eq!(received.value.time_zone, chrono_tz::Tz::UTC);
    assert_eq!(told(&received.warnings), [(Loss, "time_zone")]);
}

#[test]
fn parts_that_are_pushed_alone_are_checked_alone() {
    assert!(lower_part(check_evse, &an_evse("E1")).is_ok());
    assert!(lower_part(check_evse, &with(an_evse("E1"), json!({ "status": "REMOVED", "connectors": null }))).is_ok());
    assert!(lower_part(check_evse, &with(an_evse("E1"), json!({ "connectors": [] }))).is_err());
    assert!(lower_part(check_connector, &a_connector()).is_ok());
    assert!(lower_part(check_connector, &with(a_connector(), json!({ "power_type": "AC_6_PHASE" }))).is_err());
}

#[test]
fn a_location_of_nothing_but_broken_evses_is_read_in_bounded_time() {
    let evses = vec![json!({ "uid": 1 }); 2000];
    let rejected = lower(location, a_location(Value::from(evses))).unwrap_err();
    assert!(rejected.warnings.len() < 600);
}

#[test]
fn words_that_are_not_listed_are_kept_and_told_unless_the_version_allows_them() {
    let evse = with(an_evse("E1"), json!({ "capabilities": ["CHARGING_PROFILE_CAPABLE", "SOMETHING_NEW"] }));
    let place = a_location(json!([evse]));
    let found = lower(location, place.clone()).unwrap();
    assert_eq!(told(&found.warnings), [(Deviation, "evses[0].capabilities[1]")]);
    assert!(found.value.evses[0].takes_profiles);
    assert_eq!(lower_in(Version::V230, location, place).unwrap().warnings, [], "OCPI 2.3.0 §16, OpenEnum");
}

#[test]
fn coordinates_are_of_the_pattern_of_the_standard() {
    let place = |latitude: &str, longitude: &str| {
        let at = json!({ "coordinates": { "latitude": latitude, "longitude": longitude } });
        let received = lower(location, with(a_location(json!([])), at)).unwrap();
        received.warnings.into_iter().map(|warning| warning.path).collect::<Vec<_>>()
    };
    assert_eq!(place("-3.729944", "151.04759"), [""; 0]);
    assert_eq!(place("51.0476", "3,729944"), ["coordinates.latitude", "coordinates.longitude"]);
    assert_eq!(place("151.04759", "-3.72994"), ["coordinates.latitude"], "the two are mixed up");
    assert_eq!(place("+1.04759", "181.00000"), ["coordinates.latitude", "coordinates.longitude"]);
}

#[test]
fn an_evse_without_connectors_is_left_out_and_told_once() {
    let received = lower(location, a_location(json!([with(an_evse("E1"), json!({ "connectors": [] }))]))).unwrap();
    assert_eq!((told(&received.warnings), received.value.evses.len()), (vec![(Loss, "evses[0].connectors")], 0));
}

#[test]
fn what_is_wrong_with_a_part_that_is_left_out_is_told_by_its_cause_and_its_loss_alone() {
    let evse = json!({ "uid": "E9", "color": 1, "physical_reference": 7, "connectors": [{ "id": 1 }] });
    let received = lower(location, a_location(json!([evse]))).unwrap();
    let losses = told(&received.warnings);
    assert!(losses.iter().all(|(severity, _)| *severity == Loss), "{losses:?}");
    assert_eq!(losses.last(), Some(&(Loss, "evses[0]")));
}
