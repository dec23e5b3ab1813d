use chrono::{DateTime, Utc};
use headroom_domain::session::SessionStatus;
use headroom_domain::{Energy, Power};
use serde_json::Value;

use super::*;
use crate::lower::session::session;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_session_is_read_with_its_last_measurement() {
    let periods = json!([
        { "start_date_time": "2026-03-09T10:17:09Z",
          "dimensions": [{ "type": "POWER", "volume": 11 }, { "type": "STATE_OF_CHARGE", "volume": 40 }] },
        { "start_date_time": "2026-03-09T10:30:00Z", "dimensions": [{ "type": "POWER", "volume": 7.4 }] }
    ]);
    let received = lower(session, with(a_session(), json!({ "charging_periods": periods }))).unwrap();
    let value = received.value;
    assert_eq!(value.key.to_string(), "cpo-1/NL-STK/101");
    assert_eq!(value.energy_wh, Energy::from_kwh(1.5));
    assert_eq!(value.power_w, Some(Power::from_kw(7.4)));
    assert_eq!(value.state_of_charge.map(f64::from), Some(0.4));
    assert_eq!(received.warnings, []);
}

#[test]
fn line_12_unknown_fields_are_accepted() {
    let received = lower(session, with(a_session(), json!({ "_created_at": 1, "vehicle": {} }))).unwrap();
    assert_eq!(told(&received.warnings), [(Note, "_created_at"), (Note, "vehicle")]);
    assert_eq!(received.raw["_created_at"], 1);
}

#[test]
fn line_13_null_is_absent_in_optional_fields_and_lists() {
    let nulls = json!({ "end_date_time": null, "charging_periods": null, "total_cost": null, "meter_id": null });
    assert_eq!(lower(session, with(a_session(), nulls)).unwrap().warnings, []);
    let inside =
        json!({ "charging_periods": [null, { "start_date_time": "2026-03-09T10:17:09Z", "dimensions": null }] });
    // A list holds no null, and every period measures something (`+`).
    let expected = [(Deviation, "charging_periods[0]"), (Deviation, "charging_periods[1].dimensions")];
    assert_eq!(told(&lower(session, with(a_session(), inside)).unwrap().warnings), expected);
}

#[test]
fn line_15_times_without_z_are_utc_and_offsets_are_converted() {
    let cases = [
        ("2026-06-29T20:39:09Z", "2026-06-29T20:39:09Z"),
        ("2026-06-29T20:39:09", "2026-06-29T20:39:09Z"),
        ("2026-06-29T20:39:09.2", "2026-06-29T20:39:09.2Z"),
        ("2026-06-29T20:39:09.123Z", "2026-06-29T20:39:09.123Z"),
        ("2026-06-29T22:39:09+02:00", "2026-06-29T20:39:09Z"),
        ("2026-06-29T20:39:09+00:00", "2026-06-29T20:39:09Z"),
    ];
    for (sent, meant) in cases {
        let received = lower(session, with(a_session(), json!({ "last_updated": sent }))).unwrap();
        assert_eq!(received.value.last_updated, instant(meant), "{sent}");
    }
    assert!(lower(session, with(a_session(), json!({ "last_updated": "yesterday" }))).is_err());
}

#[test]
fn line_48_reserved_and_reservation_are_the_same() {
    for word in ["RESERVED", "RESERVATION"] {
        let received = lower(session, with(a_session(), json!({ "status": word }))).unwrap();
        assert_eq!(received.value.status, SessionStatus::Reserved);
    }
}

#[test]
fn line_49_an_evse_that_is_not_available_is_none() {
    let received = lower(session, with(a_session(), json!({ "evse_uid": "#NA", "connector_id": "#NA" }))).unwrap();
    assert_eq!((received.value.evse_uid, received.value.connector_id), (None, None));
    assert_eq!(received.warnings, []);
}

#[test]
fn line_50_prices_of_both_versions_are_read() {
    for price in [json!({ "excl_vat": 2.5 }), json!({ "before_taxes": 2.5, "taxes": [] })] {
        assert!(lower(session, with(a_session(), json!({ "total_cost": price }))).is_ok());
    }
}

#[test]
fn a_session_whose_status_nobody_knows_is_rejected() {
    let rejected = lower(session, with(a_session(), json!({ "status": "SLEEPING" }))).unwrap_err();
    assert_eq!(rejected.warnings.last().unwrap().path, "status");
    assert_eq!(rejected.warnings.last().unwrap().value, "SLEEPING");
}

#[test]
fn a_required_field_of_a_wrong_type_rejects_the_session_and_says_which() {
    let rejected = lower(session, with(a_session(), json!({ "kwh": "much" }))).unwrap_err();
    assert_eq!(rejected.reason(), "kwh: no number: send one such as 7.4, without quotes");
    assert_eq!(told(&rejected.warnings), [(Loss, "kwh")]);
    assert_eq!(rejected.warnings[0].value, "much");
    let rejected = lower(session, with(a_session(), json!({ "id": null, "vehicle": 1 }))).unwrap_err();
    assert_eq!(told(&rejected.warnings), [(Note, "vehicle"), (Loss, "id")]);
    let rejected = lower(session, json!([])).unwrap_err();
    assert_eq!(rejected.warnings.len(), 1);
}

