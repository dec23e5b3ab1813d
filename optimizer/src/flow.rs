//! Problems that are pure flows, planned as such: many times faster than by the programmes, with the same answer.
//!
//! Energy flows from each session through its steps and up the tree to the grid; what is wanted but not taken flows
//! straight there. It is a flow as long as every watt counts the same wherever it passes: whole steps, one kind of limit
//! at each node, and under a demand charge one uptake for all. Cost and preference are goals in order; a third, made of
//! names, leaves one answer only. So a plan can start from where an [earlier one](Basis) ended and says the same.
//!
//! A demand charge is no flow, but a search along the peak: see [`peak`]. Neither are steps that a vehicle is there for in
//! part; they are planned beside the flow, nearly as well: see [`parts`].

use crate::problem::{Powers, Problem};
use crate::stages::cost;

mod basis;
mod begin;
mod laid;
mod network;
mod parts;
mod peak;
mod simplex;
mod tree;

pub(crate) use basis::Basis;
use laid::Laid;
use parts::{Whole, Worth};
use simplex::Simplex;
use tree::Tree;

#[cfg(test)]
mod tests;

/// Units of cost in one of a currency.
const COSTS: f64 = 1e9;
/// Hours and weights this near are the same.
const SAME: f64 = 1e-9;
/// Units of flow in a Wh: a milliwatt for a millisecond. Power and time are whole numbers, so that peaks are as well.
const UNITS: f64 = 3.6e9;
/// What a need may be missed by, as in the programmes, for the rounding of limits: a mWh.
const MISSED: i64 = 3_600_000;

/// A plan by flow.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) powers: Powers,
    /// The highest power at the root that the plan pays for, in W.
    pub(crate) peak_w: Option<f64>,
    /// Where the plan ended, for the next one to start from.
    pub(crate) basis: Basis,
    /// How many pivots it took.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests measure work by it"))]
    pub(crate) pivots: usize,
}

/// Plans a problem whose needs all fit, from where an earlier plan ended; `None` where it is no flow.
///
/// The answer does not depend on where it starts.
pub(crate) fn plan(problem: &Problem<'_>, earlier: Option<&Basis>) -> Option<Planned> {
    let whole = Whole::new(problem)?;
    let (first, worth) = solved(&whole, earlier)?;
    let second = worth.and_then(|worth| solved(&whole.with_what_pays(&worth)?, Some(&first.basis)));
    let money = |plan: &Planned| cost::of_plan(problem, &plan.powers);
    Some(second.map(|(plan, _)| plan).filter(|second| money(second) < money(&first)).unwrap_or(first))
}

/// Plans a problem on whole steps; says what energy is worth where there are others.
fn solved(whole: &Whole<'_, '_>, earlier: Option<&Basis>) -> Option<(Planned, Option<Worth>)> {
    let problem = &*whole.problem;
    let tree = Tree::of(problem)?;
    let mut laid = Laid::new(problem, &tree)?;
    let first = laid.peak.as_ref().map(|peak| peak.first(laid.must, earlier.and_then(|earlier| earlier.peak_mw)));
    if let (Some(peak), Some(first)) = (&laid.peak, first) {
        peak.limit(first.at, |arc, most| laid.network.arcs[arc].capacity = most);
        laid.network.penalty = peak.penalty();
    }
    if !laid.network.fits() {
        return None;
    }
    let states = earlier.map_or_else(|| begin::states(&laid), |earlier| earlier.states(&laid));
    let mut simplex = Simplex::new(&laid.network, &states);
    simplex.approach(&laid.network);
    let peak = match (&laid.peak, first) {
        (Some(peak), Some(first)) => Some(peak.search(&laid.network, &mut simplex, first)),
        _ => None,
    };
    simplex.first_goal();
    if !simplex.is_feasible() {
        return None;
    }
    simplex.further_goals(&laid.network);
    let mut powers = laid.powers(&simplex.flow);
    let peak_w = laid.peak.as_ref().map(|peak| peak.needed_w(problem, &powers));
    let basis = Basis::of(&laid, &simplex.state, peak);
    let worth = (!whole.is_all()).then(|| {
        whole.bring_in(&mut powers, peak_w);
        simplex.settle_prices();
        laid.worth(&simplex)
    });
    Some((Planned { powers, peak_w, basis, pivots: simplex.pivots }, worth))
}
