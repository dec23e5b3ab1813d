//! The loop that plans and dispatches.

use std::sync::Arc;

use chrono::TimeDelta;
use headroom_domain::Ratio;
use headroom_domain::invariants::import_limit_at;
use headroom_domain::schedule::Schedule;
use headroom_domain::tariff::Tariff;
use headroom_optimizer::assemble::{AssembleError, Observation, assemble};
use headroom_optimizer::dispatch::{Direction, Order, dispatch};
use headroom_optimizer::rolling::{Call, Memory, stands, step_with};
use headroom_optimizer::snapshot::{Settings, Snapshot};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use super::context::{Context, SiteContext};
use super::facts::{Facts, Forecasts};
use super::plan::{NO_CURRENCY, PlanState};
use crate::store::{NewRequest, StoreError};
use crate::telemetry::{Point, SiteReadings, Telemetry};

/// How old a reading of the meter may be to be told.
const METER_LOOKBACK: TimeDelta = TimeDelta::minutes(15);

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
        for (site, memory) in context.sites.iter().zip(&mut memories) {
            if let Err(error) = act(&context, site, &forecasts, memory, call).await {
                error!(%error, site = site.site.id, "no new plan; the profiles in force stay");
            }
            if let Err(error) = tell(&context, site, &telemetry).await {
                error!(%error, site = site.site.id, "telemetry has nothing to tell");
            }
        }
        context.changed();
        let wait = context.clock.real(next_plan - context.clock.now());
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.wake.called() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn act(
    context: &Context,
    site: &SiteContext,
    forecasts: &Forecasts,
    memory: &mut Memory,
    call: Call,
) -> Result<(), PlanError> {
    let facts = Facts::gather(context, site, forecasts).await?;
    let prices = facts.tariff.as_ref().map(Tariff::energy_prices).unwrap_or_default();
    let observation = Observation {
        now: facts.now,
        site: &site.site,
        tree: &site.tree,
        effective: &facts.effective,
        base_load: &facts.base_load,
        tariff: &prices,
        peak_so_far: facts.peak_so_far,
        sessions: &facts.sessions,
        settings: Settings { deadline_s: context.settings.plan_deadline_s, ..Settings::default() },
    };
    let snapshot = assemble(&observation)?;
    let stands = |plan: &Arc<PlanState>| stands(call, &plan.snapshot, &plan.schedule, &snapshot);
    if let Some(plan) = context.plan(&site.site.id).filter(stands) {
        let dispatch = dispatch(&snapshot, &plan.schedule);
        send(context, &facts, dispatch.orders).await?;
        context.set_plan(&site.site.id, PlanState { withheld: dispatch.withheld, ..PlanState::clone(&plan) });
        return Ok(());
    }
    let schedule = solve(memory, &snapshot).await?;
    let dispatch = dispatch(&snapshot, &schedule);
    send(context, &facts, dispatch.orders).await?;
    let guard_w = facts.base_load.at_least(site.site.guard()).to_vec();
    let base_load_expected_w = facts.base_load.at_least(Ratio::from_ratio(0.5)).to_vec();
    let own_price = site.site.energy_price.as_ref().map(|price| &price.currency);
    let currency = own_price
        .or(facts.tariff.as_ref().map(|tariff| &tariff.currency))
        .map_or(NO_CURRENCY, String::as_str)
        .to_owned();
    let withheld = dispatch.withheld;
    let plan = PlanState { snapshot, schedule, base_load_expected_w, guard_w, currency, withheld, made_at: facts.now };
    context.set_plan(&site.site.id, plan);
    Ok(())
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
