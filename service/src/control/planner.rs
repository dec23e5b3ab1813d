//! The loop that plans and dispatches.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, stream};
use headroom_domain::invariants::import_limit_at;
use headroom_domain::limit::{Basis, LimitBook};
use headroom_domain::reason::Reason;
use headroom_domain::schedule::Schedule;
use headroom_domain::tariff::Tariff;
use headroom_domain::{Interval, Ratio, SessionId};
use headroom_optimizer::assemble::{AssembleError, Observation, assemble};
use headroom_optimizer::dispatch::{Direction, Order, dispatch};
use headroom_optimizer::rolling::{Call, Memory, clip, stands, step_with};
use headroom_optimizer::snapshot::{Settings, Snapshot};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use super::context::{Context, SiteContext};
use super::facts::{Facts, Forecasts};
use super::known::Known;
use super::obedience::{self, SiteObedience};
use super::plan::{NO_CURRENCY, PlanState};
use crate::store::{NewRequest, StoreError};
use crate::telemetry::{Point, SiteReadings, Telemetry};

/// How old a reading of the meter may be to be told.
const METER_LOOKBACK: TimeDelta = TimeDelta::minutes(15);

/// How long after an acknowledgement others are waited for.
const ACKNOWLEDGEMENTS_WITHIN: TimeDelta = TimeDelta::milliseconds(100);

/// How often it is written down what would be drawn without limits.
const BASELINE_EVERY: TimeDelta = TimeDelta::minutes(5);

/// How many sites are looked at at once.
const SITES_AT_ONCE: usize = 4;

