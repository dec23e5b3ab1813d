//! Powers as a schedule: what they cost, what they miss, which limits the base load breaks, and why.

use headroom_domain::schedule::{Breach, PlanStatus, Schedule, SessionPlan};
use headroom_domain::units::hours;
use headroom_domain::{Energy, Money, Power};

use crate::explain;
use crate::problem::{self, Powers, Problem};
use crate::rows::Measure;
use crate::snapshot::Snapshot;

/// Makes a schedule of powers.
pub(crate) fn schedule(problem: &Problem<'_>, powers: &Powers, status: PlanStatus) -> Schedule {
    let snapshot = problem.snapshot;
    let reasons = explain::reasons(problem, powers, status);
    let plan = |(session, reasons)| {
        let state: &crate::snapshot::SessionState = &snapshot.sessions[session];
        let power = shown(problem, session, powers);
        let missing = state.needed_wh - Energy::from_wh(problem.energy(session, &power));
        SessionPlan {
            session: state.id.clone(),
            node: state.node.clone(),
            power_w: power.into_iter().map(Power::from_w).collect(),
            needed_wh: state.needed_wh,
            // A hundredth of a Wh is the solver's noise.
            shortfall_wh: if missing.as_wh() > 0.01 { missing } else { Energy::ZERO },
            reasons,
        }
    };
    Schedule {
        grid: snapshot.grid.clone(),
        status,
        sessions: reasons.into_iter().enumerate().map(plan).collect(),
        cost: Money::from_amount(cost(problem, powers)),
        breaches: breaches(problem),
    }
}

/// Makes the plan of a snapshot that breaks a rule: nothing for anyone.
pub(crate) fn nothing(snapshot: &Snapshot) -> Schedule {
    let steps = snapshot.grid.len();
    let plan = |state: &crate::snapshot::SessionState| SessionPlan {
        session: state.id.clone(),
        node: state.node.clone(),
        power_w: vec![Power::ZERO; steps],
        needed_wh: state.needed_wh,
        shortfall_wh: state.needed_wh,
        reasons: vec![Some(headroom_domain::reason::Reason::Fallback); steps],
    };
    Schedule {
        grid: snapshot.grid.clone(),
        status: PlanStatus::Fallback,
        sessions: snapshot.sessions.iter().map(plan).collect(),
        cost: Money::ZERO,
        breaches: Vec::new(),
    }
}

/// Returns what a schedule's sessions draw at every node and step, in W.
pub(crate) fn node_powers(snapshot: &Snapshot, schedule: &Schedule) -> Vec<Vec<f64>> {
    let tree = &snapshot.tree;
    let mut powers = vec![vec![0.0; schedule.grid.len()]; tree.nodes().len()];
    for plan in &schedule.sessions {
        for node in tree.position(&plan.node).into_iter().flat_map(|position| tree.path_to_root(position)) {
            for (sum, power) in powers[node].iter_mut().zip(&plan.power_w) {
                *sum += power.as_w();
            }
        }
    }
    powers
}

/// Returns a planned session's power, or what a carried one may draw while it is there.
fn shown(problem: &Problem<'_>, session: usize, powers: &Powers) -> Vec<f64> {
    let carried = &problem.carried_w[session];
    if carried.is_empty() {
        return powers[session].clone();
    }
    let stay = &problem.stays[session];
    (0..problem.steps()).map(|step| if stay.steps.contains(&step) { carried[step] } else { 0.0 }).collect()
}

/// Returns what the planned sessions' energy costs, with the demand charge of a peak above the period's highest.
pub(crate) fn cost(problem: &Problem<'_>, powers: &Powers) -> f64 {
    let mut money = 0.0;
    for &session in &problem.order {
        let stay = &problem.stays[session];
        for step in stay.steps.clone() {
            money += problem.price(step) * powers[session][step] * stay.yield_h(step) / 1000.0;
        }
    }
    let Some(charge) = problem.snapshot.demand_charge else { return money };
    let expected = problem.expected_w();
    let load = |step: usize| {
        let drawn = |session: &usize| powers[*session][step] * problem.stays[*session].uptake;
        expected[step] + problem.order.iter().map(drawn).sum::<f64>()
    };
    let unsteered = expected.iter().copied().fold(charge.peak_so_far_w.as_w(), f64::max);
    let peak = (0..problem.steps()).map(load).fold(unsteered, f64::max);
    money + charge.price_per_kw.as_amount() * (peak - unsteered) / 1000.0
}

fn breaches(problem: &Problem<'_>) -> Vec<Breach> {
    let mut found = Vec::new();
    for (index, row) in problem.rows.all().iter().enumerate().filter(|(_, row)| row.measure == Measure::Import) {
        let margin = if row.node == 0 { problem.snapshot.margin_w.as_w() } else { 0.0 };
        for (step, window) in problem.windows.iter().enumerate() {
            let Some(window) = window.filter(|window| hours(window.duration()) > 0.0) else { continue };
            let excess = -(problem::room(&problem.rows, index, window) + margin);
            if excess > headroom_domain::invariants::TOLERANCE_W {
                let node = problem.snapshot.tree.nodes()[row.node].id.clone();
                found.push(Breach { node, step, excess_w: Power::from_w(excess) });
            }
        }
    }
    found
}
