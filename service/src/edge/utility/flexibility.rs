//! What places will draw, how far that can be moved, and what a limit would change.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use headroom_domain::limit::{GridLimit, LimitBook, LimitKind, LimitViolation, Target};
use headroom_domain::{Energy, Interval, LimitId, Power};
use headroom_grid_api::server::{Caller, FlexibilityHost, Refusal, Submission};
use headroom_grid_api::{FlexibilityForecast, ForecastInterval, LimitImpact};
use headroom_optimizer::flexibility::{self, Movable, MovableStep};
use headroom_optimizer::impact::{Impact, impact};
use headroom_optimizer::snapshot::{NodeLimits, Snapshot};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{UtilityEdge, not_planned_yet};
use crate::control::{LIMITS_AHEAD, PlanState, SiteContext};

impl FlexibilityHost for UtilityEdge {
    async fn forecast(
        &self,
        caller: &Caller,
        target: &Target,
        window: Interval,
        resolution: TimeDelta,
    ) -> Result<FlexibilityForecast, Refusal> {
        let sites = self.sites(caller, target).await?;
        let plans = self.plans(&sites)?;
        let of_plan = |plan: &Arc<PlanState>| -> Vec<(Interval, ForecastInterval)> {
            movable(plan).resample(window, resolution).into_iter().map(|step| (step.interval, shown(step))).collect()
        };
        let intervals = summed(plans.iter().map(of_plan), added);
        let made = plans.iter().map(|plan| plan.made_at);
        let issued_at = made.clone().max().unwrap_or_else(|| self.context.clock.now());
        let oldest = made.min().unwrap_or(issued_at);
        Ok(FlexibilityForecast {
            target: target.clone(),
            issued_at,
            valid_until: oldest + self.context.settings.plan_every(),
            resolution,
            intervals: intervals.into_iter().map(|(_, interval)| interval).collect(),
        })
    }

    async fn simulate(&self, submission: Submission) -> Result<LimitImpact, Refusal> {
        let Submission { caller, draft, .. } = submission;
        let sites = self.sites(&caller, &draft.target).await?;
        // Before anything is read, so that those who wait hold nothing and are answered from the latest plans.
        let turn = turn(&self.simulations).await?;
        let plans = self.plans(&sites)?;
        let now = self.context.clock.now();
        let mut limit = draft.into_limit(LimitId::from("simulated"), caller.utility.clone(), now);
        // A test limit would change nothing: what is asked is what it would do in earnest.
        if limit.kind == LimitKind::Test {
            limit.kind = LimitKind::Scheduled;
        }
        let before = self.book(now).await?;
        let mut after = before.clone();
        after.enter(limit.clone());
        let warnings = self.warnings(&after, &sites, &limit);
        let questions: Vec<(Snapshot, Snapshot)> = plans
            .iter()
            .zip(&sites)
            .map(|(plan, site)| (under(&before, plan, site), under(&after, plan, site)))
            .collect();
        let work = move || questions.iter().map(|(before, after)| impact(before, after)).collect::<Result<Vec<_>, _>>();
        let impacts = solved(turn, work).await?;
        let impacts = impacts.map_err(|error| cannot_plan(&limit, &error.to_string()))?;
        let currencies: Vec<&str> = plans.iter().map(|plan| plan.currency.as_str()).collect();
        Ok(LimitImpact { warnings, ..together(&impacts, &currencies) })
    }
}

impl UtilityEdge {
    fn plans(&self, sites: &[&SiteContext]) -> Result<Vec<Arc<PlanState>>, Refusal> {
        sites.iter().map(|site| self.context.plan(&site.site.id).ok_or_else(not_planned_yet)).collect()
    }
}

/// Waits for a place among the simulations that are solved at once; who hangs up waits no more.
async fn turn(simulations: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    Arc::clone(simulations).acquire_owned().await.map_err(|_| not_planned_yet())
}

/// Solves on a thread of its own. The turn lasts until the work is done, also when nobody waits for it any more.
async fn solved<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let work = move || {
        let answer = work();
        drop(turn);
        answer
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| not_planned_yet())
}

fn cannot_plan(limit: &GridLimit, problem: &str) -> Refusal {
    let rule = format!("it cannot be simulated: {problem}");
    let field = if limit.target.area().is_some() { "target" } else { "intervals" };
    Refusal::Invalid(vec![LimitViolation { field: field.to_owned(), code: "NOT_PLANNABLE", rule }])
}

fn movable(plan: &PlanState) -> Movable {
    let (low, high) = &plan.base_load_band_w;
    flexibility::forecast(&plan.snapshot, &plan.schedule, [low, &plan.base_load_expected_w, high])
}

