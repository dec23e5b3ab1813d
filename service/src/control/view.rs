//! What the page shows of a site, read from the record and the plan in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::{Basis, GridLimit};
use headroom_domain::preference::ChargingPreference;
use headroom_domain::reason::Reason;
use headroom_domain::schedule::{PlanStatus, SessionPlan};
use headroom_domain::session::Session;
use headroom_domain::time::floor_to;
use headroom_domain::{Energy, Interval, Power, SessionId};
use headroom_optimizer::snapshot::SessionState;
use tracing::error;

use super::belief::{StationState, station_state};
use super::context::{Context, SiteContext};
use super::plan::{NO_CURRENCY, PlanState};
use crate::http::{
    Ahead, Badge, BadgeKind, LimitEntry, Past, PlanView, PriceStep, ProfileState, ReasonView, SessionView, SiteSummary,
    SiteView, SiteViews, limit_steps,
};
use crate::store::{MeterReading, ProfileRequest, StationReport, StoreError};

/// How much of the past is shown.
const SHOWN_PAST: TimeDelta = TimeDelta::hours(24);
/// In what steps.
const PAST_STEP: TimeDelta = TimeDelta::minutes(5);
/// After this long without a reading the meter is called silent.
const METER_SILENT_AFTER: TimeDelta = TimeDelta::minutes(15);

/// Shows the sites of a service.
pub struct Views(Arc<Context>);

impl Views {
    /// Makes the view of a service.
    pub fn new(context: Arc<Context>) -> Self {
        Self(context)
    }

    async fn look(&self, site: &SiteContext) -> Option<SiteView> {
        // A page that cannot be shown now is asked for again in a second; the operator sees that it is stale.
        SiteLook::new(&self.0, site)
            .view()
            .await
            .inspect_err(|error| error!(%error, site = site.site.id, "the site cannot be shown"))
            .ok()
    }
}

impl SiteViews for Views {
    async fn sites(&self) -> Vec<SiteSummary> {
        let mut summaries = Vec::new();
        for site in &self.0.sites {
            summaries.extend(self.look(site).await.map(|view| view.summary()));
        }
        summaries
    }

    async fn site(&self, id: &str) -> Option<SiteView> {
        self.look(self.0.site(id)?).await
    }
}

struct SiteLook<'a> {
    context: &'a Context,
    site: &'a SiteContext,
    now: DateTime<Utc>,
    plan: Option<Arc<PlanState>>,
}

impl<'a> SiteLook<'a> {
    fn new(context: &'a Context, site: &'a SiteContext) -> Self {
        Self { context, site, now: context.clock.now(), plan: context.plan(&site.site.id) }
    }

    async fn view(&self) -> Result<SiteView, StoreError> {
        let store = &self.context.store;
        let since = self.now - SHOWN_PAST;
        let ahead_until = self.plan.as_ref().map_or(self.now + SHOWN_PAST, |plan| plan.schedule.grid.end());
        let window = Interval { start: since, end: ahead_until.max(self.now + TimeDelta::minutes(1)) };
        let mut limits = self.context.limits_of(self.site).await?;
        limits.reverse();
        let limits_log: Vec<LimitEntry> = limits.iter().map(LimitEntry::from).collect();
        let effective = self.context.limit_book_of(window).await?.effective(&self.site.site.node(), window);
        let readings = store.readings_since(&self.site.site.id, since).await?;
        let sessions: Vec<Session> =
            store.sessions_since(since).await?.into_iter().filter(|session| self.site.hosts(session)).collect();
        let mut powers: BTreeMap<SessionId, Vec<(DateTime<Utc>, Power)>> = BTreeMap::new();
        for (id, at, power) in store.session_powers(since).await? {
            powers.entry(id).or_default().push((at, power));
        }
        let requests = store.requests_of_open_sessions().await?;
        let reports = store.station_reports().await?;
        let preferences = store.preferences().await?;
        Ok(SiteView {
            id: self.site.site.id.clone(),
            name: self.site.site.name.clone(),
            time_zone: self.site.site.time_zone,
            currency: self.plan.as_ref().map_or_else(|| NO_CURRENCY.to_owned(), |plan| plan.currency.clone()),
            now: self.now,
            clock_speed: self.context.clock_speed(),
            badges: self.badges(&limits, readings.last()),
            import_now_w: readings.last().and_then(|reading| reading.import_w),
            limits: limit_steps(&effective, &limits_log),
            prices: self.prices(),
            past: past(Interval { start: since, end: self.now }, &readings, &sessions, &powers),
            ahead: self.plan.as_ref().map(|plan| ahead(plan)),
            sessions: sessions.iter().map(|session| self.session(session, &requests, &reports, &preferences)).collect(),
            plan: self.plan.as_ref().map(|plan| PlanView {
                status: plan.schedule.status,
                made_at: plan.made_at,
                cost: plan.schedule.cost,
            }),
            limits_log,
        })
    }

