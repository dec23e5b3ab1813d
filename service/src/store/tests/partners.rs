//! Warnings, unreadable objects, pulls and what stations say.

use headroom_domain::location::Evse;
use headroom_ocpi_adapter::{PageCursor, Rejected, Severity, Warning};

use super::*;
use crate::store::{PullProgress, PullUnderWay, StationReport};

fn warning(severity: Severity, path: &str, rule: &str) -> Warning {
    Warning { severity, path: path.to_owned(), rule: rule.to_owned(), value: json!("x") }
}

async fn put_with(store: &Store, session: &Session, warnings: &[Warning]) -> Saved {
    let key = ObjectKey {
        partner: &session.key.partner,
        kind: Kind::Session,
        party: &session.key.party,
        id: &session.key.id,
    };
    let raw = json!({"id": session.key.id});
    let content = Content {
        last_updated: session.last_updated,
        open: !session.status.is_over(),
        value: session,
        raw: &raw,
        warnings,
        received_at: session.last_updated,
    };
    store.save_object(key, content).await.unwrap()
}

fn cpo() -> PartnerId {
    PartnerId::new("cpo")
}

#[tokio::test]
async fn the_same_mistake_in_many_objects_is_one_row_with_a_count_and_an_example() {
    let (_folder, store) = store().await;
    for minute in 1..=3 {
        let found = [warning(Severity::Deviation, &format!("charging_periods[{minute}].dimensions"), "a list")];
        put_with(&store, &session(&format!("s{minute}"), minute, SessionStatus::Active), &found).await;
    }
    let findings = store.findings(&cpo()).await.unwrap();
    assert_eq!(findings.len(), 1);
    let finding = &findings[0];
    assert_eq!(
        (finding.module.as_str(), finding.place.as_str(), finding.count),
        ("sessions", "charging_periods[].dimensions", 3)
    );
    assert_eq!((finding.first_seen, finding.last_seen), (Some(at(1)), Some(at(3))));
    assert_eq!(finding.example.id.as_deref(), Some("s1"));
    assert_eq!(finding.example.path, "charging_periods[1].dimensions");
}

#[tokio::test]
async fn an_object_that_is_sent_again_with_its_mistakes_is_seen_again_and_counted_once() {
    let (_folder, store) = store().await;
    let first = warning(Severity::Deviation, "charging_periods[0].dimensions", "a list");
    let second = warning(Severity::Deviation, "charging_periods[1].dimensions", "a list");
    let send = |minute, found: Vec<Warning>| {
        let store = &store;
        async move {
            put_with(store, &session("s", minute, SessionStatus::Active), &found).await;
            let finding = store.findings(&cpo()).await.unwrap()[0].clone();
            (finding.count, finding.last_seen)
        }
    };
    assert_eq!(send(1, vec![first.clone()]).await, (1, Some(at(1))));
    assert_eq!(send(2, vec![first.clone()]).await, (1, Some(at(2))));
    assert_eq!(send(3, vec![first.clone(), second.clone()]).await, (2, Some(at(3))), "a PATCH that adds a mistake");
    assert_eq!(send(4, vec![second.clone()]).await, (2, Some(at(4))));
    assert_eq!(send(5, vec![first, second]).await, (3, Some(at(5))), "what was mended is broken again");
}

#[tokio::test]
async fn every_message_is_counted_for_there_is_none_to_compare_it_with() {
    let (_folder, store) = store().await;
    let found = [warning(Severity::Note, "mood", "no field of ChargingPreferences")];
    for minute in 1..=2 {
        let about = Some(format!("S{minute}"));
        store.save_notice(&cpo(), "charging_preferences", about, &found, at(minute)).await.unwrap();
    }
    let findings = store.findings(&cpo()).await.unwrap();
    assert_eq!((findings.len(), findings[0].count, findings[0].example.id.as_deref()), (1, 2, Some("S1")));
}

