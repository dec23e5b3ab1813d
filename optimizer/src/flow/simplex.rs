//! Minimum-cost flow by the network simplex method, exact in integers.
//!
//! The basis is a spanning tree that hangs on the first node; each other node has an artificial arc to or from it.
//! The entering arc is the best of a short list; the leaving arc is the last that blocks along the cycle, which keeps the
//! tree strongly feasible, so that no pivot cycles.
//!
//! Each goal is a run of its own. Its pivots go only along arcs without a slope in the goals before: these keep what
//! they reached, and every run reckons with one number per arc.

use super::network::{GOALS, Network, State};

mod search;
mod spanning;
mod start;
use search::{Entry, Search, sign};
use spanning::{Node, Spanning};

pub(super) const NONE: u32 = u32::MAX;

pub(crate) struct Simplex {
    from: Vec<u32>,
    to: Vec<u32>,
    pub(super) capacity: Vec<i64>,
    pub(super) flow: Vec<i64>,
    pub(super) state: Vec<State>,
    /// Costs of the goal at work.
    cost: Vec<i64>,
    /// Costs of the first goal.
    money: Vec<i64>,
    supply: Vec<i64>,
    tree: Spanning,
    /// The price of each node.
    price: Vec<i64>,
    /// How many arcs are real; behind them each node has its artificial one.
    real: usize,
    /// The arcs that may enter.
    candidates: Vec<u32>,
    search: Search,
    /// How many pivots there were.
    pub(super) pivots: usize,
}

/// How much more the first goal weighs than the second where both are approached.
const WEIGHT: i64 = 1 << 12;

/// Where the method ended: its tree, and where the other arcs stood.
pub(crate) struct End {
    state: Vec<State>,
    tree: Spanning,
}

impl End {
    /// Puts the method back there; its flow and prices are to be reckoned anew.
    pub(crate) fn restore(&self, simplex: &mut Simplex) {
        simplex.state.clone_from(&self.state);
        simplex.tree.clone_from(&self.tree);
    }
}

/// What blocks a pivot.
struct Blocking {
    /// How much flows around the cycle.
    most: i64,
    /// The node whose link leaves the tree, and whether it is on the side where the flow begins; `None`: the arc itself.
    leaves: Option<(u32, bool)>,
}

#[expect(clippy::cast_possible_truncation, reason = "a network that fits has fewer arcs and nodes")]
fn index(at: usize) -> u32 {
    at as u32
}

impl Simplex {
    /// Comes near the first two goals at once, by costs in which the second weighs next to nothing: from there neither is
    /// far, where one alone leads away from the other.
    pub(crate) fn approach(&mut self, network: &Network) {
        let liked = network.arcs.iter().map(|arc| arc.cost[1].unsigned_abs()).max().unwrap_or(0).max(1) as f64;
        // An artificial arc costs more than any way through the network.
        let dearest = self.money.iter().copied().fold(0, i64::max) as f64;
        if 8.0 * dearest * WEIGHT as f64 >= i64::MAX as f64 {
            return;
        }
        for (cost, arc) in self.cost.iter_mut().zip(&network.arcs) {
            #[expect(clippy::cast_possible_truncation, reason = "at most a quarter of the weight")]
            let liking = (arc.cost[1] as f64 / liked * (WEIGHT / 4) as f64) as i64;
            *cost = *cost * WEIGHT + liking;
        }
        self.cost[self.real..].iter_mut().for_each(|cost| *cost *= WEIGHT);
        self.reprice();
        self.look_at_all();
        self.run();
        self.cost.clone_from(&self.money);
        self.reprice();
    }

    fn look_at_all(&mut self) {
        self.candidates.clear();
        self.candidates.extend((0..self.real).filter(|arc| self.capacity[*arc] > 0).map(index));
    }

    /// Reaches the first goal from where the arcs stand.
    pub(crate) fn first_goal(&mut self) {
        self.look_at_all();
        self.run();
    }

    /// Reaches the further goals from an optimum of the first.
    pub(crate) fn further_goals(&mut self, network: &Network) {
        for goal in 1..GOALS {
            self.further_goal(network, goal);
        }
    }

    /// Reaches a further goal from an optimum of those before.
    pub(crate) fn further_goal(&mut self, network: &Network, goal: usize) {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.retain(|arc| self.state[*arc as usize] == State::Tree || self.slope(*arc as usize) == 0);
        self.candidates = candidates;
        for (cost, arc) in self.cost.iter_mut().zip(&network.arcs) {
            *cost = arc.cost[goal];
        }
        self.cost[self.real..].fill(0);
        self.reprice();
        self.run();
    }

    /// Goes back to the first goal from a tree that only the flow decides, so that its prices say the same whatever way
    /// led there.
    pub(crate) fn settle_prices(&mut self) {
        for arc in 0..self.real {
            self.state[arc] = match self.flow[arc] {
                0 => State::Empty,
                flow if flow == self.capacity[arc] => State::Full,
                _ => State::Tree,
            };
        }
        self.state[self.real..].fill(State::Empty);
        self.tree = Spanning::new(self.tree.count());
        self.hang();
        self.reflow();
        self.first_goal();
    }

