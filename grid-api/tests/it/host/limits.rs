use headroom_domain::limit::EffectiveInterval;
use headroom_domain::limit::failsafe::Mode;
use headroom_grid_api::server::{Cancellation, LimitHost, Page, SetSafeMode};
use headroom_grid_api::{HeartbeatAnswer, LimitQuery, SafeModeState};

use super::*;

impl LimitHost for Memory {
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

    async fn recorded_submission(&self, caller: &Caller, request: RequestKey) -> Result<Option<Submitted>, Refusal> {
        recorded(&self.kept.lock().submissions, caller, request)
    }

    async fn cancel_limit(&self, cancellation: Cancellation) -> Result<GridLimit, Refusal> {
        let kept = &mut *self.kept.lock();
        let Cancellation { caller, limit, request, .. } = cancellation;
        if let Some(answer) = recorded(&kept.cancellations, &caller, request)? {
            return Ok(answer);
        }
        let found = kept.limits.iter_mut().find(|known| known.id == limit);
        let found = found.ok_or(Refusal::LimitUnknown { limit })?;
        found.cancelled_at.get_or_insert(self.clock.now());
        let answer = found.clone();
        kept.cancellations.insert((caller.utility, request.id), (request.hash, answer.clone()));
        Ok(answer)
    }

    async fn effective_limit(
        &self,
        caller: &Caller,
        target: &Target,
        window: Interval,
    ) -> Result<Vec<EffectiveInterval>, Refusal> {
        check(caller, target)?;
        Ok(self.kept.lock().book().effective_of(target, window))
    }

    async fn limit(&self, _: &Caller, id: &LimitId) -> Result<GridLimit, Refusal> {
        let found = self.kept.lock().limits.iter().find(|limit| limit.id == *id).cloned();
        found.ok_or_else(|| Refusal::LimitUnknown { limit: id.clone() })
    }

    async fn limits(
        &self,
        caller: &Caller,
        query: &LimitQuery,
        page: &Page<LimitId>,
    ) -> Result<Vec<GridLimit>, Refusal> {
        let kept = self.kept.lock();
        let position = |id: &LimitId| kept.limits.iter().position(|limit| limit.id == *id).map(|index| index + 1);
        let unknown = |limit: &LimitId| Refusal::LimitUnknown { limit: limit.clone() };
        let first = page.after.as_ref().map_or(Ok(0), |id| position(id).ok_or_else(|| unknown(id)))?;
        let own = kept.limits[first..].iter().filter(|limit| limit.utility == caller.utility && query.matches(limit));
        Ok(own.take(page.size).cloned().collect())
    }

    async fn set_safe_mode(&self, setting: SetSafeMode) -> Result<SafeModeState, Refusal> {
        let target = Target::from(setting.target.clone());
        check(&setting.caller, &target)?;
        let node = setting.target.clone();
        self.kept.lock().safe_modes.retain(|known, _| *known != node);
        self.kept.lock().safe_modes.extend(setting.safe_mode.map(|safe_mode| (node, safe_mode)));
        self.safe_mode(&setting.caller, &setting.target).await
    }

    async fn safe_mode(&self, caller: &Caller, target: &NodeId) -> Result<SafeModeState, Refusal> {
        check(caller, &Target::from(target.clone()))?;
        let safe_mode = self.kept.lock().safe_modes.get(target).copied();
        // It begins in safe mode.
        let since = safe_mode.map(|_| some_time());
        let mode = if safe_mode.is_some() { Mode::Safe } else { Mode::Normal };
        Ok(SafeModeState { target: target.clone(), safe_mode, mode, since, updated_at: since })
    }

    async fn heartbeat(&self, _: &Caller, heartbeat: Heartbeat) -> Result<HeartbeatAnswer, Refusal> {
        self.kept.lock().heartbeats.push(heartbeat);
        let received_at = self.clock.now();
        let next_due_at = Some(received_at + chrono::TimeDelta::seconds(120));
        Ok(HeartbeatAnswer { received_at, next_due_at, mode: Mode::Safe, places_in_safe_mode: 3 })
    }

    fn heard(&self, _: &Caller) {
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    async fn statuses_after(
        &self,
        caller: &Caller,
        after: i64,
        targets: &[Target],
        size: usize,
    ) -> Result<Vec<StatusEvent>, Refusal> {
        targets.iter().try_for_each(|target| check(caller, target))?;
        let kept = self.kept.lock();
        let wanted =
            |event: &&StatusEvent| event.sequence > after && (targets.is_empty() || targets.contains(&event.target));
        let first = usize::try_from(after).unwrap_or_default().min(kept.events.len());
        Ok(kept.events[first..].iter().filter(wanted).take(size).cloned().collect())
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    async fn note_refused(&self, change: RefusedChange) {
        self.kept.lock().refused.push(change);
    }
}
