//! Limits are found by what is asked of them.

use std::collections::BTreeSet;

use headroom_domain::limit::{LimitState, LimitStatus};
use headroom_grid_api::LimitQuery;
use sqlx::Row;

use super::*;
use crate::store::StatusChange;
use crate::store::utility::limits as questions;

fn of(utility: &str, target: &str, limit: GridLimit) -> GridLimit {
    GridLimit { utility: utility.to_owned(), target: place(target), ..limit }
}

fn over(start: i64, end: i64, limit: GridLimit) -> GridLimit {
    GridLimit { intervals: vec![interval(start, end)], ..limit }
}

async fn page(store: &Store, filter: LimitFilter<'_>, after: Option<&str>, size: usize) -> Option<Vec<String>> {
    let after = after.map(LimitId::from);
    let page = store.limits_page("dso", filter, after.as_ref(), size).await.unwrap();
    page.map(|limits| limits.into_iter().map(|limit| limit.id.to_string()).collect())
}

fn all(query: &LimitQuery) -> LimitFilter<'_> {
    LimitFilter { query, scope: None, states: &[] }
}

#[tokio::test]
async fn revisions_must_rise_within_a_utility_target_and_programme() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 5)).await;
    let stale = Recorded::Refused(Conflict::StaleRevision { latest: 5 });
    assert_eq!(submit(&store, limit("b", 5)).await, stale);
    assert!(matches!(submit(&store, of("dso", "depot", limit("c", 1))).await, Recorded::New(_)));
    let other_programme = GridLimit { programme: "14a".to_owned(), ..limit("d", 1) };
    assert!(matches!(submit(&store, other_programme).await, Recorded::New(_)));
    assert_eq!(store.latest_revision("dso", &place("campus"), "doe").await.unwrap(), Some(5));
    assert_eq!(store.latest_revision("tso", &place("campus"), "doe").await.unwrap(), None);
}

#[tokio::test]
async fn an_accepted_limit_is_there_after_the_store_is_opened_again() {
    let (folder, store) = store().await;
    submit(&store, limit("a", 1)).await;
    drop(store);
    let store = again(&folder).await;
    assert_eq!(store.limit(&LimitId::new("a")).await.unwrap(), Some(limit("a", 1)));
}

#[tokio::test]
async fn standing_are_the_limits_of_the_places_that_are_not_withdrawn_and_not_over() {
    let (_folder, store) = store().await;
    submit(&store, over(0, 60, limit("over", 1))).await;
    submit(&store, over(60, 120, limit("withdrawn", 2))).await;
    submit(&store, over(0, 61, limit("not-over", 3))).await;
    submit(&store, over(90, 120, limit("to-come", 4))).await;
    submit(&store, of("dso", "depot", over(0, 120, limit("elsewhere", 1)))).await;
    submit(&store, of("dso", "far", over(0, 120, limit("not-asked", 1)))).await;
    store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("withdrawn")).await.unwrap();
    let standing = store.standing_limits(&[place("campus"), place("depot")], at(60), None).await.unwrap();
    let ids: Vec<_> = standing.iter().map(|limit| limit.id.as_str()).collect();
    assert_eq!(ids, ["not-over", "to-come", "elsewhere"]);
    let until = store.standing_limits(&[place("campus")], at(60), Some(at(89))).await.unwrap();
    assert_eq!(until.iter().map(|limit| limit.id.as_str()).collect::<Vec<_>>(), ["not-over"]);
    assert!(store.standing_limits(&[], at(0), None).await.unwrap().is_empty());
}

#[tokio::test]
async fn pages_follow_each_other_in_the_order_of_acceptance_and_hold_what_matches() {
    let (_folder, store) = store().await;
    for (revision, id) in ["z", "y", "x", "w"].into_iter().enumerate() {
        submit(&store, limit(id, i64::try_from(revision).unwrap())).await;
    }
    submit(&store, of("tso", "campus", limit("theirs", 1))).await;
    store.cancel_limit(&change("CancelLimit", "c1"), &LimitId::new("y")).await.unwrap();
    let (query, with_cancelled) = (LimitQuery::default(), LimitQuery { include_cancelled: true, ..Default::default() });
    assert_eq!(page(&store, all(&query), None, 2).await.unwrap(), ["z", "x"]);
    assert_eq!(page(&store, all(&query), Some("x"), 2).await.unwrap(), ["w"]);
    assert!(page(&store, all(&query), Some("w"), 2).await.unwrap().is_empty());
    assert_eq!(page(&store, all(&with_cancelled), Some("z"), 9).await.unwrap(), ["y", "x", "w"]);
    assert_eq!(page(&store, all(&query), Some("theirs"), 2).await, None);
    assert_eq!(page(&store, all(&query), Some("unheard-of"), 2).await, None);
}

