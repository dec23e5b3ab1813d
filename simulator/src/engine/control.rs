//! One site under control: what the controller believes, when it plans, what it sends.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::forecast::{Forecast, Quantity};
use headroom_domain::limit::EffectiveInterval;
use headroom_domain::preference::ChargingPreference;
use headroom_domain::profile::{Belief, ChargingProfile};
use headroom_domain::schedule::Schedule;
use headroom_domain::{Energy, Interval, Power, Ratio, SessionId, TimeGrid};
use headroom_forecasting::{DayTypeProfile, Model, Reading, Uptake};
use headroom_optimizer::assemble::{AssembleError, Observation, ObservedSession, assemble, planning_grid};
use headroom_optimizer::dispatch::dispatch;
use headroom_optimizer::rolling::{Memory, step_with, still_fits};
use headroom_optimizer::snapshot::Settings;
use headroom_optimizer::strategies::{by_rule, valley_filling};

use super::options::RunOptions;
use super::record::QuarterPeak;
use super::strategy::{ForecastSetting, Strategy};
use super::trust::Trust;
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
    trust: Trust,
    /// What its meter showed last.
    energy_wh: Energy,
    power_w: Option<Power>,
}

/// The controller of a site.
pub(super) struct Controller {
    plan: Arc<SitePlan>,
    /// The limits that it was told.
    limits: Vec<EffectiveInterval>,
    strategy: Strategy,
    setting: ForecastSetting,
    timeout: TimeDelta,
    known: BTreeMap<usize, Known>,
    schedule: Option<Schedule>,
    memory: Memory,
    model: Option<(DateTime<Utc>, Model)>,
    forecast: Option<(usize, Forecast)>,
    base_load: Vec<(Interval, Power)>,
}

impl Controller {
    /// Makes a controller that knows the base load so far, by quarter hours.
    pub(super) fn new(plan: Arc<SitePlan>, options: &RunOptions, history: &[(Interval, Power)]) -> Self {
        Self {
            limits: plan.limits.clone(),
            strategy: options.strategy,
            setting: options.forecast,
            timeout: TimeDelta::seconds(i64::from(options.messaging.timeout_s)),
            known: BTreeMap::new(),
            schedule: None,
            memory: Memory::default(),
            model: None,
            forecast: None,
            base_load: history.to_vec(),
            plan,
        }
    }

    /// Returns the limits that everyone knew beforehand.
    pub(super) fn announced_limits(&self) -> &[EffectiveInterval] {
        &self.plan.limits
    }

    /// Notes which limits hold from now on.
    pub(super) fn told_limits(&mut self, limits: Vec<EffectiveInterval>) {
        self.limits = limits;
    }

    /// Notes that a vehicle came.
    pub(super) fn came(&mut self, session: usize, now: DateTime<Utc>) {
        let Some(evse) = self.plan.site.evse(&self.plan.sessions[session].evse_uid) else { return };
        let fallback = self.plan.site.station_default(evse).unwrap_or_default();
        let uptake = Uptake::new(evse.phases.len());
        let belief = Belief::untouched(fallback);
        let (trust, energy_wh, power_w) = (Trust::default(), Energy::ZERO, None);
        self.known.insert(session, Known { belief, uptake, acknowledged_at: now, trust, energy_wh, power_w });
    }

    /// Notes that a vehicle left.
    pub(super) fn left(&mut self, session: usize) {
        self.known.remove(&session);
    }

    /// Notes that a station took a profile.
    pub(super) fn acknowledged(&mut self, session: usize, profile: ChargingProfile, now: DateTime<Utc>) {
        let Some(known) = self.known.get_mut(&session) else { return };
        // Messages keep their order: what was sent before it is in force no more.
        if let Some(position) = known.belief.in_flight.iter().position(|sent| *sent == profile) {
            known.belief.in_flight.drain(..=position);
        }
        known.trust.answered(known.belief.in_flight.len());
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
        for known in self.known.values_mut() {
            known.trust.wait_until(now, self.timeout);
        }
        let sessions = self.observe(now);
        self.refresh_forecast(now);
        let plan = self.plan.clone();
        let Some((_, base_load)) = &self.forecast else { return Ok(Act::default()) };
        let observation = Observation {
            now,
            site: &plan.site,
            effective: &self.limits,
            base_load,
            tariff: &plan.prices.elements,
            peak_so_far: peak.highest(),
            sessions: &sessions,
            settings: Settings { deadline_s: DEADLINE_S, ..Settings::default() },
        };
        let snapshot = assemble(&observation)?;
        let standing = self.schedule.take().filter(|schedule| !replan && still_fits(schedule, &snapshot));
        let planned = standing.is_none();
        let schedule = standing.unwrap_or_else(|| match (self.strategy, self.strategy.rule()) {
            (_, Some(rule)) => by_rule(&snapshot, rule),
            (Strategy::ValleyFilling, _) => valley_filling(&snapshot),
            _ => step_with(&mut self.memory, &snapshot),
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
                known.trust.asked(now);
                orders.push((session, order.profile));
            }
        }
        Ok(Act { orders, status, withheld: dispatch.withheld.len() })
    }

