//! Between protobuf and the domain. What cannot be read is told with the path of the field.

pub(crate) mod areas;
pub(crate) mod compliance;
mod csv;
pub(crate) mod flexibility;
pub(crate) mod limits;
pub(crate) mod safe_mode;
pub(crate) mod status;

use chrono::{DateTime, Datelike, Utc};
use headroom_domain::limit::{LimitViolation, Target};
use headroom_domain::{AreaId, Energy, Interval, LimitId, NodeId, Power};
use prost_types::Timestamp;

use crate::names;

pub(crate) fn violation(field: impl Into<String>, code: &'static str, rule: impl Into<String>) -> LimitViolation {
    LimitViolation { field: field.into(), code, rule: rule.into() }
}

pub(crate) fn timestamp(at: DateTime<Utc>) -> Timestamp {
    // A leap second has more than 10^9 ns in chrono and none in protobuf.
    let nanos = i32::try_from(at.timestamp_subsec_nanos().min(999_999_999)).unwrap_or_default();
    Timestamp { seconds: at.timestamp(), nanos }
}

pub(crate) fn instant(at: Option<Timestamp>, field: &str) -> Result<DateTime<Utc>, LimitViolation> {
    let at = at.ok_or_else(|| violation(field, "REQUIRED", "it is absent: state it, in UTC"))?;
    u32::try_from(at.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)
        .and_then(|nanos| DateTime::from_timestamp(at.seconds, nanos))
        .filter(|at| (1..=9999).contains(&at.year()))
        .ok_or_else(|| {
            let rule = "it is no instant of the years 1 to 9999 with nanos of 0 to 999999999: correct it";
            violation(field, "TIMESTAMP_MALFORMED", rule)
        })
}

/// Reads an instant that may be absent.
pub(crate) fn instant_if_stated(at: Option<Timestamp>, field: &str) -> Result<Option<DateTime<Utc>>, LimitViolation> {
    at.map(|at| instant(Some(at), field)).transpose()
}

/// Reads both ends of a stretch of time; whether the one is before the other is for others.
pub(crate) fn interval(
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    path: &str,
) -> Result<Interval, Vec<LimitViolation>> {
    let dot = if path.is_empty() { "" } else { "." };
    let (start, end) =
        (instant(start, &format!("{path}{dot}start_time")), instant(end, &format!("{path}{dot}end_time")));
    match (start, end) {
        (Ok(start), Ok(end)) => Ok(Interval { start, end }),
        (start, end) => Err([start.err(), end.err()].into_iter().flatten().collect()),
    }
}

/// Rounds down: a limit that is told must not be looser than the one that is kept.
pub(crate) fn watts(power: Power) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let watts = power.as_w().floor() as i64;
    watts
}

/// Rounds to the nearest: what was measured or foretold is told as near as whole watts allow.
pub(crate) fn nearest_watts(power: Power) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let watts = power.as_w().round() as i64;
    watts
}

pub(crate) fn power(watts: i64) -> Power {
    Power::from_w(watts as f64)
}

/// Rounds to the nearest.
pub(crate) fn watt_hours(energy: Energy) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let watt_hours = energy.as_wh().round() as i64;
    watt_hours
}

pub(crate) fn energy(watt_hours: i64) -> Energy {
    Energy::from_wh(watt_hours as f64)
}

/// A number of things; protobuf's `int32` is asked for in the interface (AIP-141).
pub(crate) fn count(things: u32) -> i32 {
    i32::try_from(things).unwrap_or(i32::MAX)
}

pub(crate) fn uncount(things: i32) -> u32 {
    u32::try_from(things).unwrap_or_default()
}

pub(crate) fn malformed(field: &str, pattern: &str) -> LimitViolation {
    let rule = format!("it is not of the form {pattern}, ids of 1 to 128 out of A-Z a-z 0-9 . _ ~ -: correct it");
    violation(field, "NAME_MALFORMED", rule)
}

pub(crate) fn target(name: &str, field: &str) -> Result<Target, LimitViolation> {
    names::target(name).ok_or_else(|| malformed(field, "connectionPoints/{id} or gridAreas/{id}"))
}

pub(crate) fn connection_point(name: &str, field: &str) -> Result<NodeId, LimitViolation> {
    names::connection_point(name).ok_or_else(|| malformed(field, "connectionPoints/{id}"))
}

pub(crate) fn area(name: &str, field: &str) -> Result<AreaId, LimitViolation> {
    names::area(name).ok_or_else(|| malformed(field, "gridAreas/{id}"))
}

/// Reads the name of a limit as the server tells it.
pub(crate) fn limit_name(name: &str, field: &str) -> Result<LimitId, LimitViolation> {
    let known = names::limit(name).map(|(_, id)| id);
    known.ok_or_else(|| malformed(field, "utilities/{utility}/limits/{limit}"))
}

/// The first of many faults, for the client, which needs no more to give an answer up.
pub(crate) fn first(faults: Vec<LimitViolation>) -> LimitViolation {
    faults.into_iter().next().unwrap_or_else(|| violation("", "MALFORMED", "it cannot be read"))
}

/// A word of an enumeration that this version does not know.
pub(crate) fn unknown_word(field: &str, number: i32) -> LimitViolation {
    violation(field, "VALUE_UNKNOWN", format!("{number} is no value that is known here"))
}

#[cfg(test)]
mod tests;
