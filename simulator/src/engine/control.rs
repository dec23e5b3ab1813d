//! One site under control: what the controller believes, when it plans, what it sends.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::forecast::Forecast;
use headroom_domain::preference::ChargingPreference;
use headroom_domain::profile::{Belief, ChargingProfile};
use headroom_domain::schedule::Schedule;
use headroom_domain::{Energy, Interval, Power, SessionId};
use headroom_forecasting::{DayTypeProfile, Model, Reading, Uptake};
use headroom_optimizer::assemble::{AssembleError, Observation, ObservedSession, assemble, planning_grid};
use headroom_optimizer::dispatch::dispatch;
use headroom_optimizer::rolling::{Memory, step_with, still_fits};
use headroom_optimizer::snapshot::Settings;
use headroom_optimizer::strategies::equal_share;

use super::Strategy;
use super::record::QuarterPeak;
use crate::world::{SitePlan, World};

/// How long a learnt base load is used.
const REFIT_AFTER: TimeDelta = TimeDelta::hours(24);

/// How much of the latest base load corrects a forecast.
const RECENT: TimeDelta = TimeDelta::hours(3);

/// So much that a busy machine does not change what is planned. **Units**: s, of real time.
const DEADLINE_S: f64 = 60.0;

/// What the controller knows of a session.
struct Known {
    belief: Belief,
    uptake: Uptake,
    acknowledged_at: DateTime<Utc>,
}

/// The controller of a site.
pub(super) struct Controller {
    plan: Arc<SitePlan>,
    strategy: Strategy,
    known: BTreeMap<usize, Known>,
    schedule: Option<Schedule>,
    memory: Memory,
    model: Option<(DateTime<Utc>, Model)>,
    base_load: Vec<(Interval, Power)>,
}

impl Controller {
    /// Makes a controller that knows the base load so far, by quarter hours.
    pub(super) fn new(plan: Arc<SitePlan>, strategy: Strategy, history: &[(Interval, Power)]) -> Self {
        let base_load = history.to_vec();
        let (schedule, memory) = (None, Memory::default());
        Self { plan, strategy, known: BTreeMap::new(), schedule, memory, model: None, base_load }
    }

    /// Notes that a vehicle came.
    pub(super) fn came(&mut self, session: usize, now: DateTime<Utc>) {
        let Some(evse) = self.plan.site.evse(&self.plan.sessions[session].evse_uid) else { return };
        let fallback = self.plan.site.station_default(evse).unwrap_or_default();
        let uptake = Uptake::new(evse.phases.len());
        self.known.insert(session, Known { belief: Belief::untouched(fallback), uptake, acknowledged_at: now });
    }

    /// Notes that a vehicle left.
    pub(super) fn left(&mut self, session: usize) {
        self.known.remove(&session);
    }

    /// Notes that a station took a profile.
    pub(super) fn acknowledged(&mut self, session: usize, profile: ChargingProfile, now: DateTime<Utc>) {
        let Some(known) = self.known.get_mut(&session) else { return };
        if let Some(position) = known.belief.in_flight.iter().position(|sent| *sent == profile) {
            known.belief.in_flight.remove(position);
        }
        known.belief.acknowledged = Some(profile);
        known.acknowledged_at = now;
    }

    /// Notes the base load of a quarter hour that has passed.
    pub(super) fn measured(&mut self, interval: Interval, base_load: Power) {
        self.base_load.push((interval, base_load));
    }

    /// Tells whether a vehicle is there.
    pub(super) fn is_busy(&self) -> bool {
        !self.known.is_empty()
    }

