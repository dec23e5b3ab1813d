//! Plans anew who charges how fast, with who charges when taken from a valid plan: then no power is between zero and the
//! minimum, and all goals are reached in order as before.

use crate::problem::{Powers, Problem};
use crate::rolling::Memory;
use crate::stages::{self, cost};

/// By how much, in parts of it, a plan may cost more than one without minimum currents and stay as it is.
const NEAR: f64 = 5e-4;

/// Makes a valid plan cheaper, where more than a little is to be had: no plan costs less than `bound`.
///
/// Where more than charging is planned, or a site feeds in, the plan stays as it is.
pub(super) fn improve(problem: &Problem<'_>, powers: &mut Powers, bound: f64, memory: &Memory) {
    if !problem.is_only_charging() {
        return;
    }
    let money = cost::of_plan(problem, powers);
    if money - bound <= NEAR * bound.abs() {
        return;
    }
    let fixed = with_pattern(problem, powers);
    // The next plan is to start from where the goals ended, not from here.
    let mut basis = memory.0.clone();
    let Ok(mut staged) = stages::plan(&fixed, true, &mut basis) else { return };
    fixed.add_carried(problem, &mut staged.powers);
    if staged.optimal && cost::of_plan(problem, &staged.powers) < money {
        *powers = staged.powers;
    }
}

/// Returns the problem of adding to minimum currents: who charges in a near step carries the minimum, who does not must
/// not, and what is needed is what the plan delivers.
fn with_pattern<'a>(problem: &Problem<'a>, powers: &Powers) -> Problem<'a> {
    let mut fixed = problem.clone();
    for &session in &problem.order {
        let near = problem.stays[session].steps.clone().filter(|step| problem.near.contains(step));
        let mut pattern_w = vec![problem.stays[session].maximum_w; problem.steps()];
        let mut carried_wh = 0.0;
        for step in near {
            let stay = &problem.stays[session];
            let carried_w = powers[session][step].min(stay.minimum_w);
            pattern_w[step] = if carried_w > 0.0 { stay.maximum_w - carried_w } else { 0.0 };
            carried_wh += carried_w * stay.yield_h(step);
            fixed.carry(session, step, carried_w);
        }
        let delivered_wh = problem.energy(session, &powers[session]);
        let stay = &mut fixed.stays[session];
        stay.needed_wh = (stay.needed_wh.min(delivered_wh) - carried_wh).max(0.0);
        stay.wanted_wh = (stay.wanted_wh - carried_wh).max(stay.needed_wh);
        stay.pattern_w = Some(pattern_w);
    }
    fixed
}