    fn session(
        &self,
        session: &Session,
        requests: &[ProfileRequest],
        reports: &BTreeMap<SessionId, StationReport>,
        preferences: &BTreeMap<SessionId, ChargingPreference>,
    ) -> SessionView {
        let id = session.key.session_id();
        let evse = self.site.evse(session);
        let own: Vec<&ProfileRequest> = requests.iter().filter(|request| request.session == id).collect();
        let fallback = evse.and_then(|evse| self.site.site.station_default(evse).ok()).unwrap_or_default();
        let station = station_state(&own, reports.get(&id), fallback);
        let over = session.status.is_over();
        let planned = self.planned(&id).filter(|_| !over);
        let needed = planned.map_or(session.energy_wh, |(state, _)| session.energy_wh + state.needed_wh);
        let departure = planned.map_or(session.ended_at.unwrap_or(self.now), |(state, _)| state.departure);
        let stated = preferences.get(&id).and_then(|preference| preference.departure);
        SessionView {
            label: session.key.id.clone(),
            evse: session.evse_uid.clone().unwrap_or_else(|| "?".to_owned()),
            circuit: evse.and_then(|evse| evse.circuit.clone()),
            status: session.status,
            energy_needed_wh: needed,
            energy_delivered_wh: session.energy_wh,
            energy_planned_wh: planned.map(|(state, plan)| self.energy_ahead(state, plan)).unwrap_or_default(),
            arrival: session.started_at,
            departure: if over { session.ended_at.unwrap_or(departure) } else { departure },
            // A driver who stays beyond what was said is planned with an hour more.
            departure_stated: stated.is_some_and(|stated| over || stated == departure),
            power_now_w: session.power_w.filter(|_| !over),
            allowed_now_w: (!over)
                .then(|| station.belief.acknowledged.as_ref().map_or(fallback, |profile| profile.limit_at(self.now))),
            plan_w: planned
                .map(|(state, plan)| plan.power_w.iter().map(|power| state.load(*power)).collect())
                .unwrap_or_default(),
            reason: self.reason(&id).filter(|_| !over).map(|reason| ReasonView::new(reason, &self.site.site.id)),
            profile_state: profile_state(&station),
            id,
        }
    }

    fn planned(&self, id: &SessionId) -> Option<(&SessionState, &SessionPlan)> {
        let plan = self.plan.as_ref()?;
        let state = plan.snapshot.sessions.iter().find(|session| session.id == *id)?;
        Some((state, plan.schedule.session(id)?))
    }

    fn step_now(&self) -> Option<usize> {
        self.plan.as_ref()?.schedule.grid.index_of(self.now)
    }

    fn energy_ahead(&self, state: &SessionState, plan: &SessionPlan) -> Energy {
        let Some(schedule) = self.plan.as_ref().map(|plan| &plan.schedule) else { return Energy::ZERO };
        let ahead = |step: Interval| step.intersection(&Interval { start: self.now, end: schedule.grid.end() });
        let steps = schedule.grid.steps().zip(&plan.power_w);
        let allowed: Energy = steps.filter_map(|(step, power)| Some(*power * ahead(step)?.duration())).sum();
        allowed * state.uptake.as_ratio()
    }

    fn reason(&self, id: &SessionId) -> Option<Reason> {
        let plan = self.plan.as_ref()?;
        let withheld = plan.withheld.iter().find(|(session, _)| session == id).map(|(_, reason)| reason.clone());
        withheld.or_else(|| plan.schedule.session(id)?.reasons.get(self.step_now()?)?.clone())
    }

    fn prices(&self) -> Vec<PriceStep> {
        let Some(plan) = &self.plan else { return Vec::new() };
        let steps = plan.snapshot.grid.steps().zip(&plan.snapshot.prices);
        let mut merged: Vec<PriceStep> = Vec::new();
        for (step, price) in steps {
            match merged.last_mut().filter(|last| last.price_per_kwh == *price) {
                Some(last) => last.end = step.end,
                None => merged.push(PriceStep { start: step.start, end: step.end, price_per_kwh: *price }),
            }
        }
        merged
    }

