//! What a vehicle takes of what it is allowed.
//!
//! A vehicle follows an allowed power on the phases that it uses, up to a maximum of its own:
//! `taken = min(share · allowed, own maximum)`, until its battery is nearly full. One reading cannot tell one phase of
//! three at 32 A (7.4 of 22 kW) from a three-phase vehicle that stops at 7.4 kW. The rule, with all readings at hand:
//!
//! - The share is at least the highest `taken / allowed` seen, because an own maximum can only lower it.
//! - It is a share of phases (1/3, 2/3) only when that highest ratio is one **and** the vehicle has been seen to take
//!   more under a looser limit: then it was the limit that held it, not an own maximum.
//! - Otherwise the share is 1 and the vehicle has an own maximum. That never counts on a vehicle taking less than it
//!   may, and never offers it less than it can use.
//!
//! While a ratio could be either, [`Uptake::useful_allowance`] asks for a fifth less, once: the next reading decides.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::Appetite;
use headroom_domain::{Power, Ratio};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// A vehicle has this long to follow a new limit (IEC 61851-1 gives it 5 s; on-board chargers ramp for longer).
const SETTLED_AFTER: TimeDelta = TimeDelta::seconds(60);
/// Readings that agree to this in power or in ratio show a vehicle at rest, and not a meter's slip.
const AGREEMENT: f64 = 0.05;
/// A vehicle that takes this much of a limit is held by it.
const FOLLOWS: f64 = 0.9;
/// How far a ratio may be from a share of phases, as a part of that share.
const SHARE_TOLERANCE: f64 = 0.08;
/// Less than this of an earlier power is a fall.
const FALL: f64 = 0.85;
/// Falls in a row that make a battery nearly full.
const FALLS: u8 = 2;
/// Limits that are alike to this are one.
const ALIKE: f64 = 0.02;
/// What is offered above an own maximum, so that a rise shows: 3 %, at least 100 W. What is offered and not taken is lost to
/// the others.
const ROOM: (f64, f64) = (1.03, 100.0);
/// What is offered to tell a share of phases from an own maximum, of the limit that left it open.
const PROBE: f64 = 0.8;
/// Less than this is standby.
const STOPPED_W: f64 = 100.0;
/// Power of a phase below which a vehicle does not charge: 6 A (IEC 61851-1) at the upper edge of 230 V + 10 %.
const MINIMUM_PER_PHASE_W: f64 = 1520.0;

/// What was allowed and what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// When it was measured; for a mean, the end of its time.
    pub at: DateTime<Utc>,
    /// Power that the profile in force allowed, over all phases of the EVSE.
    pub allowed_w: Power,
    /// Since when that was allowed. For a mean, the measuring must have begun later.
    pub allowed_since: DateTime<Utc>,
    /// Power that the vehicle took.
    pub measured_w: Power,
}

impl Reading {
    /// Makes a reading under a profile that alone has been in force since an instant; `None` where it allows nothing yet.
    pub fn under(
        profile: &ChargingProfile,
        in_force_since: DateTime<Utc>,
        at: DateTime<Utc>,
        measured_w: Power,
    ) -> Option<Self> {
        let period = profile.periods().iter().rfind(|period| period.start <= at)?;
        Some(Self { at, allowed_w: period.limit_w, allowed_since: period.start.max(in_force_since), measured_w })
    }
}

/// What the readings of one session have taught so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptake {
    phases: u8,
    last_at: Option<DateTime<Utc>>,
    /// The last reading at rest: (allowed, taken).
    previous: Option<(Power, Power)>,
    /// The most taken under each limit, by rising limit: (allowed, taken).
    taken: Vec<(Power, Power)>,
    falls: u8,
    /// What is taken since the battery is nearly full.
    tapered_to: Option<Power>,
}

impl Uptake {
    /// Starts a session at an EVSE wired to so many phases (0 for DC).
    pub fn new(phases: usize) -> Self {
        let phases = u8::try_from(phases.min(3)).unwrap_or(3);
        Self { phases, last_at: None, previous: None, taken: Vec::new(), falls: 0, tapered_to: None }
    }

    /// Learns from a reading.
    ///
    /// Ignored are readings not later than the last, within a minute of a new limit, and under a limit of zero.
    pub fn observe(&mut self, reading: Reading) {
        if self.last_at.is_some_and(|last| reading.at <= last) {
            return;
        }
        self.last_at = Some(reading.at);
        let settled = reading.at.signed_duration_since(reading.allowed_since) >= SETTLED_AFTER;
        if !settled || reading.allowed_w <= Power::ZERO {
            return;
        }
        let allowed = reading.allowed_w;
        let taken = reading.measured_w.or_zero().min(allowed);
        self.watch_for_taper(allowed, taken);
        // The first one counts: too low it errs to the safe side, and the next ones mend it.
        if self.taken.is_empty() || self.previous.is_some_and(|previous| agree(previous, (allowed, taken))) {
            self.remember(allowed, taken);
        }
        self.previous = Some((allowed, taken));
    }

    /// Returns the share of the allowed power that the vehicle takes by its phases, where that was seen: 1/3 for one of
    /// three. Otherwise 1.
    pub fn share(&self) -> Ratio {
        let held = |share: &f64| self.is_held_by_limit(*share) && !self.takes_more_than(*share);
        Ratio::from_ratio(self.share_of_phases().filter(held).unwrap_or(1.0))
    }

