use governor::clock::FakeRelativeClock;

use super::*;

fn limits(per_second: u32, burst: u32) -> QuotaLimits {
    let count = |count| NonZeroU32::new(count).unwrap();
    QuotaLimits { per_second: count(per_second), burst: count(burst), streams_max: 2 }
}

fn quotas(per_second: u32, burst: u32) -> (Quotas<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Quotas::with_clock(limits(per_second, burst), clock.clone()), clock)
}

/// The code and the time to wait of a refusal.
#[track_caller]
fn refused<T>(answer: Result<T, Status>) -> (Code, Option<Duration>) {
    let status = answer.err().expect("a refusal");
    assert_eq!(status.get_details_error_info().unwrap().reason, "QUOTA_EXCEEDED");
    (status.code(), status.get_details_retry_info().and_then(|info| info.retry_delay))
}

#[test]
fn the_burst_is_let_through_and_no_more() {
    let (quotas, _) = quotas(10, 5);
    (0..5).for_each(|_| quotas.take("a", 1).unwrap());
    assert_eq!(refused(quotas.take("a", 1)), (Code::ResourceExhausted, Some(Duration::from_millis(100))));
}

#[test]
fn who_waits_as_long_as_told_is_let_through_and_who_does_not_is_not() {
    for cost in [1, 3, 5] {
        let (quotas, clock) = quotas(10, 5);
        quotas.take("a", 5).unwrap();
        clock.advance(Duration::from_millis(30));
        let (_, wait) = refused(quotas.take("a", cost));
        let wait = wait.unwrap();
        clock.advance(wait.checked_sub(Duration::from_nanos(1)).unwrap());
        assert_eq!(refused(quotas.take("a", cost)).1, Some(Duration::from_nanos(1)), "{cost}");
        clock.advance(Duration::from_nanos(1));
        quotas.take("a", cost).unwrap();
    }
}

#[test]
fn in_the_long_run_as_many_are_let_through_as_a_second_allows() {
    let (quotas, clock) = quotas(50, 1000);
    let mut taken = 0;
    for _ in 0..100 * 60 {
        clock.advance(Duration::from_millis(10));
        taken += (0..4).filter(|_| quotas.take("a", 1).is_ok()).count();
    }
    assert_eq!(taken, 1000 + 50 * 60 - 1);
}

#[test]
fn a_batch_costs_one_for_each_item_and_a_refused_one_nothing() {
    let (quotas, _) = quotas(1, 10);
    quotas.take("a", 7).unwrap();
    assert_eq!(refused(quotas.take("a", 4)), (Code::ResourceExhausted, Some(Duration::from_secs(1))));
    quotas.take("a", 3).unwrap();
    assert_eq!(refused(quotas.take("a", 0)), (Code::ResourceExhausted, Some(Duration::from_secs(1))));
}

#[test]
fn a_batch_that_never_fits_is_not_told_to_wait() {
    let (quotas, _) = quotas(1, 10);
    assert_eq!(refused(quotas.take("a", 11)), (Code::InvalidArgument, None));
    quotas.take("a", 10).unwrap();
}

#[test]
fn one_principal_does_not_use_up_what_another_may() {
    let (quotas, _) = quotas(1, 2);
    quotas.take("a", 2).unwrap();
    refused(quotas.take("a", 1));
    quotas.take("b", 2).unwrap();
}

#[test]
fn who_has_not_called_for_long_is_forgotten() {
    let (quotas, clock) = quotas(100, 100);
    for number in 0..10 * SWEEP_EVERY {
        clock.advance(Duration::from_millis(10));
        quotas.take(&format!("principal {number}"), 1).unwrap();
        assert!(quotas.calls.len() <= 2 * SWEEP_EVERY as usize, "{number}");
    }
}

#[test]
fn a_stream_too_many_is_refused_until_another_ends() {
    let (quotas, _) = quotas(1, 1);
    let (first, second) = (quotas.stream("a").unwrap(), quotas.stream("a").unwrap());
    assert_eq!(refused(quotas.stream("a")), (Code::ResourceExhausted, None));
    let _other = quotas.stream("b").unwrap();
    drop(first);
    let third = quotas.stream("a").unwrap();
    refused(quotas.stream("a"));
    drop((second, third));
    assert!(!quotas.streams.lock().contains_key("a"));
}

#[test]
fn the_usual_limits_are_fifty_a_second_a_thousand_at_once_and_eight_streams() {
    let QuotaLimits { per_second, burst, streams_max } = QuotaLimits::default();
    assert_eq!((per_second.get(), burst.get(), streams_max), (50, 1000, 8));
}
