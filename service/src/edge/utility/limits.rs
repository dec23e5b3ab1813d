//! Limits, safe modes, heartbeats and what has become of limits.

use std::collections::BTreeSet;

use headroom_domain::limit::failsafe::Mode;
use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitBook, LimitKind, Target};
use headroom_domain::{Interval, LimitId, NodeId};
use headroom_grid_api::audit::hex;
use headroom_grid_api::server::{
    Caller, Cancellation, Heartbeat, LimitHost, Page, Refusal, RefusedChange, RequestKey, SetSafeMode, Submission,
};
use headroom_grid_api::{HeartbeatAnswer, LimitQuery, SafeModeState, StatusEvent, Submitted, limit_id};
use tokio::sync::watch;
use tracing::{error, info, warn};
use uuid::Uuid;

use super::{UtilityEdge, refused, unavailable};
use crate::control::links::Held;
use crate::control::{SiteContext, span};
use crate::store::{Accepted, AuditNote, Change, LimitFilter, Recorded, StoreError};

impl LimitHost for UtilityEdge {
    async fn submit_limit(&self, submission: Submission) -> Result<Submitted, Refusal> {
        let mut answers = self.submit_limits(vec![submission]).await;
        answers.pop().unwrap_or(Err(Refusal::NotOffered))
    }

    async fn submit_limits(&self, submissions: Vec<Submission>) -> Vec<Result<Submitted, Refusal>> {
        let mut prepared = Vec::with_capacity(submissions.len());
        for submission in submissions {
            prepared.push(self.prepare(submission).await);
        }
        let mut new: Vec<(Change, GridLimit)> = prepared.iter().filter_map(Prepared::to_record).collect();
        let recorded = match (new.pop(), new.is_empty()) {
            (None, _) => Vec::new(),
            // One by itself shares a commit with those of other callers.
            (Some((change, limit)), true) => vec![self.context.store.accept_limit(change, limit).await],
            (Some(last), false) => {
                new.push(last);
                self.context.store.accept_limits(&new).await
            }
        };
        let mut recorded = recorded.into_iter();
        let answered: Vec<_> = prepared.into_iter().map(|one| one.answered(&mut recorded)).collect();
        self.follow(&answered).await;
        self.show(answered).await
    }

    async fn recorded_submission(&self, caller: &Caller, request: RequestKey) -> Result<Option<Submitted>, Refusal> {
        match self.answered(caller, request).await.map_err(|error| unavailable(&error))? {
            None => Ok(None),
            Some(answer) => {
                let limit = recorded(answer, request.id, None)?;
                self.show(vec![Ok((limit, false))]).await.pop().transpose()
            }
        }
    }

    async fn cancel_limit(&self, cancellation: Cancellation) -> Result<GridLimit, Refusal> {
        let Cancellation { caller, limit: id, reason, request } = cancellation;
        let limit = self.limit(&caller, &id).await?;
        let change = self.change(&caller, request, "CancelLimit", id.to_string(), &limit.target);
        let answer = self.context.store.cancel_limit(&change, &id).await.map_err(|error| unavailable(&error))?;
        let limit = recorded(answer, request.id, Some(&limit))?;
        info!(limit = %limit.id, target = %limit.target, reason, "limit withdrawn");
        self.context.wake.replan();
        self.context.tell_utilities();
        Ok(limit)
    }

    async fn effective_limit(
        &self,
        caller: &Caller,
        target: &Target,
        window: Interval,
    ) -> Result<Vec<EffectiveInterval>, Refusal> {
        self.sites(caller, target).await?;
        Ok(self.book_of(window).await?.effective_of(target, window))
    }

    async fn limit(&self, caller: &Caller, id: &LimitId) -> Result<GridLimit, Refusal> {
        let limit = self.context.store.limit(id).await.map_err(|error| unavailable(&error))?;
        let limit = limit.filter(|limit| limit.utility == caller.utility);
        let limit = limit.ok_or_else(|| Refusal::LimitUnknown { limit: id.clone() })?;
        if caller.scope.is_some() {
            self.sites(caller, &limit.target).await?;
        }
        Ok(limit)
    }

