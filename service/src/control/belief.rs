//! From the requests of a session to what its station may be doing.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::Power;
use headroom_domain::profile::Belief;

use crate::store::{ProfileRequest, RequestState};

#[cfg(test)]
mod tests;

/// The detail of a request that the partner will never take.
pub const NOT_SUPPORTED: &str = "not supported";

/// The first pause after a refusal or silence; each further one doubles it.
const RETRY_FIRST: TimeDelta = TimeDelta::seconds(30);
/// The longest pause.
const RETRY_MAX: TimeDelta = TimeDelta::minutes(15);

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
    /// Whether a request is under way.
    pub under_way: bool,
    /// Before this nothing is sent, because the last tries failed.
    pub not_before: Option<DateTime<Utc>>,
    /// Whether the partner takes profiles for this session at all.
    pub supported: bool,
}

impl StationState {
    /// Tells whether the station may be counted on to take a profile: it took the last one, or its pause is over.
    pub fn may_be_told(&self, now: DateTime<Utc>) -> bool {
        self.responsive || self.not_before.is_none_or(|not_before| now >= not_before)
    }
}

/// Reads a session's requests, oldest first and without superseded ones.
pub fn station_state(requests: &[&ProfileRequest], fallback: Power) -> StationState {
    let newest_in_force = requests.iter().rposition(|request| request.state == RequestState::InForce);
    let possible: Vec<_> = requests
        .iter()
        .enumerate()
        .filter(|(index, request)| request.state.may_be_in_force() && Some(*index) != newest_in_force)
        .map(|(_, request)| request)
        .collect();
    let belief = Belief {
        acknowledged: newest_in_force.map(|index| requests[index].profile.clone()),
        in_flight: possible.iter().map(|request| request.profile.clone()).collect(),
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
        under_way: requests
            .iter()
            .any(|request| matches!(request.state, RequestState::Created | RequestState::Waiting)),
        not_before: last.map(|at| at + pause(failures)),
        supported: !requests.iter().any(|request| request.detail.as_deref() == Some(NOT_SUPPORTED)),
    }
}

fn pause(failures: usize) -> TimeDelta {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    (RETRY_FIRST * 2_i32.pow(doublings)).min(RETRY_MAX)
}