#[tokio::test]
async fn unreadable_tokens_are_told_apart_and_their_ids_are_not_shown() {
    let (_folder, store) = store().await;
    for uid in ["3f01", "3f02"] {
        let rejected =
            Rejected { raw: json!({ "uid": uid }), warnings: vec![warning(Severity::Loss, "valid", "absent")] };
        store.save_rejected(&cpo(), Kind::Token, &rejected, at(1)).await.unwrap();
    }
    let kept = store.rejected(&cpo()).await.unwrap();
    assert_eq!((kept.len(), kept[0].id.as_str()), (2, ""));
    let finding = &store.findings(&cpo()).await.unwrap()[0];
    assert_eq!((finding.count, finding.example.id.as_deref(), &finding.example.value), (2, None, &json!("(withheld)")));
    let (partner, party) = (cpo(), PartyId::new("NL", "MSP"));
    let key = ObjectKey { partner: &partner, kind: Kind::Token, party: &party, id: "rfid/3f01" };
    let raw = json!({ "uid": "3f01", "valid": true });
    let content =
        Content { last_updated: at(2), open: true, value: &raw, raw: &raw, warnings: &[], received_at: at(2) };
    assert_eq!(store.save_object(key, content).await.unwrap(), Saved::Created);
    assert_eq!(store.rejected(&cpo()).await.unwrap().len(), 1);
    let counts = store.object_counts().await.unwrap();
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [((cpo(), "token".to_owned()), 1)]);
}

#[tokio::test]
async fn records_are_forgotten_once_nobody_tells_of_them_any_more() {
    let (_folder, store) = store().await;
    let (partner, party, raw) = (cpo(), PartyId::new("NL", "STK"), json!({ "id": "C1" }));
    let key = ObjectKey { partner: &partner, kind: Kind::Cdr, party: &party, id: "C1" };
    let told = |minute| Content {
        last_updated: at(0),
        open: false,
        value: &raw,
        raw: &raw,
        warnings: &[],
        received_at: at(minute),
    };
    store.save_object(key, told(1)).await.unwrap();
    store.save_object(key, told(9)).await.unwrap();
    put(&store, &session("s", 1, SessionStatus::Completed)).await;
    assert_eq!(store.forget_cdrs(at(5)).await.unwrap(), 0);
    assert_eq!(store.forget_cdrs(at(10)).await.unwrap(), 1);
    assert!(store.raw_object(key).await.unwrap().is_none());
    assert_eq!(store.sessions_by_id("s").await.unwrap().len(), 1, "sessions stay");
}

#[tokio::test]
async fn an_object_that_is_too_old_to_keep_is_still_counted() {
    let (_folder, store) = store().await;
    put_with(&store, &session("s", 5, SessionStatus::Active), &[]).await;
    let found = [warning(Severity::Loss, "kwh", "left out")];
    assert_eq!(put_with(&store, &session("s", 4, SessionStatus::Active), &found).await, Saved::Stale);
    assert_eq!(store.findings(&cpo()).await.unwrap()[0].count, 1);
}

#[tokio::test]
async fn kinds_of_mistakes_beyond_the_bound_are_counted_together() {
    let (_folder, store) = store().await;
    let found: Vec<_> =
        (0..2_050).map(|kind| warning(Severity::Note, &format!("field_{kind}"), "no field of Session")).collect();
    put_with(&store, &session("s", 1, SessionStatus::Active), &found).await;
    let findings = store.findings(&cpo()).await.unwrap();
    assert_eq!(findings.len(), 2_001);
    assert_eq!(findings[0].place, "(others)");
    assert_eq!(findings.iter().map(|finding| finding.count).sum::<u64>(), 2_050);
}