    async fn limits(
        &self,
        caller: &Caller,
        query: &LimitQuery,
        page: &Page<LimitId>,
    ) -> Result<Vec<GridLimit>, Refusal> {
        let scope = self.visible_targets(caller).await?;
        let scope = scope.map(|scope| scope.into_iter().collect());
        let filter = LimitFilter { query, scope: scope.as_ref(), states: &[] };
        let found = self.context.store.limits_page(&caller.utility, filter, page.after.as_ref(), page.size).await;
        let unknown = || Refusal::LimitUnknown { limit: page.after.clone().unwrap_or_else(|| LimitId::from("")) };
        found.map_err(|error| unavailable(&error))?.ok_or_else(unknown)
    }

    async fn set_safe_mode(&self, set: SetSafeMode) -> Result<SafeModeState, Refusal> {
        let SetSafeMode { caller, target, safe_mode, request } = set;
        let place = Target::from(target.clone());
        self.sites(&caller, &place).await?;
        let change = self.change(&caller, request, "SetSafeMode", format!("{place}/safeMode"), &place);
        let state = self.context.links.once_set(&caller.utility, &target, safe_mode, change.at);
        let saved = self.context.store.set_safe_mode(&change, &state).await.map_err(|error| unavailable(&error))?;
        match saved {
            Recorded::New(state) => {
                self.context.links.set(&caller.utility, &target, safe_mode, change.at);
                info!(%target, utility = caller.utility, "safe mode set");
                self.context.wake.replan();
                self.context.tell_utilities();
                Ok(state)
            }
            Recorded::Repeated(state) => Ok(state),
            Recorded::Reused => Err(Refusal::RequestIdReused { request_id: request.id }),
            Recorded::Refused(conflict) => Err(refused(conflict, &place, &LimitId::from(""), 0)),
        }
    }

    async fn safe_mode(&self, caller: &Caller, target: &NodeId) -> Result<SafeModeState, Refusal> {
        self.sites(caller, &Target::from(target.clone())).await?;
        Ok(Held::state(target, self.context.links.get(&caller.utility, target)))
    }

    async fn heartbeat(&self, caller: &Caller, heartbeat: Heartbeat) -> Result<HeartbeatAnswer, Refusal> {
        let now = self.context.clock.now();
        self.context.links.heartbeat(&caller.utility, self.steered_by(caller).as_ref(), heartbeat.sequence, now);
        let together = self.context.links.together(&caller.utility);
        Ok(HeartbeatAnswer {
            received_at: now,
            next_due_at: together.next_due_at,
            mode: if together.in_safe_mode > 0 { Mode::Safe } else { Mode::Normal },
            places_in_safe_mode: together.in_safe_mode,
        })
    }

    fn heard(&self, caller: &Caller) {
        // Somebody who only looks does not prove that the one who steers is there.
        if caller.has(headroom_grid_api::server::Role::Submit) {
            self.context.links.heard(&caller.utility, self.steered_by(caller).as_ref(), self.context.clock.now());
        }
    }

    async fn statuses_after(
        &self,
        caller: &Caller,
        after: i64,
        targets: &[Target],
        size: usize,
    ) -> Result<Vec<StatusEvent>, Refusal> {
        for target in targets {
            self.sites(caller, target).await?;
        }
        let visible = if targets.is_empty() { self.visible_targets(caller).await? } else { Some(targets.to_vec()) };
        if visible.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let asked = visible.unwrap_or_default();
        let found = self.context.store.statuses_after(&caller.utility, after, &asked, size).await;
        found.map_err(|error| unavailable(&error))
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.context.utility_news.subscribe()
    }