#[tokio::test]
async fn a_page_is_full_though_the_window_of_many_limits_lies_in_their_gap() {
    let (_folder, store) = store().await;
    for revision in 0..20 {
        let intervals = if revision % 5 == 4 { vec![interval(0, 60)] } else { vec![interval(0, 10), interval(50, 60)] };
        submit(&store, GridLimit { intervals, ..limit(&format!("{revision:02}"), revision) }).await;
    }
    let query = LimitQuery { overlaps: Some(window(20, 30)), ..Default::default() };
    assert_eq!(page(&store, all(&query), None, 3).await.unwrap(), ["04", "09", "14"]);
    assert_eq!(page(&store, all(&query), Some("14"), 3).await.unwrap(), ["19"]);
}

#[tokio::test]
async fn limits_are_listed_by_target_by_what_the_caller_may_see_and_by_state() {
    let (_folder, store) = store().await;
    submit(&store, limit("campus", 1)).await;
    submit(&store, of("dso", "depot", limit("depot", 1))).await;
    submit(&store, of("dso", "far", limit("far", 1))).await;
    let query = LimitQuery::default();
    let one = LimitQuery { target: Some(place("depot")), ..Default::default() };
    assert_eq!(page(&store, all(&one), None, 9).await.unwrap(), ["depot"]);
    let scope = BTreeSet::from([place("campus"), place("far")]);
    let seen = LimitFilter { scope: Some(&scope), ..all(&query) };
    assert_eq!(page(&store, seen, None, 9).await.unwrap(), ["campus", "far"]);
    let nowhere = LimitFilter { scope: Some(&BTreeSet::new()), ..all(&query) };
    assert!(page(&store, nowhere, None, 9).await.unwrap().is_empty());
    let active = StatusChange {
        utility: "dso".to_owned(),
        limit: LimitId::new("far"),
        target: place("far"),
        at: at(2),
        status: LimitStatus::of(LimitState::Active),
    };
    store.append_statuses(&[active], at(0)).await.unwrap();
    let states = LimitFilter { states: &[LimitState::Active, LimitState::Completed], ..all(&query) };
    assert_eq!(page(&store, states, None, 9).await.unwrap(), ["far"]);
}

#[tokio::test]
async fn a_limit_that_is_over_is_forgotten_but_not_the_highest_revision() {
    let (_folder, store) = store().await;
    for revision in 1..=3 {
        submit(&store, limit(&revision.to_string(), revision)).await;
    }
    assert_eq!(store.forget_limits_before(at(60)).await.unwrap(), 0);
    assert_eq!(store.forget_limits_before(at(61)).await.unwrap(), 2);
    assert_eq!(store.limits(&place("campus")).await.unwrap(), vec![limit("3", 3)]);
    assert_eq!(store.statuses_after("dso", 0, &[], 9).await.unwrap().len(), 1);
    assert_eq!(submit(&store, limit("4", 3)).await, Recorded::Refused(Conflict::StaleRevision { latest: 3 }));
}

#[tokio::test]
async fn no_question_about_limits_reads_the_whole_table() {
    let (folder, _store) = store().await;
    let raw = raw(&folder).await;
    let target = place("campus");
    let query = LimitQuery { target: Some(target.clone()), ..Default::default() };
    let questions = [
        (questions::LATEST_REVISION.to_owned(), "grid_limit_revision"),
        (questions::standing(&[target], at(0), None).sql().as_str().to_owned(), "grid_limit_standing"),
        (questions::page("dso", all(&query), 0, 9).unwrap().sql().as_str().to_owned(), "grid_limit_target_page"),
        (
            questions::page("dso", all(&LimitQuery::default()), 0, 9).unwrap().sql().as_str().to_owned(),
            "grid_limit_page",
        ),
        ("SELECT body FROM grid_limit WHERE settled = 0 ORDER BY seq".to_owned(), "grid_limit_unsettled"),
    ];
    for (sql, index) in questions {
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&raw).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(
            steps[0].contains(&format!("INDEX {index}")) && steps.iter().all(|step| !step.ends_with("SCAN grid_limit")),
            "{sql}: {steps:?}"
        );
        assert!(!sql.contains("json_extract") && !sql.contains("->"), "it looks into bodies: {sql}");
    }
}
