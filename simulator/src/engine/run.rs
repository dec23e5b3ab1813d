//! The event loop: control steps, vehicles, preferences and messages, in the order of their time.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_datasets::PowerRow;
use headroom_domain::profile::ChargingProfile;
use headroom_domain::schedule::PlanStatus;
use headroom_domain::time::floor_to;
use headroom_domain::{Interval, Power};
use headroom_optimizer::rolling::Call;
use serde::{Deserialize, Serialize};

use super::control::Controller;
use super::faults::{Chance, FaultPlan};
use super::options::RunOptions;
use super::record::{QuarterPeak, Recorder};
use super::{SimulateError, Strategy, offline};
use crate::due::Due;
use crate::station::{CurrentProfile, Messaging};
use crate::world::{Happening, SitePlan, World};

/// Time between plans when nothing happens.
pub(super) const CONTROL_STEP: TimeDelta = TimeDelta::minutes(5);
/// How often stations report what is drawn.
const REPORT_STEP: TimeDelta = TimeDelta::minutes(1);

/// What the controller did over a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ControlCounts {
    /// Plans that were made.
    pub plans: u64,
    /// Plans that were no optimum: the solver ran out of time with an answer.
    pub plans_feasible: u64,
    /// Plans by a simple rule.
    pub plans_fallback: u64,
    /// Profiles that were sent.
    pub profiles_sent: u64,
    /// Profiles that stations acknowledged.
    pub profiles_acknowledged: u64,
    /// Profiles whose vehicle left first.
    pub profiles_void: u64,
    /// Messages that were lost on their way, profiles and answers.
    #[serde(default)]
    pub messages_lost: u64,
    /// Times that an increase had to wait.
    pub withheld: u64,
}

/// A run and what came of it.
pub struct Run {
    /// The world at the end.
    pub world: World,
    /// What the controller did.
    pub counts: ControlCounts,
    /// Power per session and control step, by end of the step and arrival.
    pub rows: Vec<PowerRow>,
}

/// A message on its way.
enum Message {
    ToStation(usize, ChargingProfile),
    Back(usize, ChargingProfile),
}

/// Runs a site's plan under a strategy. `history` is the base load before, by quarter hours.
pub fn run(
    plan: &Arc<SitePlan>,
    strategy: Strategy,
    history: &[(Interval, Power)],
    messaging: Messaging,
) -> Result<Run, SimulateError> {
    run_with(plan, &RunOptions { messaging, ..RunOptions::new(strategy) }, history)
}

/// Runs a site's plan with options. `history` is the base load before, by quarter hours.
pub fn run_with(
    plan: &Arc<SitePlan>,
    options: &RunOptions,
    history: &[(Interval, Power)],
) -> Result<Run, SimulateError> {
    let real = options.faults.applied_to(plan);
    let world = match options.strategy {
        Strategy::Uncontrolled => World::uncontrolled(real)?,
        Strategy::Offline => offline::world(&real)?,
        _ => World::new(real)?,
    };
    let steers = options.strategy.steers();
    let mut site = Simulation {
        controller: Controller::new(plan.clone(), options, history)?,
        stops: stops(plan, &options.faults),
        steers,
        peak: QuarterPeak::new(plan.site.time_zone),
        messages: Due::default(),
        recorder: Recorder::default(),
        counts: ControlCounts::default(),
        next_step: plan.window.start,
        next_report: if steers { plan.window.start } else { plan.window.end },
        messaging: options.messaging,
        chance: options.faults.chance(),
        faults: options.faults.clone(),
        unheard: Vec::new(),
        sudden: 0,
        world,
    };
    while site.world.now() < plan.window.end {
        site.turn()?;
    }
    site.recorder.turn(&site.world);
    Ok(Run { world: site.world, counts: site.counts, rows: site.recorder.finish() })
}

/// Returns the instants at which something is learnt: who comes and goes, and what drivers say.
fn stops(plan: &SitePlan, faults: &FaultPlan) -> BTreeSet<DateTime<Utc>> {
    let sessions = plan.sessions.iter();
    sessions
        .flat_map(|one| [Some(one.arrival), Some(one.departure), one.preference.as_ref().map(|said| said.stated_at)])
        .flatten()
        .chain(faults.edges())
        .filter(|at| plan.window.contains(*at))
        .collect()
}

struct Simulation {
    world: World,
    controller: Controller,
    stops: BTreeSet<DateTime<Utc>>,
    steers: bool,
    peak: QuarterPeak,
    messages: Due<Message>,
    recorder: Recorder,
    counts: ControlCounts,
    next_step: DateTime<Utc>,
    next_report: DateTime<Utc>,
    messaging: Messaging,
    faults: FaultPlan,
    chance: Chance,
    /// Who came and went while the partner was silent.
    unheard: Vec<Happening>,
    /// How many sudden limits the controller knows of.
    sudden: usize,
}

