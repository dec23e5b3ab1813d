//! What goes wrong between the two, and with the host.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use headroom_grid_api::LimitQuery;
use headroom_grid_api::client::retried;
use headroom_grid_api::server::Refusal;

use super::host::Fault;
use super::*;

fn not_now() -> Refusal {
    Refusal::Unavailable { message: "the store is busy".to_owned(), retry_after: Duration::from_millis(1) }
}

#[tokio::test]
async fn a_call_is_repeated_while_that_may_help_and_is_recorded_once() {
    let server = Server::start().await;
    let utility = server.utility();
    server.host.fail_next(Fault::Refuse(not_now()));
    server.host.fail_next(Fault::LoseAnswer(not_now()));
    let calls = AtomicUsize::new(0);
    let limit = draft(1, &[(0, 60, 1.0)]);
    let answer = retried(5, Duration::from_millis(1), || {
        calls.fetch_add(1, Ordering::Relaxed);
        utility.submit(&limit, request_id(1))
    });
    answer.await.unwrap();
    assert_eq!((calls.into_inner(), server.host.count()), (3, 1));
    server.stop().await;
}

#[tokio::test]
async fn a_call_is_not_repeated_when_that_cannot_help_or_too_often() {
    let server = Server::start().await;
    let utility = server.utility();
    for (revision, expected) in [(0, 1), (1, 3)] {
        (0..expected).for_each(|_| server.host.fail_next(Fault::Refuse(not_now())));
        let calls = AtomicUsize::new(0);
        let limit = draft(revision, &[(0, 60, 1.0)]);
        let answer = retried(3, Duration::from_millis(1), || {
            calls.fetch_add(1, Ordering::Relaxed);
            utility.submit(&limit, request_id(1))
        });
        answer.await.unwrap_err();
        assert_eq!(calls.into_inner(), expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_unavailable_can_be_retried_and_says_when() {
    let server = Server::start().await;
    server.host.fail_next(Fault::Refuse(not_now()));
    let refusal = refused(server.utility().submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
    assert_eq!((refusal.code.as_str(), refusal.retryable), ("Unavailable", true));
    assert_eq!(refusal.retry_after, Some(Duration::from_millis(1)));
    server.stop().await;
}

#[tokio::test]
async fn a_host_that_panics_costs_its_own_call_only() {
    let server = Server::start().await;
    let utility = server.utility();
    server.host.fail_next(Fault::Panic);
    let refusal = refused(utility.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
    assert_eq!((refusal.code.as_str(), refusal.retryable), ("Unavailable", true));
    utility.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_change_goes_to_its_end_when_the_caller_hangs_up() {
    let server = Server::start().await;
    let utility = server.utility();
    server.host.gate.forget_permits(usize::MAX);
    let limit = draft(1, &[(0, 60, 1.0)]);
    let call = tokio::spawn({
        let (utility, limit) = (utility.clone(), limit.clone());
        async move { utility.submit(&limit, request_id(1)).await }
    });
    server.host.begun.acquire().await.unwrap().forget();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(utility);
    server.host.gate.add_permits(2);
    // The repetition finds what the first call recorded.
    server.utility().submit(&limit, request_id(1)).await.unwrap();
    assert_eq!(server.host.count(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_can_be_tried_again() {
    let server = Server::start().await;
    let utility = server.utility();
    let refusal = |answer| {
        let refusal = refused(answer);
        assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("Unavailable", "NO_CONNECTION"));
        assert!(refusal.retryable);
    };
    utility.list(&LimitQuery::default()).await.unwrap();
    let url = server.url.clone();
    server.stop().await;
    refusal(utility.list(&LimitQuery::default()).await);
    refusal(Utility::connect(&url, "dso-1", Some(TOKEN)).unwrap().list(&LimitQuery::default()).await);
}

#[tokio::test]
async fn a_huge_message_is_refused_before_it_is_read() {
    let server = Server::start().await;
    let utility = server.utility();
    let limit = LimitDraft { reason: "x".repeat(5 << 20), ..draft(1, &[(0, 60, 1.0)]) };
    let refusal = refused(utility.submit(&limit, request_id(1)).await);
    assert_eq!((refusal.code.as_str(), refusal.retryable), ("OutOfRange", false));
    utility.list(&LimitQuery::default()).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_call_that_takes_too_long_can_be_tried_again() {
    let mut options = Server::options();
    options.call_timeout = Duration::from_millis(20);
    let server = Server::start_as(options).await;
    server.host.gate.forget_permits(usize::MAX);
    let refusal = refused(server.utility().submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await);
    assert_eq!((refusal.code.as_str(), refusal.retryable), ("DeadlineExceeded", true));
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_never_answers_can_be_tried_again() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let utility = Utility::connect_with_timeout(&url, "dso-1", Some(TOKEN), Duration::from_millis(20)).unwrap();
    let refusal = refused(utility.list(&LimitQuery::default()).await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("DeadlineExceeded", "NO_ANSWER"));
    assert!(refusal.retryable);
}
