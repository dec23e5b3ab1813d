//! Minimum-cost flow by the network simplex method, exact in integers.
//!
//! The basis is a spanning tree over the nodes and an artificial root. Entering arcs are looked for block by block; the
//! leaving arc is the last that blocks along the cycle, which keeps the tree strongly feasible, so that no pivot cycles.

use std::ops::{Add, AddAssign, Neg, Sub};

/// Cost of a unit of flow: two goals in order, the second only among equals in the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Cost(pub(crate) i64, pub(crate) i64);

impl Add for Cost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }
}

impl Sub for Cost {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0, self.1 - other.1)
    }
}

impl Neg for Cost {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// An arc that carries 0 to `capacity`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arc {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) capacity: i64,
    pub(crate) cost: Cost,
}

/// A network. **Shape**: one supply per node, in sum zero; what is negative is wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    pub(crate) supply: Vec<i64>,
    pub(crate) arcs: Vec<Arc>,
}

impl Network {
    /// Adds a node and returns its index.
    pub(crate) fn node(&mut self, supply: i64) -> usize {
        self.supply.push(supply);
        self.supply.len() - 1
    }

    /// Adds an arc and returns its index.
    pub(crate) fn arc(&mut self, from: usize, to: usize, capacity: i64, cost: Cost) -> usize {
        self.arcs.push(Arc { from, to, capacity, cost });
        self.arcs.len() - 1
    }

    /// Returns the cheapest flow, one value per arc, or `None` where the supplies cannot be met or the numbers are too
    /// large to be added up.
    pub(crate) fn solve(&self) -> Option<Vec<i64>> {
        if !self.fits() {
            return None;
        }
        let mut simplex = Simplex::new(self);
        while let Some(arc) = simplex.entering() {
            simplex.pivot(arc);
        }
        let artificial = &simplex.flow[self.arcs.len()..];
        artificial.iter().all(|flow| *flow == 0).then(|| simplex.flow[..self.arcs.len()].to_vec())
    }
}

impl Network {
    /// Tells whether every sum that the method can come to stays within an `i64`.
    fn fits(&self) -> bool {
        let dearest = self.arcs.iter().map(|arc| (arc.cost.0 as f64).abs().max((arc.cost.1 as f64).abs()));
        // A price of a node is at most a penalty and a path; a slope is made of two and a cost.
        let steepest = 8.0 * (dearest.fold(0.0, f64::max) + 1.0) * (self.supply.len() + 1) as f64;
        let moved: f64 = self.supply.iter().map(|supply| (*supply as f64).abs()).sum();
        steepest.max(8.0 * moved) < i64::MAX as f64
    }
}

/// Where an arc stands: at zero, in the tree, or at its capacity. The number is its sign in the entering rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Tree,
    Full,
}

const NONE: usize = usize::MAX;

struct Simplex {
    arcs: Vec<Arc>,
    flow: Vec<i64>,
    state: Vec<State>,
    /// Of each node: parent, arc to it, depth below the root, price.
    parent: Vec<usize>,
    link: Vec<usize>,
    depth: Vec<u32>,
    price: Vec<Cost>,
    /// Children as lists.
    child: Vec<usize>,
    next: Vec<usize>,
    previous: Vec<usize>,
    /// Where the search for an entering arc goes on.
    position: usize,
    block: usize,
    stack: Vec<usize>,
}

/// What blocks a pivot.
struct Blocking {
    /// How much flows around the cycle.
    most: i64,
    /// The node whose link leaves the tree, and whether it is on the side where the flow begins; `None`: the arc itself.
    leaves: Option<(usize, bool)>,
}

impl Simplex {
    fn new(network: &Network) -> Self {
        let (nodes, real) = (network.supply.len(), network.arcs.len());
        let root = nodes;
        let dearest = network.arcs.iter().map(|arc| arc.cost.0.abs()).max().unwrap_or(0);
        let penalty = (dearest + 1) * i64::try_from(nodes + 1).unwrap_or(i64::MAX / 2);
        let mut simplex = Self {
            arcs: network.arcs.clone(),
            flow: vec![0; real + nodes],
            state: vec![State::Empty; real + nodes],
            parent: vec![root; nodes + 1],
            link: vec![NONE; nodes + 1],
            depth: vec![1; nodes + 1],
            price: vec![Cost::default(); nodes + 1],
            child: vec![NONE; nodes + 1],
            next: vec![NONE; nodes + 1],
            previous: vec![NONE; nodes + 1],
            position: 0,
            block: real.isqrt().max(10),
            stack: Vec::new(),
        };
        (simplex.parent[root], simplex.depth[root]) = (NONE, 0);
        for (node, &supply) in network.supply.iter().enumerate() {
            let arc = real + node;
            // A link without flow points to the root: so the tree is strongly feasible.
            let (from, to, cost) = if supply >= 0 { (node, root, 0) } else { (root, node, penalty) };
            simplex.arcs.push(Arc { from, to, capacity: i64::MAX / 4, cost: Cost(cost, 0) });
            simplex.price[node] = Cost(cost, 0);
            simplex.flow[arc] = supply.abs();
            simplex.state[arc] = State::Tree;
            simplex.link[node] = arc;
            simplex.adopt(root, node);
        }
        simplex
    }

