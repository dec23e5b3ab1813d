//! Safe mode: what a connection point does without its utility.

use headroom_domain::limit::Basis;
use headroom_domain::limit::failsafe::{Mode, SafeMode};
use headroom_grid_api::server::Heartbeat;

use super::*;

/// Five seconds of reality.
const TIMEOUT_S: u32 = 300;

/// 15 kW after five minutes of silence, until a limit is stated.
fn fallback() -> SafeMode {
    SafeMode {
        maximum_import_w: Some(Power::from_kw(15.0)),
        maximum_export_w: None,
        heartbeat_timeout_s: Some(TIMEOUT_S),
        minimum_hold_s: 7200,
        release_delay_s: 86_400,
        validity: None,
    }
}

fn safe() -> Basis {
    Basis::SafeMode { utility: "dso".to_owned() }
}

async fn beat(dso: &Utility, sequence: i64) -> headroom_grid_api::HeartbeatAnswer {
    dso.heartbeat(Heartbeat { sent_at: now(dso).await, sequence }).await.unwrap()
}

#[tokio::test]
async fn safe_mode_begins_ends_with_a_limit_returns_with_silence_and_outlives_a_crash() {
    let (mut service, dso, stub) = charging(&["campus"], "").await;
    let reader = service.utility("dso", READER);
    // It begins in safe mode, and vehicles are told.
    let begun = dso.set_safe_mode(&node("campus"), Some(&fallback()), id()).await.unwrap();
    assert_eq!((begun.mode, begun.safe_mode), (Mode::Safe, Some(fallback())));
    eventually("vehicles fall back", || async { together_w(&stub, 'E') <= 15_000.0 }).await;

    // It leaves when a limit is stated.
    let (begin, mut sequence) = (now(&dso).await, 0);
    dso.submit(&draft(1, &[stretch(begin, 24 * 60, 60.0)]), id()).await.unwrap();
    assert_eq!(dso.safe_mode(&node("campus")).await.unwrap().mode, Mode::Normal);
    eventually("vehicles charge again", || {
        sequence += 1;
        let (dso, stub) = (&dso, &stub);
        async move {
            assert_eq!(beat(dso, sequence).await.mode, Mode::Normal);
            together_w(stub, 'E') > 30_000.0
        }
    })
    .await;

    // It falls back when nobody but a reader is heard.
    eventually("silence is noticed", || async { reader.safe_mode(&node("campus")).await.unwrap().mode == Mode::Safe })
        .await;
    let fallen = reader.safe_mode(&node("campus")).await.unwrap();
    assert!(fallen.since.is_some_and(|since| since >= begin + TimeDelta::seconds(TIMEOUT_S.into())), "{fallen:?}");
    let holds = effective_now(&reader, &campus()).await;
    assert_eq!(holds.maximum_import_w, Some((Power::from_kw(15.0), safe())));
    eventually("vehicles fall back again", || async { together_w(&stub, 'E') <= 15_000.0 }).await;

    service.kill().await;
    service.begin_again();
    service.answers().await;
    assert_eq!(reader.safe_mode(&node("campus")).await.unwrap(), fallen);
    assert_eq!(effective_now(&reader, &campus()).await.maximum_import_w, Some((Power::from_kw(15.0), safe())));

    // Who is heard again is not yet believed; a limit is.
    let answer = beat(&dso, sequence + 1).await;
    assert_eq!((answer.mode, answer.places_in_safe_mode), (Mode::Safe, 1));
    assert_eq!(answer.next_due_at, Some(answer.received_at + TimeDelta::seconds(TIMEOUT_S.into())));
    dso.submit(&draft(2, &[stretch(now(&dso).await, 24 * 60, 60.0)]), id()).await.unwrap();
    assert_eq!(beat(&dso, sequence + 2).await.mode, Mode::Normal);
    assert_eq!(import_w(&effective_now(&dso, &campus()).await), Some(60_000.0));
}

#[tokio::test]
async fn safe_mode_is_left_some_time_after_the_utility_returned_and_not_before_its_hold_is_over() {
    let (service, dso) = idle().await;
    let reader = service.utility("dso", READER);
    let quick = SafeMode { minimum_hold_s: 600, release_delay_s: 120, ..fallback() };
    let state = |utility: &Utility| {
        let utility = utility.clone();
        async move { utility.safe_mode(&node("campus")).await.unwrap() }
    };
    // At the start there is no hold: only the delay.
    let begun = dso.set_safe_mode(&node("campus"), Some(&quick), id()).await.unwrap();
    assert_eq!(begun.mode, Mode::Safe);
    eventually("it is left without a limit", || async { state(&dso).await.mode == Mode::Normal }).await;
    assert!(now(&dso).await >= begun.updated_at.unwrap() + TimeDelta::seconds(120));
    eventually("silence is noticed", || async { state(&reader).await.mode == Mode::Safe }).await;
    let since = state(&reader).await.since.unwrap();
    eventually("it is left again", || async { state(&dso).await.mode == Mode::Normal }).await;
    assert!(now(&dso).await >= since + TimeDelta::seconds(600), "the hold");
}

#[tokio::test]
async fn the_default_holds_in_gaps_and_after_the_schedule_and_nothing_holds_once_it_is_taken_away() {
    let (_service, dso) = idle().await;
    let silent = SafeMode { heartbeat_timeout_s: None, ..fallback() };
    let set = dso.set_safe_mode(&node("campus"), Some(&silent), id()).await.unwrap();
    assert_eq!(set.mode, Mode::Normal, "nobody waits for heartbeats");
    let begin = now(&dso).await + TimeDelta::hours(1);
    let pieces = [stretch(begin, 30, 40.0), stretch(begin + TimeDelta::hours(1), 30, 50.0)];
    dso.submit(&draft(1, &pieces), id()).await.unwrap();
    let window = Interval { start: begin, end: begin + TimeDelta::hours(2) };
    let holds = dso.effective(&campus(), window).await.unwrap();
    assert_eq!(holds.iter().filter_map(import_w).collect::<Vec<_>>(), [40_000.0, 15_000.0, 50_000.0, 15_000.0]);
    assert_eq!(holds[1].maximum_import_w, Some((Power::from_kw(15.0), safe())));
    let gone = dso.set_safe_mode(&node("campus"), None, id()).await.unwrap();
    assert_eq!((gone.safe_mode, gone.mode), (None, Mode::Normal));
    let holds = dso.effective(&campus(), window).await.unwrap();
    assert_eq!(holds.iter().filter_map(import_w).collect::<Vec<_>>(), [40_000.0, 100_000.0, 50_000.0, 100_000.0]);
}
