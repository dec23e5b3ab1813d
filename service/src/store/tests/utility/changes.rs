//! A change is done once, whole, and in the order in which it came.

use super::*;

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_time_and_recorded_once() {
    let (_folder, store) = store().await;
    let first = store.accept_limit(change("SubmitLimit", "r1"), limit("a", 1)).await.unwrap();
    let again = store.accept_limit(change("SubmitLimit", "r1"), limit("b", 1)).await.unwrap();
    assert_eq!(first, Recorded::New(limit("a", 1)));
    assert_eq!(again, Recorded::Repeated(limit("a", 1)));
    assert_eq!(store.limits(&place("campus")).await.unwrap(), vec![limit("a", 1)]);
    assert_eq!(store.verify_audit("dso").await.unwrap().0, 1);
}

#[tokio::test]
async fn a_repeated_request_is_answered_before_its_revision_is_looked_at() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    submit(&store, limit("b", 2)).await;
    assert_eq!(submit(&store, limit("a", 1)).await, Recorded::Repeated(limit("a", 1)));
}

#[tokio::test]
async fn a_request_id_with_another_content_is_refused() {
    let (_folder, store) = store().await;
    store.accept_limit(change("SubmitLimit", "r1"), limit("a", 1)).await.unwrap();
    let other = Change { hash: "another".to_owned(), ..change("SubmitLimit", "r1") };
    assert_eq!(store.accept_limit(other.clone(), limit("b", 2)).await.unwrap(), Recorded::Reused);
    assert_eq!(store.cancel_limit(&other, &LimitId::new("a")).await.unwrap(), Recorded::Reused);
    assert_eq!(store.limits(&place("campus")).await.unwrap(), vec![limit("a", 1)]);
}

#[tokio::test]
async fn request_ids_of_different_utilities_have_nothing_to_do_with_each_other() {
    let (_folder, store) = store().await;
    let request = change("SubmitLimit", "r1");
    let other = Change { utility: "tso".to_owned(), hash: "another".to_owned(), ..request.clone() };
    let theirs = GridLimit { utility: "tso".to_owned(), ..limit("b", 1) };
    store.accept_limit(request, limit("a", 1)).await.unwrap();
    assert_eq!(store.accept_limit(other, theirs.clone()).await.unwrap(), Recorded::New(theirs));
}

#[tokio::test]
async fn what_was_answered_can_be_asked_until_it_is_forgotten() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    let asked = || store.answered::<GridLimit>("dso", "a", "hash of a");
    assert_eq!(asked().await.unwrap(), Some(Recorded::Repeated(limit("a", 1))));
    assert_eq!(store.forget_requests_before(at(1)).await.unwrap(), 0);
    assert_eq!(store.forget_requests_before(at(2)).await.unwrap(), 1);
    assert_eq!(asked().await.unwrap(), None);
}

#[tokio::test]
async fn a_withdrawal_does_not_change_what_a_repeated_submission_is_answered() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    let withdrawn = GridLimit { cancelled_at: Some(at(1)), ..limit("a", 1) };
    let answer = store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("a")).await.unwrap();
    assert_eq!(answer, Recorded::New(withdrawn.clone()));
    assert_eq!(submit(&store, limit("a", 1)).await, Recorded::Repeated(limit("a", 1)));
    let answer = store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("a")).await.unwrap();
    assert_eq!(answer, Recorded::Repeated(withdrawn));
}

#[tokio::test]
async fn a_limit_that_is_withdrawn_already_stays_as_it_is() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    let first = store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("a")).await.unwrap();
    let later = Change { at: at(9), ..change("CancelLimit", "c2") };
    assert_eq!(store.cancel_limit(&later, &LimitId::new("a")).await.unwrap(), first);
}

#[tokio::test]
async fn a_utility_can_withdraw_its_own_limits_only() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    let theirs = Change { utility: "tso".to_owned(), ..change("CancelLimit", "c1") };
    let refused = Recorded::Refused(Conflict::Unknown);
    assert_eq!(store.cancel_limit(&theirs, &LimitId::new("a")).await.unwrap(), refused);
    assert_eq!(store.limit(&LimitId::new("a")).await.unwrap(), Some(limit("a", 1)));
}

