use super::*;

#[test]
fn the_audit_of_a_refusal_keeps_a_resource_of_300_bytes_and_cuts_a_longer_one_between_characters() {
    let longest_name = crate::limit_id(&"u".repeat(128), &"l".repeat(128)).to_string();
    for kept in ["", "connectionPoints/site-a", &longest_name, &"x".repeat(300)] {
        assert_eq!(bounded(kept.to_owned()), kept);
    }
    assert_eq!(bounded("x".repeat(301)), format!("{}…", "x".repeat(297)));
    assert_eq!(bounded("ä".repeat(1 << 20)), format!("{}…", "ä".repeat(148)));
    assert_eq!(bounded("🔌".repeat(76)), format!("{}…", "🔌".repeat(74)));
}

#[test]
fn the_audit_of_a_refusal_keeps_a_request_id_only_when_it_is_a_uuid() {
    let uuid = "0190b2a6-4d5e-7c3a-9f00-1d2c3b4a5968";
    assert_eq!(uuid_or_nothing(uuid.to_owned()), uuid);
    for other in [String::new(), "no uuid".to_owned(), uuid.repeat(2), "x".repeat(4 << 20)] {
        assert_eq!(uuid_or_nothing(other), "");
    }
}
