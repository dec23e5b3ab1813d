//! A record of an earlier version is brought to this one with everything in it.

use std::borrow::Cow;

use headroom_domain::limit::{LimitState, LimitStatus};
use headroom_grid_api::LimitQuery;

use super::*;

/// Of before the utility's door: no terms, a bare connection point.
fn old_body(id: &str, revision: i64, cancelled_at: Option<&str>) -> serde_json::Value {
    json!({
        "id": id, "utility": "dso", "target": "campus", "programme": "doe", "kind": "scheduled", "revision": revision,
        "intervals": [
            {"interval": {"start": "1970-01-01T00:00:00Z", "end": "1970-01-01T00:30:00.250Z"},
             "maximum_import_w": 50000.0, "maximum_export_w": null},
            {"interval": {"start": "1970-01-01T00:30:00.250Z", "end": "1970-01-01T01:00:00Z"},
             "maximum_import_w": null, "maximum_export_w": 0.0},
        ],
        "reason": "", "accepted_at": "1970-01-01T00:00:00Z", "cancelled_at": cancelled_at,
    })
}

/// Makes a file as the first three migrations and the program of their time left it.
async fn old_record(folder: &tempfile::TempDir) {
    std::fs::create_dir_all(folder.path().join("sub")).unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("sub/headroom.db")).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let mut migrator = sqlx::migrate!();
    migrator.migrations = Cow::Owned(migrator.iter().take(3).cloned().collect());
    migrator.run(&pool).await.unwrap();
    for (id, revision, cancelled_at) in [("z", 1, None), ("y", 2, Some("1970-01-01T00:07:00Z")), ("x", 3, None)] {
        let accepted = old_body(id, revision, None).to_string();
        sqlx::query("INSERT INTO grid_limit (id, target, body) VALUES (?, 'campus', ?)")
            .bind(id)
            .bind(old_body(id, revision, cancelled_at).to_string())
            .execute(&pool)
            .await
            .unwrap();
        let request = "INSERT INTO limit_request (utility, request_id, hash, answer, at) \
                       VALUES ('dso', ?, 'h', ?, '1970-01-01T00:00:00.000Z')";
        sqlx::query(request).bind(format!("submit-{id}")).bind(&accepted).execute(&pool).await.unwrap();
        let audit = "INSERT INTO audit (at, principal, action, resource, detail) \
                     VALUES ('1970-01-01T00:00:00.000Z', 'dso', 'limit accepted', ?, ?)";
        sqlx::query(audit).bind(id).bind(&accepted).execute(&pool).await.unwrap();
    }
    let cancelled = old_body("y", 2, Some("1970-01-01T00:07:00Z")).to_string();
    let request = "INSERT INTO limit_request (utility, request_id, hash, answer, at) \
                   VALUES ('dso', 'cancel-y', 'h', ?, '1970-01-01T00:07:00.000Z')";
    sqlx::query(request).bind(cancelled).execute(&pool).await.unwrap();
    pool.close().await;
}

async fn upgraded() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    old_record(&folder).await;
    let store = again(&folder).await;
    (folder, store)
}

#[tokio::test]
async fn limits_of_before_are_read_as_they_were_in_their_order() {
    let (_folder, store) = upgraded().await;
    let limits = store.limits(&place("campus")).await.unwrap();
    assert_eq!(limits.iter().map(|limit| limit.id.as_str()).collect::<Vec<_>>(), ["z", "y", "x"]);
    assert_eq!(limits[0].target, place("campus"));
    assert_eq!(limits[0].intervals.len(), 2);
    assert_eq!(limits[1].cancelled_at, Some(at(7)));
    assert_eq!(limits[2].terms, Terms::default());
}

#[tokio::test]
async fn what_is_asked_of_limits_of_before_is_answered_from_the_new_columns() {
    let (folder, store) = upgraded().await;
    assert_eq!(store.latest_revision("dso", &place("campus"), "doe").await.unwrap(), Some(3));
    let ids = |limits: Vec<GridLimit>| limits.into_iter().map(|limit| limit.id.to_string()).collect::<Vec<_>>();
    for (minute, expected) in [(59, &["z", "x"][..]), (60, &[])] {
        let targets = [place("campus")];
        assert_eq!(ids(store.standing_limits(&targets, at(minute), None).await.unwrap()), expected);
    }
    let query = LimitQuery { overlaps: Some(window(59, 90)), ..Default::default() };
    let filter = LimitFilter { query: &query, scope: None, states: &[LimitState::Accepted] };
    let page = store.limits_page("dso", filter, Some(&LimitId::new("z")), 9).await.unwrap();
    assert_eq!(ids(page.unwrap()), ["x"]);
    assert_eq!(ids(store.unsettled_limits().await.unwrap()), ["z", "x"]);
    let times: Vec<(String, String, String, Option<String>)> =
        sqlx::query_as("SELECT accepted_at, starts_at, ends_at, cancelled_at FROM grid_limit WHERE id = 'y'")
            .fetch_all(&raw(&folder).await)
            .await
            .unwrap();
    assert_eq!(times, [(text(at(0)), text(at(0)), text(at(60)), Some(text(at(7))))]);
}

#[tokio::test]
async fn a_request_of_before_is_answered_as_then() {
    let (_folder, store) = upgraded().await;
    let request = |id: &str| Change { hash: "h".to_owned(), ..change("SubmitLimit", id) };
    let answer = store.accept_limit(request("submit-y"), limit("new", 9)).await.unwrap();
    assert!(matches!(&answer, Recorded::Repeated(limit) if limit.id.as_str() == "y" && limit.cancelled_at.is_none()));
    let answer = store.cancel_limit(&request("cancel-y"), &LimitId::new("z")).await.unwrap();
    assert!(matches!(&answer, Recorded::Repeated(limit) if limit.cancelled_at == Some(at(7))));
    assert_eq!(store.accept_limit(change("SubmitLimit", "submit-y"), limit("new", 9)).await.unwrap(), Recorded::Reused);
}

#[tokio::test]
async fn what_became_of_limits_of_before_is_told() {
    let (_folder, store) = upgraded().await;
    let told = store.statuses_after("dso", 0, &[place("campus")], 9).await.unwrap();
    let states: Vec<_> = told.iter().map(|event| (event.limit.as_str(), event.at, event.status)).collect();
    let (accepted, cancelled) = (LimitStatus::of(LimitState::Accepted), LimitStatus::of(LimitState::Cancelled));
    assert_eq!(states, [("z", at(0), accepted), ("y", at(7), cancelled), ("x", at(0), accepted)]);
}

#[tokio::test]
async fn the_audit_of_before_stays_and_the_chain_begins_at_its_first_change() {
    let (folder, store) = upgraded().await;
    assert_eq!(store.verify_audit("dso").await.unwrap().0, 0);
    submit(&store, limit("new", 4)).await;
    assert_eq!(store.verify_audit("dso").await.unwrap().0, 1);
    let (kept,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM audit").fetch_one(&raw(&folder).await).await.unwrap();
    assert_eq!(kept, 3);
}