    /// Returns by how much the cost grows with the flow of an arc.
    fn slope(&self, arc: usize) -> Cost {
        let Arc { from, to, cost, .. } = self.arcs[arc];
        cost + self.price[from] - self.price[to]
    }

    /// Looks for the arc that gains most in the first block that has one.
    fn entering(&mut self) -> Option<usize> {
        // Artificial arcs never come back: they are only there to begin with.
        let arcs = self.arcs.len() - (self.parent.len() - 1);
        let (mut best, mut least, mut left) = (None, Cost::default(), self.block);
        for _ in 0..arcs {
            let arc = self.position;
            self.position = if arc + 1 == arcs { 0 } else { arc + 1 };
            let gain = match self.state[arc] {
                State::Tree => Cost::default(),
                State::Empty => self.slope(arc),
                State::Full => -self.slope(arc),
            };
            if gain < least && self.arcs[arc].capacity > 0 {
                (best, least) = (Some(arc), gain);
            }
            left -= 1;
            if left == 0 {
                if best.is_some() {
                    return best;
                }
                left = self.block;
            }
        }
        best
    }

    fn pivot(&mut self, arc: usize) {
        let Arc { from, to, .. } = self.arcs[arc];
        let (first, second) = if self.state[arc] == State::Empty { (from, to) } else { (to, from) };
        let join = self.join(first, second);
        let blocking = self.blocking(arc, first, second, join);
        self.push(arc, first, second, join, blocking.most);
        let Some((leaving, at_first)) = blocking.leaves else {
            self.state[arc] = if self.state[arc] == State::Empty { State::Full } else { State::Empty };
            return;
        };
        let out = self.link[leaving];
        self.state[out] = if self.flow[out] == 0 { State::Empty } else { State::Full };
        self.state[arc] = State::Tree;
        let (moved, host) = if at_first { (first, second) } else { (second, first) };
        self.rehang(moved, host, arc, leaving);
    }

    /// Returns the lowest node above both.
    fn join(&self, mut one: usize, mut other: usize) -> usize {
        while one != other {
            if self.depth[one] >= self.depth[other] {
                one = self.parent[one];
            } else {
                other = self.parent[other];
            }
        }
        one
    }

    /// Finds what blocks first when flow goes join → first → arc → second → join; of several the last on the way.
    fn blocking(&self, arc: usize, first: usize, second: usize, join: usize) -> Blocking {
        let mut blocking = Blocking { most: self.arcs[arc].capacity, leaves: None };
        let mut node = first;
        while node != join {
            let link = self.link[node];
            let upwards = self.arcs[link].from == node;
            let room = if upwards { self.flow[link] } else { self.arcs[link].capacity - self.flow[link] };
            if room < blocking.most {
                blocking = Blocking { most: room, leaves: Some((node, true)) };
            }
            node = self.parent[node];
        }
        node = second;
        while node != join {
            let link = self.link[node];
            let upwards = self.arcs[link].from == node;
            let room = if upwards { self.arcs[link].capacity - self.flow[link] } else { self.flow[link] };
            if room <= blocking.most {
                blocking = Blocking { most: room, leaves: Some((node, false)) };
            }
            node = self.parent[node];
        }
        blocking
    }

    fn push(&mut self, arc: usize, first: usize, second: usize, join: usize, amount: i64) {
        if amount == 0 {
            return;
        }
        self.flow[arc] += if self.state[arc] == State::Empty { amount } else { -amount };
        for (start, outwards) in [(first, false), (second, true)] {
            let mut node = start;
            while node != join {
                let link = self.link[node];
                let along = (self.arcs[link].from == node) == outwards;
                self.flow[link] += if along { amount } else { -amount };
                node = self.parent[node];
            }
        }
    }

    /// Hangs the part of the tree below a leaving link under a new host, by the arc between `moved` and `host`.
    fn rehang(&mut self, moved: usize, host: usize, arc: usize, leaving: usize) {
        let (mut node, mut host_of_node, mut link) = (moved, host, arc);
        loop {
            let (old_parent, old_link) = (self.parent[node], self.link[node]);
            self.disown(old_parent, node);
            self.adopt(host_of_node, node);
            self.link[node] = link;
            if node == leaving {
                break;
            }
            (host_of_node, node, link) = (node, old_parent, old_link);
        }
        let Arc { from, cost, .. } = self.arcs[arc];
        let due = if from == moved { self.price[host] - cost } else { self.price[host] + cost };
        let shift = due - self.price[moved];
        self.stack.push(moved);
        while let Some(node) = self.stack.pop() {
            self.price[node] += shift;
            self.depth[node] = self.depth[self.parent[node]] + 1;
            let mut child = self.child[node];
            while child != NONE {
                self.stack.push(child);
                child = self.next[child];
            }
        }
    }

    fn adopt(&mut self, parent: usize, node: usize) {
        let first = self.child[parent];
        (self.parent[node], self.next[node], self.previous[node]) = (parent, first, NONE);
        if first != NONE {
            self.previous[first] = node;
        }
        self.child[parent] = node;
    }

    fn disown(&mut self, parent: usize, node: usize) {
        let (next, previous) = (self.next[node], self.previous[node]);
        if previous == NONE {
            self.child[parent] = next;
        } else {
            self.next[previous] = next;
        }
        if next != NONE {
            self.previous[next] = previous;
        }
    }
}

#[cfg(test)]
mod tests;
