//! Safe modes and heartbeats.

use chrono::TimeDelta;
use headroom_domain::limit::failsafe::{Mode, SafeMode};
use headroom_grid_api::server::Heartbeat;

use super::*;

const SAFE: SafeMode = SafeMode {
    maximum_import_w: Some(Power::ZERO),
    maximum_export_w: None,
    heartbeat_timeout_s: Some(120),
    minimum_hold_s: 0,
    release_delay_s: 0,
    validity: None,
};

#[tokio::test]
async fn a_safe_mode_is_set_read_back_and_taken_away() {
    let server = Server::start().await;
    let utility = server.utility();
    let stated = SafeMode { validity: Some(window(0, 600)), ..SAFE };
    let state = utility.set_safe_mode(&SITE.into(), Some(&stated), request_id(1)).await.unwrap();
    assert_eq!((state.safe_mode, state.mode, state.since), (Some(stated), Mode::Safe, Some(at(0))));
    assert_eq!(utility.safe_mode(&SITE.into()).await.unwrap(), state);
    let state = utility.set_safe_mode(&SITE.into(), None, request_id(2)).await.unwrap();
    assert_eq!((state.safe_mode, state.mode, state.since), (None, Mode::Normal, None));
    server.stop().await;
}

#[tokio::test]
async fn a_safe_mode_that_breaks_rules_is_refused_with_all_of_them() {
    let server = Server::start().await;
    let stated = SafeMode {
        maximum_import_w: Some(Power::from_w(-1.0)),
        heartbeat_timeout_s: Some(59),
        minimum_hold_s: 8 * 24 * 3600,
        ..SAFE
    };
    let refusal = refused(server.utility().set_safe_mode(&"no such".into(), Some(&stated), request_id(1)).await);
    let mut fields: Vec<_> = refusal.fields.iter().map(|field| (field.path.as_str(), field.reason.as_str())).collect();
    fields.sort_unstable();
    let expected = [
        ("safe_mode.heartbeat_timeout_s", "HEARTBEAT_TIMEOUT_TOO_SHORT"),
        ("safe_mode.import_limit_w", "LIMIT_NEGATIVE"),
        ("safe_mode.minimum_hold_s", "TOO_LONG"),
        ("target", "NAME_MALFORMED"),
    ];
    assert_eq!(fields, expected);
    let nothing = SafeMode { maximum_import_w: None, heartbeat_timeout_s: None, ..SAFE };
    let refusal = refused(server.utility().set_safe_mode(&SITE.into(), Some(&nothing), request_id(1)).await);
    assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), ("SAFE_MODE_EMPTY", "safe_mode"));
    server.stop().await;
}

#[tokio::test]
async fn a_heartbeat_is_answered_with_when_the_next_is_due() {
    let server = Server::start().await;
    let heartbeat = Heartbeat { sent_at: at(0) - TimeDelta::seconds(3), sequence: 7 };
    let answer = server.utility().heartbeat(heartbeat).await.unwrap();
    assert_eq!((answer.received_at, answer.next_due_at), (at(0), Some(at(2))));
    assert_eq!((answer.mode, answer.places_in_safe_mode), (Mode::Safe, 3));
    assert_eq!(server.host.kept.lock().heartbeats, [heartbeat]);
    server.stop().await;
}

#[tokio::test]
async fn a_heartbeat_with_a_wrong_clock_is_refused_with_the_difference_and_is_no_sign_of_life() {
    let server = Server::start().await;
    for (off_s, expected) in [(-11, "-11000"), (11, "11000")] {
        let sent_at = at(0) + TimeDelta::seconds(off_s);
        let refusal = refused(server.utility().heartbeat(Heartbeat { sent_at, sequence: 1 }).await);
        assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("InvalidArgument", "CLOCK_SKEW"));
        assert_eq!((refusal.metadata["skew_ms"].as_str(), refusal.fields[0].path.as_str()), (expected, "sent_time"));
    }
    let refusal = refused(server.utility().heartbeat(Heartbeat { sent_at: at(0), sequence: -1 }).await);
    assert_eq!(refusal.reason, "SEQUENCE_NEGATIVE");
    assert_eq!(server.host.kept.lock().heartbeats, []);
    assert_eq!(server.host.heard(), 0, "what is refused is no sign of life");
    server.stop().await;
}
