//! A tree to begin with: from where the arcs of a similar network stood, or of the same one under other capacities.

use super::{NONE, Network, Node, Search, Simplex, Spanning, State, index};

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
            tree: Spanning::new(nodes),
            price: vec![0; nodes],
            real,
            candidates: Vec::new(),
            search: Search::default(),
            pivots: 0,
        };
        simplex.hang();
        simplex.reflow();
        simplex
    }

    /// Spans the tree by the arcs that are to be in it; what they do not reach hangs on artificial arcs.
    pub(super) fn hang(&mut self) {
        let nodes = self.tree.count();
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
                if self.tree.node(start).link != NONE {
                    continue;
                }
                self.join_tree(0, start, self.real + start as usize);
            }
            stack.push(start);
            while let Some(node) = stack.pop() {
                for &arc in &at_node[ends[node as usize]..ends[node as usize + 1]] {
                    let other = if self.from[arc] == node { self.to[arc] } else { self.from[arc] };
                    if other != 0 && self.tree.node(other).link == NONE {
                        self.join_tree(node, other, arc);
                        stack.push(other);
                    }
                }
            }
        }
    }

    fn join_tree(&mut self, parent: u32, node: u32, arc: usize) {
        self.tree.add(node, parent, index(arc));
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
        let order: Vec<u32> = self.tree.order().collect();
        let mut lost = vec![false; self.tree.count()];
        for &node in order[1..].iter().rev() {
            let (passed, fits) = self.settle(node, excess[node as usize]);
            excess[self.tree.node(node).parent as usize] += passed;
            lost[node as usize] = !fits;
        }
        if lost.contains(&true) {
            let (old, real) = (self.tree.clone(), self.real);
            let above = |node: u32| match old.node(node) {
                _ if lost[node as usize] => (0, index(real + node as usize)),
                kept => (kept.parent, kept.link),
            };
            self.tree.rebuild(&order, above);
        }
        self.tree.count_all();
        self.reprice();
    }

    /// Gives the link of a node its flow; returns what comes out at its parent, and whether the link can carry that.
    fn settle(&mut self, node: u32, excess: i64) -> (i64, bool) {
        let link = self.tree.node(node).link as usize;
        let artificial = self.real + node as usize;
        if link != artificial {
            let upwards = self.from[link] == node;
            let due = if upwards { excess } else { -excess };
            // Every node can send a little more towards the root: so the tree is strongly feasible.
            let most = self.capacity[link];
            if if upwards { (0..most).contains(&due) } else { due > 0 && due <= most } {
                self.flow[link] = due;
                return (excess, true);
            }
            self.flow[link] = due.clamp(0, most);
            self.state[link] = if due >= most && most > 0 { State::Full } else { State::Empty };
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
        (passed, link == artificial)
    }

    /// Reckons prices from the tree.
    pub(super) fn reprice(&mut self) {
        self.price[0] = 0;
        let mut order = self.tree.order();
        order.next();
        for node in order {
            let Node { parent, link, .. } = self.tree.node(node);
            let (price, cost) = (self.price[parent as usize], self.cost[link as usize]);
            self.price[node as usize] = if self.from[link as usize] == node { price - cost } else { price + cost };
        }
    }
}