    async fn note_refused(&self, refused: RefusedChange) {
        if !self.refusals.may_be_noted(&refused.caller.utility, self.context.clock.now()) {
            warn!(
                utility = refused.caller.utility,
                method = refused.method,
                "refused, like so many others in this minute"
            );
            return;
        }
        let RefusedChange { caller, method, resource, request_id, request_hash, result } = refused;
        let note = AuditNote {
            chain: caller.utility,
            at: self.context.clock.now(),
            principal: caller.principal,
            method: method.to_owned(),
            request_id,
            target: target_of(&resource),
            resource,
            request_sha256: hex(&request_hash),
            result,
        };
        if let Err(error) = self.context.store.append_audit(note).await {
            error!(%error, "a refusal could not be written into the audit");
        }
    }
}

/// A submission on its way into the record.
enum Prepared {
    /// It is refused, or only looked at.
    Settled(Box<Result<GridLimit, Refusal>>),
    /// It is recorded with the others of its batch.
    New(Box<(Change, GridLimit)>, Uuid),
}

impl Prepared {
    fn settled(answer: Result<GridLimit, Refusal>) -> Self {
        Self::Settled(Box::new(answer))
    }

    fn to_record(&self) -> Option<(Change, GridLimit)> {
        match self {
            Self::Settled(_) => None,
            Self::New(new, _) => Some((**new).clone()),
        }
    }

    /// Returns the limit and whether it is new.
    fn answered(
        self,
        recorded_ones: &mut impl Iterator<Item = Result<Accepted, StoreError>>,
    ) -> Result<(GridLimit, bool), Refusal> {
        match self {
            Self::Settled(settled) => settled.map(|limit| (limit, false)),
            Self::New(new, request_id) => {
                let answer = recorded_ones.next().ok_or(Refusal::NotOffered)?.map_err(|error| unavailable(&error))?;
                let is_new = matches!(answer, Recorded::New(_));
                recorded(answer, request_id, Some(&new.1)).map(|limit| (limit, is_new))
            }
        }
    }
}

fn recorded(answer: Accepted, request_id: Uuid, asked: Option<&GridLimit>) -> Result<GridLimit, Refusal> {
    match (answer, asked) {
        (Recorded::New(limit) | Recorded::Repeated(limit), _) => Ok(limit),
        (Recorded::Refused(conflict), Some(limit)) => Err(refused(conflict, &limit.target, &limit.id, limit.revision)),
        (Recorded::Refused(_) | Recorded::Reused, _) => Err(Refusal::RequestIdReused { request_id }),
    }
}

/// Returns the place that a resource is about, as far as its name says so.
fn target_of(resource: &str) -> Option<Target> {
    let place = resource.strip_suffix("/safeMode").unwrap_or(resource);
    let is_place = place.starts_with("connectionPoints/") || place.starts_with("gridAreas/");
    is_place.then(|| Target::from(place.to_owned()))
}

impl UtilityEdge {
    pub(super) async fn book(&self, since: chrono::DateTime<chrono::Utc>) -> Result<LimitBook, Refusal> {
        self.context.limit_book(since).await.map_err(|error| unavailable(&error))
    }

    /// Returns what limits in a window.
    pub(super) async fn book_of(&self, window: Interval) -> Result<LimitBook, Refusal> {
        self.context.limit_book_of(window).await.map_err(|error| unavailable(&error))
    }

    async fn answered(&self, caller: &Caller, request: RequestKey) -> Result<Option<Accepted>, StoreError> {
        self.context.store.answered(&caller.utility, &request.id.to_string(), &hex(&request.hash)).await
    }

    /// Returns the connection points that a caller is a sign of life for, if it is not one for all of its utility.
    pub(super) fn steered_by(&self, caller: &Caller) -> Option<BTreeSet<NodeId>> {
        caller.scope.as_ref().map(|scope| self.context.nodes_of(scope))
    }

    /// Returns the targets that a caller is restricted to, if it is.
    pub(super) async fn visible_targets(&self, caller: &Caller) -> Result<Option<Vec<Target>>, Refusal> {
        let nodes = self.scope(caller).await?;
        let areas = caller.scope.iter().flatten().filter(|target| target.area().is_some()).cloned();
        Ok(nodes.map(|nodes| nodes.into_iter().map(Target::from).chain(areas).collect()))
    }