    /// Returns where the method stands.
    pub(crate) fn end(&self) -> End {
        End { state: self.state.clone(), tree: self.tree.clone() }
    }

    /// Tells whether the real arcs carry all.
    pub(crate) fn is_feasible(&self) -> bool {
        self.flow[self.real..].iter().all(|flow| *flow == 0)
    }

    /// Returns what the flow costs in the goal at work, what artificial arcs carry at their penalty.
    pub(crate) fn worth(&self) -> i128 {
        self.flow.iter().zip(&self.cost).map(|(flow, cost)| i128::from(*flow) * i128::from(*cost)).sum()
    }

    /// Returns by how much the cost of the goal at work grows with the flow of an arc.
    pub(crate) fn slope(&self, arc: usize) -> i64 {
        self.cost[arc] + self.price[self.from[arc] as usize] - self.price[self.to[arc] as usize]
    }

    /// Returns what a unit more at a node costs.
    pub(crate) fn above_grid(&self, node: u32) -> i64 {
        self.price[0] - self.price[node as usize]
    }

    fn run(&mut self) {
        let entry = |&arc: &u32| {
            let at = arc as usize;
            Entry { cost: self.cost[at], from: self.from[at], to: self.to[at], arc, sign: sign(self.state[at]) }
        };
        self.search.begin(self.state.len(), self.candidates.iter().map(entry));
        while let Some(arc) = self.search.next(&self.price) {
            self.pivots += 1;
            self.pivot(arc);
        }
    }

    fn pivot(&mut self, arc: usize) {
        let (from, to) = (self.from[arc], self.to[arc]);
        let (first, second) = if self.state[arc] == State::Empty { (from, to) } else { (to, from) };
        let join = self.tree.join(first, second);
        let blocking = self.blocking(arc, first, second, join);
        self.push(arc, first, second, join, blocking.most);
        let Some((leaving, at_first)) = blocking.leaves else {
            let other = if self.state[arc] == State::Empty { State::Full } else { State::Empty };
            self.put(arc, other);
            return;
        };
        let out = self.tree.node(leaving).link as usize;
        self.put(out, if self.flow[out] == 0 { State::Empty } else { State::Full });
        self.put(arc, State::Tree);
        let (moved, host) = if at_first { (first, second) } else { (second, first) };
        self.tree.rehang(moved, host, index(arc), leaving, join);
        self.shift(moved, self.due(moved) - self.price[moved as usize]);
    }

    fn put(&mut self, arc: usize, state: State) {
        self.state[arc] = state;
        self.search.note(arc, state);
    }

    /// Finds what blocks first when flow goes join → first → arc → second → join; of several the last on the way.
    fn blocking(&self, arc: usize, first: u32, second: u32, join: u32) -> Blocking {
        let mut blocking = Blocking { most: self.capacity[arc], leaves: None };
        let mut node = first;
        while node != join {
            let Node { parent, link, .. } = self.tree.node(node);
            let link = link as usize;
            let upwards = self.from[link] == node;
            let room = if upwards { self.flow[link] } else { self.capacity[link] - self.flow[link] };
            if room < blocking.most {
                blocking = Blocking { most: room, leaves: Some((node, true)) };
            }
            node = parent;
        }
        node = second;
        while node != join {
            let Node { parent, link, .. } = self.tree.node(node);
            let link = link as usize;
            let upwards = self.from[link] == node;
            let room = if upwards { self.capacity[link] - self.flow[link] } else { self.flow[link] };
            if room <= blocking.most {
                blocking = Blocking { most: room, leaves: Some((node, false)) };
            }
            node = parent;
        }
        blocking
    }

    fn push(&mut self, arc: usize, first: u32, second: u32, join: u32, amount: i64) {
        if amount == 0 {
            return;
        }
        self.flow[arc] += if self.state[arc] == State::Empty { amount } else { -amount };
        for (start, outwards) in [(first, false), (second, true)] {
            let mut node = start;
            while node != join {
                let Node { parent, link, .. } = self.tree.node(node);
                let link = link as usize;
                let along = (self.from[link] == node) == outwards;
                self.flow[link] += if along { amount } else { -amount };
                node = parent;
            }
        }
    }

    /// Shifts the prices below a node against the rest: those of the smaller part, for only differences count.
    fn shift(&mut self, top: u32, by: i64) {
        if 2 * self.tree.node(top).size as usize <= self.tree.count() {
            self.tree.below(top).for_each(|node| self.price[node as usize] += by);
            return;
        }
        self.tree.beside(top).for_each(|node| self.price[node as usize] -= by);
        if self.price[0].abs() > i64::MAX / 4 {
            self.reprice();
        }
    }

    /// Returns the price of a node by that of its parent: arcs of the tree have no slope.
    fn due(&self, node: u32) -> i64 {
        let Node { parent, link, .. } = self.tree.node(node);
        let (price, cost) = (self.price[parent as usize], self.cost[link as usize]);
        if self.from[link as usize] == node { price - cost } else { price + cost }
    }
}

#[cfg(test)]
mod tests;
