//! A site as it physically is: stations, vehicles that come and go, base load, and the meters that see it all.
//!
//! The world obeys physics and the profiles that its stations hold, nothing else. It runs in the virtual CPO, in the
//! engine of `simulate`, and once more as the twin in which nobody steers.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::GridTree;
use headroom_domain::invariants::import_limit_at;
use headroom_domain::limit::EffectiveInterval;
use headroom_domain::series::Series;
use headroom_domain::site::{Site, SiteError};
use headroom_domain::time::floor_to;
use headroom_domain::{Current, Energy, Interval, Power};
use serde::{Deserialize, Serialize};

use crate::station::{CurrentProfile, Station};

mod circuits;
mod meter;
mod plan;
mod score;

pub use meter::{Meter, Reading, TraceStep, Violation};
pub use plan::{Prices, SessionPlan, SitePlan, StatedPreference};
pub use score::{Score, SessionOutcome, score, twin};

/// The longest stretch over which powers are taken as constant.
const STEP: TimeDelta = TimeDelta::seconds(10);

/// A vehicle that came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at: DateTime<Utc>,
    /// Position of its session in the plan.
    pub session: usize,
    /// Whether it came.
    pub came: bool,
}

/// The site and what has happened at it so far.
pub struct World {
    plan: Arc<SitePlan>,
    tree: GridTree,
    stations: Vec<Station>,
    by_uid: BTreeMap<String, usize>,
    now: DateTime<Utc>,
    next_arrival: usize,
    meter: Meter,
    delivered: Vec<Delivered>,
}

/// What a session got so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Delivered {
    energy_wh: Energy,
    cost: f64,
}

impl World {
    /// Makes the world at the start of its plan: no vehicle is there yet.
    pub fn new(plan: Arc<SitePlan>) -> Result<Self, SiteError> {
        let tree = plan.site.tree()?;
        let default = Current::from_a(plan.site.safe_mode.station_default_a);
        let mut stations = Vec::with_capacity(plan.site.evses.len());
        for evse in &plan.site.evses {
            stations.push(Station::new(evse.uid.clone(), evse.wiring()?, default));
        }
        let by_uid = stations.iter().enumerate().map(|(index, station)| (key(&station.uid), index)).collect();
        let delivered = vec![Delivered::default(); plan.sessions.len()];
        let (now, meter) = (plan.window.start, Meter::new(plan.window.start));
        Ok(Self { plan, tree, stations, by_uid, now, next_arrival: 0, meter, delivered })
    }

    /// Makes the world in which nobody steers: every station allows all that its connector carries.
    pub fn uncontrolled(plan: Arc<SitePlan>) -> Result<Self, SiteError> {
        let mut world = Self::new(plan)?;
        for station in &mut world.stations {
            station.default_current = station.wiring.maximum_current_a;
        }
        Ok(world)
    }

    /// Returns what is to happen at the site.
    pub fn plan(&self) -> &Arc<SitePlan> {
        &self.plan
    }

