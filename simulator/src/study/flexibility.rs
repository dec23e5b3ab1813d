//! What the vehicles could have offered the utility: how far their load can move, and for how long.
//!
//! Looked at on every full hour of a part's days, for a quarter of an hour and for an hour from then on:
//!
//! - *shed*: by how much less could be drawn so that each vehicle, charging at its most afterwards, still leaves with what
//!   it got. Each vehicle is taken by itself: whether the limit has room for all to catch up at once is not asked.
//! - *raise*: by how much more could be drawn under the limit in force, each vehicle at its most until it has what it got.
//!
//! Departures are the true ones, so it is what was there to be offered, not what the controller knew to be safe.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_datasets::PowerRow;
use headroom_domain::time::floor_to;
use headroom_domain::units::hours;
use headroom_domain::{Interval, Power};
use serde::{Deserialize, Serialize};

use crate::world::World;

/// Means over the full hours of a part's days. **Units**: kW.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Flexibility {
    /// What could be shed for a quarter of an hour.
    pub shed_15min_kw: f64,
    /// What could be shed for an hour.
    pub shed_1h_kw: f64,
    /// What could be drawn more for a quarter of an hour.
    pub raise_15min_kw: f64,
    /// What could be drawn more for an hour.
    pub raise_1h_kw: f64,
}

/// Returns what could have been moved on the full hours of some days.
///
/// **Shape**: `rows` of each session in their order, as a run gives them.
pub(super) fn flexibility(world: &World, rows: &[PowerRow], days: Interval) -> Flexibility {
    let mut by_session: BTreeMap<&str, Vec<&PowerRow>> = BTreeMap::new();
    for row in rows {
        by_session.entry(&row.session).or_default().push(row);
    }
    let (shed_15min_kw, raise_15min_kw) = means(world, &by_session, days, TimeDelta::minutes(15));
    let (shed_1h_kw, raise_1h_kw) = means(world, &by_session, days, TimeDelta::hours(1));
    Flexibility { shed_15min_kw, shed_1h_kw, raise_15min_kw, raise_1h_kw }
}

/// Returns the means of what can be shed and raised for so long. **Units**: kW.
fn means(world: &World, by_session: &BTreeMap<&str, Vec<&PowerRow>>, days: Interval, long: TimeDelta) -> (f64, f64) {
    let hour = TimeDelta::hours(1);
    let first = floor_to(days.start + hour - TimeDelta::seconds(1), hour);
    let count = usize::try_from((days.end - first).num_hours()).unwrap_or(0);
    let mut movable = vec![(0.0, 0.0); count];
    for (session, plan) in world.plan().sessions.iter().enumerate() {
        let Some(rows) = by_session.get(plan.id.as_str()) else { continue };
        let Some(station) = world.station(&plan.evse_uid) else { continue };
        let most_kw = station.maximum_power(&plan.vehicle).as_kw();
        let total_kwh = world.energy_of(session).as_kwh();
        let mut at = floor_to(plan.arrival.max(first) + hour - TimeDelta::seconds(1), hour);
        while at < plan.departure.min(days.end) {
            let until = at + long;
            let (rest_kwh, drawn_kwh) = (total_kwh - energy_kwh(rows, plan.arrival, at), energy_kwh(rows, at, until));
            let later_kwh = most_kw * hours(plan.departure - until).max(0.0);
            let must_kwh = (rest_kwh - later_kwh).max(0.0);
            let could_kwh = (most_kw * hours(until.min(plan.departure) - at)).min(rest_kwh);
            let index = usize::try_from((at - first).num_hours()).unwrap_or(usize::MAX);
            if let Some((shed, raise)) = movable.get_mut(index) {
                *shed += (drawn_kwh - must_kwh).max(0.0) / hours(long);
                *raise += (could_kwh - drawn_kwh).max(0.0) / hours(long);
            }
            at += hour;
        }
    }
    let mut sums = (0.0, 0.0);
    let mut at = first;
    for (shed, raise) in &movable {
        sums.0 += shed;
        sums.1 += raise.min(room_kw(world, Interval { start: at, end: at + long }));
        at += hour;
    }
    let count = movable.len().max(1) as f64;
    (sums.0 / count, sums.1 / count)
}

/// Returns the energy of a session's rows from one instant to another.
fn energy_kwh(rows: &[&PowerRow], from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    let first = rows.partition_point(|row| row.interval.end <= from);
    let here = rows[first..].iter().take_while(|row| row.interval.start < to);
    let energy = |row: &&PowerRow| {
        let overlap = Interval { start: row.interval.start.max(from), end: row.interval.end.min(to) };
        row.power_w.as_kw() * hours(overlap.duration())
    };
    here.map(energy).sum()
}

/// Returns what the limit leaves beside what was drawn, in the mean.
fn room_kw(world: &World, window: Interval) -> f64 {
    let trace = world.meter().trace();
    let first = trace.partition_point(|step| step.end <= window.start);
    let mut room_kwh = 0.0;
    for step in trace[first..].iter().take_while(|step| step.start < window.end) {
        let Some(limit) = step.limit_w else { return f64::INFINITY };
        let here = Interval { start: step.start.max(window.start), end: step.end.min(window.end) };
        let room: Power = (limit - step.base_w - step.steered_w).or_zero();
        room_kwh += room.as_kw() * hours(here.duration());
    }
    room_kwh / hours(window.duration())
}