#[tokio::test]
async fn an_unreadable_object_is_kept_until_it_can_be_read() {
    let (_folder, store) = store().await;
    let raw = json!({"id": "s1", "kwh": "much"});
    let rejected = Rejected { raw, warnings: vec![warning(Severity::Loss, "kwh", "a number")] };
    store.save_rejected(&cpo(), Kind::Session, &rejected, at(1)).await.unwrap();
    store.save_rejected(&cpo(), Kind::Session, &rejected, at(2)).await.unwrap();
    let kept = store.rejected(&cpo()).await.unwrap();
    assert_eq!((kept.len(), kept[0].id.as_str(), kept[0].at), (1, "s1", at(2)));
    let finding = &store.findings(&cpo()).await.unwrap()[0];
    assert_eq!((finding.count, finding.last_seen), (1, Some(at(2))), "the same object is wrong in the same way");
    put_with(&store, &session("s1", 3, SessionStatus::Active), &[]).await;
    assert!(store.rejected(&cpo()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_full_pull_does_not_tell_of_is_no_longer_open_and_comes_back_when_it_does() {
    let (_folder, store) = store().await;
    for (name, minute) in [("a", 1), ("b", 1), ("c", 5)] {
        put(&store, &session(name, minute, SessionStatus::Active)).await;
    }
    let open = || async {
        let sessions: Vec<Session> = store.open_objects(Kind::Session).await.unwrap();
        sessions.into_iter().map(|session| session.key.id).collect::<Vec<_>>()
    };
    assert_eq!(store.close_unseen(&cpo(), Kind::Session, at(5), Some(at(0))).await.unwrap(), 2);
    assert_eq!(open().await, ["c"]);
    put(&store, &session("a", 1, SessionStatus::Active)).await;
    assert_eq!(open().await, ["a", "c"]);
    assert_eq!(store.close_unseen(&cpo(), Kind::Session, at(9), Some(at(2))).await.unwrap(), 1, "a was not asked for");
}

#[tokio::test]
async fn a_pull_goes_on_where_it_stopped_and_a_new_link_begins_anew() {
    let (folder, store) = store().await;
    let cursor: PageCursor = serde_json::from_value(json!({"next": "offset", "seen": 40})).unwrap();
    let under_way = PullUnderWay { began_at: at(1), since: None, full: true, cursor, objects: 40 };
    let progress = PullProgress { under_way: Some(under_way), ..PullProgress::default() };
    store.save_pull_progress(&cpo(), Kind::Location, &progress).await.unwrap();
    drop(store);
    let again = Store::open(&folder.path().join("sub/headroom.db")).await.unwrap();
    assert_eq!(again.pull_progress(&cpo(), Kind::Location).await.unwrap(), progress);
    assert_eq!(again.pull_progress(&cpo(), Kind::Tariff).await.unwrap(), PullProgress::default());
    again.forget_pulls(&cpo()).await.unwrap();
    assert_eq!(again.pull_progress(&cpo(), Kind::Location).await.unwrap(), PullProgress::default());
}

#[tokio::test]
async fn the_latest_word_of_a_station_counts() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    let report = |minute, kw| StationReport {
        at: at(minute),
        until: at(minute + 30),
        profile: ChargingProfile::constant(at(minute), Power::from_kw(kw)),
    };
    store.save_station_report(&id, &report(2, 4.0)).await.unwrap();
    store.save_station_report(&id, &report(1, 9.0)).await.unwrap();
    assert_eq!(store.station_report(&id).await.unwrap(), Some(report(2, 4.0)));
}

#[tokio::test]
async fn a_question_to_a_station_is_answered_once_and_only_by_its_partner() {
    let (_folder, store) = store().await;
    let session = session("s", 1, SessionStatus::Active);
    put(&store, &session).await;
    let id = session.key.session_id();
    store.save_query("q", &id, at(1)).await.unwrap();
    assert_eq!(store.answer_query("q", &PartnerId::new("other"), at(2)).await.unwrap(), None);
    assert_eq!(store.answer_query("q", &cpo(), at(2)).await.unwrap(), Some((id.clone(), true)));
    assert_eq!(store.answer_query("q", &cpo(), at(3)).await.unwrap(), Some((id, false)));
}

#[tokio::test]
async fn an_evse_that_takes_no_profiles_is_remembered_as_it_was_published() {
    let (_folder, store) = store().await;
    let evse = Evse {
        uid: "E1".to_owned(),
        takes_profiles: true,
        takes_preferences: false,
        out_of_use: false,
        connectors: Vec::new(),
    };
    store.save_unsteerable(&cpo(), "LOC1", &evse, at(1)).await.unwrap();
    assert_eq!(store.unsteerable(&cpo(), "loc1").await.unwrap(), [evse]);
    assert!(store.unsteerable(&PartnerId::new("other"), "LOC1").await.unwrap().is_empty());
}
