//! A tree to begin with: from where the arcs of a similar network stood, or of the same one under other capacities.

use super::{NONE, Network, Node, Simplex, State, index};

impl Default for Node {
    fn default() -> Self {
        Self { price: 0, parent: NONE, link: NONE, size: 1, child: NONE, next: NONE, previous: NONE }
    }
}

/// What an artificial arc can carry: all.
const ENOUGH: i64 = i64::MAX / 2;

impl Simplex {
    /// Begins with the tree that the states say. What they miss or cannot carry hangs on artificial arcs.
    ///
    /// **Shape**: one state per arc; the network [fits](Network::fits).
    pub(crate) fn new(network: &Network, states: &[State]) -> Self {
        let (nodes, real) = (network.supply.len(), network.arcs.len());
        let dearest = network.arcs.iter().map(|arc| arc.cost[0].abs()).max().unwrap_or(0);
        let penalty = (dearest + 1) * i64::from(index(nodes + 1)) + network.penalty;
        let extended = |of: &dyn Fn(usize) -> i64, rest: i64| -> Vec<i64> {
            (0..real).map(of).chain(std::iter::repeat_n(rest, nodes)).collect()
        };
        let money = extended(&|arc| network.arcs[arc].cost[0], penalty);
        let mut simplex = Self {
            from: network.arcs.iter().map(|arc| arc.from).chain((0..nodes).map(index)).collect(),
            to: network.arcs.iter().map(|arc| arc.to).chain(std::iter::repeat_n(0, nodes)).collect(),
            capacity: extended(&|arc| network.arcs[arc].capacity, ENOUGH),
            flow: vec![0; real + nodes],
            state: states.iter().copied().chain(std::iter::repeat_n(State::Empty, nodes)).collect(),
            cost: money.clone(),
            money,
            supply: network.supply.clone(),
            nodes: vec![Node::default(); nodes],
            real,
            candidates: Vec::new(),
            position: 0,
            pivots: 0,
        };
        simplex.hang();
        simplex.reflow();
        simplex
    }

    /// Spans the tree by the arcs that are to be in it; what they do not reach hangs on artificial arcs.
    fn hang(&mut self) {
        let nodes = self.nodes.len();
        let mut ends = vec![0_usize; nodes + 1];
        let wanted: Vec<usize> = (0..self.real).filter(|arc| self.state[*arc] == State::Tree).collect();
        for &arc in &wanted {
            ends[self.from[arc] as usize] += 1;
            ends[self.to[arc] as usize] += 1;
        }
        for node in 0..nodes {
            ends[node + 1] += ends[node];
        }
        let mut at_node = vec![0_usize; 2 * wanted.len()];
        for &arc in &wanted {
            for node in [self.from[arc], self.to[arc]] {
                ends[node as usize] -= 1;
                at_node[ends[node as usize]] = arc;
            }
            // Until the tree takes it, an arc stands at zero.
            self.state[arc] = State::Empty;
        }
        let mut stack = Vec::new();
        for start in (0..nodes).map(index) {
            if start != 0 {
                if self.nodes[start as usize].link != NONE {
                    continue;
                }
                self.join_tree(0, start, self.real + start as usize);
            }
            stack.push(start);
            while let Some(node) = stack.pop() {
                for &arc in &at_node[ends[node as usize]..ends[node as usize + 1]] {
                    let other = if self.from[arc] == node { self.to[arc] } else { self.from[arc] };
                    if other != 0 && self.nodes[other as usize].link == NONE {
                        self.join_tree(node, other, arc);
                        stack.push(other);
                    }
                }
            }
        }
    }

    fn join_tree(&mut self, parent: u32, node: u32, arc: usize) {
        self.adopt(parent, node);
        self.nodes[node as usize].link = index(arc);
        self.state[arc] = State::Tree;
    }

    /// Makes the flow what tree, states and capacities say, and goes back to the first goal. Where a link would have to
    /// carry what it cannot, the part of the tree below it hangs on its artificial arc instead.
    pub(crate) fn reflow(&mut self) {
        self.cost.clone_from(&self.money);
        let mut excess = self.supply.clone();
        for arc in 0..self.state.len() {
            self.flow[arc] = if self.state[arc] == State::Full { self.capacity[arc] } else { 0 };
            excess[self.from[arc] as usize] -= self.flow[arc];
            excess[self.to[arc] as usize] += self.flow[arc];
        }
        let order = self.order();
        for &node in order[1..].iter().rev() {
            let parent = self.nodes[node as usize].parent as usize;
            excess[parent] += self.settle(node, excess[node as usize]);
        }
        self.reprice();
    }

    /// Gives the link of a node its flow; returns what comes out at its parent.
    fn settle(&mut self, node: u32, excess: i64) -> i64 {
        let (parent, link) = (self.nodes[node as usize].parent, self.nodes[node as usize].link as usize);
        let artificial = self.real + node as usize;
        if link != artificial {
            let upwards = self.from[link] == node;
            let due = if upwards { excess } else { -excess };
            // Every node can send a little more towards the root: so the tree is strongly feasible.
            let most = self.capacity[link];
            if if upwards { (0..most).contains(&due) } else { due > 0 && due <= most } {
                self.flow[link] = due;
                return excess;
            }
            self.flow[link] = due.clamp(0, most);
            self.state[link] = if due >= most && most > 0 { State::Full } else { State::Empty };
            self.disown(parent, node);
            self.adopt(0, node);
            self.nodes[node as usize].link = index(artificial);
            self.state[artificial] = State::Tree;
        }
        // What goes by the artificial arc comes out at the root, where nobody asks.
        let passed = match link {
            _ if link == artificial => 0,
            _ if self.from[link] == node => self.flow[link],
            _ => -self.flow[link],
        };
        let rest = excess - passed;
        let (from, to) = if rest >= 0 { (node, 0) } else { (0, node) };
        (self.from[artificial], self.to[artificial], self.flow[artificial]) = (from, to, rest.abs());
        passed
    }

    /// Reckons sizes and prices from the tree.
    pub(super) fn reprice(&mut self) {
        let order = self.order();
        self.nodes[0].price = 0;
        for &node in &order {
            self.nodes[node as usize].size = 1;
            if node != 0 {
                self.nodes[node as usize].price = self.due(node);
            }
        }
        for &node in order[1..].iter().rev() {
            let Node { parent, size, .. } = self.nodes[node as usize];
            self.nodes[parent as usize].size += size;
        }
    }

    /// Returns the nodes, parents before children.
    fn order(&self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.nodes.len());
        order.extend(std::iter::successors(Some(0), |node| self.following(*node, 0)));
        order
    }
}
