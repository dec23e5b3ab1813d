//! What sessions cover and where they overlap. All of them are sorted by arrival.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::report::Coverage;
use crate::session::RecordedSession;

/// Days without arrivals that are told.
const GAP: TimeDelta = TimeDelta::days(7);

/// Counts, per station, sessions that begin while at least `plugs` earlier ones there have not ended.
pub(super) fn overlaps(sessions: &[RecordedSession], plugs: u32) -> BTreeMap<String, usize> {
    let mut running: BTreeMap<&str, Vec<DateTime<Utc>>> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    let plugs = usize::try_from(plugs).unwrap_or(usize::MAX);
    for session in sessions {
        let running = running.entry(&session.station).or_default();
        running.retain(|end| *end > session.arrival);
        if running.len() >= plugs {
            *counts.entry(session.station.clone()).or_insert(0) += 1;
        }
        running.push(session.departure);
    }
    counts
}

pub(super) fn coverage(sessions: &[RecordedSession]) -> Option<Coverage> {
    let (first, last) = (sessions.first()?, sessions.last()?);
    let days: BTreeSet<_> = sessions.iter().map(|session| session.arrival.date_naive()).collect();
    let span = last.arrival.date_naive() - first.arrival.date_naive();
    let gaps = days.iter().zip(days.iter().skip(1)).filter(|(before, after)| **after - **before > GAP);
    Some(Coverage {
        first_arrival: first.arrival,
        last_departure: sessions.iter().map(|session| session.departure).max()?,
        days: usize::try_from(span.num_days()).unwrap_or(0) + 1,
        days_with_arrivals: days.len(),
        gaps: gaps.map(|(before, after)| (*before + TimeDelta::days(1), *after - TimeDelta::days(1))).collect(),
    })
}
