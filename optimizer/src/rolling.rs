//! One step of the controller that looks ahead anew each time.

use headroom_domain::schedule::{PlanStatus, Schedule};

use crate::problem::{Powers, Problem};
use crate::snapshot::Snapshot;
use crate::solve::Unsolved;
use crate::stages::Staged;
use crate::{clip, fallback, flow, outcome, repair, stages};

pub use crate::standing::{Call, stands};

/// What one plan leaves so that the next one of the same area is quicker. It changes no answer.
#[derive(Debug, Clone, Default)]
pub struct Memory(pub(crate) Option<flow::Basis>);

/// Plans a snapshot. There is always an answer; how it came about stands in its status:
///
/// - `Optimal`: every stage solved to its end, then mended for minimum currents;
/// - `Feasible`: the solver ran out of time, the best it had was mended;
/// - `Fallback`: the solver had nothing; least laxity first on the same limits. A snapshot that breaks a rule gets zeros.
///
/// The same snapshot gives the same schedule, unless the deadline strikes.
pub fn step(snapshot: &Snapshot) -> Schedule {
    step_with(&mut Memory::default(), snapshot)
}

/// Does the same as [`step`] with the same answer, quicker where little changed since the plan before.
pub fn step_with(memory: &mut Memory, snapshot: &Snapshot) -> Schedule {
    if snapshot.check().is_err() {
        return outcome::nothing(snapshot);
    }
    let (mut problem, greedy) = with_room_for_arrivals(snapshot);
    match staged(&problem, &greedy, memory) {
        Ok(staged) => {
            let mut powers = staged.powers;
            problem.settle(staged.storage);
            repair::mend(&problem, &mut powers, staged.peak_w, memory);
            problem.hold_to_state(&mut powers);
            let status = if staged.optimal { PlanStatus::Optimal } else { PlanStatus::Feasible };
            outcome::schedule(&problem, &powers, status)
        }
        Err(_) => outcome::schedule(&problem, &greedy, PlanStatus::Fallback),
    }
}

/// Cuts the plan in force to the limits of a snapshot, at once and without a solver: what an emergency asks for before
/// the next [`step`] makes the best of it.
///
/// Who has the most time to spare gives way first; nobody gets more than was planned. Whom the plan does not know, and
/// what lies beyond its end, gets what the simple rule finds in the room that is left. A snapshot that breaks a rule gets
/// zeros.
pub fn clip(snapshot: &Snapshot, standing: &Schedule) -> Schedule {
    match snapshot.check() {
        Ok(()) => clip::clip(snapshot, standing),
        Err(_) => outcome::nothing(snapshot),
    }
}

/// Keeps room for expected arrivals, unless that costs a need of those who are there; also plans by the simple rule.
pub(crate) fn with_room_for_arrivals(snapshot: &Snapshot) -> (Problem<'_>, Powers) {
    let mut problem = Problem::new(snapshot);
    if !snapshot.reserves.is_empty() {
        let mut roomy = problem.clone();
        roomy.keep_for_arrivals();
        let greedy = simple(&mut roomy);
        if meets_all_needs(&roomy, &greedy) {
            return (roomy, greedy);
        }
    }
    let greedy = simple(&mut problem);
    (problem, greedy)
}

fn simple(problem: &mut Problem<'_>) -> Powers {
    let mut powers = fallback::greedy(problem);
    problem.hold_to_state(&mut powers);
    powers
}

/// Plans by stages, with what a simple rule found.
///
/// That all needs fit is tried even where the rule missed some: if they do, nothing has to be levelled.
pub(crate) fn staged(problem: &Problem<'_>, greedy: &Powers, memory: &mut Memory) -> Result<Staged, Unsolved> {
    let tried = stages::plan(problem, true, &mut memory.0);
    let is_sure = tried.as_ref().is_ok_and(|staged| staged.optimal) || meets_all_needs(problem, greedy);
    if is_sure { tried } else { stages::plan(problem, false, &mut memory.0) }
}

/// Tells whether powers miss nothing but what stays are too short for.
pub(crate) fn meets_all_needs(problem: &Problem<'_>, powers: &Powers) -> bool {
    problem.order.iter().all(|&session| {
        let reachable_wh = problem.stays[session].needed_wh.min(problem.stays[session].reach_wh());
        problem.energy(session, &powers[session]) >= reachable_wh - fallback::ENERGY_TOLERANCE_WH
    })
}
