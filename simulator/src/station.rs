//! A virtual charging station with one EVSE: it obeys the profile it holds, and its own default without one.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::{Phase, Wiring};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::{Current, Energy, Interval, Power, Ratio};

use crate::vehicle::{Draw, Vehicle};

/// What a station was told: at most this current on each phase from an instant on.
///
/// **Shape**: starts rise. Before the first start and from `until` on it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentProfile {
    periods: Vec<(DateTime<Utc>, Current)>,
    until: Option<DateTime<Utc>>,
}

impl CurrentProfile {
    /// Makes a profile from periods in any order; `until` ends the last one.
    pub fn new(mut periods: Vec<(DateTime<Utc>, Current)>, until: Option<DateTime<Utc>>) -> Self {
        periods.sort_by_key(|(start, _)| *start);
        Self { periods, until }
    }

    /// Makes a profile from one in watts, all conductors of the EVSE together.
    pub fn from_power(profile: &ChargingProfile, wiring: &Wiring) -> Self {
        let per_ampere = wiring.power_at(Current::from_a(1.0)).as_w();
        let current = |power: Power| Current::from_a(power.as_w() / per_ampere);
        let periods = profile.periods().iter().map(|period| (period.start, current(period.limit_w))).collect();
        Self { periods, until: None }
    }

    /// Returns the current allowed at an instant, where it says any.
    pub fn at(&self, at: DateTime<Utc>) -> Option<Current> {
        if self.until.is_some_and(|until| at >= until) {
            return None;
        }
        let after = self.periods.partition_point(|(start, _)| *start <= at);
        after.checked_sub(1).map(|index| self.periods[index].1)
    }

    /// Returns the next instant at which it changes.
    pub fn next_edge(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.periods.get(self.periods.partition_point(|(start, _)| *start <= after));
        next.map(|(start, _)| *start).into_iter().chain(self.until.filter(|until| *until > after)).min()
    }
}

/// A vehicle at a station.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugged {
    /// Position of its session in the plan.
    pub session: usize,
    /// The vehicle.
    pub vehicle: Vehicle,
    /// Energy since it was plugged in.
    pub energy_wh: Energy,
    /// What it drew last.
    pub draw: Draw,
}

/// A station.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Its EVSE's id in the CPO's platform.
    pub uid: String,
    /// How it is wired.
    pub wiring: Wiring,
    /// What it allows without a profile (OCPP `TxDefaultProfile`).
    pub default_current: Current,
    /// The vehicle at it.
    pub plugged: Option<Plugged>,
    /// Energy over all sessions, as its meter shows it.
    pub meter_wh: Energy,
    profile: Option<CurrentProfile>,
}

impl Station {
    /// Makes a station without vehicle or profile.
    pub fn new(uid: impl Into<String>, wiring: Wiring, default_current: Current) -> Self {
        let uid = uid.into();
        Self { uid, wiring, default_current, plugged: None, meter_wh: Energy::ZERO, profile: None }
    }

    /// Plugs a vehicle in; the one that was there is gone.
    pub fn plug(&mut self, session: usize, vehicle: Vehicle) {
        self.profile = None;
        self.plugged = Some(Plugged { session, vehicle, energy_wh: Energy::ZERO, draw: Draw::default() });
    }

    /// Unplugs the vehicle. A profile belongs to its session and goes with it.
    pub fn unplug(&mut self) -> Option<Plugged> {
        self.profile = None;
        self.plugged.take()
    }

    /// Takes a profile in place of the one it holds.
    pub fn set_profile(&mut self, profile: CurrentProfile) {
        self.profile = Some(profile);
    }

    /// Forgets its profile.
    pub fn clear_profile(&mut self) -> Option<CurrentProfile> {
        self.profile.take()
    }

    /// Returns the profile that it holds.
    pub fn profile(&self) -> Option<&CurrentProfile> {
        self.profile.as_ref()
    }

    /// Returns the current that it offers at an instant.
    pub fn offered(&self, at: DateTime<Utc>) -> Current {
        let told = self.profile.as_ref().and_then(|profile| profile.at(at));
        told.unwrap_or(self.default_current).min(self.wiring.maximum_current_a)
    }