impl Simulation {
    /// Goes on to the next instant at which anything is to be done, and does it.
    fn turn(&mut self) -> Result<(), SimulateError> {
        let stop = self.stops.first().copied();
        let end = self.world.plan().window.end;
        let now = stop.into_iter().chain(self.messages.next()).chain([self.next_report]);
        let now = now.fold(self.next_step, DateTime::min).min(end);
        self.live(now);
        self.read(now);
        let heard = self.deliver(now);
        let on_time = now >= self.next_step;
        if on_time {
            self.next_step = floor_to(now, CONTROL_STEP) + CONTROL_STEP;
            self.recorder.turn(&self.world);
        }
        let call = if stop.is_some_and(|stop| stop <= now) {
            Some(Call::Event)
        } else if on_time {
            Some(Call::Timer)
        } else {
            (heard && self.controller.waits()).then_some(Call::Acknowledgement)
        };
        self.stops = self.stops.split_off(&(now + TimeDelta::nanoseconds(1)));
        if let Some(call) = call.filter(|_| self.steers && self.controller.is_busy()) {
            self.act(call)?;
        }
        Ok(())
    }

    fn live(&mut self, now: DateTime<Utc>) {
        let seen = self.world.advance(now);
        for seen in &seen {
            if seen.came {
                self.recorder.begin(&self.world, seen.session);
            } else {
                self.recorder.end(&self.world, seen.session, seen.at);
            }
        }
        self.unheard.extend(seen);
        if !self.faults.is_silent(now) {
            for heard in std::mem::take(&mut self.unheard) {
                if heard.came {
                    self.controller.came(heard.session, heard.at);
                } else {
                    self.controller.left(heard.session);
                }
            }
        }
        let limits = self.faults.sudden_limits.iter().filter(|limit| limit.interval.start <= now).count();
        if limits > self.sudden {
            self.sudden = limits;
            let known = self.faults.sudden_limits.iter().filter(|limit| limit.interval.start <= now);
            let announced = self.controller.announced_limits().to_vec();
            self.controller.told_limits(known.fold(announced, |limits, one| one.tighten(&limits)));
        }
    }

    /// Reads the meters, if they can be read.
    fn read(&mut self, now: DateTime<Utc>) {
        let readings = self.world.meter_mut().take_readings();
        if self.faults.is_meter_dead(now) {
            self.peak.forget();
        } else {
            for reading in readings {
                if let Some((quarter, base_load)) = self.peak.take(reading) {
                    self.controller.measured(quarter, base_load);
                }
            }
        }
        if self.faults.is_meter_dead(now) || self.faults.is_silent(now) {
            self.controller.blind();
        } else {
            self.controller.read(&self.world);
        }
        if now >= self.next_report {
            self.next_report = floor_to(now, REPORT_STEP) + REPORT_STEP;
            self.controller.learn(now);
        }
    }

    /// Delivers what is due; true when the controller heard something.
    fn deliver(&mut self, now: DateTime<Utc>) -> bool {
        let mut heard = false;
        while let Some((_, message)) = self.messages.take(now) {
            if self.faults.is_silent(now) {
                self.counts.messages_lost += 1;
                continue;
            }
            match message {
                Message::ToStation(session, profile) => {
                    let wiring = self.world.station_of(session).map(|station| station.wiring.clone());
                    let taken = wiring.is_some_and(|wiring| {
                        self.world.set_profile(session, CurrentProfile::from_power(&profile, &wiring))
                    });
                    if taken {
                        self.messages.add(now + self.messaging.callback_delay(), Message::Back(session, profile));
                    } else {
                        self.counts.profiles_void += 1;
                    }
                }
                Message::Back(..) if self.chance.strikes() => self.counts.messages_lost += 1,
                Message::Back(session, profile) => {
                    self.counts.profiles_acknowledged += 1;
                    self.controller.acknowledged(session, profile, now);
                    heard = true;
                }
            }
        }
        heard
    }

    fn act(&mut self, call: Call) -> Result<(), SimulateError> {
        let act = self.controller.act(&self.world, call, &self.peak)?;
        self.counts.plans += u64::from(act.status.is_some());
        self.counts.plans_feasible += u64::from(act.status == Some(PlanStatus::Feasible));
        self.counts.plans_fallback += u64::from(act.status == Some(PlanStatus::Fallback));
        self.counts.withheld += act.withheld as u64;
        self.counts.profiles_sent += act.orders.len() as u64;
        let arrives = self.world.now() + self.messaging.forward_delay();
        for (session, profile) in act.orders {
            self.world.count_profile();
            self.messages.add(arrives, Message::ToStation(session, profile));
        }
        Ok(())
    }
}
