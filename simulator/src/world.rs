//! A site as it physically is: stations, vehicles that come and go, base load, and the meters that see it all.
//!
//! The world obeys physics and the profiles that its stations hold, nothing else. It runs in the virtual CPO, in the
//! engine of `simulate`, and once more as the twin in which nobody steers.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::EffectiveInterval;
use headroom_domain::series::Series;
use headroom_domain::site::{Site, SiteError};
use headroom_domain::time::floor_to;
use headroom_domain::{CarbonIntensity, Current, Energy, EnergyPrice, Interval, Power};
use serde::{Deserialize, Serialize};

use crate::station::{CurrentProfile, Station};

mod circuits;
mod meter;
mod peaks;
mod plan;
mod score;

use circuits::Circuits;
pub use circuits::{NodeOverload, Overload};
pub use meter::{Meter, Reading, TraceStep, Violation};
pub use peaks::{MonthPeak, month_peaks};
pub use plan::{Prices, SessionPlan, SitePlan, StatedPreference};
pub(crate) use score::demand_charge_cost;
pub use score::{NodeScore, Score, SessionOutcome, score, twin};

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
    stations: Vec<Station>,
    by_uid: BTreeMap<String, usize>,
    /// The station of each session, where the site has it.
    station_of: Vec<Option<usize>>,
    /// The stations with a vehicle, in order.
    occupied: Vec<usize>,
    now: DateTime<Utc>,
    next_arrival: usize,
    /// What energy costs from when on.
    prices: Vec<(DateTime<Utc>, EnergyPrice)>,
    meter: Meter,
    circuits: Circuits,
    delivered: Vec<Delivered>,
    profiles_sent: u64,
    /// What vehicles are given whatever they and their stations would make of it, by session; absent: physics.
    given: Option<Vec<GivenPower>>,
}