    async fn prepare(&self, submission: Submission) -> Prepared {
        let Submission { caller, draft, request, validate_only } = submission;
        let target = draft.target.clone();
        let id = limit_id(&caller.utility, &Uuid::new_v4().to_string());
        let change = self.change(&caller, request, "SubmitLimit", id.to_string(), &target);
        if !validate_only {
            match self.answered(&caller, request).await {
                Ok(None) => {}
                Ok(Some(answer)) => return Prepared::settled(recorded(answer, request.id, None)),
                Err(error) => return Prepared::settled(Err(unavailable(&error))),
            }
        }
        if let Err(refusal) = self.sites(&caller, &target).await {
            return Prepared::settled(Err(refusal));
        }
        let limit = draft.into_limit(id, caller.utility.clone(), change.at);
        if validate_only {
            return Prepared::settled(self.validate(limit).await);
        }
        Prepared::New(Box::new((change, limit)), request.id)
    }

    /// Does what follows from limits that were recorded; none of it delays the answer for long.
    async fn follow(&self, answered: &[Result<(GridLimit, bool), Refusal>]) {
        let new: Vec<&GridLimit> =
            answered.iter().flatten().filter(|(_, is_new)| *is_new).map(|(limit, _)| limit).collect();
        for limit in &new {
            info!(limit = %limit.id, target = %limit.target, kind = ?limit.kind, "limit accepted");
            // A limit for an area is a word to each of its members.
            let nodes = self.context.sites_of(&limit.target).await.unwrap_or_default();
            let nodes: Vec<_> = nodes.iter().map(|site| site.site.node()).collect();
            if limit.kind != LimitKind::Test {
                self.context.links.limit_stated(&limit.utility, &nodes, limit.accepted_at);
            }
        }
        if new.iter().any(|limit| limit.kind == LimitKind::Emergency) {
            self.context.wake.emergency();
        } else if !new.is_empty() {
            self.context.wake.replan();
        }
        if !new.is_empty() {
            self.context.tell_utilities();
        }
    }

    /// Makes the answers: what holds with each limit, and what is probably not meant.
    async fn show(&self, answered: Vec<Result<(GridLimit, bool), Refusal>>) -> Vec<Result<Submitted, Refusal>> {
        let now = self.context.clock.now();
        let book = if answered.iter().any(Result::is_ok) { self.book(now).await } else { Ok(LimitBook::new()) };
        let mut shown = Vec::with_capacity(answered.len());
        for answer in answered {
            shown.push(match (answer, &book) {
                (Ok((limit, _)), Ok(book)) => self.submitted(book, limit, now).await,
                // It is recorded all the same: a repetition shows it.
                (Ok(_), Err(refusal)) => Err(refusal.clone()),
                (Err(refusal), _) => Err(refusal),
            });
        }
        shown
    }

    async fn submitted(
        &self,
        book: &LimitBook,
        limit: GridLimit,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Submitted, Refusal> {
        let sites: Vec<&SiteContext> =
            self.context.sites_of(&limit.target).await.map_err(|error| unavailable(&error))?;
        let warnings = self.warnings(book, &sites, &limit);
        let window = span(&limit).and_then(|span| Interval::new(span.start.max(now), span.end));
        let effective = match window {
            None => Vec::new(),
            // What was only validated is not in the book.
            Some(window) if limit.id.as_str().is_empty() => {
                let mut book = book.clone();
                book.enter(limit.clone());
                book.effective_of(&limit.target, window)
            }
            Some(window) => book.effective_of(&limit.target, window),
        };
        Ok(Submitted { limit, effective, warnings })
    }

    async fn validate(&self, mut limit: GridLimit) -> Result<GridLimit, Refusal> {
        let latest = self.context.store.latest_revision(&limit.utility, &limit.target, &limit.programme).await;
        let latest = latest.map_err(|error| unavailable(&error))?;
        if let Some(latest) = latest.filter(|latest| *latest >= limit.revision) {
            return Err(Refusal::StaleRevision { revision: limit.revision, latest });
        }
        limit.id = LimitId::new("");
        Ok(limit)
    }
}
