//! Where to begin: each session takes its cheapest steps, and pays a toll where more would pass than can.

use super::laid::{Laid, Origin};
use super::network::State;

/// How often tolls are set anew. They are only near what is right: the simplex does the rest.
const ROUNDS: u32 = 10;
/// How far a toll moves in the first round, in parts of the spread of costs, when twice as much would pass as can.
const FIRST_MOVE: f64 = 0.2;
/// How much shorter moves become from round to round.
const SHORTER: f64 = 0.3;

struct Beginning<'a> {
    laid: &'a Laid<'a>,
    /// The arcs of each session, by its node.
    own: Vec<Vec<usize>>,
    /// What passing each node towards the grid costs, on the node itself, and on all the way.
    toll: Vec<f64>,
    way: Vec<f64>,
}

/// Returns where each arc stands.
pub(super) fn states(laid: &Laid<'_>) -> Vec<State> {
    let arcs = &laid.network.arcs;
    let mut own = vec![Vec::new(); laid.network.supply.len()];
    for (at, arc) in arcs.iter().enumerate().filter(|(at, _)| !laid.is_load(*at)) {
        own[arc.from as usize].push(at);
    }
    let none = vec![0.0; own.len()];
    let mut beginning = Beginning { laid, own, toll: none.clone(), way: none };
    beginning.set_tolls();
    beginning.states()
}

impl Beginning<'_> {
    fn set_tolls(&mut self) {
        let arcs = &self.laid.network.arcs;
        let is_power = |at: &usize| matches!(self.laid.origins[*at], Origin::Power { .. });
        let costs = || (0..arcs.len()).filter(is_power).map(|at| arcs[at].cost[0]);
        let spread = costs().max().unwrap_or(0) as f64 - costs().min().unwrap_or(0) as f64;
        for round in 0..ROUNDS {
            let load = self.loads();
            let most = FIRST_MOVE * spread / (1.0 + SHORTER * f64::from(round));
            for (node, up) in self.laid.up.iter().enumerate() {
                let Some(capacity) = up.map(|arc| arcs[arc].capacity as f64).filter(|capacity| *capacity > 0.0) else {
                    continue;
                };
                let over = (load[node] / capacity - 1.0).clamp(-1.0, 1.0);
                self.toll[node] = (self.toll[node] + most * over).max(0.0);
            }
            for node in 0..self.way.len() {
                self.way[node] = self.laid.way(node).map(|node| self.toll[node]).sum();
            }
        }
    }

    /// Returns what would pass each node if only tolls and costs counted.
    fn loads(&self) -> Vec<f64> {
        let arcs = &self.laid.network.arcs;
        let (mut entering, mut load) = (vec![0.0; self.own.len()], vec![0.0; self.own.len()]);
        let mut liked = Vec::new();
        for (session, &supply) in self.laid.network.supply.iter().enumerate() {
            self.like(session, &mut liked);
            let mut rest = supply;
            for &(_, _, arc) in &liked {
                if rest <= 0 {
                    break;
                }
                let most = rest.min(arcs[arc].capacity);
                entering[arcs[arc].to as usize] += most as f64;
                rest -= most;
            }
        }
        for (node, entering) in entering.iter().enumerate().filter(|(_, entering)| **entering > 0.0) {
            self.laid.way(node).for_each(|node| load[node] += entering);
        }
        load
    }

    /// Sorts the arcs of a session, the best first.
    fn like(&self, session: usize, liked: &mut Vec<(f64, i64, usize)>) {
        let key = |&at: &usize| {
            let arc = &self.laid.network.arcs[at];
            (arc.cost[0] as f64 + self.way[arc.to as usize], arc.cost[1], at)
        };
        liked.clear();
        liked.extend(self.own[session].iter().map(key));
        liked.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    }

    /// Lets each session in turn take what it likes, as far as there is room.
    fn states(&self) -> Vec<State> {
        let arcs = &self.laid.network.arcs;
        let mut left: Vec<i64> = arcs.iter().map(|arc| arc.capacity).collect();
        let mut liked = Vec::new();
        for (session, &supply) in self.laid.network.supply.iter().enumerate() {
            self.like(session, &mut liked);
            let mut rest = supply;
            for &(_, _, arc) in &liked {
                let passed = || self.laid.way(arcs[arc].to as usize).filter_map(|node| self.laid.up[node]);
                let most = passed().map(|arc| left[arc]).fold(rest.min(left[arc]), i64::min);
                passed().chain([arc]).for_each(|arc| left[arc] -= most);
                rest -= most;
            }
        }
        let state = |(at, left): (usize, &i64)| match *left {
            0 if arcs[at].capacity > 0 => State::Full,
            left if left == arcs[at].capacity && !self.laid.is_load(at) => State::Empty,
            _ => State::Tree,
        };
        left.iter().enumerate().map(state).collect()
    }
}
