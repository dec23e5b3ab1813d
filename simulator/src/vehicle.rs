//! A vehicle as the station sees it: a battery that takes what it can, never more than it is offered.

use chrono::TimeDelta;
use headroom_domain::units::hours;
use headroom_domain::{Current, Energy, Power, Ratio, Voltage};
use serde::{Deserialize, Serialize};

/// The least current that can be offered: below it a vehicle draws nothing (IEC 61851-1, table A.7). **Units**: A.
pub const MINIMUM_CURRENT_A: f64 = 6.0;

/// The state of charge from which a battery takes less and less.
const TAPER_FROM: f64 = 0.8;

/// The share of its power that a battery still takes when it is full: the taper ends, it does not creep.
const TAPER_FLOOR: f64 = 0.05;

/// How long a draw is taken as constant while a battery tapers.
const TAPER_STEP: TimeDelta = TimeDelta::seconds(60);

/// Room that is rounding, not room. **Units**: Wh.
const NO_ROOM_WH: f64 = 1e-3;

/// A battery with its on-board charger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vehicle {
    /// What the battery holds.
    pub battery_wh: Energy,
    /// How full it is.
    pub state_of_charge: Ratio,
    /// How full its driver lets it become.
    pub charge_limit: Ratio,
    /// The phases that its charger uses, 1 to 3.
    pub phases: u8,
    /// The most that its charger takes on each phase.
    pub maximum_current_a: Current,
    /// Energy into the battery per energy at the meter.
    pub efficiency: Ratio,
}

/// What a vehicle drew over a stretch of time, at the meter.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Draw {
    /// Current on each phase in use.
    pub current_a: Current,
    /// Mean power, all phases together.
    pub power_w: Power,
    /// Energy.
    pub energy_wh: Energy,
}

impl Vehicle {
    /// Makes a vehicle that takes `wanted` at the meter and then is as full as its driver wants it.
    ///
    /// It arrives emptier, and at last with a larger battery, where `wanted` would not fit.
    pub fn wanting(wanted: Energy, battery: Energy, arrival: Ratio, phases: u8, maximum_current: Current) -> Self {
        let efficiency = Ratio::from_ratio(0.9);
        let stored = wanted.or_zero() * efficiency.as_ratio();
        let battery_wh = battery.max(stored).max(Energy::from_wh(1.0));
        // Nine digits: what every reader of JSON gives back exactly.
        let nine_digits = |ratio: f64| Ratio::from_ratio((ratio * 1e9).round() / 1e9);
        let filled = stored.as_wh() / battery_wh.as_wh();
        let state_of_charge = nine_digits(arrival.or_zero().as_ratio().min(1.0 - filled));
        let charge_limit = nine_digits(state_of_charge.as_ratio() + filled);
        Self { battery_wh, state_of_charge, charge_limit, phases, maximum_current_a: maximum_current, efficiency }
    }

    /// Returns what it would still take, at the meter.
    pub fn room(&self) -> Energy {
        let share = (self.charge_limit.as_ratio() - self.state_of_charge.as_ratio()).max(0.0);
        Energy::from_wh(share * self.battery_wh.as_wh() / self.efficiency.as_ratio().max(0.01))
    }

    /// Returns how many phases it uses at an EVSE.
    pub fn phases_at(&self, evse_phases: u8) -> u8 {
        self.phases.clamp(1, evse_phases.max(1))
    }

    /// Returns for how long it will draw what it draws now under an offered current: until it tapers, or is as full as its
    /// driver wants; a taper is followed minute by minute. `None`: it draws nothing, and goes on so.
    pub fn steady(&self, offered: Current, voltage: Voltage, evse_phases: u8) -> Option<TimeDelta> {
        let room = self.room();
        if offered.as_a() < MINIMUM_CURRENT_A || room.as_wh() <= NO_ROOM_WH {
            return None;
        }
        let state = self.state_of_charge.as_ratio();
        let current = offered.min(self.maximum_current_a * taper(self.state_of_charge));
        let power = current * voltage * f64::from(self.phases_at(evse_phases));
        if power <= Power::ZERO {
            return None;
        }
        let filled_h = room.as_wh() / power.as_w();
        // From here on it takes less than it is offered.
        let share = (offered.as_a() / self.maximum_current_a.as_a()).min(1.0);
        let from = 1.0 - share * (1.0 - TAPER_FROM);
        let is_level = share <= TAPER_FLOOR || state >= 1.0 - TAPER_FLOOR * (1.0 - TAPER_FROM);
        if is_level {
            return Some(whole_seconds(filled_h));
        }
        let wh_until = (from - state) * self.battery_wh.as_wh() / self.efficiency.as_ratio().max(0.01);
        let until = whole_seconds(filled_h.min(wh_until.max(0.0) / power.as_w()));
        Some(if wh_until <= NO_ROOM_WH { TAPER_STEP.min(whole_seconds(filled_h)) } else { until })
    }

    /// Charges for a stretch of time under an offered current and returns what was drawn.
    ///
    /// An offer below 6 A is no offer. A vehicle may draw less than 6 A of a larger one while its battery tapers.
    pub fn draw(&mut self, offered: Current, voltage: Voltage, evse_phases: u8, duration: TimeDelta) -> Draw {
        let room = self.room();
        let duration_h = hours(duration);
        if offered.as_a() < MINIMUM_CURRENT_A || room.as_wh() <= NO_ROOM_WH || duration_h <= 0.0 {
            return Draw::default();
        }
        let accepted = self.maximum_current_a * taper(self.state_of_charge);
        let current = offered.min(accepted);
        let power = current * voltage * f64::from(self.phases_at(evse_phases));
        let energy = (power * duration).min(room);
        let filled = energy.as_wh() * self.efficiency.as_ratio() / self.battery_wh.as_wh().max(1.0);
        self.state_of_charge = Ratio::from_ratio(self.state_of_charge.as_ratio() + filled).min(self.charge_limit);
        let power = Power::from_w(energy.as_wh() / duration_h);
        Draw { current_a: current, power_w: power, energy_wh: energy }
    }
}

/// Returns a time rounded down to whole seconds, and at least one: what ends within a second is the mean of that second.
fn whole_seconds(hours: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a year")]
    let seconds = (hours * 3600.0).floor().clamp(1.0, 31_536_000.0) as i64;
    TimeDelta::seconds(seconds)
}

/// Returns the share of its largest current that a battery takes: all of it up to 80 %, then falling in a line.
fn taper(state_of_charge: Ratio) -> f64 {
    let above = (state_of_charge.as_ratio() - TAPER_FROM) / (1.0 - TAPER_FROM);
    (1.0 - above).clamp(TAPER_FLOOR, 1.0)
}

#[cfg(test)]
mod tests;
