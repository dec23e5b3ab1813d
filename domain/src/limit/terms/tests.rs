use super::*;
use crate::limit::{GridLimit, Target};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn codes(kind: LimitKind, programme: &str, terms: &Terms) -> Vec<(String, &'static str)> {
    term_violations(kind, programme, terms, now()).into_iter().map(|found| (found.field, found.code)).collect()
}

#[track_caller]
fn check(kind: LimitKind, programme: &str, terms: &Terms, field: &str, code: &'static str) {
    assert_eq!(codes(kind, programme, terms), [(field.to_owned(), code)]);
}

fn priority(priority: i32) -> Terms {
    Terms { priority: Some(priority), ..Terms::default() }
}

#[test]
fn terms_may_all_be_absent() {
    for kind in [LimitKind::Scheduled, LimitKind::Emergency, LimitKind::Test] {
        assert_eq!(codes(kind, "gac-2.1", &Terms::default()), []);
    }
}

#[test]
fn gac_forbids_priorities_also_for_emergencies() {
    check(LimitKind::Scheduled, "gac-2.1", &priority(5), "priority", "PRIORITY_NOT_ALLOWED");
    check(LimitKind::Emergency, "gac-2.1", &priority(0), "priority", "PRIORITY_NOT_ALLOWED");
}

#[test]
fn priority_zero_is_an_emergencys_and_an_emergency_has_no_other() {
    check(LimitKind::Scheduled, "doe", &priority(0), "priority", "PRIORITY_RESERVED");
    check(LimitKind::Test, "doe", &priority(0), "priority", "PRIORITY_RESERVED");
    check(LimitKind::Emergency, "doe", &priority(1), "priority", "PRIORITY_RESERVED");
    assert_eq!(codes(LimitKind::Emergency, "doe", &priority(0)), []);
    assert_eq!(codes(LimitKind::Scheduled, "doe", &priority(1)), []);
}

#[test]
fn priorities_are_not_negative() {
    check(LimitKind::Scheduled, "doe", &priority(-1), "priority", "PRIORITY_NEGATIVE");
    check(LimitKind::Emergency, "doe", &priority(-1), "priority", "PRIORITY_NEGATIVE");
}

#[test]
fn delays_ramps_and_texts_have_bounds() {
    let most = Terms {
        randomize_start_s: 1800,
        ramp_time_s: 86_400,
        reason_code: "ü".repeat(64),
        external_reference: "ü".repeat(128),
        respond_by: Some(now()),
        ..Terms::default()
    };
    assert_eq!(codes(LimitKind::Scheduled, "doe", &most), []);
    let more = Terms {
        randomize_start_s: 1801,
        ramp_time_s: 86_401,
        reason_code: "x".repeat(65),
        external_reference: "x".repeat(129),
        respond_by: Some(now() - chrono::TimeDelta::seconds(1)),
        ..Terms::default()
    };
    let expected = [
        ("randomize_start_s", "RANDOMIZE_TOO_LONG"),
        ("ramp_time_s", "RAMP_TOO_LONG"),
        ("reason_code", "TEXT_TOO_LONG"),
        ("external_reference", "TEXT_TOO_LONG"),
        ("respond_by", "RESPOND_BY_IN_PAST"),
    ];
    assert_eq!(codes(LimitKind::Scheduled, "doe", &more), expected.map(|(field, code)| (field.to_owned(), code)));
}

#[test]
fn a_limit_from_before_there_were_terms_and_areas_is_still_read() {
    let old = r#"{
        "id": "utilities/dso/limits/1", "utility": "dso", "target": "site-a", "programme": "doe", "kind": "scheduled",
        "revision": 3, "intervals": [], "reason": "", "accepted_at": "2026-01-01T00:00:00Z", "cancelled_at": null
    }"#;
    let limit: GridLimit = serde_json::from_str(old).unwrap();
    assert_eq!(limit.target, Target::ConnectionPoint("site-a".into()));
    assert_eq!(limit.terms, Terms::default());
    let again: GridLimit = serde_json::from_str(&serde_json::to_string(&limit).unwrap()).unwrap();
    assert_eq!(again, limit);
}
