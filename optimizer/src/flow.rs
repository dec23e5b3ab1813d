//! Problems that are pure flows, planned as such: many times faster than by the programme, with the same answer.
//!
//! Energy flows from each session through its steps and up the tree to the grid; what is wanted but not taken flows
//! straight there. It is a flow as long as every watt counts the same wherever it passes: whole steps, no peak to pay for,
//! one kind of limit at each node. Cost and preference are one cost of two parts, compared in order.

use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::stages::{cost, preference};

mod simplex;
use simplex::{Cost, Network};

#[cfg(test)]
mod tests;

/// Units of flow in a kWh: mWh.
const UNITS: f64 = 1e6;
/// Units of cost in one of a currency.
const COSTS: f64 = 1e9;
/// Hours and weights this near are the same.
const SAME: f64 = 1e-9;

/// Plans a problem whose needs all fit; `None` where it is no flow.
pub(crate) fn plan(problem: &Problem<'_>) -> Option<Powers> {
    if problem.snapshot.demand_charge.is_some() || !has_whole_steps(problem) {
        return None;
    }
    let tree = Tree::of(problem)?;
    let mut laid = Laid::new(problem, &tree);
    for (session, taste) in preference::tastes(problem) {
        laid.session(session, &taste);
    }
    let flow = laid.network.solve()?;
    Some(laid.powers(&flow))
}

fn has_whole_steps(problem: &Problem<'_>) -> bool {
    let whole = |session: &usize| {
        let stay = &problem.stays[*session];
        stay.steps.clone().all(|step| (stay.hours[step] - problem.hours(step)).abs() < SAME)
    };
    problem.order.iter().all(whole)
}

/// The nodes that limit sessions together.
struct Tree {
    /// For each session the nodes above it, upwards.
    above: Vec<Vec<usize>>,
    /// `limit_w[node][step]`.
    limit_w: Vec<Vec<f64>>,
}

impl Tree {
    /// Merges the rows of each node into one limit; `None` where sessions count differently in a row.
    fn of(problem: &Problem<'_>) -> Option<Self> {
        let rows = problem.rows.all();
        let mut below = vec![0_usize; problem.snapshot.tree.nodes().len()];
        let (mut weights, mut members) = (vec![None; rows.len()], vec![0_usize; rows.len()]);
        let mut above = vec![Vec::new(); problem.stays.len()];
        for &session in &problem.order {
            for &(row, weight) in problem.rows.of(session) {
                if (*weights[row].get_or_insert(weight) - weight).abs() > SAME {
                    return None;
                }
                members[row] += 1;
                if above[session].last() != Some(&rows[row].node) {
                    above[session].push(rows[row].node);
                    below[rows[row].node] += 1;
                }
            }
        }
        let mut limit_w = vec![vec![f64::INFINITY; problem.steps()]; below.len()];
        for (at, row) in rows.iter().enumerate().filter(|(at, _)| members[*at] > 0) {
            if members[at] != below[row.node] {
                return None;
            }
            for (limit, room) in limit_w[row.node].iter_mut().zip(&problem.room_w[at]) {
                *limit = limit.min(room / weights[at].unwrap_or(1.0));
            }
        }
        // A node of one session already bounds its power.
        for nodes in &mut above {
            nodes.retain(|node| below[*node] > 1);
        }
        Some(Self { above, limit_w })
    }
}

/// A problem laid out as a network.
struct Laid<'a> {
    problem: &'a Problem<'a>,
    tree: &'a Tree,
    room: Room,
    network: Network,
    grid: usize,
    /// The place of each node in each step, where it is in the network.
    places: Vec<Vec<Option<usize>>>,
    /// Session, step and arc of each part of a power.
    powers: Vec<(usize, usize, usize)>,
}

impl<'a> Laid<'a> {
    fn new(problem: &'a Problem<'a>, tree: &'a Tree) -> Self {
        let mut network = Network::default();
        let grid = network.node(0);
        let places = vec![vec![None; problem.steps()]; tree.limit_w.len()];
        Self { problem, tree, room: Room::of(problem), network, grid, places, powers: Vec::new() }
    }

    /// Adds a session: its energy, its steps, and what it leaves.
    fn session(&mut self, session: usize, taste: &impl Fn(usize) -> Option<preference::Taste>) {
        let (problem, stay) = (self.problem, &self.problem.stays[session]);
        let from = self.network.node(0);
        let mut reach = 0;
        for step in stay.steps.clone() {
            let hours = problem.hours(step);
            let most_kw = stay.maximum_w.min(self.room.left(&problem.rows, session, step)) / 1000.0;
            let Some(taste) = taste(step).filter(|_| units(most_kw * hours) > 0) else { continue };
            let place = self.place(&self.tree.above[session], step);
            let money = cost::price(problem, session, step) * stay.uptake;
            for (part_kw, weight) in parts(most_kw, taste) {
                let energy = units(part_kw * hours);
                let arc = self.network.arc(from, place, energy, costs(money, weight));
                reach += energy;
                self.powers.push((session, step, arc));
            }
        }
        let allowed = |energy_wh: f64| units(energy_wh / 1000.0 / stay.uptake);
        let (must, wanted) = (allowed(stay.needed_wh).min(reach), allowed(stay.wanted_wh).min(reach));
        let worth = cost::value(problem, session).unwrap_or(0.0) * stay.uptake;
        self.network.supply[from] = wanted;
        self.network.supply[self.grid] -= wanted;
        self.network.arc(from, self.grid, (wanted - must).max(0), costs(worth, 0.0));
    }

    /// Returns where the power of a step enters the tree; what is above is added when it is first asked for.
    fn place(&mut self, above: &[usize], step: usize) -> usize {
        let Some((&node, rest)) = above.split_first() else { return self.grid };
        if let Some(place) = self.places[node][step] {
            return place;
        }
        let (place, parent) = (self.network.node(0), self.place(rest, step));
        let most = self.tree.limit_w[node][step] / 1000.0 * self.problem.hours(step);
        self.network.arc(place, parent, units(most), Cost::default());
        self.places[node][step] = Some(place);
        place
    }

    fn powers(&self, flow: &[i64]) -> Powers {
        let mut powers = self.problem.nothing();
        for &(session, step, arc) in &self.powers {
            powers[session][step] += flow[arc] as f64 / UNITS * 1000.0 / self.problem.hours(step);
        }
        powers
    }
}

/// Splits a power where what a kWh weighs changes: at what is in force.
fn parts(most_kw: f64, taste: preference::Taste) -> Vec<(f64, f64)> {
    let Some((in_force_kw, change, stop)) = taste.in_force else { return vec![(most_kw, taste.late)] };
    let below_kw = in_force_kw.min(most_kw);
    vec![(below_kw, taste.late - change - stop), (most_kw - below_kw, taste.late + change)]
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "energies of a session stay far below 1e6 kWh; larger ones are cut"
)]
fn units(energy_kwh: f64) -> i64 {
    (energy_kwh * UNITS).min(1e12) as i64
}

#[expect(clippy::cast_possible_truncation, reason = "prices are finite and small; larger ones saturate")]
fn costs(money: f64, weight: f64) -> Cost {
    Cost((money * COSTS).round() as i64, (weight * COSTS).round() as i64)
}
