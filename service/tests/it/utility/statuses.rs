//! Accepted, in force and obeyed are three things.

use headroom_domain::limit::{Amiss, LimitState};

use super::*;

/// How long vehicles may take to follow.
const GRACE: TimeDelta = TimeDelta::minutes(5);

fn silence(stub: &Stub, sessions: &[&str]) {
    stub.script.lock().silent = sessions.iter().map(|session| (*session).to_owned()).collect();
}

#[tokio::test]
async fn accepted_in_force_and_obeyed_are_told_apart_as_stations_acknowledge() {
    let (_service, dso, stub) = charging(&["campus"], "").await;
    silence(&stub, &["E1", "E2", "E3"]);
    let limit = dso.submit(&draft(1, &[stretch(now(&dso).await, 240, 20.0)]), id()).await.unwrap().limit;
    let mut events = follow(&dso, 0).await;
    let first = until("it is in force", &mut events, |event| event.status.state == LimitState::Active).await;
    assert_eq!(first[0].status.state, LimitState::Accepted, "{first:?}");
    assert!(first.iter().all(|event| event.limit == limit.id && event.target == campus()));
    let in_force = first.last().unwrap().status;
    assert_eq!((in_force.affected_sessions, in_force.confirmed_sessions), (3, 0));
    assert_eq!(in_force.expected_in_force_at, None);
    for (session, at_least) in [("E1", 1), ("E2", 2)] {
        stub.wake(session);
        let told = until(session, &mut events, |event| event.status.confirmed_sessions >= at_least).await;
        assert!(told.iter().all(|event| !event.status.is_obeyed()), "E3 is silent: {told:?}");
    }
    stub.wake("E3");
    let told = until("all obey", &mut events, |event| event.status.is_obeyed()).await;
    let obeyed = told.last().unwrap().status;
    assert_eq!((obeyed.affected_sessions, obeyed.confirmed_sessions), (3, 3));
    assert!(obeyed.expected_in_force_at.is_some_and(|at| at >= limit.accepted_at));
    assert!(together_w(&stub, 'E') <= 20_000.0, "{:?}", stub.told_w());
}

#[tokio::test]
async fn a_silent_station_makes_it_not_achieved_after_the_grace_until_it_answers() {
    let (_service, dso, stub) = charging(&["campus"], "").await;
    silence(&stub, &["E3"]);
    let limit = dso.submit(&draft(1, &[stretch(now(&dso).await, 240, 20.0)]), id()).await.unwrap().limit;
    let mut events = follow(&dso, 0).await;
    let told = until("the grace is over", &mut events, |event| event.status.state == LimitState::NotAchieved).await;
    let event = told.last().unwrap();
    assert_eq!(event.status.amiss, Some(Amiss::StationsSilent));
    assert!(event.at >= limit.accepted_at + GRACE, "{told:?}");
    assert!(event.status.confirmed_sessions < event.status.affected_sessions, "{event:?}");
    stub.wake("E3");
    let told = until("all obey", &mut events, |event| event.status.is_obeyed()).await;
    assert_eq!(told.last().unwrap().status.amiss, None);
}

#[tokio::test]
async fn a_refused_profile_makes_it_not_achieved_by_the_time_the_utility_asked_for() {
    let (_service, dso, stub) = charging(&["campus"], "").await;
    stub.script.lock().receipts = vec!["REJECTED"; 100].into();
    let begin = now(&dso).await;
    let mut wanted = draft(1, &[stretch(begin, 240, 20.0)]);
    wanted.terms.respond_by = Some(begin + TimeDelta::minutes(2));
    dso.submit(&wanted, id()).await.unwrap();
    let mut events = follow(&dso, 0).await;
    let told = until("its time is over", &mut events, |event| event.status.state == LimitState::NotAchieved).await;
    let event = told.last().unwrap();
    assert_eq!(event.status.amiss, Some(Amiss::StationsRefused));
    assert!(event.at >= begin + TimeDelta::minutes(2) && event.at < begin + GRACE, "{told:?}");
    stub.script.lock().receipts.clear();
    until("all obey", &mut events, |event| event.status.is_obeyed()).await;
}

#[tokio::test]
async fn what_nobody_is_there_to_disobey_is_obeyed_and_over_when_it_ends() {
    let (_service, dso) = idle().await;
    let begin = now(&dso).await + TimeDelta::minutes(1);
    dso.submit(&draft(1, &[stretch(begin, 2, 20.0)]), id()).await.unwrap();
    let mut events = follow(&dso, 0).await;
    let told = until("it is over", &mut events, |event| event.status.state.is_final()).await;
    let mut states: Vec<_> = told.iter().map(|event| event.status.state).collect();
    states.dedup();
    assert_eq!(states, [LimitState::Accepted, LimitState::Scheduled, LimitState::Active, LimitState::Completed]);
    let in_force = told.iter().find(|event| event.status.state == LimitState::Active).unwrap();
    assert!(in_force.status.is_obeyed() && in_force.at >= begin, "{in_force:?}");
}