/// The site's latest problem under the limits of a book.
fn under(book: &LimitBook, plan: &PlanState, site: &SiteContext) -> Snapshot {
    let mut snapshot = plan.snapshot.clone();
    let node = site.site.node();
    let window = Interval { start: snapshot.grid.start(), end: snapshot.grid.end() + LIMITS_AHEAD };
    let effective = book.effective(&node, window);
    snapshot.limits.retain(|limits| limits.node != node);
    snapshot.limits.push(NodeLimits { node, effective });
    snapshot
}

fn added(one: ForecastInterval, other: ForecastInterval) -> ForecastInterval {
    ForecastInterval {
        interval: one.interval,
        baseline_w: one.baseline_w + other.baseline_w,
        // Of several places the bands add up, as if all were high, or low, together: never too narrow.
        baseline_p10_w: one.baseline_p10_w + other.baseline_p10_w,
        baseline_p90_w: one.baseline_p90_w + other.baseline_p90_w,
        minimum_w: one.minimum_w + other.minimum_w,
        maximum_w: one.maximum_w + other.maximum_w,
        energy_floor_wh: one.energy_floor_wh + other.energy_floor_wh,
        energy_ceiling_wh: one.energy_ceiling_wh + other.energy_ceiling_wh,
        session_count: one.session_count + other.session_count,
    }
}

/// Adds up what several places say of the same intervals; what not all speak of is left out.
fn summed<T: Copy>(lists: impl ExactSizeIterator<Item = Vec<(Interval, T)>>, add: fn(T, T) -> T) -> Vec<(Interval, T)> {
    let count = lists.len();
    let mut sums: BTreeMap<Interval, (usize, T)> = BTreeMap::new();
    for (interval, value) in lists.flatten() {
        sums.entry(interval).and_modify(|sum| *sum = (sum.0 + 1, add(sum.1, value))).or_insert((1, value));
    }
    sums.into_iter().filter(|(_, (of, _))| *of == count).map(|(interval, (_, sum))| (interval, sum)).collect()
}

fn together(impacts: &[Impact], currencies: &[&str]) -> LimitImpact {
    let imports = |impact: &Impact| -> Vec<(Interval, (Power, Power))> {
        let imports = impact.before_w.iter().copied().zip(impact.after_w.iter().copied());
        impact.before.grid.steps().zip(imports).collect()
    };
    let intervals = summed(impacts.iter().map(imports), |one, other| (one.0 + other.0, one.1 + other.1));
    let sum = |of: fn(&Impact) -> Energy| impacts.iter().map(of).sum();
    // Money of several currencies is not one amount.
    let currency =
        currencies.first().filter(|first| **first != "XXX" && currencies.iter().all(|other| other == *first));
    LimitImpact {
        intervals: intervals.into_iter().map(|(interval, (before, after))| (interval, before, after)).collect(),
        energy_shifted_wh: sum(|impact| impact.shifted_wh),
        energy_not_delivered_wh: sum(|impact| impact.shed_wh.max(impact.not_delivered_wh)),
        sessions_short_count: impacts.iter().map(|impact| u32::try_from(impact.short.len()).unwrap_or(u32::MAX)).sum(),
        cost_delta: currency
            .map(|currency| (impacts.iter().map(|impact| impact.cost.as_amount()).sum(), (*currency).to_owned())),
        warnings: Vec::new(),
    }
}

fn shown(step: MovableStep) -> ForecastInterval {
    ForecastInterval {
        interval: step.interval,
        baseline_w: step.baseline_w,
        baseline_p10_w: step.baseline_p10_w,
        baseline_p90_w: step.baseline_p90_w,
        minimum_w: step.minimum_w,
        maximum_w: step.maximum_w,
        energy_floor_wh: step.energy_floor_wh,
        energy_ceiling_wh: step.energy_ceiling_wh,
        session_count: step.session_count,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_simulation_keeps_its_turn_until_it_is_solved_also_when_its_caller_hangs_up() {
        let simulations = Arc::new(Semaphore::new(1));
        let first = turn(&simulations).await.unwrap();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let call = tokio::spawn(solved(first, move || {
            begun.send(()).unwrap();
            may_end.recv().unwrap();
        }));
        has_begun.await.unwrap();
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!(simulations.available_permits(), 0, "the work goes on");
        end.send(()).unwrap();
        let next = turn(&simulations).await.unwrap();
        assert_eq!(solved(next, || 7).await.unwrap(), 7);
    }
}