    /// Returns the next instant at which what it offers changes.
    pub fn next_edge(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.profile.as_ref()?.next_edge(after)
    }

    /// Returns for how long its vehicle will draw what it draws at an instant, its offer unchanged; `None`: no end in sight.
    pub fn steady(&self, at: DateTime<Utc>) -> Option<TimeDelta> {
        let plugged = self.plugged.as_ref()?;
        plugged.vehicle.steady(self.offered(at), self.wiring.voltage_v, self.phase_count())
    }

    /// Gives its vehicle a power over an interval, whatever the vehicle or the station would make of it.
    pub(crate) fn give(&mut self, power: Power, interval: Interval) -> Draw {
        let (voltage_v, phases) = (self.wiring.voltage_v.as_v(), self.phase_count());
        let Some(plugged) = &mut self.plugged else { return Draw::default() };
        let per_ampere_w = voltage_v * f64::from(plugged.vehicle.phases_at(phases));
        let current_a = Current::from_a(power.as_w() / per_ampere_w.max(1.0));
        plugged.draw = Draw { current_a, power_w: power, energy_wh: power * interval.duration() };
        plugged.energy_wh += plugged.draw.energy_wh;
        self.meter_wh += plugged.draw.energy_wh;
        plugged.draw
    }

    /// Lets its vehicle charge over an interval in which its offer does not change.
    pub fn advance(&mut self, interval: Interval) -> Draw {
        let offered = self.offered(interval.start);
        let (voltage, phases) = (self.wiring.voltage_v, self.phase_count());
        let Some(plugged) = &mut self.plugged else { return Draw::default() };
        plugged.draw = plugged.vehicle.draw(offered, voltage, phases, interval.duration());
        plugged.energy_wh += plugged.draw.energy_wh;
        self.meter_wh += plugged.draw.energy_wh;
        plugged.draw
    }

    /// Returns the phases of the circuit that its vehicle loads.
    pub fn loaded_phases(&self) -> &[Phase] {
        let used = self.plugged.as_ref().map_or(0, |plugged| plugged.vehicle.phases_at(self.phase_count()));
        &self.wiring.phases[..usize::from(used).min(self.wiring.phases.len())]
    }

    /// Returns the most power that a vehicle can draw here.
    pub fn maximum_power(&self, vehicle: &Vehicle) -> Power {
        let current = vehicle.maximum_current_a.min(self.wiring.maximum_current_a);
        current * self.wiring.voltage_v * f64::from(vehicle.phases_at(self.phase_count()))
    }

    /// Returns the state of charge of its vehicle.
    pub fn state_of_charge(&self) -> Option<Ratio> {
        self.plugged.as_ref().map(|plugged| plugged.vehicle.state_of_charge)
    }

    pub(crate) fn phase_count(&self) -> u8 {
        u8::try_from(self.wiring.phases.len().clamp(1, 3)).unwrap_or(3)
    }
}

/// How long a message takes on its ways between the CPO's platform and its stations, and what goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Messaging {
    /// From the acceptance of a profile by the platform until the station obeys it.
    pub forward_delay_s: f64,
    /// From then until the result is posted.
    pub callback_delay_s: f64,
    /// The `timeout` that the platform states when it accepts a profile.
    pub timeout_s: u32,
}

impl Default for Messaging {
    fn default() -> Self {
        Self { forward_delay_s: 4.0, callback_delay_s: 2.0, timeout_s: 120 }
    }
}

impl Messaging {
    /// Returns how long a profile is under way to its station.
    pub fn forward_delay(&self) -> TimeDelta {
        delay(self.forward_delay_s)
    }

    /// Returns how long a result is under way to the platform.
    pub fn callback_delay(&self) -> TimeDelta {
        delay(self.callback_delay_s)
    }
}

fn delay(delay_s: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to an hour")]
    let delay_ms = (delay_s.clamp(0.0, 3600.0) * 1000.0) as i64;
    TimeDelta::milliseconds(delay_ms)
}

#[cfg(test)]
mod tests;
