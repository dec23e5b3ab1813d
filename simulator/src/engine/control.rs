//! One site under control: what the controller believes, when it plans, what it sends.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::GridTree;
use headroom_domain::limit::EffectiveInterval;
use headroom_domain::preference::ChargingPreference;
use headroom_domain::profile::{Belief, ChargingProfile};
use headroom_domain::schedule::{PlanStatus, Schedule};
use headroom_domain::session::Appetite;
use headroom_domain::time::floor_to;
use headroom_domain::{Energy, Interval, Power, SessionId, TimeGrid};
use headroom_forecasting::{Reading, Uptake};
use headroom_optimizer::assemble::{AssembleError, Observation, ObservedSession, assemble, planning_grid};
use headroom_optimizer::dispatch::dispatch;
use headroom_optimizer::rolling::{Call, Memory, stands, step_with};
use headroom_optimizer::snapshot::{Settings, Snapshot};
use headroom_optimizer::strategies::valley_filling;

use super::foresight::Foresight;
use super::options::RunOptions;
use super::record::QuarterPeak;
use super::rule::{AHEAD, Moment, RuleBook};
use super::run::CONTROL_STEP;
use super::strategy::Strategy;
use super::trust::Trust;
use crate::world::{SitePlan, World};

/// So much that a busy machine does not change what is planned. **Units**: s, of real time.
const DEADLINE_S: f64 = 60.0;

/// What the controller knows of a session beside what it observes.
struct Known {
    /// Position of the session in the plan.
    session: usize,
    uptake: Uptake,
    acknowledged_at: DateTime<Utc>,
    trust: Trust,
}

/// The controller of a site.
pub(super) struct Controller {
    plan: Arc<SitePlan>,
    tree: GridTree,
    /// The limits that it was told.
    limits: Vec<EffectiveInterval>,
    strategy: Strategy,
    rule: Option<RuleBook>,
    timeout: TimeDelta,
    /// The sessions that are there, in the order in which they came; three lists of one length.
    known: Vec<Known>,
    observed: Vec<ObservedSession>,
    evses: Vec<usize>,
    foresight: Foresight,
    /// The plan and what it was made for.
    plan_in_force: Option<(Snapshot, Schedule)>,
    memory: Memory,
    /// Whether someone waits for others to be acknowledged.
    waits: bool,
}

impl Controller {
    /// Makes a controller that knows the base load so far, by quarter hours.
    pub(super) fn new(
        plan: Arc<SitePlan>,
        options: &RunOptions,
        history: &[(Interval, Power)],
    ) -> Result<Self, AssembleError> {
        let rule = options.strategy.rule().map(|rule| RuleBook::new(&plan.site, rule)).transpose()?;
        Ok(Self {
            tree: plan.site.tree()?,
            limits: plan.limits.clone(),
            strategy: options.strategy,
            rule,
            timeout: TimeDelta::seconds(i64::from(options.messaging.timeout_s)),
            known: Vec::new(),
            observed: Vec::new(),
            evses: Vec::new(),
            foresight: Foresight::new(plan.clone(), options.forecast, history),
            plan_in_force: None,
            memory: Memory::default(),
            waits: false,
            plan,
        })
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
        let plan = &self.plan.sessions[session];
        let site = &self.plan.site;
        let Some(place) = site.evses.iter().position(|evse| evse.uid.eq_ignore_ascii_case(&plan.evse_uid)) else {
            return;
        };
        let evse = &site.evses[place];
        let uptake = Uptake::new(evse.phases.len());
        self.observed.push(ObservedSession {
            // Numbers first, so that names sort as sessions came.
            id: SessionId::new(format!("{session:06} {}", plan.id)),
            evse_uid: plan.evse_uid.clone(),
            takes_profiles: true,
            started_at: plan.arrival,
            energy_wh: Energy::ZERO,
            power_w: None,
            preference: None,
            belief: Belief::untouched(site.station_default(evse).unwrap_or_default()),
            responsive: true,
            uptake: uptake.cautious_share(),
            load_share: uptake.share(),
            useful_w: None,
            appetite: Appetite::Usual,
        });
        self.evses.push(place);
        self.known.push(Known { session, uptake, acknowledged_at: now, trust: Trust::default() });
    }

    /// Notes that a vehicle left.
    pub(super) fn left(&mut self, session: usize) {
        if let Some(at) = self.position(session) {
            self.known.remove(at);
            self.observed.remove(at);
            self.evses.remove(at);
        }
    }

    fn position(&self, session: usize) -> Option<usize> {
        self.known.iter().position(|known| known.session == session)
    }

    /// Notes that a station took a profile.
    pub(super) fn acknowledged(&mut self, session: usize, profile: ChargingProfile, now: DateTime<Utc>) {
        let Some(at) = self.position(session) else { return };
        let (known, belief) = (&mut self.known[at], &mut self.observed[at].belief);
        // Messages keep their order: what was sent before it is in force no more.
        if let Some(position) = belief.in_flight.iter().position(|sent| *sent == profile) {
            belief.in_flight.drain(..=position);
        }
        known.trust.answered(belief.in_flight.len());
        belief.acknowledged = Some(profile);
        known.acknowledged_at = now;
    }

    /// Notes the base load of a quarter hour that has passed.
    pub(super) fn measured(&mut self, interval: Interval, base_load: Power) {
        self.foresight.measured(interval, base_load);
    }

    /// Tells whether a vehicle is there.
    pub(super) fn is_busy(&self) -> bool {
        !self.known.is_empty()
    }

