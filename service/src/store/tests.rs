use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::{Session, SessionKey, SessionStatus};
use headroom_domain::{Energy, PartnerId, PartyId, Power, SessionId};
use serde_json::json;

use super::*;

mod partners;
mod utility;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("sub/headroom.db")).await.unwrap();
    (folder, store)
}

fn session(id: &str, minute: i64, status: SessionStatus) -> Session {
    Session {
        key: SessionKey { partner: PartnerId::new("cpo"), party: PartyId::new("nl", "abc"), id: id.to_owned() },
        status,
        location_id: "LOC1".to_owned(),
        evse_uid: Some("E1".to_owned()),
        connector_id: Some("1".to_owned()),
        started_at: at(0),
        ended_at: None,
        energy_wh: Energy::ZERO,
        power_w: None,
        state_of_charge: None,
        last_updated: at(minute),
    }
}

async fn put(store: &Store, session: &Session) -> Saved {
    let key = ObjectKey {
        partner: &session.key.partner,
        kind: Kind::Session,
        party: &session.key.party,
        id: &session.key.id,
    };
    let open = !session.status.is_over();
    let content = Content {
        last_updated: session.last_updated,
        open,
        value: session,
        raw: &json!({"id": session.key.id}),
        warnings: &[],
        received_at: session.last_updated,
    };
    store.save_object(key, content).await.unwrap()
}

#[tokio::test]
async fn an_older_object_does_not_replace_a_newer_one_and_ids_have_no_case() {
    let (_folder, store) = store().await;
    assert_eq!(put(&store, &session("s1", 10, SessionStatus::Active)).await, Saved::Created);
    assert_eq!(put(&store, &session("S1", 9, SessionStatus::Completed)).await, Saved::Stale);
    assert_eq!(put(&store, &session("s1", 11, SessionStatus::Completed)).await, Saved::Updated);
    assert!(store.open_objects::<Session>(Kind::Session).await.unwrap().is_empty());
}

async fn requests(store: &Store, session: &SessionId, profiles_kw: &[(&str, f64)], minute: i64) {
    for (id, kw) in profiles_kw {
        let profile = ChargingProfile::constant(at(0), Power::from_kw(*kw));
        let new = NewRequest { id: (*id).to_owned(), session: session.clone(), profile, direction: "lower" };
        store.create_requests(&[new], at(minute)).await.unwrap();
        assert_eq!(store.claim_requests(&[id], at(minute)).await.unwrap().len(), 1);
    }
}

async fn states(store: &Store, session: &SessionId) -> Vec<(String, RequestState)> {
    store.requests_of(session).await.unwrap().into_iter().map(|request| (request.id, request.state)).collect()
}

#[tokio::test]
async fn a_request_that_was_not_sent_gives_way_to_a_newer_one() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    for name in ["a", "b"] {
        let profile = ChargingProfile::constant(at(0), Power::ZERO);
        let new = NewRequest { id: name.to_owned(), session: id.clone(), profile, direction: "lower" };
        store.create_requests(&[new], at(0)).await.unwrap();
    }
    let unsent = store.unsent_requests(0).await.unwrap();
    assert_eq!(unsent.iter().map(|(_, request)| request.id.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(store.claim_requests(&["a", "b"], at(1)).await.unwrap(), ["b".to_owned()].into());
    assert!(store.claim_requests(&["b"], at(2)).await.unwrap().is_empty());
    assert!(store.unsent_requests(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_acknowledgement_supersedes_what_was_settled_before_the_request_was_sent() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    requests(&store, &id, &[("a", 9.0)], 1).await;
    store.settle_request("a", None, RequestState::InForce, at(2), "").await.unwrap();
    requests(&store, &id, &[("b", 3.0)], 3).await;
    store.settle_request("b", None, RequestState::InForce, at(4), "").await.unwrap();
    assert_eq!(states(&store, &id).await, [("b".to_owned(), RequestState::InForce)]);
}

#[tokio::test]
async fn what_may_have_overtaken_an_acknowledged_request_stays_possible() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    requests(&store, &id, &[("a", 9.0), ("b", 3.0)], 1).await;
    store.settle_request("b", None, RequestState::InForce, at(2), "").await.unwrap();
    store.settle_request("a", None, RequestState::InForce, at(3), "").await.unwrap();
    let expected = [("a".to_owned(), RequestState::InForce), ("b".to_owned(), RequestState::InForce)];
    assert_eq!(states(&store, &id).await, expected);
}

#[tokio::test]
async fn a_word_that_comes_after_the_time_out_still_counts_and_twice_counts_once() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    requests(&store, &id, &[("a", 9.0)], 1).await;
    store.request_waiting("a", at(5)).await.unwrap();
    assert_eq!(store.next_deadline().await.unwrap(), Some(at(5)));
    assert_eq!(store.time_out_requests(at(6), at(0)).await.unwrap().len(), 1);
    assert_eq!(store.next_deadline().await.unwrap(), None);
    assert_eq!(states(&store, &id).await, [("a".to_owned(), RequestState::Unknown)]);
    assert!(store.settle_request("a", None, RequestState::InForce, at(7), "").await.unwrap().is_some());
    assert!(store.settle_request("a", None, RequestState::InForce, at(8), "").await.unwrap().is_none());
    let counts = store.request_counts().await.unwrap();
    assert_eq!(counts, RequestCounts { sent: 1, acknowledged: 1, refused: 0, silent: 0 });
}

#[tokio::test]
async fn a_word_may_come_before_the_partners_own_answer() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    requests(&store, &id, &[("a", 9.0)], 1).await;
    store.settle_request("a", None, RequestState::InForce, at(1), "").await.unwrap();
    store.request_waiting("a", at(5)).await.unwrap();
    assert_eq!(states(&store, &id).await, [("a".to_owned(), RequestState::InForce)]);
}

