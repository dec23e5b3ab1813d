//! A snapshot as indices: sessions by steps, and the room that limits leave for them.

use headroom_domain::grid::NodeKind;
use headroom_domain::units::hours;
use headroom_domain::{Interval, Power};
use std::cmp::Ordering;
use std::ops::Range;

use crate::rows::Rows;
use crate::snapshot::{SessionState, Snapshot};

/// Power of every session in every step, in W: `power[session][step]`, sessions in the order of the snapshot.
pub(crate) type Powers = Vec<Vec<f64>>;

/// When and how much a session can charge.
#[derive(Debug)]
pub(crate) struct Stay {
    /// The steps from now or arrival to departure.
    pub(crate) steps: Range<usize>,
    /// For each step of the grid, how much of it belongs to the stay.
    pub(crate) hours: Vec<f64>,
    /// Energy needed, wanted, and what of the allowed power reaches the battery's account.
    pub(crate) needed_wh: f64,
    pub(crate) wanted_wh: f64,
    pub(crate) uptake: f64,
    pub(crate) maximum_w: f64,
    pub(crate) minimum_w: f64,
    /// What a kWh beyond the need is worth.
    pub(crate) value_per_kwh: f64,
}

/// What is to be planned.
#[derive(Debug)]
pub(crate) struct Problem<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) rows: Rows<'a>,
    /// The steps, without what is before now; empty windows are past.
    pub(crate) windows: Vec<Option<Interval>>,
    /// What each row leaves for the planned sessions: `room_w[row][step]`, 0 where the load nobody steers takes all.
    pub(crate) room_w: Vec<Vec<f64>>,
    pub(crate) stays: Vec<Stay>,
    /// What sessions that are not planned may draw at worst: `carried_w[session][step]`, empty for planned ones.
    pub(crate) carried_w: Powers,
    /// The planned sessions in an order that depends on what they are, not on where they stand in the snapshot.
    pub(crate) order: Vec<usize>,
    /// Steps in which no power may lie between zero and the minimum.
    pub(crate) near: Range<usize>,
    /// The highest price of the horizon.
    pub(crate) dearest_per_kwh: f64,
}

impl<'a> Problem<'a> {
    /// Indexes a snapshot that has been checked.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let rows = Rows::new(snapshot);
        let now = snapshot.now;
        let windows: Vec<_> = snapshot.grid.steps().map(|step| Interval::new(step.start.max(now), step.end)).collect();
        let stays: Vec<_> = snapshot.sessions.iter().map(|session| stay(snapshot, session)).collect();
        let carried_w: Powers = snapshot.sessions.iter().map(|session| carried(session, &windows)).collect();
        let mut room_w: Vec<Vec<f64>> = (0..rows.all().len())
            .map(|row| windows.iter().map(|window| window.map_or(0.0, |window| room(&rows, row, window))).collect())
            .collect();
        for (session, carried) in carried_w.iter().enumerate() {
            for &(row, weight) in rows.of(session) {
                for (room, power) in room_w[row].iter_mut().zip(carried) {
                    *room -= weight * power;
                }
            }
        }
        let kept: Vec<f64> = windows.iter().map(|window| kept(snapshot, *window)).collect();
        for (row, room_w) in rows.all().iter().zip(&mut room_w) {
            // Nobody comes to an EVSE that is taken.
            let shared = snapshot.tree.nodes()[row.node].kind != NodeKind::Evse;
            for (room, kept) in room_w.iter_mut().zip(&kept) {
                *room = room.max(0.0) * if shared { *kept } else { 1.0 };
            }
        }
        let near_end = now + chrono::TimeDelta::seconds(snapshot.settings.minimum_current_within_s.min(31_536_000));
        let near = 0..snapshot.grid.edges().partition_point(|edge| *edge < near_end).min(snapshot.grid.len());
        let order = canonical_order(snapshot);
        let dearest_per_kwh = snapshot.prices.iter().map(|price| price.as_per_kwh()).fold(0.0, f64::max);
        Self { snapshot, rows, windows, room_w, stays, carried_w, order, near, dearest_per_kwh }
    }

    /// Returns the number of steps.
    pub(crate) fn steps(&self) -> usize {
        self.windows.len()
    }

    /// Returns a plan of zeros.
    pub(crate) fn nothing(&self) -> Powers {
        vec![vec![0.0; self.steps()]; self.stays.len()]
    }

    /// Returns how long a step is, without what is before now. **Units**: h.
    pub(crate) fn hours(&self, step: usize) -> f64 {
        self.windows[step].map_or(0.0, |window| hours(window.duration()))
    }

    /// Returns the price of a kWh in a step.
    pub(crate) fn price(&self, step: usize) -> f64 {
        self.snapshot.prices[step].as_per_kwh()
    }

    /// Returns what the root will probably draw beside the planned sessions, in W per step.
    pub(crate) fn expected_w(&self) -> Vec<f64> {
        let mut expected = vec![0.0; self.steps()];
        for base in &self.snapshot.base_load {
            for (sum, power) in expected.iter_mut().zip(&base.expected_w) {
                *sum += power.as_w();
            }
        }
        for (session, carried) in self.carried_w.iter().enumerate() {
            let (stay, state) = (&self.stays[session], &self.snapshot.sessions[session]);
            for step in stay.steps.clone().filter(|step| *step < carried.len()) {
                let probable = carried[step] * stay.uptake;
                expected[step] += state.power_now_w.map_or(probable, |power| probable.min(power.as_w()));
            }
        }
        expected
    }

    /// Returns the energy in Wh that powers bring to a session.
    pub(crate) fn energy(&self, session: usize, power_w: &[f64]) -> f64 {
        let stay = &self.stays[session];
        stay.steps.clone().map(|step| power_w[step] * stay.hours[step]).sum::<f64>() * stay.uptake
    }
}

