use super::*;
use serde_json::{Value, json};

fn cdr(id: &str) -> Value {
    json!({
        "country_code": "NO", "party_id": "HDR", "id": id, "start_date_time": "2026-03-29T00:30:00Z",
        "end_date_time": "2026-03-29T06:30:00", "session_id": "s1", "auth_method": "WHITELIST", "currency": "NOK",
        "cdr_token": {"country_code": "NO", "party_id": "EMP", "uid": "04AB", "type": "RFID", "contract_id": "NO-EMP-C1"},
        "cdr_location": {"id": "L1", "address": "Storgata 1", "city": "Trondheim", "country": "NOR",
            "evse_uid": "u1", "evse_id": "NO*HDR*E1", "connector_id": "2"},
        "charging_periods": [], "total_cost": {"excl_vat": 10.0}, "total_energy": 21.5, "total_time": 6.0,
        "last_updated": "2026-03-29T07:00:00Z"
    })
}

fn session(id: &str, status: &str) -> Value {
    json!({
        "country_code": "NO", "party_id": "HDR", "id": id, "start_date_time": "2026-03-29T00:30:00Z",
        "end_date_time": "2026-03-29T06:30:00Z", "kwh": 9.25, "auth_method": "WHITELIST", "currency": "NOK",
        "cdr_token": {"country_code": "NO", "party_id": "EMP", "uid": "04AB", "type": "RFID", "contract_id": "NO-EMP-C1"},
        "location_id": "L1", "evse_uid": "u1", "connector_id": "1", "status": status,
        "last_updated": "2026-03-29T07:00:00Z"
    })
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

fn cdrs(items: &[Value]) -> Import {
    read_text(&Value::from(items).to_string(), Format::OcpiCdrs).unwrap()
}

#[test]
fn a_list_and_an_answer_with_data_are_the_same() {
    let bare = cdrs(&[cdr("c1")]);
    let answer = json!({"data": [cdr("c1")], "status_code": 1000, "timestamp": "2026-04-01T00:00:00Z"}).to_string();
    let answer = read_text(&answer, Format::OcpiCdrs).unwrap();
    assert_eq!(said(answer), said(bare.clone()));
    assert_eq!(said(read_text(&cdr("c1").to_string(), Format::OcpiCdrs).unwrap()), said(bare.clone()));
    let session = &bare.sessions[0];
    assert_eq!((session.id.as_str(), session.station.as_str()), ("c1", "u1-2"));
    assert_eq!(session.departure, utc("2026-03-29T06:30:00Z"), "a time without Z is UTC");
    assert!((session.energy_wh.as_kwh() - 21.5).abs() < 1e-9 && session.stated.is_none());
    assert_eq!(session.user.as_ref().map(String::len), Some(16));
    assert!(bare.report.noticed.is_empty());
}

#[test]
fn records_of_several_operators_are_named_after_them() {
    let import = cdrs(&[cdr("c1"), with(cdr("c1"), "party_id", "ABC".into())]);
    let names: Vec<_> = import.sessions.iter().map(|session| (session.id.as_str(), session.station.as_str())).collect();
    assert_eq!(names, [("NO-ABC-c1", "NO-ABC-u1-2"), ("NO-HDR-c1", "NO-HDR-u1-2")]);
}

#[test]
fn a_record_taken_back_is_no_session_and_neither_is_its_credit() {
    let mut credit = with(cdr("c1-C"), "credit", true.into());
    credit["credit_reference_id"] = "c1".into();
    let import = cdrs(&[cdr("c1"), credit, cdr("c2")]);
    assert_eq!((import.report.rows, import.report.accepted), (3, 1));
    assert_eq!(finding(&import.report.rejected, "`credit` is true").examples[0].at, "[1]");
    assert_eq!(finding(&import.report.rejected, "`credit_reference_id`").examples[0].at, "[0]");
}

#[test]
fn of_several_states_of_an_object_the_last_one_counts() {
    let early = with(session("s1", "ACTIVE"), "last_updated", "2026-03-29T01:00:00Z".into());
    let text = Value::from(vec![session("s1", "COMPLETED"), early, session("s2", "ACTIVE")]).to_string();
    let import = read_text(&text, Format::OcpiSessions).unwrap();
    assert_eq!((import.report.accepted, import.sessions[0].station.as_str()), (1, "u1-1"));
    assert_eq!(finding(&import.report.rejected, "a later state").examples[0].value, "s1 is at [0]");
    assert_eq!(finding(&import.report.rejected, "a session open at export").count, 1);
}

#[test]
fn reservations_invalid_sessions_and_odd_values_are_told_apart() {
    let items = [
        session("s0", "COMPLETED"),
        session("s1", "INVALID"),
        session("s2", "RESERVATION"),
        with(session("s3", "COMPLETED"), "evse_uid", "#NA".into()),
        with(session("s4", "COMPLETED"), "kwh", "9.25".into()),
        with(session("s5", "COMPLETED"), "kwh", 0.into()),
        with(session("s6", "COMPLETED"), "end_date_time", Value::Null),
        json!(7),
    ];
    let report = read_text(&Value::from(items.to_vec()).to_string(), Format::OcpiSessions).unwrap().report;
    assert_eq!((report.rows, report.accepted), (8, 1));
    for rule in [
        "is invalid",
        "a reservation, no session",
        "is #NA",
        "`kwh` must be a number",
        "more than 0 kWh",
        "`end_date_time` must be",
    ] {
        assert_eq!(finding(&report.rejected, rule).count, 1, "{rule}");
    }
}

#[test]
fn an_energy_in_watt_hours_and_a_length_that_does_not_fit_are_noticed() {
    let odd = with(with(cdr("c2"), "total_energy", 41_000.into()), "total_time", 5.0.into());
    let report = cdrs(&[cdr("c1"), odd]).report;
    assert_eq!(finding(&report.noticed, "check the unit of the energy").count, 1);
    assert_eq!(finding(&report.noticed, "`total_time` is not the time").examples[0].at, "[1]");
    let told = read_text("{\"status_code\": 2001}", Format::OcpiCdrs).unwrap_err().to_string();
    assert!(told.contains("`data` must be the list"), "{told}");
}