    /// Reads the meters of the stations.
    pub(super) fn read(&mut self, world: &World) {
        for (session, known) in &mut self.known {
            let Some(plugged) = world.station_of(*session).and_then(|station| station.plugged.as_ref()) else {
                continue;
            };
            (known.energy_wh, known.power_w) = (plugged.energy_wh, Some(plugged.draw.power_w));
        }
    }

    /// Notes that no meter can be read.
    pub(super) fn blind(&mut self) {
        for known in self.known.values_mut() {
            known.power_w = None;
        }
    }

    /// Learns what vehicles take of what they may, where one profile alone is in force.
    pub(super) fn learn(&mut self, at: DateTime<Utc>) {
        for known in self.known.values_mut() {
            let Some(profile) = known.belief.acknowledged.as_ref().filter(|_| known.belief.in_flight.is_empty()) else {
                continue;
            };
            let reading = known.power_w.and_then(|power| Reading::under(profile, known.acknowledged_at, at, power));
            if let Some(reading) = reading {
                known.uptake.observe(reading);
            }
        }
    }

    fn observe(&self, now: DateTime<Utc>) -> Vec<ObservedSession> {
        let observe = |(session, known): (&usize, &Known)| {
            let plan = &self.plan.sessions[*session];
            ObservedSession {
                id: self.session_id(*session),
                evse_uid: plan.evse_uid.clone(),
                takes_profiles: true,
                started_at: plan.arrival,
                energy_wh: known.energy_wh,
                power_w: known.power_w,
                preference: self.preference(*session, now),
                belief: known.belief.clone(),
                responsive: known.trust.may_be_told(now),
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

    /// Forecasts the base load anew when another step has begun or something was measured.
    fn refresh_forecast(&mut self, now: DateTime<Utc>) {
        let grid = planning_grid(now);
        let measured = self.base_load.len();
        let is_fresh = |(length, forecast): &(usize, Forecast)| *length == measured && forecast.grid == grid;
        if !self.forecast.as_ref().is_some_and(is_fresh) {
            self.forecast = Some((measured, self.forecast(grid, now)));
        }
    }

    fn forecast(&mut self, grid: TimeGrid, now: DateTime<Utc>) -> Forecast {
        let site = &self.plan.site;
        let configured = Power::try_new(site.base_load_kw * 1000.0).unwrap_or_default();
        match self.setting {
            ForecastSetting::Configured => headroom_forecasting::configured(site.node(), configured, &grid, now),
            ForecastSetting::Perfect => self.foreseen(grid, now),
            ForecastSetting::Learnt => {
                if self.model.as_ref().is_none_or(|(made, _)| now - *made >= REFIT_AFTER) {
                    let model = DayTypeProfile::new(configured).fit(&self.base_load, site.time_zone);
                    self.model = Some((now, model));
                }
                let from = self.base_load.partition_point(|(interval, _)| interval.start < now - RECENT);
                let recent = &self.base_load[from..];
                match &self.model {
                    Some((_, model)) => model.predict(site.node(), recent, &grid, now),
                    None => headroom_forecasting::configured(site.node(), configured, &grid, now),
                }
            }
        }
    }

    /// Returns what the base load will be: its mean in each step as expected, its highest as the guard.
    fn foreseen(&self, grid: TimeGrid, now: DateTime<Utc>) -> Forecast {
        let expected = self.plan.base_load.resample(&grid).values().to_vec();
        let highest = |(step, mean): (Interval, &Power)| {
            self.plan.base_over(step).map(|(_, power)| power).fold(*mean, Power::max)
        };
        let guard = grid.steps().zip(&expected).map(highest).collect();
        let quantiles = vec![(Ratio::from_ratio(0.5), expected), (Ratio::from_ratio(1.0), guard)];
        Forecast { quantity: Quantity::BaseLoad, node: self.plan.site.node(), issued_at: now, grid, quantiles }
    }

    fn session_id(&self, session: usize) -> SessionId {
        // Numbers first, so that names sort as sessions came.
        SessionId::new(format!("{session:06} {}", self.plan.sessions[session].id))
    }
}

/// What the controller did.
#[derive(Default)]
pub(super) struct Act {
    /// Profiles to send.
    pub(super) orders: Vec<(usize, ChargingProfile)>,
    /// How a new plan came about, when one was made.
    pub(super) status: Option<headroom_domain::schedule::PlanStatus>,
    /// Increases that wait.
    pub(super) withheld: usize,
}
