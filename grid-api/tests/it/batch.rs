//! Many submissions at once.

use headroom_grid_api::client::Refused;
use headroom_grid_api::server::Refusal;

use super::host::{FOREIGN_SITE, Fault};
use super::*;

/// A draft of a programme of its own.
fn numbered(number: usize) -> LimitDraft {
    LimitDraft { programme: format!("p{number}"), ..draft(1, &[(0, 60, 1000.0)]) }
}

fn id(number: usize) -> Uuid {
    uuid::Builder::from_random_bytes((number as u128 + 1).to_be_bytes()).into_uuid()
}

#[track_caller]
fn error<T: std::fmt::Debug>(fate: &Result<T, ClientError>) -> &Refused {
    fate.as_ref().unwrap_err().refused().unwrap()
}

#[tokio::test]
async fn a_batch_is_recorded_in_part_and_each_refusal_has_the_path_of_its_field() {
    let server = Server::start().await;
    let mut submissions: Vec<_> = (0..6).map(|number| (numbered(number), id(number))).collect();
    submissions[1].0.intervals[0].maximum_import_w = Some(Power::from_w(-1.0));
    submissions[2].0.target = Target::ConnectionPoint(FOREIGN_SITE.into());
    submissions[3].0.programme = "p0".to_owned();
    submissions[4].1 = submissions[0].1;
    let fates = server.utility().submit_batch(&submissions).await.unwrap();
    assert_eq!(fates[0].as_ref().unwrap().limit, server.host.kept.lock().limits[0]);
    assert!(fates[5].is_ok());
    let expected = [
        (1, "InvalidArgument", "LIMIT_NEGATIVE", "requests[1].limit.intervals[0].import_limit_w"),
        (2, "PermissionDenied", "NOT_AUTHORISED_FOR_TARGET", "requests[2].limit.target"),
        (3, "FailedPrecondition", "STALE_REVISION", "requests[3].limit.revision"),
        (4, "InvalidArgument", "REQUEST_ID_REUSED", "requests[4].request_id"),
    ];
    for (index, code, reason, path) in expected {
        let refusal = error(&fates[index]);
        assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), (code, reason));
        assert_eq!((refusal.fields[0].path.as_str(), refusal.fields[0].reason.as_str()), (path, reason));
    }
    assert_eq!(error(&fates[3]).latest_revision, Some(1));
    assert_eq!(server.host.count(), 2);
    let noted: Vec<_> = server.host.refused().into_iter().map(|(method, _, result)| (method, result)).collect();
    assert_eq!(noted.len(), 4);
    assert!(noted.contains(&("SubmitLimit", "FAILED_PRECONDITION STALE_REVISION".to_owned())), "{noted:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_batch_that_is_repeated_has_the_first_answers_also_when_its_time_is_over() {
    let server = Server::start().await;
    let utility = server.utility();
    let submissions: Vec<_> = (0..3).map(|number| (numbered(number), id(number))).collect();
    let first = utility.submit_batch(&submissions).await.unwrap();
    server.pass(61);
    assert_eq!(utility.submit_batch(&submissions).await.unwrap(), first);
    let fates = utility.submit_batch(&[(numbered(9), id(9))]).await.unwrap();
    assert_eq!(error(&fates[0]).reason, "INTERVAL_IN_PAST");
    assert_eq!(server.host.count(), 3);
    // What one call submitted is known to the other.
    let alone = utility.submit(&submissions[0].0, submissions[0].1).await.unwrap();
    assert_eq!(alone.limit, first[0].as_ref().unwrap().limit);
    server.stop().await;
}

#[tokio::test]
async fn a_thousand_limits_go_into_a_batch_and_one_more_does_not() {
    let mut options = Server::options();
    options.quotas.burst = std::num::NonZeroU32::new(2000).unwrap();
    let server = Server::start_as(options).await;
    let utility = server.utility();
    let mut submissions: Vec<_> = (0..1001).map(|number| (numbered(number), id(number))).collect();
    let refusal = refused(utility.submit_batch(&submissions).await);
    assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), ("BATCH_TOO_LARGE", "requests"));
    submissions.truncate(1000);
    assert!(utility.submit_batch(&submissions).await.unwrap().iter().all(Result::is_ok));
    assert_eq!(server.host.count(), 1000);
    assert_eq!(refused(utility.submit_batch(&[]).await).reason, "BATCH_EMPTY");
    server.stop().await;
}

/// The most memory that this process has had. **Units**: bytes.
#[cfg(target_os = "linux")]
fn peak_memory_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak_kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    1024 * peak_kib.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_batch_with_a_parent_as_long_as_a_message_is_refused_without_a_copy_for_each_item() {
    let server = Server::start().await;
    let utility = Utility::connect(&server.url, &"x".repeat(2 << 20), Some(TOKEN)).unwrap();
    let submissions: Vec<_> = (0..1001).map(|number| (numbered(number), id(number))).collect();
    let refusal = refused(utility.submit_batch(&submissions).await);
    let told: Vec<_> = refusal.fields.iter().map(|field| (field.path.as_str(), field.reason.as_str())).collect();
    assert_eq!(told, [("parent", "NAME_MALFORMED"), ("requests", "BATCH_TOO_LARGE")]);
    assert!(peak_memory_bytes() < 1 << 30);
    let (_, resource, _) = server.host.refused().remove(0);
    assert!(resource.len() <= 300 && resource.ends_with('…'), "the audit keeps the beginning");
    server.stop().await;
}

#[tokio::test]
async fn a_batch_costs_one_call_of_the_quota_per_limit() {
    let mut options = Server::options();
    options.quotas.burst = std::num::NonZeroU32::new(5).unwrap();
    options.quotas.per_second = std::num::NonZeroU32::MIN;
    let server = Server::start_as(options).await;
    let utility = server.utility();
    let submissions: Vec<_> = (0..5).map(|number| (numbered(number), id(number))).collect();
    utility.submit_batch(&submissions).await.unwrap();
    let refusal = refused(utility.submit_batch(&submissions[..1]).await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("ResourceExhausted", "QUOTA_EXCEEDED"));
    assert!(refusal.retryable && refusal.retry_after.is_some());
    server.stop().await;
}

#[tokio::test]
async fn a_batch_with_one_submission_that_cannot_be_recorded_now_says_so_for_that_one() {
    let server = Server::start().await;
    let retry_after = std::time::Duration::from_millis(7);
    server.host.fail_next(Fault::Refuse(Refusal::Unavailable { message: "the disk is full".to_owned(), retry_after }));
    let submissions: Vec<_> = (0..2).map(|number| (numbered(number), id(number))).collect();
    let fates = server.utility().submit_batch(&submissions).await.unwrap();
    let refusal = error(&fates[0]);
    assert_eq!(
        (refusal.code.as_str(), refusal.retryable, refusal.retry_after),
        ("Unavailable", true, Some(retry_after))
    );
    assert!(fates[1].is_ok());
    // It is not known whether it was recorded, so it is not a refusal.
    assert_eq!(server.host.refused(), []);
    server.stop().await;
}