    /// Tells whether an acknowledgement can change anything: someone waits for it.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Plans when the plan in force does not stand, and returns what is sent now.
    pub(super) fn act(&mut self, world: &World, call: Call, peak: &QuarterPeak) -> Result<Act, AssembleError> {
        let now = world.now();
        self.observe(now);
        let act = match &self.rule {
            Some(_) => self.by_rule(now),
            None => self.by_plan(now, call, peak)?,
        };
        self.waits = act.withheld > 0;
        for (at, profile) in &act.orders {
            self.observed[*at].belief.in_flight.push(profile.clone());
            self.known[*at].trust.asked(now);
        }
        let orders = act.orders.into_iter().map(|(at, profile)| (self.known[at].session, profile)).collect();
        Ok(Act { orders, ..act })
    }

    fn by_rule(&mut self, now: DateTime<Utc>) -> Act {
        let Some(rule) = &self.rule else { return Act::default() };
        let start = floor_to(now, CONTROL_STEP);
        let forecast = self.foresight.over(TimeGrid::uniform(start, CONTROL_STEP, 3), now);
        let guard = forecast.at_least(self.plan.site.guard());
        let ahead = forecast.grid.steps().zip(guard).filter(|(step, _)| step.start < now + AHEAD);
        let base_load = ahead.map(|(_, power)| *power).fold(Power::ZERO, Power::max);
        let (site, limits, sessions, evses) = (&self.plan.site, &self.limits, &self.observed, &self.evses);
        let decision = rule.decide(&Moment { now, site, limits, base_load, sessions, evses });
        Act { orders: decision.orders, status: Some(PlanStatus::Fallback), withheld: decision.withheld }
    }

    fn by_plan(&mut self, now: DateTime<Utc>, call: Call, peak: &QuarterPeak) -> Result<Act, AssembleError> {
        let observation = Observation {
            now,
            site: &self.plan.site,
            tree: &self.tree,
            effective: &self.limits,
            base_load: self.foresight.over(planning_grid(now), now),
            tariff: &self.plan.prices.elements,
            peak_so_far: peak.highest(),
            sessions: &self.observed,
            settings: Settings { deadline_s: DEADLINE_S, ..Settings::default() },
        };
        let snapshot = assemble(&observation)?;
        let stands = |(planned, schedule): &(Snapshot, Schedule)| stands(call, planned, schedule, &snapshot);
        let standing = self.plan_in_force.take().filter(stands);
        let is_new = standing.is_none();
        let schedule = match &standing {
            Some((_, schedule)) => schedule.clone(),
            None if self.strategy == Strategy::ValleyFilling => valley_filling(&snapshot),
            None => step_with(&mut self.memory, &snapshot),
        };
        let dispatch = dispatch(&snapshot, &schedule);
        let status = is_new.then_some(schedule.status);
        self.plan_in_force = standing.or(Some((snapshot, schedule)));
        let at: BTreeMap<&SessionId, usize> =
            self.observed.iter().enumerate().map(|(at, session)| (&session.id, at)).collect();
        let orders = dispatch.orders.into_iter();
        let orders = orders.filter_map(|order| Some((*at.get(&order.session)?, order.profile))).collect();
        Ok(Act { orders, status, withheld: dispatch.withheld.len() })
    }

    /// Reads the meters of the stations.
    pub(super) fn read(&mut self, world: &World) {
        for (known, observed) in self.known.iter().zip(&mut self.observed) {
            let Some(plugged) = world.station_of(known.session).and_then(|station| station.plugged.as_ref()) else {
                continue;
            };
            (observed.energy_wh, observed.power_w) = (plugged.energy_wh, Some(plugged.draw.power_w));
        }
    }

    /// Notes that no meter can be read.
    pub(super) fn blind(&mut self) {
        for observed in &mut self.observed {
            observed.power_w = None;
        }
    }

    /// Learns what vehicles take of what they may, where one profile alone is in force.
    pub(super) fn learn(&mut self, at: DateTime<Utc>) {
        for (known, observed) in self.known.iter_mut().zip(&self.observed) {
            let belief = &observed.belief;
            let Some(profile) = belief.acknowledged.as_ref().filter(|_| belief.in_flight.is_empty()) else {
                continue;
            };
            let reading = observed.power_w.and_then(|power| Reading::under(profile, known.acknowledged_at, at, power));
            if let Some(reading) = reading {
                known.uptake.observe(reading);
            }
        }
    }

    /// Brings what is observed up to now.
    fn observe(&mut self, now: DateTime<Utc>) {
        for (known, observed) in self.known.iter_mut().zip(&mut self.observed) {
            known.trust.wait_until(now, self.timeout);
            observed.preference = preference(&self.plan, known.session, now);
            observed.responsive = known.trust.may_be_told(now);
            observed.uptake = known.uptake.cautious_share();
            observed.load_share = known.uptake.share();
            observed.useful_w = known.uptake.useful_allowance();
            observed.appetite = known.uptake.appetite();
        }
    }
}

fn preference(plan: &SitePlan, session: usize, now: DateTime<Utc>) -> Option<ChargingPreference> {
    let stated = plan.sessions[session].preference.as_ref().filter(|stated| stated.stated_at <= now)?;
    Some(ChargingPreference {
        profile_type: stated.profile_type,
        departure: stated.departure,
        energy_need_wh: stated.energy_wh,
        discharge_allowed: false,
        stated_at: stated.stated_at,
    })
}

/// What the controller did.
#[derive(Default)]
pub(super) struct Act {
    /// Profiles to send: to the sessions of the plan at these positions.
    pub(super) orders: Vec<(usize, ChargingProfile)>,
    /// How a new plan came about, when one was made.
    pub(super) status: Option<PlanStatus>,
    /// Increases that wait.
    pub(super) withheld: usize,
}
