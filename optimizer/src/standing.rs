//! Whether a plan still serves, or the world has turned out otherwise.

use chrono::TimeDelta;
use headroom_domain::limit::EffectiveInterval;
use headroom_domain::schedule::{Schedule, SessionPlan};
use headroom_domain::{Energy, Interval, Power};

use crate::snapshot::{NodeBaseLoad, NodeLimits, SessionState, Snapshot};

/// The oldest that a plan becomes: by then it looks less far ahead, and forecasts have been mended.
const OLDEST: TimeDelta = TimeDelta::minutes(15);
/// How far ahead forecasts must agree: at most as far as the last measurement guards them when the plan is oldest.
const NEAR: TimeDelta = TimeDelta::minutes(15);
/// Powers and energies that differ by less than this share are alike.
const ALIKE: f64 = 0.05;
/// Energies that differ by less than this are alike.
const ALIKE_WH: f64 = 100.0;

/// Why the plan in force is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Something is different: a limit, a plug-in, a preference, a refusal, silence.
    Event,
    /// Time has passed.
    Timer,
    /// A station has acknowledged a profile: that makes room, and says nothing of what was planned.
    Acknowledgement,
}

/// Tells whether a plan that was made for one snapshot stands for another, or a new one is due.
pub fn stands(call: Call, planned: &Snapshot, schedule: &Schedule, now: &Snapshot) -> bool {
    match call {
        Call::Event => false,
        Call::Timer => still_serves(planned, schedule, now),
        Call::Acknowledgement => still_fits(planned, schedule, now),
    }
}

/// Tells whether a plan can be dispatched again: it speaks of the same sessions, and is no older than a plan becomes.
fn still_fits(planned: &Snapshot, schedule: &Schedule, now: &Snapshot) -> bool {
    let is_young = planned.now <= now.now && now.now < planned.now + OLDEST && now.now < schedule.grid.end();
    let planned = schedule.sessions.iter().map(|plan| &plan.session);
    is_young && planned.eq(now.sessions.iter().map(|session| &session.id))
}

/// Tells whether a plan that was made for one snapshot serves another as well: no newer one would say much else.
///
/// It does for a quarter of an hour at most, while the same sessions are there and take what was planned, ask for the same
/// and are as free as before, limits, prices and the peak are the same, and base loads are close to what was expected.
fn still_serves(planned: &Snapshot, schedule: &Schedule, now: &Snapshot) -> bool {
    still_fits(planned, schedule, now)
        && planned.tree == now.tree
        && planned.margin_w == now.margin_w
        && planned.demand_charge == now.demand_charge
        && planned.settings == now.settings
        && has_same_assets(planned, now)
        && has_same_limits(planned, now)
        && has_same_prices(planned, now)
        && has_like_base_loads(planned, now)
        && goes_as_planned(planned, schedule, now)
}

/// Batteries, generators and lines do not wait: with them a plan serves its own snapshot only.
fn has_same_assets(planned: &Snapshot, now: &Snapshot) -> bool {
    let has_none = |snapshot: &Snapshot| {
        snapshot.batteries.is_empty() && snapshot.generation.is_empty() && snapshot.reserves.is_empty()
    };
    has_none(planned) && has_none(now) && planned.lines == now.lines
}

fn has_same_limits(planned: &Snapshot, now: &Snapshot) -> bool {
    // How far ahead limits are looked up moves with the clock.
    let window = Interval { start: now.now, end: planned.grid.end() };
    let to_come = |limits: &NodeLimits| {
        let cut = |piece: &EffectiveInterval| {
            piece.interval.intersection(&window).map(|interval| EffectiveInterval { interval, ..piece.clone() })
        };
        limits.effective.iter().filter_map(cut).collect::<Vec<_>>()
    };
    let is_same =
        |(before, after): (&NodeLimits, &NodeLimits)| before.node == after.node && to_come(before) == to_come(after);
    planned.limits.len() == now.limits.len() && planned.limits.iter().zip(&now.limits).all(is_same)
}

fn has_same_prices(planned: &Snapshot, now: &Snapshot) -> bool {
    // The first step is priced from now on.
    let mut steps = now.grid.steps().zip(&now.prices).skip(1);
    steps.all(|(step, price)| planned.grid.index_of(step.start).is_none_or(|at| planned.prices[at] == *price))
}

fn has_like_base_loads(planned: &Snapshot, now: &Snapshot) -> bool {
    let near = || now.grid.steps().enumerate().take_while(|(_, step)| step.start < now.now + NEAR);
    let is_like = |(before, after): (&NodeBaseLoad, &NodeBaseLoad)| {
        before.node == after.node
            && near().all(|(at, step)| {
                let then = planned.grid.index_of(step.start.max(now.now));
                then.is_some_and(|then| is_close(now, before.guard_w[then], after.guard_w[at]))
            })
    };
    planned.base_load.len() == now.base_load.len() && planned.base_load.iter().zip(&now.base_load).all(is_like)
}

fn goes_as_planned(planned: &Snapshot, schedule: &Schedule, now: &Snapshot) -> bool {
    let count = now.sessions.len();
    let stays = |at: usize| {
        let (before, after, plan) = (&planned.sessions[at], &now.sessions[at], &schedule.sessions[at]);
        before.id == after.id && plan.session == after.id && is_like(now, before, after) && {
            let window = Interval::new(planned.now, now.now);
            let given = window.map_or(Energy::ZERO, |window| given(schedule, before, plan, window));
            let expected_wh = (before.needed_wh - given).or_zero().as_wh();
            (expected_wh - after.needed_wh.as_wh()).abs() <= ALIKE_WH + ALIKE * given.as_wh()
        }
    };
    planned.sessions.len() == count && schedule.sessions.len() == count && (0..count).all(stays)
}

/// Tells whether a session asks for the same and may be told the same as before.
fn is_like(now: &Snapshot, before: &SessionState, after: &SessionState) -> bool {
    before.node == after.node
        && before.departure == after.departure
        && before.steerable == after.steerable
        && before.responsive == after.responsive
        && before.may_wait == after.may_wait
        && before.profile_type == after.profile_type
        && before.uptake == after.uptake
        && before.load_share == after.load_share
        && is_close(now, before.maximum_w, after.maximum_w)
}

fn is_close(snapshot: &Snapshot, one: Power, other: Power) -> bool {
    let difference_w = (one - other).as_w().abs();
    difference_w <= snapshot.settings.tolerance_w.as_w().max(ALIKE * one.as_w().abs())
}

/// Returns what a plan gives a session over a window.
fn given(schedule: &Schedule, state: &SessionState, plan: &SessionPlan, window: Interval) -> Energy {
    let steps = schedule.grid.steps().zip(&plan.power_w);
    let allowed: Energy = steps.filter_map(|(step, power)| Some(*power * step.intersection(&window)?.duration())).sum();
    allowed * state.uptake.as_ratio()
}

#[cfg(test)]
mod tests;
