use serde_json::json;

use super::{Tally, Weights, example_id, general, shown_value};
use headroom_ocpi_adapter::{Severity, Warning};

fn warning(severity: Severity, path: &str, rule: &str) -> Warning {
    Warning { severity, path: path.to_owned(), rule: rule.to_owned(), value: json!(32) }
}

#[test]
fn the_same_mistake_in_many_elements_is_one_finding_and_the_gravest_come_first() {
    let mut tally = Tally::default();
    let raw = json!({"id": "LOC1"});
    tally.add(
        "locations",
        &raw,
        &[
            warning(Severity::Deviation, "evses[0].status", "a text"),
            warning(Severity::Deviation, "evses[7].status", "a text"),
            warning(Severity::Loss, "evses[1]", "left out"),
        ],
    );
    let findings = tally.findings();
    let shown: Vec<_> = findings.iter().map(|finding| (finding.place.as_str(), finding.count)).collect();
    assert_eq!(shown, [("evses[]", 1), ("evses[].status", 2)]);
    assert_eq!(findings[1].example.path, "evses[0].status");
    assert_eq!(Weights::of(&findings), Weights { losses: 1, deviations: 2, notes: 0 });
}

#[test]
fn what_names_a_driver_is_withheld() {
    assert_eq!(shown_value("sessions", "cdr_token.uid", &json!("04AB")), json!("(withheld)"));
    assert_eq!(shown_value("cdrs", "authorization_reference", &json!("x")), json!("(withheld)"));
    assert_eq!(shown_value("locations", "evses[0].uid", &json!("E1")), json!("E1"));
    assert_eq!(example_id("tokens", &json!({"uid": "04AB"})), None);
}

#[test]
fn long_values_are_cut() {
    let shown = shown_value("locations", "name", &json!("x".repeat(500)));
    assert_eq!(shown.as_str().map(|text| text.chars().count()), Some(81));
}

#[test]
fn a_rule_does_not_repeat_the_value() {
    let rule = "invalid type: string \"04,AB\", expected a number: left out";
    assert_eq!(general(rule), "invalid type: string …, expected a number: left out");
    assert_eq!(general("missing field `id`"), "missing field `id`");
    assert_eq!(general(r#""so"on" is no time: send a time"#), "… is no time: send a time");
    assert_eq!(general(r#"profile_type "QUICK": send FAST"#), "profile_type …: send FAST");
    assert_eq!(general(r#"send "": send "#), "send …: send ");
}
