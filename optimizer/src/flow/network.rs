//! A network, and the cheapest flow through it.

#[cfg(test)]
use super::simplex::Simplex;

/// Cost of a unit of flow: goals in order, each only among equals in those before.
pub(crate) type Cost = [i64; GOALS];
/// How many goals there are: money, preference, and what makes the answer the only one.
pub(crate) const GOALS: usize = 3;

/// An arc that carries 0 to `capacity`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arc {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) capacity: i64,
    pub(crate) cost: Cost,
}

/// Where an arc stands: at zero, in the tree, or at its capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum State {
    #[default]
    Empty,
    Tree,
    Full,
}

/// A network. **Shape**: one supply per node, in sum zero; what is negative is wanted. Trees hang on the first node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    pub(crate) supply: Vec<i64>,
    pub(crate) arcs: Vec<Arc>,
    /// What it costs, beside any way through the network, not to carry a unit.
    pub(crate) penalty: i64,
}

impl Network {
    /// Adds a node and returns its index.
    pub(crate) fn node(&mut self, supply: i64) -> u32 {
        self.supply.push(supply);
        u32::try_from(self.supply.len() - 1).unwrap_or(u32::MAX)
    }

    /// Adds an arc and returns its index.
    pub(crate) fn arc(&mut self, from: u32, to: u32, capacity: i64, cost: Cost) -> usize {
        self.arcs.push(Arc { from, to, capacity, cost });
        self.arcs.len() - 1
    }

    /// Returns the cheapest flow, one value per arc, or `None` where the supplies cannot be met or the numbers are too
    /// large to be added up.
    #[cfg(test)]
    pub(crate) fn solve(&self) -> Option<Vec<i64>> {
        self.solve_from(&vec![State::Empty; self.arcs.len()])
    }

    /// Does the same from where the arcs of a similar network stood.
    #[cfg(test)]
    pub(crate) fn solve_from(&self, states: &[State]) -> Option<Vec<i64>> {
        let mut simplex = self.fits().then(|| Simplex::new(self, states))?;
        simplex.first_goal();
        simplex.is_feasible().then(|| {
            simplex.further_goals(self);
            simplex.flow[..self.arcs.len()].to_vec()
        })
    }

    /// Tells whether every sum that the method can come to stays within an `i64`.
    pub(crate) fn fits(&self) -> bool {
        let parts = |arc: &Arc| arc.cost.iter().map(|cost| (*cost as f64).abs()).fold(0.0, f64::max);
        let dearest = self.arcs.iter().map(parts).fold(0.0, f64::max);
        // A price of a node is at most a penalty and a path; a slope is made of two and a cost.
        let steepest = 8.0 * ((dearest + 1.0) * (self.supply.len() + 1) as f64 + self.penalty as f64);
        let moved: f64 = self.supply.iter().map(|supply| (*supply as f64).abs()).sum();
        let carried: f64 = self.arcs.iter().map(|arc| arc.capacity as f64).sum();
        let most = i64::MAX as f64;
        steepest < most && 2.0 * (moved + carried) < most && self.supply.len() + self.arcs.len() < u32::MAX as usize / 2
    }
}
