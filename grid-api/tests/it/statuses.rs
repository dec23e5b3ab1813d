//! The second acknowledgement: what becomes of limits, as a stream.

use std::time::Duration;

use futures::StreamExt;
use headroom_domain::LimitId;
use headroom_domain::limit::{Amiss, LimitState, LimitStatus};
use headroom_grid_api::{StatusEvent, limit_id};

use super::host::FOREIGN_SITE;
use super::*;

fn limit() -> LimitId {
    limit_id("dso-1", "l0001")
}

fn accepted() -> LimitStatus {
    LimitStatus::of(LimitState::Accepted)
}

fn sequences(events: &[StatusEvent]) -> Vec<i64> {
    events.iter().map(|event| event.sequence).collect()
}

#[tokio::test]
async fn what_becomes_of_a_limit_is_told_as_it_happens_with_all_that_is_known() {
    let server = Server::start().await;
    let utility = server.utility();
    let mut stream = Box::pin(utility.statuses(0, &[]).await.unwrap());
    let obeyed = LimitStatus {
        affected_sessions: 4,
        confirmed_sessions: 3,
        measured_import_w: Some(Power::from_w(12_000.0)),
        expected_in_force_at: Some(at(1)),
        ..LimitStatus::of(LimitState::Active)
    };
    let amiss = LimitStatus { state: LimitState::NotAchieved, amiss: Some(Amiss::StationsSilent), ..obeyed };
    for (index, status) in [accepted(), obeyed, amiss].into_iter().enumerate() {
        server.pass(1);
        server.host.happen(&limit(), &site(), status);
        let event = stream.next().await.unwrap().unwrap();
        assert_eq!((event.sequence, event.status), (i64::try_from(index).unwrap() + 1, status));
        assert_eq!((event.limit, event.target), (limit(), site()));
    }
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn a_stream_that_is_resumed_loses_nothing_and_repeats_nothing() {
    let server = Server::start().await;
    let utility = server.utility();
    (0..1000).for_each(|_| server.host.happen(&limit(), &site(), accepted()));
    let take = async |after, count| {
        let stream = utility.statuses(after, &[]).await.unwrap().take(count);
        sequences(&stream.map(Result::unwrap).collect::<Vec<_>>().await)
    };
    assert_eq!(take(0, 1000).await, (1..=1000).collect::<Vec<_>>());
    assert_eq!(take(990, 10).await, (991..=1000).collect::<Vec<_>>());
    let refusal = refused(utility.statuses(-1, &[]).await.map(drop));
    assert_eq!(
        (refusal.reason.as_str(), refusal.fields[0].path.as_str()),
        ("SEQUENCE_NEGATIVE", "resume_after_sequence")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_stream_can_be_of_some_targets_and_not_of_what_is_not_the_callers_to_see() {
    let server = Server::start().await;
    let utility = server.utility();
    let area = Target::Area("feeder-7".into());
    server.host.happen(&limit(), &site(), accepted());
    server.host.happen(&limit(), &area, accepted());
    let mut stream = Box::pin(utility.statuses(0, &[area]).await.unwrap());
    assert_eq!(stream.next().await.unwrap().unwrap().sequence, 2);
    let mut foreign = Box::pin(utility.statuses(0, &[Target::ConnectionPoint(FOREIGN_SITE.into())]).await.unwrap());
    let refusal = refused(foreign.next().await.unwrap());
    assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), ("NOT_AUTHORISED_FOR_TARGET", "targets"));
    assert!(foreign.next().await.is_none());
    drop((stream, foreign));
    server.stop().await;
}

/// Waits until the server has ended the only stream that there may be: then there is a place for another.
async fn until_cut(utility: &Utility) {
    let open = headroom_grid_api::client::retried(2000, Duration::from_millis(20), || utility.enrolment(0));
    drop(tokio::time::timeout(Duration::from_mins(1), open).await.expect("it is cut off").unwrap());
}

#[tokio::test]
async fn a_slow_reader_is_cut_off_and_told_where_to_resume() {
    let mut options = Server::options();
    options.slow_reader = Duration::from_millis(100);
    options.quotas.streams_max = 1;
    let server = Server::start_as(options).await;
    // More than what the transport takes for a reader that does not read.
    (0..60_000).for_each(|_| server.host.kept_event(&limit(), &site(), accepted()));
    let utility = server.utility();
    let mut stream = Box::pin(utility.statuses(0, &[]).await.unwrap());
    assert_eq!(stream.next().await.unwrap().unwrap().sequence, 1);
    until_cut(&utility).await;
    let (mut last, mut end) = (1, None);
    while let Some(answer) = stream.next().await {
        match answer {
            Ok(event) => {
                assert_eq!(event.sequence, last + 1);
                last = event.sequence;
            }
            Err(error) => end = Some(error),
        }
    }
    let refusal = refused(Err::<(), _>(end.unwrap()));
    assert_eq!(
        (refusal.code.as_str(), refusal.reason.as_str(), refusal.retryable),
        ("ResourceExhausted", "SLOW_READER", true)
    );
    assert_eq!(refusal.metadata["resume_after_sequence"], last.to_string());
    assert!(last < 60_000);
    let again = || utility.statuses(last, &[]);
    let resumed = headroom_grid_api::client::retried(100, Duration::from_millis(20), again).await;
    let mut resumed = Box::pin(resumed.unwrap());
    assert_eq!(resumed.next().await.unwrap().unwrap().sequence, last + 1);
    drop(resumed);
    server.stop().await;
}

#[tokio::test]
async fn a_principal_has_so_many_streams_and_one_more_when_one_is_dropped() {
    let server = Server::start().await;
    let utility = server.utility();
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Box::pin(utility.statuses(0, &[]).await.unwrap()));
    }
    let refusal = refused(utility.enrolment(0).await.map(drop));
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("ResourceExhausted", "QUOTA_EXCEEDED"));
    // Each has its own.
    let other = Utility::connect(&server.url, "dso-2", Some("the-token-of-dso-2")).unwrap();
    drop(other.statuses(0, &[]).await.unwrap());
    drop(open.pop());
    let again = headroom_grid_api::client::retried(50, Duration::from_millis(10), || utility.enrolment(0));
    drop(again.await.unwrap());
    drop(open);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_and_says_when_to_come_again() {
    let mut server = Server::start().await;
    let utility = server.utility();
    let mut stream = Box::pin(utility.statuses(0, &[]).await.unwrap());
    server.ask_to_stop();
    let refusal = refused(stream.next().await.unwrap());
    assert_eq!((refusal.code.as_str(), refusal.retryable), ("Unavailable", true));
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(1)));
    assert!(stream.next().await.is_none());
    drop((stream, utility));
    tokio::time::timeout(Duration::from_secs(3), server.task).await.expect("it need not be cut off").unwrap().unwrap();
}