    /// Returns how far it has come.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Returns the meters.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Returns the meters, to take readings from them.
    pub fn meter_mut(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// Returns all stations.
    pub fn stations(&self) -> &[Station] {
        &self.stations
    }

    /// Finds a station by its EVSE's uid.
    pub fn station(&self, uid: &str) -> Option<&Station> {
        self.by_uid.get(&key(uid)).map(|index| &self.stations[*index])
    }

    /// Finds a station by its EVSE's uid, to tell it something.
    pub fn station_mut(&mut self, uid: &str) -> Option<&mut Station> {
        self.by_uid.get(&key(uid)).map(|index| &mut self.stations[*index])
    }

    /// Returns the station where the vehicle of a session is now.
    pub fn station_of(&self, session: usize) -> Option<&Station> {
        let station = self.station(&self.plan.sessions.get(session)?.evse_uid)?;
        station.plugged.as_ref().filter(|plugged| plugged.session == session).map(|_| station)
    }

    /// Gives a session's station a profile; false when its vehicle is not there.
    pub fn set_profile(&mut self, session: usize, profile: CurrentProfile) -> bool {
        let Some(uid) = self.station_of(session).map(|station| station.uid.clone()) else { return false };
        self.station_mut(&uid).map(|station| station.set_profile(profile)).is_some()
    }

    /// Returns what a session got so far.
    pub fn energy_of(&self, session: usize) -> Energy {
        self.delivered.get(session).map_or(Energy::ZERO, |delivered| delivered.energy_wh)
    }

    /// Returns what the energy of a session cost so far.
    pub(crate) fn cost_of(&self, session: usize) -> f64 {
        self.delivered.get(session).map_or(0.0, |delivered| delivered.cost)
    }

    /// Lets time pass until an instant, or the end of the plan, and returns who came and went.
    pub fn advance(&mut self, to: DateTime<Utc>) -> Vec<Happening> {
        let to = to.min(self.plan.window.end);
        let mut happenings = Vec::new();
        self.turn(&mut happenings);
        while self.now < to {
            let end = self.next_edge().min(to);
            self.charge(Interval { start: self.now, end });
            self.now = end;
            self.turn(&mut happenings);
        }
        happenings
    }

    /// Lets vehicles go, then come, at this instant.
    fn turn(&mut self, happenings: &mut Vec<Happening>) {
        let (plan, now) = (self.plan.clone(), self.now);
        for station in &mut self.stations {
            let leaving = station.plugged.as_ref().map(|plugged| plugged.session);
            if let Some(session) = leaving.filter(|session| plan.sessions[*session].departure <= now) {
                station.unplug();
                happenings.push(Happening { at: now, session, came: false });
            }
        }
        while let Some(coming) = plan.sessions.get(self.next_arrival).filter(|coming| coming.arrival <= now) {
            let session = self.next_arrival;
            self.next_arrival += 1;
            let Some(station) = self.station_mut(&coming.evse_uid) else { continue };
            if let Some(gone) = station.unplug() {
                happenings.push(Happening { at: now, session: gone.session, came: false });
            }
            station.plug(session, coming.vehicle.clone());
            happenings.push(Happening { at: now, session, came: true });
        }
    }

    /// Returns the next instant at which anything may change by itself.
    fn next_edge(&self) -> DateTime<Utc> {
        let (plan, now) = (&self.plan, self.now);
        let arrival = plan.sessions.get(self.next_arrival).map(|session| session.arrival);
        let departures = self.stations.iter().filter_map(|station| {
            let plugged = station.plugged.as_ref()?;
            Some(plan.sessions[plugged.session].departure)
        });
        let profiles = self.stations.iter().filter_map(|station| station.next_edge(now));
        let limits = plan.limits.iter().map(|piece| piece.interval.start);
        let edges = arrival.into_iter().chain(departures).chain(profiles).chain(limits);
        edges.filter(|edge| *edge > now).fold(floor_to(now, STEP) + STEP, DateTime::min)
    }

    /// Charges over a stretch in which nothing changes, and meters it.
    fn charge(&mut self, interval: Interval) {
        let price = self.plan.prices.at(interval.start);
        let mut steered = Power::ZERO;
        for station in &mut self.stations {
            let draw = station.advance(interval);
            let Some(plugged) = &station.plugged else { continue };
            steered += draw.power_w;
            let delivered = &mut self.delivered[plugged.session];
            delivered.energy_wh += draw.energy_wh;
            delivered.cost += (price * draw.energy_wh).as_amount();
        }
        let step = TraceStep {
            start: interval.start,
            end: interval.end,
            base_w: self.plan.base_at(interval.start),
            steered_w: steered,
            limit_w: import_limit_at(&self.plan.limits, interval.start),
        };
        let circuits_hold = circuits::hold(&self.tree, &self.plan.site, &self.stations);
        self.meter.record(step, circuits_hold);
    }
}

fn key(uid: &str) -> String {
    uid.to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
