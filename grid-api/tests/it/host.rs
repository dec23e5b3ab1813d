//! A host that keeps everything in memory and does its duties as the traits state them.

mod areas;
mod compliance;
mod flexibility;
mod limits;

pub(crate) use areas::connection_point;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use headroom_domain::compliance::Report;
use headroom_domain::limit::failsafe::SafeMode;
use headroom_domain::limit::{GridLimit, LimitBook, LimitStatus, Target};
use headroom_domain::time::ManualClock;
use headroom_domain::{AreaId, Clock, Interval, LimitId, NodeId};
use headroom_grid_api::audit::Entry;
use headroom_grid_api::server::{Caller, Heartbeat, Refusal, RefusedChange, RequestKey, Submission};
use headroom_grid_api::{EnrolmentEvent, ForecastInterval, GridArea, LimitWarning, StatusEvent, Submitted, limit_id};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

/// What goes wrong with the next submission.
pub(crate) enum Fault {
    Refuse(Refusal),
    /// Recorded, but the answer is lost.
    LoseAnswer(Refusal),
    Panic,
}

/// Answers under their request ids.
type Answers<T> = BTreeMap<(String, Uuid), ([u8; 32], T)>;

#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) limits: Vec<GridLimit>,
    submissions: Answers<Submitted>,
    cancellations: Answers<GridLimit>,
    faults: VecDeque<Fault>,
    pub(crate) safe_modes: BTreeMap<NodeId, SafeMode>,
    pub(crate) areas: BTreeMap<AreaId, GridArea>,
    pub(crate) events: Vec<StatusEvent>,
    pub(crate) enrolment: Vec<EnrolmentEvent>,
    pub(crate) refused: Vec<RefusedChange>,
    pub(crate) heartbeats: Vec<Heartbeat>,
    pub(crate) forecast: Vec<ForecastInterval>,
    pub(crate) simulated: Vec<Submission>,
    pub(crate) reports: Vec<Report>,
    pub(crate) audit: Vec<Entry>,
}

pub(crate) struct Memory {
    pub(crate) kept: Mutex<Kept>,
    clock: Arc<ManualClock>,
    news: watch::Sender<u64>,
    heard: AtomicUsize,
    /// A submission that has begun waits here.
    pub(crate) gate: Semaphore,
    pub(crate) begun: Semaphore,
}

pub(crate) const SITE: &str = "site-a";

/// Known, but not the utility's to limit.
pub(crate) const FOREIGN_SITE: &str = "site-b";

fn check(caller: &Caller, target: &Target) -> Result<(), Refusal> {
    let known = match target {
        Target::ConnectionPoint(node) => node.as_str(),
        Target::Area(area) => area.as_str(),
    };
    match known {
        SITE | "site-c" | "feeder-7" => Ok(()),
        FOREIGN_SITE => Err(Refusal::NotAuthorised {
            principal: caller.principal.clone(),
            utility: caller.utility.clone(),
            target: target.clone(),
        }),
        _ => Err(Refusal::TargetUnknown { target: target.clone() }),
    }
}

/// The answer that was recorded for a request.
fn recorded<T: Clone>(answers: &Answers<T>, caller: &Caller, request: RequestKey) -> Result<Option<T>, Refusal> {
    match answers.get(&(caller.utility.clone(), request.id)) {
        Some((known, _)) if *known != request.hash => Err(Refusal::RequestIdReused { request_id: request.id }),
        recorded => Ok(recorded.map(|(_, answer)| answer.clone())),
    }
}

impl Memory {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        let (gate, begun) = (Semaphore::new(Semaphore::MAX_PERMITS), Semaphore::new(0));
        Self { kept: Mutex::default(), clock, news: watch::Sender::new(0), heard: AtomicUsize::new(0), gate, begun }
    }

    pub(crate) fn fail_next(&self, fault: Fault) {
        self.kept.lock().faults.push_back(fault);
    }

    pub(crate) fn count(&self) -> usize {
        self.kept.lock().limits.len()
    }

    /// How often a utility was heard.
    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }

    /// The method, the resource and the result of each change that was refused.
    pub(crate) fn refused(&self) -> Vec<(&'static str, String, String)> {
        let told = |change: &RefusedChange| (change.method, change.resource.clone(), change.result.clone());
        self.kept.lock().refused.iter().map(told).collect()
    }

    pub(crate) fn tell_news(&self) {
        self.news.send_modify(|news| *news += 1);
    }

    /// Records that something became of a limit, and says that there are news.
    pub(crate) fn happen(&self, limit: &LimitId, target: &Target, status: LimitStatus) {
        self.kept_event(limit, target, status);
        self.tell_news();
    }

    pub(crate) fn kept_event(&self, limit: &LimitId, target: &Target, status: LimitStatus) {
        let mut kept = self.kept.lock();
        let sequence = kept.events.last().map_or(1, |last| last.sequence + 1);
        let at = self.clock.now();
        kept.events.push(StatusEvent { sequence, limit: limit.clone(), target: target.clone(), at, status });
    }

    fn submit(&self, submission: &Submission) -> Result<Submitted, Refusal> {
        let kept = &mut *self.kept.lock();
        let Submission { caller, draft, request, validate_only } = submission;
        if !validate_only && let Some(answer) = recorded(&kept.submissions, caller, *request)? {
            return Ok(answer);
        }
        check(caller, &draft.target)?;
        let utility = &caller.utility;
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
            kept.submissions.insert((utility.clone(), request.id), (request.hash, answer.clone()));
        }
        Ok(answer)
    }
}

impl Kept {
    fn book(&self) -> LimitBook {
        let mut book = LimitBook::new();
        self.limits.iter().for_each(|limit| book.enter(limit.clone()));
        book
    }

    fn answer(&self, limit: GridLimit) -> Submitted {
        let mut book = self.book();
        book.enter(limit.clone());
        let window =
            Interval { start: limit.intervals[0].interval.start, end: limit.intervals.last().unwrap().interval.end };
        let effective = book.effective_of(&limit.target, window);
        let warnings = if limit.reason.is_empty() {
            let message = "it has no reason: state one for those who read the log".to_owned();
            vec![LimitWarning { code: "REASON_MISSING".to_owned(), interval_index: None, message }]
        } else {
            Vec::new()
        };
        Submitted { limit, effective, warnings }
    }
}

/// The part of a list that a page asks for; `key` names each.
fn part<T: Clone, K: PartialEq>(list: &[T], after: Option<&K>, size: usize, key: impl Fn(&T) -> K) -> Vec<T> {
    let first = after.and_then(|after| list.iter().position(|item| key(item) == *after)).map_or(0, |index| index + 1);
    list.iter().skip(first).take(size).cloned().collect()
}

/// A time that no test looks at.
fn some_time() -> DateTime<Utc> {
    super::at(0)
}
