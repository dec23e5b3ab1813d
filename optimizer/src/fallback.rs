//! An answer without a solver: the least patient first, each into its cheapest steps, on the same limits.

use crate::problem::{Powers, Problem, Stay};
use crate::room::Room;
use crate::stages::cost;

/// Differences of energy below this are none (Wh).
pub(crate) const ENERGY_TOLERANCE_WH: f64 = 1e-3;

/// Plans every session in one look at its steps.
///
/// Needed energy goes first, in order of laxity (the time to spare before full power until departure is needed); then
/// wanted energy where its value covers its price. No power lies between zero and the minimum.
pub(crate) fn greedy(problem: &Problem<'_>) -> Powers {
    let mut powers = problem.nothing();
    complete(problem, &mut Room::of(problem), &by_laxity(problem), &mut powers);
    powers
}

/// Gives sessions, in order, what they need and want beside what they have, in the room that is left.
pub(crate) fn complete(problem: &Problem<'_>, room: &mut Room, order: &[usize], powers: &mut Powers) {
    let mut steps: Vec<Vec<usize>> = order.iter().map(|session| by_price(problem, *session)).collect();
    for (session, steps) in order.iter().zip(&steps) {
        fill(problem, room, *session, &mut powers[*session], steps, problem.stays[*session].needed_wh);
        round_up(problem, room, *session, &mut powers[*session]);
    }
    for (session, steps) in order.iter().zip(&mut steps) {
        let stay = &problem.stays[*session];
        steps.retain(|step| problem.price(*step) <= stay.value_per_kwh);
        fill(problem, room, *session, &mut powers[*session], steps, stay.wanted_wh);
    }
}

/// Fills steps in order up to an energy; no power is left between zero and the minimum.
fn fill(problem: &Problem<'_>, room: &mut Room, session: usize, power_w: &mut [f64], steps: &[usize], energy_wh: f64) {
    let stay = &problem.stays[session];
    let mut rest_wh = energy_wh - problem.energy(session, power_w);
    for &step in steps {
        if rest_wh <= ENERGY_TOLERANCE_WH {
            return;
        }
        let can = room.left(&problem.rows, session, step).min(stay.most_w(step) - power_w[step]);
        let more = can.min(rest_wh / stay.yield_h(step));
        if more > 0.0 && power_w[step] + more >= stay.minimum_w {
            power_w[step] += more;
            room.take(&problem.rows, session, step, more);
            rest_wh -= more * stay.yield_h(step);
        }
    }
}

/// Rounds the last of a need up: where less is missing than a step at the minimum brings, one step begins at it.
pub(crate) fn round_up(problem: &Problem<'_>, room: &mut Room, session: usize, power_w: &mut [f64]) {
    let stay = &problem.stays[session];
    let rest_wh = stay.needed_wh - problem.energy(session, power_w);
    if rest_wh <= 10.0 * ENERGY_TOLERANCE_WH {
        return;
    }
    let fits = |step: &usize| {
        power_w[*step] == 0.0
            && stay.most_w(*step) >= stay.minimum_w
            && stay.minimum_w * stay.yield_h(*step) >= rest_wh
            && room.left(&problem.rows, session, *step) >= stay.minimum_w
    };
    if let Some(step) = by_price(problem, session).into_iter().find(fits) {
        power_w[step] = stay.minimum_w;
        room.take(&problem.rows, session, step, stay.minimum_w);
    }
}

/// Returns the planned sessions, those with the least time to spare first.
pub(crate) fn by_laxity(problem: &Problem<'_>) -> Vec<usize> {
    let laxity = |stay: &Stay| {
        let full_h = stay.needed_wh / (stay.maximum_w * stay.uptake).max(1.0);
        stay.hours[stay.steps.clone()].iter().sum::<f64>() - full_h
    };
    let mut order: Vec<_> = problem.order.iter().map(|&session| (laxity(&problem.stays[session]), session)).collect();
    order.sort_by(|first, second| first.0.total_cmp(&second.0));
    order.into_iter().map(|(_, session)| session).collect()
}

/// Returns the steps of a session's stay as it would take them: cheapest first, or earliest for the impatient.
pub(crate) fn by_price(problem: &Problem<'_>, session: usize) -> Vec<usize> {
    let mut steps: Vec<usize> = problem.stays[session].steps.clone().collect();
    if problem.snapshot.sessions[session].may_pause {
        let prices: Vec<f64> = (0..problem.steps()).map(|step| cost::marginal_price(problem, session, step)).collect();
        steps.sort_by(|first, second| prices[*first].total_cmp(&prices[*second]));
    }
    steps
}
