//! Many limits at once, and what becomes of them over crashes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use headroom_domain::LimitId;
use headroom_domain::limit::LimitState;
use headroom_grid_api::LimitQuery;
use parking_lot::Mutex;

use super::*;

fn many(begin: DateTime<Utc>) -> Vec<(LimitDraft, Uuid)> {
    let of = |index| LimitDraft { programme: format!("doe-{index}"), ..draft(1, &[stretch(begin, 600, 90.0)]) };
    (0..1000).map(|index| (of(index), id())).collect()
}

#[tokio::test]
async fn a_thousand_limits_are_recorded_at_once_and_followed_over_crashes_without_loss_or_repetition() {
    let (mut service, dso) = idle().await;
    let batch = many(now(&dso).await);
    let seen: Arc<Mutex<Vec<StatusEvent>>> = Arc::default();
    let (watch, kept) = (dso.watch_statuses(0, Vec::new(), Duration::from_millis(50)), Arc::clone(&seen));
    let watching = tokio::spawn(watch.for_each(move |event| {
        kept.lock().push(event.unwrap());
        std::future::ready(())
    }));
    let answers = dso.submit_batch(&batch).await.unwrap();
    let limits: BTreeSet<LimitId> = answers.into_iter().map(|answer| answer.unwrap().limit.id).collect();
    assert_eq!(limits.len(), 1000);
    for at_least in [1, 1200] {
        eventually("some is told", || async { seen.lock().len() >= at_least }).await;
        service.kill().await;
        service.begin_again();
        service.answers().await;
    }
    let in_force = || {
        let seen = seen.lock();
        let active = seen.iter().filter(|event| event.status.state == LimitState::Active);
        active.map(|event| event.limit.clone()).collect::<BTreeSet<_>>()
    };
    eventually("all are in force", || async { in_force().len() == 1000 }).await;
    watching.abort();
    let seen = seen.lock().clone();
    assert!(seen.is_sorted_by(|one, other| one.sequence < other.sequence));
    let last = seen.last().unwrap().sequence;
    let mut anew = follow(&dso, 0).await;
    let from_the_first = until("the last again", &mut anew, |event| event.sequence == last).await;
    assert_eq!(from_the_first, seen);

    let again = dso.submit_batch(&batch).await.unwrap();
    assert!(again.into_iter().all(|answer| limits.contains(&answer.unwrap().limit.id)), "repeated, not recorded twice");
    assert_eq!(dso.list(&LimitQuery::default()).await.unwrap().len(), 1000);
}

#[tokio::test]
async fn of_a_batch_what_is_good_is_recorded_and_the_rest_is_told_why_not() {
    let (_service, dso) = idle().await;
    let begin = now(&dso).await + TimeDelta::hours(1);
    let good = draft(3, &[stretch(begin, 60, 20.0)]);
    let batch = [
        good.clone(),
        draft(2, &[stretch(begin, 60, 20.0)]),
        draft(4, &[stretch(begin, 60, -20.0)]),
        LimitDraft { target: Target::from(node("nowhere")), ..good.clone() },
        draft(5, &[stretch(begin, 60, 30.0)]),
    ];
    let batch: Vec<_> = batch.into_iter().map(|draft| (draft, id())).collect();
    let answers = dso.submit_batch(&batch).await.unwrap();
    let reasons: Vec<_> =
        answers.into_iter().map(|answer| answer.err().map(|error| error.refused().unwrap().reason.clone())).collect();
    let reason = |text: &str| Some(text.to_owned());
    let refusals = [reason("STALE_REVISION"), reason("LIMIT_NEGATIVE"), reason("TARGET_UNKNOWN")];
    assert_eq!((&reasons[0], &reasons[1..4], &reasons[4]), (&None, &refusals[..], &None));
    let revisions: Vec<_> =
        dso.list(&LimitQuery::default()).await.unwrap().into_iter().map(|limit| limit.revision).collect();
    assert_eq!(revisions, [3, 5]);
}