#[test]
fn an_optional_field_of_a_wrong_type_costs_itself_only() {
    let received = lower(session, with(a_session(), json!({ "end_date_time": 5, "currency": 3 }))).unwrap();
    assert_eq!(received.value.ended_at, None);
    assert_eq!(told(&received.warnings), [(Loss, "currency"), (Loss, "end_date_time")]);
}

#[test]
fn a_broken_charging_period_costs_itself_only_and_later_paths_stay_right() {
    let periods = json!([
        { "start_date_time": "never", "dimensions": [] },
        { "start_date_time": "2026-03-09T10:30:00Z", "dimensions": [{ "type": "ENERGY", "volume": 41000 }] }
    ]);
    let received = lower(session, with(a_session(), json!({ "charging_periods": periods }))).unwrap();
    let expected = [
        (Loss, "charging_periods[0].start_date_time"),
        (Loss, "charging_periods[0]"),
        (Deviation, "charging_periods[1].dimensions[0].volume"),
    ];
    assert_eq!(told(&received.warnings), expected);
    assert_eq!(received.warnings[2].value, Value::from(41000));
}

#[test]
fn energy_below_zero_is_none() {
    let received = lower(session, with(a_session(), json!({ "kwh": -1 }))).unwrap();
    assert_eq!(received.value.energy_wh, Energy::ZERO);
    assert_eq!(told(&received.warnings), [(Loss, "kwh")]);
}

fn doubts(changes: Value) -> Vec<(Severity, String)> {
    let received = lower(session, with(a_session(), changes)).unwrap();
    received.warnings.into_iter().map(|warning| (warning.severity, warning.path)).collect()
}

fn measured(kind: &str, volume: f64) -> Value {
    json!({ "charging_periods": [
        { "start_date_time": "2026-03-09T10:17:09Z", "dimensions": [{ "type": kind, "volume": volume }] }
    ] })
}

#[test]
fn measurements_that_cannot_be_are_told_and_those_that_we_plan_with_are_not_used() {
    let volume = "charging_periods[0].dimensions[0].volume";
    let cases = [
        ("POWER", 11_000.0, Some(Loss)),
        ("POWER", -11.0, None),
        ("STATE_OF_CHARGE", 100.5, Some(Loss)),
        ("STATE_OF_CHARGE", -1.0, Some(Loss)),
        ("STATE_OF_CHARGE", 100.0, None),
        // The session has taken 1.5 kWh.
        ("ENERGY", 1_500.0, Some(Deviation)),
        ("ENERGY", 3.0, None),
        ("ENERGY", -3.0, None),
        ("ENERGY_IMPORT", -0.1, Some(Deviation)),
        ("ENERGY_EXPORT", 20_000.0, Some(Deviation)),
        ("MAX_POWER", 22_000.0, Some(Deviation)),
        ("MAX_CURRENT", 16_000.0, Some(Deviation)),
        ("MIN_CURRENT", -32.0, None),
        ("TIME", -1.0, Some(Deviation)),
        ("PARKING_TIME", 0.718, None),
    ];
    for (kind, value, expected) in cases {
        let expected: Vec<_> = expected.map(|severity| (severity, volume.to_owned())).into_iter().collect();
        assert_eq!(doubts(measured(kind, value)), expected, "{kind} {value}");
    }
    let value = |kind, volume| lower(session, with(a_session(), measured(kind, volume))).unwrap().value;
    assert_eq!(value("POWER", 11_000.0).power_w, None);
    assert_eq!(value("STATE_OF_CHARGE", 100.5).state_of_charge, None);
}

#[test]
fn times_that_cannot_be_are_told_and_used_as_they_are() {
    let doubt = |path: &str| vec![(Deviation, path.to_owned())];
    assert_eq!(doubts(json!({ "end_date_time": "2026-03-09T10:00:00Z" })), doubt("end_date_time"));
    assert_eq!(doubts(json!({ "last_updated": "2026-03-10T11:17:09Z" })), doubt("last_updated"));
    assert_eq!(doubts(json!({ "last_updated": "2026-03-09T12:30:00Z" })), [], "clocks are apart");
    assert_eq!(doubts(json!({ "start_date_time": "2027-03-09T11:17:09Z" })), doubt("start_date_time"));
    let reserved = json!({ "start_date_time": "2026-03-12T11:17:09Z", "status": "RESERVATION" });
    assert_eq!(doubts(reserved), [], "a reservation is for later");
    assert_eq!(doubts(json!({ "kwh": 41_000 })), doubt("kwh"));
}

#[test]
fn a_list_is_never_read_as_an_object_by_position() {
    let token = json!(["NL", "TST", "1", "RFID", "C1"]);
    assert_eq!(doubts(json!({ "cdr_token": token })), [(Loss, "cdr_token".to_owned())]);
    let price = json!({ "total_cost": [{ "excl_vat": 2.5 }] });
    assert_eq!(doubts(price), [(Deviation, "total_cost".to_owned())], "a list of one is its element");
    assert!(serde_json::from_value::<crate::wire::sessions::CdrDimension>(json!(["ENERGY", 1])).is_err());
}

#[test]
fn fields_of_another_version_are_notes() {
    let taxed = json!({ "total_cost": { "before_taxes": 2.5, "taxes": [] } });
    let expected = [(Note, "total_cost.before_taxes"), (Deviation, "total_cost.excl_vat"), (Note, "total_cost.taxes")];
    assert_eq!(doubts(taxed), expected.map(|(severity, path)| (severity, path.to_owned())));
}
