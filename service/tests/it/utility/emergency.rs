//! Emergencies: cut at once, and never a reason to loosen anything.

use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use super::*;

/// No plan is due for an hour: what happens at once happens because of the limit.
const SELDOM: &str = "[control]\nplan_every_s = 3600";

/// Returns the directions of the profiles that were decided from an instant on.
async fn directions_since(service: &Service, since: DateTime<Utc>) -> Vec<String> {
    let options = SqliteConnectOptions::new().filename(service.path("headroom.db")).read_only(true);
    let record = SqlitePool::connect_with(options).await.unwrap();
    let rows = sqlx::query("SELECT direction, created_at FROM profile_request ORDER BY revision");
    let rows = rows.fetch_all(&record).await.unwrap();
    let decided_at =
        |row: &sqlx::sqlite::SqliteRow| row.get::<String, _>("created_at").parse::<DateTime<Utc>>().unwrap();
    rows.iter().filter(|row| decided_at(row) >= since).map(|row| row.get("direction")).collect()
}

fn emergency(revision: i64, intervals: &[LimitInterval]) -> LimitDraft {
    LimitDraft { kind: LimitKind::Emergency, programme: "emergency".to_owned(), ..draft(revision, intervals) }
}

#[tokio::test]
async fn an_emergency_lowers_profiles_before_the_next_plan_is_due_and_raises_none() {
    let (service, dso, stub) = charging(&["campus"], SELDOM).await;
    let (before, count) = (stub.told_w(), stub.profiles_w().len());
    let limit = dso.submit(&emergency(1, &[stretch(now(&dso).await, 240, 12.5)]), id()).await.unwrap().limit;
    let mut events = follow(&dso, 0).await;
    let told = until("all obey", &mut events, |event| event.status.is_obeyed()).await;
    assert!(together_w(&stub, 'E') <= 12_500.0, "{:?}", stub.told_w());
    // Half an hour of the service's time before a plan would be due by the timer.
    assert!(told.last().unwrap().at < limit.accepted_at + TimeDelta::minutes(30), "{told:?}");
    let lowered: Vec<_> = stub.profiles_w().split_off(count);
    assert!(lowered.iter().all(|(session, told)| *told < before[session]), "{before:?} {lowered:?}");
    let directions = directions_since(&service, limit.accepted_at).await;
    assert!(directions.iter().any(|direction| direction == "lower"), "{directions:?}");
    let until_obeyed = directions.iter().take(before.len());
    assert!(until_obeyed.clone().all(|direction| direction == "lower"), "{directions:?}");
}

#[tokio::test]
async fn an_emergency_never_loosens_what_is_scheduled() {
    let (_service, dso, stub) = charging(&["campus"], SELDOM).await;
    let begin = now(&dso).await;
    let scheduled = dso.submit(&draft(1, &[stretch(begin, 240, 15.0)]), id()).await.unwrap().limit;
    let mut events = follow(&dso, 0).await;
    until("the scheduled one is obeyed", &mut events, |event| event.status.is_obeyed()).await;
    let looser = emergency(1, &[stretch(begin, 240, 60.0)]);
    let looser = dso.submit(&LimitDraft { programme: "doe".to_owned(), revision: 2, ..looser }, id()).await.unwrap();
    assert!(looser.effective.iter().all(|piece| import_w(piece) == Some(15_000.0)), "{:?}", looser.effective);
    until("it is obeyed too", &mut events, |event| event.limit == looser.limit.id && event.status.is_obeyed()).await;
    assert_eq!(import_w(&effective_now(&dso, &campus()).await), Some(15_000.0));
    assert!(together_w(&stub, 'E') <= 15_000.0, "{:?}", stub.told_w());
    let tighter = emergency(1, &[stretch(begin, 120, 13.0)]);
    dso.submit(&tighter, id()).await.unwrap();
    eventually("the tighter one cuts", || async { together_w(&stub, 'E') <= 13_000.0 }).await;
    dso.cancel(&scheduled.id, "over", id()).await.unwrap();
    assert_eq!(import_w(&effective_now(&dso, &campus()).await), Some(13_000.0));
}
