//! One step of the controller that looks ahead anew each time.

use headroom_domain::schedule::{PlanStatus, Schedule};

use crate::problem::{Powers, Problem};
use crate::snapshot::Snapshot;
use crate::solve::Unsolved;
use crate::stages::Staged;
use crate::{fallback, outcome, repair, stages};

/// Plans a snapshot. There is always an answer; how it came about stands in its status:
///
/// - `Optimal`: every stage solved to its end, then mended for minimum currents;
/// - `Feasible`: the solver ran out of time, the best it had was mended;
/// - `Fallback`: the solver had nothing; least laxity first on the same limits. A snapshot that breaks a rule gets zeros.
///
/// The same snapshot gives the same schedule, unless the deadline strikes.
pub fn step(snapshot: &Snapshot) -> Schedule {
    if snapshot.check().is_err() {
        return outcome::nothing(snapshot);
    }
    let problem = Problem::new(snapshot);
    let greedy = fallback::greedy(&problem);
    match staged(&problem, &greedy) {
        Ok(mut staged) => {
            repair::mend(&problem, &mut staged.powers, staged.peak_w);
            let status = if staged.optimal { PlanStatus::Optimal } else { PlanStatus::Feasible };
            outcome::schedule(&problem, &staged.powers, status)
        }
        Err(_) => outcome::schedule(&problem, &greedy, PlanStatus::Fallback),
    }
}

/// Plans by stages, with what a simple rule found.
///
/// That all needs fit is tried even where the rule missed some: if they do, nothing has to be levelled.
pub(crate) fn staged(problem: &Problem<'_>, greedy: &Powers) -> Result<Staged, Unsolved> {
    match stages::plan(problem, true) {
        Err(_) if !meets_all_needs(problem, greedy) => stages::plan(problem, false),
        staged => staged,
    }
}

/// Tells whether a schedule can be dispatched again: it speaks of the same sessions and the same steps.
pub fn still_fits(schedule: &Schedule, snapshot: &Snapshot) -> bool {
    let planned = schedule.sessions.iter().map(|plan| &plan.session);
    schedule.grid == snapshot.grid && planned.eq(snapshot.sessions.iter().map(|session| &session.id))
}

/// Tells whether powers miss nothing but what stays are too short for.
pub(crate) fn meets_all_needs(problem: &Problem<'_>, powers: &Powers) -> bool {
    problem.order.iter().all(|&session| {
        let reachable_wh = problem.stays[session].needed_wh.min(problem.stays[session].reach_wh());
        problem.energy(session, &powers[session]) >= reachable_wh - fallback::ENERGY_TOLERANCE_WH
    })
}
