//! From the requests of a session to what its station may be doing.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::Power;
use headroom_domain::profile::{Belief, ChargingProfile, ProfilePeriod};

use crate::store::{ProfileRequest, RequestState, StationReport};

#[cfg(test)]
mod tests;

/// The first pause after a refusal or silence; each further one doubles it.
const RETRY_FIRST: TimeDelta = TimeDelta::seconds(30);
/// The longest pause.
const RETRY_MAX: TimeDelta = TimeDelta::minutes(15);

/// How far a station's word may lie from what it was told before it is taken as news. **Units**: W.
const REPORTED_TOLERANCE_W: f64 = 100.0;
/// How long a station that allows less than it was told is not told to allow more: it has a reason of its own.
const CAPPED_FOR: TimeDelta = TimeDelta::minutes(10);
/// How long a station is reckoned to keep to a limit of its own, whatever it says: the word that it is gone may be lost.
const CAP_HOLDS: TimeDelta = TimeDelta::hours(1);
/// How far the edges of two profiles may lie apart: OCPI counts in whole seconds.
const EDGE_SKEW: TimeDelta = TimeDelta::seconds(2);

/// What is known of the way to a session's station.
#[derive(Debug, Clone, PartialEq)]
pub struct StationState {
    /// Every profile that may be in force.
    pub belief: Belief,
    /// Since when the acknowledged profile is in force.
    pub in_force_since: Option<DateTime<Utc>>,
    /// From when on another one may be in force instead.
    pub certain_until: DateTime<Utc>,
    /// Whether the last word was an acknowledgement (or nothing was ever asked).
    pub responsive: bool,
    /// Whether the last word was a refusal.
    pub refused: bool,
    /// Whether a request is under way.
    pub under_way: bool,
    /// Before this nothing is sent, because the last tries failed.
    pub not_before: Option<DateTime<Utc>>,
    /// What the station says it does, where no later acknowledgement has overtaken it.
    pub report: Option<StationReport>,
    /// What it was told and acknowledged.
    pub told: Option<ChargingProfile>,
}

impl StationState {
    /// Tells whether the station may be counted on to take a profile: it took the last one, or its pause is over.
    pub fn may_be_told(&self, now: DateTime<Utc>) -> bool {
        self.responsive || self.not_before.is_none_or(|not_before| now >= not_before)
    }

    /// Returns what the station really allows, where that is less than it was told: a limit of its own holds.
    pub fn cap(&self, now: DateTime<Utc>) -> Option<Power> {
        let report =
            self.report.as_ref().filter(|report| report.at <= now && now < report.until.min(report.at + CAP_HOLDS))?;
        let (real, told) = (report.profile.limit_at(now), self.told.as_ref()?.limit_at(now));
        (real + Power::from_w(REPORTED_TOLERANCE_W) < told).then_some(real)
    }

    /// Tells whether asking it to allow more is of no use for a while.
    pub fn is_capped(&self, now: DateTime<Utc>) -> bool {
        let said_lately = self.report.as_ref().is_some_and(|report| now < report.at + CAPPED_FOR);
        said_lately && self.cap(now).is_some()
    }
}

/// Tells whether a station that obeys `told` would say `report`.
pub fn agrees(told: &ChargingProfile, report: &StationReport) -> bool {
    let edges = told.periods().iter().chain(report.profile.periods()).map(|period| period.start);
    let inside = edges.filter(|edge| report.at < *edge).chain([report.at]).map(|edge| edge + EDGE_SKEW);
    inside
        .filter(|at| *at < report.until)
        .all(|at| (told.limit_at(at).as_w() - report.profile.limit_at(at).as_w()).abs() <= REPORTED_TOLERANCE_W)
}

/// Reads a session's requests, oldest first and without superseded ones, and what its station last said.
///
/// While the station's word holds it is the truth about everything that was settled before; requests that are under way
/// may still change it.
pub fn station_state(requests: &[&ProfileRequest], report: Option<&StationReport>, fallback: Power) -> StationState {
    let newest_in_force = requests.iter().rposition(|request| request.state == RequestState::InForce);
    let possible: Vec<_> = requests
        .iter()
        .enumerate()
        .filter(|(index, request)| request.state.may_be_in_force() && Some(*index) != newest_in_force)
        .map(|(_, request)| request)
        .collect();
    let overtaken = |report: &&StationReport| {
        requests.iter().any(|request| request.state == RequestState::InForce && request.settled_at > Some(report.at))
    };
    let report = report.filter(|report| !overtaken(report));
    let known = |request: &ProfileRequest| match report {
        Some(report) if request.settled_at.is_some_and(|settled| settled <= report.at) => {
            spliced(&request.profile, report)
        }
        _ => request.profile.clone(),
    };
    let untold = || report.map(|report| spliced(&ChargingProfile::constant(report.at, fallback), report));
    let belief = Belief {
        acknowledged: newest_in_force.map(|index| known(requests[index])).or_else(untold),
        in_flight: possible.iter().map(|request| known(request)).collect(),
        fallback_w: fallback,
    };
    let mut settled: Vec<_> = requests.iter().filter(|request| request.settled_at.is_some()).collect();
    settled.sort_by_key(|request| (request.settled_at, request.revision));
    let failures = settled.iter().rev().take_while(|request| request.state != RequestState::InForce).count();
    let last = settled.last().filter(|_| failures > 0).and_then(|request| request.settled_at);
    StationState {
        belief,
        in_force_since: newest_in_force.and_then(|index| requests[index].settled_at),
        certain_until: possible.iter().map(|request| request.created_at).min().unwrap_or(DateTime::<Utc>::MAX_UTC),
        responsive: failures == 0,
        refused: settled.last().is_some_and(|request| request.state == RequestState::Refused),
        under_way: requests
            .iter()
            .any(|request| matches!(request.state, RequestState::Created | RequestState::Waiting)),
        not_before: last.map(|at| at + pause(failures)),
        report: report.cloned(),
        told: newest_in_force.map(|index| requests[index].profile.clone()),
    }
}

/// Returns a profile with the station's word in place of what it says while that holds.
fn spliced(own: &ChargingProfile, report: &StationReport) -> ChargingProfile {
    let period = |start, limit_w| ProfilePeriod { start, limit_w };
    let of = |profile: &ChargingProfile, from, until| {
        let inside =
            profile.periods().iter().copied().filter(move |period| from < period.start && period.start < until);
        inside.collect::<Vec<_>>()
    };
    let mut periods = of(own, DateTime::<Utc>::MIN_UTC, report.at);
    periods.push(period(report.at, report.profile.limit_at(report.at)));
    periods.extend(of(&report.profile, report.at, report.until));
    periods.push(period(report.until, own.limit_at(report.until)));
    periods.extend(of(own, report.until, DateTime::<Utc>::MAX_UTC));
    // Starts rise by the way it is put together.
    ChargingProfile::new(periods).unwrap_or_else(|_| own.clone())
}

fn pause(failures: usize) -> TimeDelta {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    (RETRY_FIRST * 2_i32.pow(doublings)).min(RETRY_MAX)
}
