//! A host that keeps limits in memory and does its duties as the trait states them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitBook};
use headroom_domain::time::ManualClock;
use headroom_domain::{Clock, Interval, LimitId, NodeId};
use headroom_grid_api::server::{Cancellation, Page, Refusal, Submission, UtilityHost};
use headroom_grid_api::{LimitQuery, LimitWarning, Submitted, limit_id};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What goes wrong with the next submission.
pub(crate) enum Fault {
    Refuse(Refusal),
    /// Recorded, but the answer is lost.
    LoseAnswer(Refusal),
    Panic,
}

#[derive(Default)]
struct Kept {
    limits: Vec<GridLimit>,
    submissions: BTreeMap<(String, Uuid), ([u8; 32], Submitted)>,
    cancellations: BTreeMap<(String, Uuid), ([u8; 32], GridLimit)>,
    faults: VecDeque<Fault>,
}

pub(crate) struct Memory {
    kept: Mutex<Kept>,
    clock: Arc<ManualClock>,
    /// A submission that has begun waits here.
    pub(crate) gate: Semaphore,
    pub(crate) begun: Semaphore,
}

pub(crate) const SITE: &str = "site-a";

/// Known, but not the utility's to limit.
pub(crate) const FOREIGN_SITE: &str = "site-b";

fn check(utility: &str, target: &NodeId) -> Result<(), Refusal> {
    match target.as_str() {
        SITE => Ok(()),
        FOREIGN_SITE => Err(Refusal::NotAuthorised { utility: utility.to_owned(), target: target.clone() }),
        _ => Err(Refusal::TargetUnknown { target: target.clone() }),
    }
}

impl Memory {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        let (gate, begun) = (Semaphore::new(Semaphore::MAX_PERMITS), Semaphore::new(0));
        Self { kept: Mutex::default(), clock, gate, begun }
    }

    pub(crate) fn fail_next(&self, fault: Fault) {
        self.kept.lock().faults.push_back(fault);
    }

    pub(crate) fn count(&self) -> usize {
        self.kept.lock().limits.len()
    }

    fn submit(&self, submission: &Submission) -> Result<Submitted, Refusal> {
        let kept = &mut *self.kept.lock();
        let Submission { utility, draft, request_id, request_hash, validate_only } = submission;
        if !validate_only && let Some(answer) = kept.recorded(utility, *request_id, request_hash)? {
            return Ok(answer);
        }
        check(utility, &draft.target)?;
        if let Some(latest) = kept.book().latest_revision(utility, &draft.target, &draft.programme)
            && draft.revision <= latest
        {
            return Err(Refusal::StaleRevision { revision: draft.revision, latest });
        }
        let id = if *validate_only { "".into() } else { limit_id(utility, &format!("l{:04}", kept.limits.len() + 1)) };
        let limit = draft.clone().into_limit(id, utility.clone(), self.clock.now());
        let answer = kept.answer(limit.clone());
        if !validate_only {
            kept.limits.push(limit);
            kept.submissions.insert((utility.clone(), *request_id), (*request_hash, answer.clone()));
        }
        Ok(answer)
    }

    fn cancel(&self, cancellation: &Cancellation) -> Result<GridLimit, Refusal> {
        let kept = &mut *self.kept.lock();
        let Cancellation { utility, limit, request_id, request_hash, .. } = cancellation;
        let key = (utility.clone(), *request_id);
        match kept.cancellations.get(&key) {
            Some((hash, answer)) if hash == request_hash => return Ok(answer.clone()),
            Some(_) => return Err(Refusal::RequestIdReused { request_id: *request_id }),
            None => {}
        }
        let unknown = || Refusal::LimitUnknown { limit: limit.clone() };
        let found = kept.limits.iter_mut().find(|known| known.id == *limit).ok_or_else(unknown)?;
        found.cancelled_at.get_or_insert(self.clock.now());
        let answer = found.clone();
        kept.cancellations.insert(key, (*request_hash, answer.clone()));
        Ok(answer)
    }
}

impl Kept {
    fn book(&self) -> LimitBook {
        let mut book = LimitBook::new();
        self.limits.iter().for_each(|limit| book.enter(limit.clone()));
        book
    }

    fn recorded(&self, utility: &str, request_id: Uuid, hash: &[u8; 32]) -> Result<Option<Submitted>, Refusal> {
        match self.submissions.get(&(utility.to_owned(), request_id)) {
            Some((known, _)) if known != hash => Err(Refusal::RequestIdReused { request_id }),
            recorded => Ok(recorded.map(|(_, answer)| answer.clone())),
        }
    }

    fn answer(&self, limit: GridLimit) -> Submitted {
        let mut book = self.book();
        book.enter(limit.clone());
        let window =
            Interval { start: limit.intervals[0].interval.start, end: limit.intervals.last().unwrap().interval.end };
        let effective = book.effective(&limit.target, window);
        let warnings = if limit.reason.is_empty() {
            let message = "it has no reason: state one for those who read the log".to_owned();
            vec![LimitWarning { code: "REASON_MISSING".to_owned(), interval_index: None, message }]
        } else {
            Vec::new()
        };
        Submitted { limit, effective, warnings }
    }
}

impl UtilityHost for Memory {
    async fn submit_limit(&self, submission: Submission) -> Result<Submitted, Refusal> {
        self.begun.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        let fault = self.kept.lock().faults.pop_front();
        match fault {
            Some(Fault::Refuse(refusal)) => Err(refusal),
            Some(Fault::LoseAnswer(refusal)) => self.submit(&submission).and(Err(refusal)),
            Some(Fault::Panic) => panic!("the test wants it so"),
            None => self.submit(&submission),
        }
    }

    async fn recorded_submission(
        &self,
        utility: &str,
        request_id: Uuid,
        request_hash: &[u8; 32],
    ) -> Result<Option<Submitted>, Refusal> {
        self.kept.lock().recorded(utility, request_id, request_hash)
    }

    async fn cancel_limit(&self, cancellation: Cancellation) -> Result<GridLimit, Refusal> {
        self.cancel(&cancellation)
    }

    async fn effective_limit(
        &self,
        utility: &str,
        target: &NodeId,
        window: Interval,
    ) -> Result<Vec<EffectiveInterval>, Refusal> {
        check(utility, target)?;
        Ok(self.kept.lock().book().effective(target, window))
    }

    async fn limit(&self, id: &LimitId) -> Result<GridLimit, Refusal> {
        let found = self.kept.lock().limits.iter().find(|limit| limit.id == *id).cloned();
        found.ok_or_else(|| Refusal::LimitUnknown { limit: id.clone() })
    }

    async fn limits(&self, utility: &str, query: &LimitQuery, page: &Page) -> Result<Vec<GridLimit>, Refusal> {
        let kept = self.kept.lock();
        let position = |id: &LimitId| kept.limits.iter().position(|limit| limit.id == *id).map(|index| index + 1);
        let unknown = |limit: &LimitId| Refusal::LimitUnknown { limit: limit.clone() };
        let first = page.after.as_ref().map_or(Ok(0), |id| position(id).ok_or_else(|| unknown(id)))?;
        let own = kept.limits[first..].iter().filter(|limit| limit.utility == utility && query.matches(limit));
        Ok(own.take(page.size).cloned().collect())
    }
}
