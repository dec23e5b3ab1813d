//! Export limits of a plan that is cut: batteries and vehicles give less, generation is held back.

use crate::problem::{Powers, Problem};
use crate::storage::StoragePlan;

/// The nodes whose feed-in is limited, with what is below each.
pub(super) struct Exports<'a> {
    problem: &'a Problem<'a>,
    nodes: Vec<Below>,
}

/// Positions in the snapshot's lists of what is below a node.
struct Below {
    node: usize,
    sessions: Vec<usize>,
    batteries: Vec<usize>,
    /// Those that can be held back.
    generation: Vec<usize>,
}

impl<'a> Exports<'a> {
    /// Finds the nodes below which something gives, children before parents.
    pub(super) fn new(problem: &'a Problem<'a>, storage: &StoragePlan) -> Self {
        let (snapshot, tree) = (problem.snapshot, &problem.snapshot.tree);
        let gives = storage.discharge_w.iter().any(|given_w| !given_w.is_empty())
            || !snapshot.batteries.is_empty()
            || snapshot.generation.iter().any(|own| own.curtailable);
        let mut nodes: Vec<usize> = if gives { problem.rows.export_limited().collect() } else { Vec::new() };
        nodes.sort_unstable_by(|one, other| other.cmp(one));
        let below = |node: usize| Below {
            node,
            sessions: (0..snapshot.sessions.len())
                .filter(|at| tree.is_below(&snapshot.sessions[*at].node, node))
                .collect(),
            batteries: (0..snapshot.batteries.len())
                .filter(|at| tree.is_below(&snapshot.batteries[*at].node, node))
                .collect(),
            generation: (0..snapshot.generation.len())
                .filter(|at| snapshot.generation[*at].curtailable)
                .filter(|at| tree.is_below(&snapshot.generation[*at].node, node))
                .collect(),
        };
        Self { problem, nodes: nodes.into_iter().map(below).collect() }
    }

    /// Cuts what vehicles, then batteries, give to what may be fed in if no vehicle charges: each may leave.
    pub(super) fn hold_givers(&self, storage: &mut StoragePlan, step: usize) {
        for node in &self.nodes {
            let Some(room_w) = self.room_w(node, step) else { continue };
            let mut excess_w = given_w(node, storage, step) - room_w;
            for &session in &node.sessions {
                if let Some(given_w) = storage.discharge_w[session].get_mut(step) {
                    *given_w -= give_way(&mut excess_w, *given_w);
                }
            }
            for &battery in &node.batteries {
                let power_w = &mut storage.batteries_w[battery][step];
                *power_w += give_way(&mut excess_w, -*power_w);
            }
        }
    }

    /// Holds back generation as far as an export limit asks for it beside what is charged.
    pub(super) fn hold_back(&self, storage: &mut StoragePlan, powers: &Powers, step: usize) {
        let most_w = |at: &usize| self.problem.snapshot.generation[*at].most_w[step].as_w();
        for node in &self.nodes {
            let Some(room_w) = self.room_w(node, step) else { continue };
            let charged_w: f64 =
                node.sessions.iter().map(|at| powers[*at][step] * self.problem.stays[*at].uptake).sum();
            let allowed_w: f64 = node.generation.iter().map(|at| most_w(at) - storage.held_back_w[*at][step]).sum();
            let mut excess_w = given_w(node, storage, step) + allowed_w - charged_w - room_w;
            for at in &node.generation {
                let held_w = &mut storage.held_back_w[*at][step];
                *held_w += give_way(&mut excess_w, most_w(at) - *held_w);
            }
        }
    }

    /// Returns what may be fed in beside the least that is drawn.
    fn room_w(&self, node: &Below, step: usize) -> Option<f64> {
        let limit_w = self.problem.rows.export_limit(node.node, self.problem.windows[step]?)?;
        Some(limit_w + self.problem.least_draw_w(node.node, step))
    }
}

/// Returns what vehicles and batteries below a node give beside what batteries take.
fn given_w(node: &Below, storage: &StoragePlan, step: usize) -> f64 {
    let vehicles: f64 = node.sessions.iter().filter_map(|at| storage.discharge_w[*at].get(step)).sum();
    vehicles - node.batteries.iter().map(|at| storage.batteries_w[*at][step]).sum::<f64>()
}

/// Takes as much of an excess away as there is to give.
fn give_way(excess_w: &mut f64, most_w: f64) -> f64 {
    let less_w = excess_w.min(most_w).max(0.0);
    *excess_w -= less_w;
    less_w
}