/// Why a site could not be planned. The profiles in force stay, with their dead-man tails.
#[derive(Debug, thiserror::Error)]
enum PlanError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the site cannot be described to the optimizer: {0}")]
    Assemble(#[from] AssembleError),
    #[error("the optimizer was cut off: {0}")]
    Solve(#[from] tokio::task::JoinError),
}

/// Plans on the timer and when called, until told to stop.
pub async fn run(context: Arc<Context>, telemetry: Telemetry, stop: CancellationToken) {
    let forecasts = Forecasts::default();
    let mut memories = vec![Memory::default(); context.sites.len()];
    let mut next_plan = context.clock.now();
    let (mut looked_at, mut book_before) = (next_plan, LimitBook::new());
    loop {
        let now = context.clock.now();
        let on_time = now >= next_plan;
        if on_time {
            next_plan = now + context.settings.plan_every();
        }
        let call = match (context.wake.take_replan(), on_time) {
            (true, _) => Call::Event,
            (false, true) => Call::Timer,
            (false, false) => Call::Acknowledgement,
        };
        let mut next = next_plan;
        // Asked before the limits are read: what is taken here is in the book.
        let emergency = context.wake.take_emergency();
        match context.limit_book(looked_at.min(now)).await {
            Ok(book) => {
                let since_last = Interval { start: looked_at.min(now), end: now };
                let round = Round {
                    context: &context,
                    forecasts: &forecasts,
                    book,
                    book_before: &book_before,
                    since_last,
                    emergency,
                };
                next = round.run(&mut memories, call, &telemetry).await.map_or(next, |change| change.min(next));
                book_before = round.book;
                looked_at = now;
                if !context.wake.wants_emergency() {
                    context.planned.send_replace(true);
                }
            }
            Err(error) => error!(%error, "the limits could not be read; the profiles in force stay"),
        }
        context.changed();
        let wait = context.clock.real(next - context.clock.now());
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.wake.called() => gather_acknowledgements(&context).await,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Lets acknowledgements that come one after the other be looked at together. Whatever else happens is looked at at once.
async fn gather_acknowledgements(context: &Context) {
    if !context.wake.wants_replan() {
        tokio::select! {
            () = context.wake.replan_called() => {}
            () = tokio::time::sleep(context.clock.real(ACKNOWLEDGEMENTS_WITHIN)) => {}
        }
    }
}

/// What one look at all sites shares.
struct Round<'a> {
    context: &'a Context,
    forecasts: &'a Forecasts,
    book: LimitBook,
    book_before: &'a LimitBook,
    since_last: Interval,
    emergency: bool,
}

impl Round<'_> {
    /// Looks at all sites; returns when a limit will next begin, end or be due.
    async fn run(&self, memories: &mut [Memory], call: Call, telemetry: &Telemetry) -> Option<DateTime<Utc>> {
        let context = self.context;
        if self.emergency
            && let Err(error) = self.cut_all().await
        {
            error!(%error, "an emergency limit could not be cut to at once; it is planned with");
        }
        // Several sites at once, so that one is solved while another waits for the disk. All see the record as it is now.
        match Known::read(&context.store).await {
            Ok(known) => {
                let known = &known;
                let sites = stream::iter(context.sites.iter().zip(memories));
                let look = sites.for_each_concurrent(SITES_AT_ONCE, |(site, memory)| async move {
                    if self.gives_way() {
                        return;
                    }
                    if let Err(error) = self.act(site, known, memory, call).await {
                        error!(%error, site = site.site.id, "no new plan; the profiles in force stay");
                    }
                    if let Err(error) = tell(context, site, telemetry).await {
                        error!(%error, site = site.site.id, "telemetry has nothing to tell");
                    }
                });
                look.await;
            }
            Err(error) => error!(%error, "the record could not be read; the profiles in force stay"),
        }
        obedience::tell(context, &self.book, self.since_last.end, context.clock.now()).await.unwrap_or_else(|error| {
            error!(%error, "utilities could not be told what became of their limits");
            None
        })
    }

    /// Tells whether an emergency has come that is to be cut to first; the next round plans again. A round that has cut to
    /// one goes on to its end, so that emergencies one after the other do not keep sites without a plan.
    fn gives_way(&self) -> bool {
        !self.emergency && self.context.wake.wants_emergency()
    }

    async fn observe(&self, site: &SiteContext, known: &Known) -> Result<(Facts, Snapshot), PlanError> {
        let facts = Facts::gather(self.context, site, self.forecasts, &self.book, known).await?;
        let prices = facts.tariff.as_ref().map(Tariff::energy_prices).unwrap_or_default();
        let deadline_s = self.context.settings.plan_deadline_s;
        let observation = Observation {
            now: facts.now,
            site: &site.site,
            tree: &site.tree,
            effective: &facts.effective,
            base_load: &facts.base_load,
            tariff: &prices,
            peak_so_far: facts.peak_so_far,
            sessions: &facts.sessions,
            settings: Settings { deadline_s, ..Settings::default() },
        };
        let snapshot = assemble(&observation)?;
        Ok((facts, snapshot))
    }

    async fn cut_all(&self) -> Result<(), PlanError> {
        let known = Known::read(&self.context.store).await?;
        for site in &self.context.sites {
            // What fails for one site must not keep the others from being cut.
            if let Err(error) = self.cut(site, &known).await {
                error!(%error, site = site.site.id, "an emergency limit could not be cut to at once; it is planned with");
            }
        }
        Ok(())
    }

    /// Cuts what stands to what an emergency limit leaves, without a plan; the plan comes after.
    async fn cut(&self, site: &SiteContext, known: &Known) -> Result<(), PlanError> {
        let context = self.context;
        let Some(plan) = context.plan(&site.site.id) else { return Ok(()) };
        let (facts, snapshot) = self.observe(site, known).await?;
        let schedule = clip(&snapshot, &plan.schedule);
        let dispatch = dispatch(&snapshot, &schedule);
        send(context, &facts, dispatch.orders).await?;
        let plan = PlanState { snapshot, schedule, withheld: dispatch.withheld, ..PlanState::clone(&plan) };
        context.set_plan(&site.site.id, plan);
        Ok(())
    }

    async fn act(&self, site: &SiteContext, known: &Known, memory: &mut Memory, call: Call) -> Result<(), PlanError> {
        let context = self.context;
        let (facts, snapshot) = self.observe(site, known).await?;
        context.note_in_force(self.book_before, &self.book, &site.site.node(), self.since_last).await?;
        let stands = |plan: &Arc<PlanState>| stands(call, &plan.snapshot, &plan.schedule, &snapshot);
        if let Some(plan) = context.plan(&site.site.id).filter(stands) {
            let dispatch = dispatch(&snapshot, &plan.schedule);
            send(context, &facts, dispatch.orders).await?;
            self.look(site, &facts, &snapshot, (&plan.schedule, plan.made_at));
            context.set_plan(&site.site.id, PlanState { withheld: dispatch.withheld, ..PlanState::clone(&plan) });
            return Ok(());
        }
        let schedule = solve(memory, &snapshot).await?;
        let dispatch = dispatch(&snapshot, &schedule);
        send(context, &facts, dispatch.orders).await?;
        self.look(site, &facts, &snapshot, (&schedule, facts.now));
        let written_at = context.plan(&site.site.id).map(|before| before.baseline_at);
        let recently = written_at.filter(|at| facts.now - *at < BASELINE_EVERY);
        let mut plan = plan_state(site, &facts, snapshot, schedule, dispatch.withheld);
        match recently {
            Some(at) => plan.baseline_at = at,
            None => save_baseline(context, site, &plan).await?,
        }
        context.set_plan(&site.site.id, plan);
        Ok(())
    }

    /// Notes how the sessions obey, as far as is known before the answers to what has just been sent.
    fn look(&self, site: &SiteContext, facts: &Facts, snapshot: &Snapshot, plan: (&Schedule, DateTime<Utc>)) {
        let guard = facts.base_load.at_least(site.site.guard()).first().copied().unwrap_or_default();
        let limit = import_limit_at(&facts.effective, facts.now);
        let (schedule, planned_at) = plan;
        let obedience = SiteObedience::look(facts, snapshot, schedule, guard, limit);
        self.context.set_obedience(site.site.node(), SiteObedience { planned_at: Some(planned_at), ..obedience });
    }
}

fn plan_state(
    site: &SiteContext,
    facts: &Facts,
    snapshot: Snapshot,
    schedule: Schedule,
    withheld: Vec<(SessionId, Reason)>,
) -> PlanState {
    let quantile = |probability| facts.base_load.at_least(Ratio::from_ratio(probability)).to_vec();
    let own_price = site.site.energy_price.as_ref().map(|price| &price.currency);
    let currency =
        own_price.or(facts.tariff.as_ref().map(|tariff| &tariff.currency)).map_or(NO_CURRENCY, String::as_str);
    PlanState {
        snapshot,
        schedule,
        base_load_expected_w: quantile(0.5),
        base_load_band_w: (quantile(0.1), quantile(0.9)),
        guard_w: facts.base_load.at_least(site.site.guard()).to_vec(),
        currency: currency.to_owned(),
        withheld,
        made_at: facts.now,
        baseline_at: facts.now,
    }
}

/// Keeps what the site would draw without a utility's limit: of the steps that none limits. What a limit covers keeps what
/// was foretold before it was known.
async fn save_baseline(context: &Context, site: &SiteContext, plan: &PlanState) -> Result<(), StoreError> {
    let effective = plan.snapshot.limits.iter().find(|limits| limits.node == site.site.node());
    let is_free = |interval: Interval| {
        let mut pieces = effective.into_iter().flat_map(|limits| &limits.effective);
        !pieces.any(|piece| {
            piece.interval.intersection(&interval).is_some()
                && matches!(
                    piece.maximum_import_w,
                    Some((_, Basis::Limit(_) | Basis::SafeMode { .. } | Basis::GuaranteedMinimum))
                )
        })
    };
    let import_w = plan.import_w();
    let free: Vec<_> = plan.schedule.grid.steps().zip(import_w).filter(|(interval, _)| is_free(*interval)).collect();
    context.store.save_baseline(&site.site.node(), &free).await
}

async fn solve(memory: &mut Memory, snapshot: &Snapshot) -> Result<Schedule, PlanError> {
    let (mut before, snapshot) = (std::mem::take(memory), snapshot.clone());
    let work = move || (step_with(&mut before, &snapshot), before);
    let (schedule, after) = tokio::task::spawn_blocking(work).await?;
    *memory = after;
    Ok(schedule)
}

async fn send(context: &Context, facts: &Facts, orders: Vec<Order>) -> Result<(), StoreError> {
    let requests: Vec<NewRequest> = orders
        .into_iter()
        .filter(|order| {
            let Some(station) = facts.stations.get(&order.session) else { return true };
            let in_vain = order.direction == Direction::Raise && station.is_capped(facts.now);
            !in_vain && station.not_before.is_none_or(|not_before| facts.now >= not_before)
        })
        .map(|order| NewRequest {
            id: uuid::Uuid::new_v4().simple().to_string(),
            session: order.session,
            profile: order.profile,
            direction: match order.direction {
                Direction::Lower => "lower",
                Direction::Raise => "raise",
                Direction::Refresh => "refresh",
            },
        })
        .collect();
    if requests.is_empty() {
        return Ok(());
    }
    debug!(count = requests.len(), "profiles decided");
    context.store.create_requests(&requests, context.clock.now()).await?;
    context.outbox.notify_one();
    Ok(())
}

/// Tells a time-series database what the page shows.
async fn tell(context: &Context, site: &SiteContext, telemetry: &Telemetry) -> Result<(), StoreError> {
    let Some(plan) = context.plan(&site.site.id).filter(|_| telemetry.is_on()) else { return Ok(()) };
    let now = context.clock.now();
    let last = context.store.readings_since(&site.site.id, now - METER_LOOKBACK).await?.pop();
    let step = plan.schedule.grid.index_of(now);
    let planned = step.map(|step| {
        let sessions = plan.snapshot.sessions.iter().zip(&plan.schedule.sessions);
        sessions.map(|(state, session)| state.load(session.power_w[step])).sum()
    });
    let effective = plan.snapshot.limits.iter().find(|limits| limits.node == site.site.node());
    let readings = SiteReadings {
        base_load: last.and_then(|reading| reading.base_load_w),
        load: last.and_then(|reading| reading.import_w),
        limit: effective.and_then(|limits| import_limit_at(&limits.effective, now)),
        plan: planned,
    };
    telemetry.record(Point::site(now, &site.site.id, readings));
    for session in &plan.snapshot.sessions {
        let allowed = session.belief.acknowledged.as_ref().map(|profile| profile.limit_at(now));
        telemetry.record(Point::session(now, &site.site.id, &session.id, session.power_now_w, allowed));
    }
    Ok(())
}
