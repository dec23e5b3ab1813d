//! Minimum-cost flow by the network simplex method, exact in integers.
//!
//! The basis is a spanning tree that hangs on the first node; each other node has an artificial arc to or from it.
//! Entering arcs are looked for block by block; the leaving arc is the last that blocks along the cycle, which keeps the
//! tree strongly feasible, so that no pivot cycles.
//!
//! Each goal is a run of its own. Its pivots go only along arcs without a slope in the goals before: these keep what
//! they reached, and every run reckons with one number per arc.

use super::network::{GOALS, Network, State};

mod start;

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
    /// Of each node: parent, arc to it, depth below the root, price.
    parent: Vec<u32>,
    link: Vec<u32>,
    depth: Vec<u32>,
    price: Vec<i64>,
    /// Children as lists.
    child: Vec<u32>,
    next: Vec<u32>,
    previous: Vec<u32>,
    /// How many arcs are real; behind them each node has its artificial one.
    real: usize,
    /// The arcs that may enter.
    candidates: Vec<u32>,
    /// Where the search for an entering arc goes on.
    position: usize,
    stack: Vec<u32>,
    /// How many pivots there were.
    pub(super) pivots: usize,
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
    /// Reaches the first goal from where the arcs stand.
    pub(crate) fn first_goal(&mut self) {
        self.candidates.clear();
        self.candidates.extend((0..self.real).filter(|arc| self.capacity[*arc] > 0).map(index));
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

    /// Tells whether the real arcs carry all but so much from each node.
    pub(crate) fn is_feasible(&self, but: i64) -> bool {
        self.flow[self.real..].iter().all(|flow| *flow <= but)
    }

    /// Returns what the flow costs in the goal at work, what artificial arcs carry at their penalty.
    pub(crate) fn worth(&self) -> i128 {
        self.flow.iter().zip(&self.cost).map(|(flow, cost)| i128::from(*flow) * i128::from(*cost)).sum()
    }

    /// Returns by how much the cost of the goal at work grows with the flow of an arc.
    pub(crate) fn slope(&self, arc: usize) -> i64 {
        self.cost[arc] + self.price[self.from[arc] as usize] - self.price[self.to[arc] as usize]
    }

    fn run(&mut self) {
        self.position = 0;
        while let Some(arc) = self.entering() {
            self.pivots += 1;
            self.pivot(arc);
        }
    }

    /// Looks for the arc that gains most in the first block that has one.
    fn entering(&mut self) -> Option<usize> {
        let block = self.candidates.len().isqrt().max(20);
        let (mut best, mut least, mut looked) = (None, 0, 0);
        while looked < self.candidates.len() {
            let end = (self.position + block).min(self.candidates.len());
            for &arc in &self.candidates[self.position..end] {
                let arc = arc as usize;
                let gain = match self.state[arc] {
                    State::Tree => 0,
                    State::Empty => self.slope(arc),
                    State::Full => -self.slope(arc),
                };
                if gain < least {
                    (best, least) = (Some(arc), gain);
                }
            }
            looked += end - self.position;
            self.position = if end == self.candidates.len() { 0 } else { end };
            if best.is_some() {
                return best;
            }
        }
        best
    }

    fn pivot(&mut self, arc: usize) {
        let (from, to) = (self.from[arc], self.to[arc]);
        let (first, second) = if self.state[arc] == State::Empty { (from, to) } else { (to, from) };
        let join = self.join(first, second);
        let blocking = self.blocking(arc, first, second, join);
        self.push(arc, first, second, join, blocking.most);
        let Some((leaving, at_first)) = blocking.leaves else {
            self.state[arc] = if self.state[arc] == State::Empty { State::Full } else { State::Empty };
            return;
        };
        let out = self.link[leaving as usize] as usize;
        self.state[out] = if self.flow[out] == 0 { State::Empty } else { State::Full };
        self.state[arc] = State::Tree;
        let (moved, host) = if at_first { (first, second) } else { (second, first) };
        self.rehang(moved, host, arc, leaving);
    }

    /// Returns the lowest node above both.
    fn join(&self, mut one: u32, mut other: u32) -> u32 {
        while one != other {
            if self.depth[one as usize] >= self.depth[other as usize] {
                one = self.parent[one as usize];
            } else {
                other = self.parent[other as usize];
            }
        }
        one
    }

    /// Finds what blocks first when flow goes join → first → arc → second → join; of several the last on the way.
    fn blocking(&self, arc: usize, first: u32, second: u32, join: u32) -> Blocking {
        let mut blocking = Blocking { most: self.capacity[arc], leaves: None };
        let mut node = first;
        while node != join {
            let link = self.link[node as usize] as usize;
            let upwards = self.from[link] == node;
            let room = if upwards { self.flow[link] } else { self.capacity[link] - self.flow[link] };
            if room < blocking.most {
                blocking = Blocking { most: room, leaves: Some((node, true)) };
            }
            node = self.parent[node as usize];
        }
        node = second;
        while node != join {
            let link = self.link[node as usize] as usize;
            let upwards = self.from[link] == node;
            let room = if upwards { self.capacity[link] - self.flow[link] } else { self.flow[link] };
            if room <= blocking.most {
                blocking = Blocking { most: room, leaves: Some((node, false)) };
            }
            node = self.parent[node as usize];
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
                let link = self.link[node as usize] as usize;
                let along = (self.from[link] == node) == outwards;
                self.flow[link] += if along { amount } else { -amount };
                node = self.parent[node as usize];
            }
        }
    }

    /// Hangs the part of the tree below a leaving link under a new host, by the arc between `moved` and `host`.
    fn rehang(&mut self, moved: u32, host: u32, arc: usize, leaving: u32) {
        let (mut node, mut host_of_node, mut link) = (moved, host, index(arc));
        loop {
            let (old_parent, old_link) = (self.parent[node as usize], self.link[node as usize]);
            self.disown(old_parent, node);
            self.adopt(host_of_node, node);
            self.link[node as usize] = link;
            if node == leaving {
                break;
            }
            (host_of_node, node, link) = (node, old_parent, old_link);
        }
        let shift = self.due(moved) - self.price[moved as usize];
        self.stack.push(moved);
        while let Some(node) = self.stack.pop() {
            self.price[node as usize] += shift;
            self.depth[node as usize] = self.depth[self.parent[node as usize] as usize] + 1;
            let mut child = self.child[node as usize];
            while child != NONE {
                self.stack.push(child);
                child = self.next[child as usize];
            }
        }
    }

    /// Returns the price of a node by that of its parent: arcs of the tree have no slope.
    fn due(&self, node: u32) -> i64 {
        let (link, price) = (self.link[node as usize] as usize, self.price[self.parent[node as usize] as usize]);
        if self.from[link] == node { price - self.cost[link] } else { price + self.cost[link] }
    }

    fn adopt(&mut self, parent: u32, node: u32) {
        let first = self.child[parent as usize];
        self.parent[node as usize] = parent;
        (self.next[node as usize], self.previous[node as usize]) = (first, NONE);
        if first != NONE {
            self.previous[first as usize] = node;
        }
        self.child[parent as usize] = node;
    }

    fn disown(&mut self, parent: u32, node: u32) {
        let (next, previous) = (self.next[node as usize], self.previous[node as usize]);
        if previous == NONE {
            self.child[parent as usize] = next;
        } else {
            self.next[previous as usize] = next;
        }
        if next != NONE {
            self.previous[next as usize] = previous;
        }
    }
}

#[cfg(test)]
mod tests;