/// Power over stretches of time, in their order; between them nothing.
pub(crate) type GivenPower = Vec<(Interval, Power)>;

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
        let by_uid: BTreeMap<_, _> =
            stations.iter().enumerate().map(|(index, station)| (key(&station.uid), index)).collect();
        let station_of = plan.sessions.iter().map(|session| by_uid.get(&key(&session.evse_uid)).copied()).collect();
        Ok(Self {
            stations,
            by_uid,
            station_of,
            occupied: Vec::new(),
            now: plan.window.start,
            next_arrival: 0,
            prices: plan.prices.over(plan.window),
            meter: Meter::new(plan.window.start),
            circuits: Circuits::new(&plan.site, &tree)?,
            delivered: vec![Delivered::default(); plan.sessions.len()],
            profiles_sent: 0,
            given: None,
            plan,
        })
    }

    /// Makes the world in which every vehicle is given exactly what was planned for it: a bound, not physics.
    ///
    /// **Shape**: `given` has an entry per session of the plan; what is given while the vehicle is away is lost.
    pub(crate) fn given(plan: Arc<SitePlan>, given: Vec<GivenPower>) -> Result<Self, SiteError> {
        Ok(Self { given: Some(given), ..Self::new(plan)? })
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
        let station = &self.stations[(*self.station_of.get(session)?)?];
        station.plugged.as_ref().filter(|plugged| plugged.session == session).map(|_| station)
    }

    /// Gives a session's station a profile; false when its vehicle is not there.
    pub fn set_profile(&mut self, session: usize, profile: CurrentProfile) -> bool {
        if self.station_of(session).is_none() {
            return false;
        }
        let station = self.station_of[session].map(|station| &mut self.stations[station]);
        station.map(|station| station.set_profile(profile)).is_some()
    }

    /// Counts a profile that was sent to a station, whatever became of it.
    pub fn count_profile(&mut self) {
        self.profiles_sent += 1;
    }

    /// Returns the profiles that were sent so far.
    pub fn profiles_sent(&self) -> u64 {
        self.profiles_sent
    }

    /// Returns how long a circuit carried more than it may. **Units**: s.
    pub fn circuit_violation_s(&self) -> f64 {
        self.circuits.violation_s()
    }

    /// Returns the greatest difference of the vehicles' currents on two phases of the connection point. **Units**: A.
    pub fn unbalance_a(&self) -> f64 {
        self.circuits.unbalance_a()
    }

    /// Returns what was too much at the connection point and at each circuit.
    pub fn overloads(&self) -> Vec<NodeOverload> {
        let Violation { violation_s, violation_kwh } = self.meter.steered_violation();
        self.circuits.overloads(Overload { overload_min: violation_s / 60.0, overload_kwh: violation_kwh })
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
        let (plan, now, stations) = (&self.plan, self.now, &mut self.stations);
        self.occupied.retain(|at| {
            let plugged = stations[*at].plugged.as_ref();
            let Some(session) = plugged.map(|plugged| plugged.session) else { return false };
            let leaves = plan.sessions[session].departure <= now;
            if leaves {
                stations[*at].unplug();
                happenings.push(Happening { at: now, session, came: false });
            }
            !leaves
        });
        while let Some(coming) = plan.sessions.get(self.next_arrival).filter(|coming| coming.arrival <= now) {
            let session = self.next_arrival;
            self.next_arrival += 1;
            let Some(at) = self.station_of[session] else { continue };
            if let Some(gone) = stations[at].unplug() {
                happenings.push(Happening { at: now, session: gone.session, came: false });
            }
            stations[at].plug(session, coming.vehicle.clone());
            happenings.push(Happening { at: now, session, came: true });
            if let Err(place) = self.occupied.binary_search(&at) {
                self.occupied.insert(place, at);
            }
        }
    }

    /// Returns the next instant at which a vehicle may draw something else, or a limit or a price changes.
    fn next_edge(&self) -> DateTime<Utc> {
        let (plan, now) = (&self.plan, self.now);
        let arrival = plan.sessions.get(self.next_arrival).map(|session| session.arrival);
        let price = self.prices.get(self.prices.partition_point(|(start, _)| *start <= now)).map(|(start, _)| *start);
        let mut edge =
            arrival.into_iter().chain(price).chain([plan.next_limit_edge(now)]).fold(plan.window.end, DateTime::min);
        for &at in &self.occupied {
            let station = &self.stations[at];
            let Some(session) = station.plugged.as_ref().map(|plugged| plugged.session) else { continue };
            edge = edge.min(plan.sessions[session].departure);
            if let Some(given) = &self.given {
                edge = edge.min(next_given_edge(&given[session], now));
                continue;
            }
            edge = station.next_edge(now).map_or(edge, |own| edge.min(own));
            if let Some(steady) = station.steady(now) {
                // A taper is followed from minute to minute of the clock, however often the world is asked.
                let minute = floor_to(now, TimeDelta::minutes(1)) + TimeDelta::minutes(1);
                edge = edge.min(if steady <= TimeDelta::minutes(1) { minute.min(now + steady) } else { now + steady });
            }
        }
        edge
    }

    /// Charges over a stretch in which vehicles draw what they draw, and meters it.
    fn charge(&mut self, interval: Interval) {
        let price = self.prices.partition_point(|(start, _)| *start <= interval.start).checked_sub(1);
        let price = price.map_or(EnergyPrice::ZERO, |at| self.prices[at].1);
        let mut steered = Power::ZERO;
        for &at in &self.occupied {
            let station = &mut self.stations[at];
            let Some(session) = station.plugged.as_ref().map(|plugged| plugged.session) else { continue };
            let draw = match &self.given {
                Some(given) => station.give(given_at(&given[session], interval.start), interval),
                None => station.advance(interval),
            };
            steered += draw.power_w;
            let delivered = &mut self.delivered[session];
            delivered.energy_wh += draw.energy_wh;
            delivered.cost += (price * draw.energy_wh).as_amount();
        }
        self.circuits.record(&self.stations, &self.occupied, interval);
        let limit_w = self.plan.limit_at(interval.start);
        for (piece, base_w) in self.plan.base_over(interval) {
            self.meter.record(TraceStep { start: piece.start, end: piece.end, base_w, steered_w: steered, limit_w });
        }
    }
}

fn given_at(given: &GivenPower, at: DateTime<Utc>) -> Power {
    let next = given.get(given.partition_point(|(interval, _)| interval.end <= at));
    next.filter(|(interval, _)| interval.contains(at)).map_or(Power::ZERO, |(_, power)| *power)
}

fn next_given_edge(given: &GivenPower, at: DateTime<Utc>) -> DateTime<Utc> {
    let next = given.get(given.partition_point(|(interval, _)| interval.end <= at));
    next.map_or(
        DateTime::<Utc>::MAX_UTC,
        |(interval, _)| if interval.start > at { interval.start } else { interval.end },
    )
}

fn key(uid: &str) -> String {
    uid.to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
