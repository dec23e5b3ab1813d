//! What became of limits is told in order, once.

use headroom_domain::limit::{LimitState, LimitStatus};

use super::*;
use crate::store::StatusChange;

fn became(limit: &str, minute: i64, state: LimitState) -> StatusChange {
    StatusChange {
        utility: "dso".to_owned(),
        limit: LimitId::new(limit),
        target: place("campus"),
        at: at(minute),
        status: LimitStatus { confirmed_sessions: 2, ..LimitStatus::of(state) },
    }
}

async fn told(store: &Store, after: i64) -> Vec<(i64, String, LimitState)> {
    let events = store.statuses_after("dso", after, &[], 99).await.unwrap();
    events.into_iter().map(|event| (event.sequence, event.limit.to_string(), event.status.state)).collect()
}

#[tokio::test]
async fn acceptance_and_withdrawal_are_told_in_the_transaction_of_the_change() {
    let (folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("a")).await.unwrap();
    drop(store);
    let store = again(&folder).await;
    let expected = [(1, "a".to_owned(), LimitState::Accepted), (2, "a".to_owned(), LimitState::Cancelled)];
    assert_eq!(told(&store, 0).await, expected);
}

#[tokio::test]
async fn sequence_numbers_rise_over_all_limits_and_are_never_used_again() {
    let (folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    submit(&store, limit("b", 2)).await;
    let active = [became("a", 2, LimitState::Active), became("b", 3, LimitState::Active)];
    let events = store.append_statuses(&active, at(0)).await.unwrap();
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3, 4]);
    store.append_statuses(&[became("b", 4, LimitState::Completed)], at(0)).await.unwrap();
    assert_eq!(store.forget_statuses_before(at(99)).await.unwrap(), 3);
    // Even the highest may be gone.
    sqlx::query("DELETE FROM limit_status").execute(&raw(&folder).await).await.unwrap();
    let events = store.append_statuses(&[became("a", 5, LimitState::Completed)], at(0)).await.unwrap();
    assert_eq!(events[0].sequence, 6);
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_that_it_told_and_tells_of_its_targets_only() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    submit(&store, GridLimit { target: place("depot"), ..limit("b", 1) }).await;
    store.append_statuses(&[became("a", 2, LimitState::Active)], at(0)).await.unwrap();
    assert_eq!(told(&store, 2).await, [(3, "a".to_owned(), LimitState::Active)]);
    let page = store.statuses_after("dso", 0, &[], 2).await.unwrap();
    assert_eq!(page.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2]);
    let depot = store.statuses_after("dso", 0, &[place("depot")], 9).await.unwrap();
    assert_eq!(depot.iter().map(|event| event.limit.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(store.statuses_after("tso", 0, &[], 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_status_is_read_as_it_was_told() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    let events = store.append_statuses(&[became("a", 2, LimitState::Active)], at(0)).await.unwrap();
    assert_eq!(store.statuses_after("dso", 1, &[], 9).await.unwrap(), events);
    assert_eq!(store.latest_statuses(&[LimitId::new("a"), LimitId::new("x")]).await.unwrap(), events);
    assert!(store.latest_statuses(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_told_after_a_withdrawal_nor_of_a_limit_that_is_not_known() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("a")).await.unwrap();
    let late = [became("a", 2, LimitState::Active), became("unheard-of", 2, LimitState::Active)];
    assert!(store.append_statuses(&late, at(0)).await.unwrap().is_empty());
    assert_eq!(told(&store, 0).await.len(), 2);
}

#[tokio::test]
async fn a_limit_is_not_told_as_replaced_when_what_replaced_it_was_withdrawn_meanwhile() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    submit(&store, limit("b", 2)).await;
    // Withdrawn at the first minute.
    store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("b")).await.unwrap();
    let replaced = [became("a", 2, LimitState::Superseded)];
    assert!(store.append_statuses(&replaced, at(1)).await.unwrap().is_empty());
    assert_eq!(store.unsettled_limits().await.unwrap(), vec![limit("a", 1)]);
    assert_eq!(store.append_statuses(&replaced, at(2)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_replaced_limit_that_is_withdrawn_before_its_end_is_told_so_and_nothing_after() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    submit(&store, limit("b", 2)).await;
    store.append_statuses(&[became("a", 1, LimitState::Superseded)], at(1)).await.unwrap();
    store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("a")).await.unwrap();
    assert_eq!(told(&store, 3).await, [(4, "a".to_owned(), LimitState::Cancelled)]);
    assert_eq!(store.unsettled_limits().await.unwrap(), vec![limit("b", 2)]);
}

#[tokio::test]
async fn statuses_are_found_of_more_limits_than_a_statement_has_variables() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    let many: Vec<_> = (0..40_000).map(|number| LimitId::new(number.to_string())).chain([LimitId::new("a")]).collect();
    assert_eq!(store.latest_statuses(&many).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_limit_that_was_over_is_not_told_as_withdrawn() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    store.append_statuses(&[became("a", 60, LimitState::Completed)], at(0)).await.unwrap();
    store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("a")).await.unwrap();
    assert_eq!(told(&store, 1).await, [(2, "a".to_owned(), LimitState::Completed)]);
}

#[tokio::test]
async fn the_limits_whose_last_state_is_not_final_are_found_after_a_restart() {
    let (folder, store) = store().await;
    for (revision, id) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        submit(&store, limit(id, revision)).await;
    }
    store
        .append_statuses(&[became("a", 2, LimitState::Active), became("b", 2, LimitState::Completed)], at(0))
        .await
        .unwrap();
    store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("c")).await.unwrap();
    drop(store);
    assert_eq!(again(&folder).await.unsettled_limits().await.unwrap(), vec![limit("a", 1), limit("d", 4)]);
}

#[tokio::test]
async fn the_last_status_of_a_limit_is_kept_as_long_as_the_limit() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    store.append_statuses(&[became("a", 2, LimitState::Active)], at(0)).await.unwrap();
    assert_eq!(store.forget_statuses_before(at(99)).await.unwrap(), 1);
    assert_eq!(told(&store, 0).await, [(2, "a".to_owned(), LimitState::Active)]);
}