impl Stay {
    /// Returns the energy in Wh that a watt brings in a step.
    pub(crate) fn yield_h(&self, step: usize) -> f64 {
        self.uptake * self.hours[step]
    }

    /// Returns the most energy in Wh that the stay can bring, limits aside.
    pub(crate) fn reach_wh(&self) -> f64 {
        self.steps.clone().map(|step| self.maximum_w * self.yield_h(step)).sum()
    }
}

/// Returns what a row leaves beside its base load; less than zero where the base load alone breaks the limit.
pub(crate) fn room(rows: &Rows<'_>, row: usize, window: Interval) -> f64 {
    rows.limit(row, window).0 - rows.guard(row, window)
}

/// How far ahead the room that is left to newcomers is at its most.
const NEWCOMERS_H: f64 = 2.0;

/// Returns the share of the room that plans may use: the rest is left to vehicles yet to come.
fn kept(snapshot: &Snapshot, window: Option<Interval>) -> f64 {
    let ahead = window.map_or(0.0, |window| hours(window.start - snapshot.now) / NEWCOMERS_H);
    1.0 - snapshot.settings.left_to_newcomers.as_ratio() * ahead.clamp(0.0, 1.0)
}

fn stay(snapshot: &Snapshot, session: &SessionState) -> Stay {
    let within = Interval::new(session.arrival.max(snapshot.now), session.departure);
    let part = |step: Interval| within.and_then(|within| within.intersection(&step));
    let hours: Vec<f64> =
        snapshot.grid.steps().map(|step| part(step).map_or(0.0, |part| hours(part.duration()))).collect();
    let first = hours.iter().position(|part| *part > 0.0).unwrap_or(0);
    let end = hours.iter().rposition(|part| *part > 0.0).map_or(first, |last| last + 1);
    let (mut money, mut total) = (0.0, 0.0);
    for (price, part) in snapshot.prices.iter().zip(&hours) {
        money += price.as_per_kwh() * part;
        total += part;
    }
    let mean = if total > 0.0 { money / total } else { 0.0 };
    Stay {
        steps: first..end,
        hours,
        needed_wh: session.needed_wh.as_wh(),
        wanted_wh: session.wanted_wh.as_wh(),
        uptake: session.uptake.as_ratio(),
        maximum_w: session.maximum_w.as_w(),
        minimum_w: session.minimum_w.as_w(),
        value_per_kwh: snapshot.settings.wanted_value.map_or(mean, headroom_domain::EnergyPrice::as_per_kwh),
    }
}

/// Returns the most that a session that is not planned may draw in each step, whenever it leaves.
fn carried(session: &SessionState, windows: &[Option<Interval>]) -> Vec<f64> {
    if session.is_planned() {
        return Vec::new();
    }
    let worst = |window: &Option<Interval>| match window {
        Some(window) if window.end > session.arrival => worst_over(session, *window).as_w(),
        _ => 0.0,
    };
    windows.iter().map(worst).collect()
}

fn worst_over(session: &SessionState, window: Interval) -> Power {
    let inside = session.belief.edges().filter(|edge| window.contains(*edge));
    inside.map(|edge| session.belief.worst_at(edge)).fold(session.belief.worst_at(window.start), Power::max)
}

fn canonical_order(snapshot: &Snapshot) -> Vec<usize> {
    let planned = |index: &usize| snapshot.sessions[*index].is_planned();
    let mut order: Vec<usize> = (0..snapshot.sessions.len()).filter(planned).collect();
    order.sort_by(|first, second| by_content(snapshot, *first, *second));
    order
}

fn by_content(snapshot: &Snapshot, first: usize, second: usize) -> Ordering {
    let key = |index: usize| {
        let session = &snapshot.sessions[index];
        let what = (session.departure, session.arrival, session.needed_wh, session.wanted_wh, session.maximum_w);
        let kind = (session.minimum_w, session.uptake, session.profile_type as u8, session.safe_rate_w);
        (what, kind, snapshot.tree.position(&session.node), &session.id)
    };
    let priority = |index: usize| snapshot.sessions[index].priority;
    priority(second).total_cmp(&priority(first)).then_with(|| key(first).cmp(&key(second)))
}
