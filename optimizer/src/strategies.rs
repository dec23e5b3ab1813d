//! Simple rules on the same limits: to compare with, and to fall back to.
//!
//! A rule looks at one step after the other. It keeps every limit of nodes, circuits and phases, gives nobody a power
//! between zero and the minimum, and stops where a session has the energy it wants; prices, and who had better not be
//! paused, are none of its business. The same snapshot gives the same schedule.
//!
//! | rule | who is served |
//! |---|---|
//! | [`equal_share`] | all at once, each the same power |
//! | [`round_robin`] | one after the other, each as much as fits; who is first changes every quarter of an hour |
//! | [`earliest_departure`] | one after the other, who leaves first at first (EDF) |
//! | [`least_laxity`] | one after the other, who has the least time to spare at first (LLF) |
//! | [`valley_filling`] | each over its stay, where the site draws least |

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::schedule::{PlanStatus, Schedule};
use headroom_domain::units::hours;
use serde::{Deserialize, Serialize};

use crate::fallback::{self, ENERGY_TOLERANCE_WH};
use crate::outcome;
use crate::problem::{Powers, Problem};
use crate::snapshot::Snapshot;

mod serve;
mod valley;

pub mod site;

use serve::{Claim, StepRoom, serve};

/// How long the same session is first under [`Rule::RoundRobin`].
const TURN: TimeDelta = TimeDelta::minutes(15);

/// In which order sessions are served that share the room of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// All at once, each the same power until it is at its most or in front of a full limit.
    EqualShare,
    /// In the order of their coming, beginning with another one every quarter of an hour.
    RoundRobin,
    /// Who leaves first at first.
    EarliestDeparture,
    /// Who has the least time to spare before full power until departure is needed at first.
    LeastLaxity,
}

/// Plans every session in one look at its steps, the least patient first. The floor for speed, and the fallback.
///
/// A snapshot that breaks a rule gets a plan of zeros.
pub fn greedy(snapshot: &Snapshot) -> Schedule {
    with(snapshot, fallback::greedy)
}

/// Shares the room of every step equally among the sessions present, until each has the energy it wants.
///
/// A snapshot that breaks a rule gets a plan of zeros.
pub fn equal_share(snapshot: &Snapshot) -> Schedule {
    by_rule(snapshot, Rule::EqualShare)
}

/// Serves the sessions present by turns, until each has the energy it wants.
///
/// A snapshot that breaks a rule gets a plan of zeros.
pub fn round_robin(snapshot: &Snapshot) -> Schedule {
    by_rule(snapshot, Rule::RoundRobin)
}

/// Serves who leaves first at first (EDF), until each has the energy it wants.
///
/// A snapshot that breaks a rule gets a plan of zeros.
pub fn earliest_departure(snapshot: &Snapshot) -> Schedule {
    by_rule(snapshot, Rule::EarliestDeparture)
}

/// Serves who has the least time to spare at first (LLF), until each has the energy it wants.
///
/// Laxity is what is left of the stay less the time that the rest of the need takes at full power; it is looked at anew
/// in every step. A snapshot that breaks a rule gets a plan of zeros.
pub fn least_laxity(snapshot: &Snapshot) -> Schedule {
    by_rule(snapshot, Rule::LeastLaxity)
}

/// Lays the need of every session where the site draws least over its stay, the least patient session first; what is
/// wanted beyond the need goes where the site draws less than in the mean of the stay.
///
/// A snapshot that breaks a rule gets a plan of zeros.
pub fn valley_filling(snapshot: &Snapshot) -> Schedule {
    with(snapshot, valley::fill)
}

/// Plans a snapshot by a rule.
///
/// A snapshot that breaks a rule of its own gets a plan of zeros.
pub fn by_rule(snapshot: &Snapshot, rule: Rule) -> Schedule {
    with(snapshot, |problem| step_by_step(problem, rule))
}

fn with(snapshot: &Snapshot, rule: impl Fn(&Problem<'_>) -> Powers) -> Schedule {
    match snapshot.check() {
        Ok(()) => {
            let problem = Problem::new(snapshot);
            outcome::schedule(&problem, &rule(&problem), PlanStatus::Fallback)
        }
        Err(_) => outcome::nothing(snapshot),
    }
}

/// What a session has yet to get.
struct Rest {
    needed_wh: f64,
    wanted_wh: f64,
}

fn step_by_step(problem: &Problem<'_>, rule: Rule) -> Powers {
    let mut powers = problem.nothing();
    let order = fallback::by_laxity(problem);
    let mut rests: Vec<Rest> =
        problem.stays.iter().map(|stay| Rest { needed_wh: stay.needed_wh, wanted_wh: stay.wanted_wh }).collect();
    let mut room = StepRoom::default();
    for (step, window) in problem.windows.iter().enumerate() {
        let Some(window) = window else { continue };
        room.fill(problem.room_w.iter().map(|row| row[step]));
        let present = order.iter().copied().filter(|session| problem.stays[*session].steps.contains(&step));
        let claims: Vec<(usize, Claim<'_>)> =
            present.filter_map(|session| Some((session, claim(problem, session, step, &rests[session])?))).collect();
        let given = serve(rule, claims.iter().map(|(_, claim)| claim), &mut room, window.start);
        for ((session, _), power_w) in claims.iter().zip(given) {
            powers[*session][step] = power_w;
            let energy_wh = power_w * problem.stays[*session].yield_h(step);
            rests[*session].needed_wh -= energy_wh;
            rests[*session].wanted_wh -= energy_wh;
        }
    }
    powers
}

fn claim<'a>(problem: &'a Problem<'_>, session: usize, step: usize, rest: &Rest) -> Option<Claim<'a>> {
    let (stay, state) = (&problem.stays[session], &problem.snapshot.sessions[session]);
    let yield_h = stay.yield_h(step);
    if rest.wanted_wh <= ENERGY_TOLERANCE_WH || yield_h <= 0.0 {
        return None;
    }
    let start = problem.windows[step].map_or(problem.snapshot.now, |window| window.start);
    let laxity_h = laxity_h(start.max(state.arrival), state.departure, rest.needed_wh, stay.maximum_w * stay.uptake);
    Some(Claim {
        shares: problem.rows.of(session),
        arrival: state.arrival,
        departure: state.departure,
        laxity_h,
        most_w: stay.maximum_w.min(rest.wanted_wh / yield_h).max(stay.minimum_w),
        minimum_w: stay.minimum_w,
    })
}

/// Returns the time to spare before full power until departure is needed. **Units**: h, less than zero where it is late.
fn laxity_h(now: DateTime<Utc>, departure: DateTime<Utc>, needed_wh: f64, full_w: f64) -> f64 {
    hours(departure - now) - needed_wh.max(0.0) / full_w.max(1.0)
}

#[cfg(test)]
mod tests;