#[tokio::test]
async fn a_watch_goes_on_after_a_cut_where_it_was() {
    let mut options = Server::options();
    options.slow_reader = Duration::from_millis(50);
    options.quotas.streams_max = 1;
    let server = Server::start_as(options).await;
    (0..60_000).for_each(|_| server.host.kept_event(&limit(), &site(), accepted()));
    let utility = server.utility();
    let watch = utility.watch_statuses(0, Vec::new(), Duration::from_millis(1));
    let mut watch = Box::pin(watch);
    assert_eq!(watch.next().await.unwrap().unwrap().sequence, 1);
    until_cut(&utility).await;
    for expected in 2..=60_000 {
        assert_eq!(watch.next().await.unwrap().unwrap().sequence, expected);
    }
    server.host.happen(&limit(), &site(), accepted());
    assert_eq!(watch.next().await.unwrap().unwrap().sequence, 60_001);
    drop(watch);
    server.stop().await;
}

#[tokio::test]
async fn a_watch_ends_where_opening_it_again_cannot_help() {
    let server = Server::start().await;
    let stranger = Utility::connect(&server.url, "dso-1", Some("nobody-knows-this")).unwrap();
    let mut watch = Box::pin(stranger.watch_statuses(0, Vec::new(), Duration::from_millis(1)));
    assert_eq!(refused(watch.next().await.unwrap()).reason, "TOKEN_UNKNOWN");
    assert!(watch.next().await.is_none());
    server.stop().await;
}
