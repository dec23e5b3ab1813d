//! How much one caller may ask for, and how far its clock may be off.

use std::num::NonZeroU32;
use std::time::Duration;

use headroom_grid_api::client::retried;
use headroom_grid_api::server::{Heartbeat, QuotaLimits};

use super::*;

const ONE: NonZeroU32 = NonZeroU32::MIN;

/// Calls until the quota is used up, and tells how it was refused.
async fn exhaust(utility: &Utility) -> Refused {
    loop {
        if let Err(error) = utility.server_info().await {
            return error.refused().unwrap().clone();
        }
    }
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_call_again_and_is_then_served() {
    let quotas = QuotaLimits { per_second: ONE, burst: ONE.saturating_add(1), ..QuotaLimits::default() };
    let secured = Secured::start_as(|options| options.quotas = quotas).await;
    let utility = secured.with(&secured.dispatch);
    let refusal = exhaust(&utility).await;
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("ResourceExhausted", "QUOTA_EXCEEDED"));
    assert!(refusal.retryable);
    let wait = refusal.retry_after.unwrap();
    assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{wait:?}");
    // The pause of the first repetition is the server's wish; without it the second attempt would come too early.
    retried(2, Duration::from_millis(1), || utility.server_info()).await.unwrap();
    secured.stop().await;
}

#[tokio::test]
async fn one_caller_does_not_use_up_what_another_of_the_same_utility_may() {
    let quotas = QuotaLimits { per_second: ONE, burst: ONE, ..QuotaLimits::default() };
    let secured = Secured::start_as(|options| options.quotas = quotas).await;
    exhaust(&secured.with(&secured.dispatch)).await;
    secured.with(&secured.planner).server_info().await.unwrap();
    secured.stop().await;
}

#[tokio::test]
async fn a_call_that_lacks_the_role_costs_as_much_as_any_other() {
    let quotas = QuotaLimits { per_second: ONE, burst: ONE.saturating_add(2), ..QuotaLimits::default() };
    let secured = Secured::start_as(|options| options.quotas = quotas).await;
    let planner = secured.with(&secured.planner);
    let mut reasons = Vec::new();
    while reasons.len() < 100 && reasons.last().is_none_or(|reason| reason == "ROLE_MISSING") {
        reasons.push(refused(planner.submit(&draft(1, &[(0, 60, 1.0)]), request_id(1)).await).reason);
    }
    assert_eq!(reasons.last().unwrap(), "QUOTA_EXCEEDED");
    secured.stop().await;
}

#[tokio::test]
async fn a_batch_costs_one_call_for_each_of_its_limits() {
    let quotas = QuotaLimits { per_second: ONE, burst: ONE.saturating_add(2), ..QuotaLimits::default() };
    let secured = Secured::start_as(|options| options.quotas = quotas).await;
    let utility = secured.with(&secured.dispatch);
    let batch = |revisions: std::ops::Range<u8>| -> Vec<_> {
        revisions.map(|n| (draft(i64::from(n), &[(0, 60, 1.0)]), request_id(n))).collect()
    };
    let refusal = refused(utility.submit_batch(&batch(1..5)).await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("InvalidArgument", "QUOTA_EXCEEDED"));
    assert_eq!(secured.server.host.count(), 0);
    assert_eq!(utility.submit_batch(&batch(1..4)).await.unwrap().len(), 3);
    assert_eq!(secured.server.host.count(), 3);
    secured.stop().await;
}

#[tokio::test]
async fn a_stream_too_many_is_refused_until_one_ends() {
    let quotas = QuotaLimits { streams_max: 2, ..QuotaLimits::default() };
    let secured = Secured::start_as(|options| options.quotas = quotas).await;
    let utility = secured.with(&secured.dispatch);
    let first = utility.statuses(0, &[]).await.unwrap();
    let _second = utility.statuses(0, &[]).await.unwrap();
    let refusal = refused(utility.statuses(0, &[]).await.map(drop));
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("ResourceExhausted", "QUOTA_EXCEEDED"));
    assert_eq!(refusal.metadata["streams_max"], "2");
    // Another caller has places of its own.
    drop(secured.with(&secured.planner).statuses(0, &[]).await.unwrap());
    drop(first);
    // The server hears of it a moment later.
    retried(100, Duration::from_millis(20), || async { utility.statuses(0, &[]).await.map(drop) }).await.unwrap();
    secured.stop().await;
}

#[tokio::test]
async fn a_heartbeat_of_a_clock_that_is_off_is_told_the_servers_time() {
    let secured = Secured::start_as(|options| options.clock_skew_tolerance = TimeDelta::seconds(10)).await;
    let utility = secured.with(&secured.dispatch);
    let heartbeat =
        |off_s: i64| utility.heartbeat(Heartbeat { sent_at: at(0) + TimeDelta::seconds(off_s), sequence: 1 });
    for off_s in [-11, 11] {
        let refusal = refused(heartbeat(off_s).await);
        assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("InvalidArgument", "CLOCK_SKEW"));
        assert_eq!(refusal.fields[0].path, "sent_time");
        assert_eq!(refusal.metadata["skew_ms"], (1000 * off_s).to_string());
        assert_eq!(refusal.metadata["server_time"], "2023-11-14T22:13:20.000Z");
    }
    for off_s in [-10, 0, 10] {
        heartbeat(off_s).await.unwrap();
    }
    secured.stop().await;
}
