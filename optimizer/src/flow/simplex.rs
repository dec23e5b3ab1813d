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
    nodes: Vec<Node>,
    /// How many arcs are real; behind them each node has its artificial one.
    real: usize,
    /// The arcs that may enter.
    candidates: Vec<u32>,
    /// Where the search for an entering arc goes on.
    position: usize,
    /// How many pivots there were.
    pub(super) pivots: usize,
}

/// A node in the tree. What a walk looks at lies together.
#[derive(Debug, Clone, Copy)]
struct Node {
    price: i64,
    parent: u32,
    /// The arc to the parent.
    link: u32,
    /// How many nodes hang on it, itself among them.
    size: u32,
    /// The first child; its siblings are a list.
    child: u32,
    next: u32,
    previous: u32,
}

/// Where the method ended: its tree, and where the other arcs stood.
pub(crate) struct End {
    state: Vec<State>,
    nodes: Vec<Node>,
}

impl End {
    /// Puts the method back there; its flow and prices are to be reckoned anew.
    pub(crate) fn restore(&self, simplex: &mut Simplex) {
        simplex.state.clone_from(&self.state);
        simplex.nodes.clone_from(&self.nodes);
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

    /// Returns where the method stands.
    pub(crate) fn end(&self) -> End {
        End { state: self.state.clone(), nodes: self.nodes.clone() }
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
        self.cost[arc] + self.nodes[self.from[arc] as usize].price - self.nodes[self.to[arc] as usize].price
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
        let out = self.nodes[leaving as usize].link as usize;
        self.state[out] = if self.flow[out] == 0 { State::Empty } else { State::Full };
        self.state[arc] = State::Tree;
        let (moved, host) = if at_first { (first, second) } else { (second, first) };
        self.resize(host, leaving, join);
        self.rehang(moved, host, arc, leaving);
    }

    /// Returns the lowest node above both: what is above has more below it.
    fn join(&self, mut one: u32, mut other: u32) -> u32 {
        while one != other {
            if self.nodes[one as usize].size <= self.nodes[other as usize].size {
                one = self.nodes[one as usize].parent;
            } else {
                other = self.nodes[other as usize].parent;
            }
        }
        one
    }

    /// Finds what blocks first when flow goes join → first → arc → second → join; of several the last on the way.
    fn blocking(&self, arc: usize, first: u32, second: u32, join: u32) -> Blocking {
        let mut blocking = Blocking { most: self.capacity[arc], leaves: None };
        let mut node = first;
        while node != join {
            let link = self.nodes[node as usize].link as usize;
            let upwards = self.from[link] == node;
            let room = if upwards { self.flow[link] } else { self.capacity[link] - self.flow[link] };
            if room < blocking.most {
                blocking = Blocking { most: room, leaves: Some((node, true)) };
            }
            node = self.nodes[node as usize].parent;
        }
        node = second;
        while node != join {
            let link = self.nodes[node as usize].link as usize;
            let upwards = self.from[link] == node;
            let room = if upwards { self.capacity[link] - self.flow[link] } else { self.flow[link] };
            if room <= blocking.most {
                blocking = Blocking { most: room, leaves: Some((node, false)) };
            }
            node = self.nodes[node as usize].parent;
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
                let link = self.nodes[node as usize].link as usize;
                let along = (self.from[link] == node) == outwards;
                self.flow[link] += if along { amount } else { -amount };
                node = self.nodes[node as usize].parent;
            }
        }
    }

    /// Counts the nodes below a leaving link where they will hang, up to where both ways join.
    fn resize(&mut self, host: u32, leaving: u32, join: u32) {
        let Node { size, parent, .. } = self.nodes[leaving as usize];
        let mut node = parent;
        while node != join {
            self.nodes[node as usize].size -= size;
            node = self.nodes[node as usize].parent;
        }
        node = host;
        while node != join {
            self.nodes[node as usize].size += size;
            node = self.nodes[node as usize].parent;
        }
    }

    /// Hangs the part of the tree below a leaving link under a new host, by the arc between `moved` and `host`.
    fn rehang(&mut self, moved: u32, host: u32, arc: usize, leaving: u32) {
        let (all, mut below) = (self.nodes[leaving as usize].size, 0);
        let (mut node, mut host_of_node, mut link) = (moved, host, index(arc));
        loop {
            let Node { parent: old_parent, link: old_link, size: old_size, .. } = self.nodes[node as usize];
            self.disown(old_parent, node);
            self.adopt(host_of_node, node);
            let hung = &mut self.nodes[node as usize];
            (hung.link, hung.size, below) = (link, all - below, old_size);
            if node == leaving {
                break;
            }
            (host_of_node, node, link) = (node, old_parent, old_link);
        }
        self.shift(moved, self.due(moved) - self.nodes[moved as usize].price);
    }

    /// Shifts the prices below a node against the rest: those of the smaller part, for only differences count.
    fn shift(&mut self, top: u32, by: i64) {
        if 2 * self.nodes[top as usize].size as usize <= self.nodes.len() {
            let mut next = Some(top);
            while let Some(node) = next {
                self.nodes[node as usize].price += by;
                next = self.following(node, top);
            }
            return;
        }
        let mut next = Some(0);
        while let Some(node) = next {
            self.nodes[node as usize].price -= by;
            next = self.following(node, 0);
            if next == Some(top) {
                next = self.after(top, 0);
            }
        }
        if self.nodes[0].price.abs() > i64::MAX / 4 {
            self.reprice();
        }
    }

    /// Returns the node after another on a walk through what hangs on `top`, parents before children.
    fn following(&self, at: u32, top: u32) -> Option<u32> {
        let child = self.nodes[at as usize].child;
        if child == NONE { self.after(at, top) } else { Some(child) }
    }

    /// Returns the node after all that hangs on another.
    fn after(&self, mut at: u32, top: u32) -> Option<u32> {
        while at != top {
            let node = &self.nodes[at as usize];
            if node.next != NONE {
                return Some(node.next);
            }
            at = node.parent;
        }
        None
    }

    /// Returns the price of a node by that of its parent: arcs of the tree have no slope.
    fn due(&self, node: u32) -> i64 {
        let Node { parent, link, .. } = self.nodes[node as usize];
        let (price, cost) = (self.nodes[parent as usize].price, self.cost[link as usize]);
        if self.from[link as usize] == node { price - cost } else { price + cost }
    }

    fn adopt(&mut self, parent: u32, node: u32) {
        let first = self.nodes[parent as usize].child;
        let adopted = &mut self.nodes[node as usize];
        (adopted.parent, adopted.next, adopted.previous) = (parent, first, NONE);
        if first != NONE {
            self.nodes[first as usize].previous = node;
        }
        self.nodes[parent as usize].child = node;
    }

    fn disown(&mut self, parent: u32, node: u32) {
        let Node { next, previous, .. } = self.nodes[node as usize];
        if previous == NONE {
            self.nodes[parent as usize].child = next;
        } else {
            self.nodes[previous as usize].next = next;
        }
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
    }
}

#[cfg(test)]
mod tests;