#[tokio::test]
async fn requests_that_an_earlier_process_left_open_are_timed_out() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    requests(&store, &id, &[("a", 9.0)], 1).await;
    assert!(store.time_out_requests(at(3), at(0)).await.unwrap().is_empty());
    assert_eq!(store.time_out_requests(at(3), at(2)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn words_that_come_together_have_the_fates_that_they_have_one_after_the_other() {
    let (_folder, store) = store().await;
    let names: Vec<_> = (0..40).map(|number| format!("r{number}")).collect();
    for name in &names {
        requests(&store, &SessionId::new(format!("s-{name}")), &[(&format!("{name}-old"), 9.0), (name, 3.0)], 1).await;
        store.settle_request(&format!("{name}-old"), None, RequestState::Unknown, at(1), "").await.unwrap();
    }
    let say = |name: String, state| {
        let store = store.clone();
        async move { store.settle_request(&name, None, state, at(2), "").await.unwrap().map(|request| request.id) }
    };
    let waiting = names.iter().map(|name| store.request_waiting(name, at(5)));
    let first = names.iter().map(|name| say(name.clone(), RequestState::InForce));
    let again = names.iter().map(|name| say(name.clone(), RequestState::Refused));
    let (waiting, first, again) = tokio::join!(join_all(waiting), join_all(first), join_all(again));
    let late = join_all(names.iter().map(|name| say(format!("{name}-old"), RequestState::InForce))).await;
    assert!(waiting.into_iter().all(|noted| noted.is_ok()));
    assert_eq!(first, names.iter().cloned().map(Some).collect::<Vec<_>>());
    assert!(again.iter().all(Option::is_none), "each request is settled once: {again:?}");
    assert!(late.iter().all(Option::is_some), "a silent request that is accepted late is possible again: {late:?}");
    for name in &names {
        let old = (format!("{name}-old"), RequestState::Unknown);
        let expected = [old, (name.clone(), RequestState::InForce)];
        assert_eq!(states(&store, &SessionId::new(format!("s-{name}"))).await, expected);
    }
}

#[tokio::test]
async fn a_word_of_another_partner_says_nothing_of_a_request() {
    let (_folder, store) = store().await;
    let session = session("s", 1, SessionStatus::Active);
    put(&store, &session).await;
    requests(&store, &session.key.session_id(), &[("a", 9.0)], 1).await;
    let say = async |partner: &str| {
        let partner = PartnerId::new(partner);
        store.settle_request("a", Some(&partner), RequestState::InForce, at(2), "").await.unwrap()
    };
    assert_eq!(say("another").await, None);
    assert!(!store.request_is_known("a", &PartnerId::new("another")).await.unwrap());
    assert_eq!(states(&store, &session.key.session_id()).await, [("a".to_owned(), RequestState::Created)]);
    assert!(say("cpo").await.is_some());
}

#[tokio::test]
async fn a_partners_answer_is_noted_though_a_word_of_another_partner_comes_with_it() {
    let (_folder, store) = store().await;
    let session = session("s", 1, SessionStatus::Active);
    put(&store, &session).await;
    requests(&store, &session.key.session_id(), &[("a", 9.0)], 1).await;
    let another = PartnerId::new("another");
    let refused = store.settle_request("a", Some(&another), RequestState::Refused, at(2), "");
    let (waiting, refused) = tokio::join!(store.request_waiting("a", at(5)), refused);
    waiting.unwrap();
    assert_eq!(refused.unwrap(), None);
    assert_eq!(states(&store, &session.key.session_id()).await, [("a".to_owned(), RequestState::Waiting)]);
}

#[tokio::test]
async fn readings_are_kept_once_per_start() {
    let (_folder, store) = store().await;
    let reading =
        |kw: f64| MeterReading { start: at(0), end: at(1), import_w: Some(Power::from_kw(kw)), base_load_w: None };
    store.save_readings("campus", &[reading(1.0)]).await.unwrap();
    store.save_readings("campus", &[reading(2.0)]).await.unwrap();
    assert_eq!(store.readings_since("campus", at(0)).await.unwrap(), vec![reading(2.0)]);
    assert_eq!(store.peak_since("campus", at(0)).await.unwrap(), Power::from_kw(2.0));
}

#[tokio::test]
async fn a_silent_request_that_is_accepted_after_a_later_one_is_possible_again() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    requests(&store, &id, &[("a", 9.0)], 1).await;
    store.settle_request("a", None, RequestState::Unknown, at(2), "").await.unwrap();
    requests(&store, &id, &[("b", 3.0)], 3).await;
    store.settle_request("b", None, RequestState::InForce, at(4), "").await.unwrap();
    assert_eq!(states(&store, &id).await, [("b".to_owned(), RequestState::InForce)]);
    let late = store.settle_request("a", None, RequestState::InForce, at(5), "").await.unwrap();
    assert_eq!(late.map(|request| request.state), Some(RequestState::Unknown));
    let expected = [("a".to_owned(), RequestState::Unknown), ("b".to_owned(), RequestState::InForce)];
    assert_eq!(states(&store, &id).await, expected);
    assert!(store.settle_request("a", None, RequestState::InForce, at(6), "").await.unwrap().is_some());
}

#[tokio::test]
async fn a_refusal_of_a_superseded_request_changes_nothing() {
    let (_folder, store) = store().await;
    let id = SessionId::new("s");
    requests(&store, &id, &[("a", 9.0)], 1).await;
    store.settle_request("a", None, RequestState::Unknown, at(2), "").await.unwrap();
    requests(&store, &id, &[("b", 3.0)], 3).await;
    store.settle_request("b", None, RequestState::InForce, at(4), "").await.unwrap();
    assert_eq!(store.settle_request("a", None, RequestState::Refused, at(5), "").await.unwrap(), None);
    assert_eq!(states(&store, &id).await, [("b".to_owned(), RequestState::InForce)]);
}

#[tokio::test]
async fn requests_that_have_ended_are_forgotten_and_what_may_be_in_force_is_not() {
    let (_folder, store) = store().await;
    let (open, over) = (session("open", 1, SessionStatus::Active), session("over", 1, SessionStatus::Completed));
    for session in [&open, &over] {
        put(&store, session).await;
        let id = session.key.session_id();
        let name = &session.key.id;
        for (minute, verdict) in [(1, "refused"), (3, "accepted"), (5, "accepted-later")] {
            let request_id = format!("{name}-{verdict}");
            requests(&store, &id, &[(&request_id, 9.0)], minute).await;
            let state = if verdict == "refused" { RequestState::Refused } else { RequestState::InForce };
            store.settle_request(&request_id, None, state, at(minute + 1), "").await.unwrap();
        }
        requests(&store, &id, &[(&format!("{name}-under-way"), 9.0)], 7).await;
        store.save_query(&format!("{name}-query"), &id, at(7)).await.unwrap();
    }
    assert_eq!(store.forget_requests(at(2)).await.unwrap(), 0);
    // Of the open session the refused and the superseded one; of the one that is over all that were settled; both queries.
    assert_eq!(store.forget_requests(at(9)).await.unwrap(), 2 + 3 + 2);
    let left = |id: &str| (format!("{id}-under-way"), RequestState::Created);
    let in_force = ("open-accepted-later".to_owned(), RequestState::InForce);
    assert_eq!(states(&store, &open.key.session_id()).await, [in_force, left("open")]);
    assert_eq!(states(&store, &over.key.session_id()).await, [left("over")]);
    let query = store.answer_query("open-query", &PartnerId::new("cpo"), at(9)).await.unwrap();
    assert_eq!(query, None);
}