    fn badges(&self, limits: &[GridLimit], last: Option<&MeterReading>) -> Vec<Badge> {
        let mut kinds: Vec<_> = self.limited_by_grid(limits).into_iter().collect();
        if let Some((plan, breach)) = self.plan.as_ref().and_then(|plan| Some((plan, plan.schedule.breaches.first()?)))
        {
            let from = plan.schedule.grid.step(breach.step).start;
            kinds.push(BadgeKind::BaseLoadAboveLimit { node: breach.node.clone(), from, excess_w: breach.excess_w });
        }
        if self.plan.as_ref().is_some_and(|plan| plan.schedule.status == PlanStatus::Fallback) {
            kinds.push(BadgeKind::FallbackPlan);
        }
        if let Some(reading) = last.filter(|reading| self.now - reading.end > METER_SILENT_AFTER) {
            kinds.push(BadgeKind::MeterSilent { since: reading.end });
        }
        kinds.into_iter().map(|kind| Badge::new(kind, self.now, self.site.site.time_zone)).collect()
    }

    /// Says that a utility's limit holds a session back now, if one does, and until when that limit's interval runs.
    fn limited_by_grid(&self, limits: &[GridLimit]) -> Option<BadgeKind> {
        let plan = self.plan.as_ref()?;
        let step = self.step_now()?;
        let reasons = plan.schedule.sessions.iter().filter_map(|session| session.reasons.get(step)?.as_ref());
        let id = reasons.into_iter().find_map(|reason| match reason {
            Reason::NodeLimit { basis: Basis::Limit(id), .. } => Some(id),
            _ => None,
        })?;
        let limit = limits.iter().find(|limit| limit.id == *id);
        let interval = limit.and_then(|limit| limit.intervals.iter().find(|item| item.interval.contains(self.now)));
        Some(BadgeKind::LimitedByGrid { until: interval.map(|item| item.interval.end) })
    }
}

fn profile_state(station: &StationState) -> ProfileState {
    match station {
        StationState { responsive: false, .. } => ProfileState::Silent,
        StationState { under_way: true, .. } => ProfileState::InFlight,
        StationState { in_force_since: Some(_), .. } => ProfileState::Acknowledged,
        StationState { .. } => ProfileState::None,
    }
}

fn ahead(plan: &PlanState) -> Ahead {
    let expected = plan.base_load_expected_w.clone();
    Ahead { edges: plan.schedule.grid.clone(), base_load_expected_w: expected, base_load_guard_w: plan.guard_w.clone() }
}

/// Means of the base load and the last reported power of each session, over equal steps.
fn past(
    window: Interval,
    readings: &[MeterReading],
    sessions: &[Session],
    powers: &BTreeMap<SessionId, Vec<(DateTime<Utc>, Power)>>,
) -> Past {
    let mut past = Past::default();
    let mut start = floor_to(window.start, PAST_STEP) + PAST_STEP;
    while start < window.end {
        let step = Interval { start, end: (start + PAST_STEP).min(window.end) };
        let from = readings.partition_point(|reading| reading.end <= step.start);
        let until = readings.partition_point(|reading| reading.start < step.end);
        let base: Vec<Power> = readings[from..until].iter().filter_map(|reading| reading.base_load_w).collect();
        let mean = (!base.is_empty()).then(|| base.iter().copied().sum::<Power>() / base.len() as f64);
        let drawing: Vec<(SessionId, Power)> =
            sessions.iter().filter_map(|session| power_during(session, step, powers)).collect();
        past.push(step.start, mean, drawing.iter().map(|(id, power)| (id, *power)));
        start += PAST_STEP;
    }
    past
}

fn power_during(
    session: &Session,
    step: Interval,
    powers: &BTreeMap<SessionId, Vec<(DateTime<Utc>, Power)>>,
) -> Option<(SessionId, Power)> {
    if session.started_at >= step.end || session.ended_at.is_some_and(|ended| ended <= step.start) {
        return None;
    }
    let id = session.key.session_id();
    let reported = powers.get(&id)?;
    let last = reported.partition_point(|(at, _)| *at < step.end).checked_sub(1)?;
    Some((id, reported[last].1))
}