#[tokio::test]
async fn in_a_batch_each_submission_has_a_fate_of_its_own() {
    let (folder, store) = store().await;
    // The database refuses the second one itself: an id is there once.
    let batch: Vec<_> = [("r1", limit("a", 5)), ("r2", limit("a", 6)), ("r3", limit("c", 5)), ("r4", limit("d", 7))]
        .map(|(request_id, limit)| (change("SubmitLimit", request_id), limit))
        .into();
    let answers = store.accept_limits(&batch).await;
    assert!(matches!(&answers[0], Ok(Recorded::New(_))));
    assert!(matches!(&answers[1], Err(StoreError::Database(_))));
    assert!(matches!(&answers[2], Ok(Recorded::Refused(Conflict::StaleRevision { latest: 5 }))));
    assert!(matches!(&answers[3], Ok(Recorded::New(_))));
    drop(store);
    let store = again(&folder).await;
    assert_eq!(store.limits(&place("campus")).await.unwrap(), vec![limit("a", 5), limit("d", 7)]);
    assert_eq!(store.statuses_after("dso", 0, &[], 9).await.unwrap().len(), 2);
    assert_eq!(store.verify_audit("dso").await.unwrap().0, 2);
}

#[tokio::test]
async fn the_same_request_twice_in_a_batch_is_done_once() {
    let (_folder, store) = store().await;
    let batch = [limit("a", 1), limit("b", 1)].map(|limit| (change("SubmitLimit", "r1"), limit));
    let answers = store.accept_limits(&batch).await;
    assert_eq!(answers[0].as_ref().unwrap(), &Recorded::New(limit("a", 1)));
    assert_eq!(answers[1].as_ref().unwrap(), &Recorded::Repeated(limit("a", 1)));
}

#[tokio::test]
async fn submissions_that_arrive_together_are_recorded_in_the_order_in_which_they_arrive() {
    let (_folder, store) = store().await;
    let submissions = (1..=500).map(|revision| submit(&store, limit(&format!("{revision:03}"), revision)));
    // Without tokio's budget, which would make some of them wait at the door while later ones pass.
    let answers = tokio::task::unconstrained(join_all(submissions)).await;
    assert!(answers.iter().all(|answer| matches!(answer, Recorded::New(_))));
    let recorded = store.limits(&place("campus")).await.unwrap();
    assert_eq!(recorded.iter().map(|limit| limit.revision).collect::<Vec<_>>(), (1..=500).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_submission_is_recorded_even_when_nobody_waits_for_the_answer() {
    let (_folder, store) = store().await;
    let mut submission = Box::pin(submit(&store, limit("a", 1)));
    assert!(futures::poll!(&mut submission).is_pending());
    drop(submission);
    // What comes later is recorded later.
    submit(&store, limit("b", 2)).await;
    assert_eq!(store.limit(&LimitId::new("a")).await.unwrap(), Some(limit("a", 1)));
}

#[tokio::test]
async fn when_the_commit_fails_nobody_is_told_that_it_is_recorded() {
    let (folder, store) = store().await;
    // A constraint that is checked at the commit fails all that is in it.
    let raw = raw(&folder).await;
    for sql in [
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER orphan AFTER INSERT ON grid_limit WHEN NEW.id = 'b' BEGIN INSERT INTO child VALUES (1); END",
    ] {
        sqlx::query(sql).execute(&raw).await.unwrap();
    }
    let batch = [limit("a", 1), limit("b", 2)].map(|limit| (change("SubmitLimit", limit.id.as_str()), limit));
    let answers = store.accept_limits(&batch).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::NotRecorded(_)))), "{answers:?}");
    assert!(store.limits(&place("campus")).await.unwrap().is_empty());
    assert!(matches!(submit(&store, limit("a", 1)).await, Recorded::New(_)));
}
