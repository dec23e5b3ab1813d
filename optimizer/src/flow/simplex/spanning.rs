//! The spanning tree of the method. All nodes are one ring, parents before children, so that what hangs on a node lies
//! behind it in one piece: walks through it, which prices take, are quick.

use super::{NONE, index};

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) parent: u32,
    /// The arc to the parent.
    pub(super) link: u32,
    /// How many nodes hang on it, itself among them.
    pub(super) size: u32,
    /// The last of them on the ring.
    last: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Spanning {
    nodes: Vec<Node>,
    next: Vec<u32>,
    before: Vec<u32>,
}

impl Spanning {
    /// Begins with the root, node 0, alone.
    pub(super) fn new(nodes: usize) -> Self {
        let lone = Node { parent: NONE, link: NONE, size: 1, last: NONE };
        let own = || (0..nodes).map(index).collect();
        Self { nodes: vec![lone; nodes], next: own(), before: own() }
    }

    pub(super) fn node(&self, node: u32) -> Node {
        self.nodes[node as usize]
    }

    pub(super) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Adds a node behind its parent. Sizes are to be [counted](Self::count_all) after the last one.
    pub(super) fn add(&mut self, node: u32, parent: u32, link: u32) {
        let after = self.next[parent as usize];
        self.chain(parent, node);
        self.chain(node, after);
        let own = &mut self.nodes[node as usize];
        (own.parent, own.link) = (parent, link);
    }

    /// Makes the tree anew of nodes in an order in which parents come first.
    pub(super) fn rebuild(&mut self, order: &[u32], of: impl Fn(u32) -> (u32, u32)) {
        (self.next[0], self.before[0]) = (0, 0);
        for &node in &order[1..] {
            let (parent, link) = of(node);
            self.add(node, parent, link);
        }
    }

    /// Counts what hangs on each node.
    pub(super) fn count_all(&mut self) {
        for (at, node) in self.nodes.iter_mut().enumerate() {
            (node.size, node.last) = (1, index(at));
        }
        let (mut node, mut seen) = (self.before[0], 1);
        while seen < self.nodes.len() {
            let Node { parent, size, last, .. } = self.node(node);
            let above = &mut self.nodes[parent as usize];
            above.size += size;
            // Backwards the first child that is met is the last one.
            if above.last == parent {
                above.last = last;
            }
            (node, seen) = (self.before[node as usize], seen + 1);
        }
    }

    /// Returns the nodes, parents before children.
    pub(super) fn order(&self) -> impl Iterator<Item = u32> + '_ {
        self.from(0, self.nodes.len())
    }

    /// Returns a node and what hangs on it.
    pub(super) fn below(&self, top: u32) -> impl Iterator<Item = u32> + '_ {
        self.from(top, self.node(top).size as usize)
    }

    /// Returns all but what hangs on a node.
    pub(super) fn beside(&self, top: u32) -> impl Iterator<Item = u32> + '_ {
        let Node { size, last, .. } = self.node(top);
        self.from(self.next[last as usize], self.nodes.len() - size as usize)
    }

    fn from(&self, first: u32, count: usize) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(first), |node| Some(self.next[*node as usize])).take(count)
    }

    /// Returns the lowest node above both: what is above has more below it.
    pub(super) fn join(&self, mut one: u32, mut other: u32) -> u32 {
        while one != other {
            let (first, second) = (self.node(one), self.node(other));
            if first.size <= second.size { one = first.parent } else { other = second.parent }
        }
        one
    }

    /// Hangs what is below a leaving link under a new host, by an arc between `moved` and `host`.
    ///
    /// **Shape**: `join` is above both `leaving` and `host`.
    pub(super) fn rehang(&mut self, moved: u32, host: u32, arc: u32, leaving: u32, join: u32) {
        let Node { parent, size, last, .. } = self.node(leaving);
        self.resize(parent, join, |own| own - size);
        self.resize(host, join, |own| own + size);
        let (before, after) = (self.before[leaving as usize], self.next[last as usize]);
        self.chain(before, after);
        self.end_at(parent, last, before);
        let end = self.turn(moved, host, arc, leaving);
        let after = self.next[host as usize];
        self.chain(host, moved);
        self.chain(end, after);
        self.end_at(host, host, end);
    }

    fn resize(&mut self, mut node: u32, join: u32, by: impl Fn(u32) -> u32) {
        while node != join {
            let own = &mut self.nodes[node as usize];
            own.size = by(own.size);
            node = own.parent;
        }
    }

    /// Lets a node and those above it that end at one node end at another.
    fn end_at(&mut self, mut node: u32, old: u32, new: u32) {
        while node != NONE && self.nodes[node as usize].last == old {
            self.nodes[node as usize].last = new;
            node = self.nodes[node as usize].parent;
        }
    }

    /// Turns a part of the tree, so that `moved` is its top instead of `top`; returns its end on the ring.
    fn turn(&mut self, moved: u32, host: u32, arc: u32, top: u32) -> u32 {
        let all = self.node(top).size;
        let mut inner = (0, self.node(moved).last, NONE);
        let (mut node, mut above, mut link) = (moved, host, arc);
        let (mut end, mut behind_inner) = (inner.1, self.next[inner.1 as usize]);
        loop {
            let Node { parent, link: old_link, size, last } = self.node(node);
            let before = self.before[node as usize];
            if node != moved {
                // What comes before the part turned already, then what comes behind it.
                self.chain(end, node);
                end = inner.2;
                if last != inner.1 {
                    let further = self.next[last as usize];
                    self.chain(end, behind_inner);
                    (end, behind_inner) = (last, further);
                }
            }
            self.nodes[node as usize] = Node { parent: above, link, size: all - inner.0, last: NONE };
            inner = (size, last, before);
            if node == top {
                break;
            }
            (above, node, link) = (node, parent, old_link);
        }
        let mut node = top;
        while node != host {
            self.nodes[node as usize].last = end;
            node = self.nodes[node as usize].parent;
        }
        end
    }

    fn chain(&mut self, one: u32, other: u32) {
        self.next[one as usize] = other;
        self.before[other as usize] = one;
    }
}