    /// Returns the least share of the allowed power that the vehicle could be taking.
    ///
    /// Until it has shown itself it counts as one on a single phase: whoever turns out to take more is done sooner, but
    /// time that was lost on counting on three phases does not come back.
    pub fn cautious_share(&self) -> Ratio {
        let unseen = 1.0 / f64::from(self.phases.max(1));
        // Who stands by has not shown itself either.
        let shown = self.highest() >= Power::from_w(STOPPED_W);
        let share = if shown { self.share_of_phases().unwrap_or(1.0) } else { unseen };
        Ratio::from_ratio(share)
    }

    /// Returns the most allowed power that can make a difference; `None` while the limit is what holds the vehicle.
    ///
    /// It leaves room above what the vehicle takes, so that a rise (a battery that has warmed up) shows and lifts it.
    pub fn useful_allowance(&self) -> Option<Power> {
        let share = self.share().as_ratio();
        let with_room = |taken: Power| (taken * ROOM.0).max(taken + Power::from_w(ROOM.1)) / share;
        let useful =
            self.tapered_to.map(with_room).or_else(|| self.probe()).or_else(|| self.own_maximum().map(with_room));
        let least = Power::from_w(MINIMUM_PER_PHASE_W * f64::from(self.phases));
        useful.map(|power| power.max(least))
    }

    /// Returns how the vehicle takes what it is allowed.
    ///
    /// It tapers when it takes clearly less than it took under no looser a limit, twice in a row, until it takes more again.
    pub fn appetite(&self) -> Appetite {
        match self.tapered_to {
            Some(power) if power < Power::from_w(STOPPED_W) => Appetite::Stopped,
            Some(_) => Appetite::Tapering,
            None => Appetite::Usual,
        }
    }

    fn watch_for_taper(&mut self, allowed: Power, taken: Power) {
        let before =
            self.taken.iter().filter(|(limit, _)| *limit <= allowed * (1.0 + ALIKE)).map(|(_, taken)| *taken).max();
        if before.is_some_and(|before| taken < before * FALL) {
            self.falls = self.falls.saturating_add(1);
            if self.falls >= FALLS {
                self.tapered_to = Some(taken);
            }
            return;
        }
        self.falls = 0;
        self.tapered_to = self.tapered_to.filter(|tapered| taken <= *tapered * (1.0 + AGREEMENT));
    }

    fn remember(&mut self, allowed: Power, taken: Power) {
        if let Some((_, most)) = self.taken.iter_mut().find(|(limit, _)| alike(*limit, allowed, ALIKE)) {
            *most = taken.max(*most);
            return;
        }
        let place = self.taken.partition_point(|(limit, _)| *limit < allowed);
        self.taken.insert(place, (allowed, taken));
    }

    /// Returns the share of phases that the highest ratio seen could be.
    fn share_of_phases(&self) -> Option<f64> {
        let highest = self.taken.iter().map(ratio).fold(0.0, f64::max);
        let shares = (1..self.phases).map(|used| f64::from(used) / f64::from(self.phases));
        shares.into_iter().find(|share| (highest - share).abs() <= SHARE_TOLERANCE * share)
    }

    /// Tells whether under some limit the vehicle took just that share, and more under a looser one.
    fn is_held_by_limit(&self, share: f64) -> bool {
        let highest = self.highest();
        let at_share = |pair: &&(Power, Power)| (ratio(pair) - share).abs() <= SHARE_TOLERANCE * share;
        self.taken.iter().filter(at_share).any(|(_, taken)| *taken < highest * FALL)
    }

    /// Tells whether the last reading shows more: limits rest on the share, so a doubt revokes it at once.
    fn takes_more_than(&self, share: f64) -> bool {
        self.previous.as_ref().is_some_and(|last| ratio(last) > share * (1.0 + SHARE_TOLERANCE))
    }

    /// Returns a limit that tells a share of phases from an own maximum, while that is open.
    fn probe(&self) -> Option<Power> {
        let share = self.share_of_phases().filter(|share| !self.is_held_by_limit(*share))?;
        let at_share = |pair: &&(Power, Power)| (ratio(pair) - share).abs() <= SHARE_TOLERANCE * share;
        let probe = self.taken.iter().find(at_share)?.0 * PROBE;
        (probe.as_w() >= MINIMUM_PER_PHASE_W * f64::from(self.phases)).then_some(probe)
    }

    /// Returns the most that the vehicle took, where it was less than its share of the limit and never more since.
    fn own_maximum(&self) -> Option<Power> {
        let (share, highest) = (self.share().as_ratio(), self.highest());
        let own = |(limit, taken): &(Power, Power)| {
            *taken < *limit * share * FOLLOWS && *taken >= highest * (1.0 - AGREEMENT)
        };
        self.taken.iter().any(own).then_some(highest)
    }

    fn highest(&self) -> Power {
        self.taken.iter().map(|(_, taken)| *taken).max().unwrap_or_default()
    }
}

fn ratio(pair: &(Power, Power)) -> f64 {
    pair.1.as_w() / pair.0.as_w()
}

fn alike(left: Power, right: Power, tolerance: f64) -> bool {
    (left - right).as_w().abs() <= tolerance * left.max(right).as_w()
}

/// Tells whether two readings are of one vehicle at rest: held by its limit (same ratio) or by itself (same power).
fn agree(left: (Power, Power), right: (Power, Power)) -> bool {
    alike(left.1, right.1, AGREEMENT)
        || (ratio(&left) - ratio(&right)).abs() <= AGREEMENT * ratio(&left).max(ratio(&right))
}
