use std::sync::Arc;

use futures::StreamExt;
use headroom_domain::time::ManualClock;
use tonic::Code;
use tonic_types::StatusExt;

use super::*;
use crate::server::{Access, Credential};

fn tap(stopping: watch::Receiver<bool>) -> (Tap<i64>, mpsc::Receiver<i64>) {
    let (messages, received) = mpsc::channel(BUFFER);
    let clock = Arc::new(ManualClock::new(chrono::DateTime::UNIX_EPOCH));
    let options = Options::new(clock, Access::default());
    (Tap { messages, stopping, options, last: None }, received)
}

async fn give_all(tap: &mut Tap<i64>, count: i64) -> Result<(), Status> {
    for sequence in 1..=count {
        tap.give(sequence, Some(sequence)).await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_for_30_s_is_cut_off_after_what_the_buffer_holds() {
    let (_running, stopping) = watch::channel(false);
    let (mut tap, _unread) = tap(stopping);
    let begun = tokio::time::Instant::now();
    let end = give_all(&mut tap, 100).await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert_eq!(end.get_details_error_info().unwrap().metadata["resume_after_sequence"], BUFFER.to_string());
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops_also_in_the_middle_of_a_message() {
    let (stop, stopping) = watch::channel(false);
    let (mut tap, _unread) = tap(stopping);
    give_all(&mut tap, i64::try_from(BUFFER).unwrap()).await.unwrap();
    let (end, ()) = tokio::join!(tap.give(0, None), async { stop.send(true).unwrap() });
    assert_eq!(end.unwrap_err().code(), Code::Unavailable);
    let (_news, mut unheard) = watch::channel(0);
    assert_eq!(tap.news(&mut unheard).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(tap.pause(TimeDelta::days(1)).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_as_soon_as_a_call_of_its_caller_would_be_turned_away_and_not_before() {
    let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
    let at = clock.now() + TimeDelta::minutes(1);
    for (credential, reason) in [(Credential::Certificate, "CERTIFICATE_EXPIRED"), (Credential::Token, "TOKEN_EXPIRED")]
    {
        clock.set(at - TimeDelta::milliseconds(1));
        let mut end = std::pin::pin!(expired(&clock, Some(Expiry { at, credential })));
        assert!(tokio::time::timeout(LOOK_AGAIN, end.as_mut()).await.is_err());
        clock.set(at);
        let status = tokio::time::timeout(LOOK_AGAIN, end).await.unwrap();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(status.get_details_error_info().unwrap().reason, reason);
    }
    assert!(tokio::time::timeout(100 * LOOK_AGAIN, expired(&clock, None)).await.is_err());
}

#[tokio::test]
async fn an_outlet_gives_all_that_came_before_the_end_then_the_end_and_then_nothing() {
    let (messages, received) = mpsc::channel(BUFFER);
    let (end, ended) = oneshot::channel();
    let mut outlet = Outlet { messages: received, end: Some(ended) };
    messages.send(1).await.unwrap();
    messages.send(2).await.unwrap();
    end.send(status::stopping()).unwrap();
    drop(messages);
    assert_eq!(outlet.next().await.unwrap().unwrap(), 1);
    assert_eq!(outlet.next().await.unwrap().unwrap(), 2);
    assert_eq!(outlet.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
    assert!(outlet.next().await.is_none());
}

#[tokio::test]
async fn a_stream_whose_task_broke_off_says_that_it_may_be_opened_again() {
    let (messages, received) = mpsc::channel::<()>(BUFFER);
    let (end, ended) = oneshot::channel();
    let mut outlet = Outlet { messages: received, end: Some(ended) };
    drop((messages, end));
    assert_eq!(outlet.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
}
