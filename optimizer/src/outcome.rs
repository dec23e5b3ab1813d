//! Powers as a schedule: what they cost, what they miss, which limits the base load breaks, and why.

use headroom_domain::schedule::{Breach, PlanStatus, Schedule, SessionPlan};
use headroom_domain::units::hours;
use headroom_domain::{Energy, Interval, Money, Power};

use crate::explain;
use crate::problem::{Powers, Problem};
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
            power_w: (0..power.len())
                .map(|step| Power::from_w(power[step] - problem.storage.of_session(session, step)))
                .collect(),
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
        batteries: problem.battery_plans(),
        generation: problem.generation_plans(),
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
        batteries: Vec::new(),
        generation: Vec::new(),
        cost: Money::ZERO,
        breaches: Vec::new(),
    }
}

/// Returns what a schedule's sessions and batteries draw at every node and step, in W.
pub(crate) fn node_powers(snapshot: &Snapshot, schedule: &Schedule) -> Vec<Vec<f64>> {
    let tree = &snapshot.tree;
    let mut powers = vec![vec![0.0; schedule.grid.len()]; tree.nodes().len()];
    let sessions = schedule.sessions.iter().map(|plan| (&plan.node, &plan.power_w));
    let batteries = schedule.batteries.iter().map(|plan| (&plan.node, &plan.power_w));
    for (node, power_w) in sessions.chain(batteries) {
        for node in tree.position(node).into_iter().flat_map(|position| tree.path_to_root(position)) {
            for (sum, power) in powers[node].iter_mut().zip(power_w) {
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

/// Returns what the plan costs beside what the root would draw without it: energy, what is fed in, a new peak.
pub(crate) fn cost(problem: &Problem<'_>, powers: &Powers) -> f64 {
    let (unplanned_w, drawn_wh) = (problem.unplanned_w(), problem.drawn_wh(powers));
    let price = |step: usize, net_wh: f64| {
        let price = if net_wh > 0.0 { problem.snapshot.prices[step].as_per_kwh() } else { problem.export_price(step) };
        price * net_wh / 1000.0
    };
    let energy = |step: usize| price(step, drawn_wh[step]) - price(step, unplanned_w[step] * problem.hours(step));
    let money: f64 = (0..problem.steps()).map(energy).sum();
    let Some(charge) = problem.snapshot.demand_charge else { return money };
    let highest = |powers: &[f64]| powers.iter().copied().fold(charge.peak_so_far_w.as_w().max(0.0), f64::max);
    money + charge.price_per_kw.as_amount() * (highest(&problem.drawn_w(powers)) - highest(&unplanned_w)) / 1000.0
}

fn breaches(problem: &Problem<'_>) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut add = |node: usize, step: usize, excess: f64, is_export: bool| {
        if excess > headroom_domain::invariants::TOLERANCE_W {
            let node = problem.snapshot.tree.nodes()[node].id.clone();
            found.push(Breach { node, step, excess_w: Power::from_w(excess), is_export });
        }
    };
    let lasting = |window: &&Option<Interval>| window.is_some_and(|window| hours(window.duration()) > 0.0);
    // Where nothing but sessions draws, nothing is broken that they do not keep.
    let can_break = |index: usize| problem.rows.has_guard(index) || !problem.snapshot.batteries.is_empty();
    let rows = problem.rows.all().iter().enumerate();
    for (index, row) in rows.filter(|(at, row)| row.measure == Measure::Import && can_break(*at)) {
        let margin = if row.node == 0 { problem.snapshot.margin_w.as_w() } else { 0.0 };
        for (step, _) in problem.windows.iter().enumerate().filter(|(_, window)| lasting(window)) {
            let room = problem.beside_base_w(index, step);
            add(row.node, step, -(room + margin + problem.battery_room_w(index, step)), false);
        }
    }
    for node in problem.rows.export_limited() {
        for (step, window) in problem.windows.iter().enumerate().filter(|(_, window)| lasting(window)) {
            if let Some(limit) = window.and_then(|window| problem.rows.export_limit(node, window)) {
                let drawn = problem.least_draw_w(node, step) + problem.battery_draw_w(node, step);
                add(node, step, -(limit + drawn), true);
            }
        }
    }
    found
}