    /// Plans when asked to, or when the plan no longer fits, and returns what is sent now.
    pub(super) fn act(&mut self, world: &World, replan: bool, peak: &QuarterPeak) -> Result<Act, AssembleError> {
        let now = world.now();
        let sessions = self.observe(world);
        let base_load = self.forecast(now);
        let plan = self.plan.clone();
        let observation = Observation {
            now,
            site: &plan.site,
            effective: &plan.limits,
            base_load: &base_load,
            tariff: &plan.prices.elements,
            peak_so_far: peak.highest(),
            sessions: &sessions,
            settings: Settings { deadline_s: DEADLINE_S, ..Settings::default() },
        };
        let snapshot = assemble(&observation)?;
        let standing = self.schedule.take().filter(|schedule| !replan && still_fits(schedule, &snapshot));
        let planned = standing.is_none();
        let schedule = standing.unwrap_or_else(|| match self.strategy {
            Strategy::EqualShare => equal_share(&snapshot),
            Strategy::Uncontrolled | Strategy::Optimized => step_with(&mut self.memory, &snapshot),
        });
        let dispatch = dispatch(&snapshot, &schedule);
        let status = planned.then_some(schedule.status);
        self.schedule = Some(schedule);
        let by_id: BTreeMap<SessionId, usize> =
            self.known.keys().map(|session| (self.session_id(*session), *session)).collect();
        let mut orders = Vec::with_capacity(dispatch.orders.len());
        for order in dispatch.orders {
            let Some(&session) = by_id.get(&order.session) else { continue };
            if let Some(known) = self.known.get_mut(&session) {
                known.belief.in_flight.push(order.profile.clone());
                orders.push((session, order.profile));
            }
        }
        Ok(Act { orders, status, withheld: dispatch.withheld.len() })
    }

    /// Learns what vehicles take of what they may, where one profile alone is in force.
    pub(super) fn learn(&mut self, world: &World) {
        let at = world.now();
        for (session, known) in &mut self.known {
            let Some(profile) = known.belief.acknowledged.as_ref().filter(|_| known.belief.in_flight.is_empty()) else {
                continue;
            };
            let Some(plugged) = world.station_of(*session).and_then(|station| station.plugged.as_ref()) else {
                continue;
            };
            if let Some(reading) = Reading::under(profile, known.acknowledged_at, at, plugged.draw.power_w) {
                known.uptake.observe(reading);
            }
        }
    }

    fn observe(&self, world: &World) -> Vec<ObservedSession> {
        let observe = |(session, known): (&usize, &Known)| {
            let plan = &self.plan.sessions[*session];
            let plugged = world.station_of(*session).and_then(|station| station.plugged.as_ref());
            ObservedSession {
                id: self.session_id(*session),
                evse_uid: plan.evse_uid.clone(),
                takes_profiles: true,
                started_at: plan.arrival,
                energy_wh: plugged.map_or(Energy::ZERO, |plugged| plugged.energy_wh),
                power_w: plugged.map(|plugged| plugged.draw.power_w),
                preference: self.preference(*session, world.now()),
                belief: known.belief.clone(),
                responsive: true,
                uptake: known.uptake.cautious_share(),
                load_share: known.uptake.share(),
                useful_w: known.uptake.useful_allowance(),
                appetite: known.uptake.appetite(),
            }
        };
        self.known.iter().map(observe).collect()
    }

    fn preference(&self, session: usize, now: DateTime<Utc>) -> Option<ChargingPreference> {
        let stated = self.plan.sessions[session].preference.as_ref().filter(|stated| stated.stated_at <= now)?;
        Some(ChargingPreference {
            profile_type: stated.profile_type,
            departure: stated.departure,
            energy_need_wh: stated.energy_wh,
            discharge_allowed: false,
            stated_at: stated.stated_at,
        })
    }

    fn forecast(&mut self, now: DateTime<Utc>) -> Forecast {
        let site = &self.plan.site;
        if self.model.as_ref().is_none_or(|(made, _)| now - *made >= REFIT_AFTER) {
            let configured = Power::try_new(site.base_load_kw * 1000.0).unwrap_or_default();
            let model = DayTypeProfile::new(configured).fit(&self.base_load, site.time_zone);
            self.model = Some((now, model));
        }
        let from = self.base_load.partition_point(|(interval, _)| interval.start < now - RECENT);
        let recent = &self.base_load[from..];
        let grid = planning_grid(now);
        match &self.model {
            Some((_, model)) => model.predict(site.node(), recent, &grid, now),
            None => headroom_forecasting::configured(site.node(), Power::ZERO, &grid, now),
        }
    }

    fn session_id(&self, session: usize) -> SessionId {
        // Numbers first, so that names sort as sessions came.
        SessionId::new(format!("{session:06} {}", self.plan.sessions[session].id))
    }
}

/// What the controller did.
pub(super) struct Act {
    /// Profiles to send.
    pub(super) orders: Vec<(usize, ChargingProfile)>,
    /// How a new plan came about, when one was made.
    pub(super) status: Option<headroom_domain::schedule::PlanStatus>,
    /// Increases that wait.
    pub(super) withheld: usize,
}
