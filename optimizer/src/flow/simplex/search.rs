//! The search for the arc that enters the tree. Most of the time goes here, so what it looks at lies together.

use super::{NONE, State, index};

/// An arc as the search sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) cost: i64,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) arc: u32,
    /// Which way its flow can go, see [`sign`].
    pub(super) sign: i32,
}

/// The fewest arcs that a list takes.
const SHORTEST: usize = 20;

/// Arcs that may enter, and a short list of those that gained when they were looked at.
#[derive(Debug, Default)]
pub(super) struct Search {
    entries: Vec<Entry>,
    /// The place of each arc among the entries.
    places: Vec<u32>,
    listed: Vec<u32>,
    /// How many more may be taken off the list before it is filled anew.
    left: usize,
    /// Where filling goes on.
    position: usize,
}

impl Entry {
    /// Returns by how much the cost grows with a unit through this arc; less than zero is a gain.
    ///
    /// Prices and costs of a network that fits stay far from the ends of the numbers.
    fn slope(&self, price: &[i64]) -> i64 {
        let slope = self.cost.wrapping_add(price[self.from as usize]).wrapping_sub(price[self.to as usize]);
        slope.wrapping_mul(i64::from(self.sign))
    }
}

impl Search {
    /// Begins with the arcs that may enter. **Shape**: `arcs` counts all there are.
    pub(super) fn begin(&mut self, arcs: usize, entries: impl Iterator<Item = Entry>) {
        self.listed.clear();
        (self.left, self.position) = (0, 0);
        self.entries.clear();
        self.entries.extend(entries);
        self.places.clear();
        self.places.resize(arcs, NONE);
        for (place, entry) in self.entries.iter().enumerate() {
            self.places[entry.arc as usize] = index(place);
        }
    }

    /// Notes where an arc stands now.
    pub(super) fn note(&mut self, arc: usize, state: State) {
        if let Some(entry) = self.entries.get_mut(self.places[arc] as usize) {
            entry.sign = sign(state);
        }
    }

    /// Returns an arc that gains, the best of the list; `None` when none does.
    pub(super) fn next(&mut self, price: &[i64]) -> Option<usize> {
        if self.left > 0
            && let Some(best) = self.best_listed(price)
        {
            self.left -= 1;
            return Some(best);
        }
        self.fill(price);
        self.best_listed(price)
    }

    fn best_listed(&mut self, price: &[i64]) -> Option<usize> {
        let (mut best, mut least) = (None, 0);
        let entries = &self.entries;
        self.listed.retain(|place| {
            let entry = &entries[*place as usize];
            let slope = entry.slope(price);
            if slope < least {
                (best, least) = (Some(entry.arc as usize), slope);
            }
            slope < 0
        });
        best
    }

    fn fill(&mut self, price: &[i64]) {
        let total = self.entries.len();
        let most = total.isqrt().max(SHORTEST);
        let mut looked = 0;
        self.listed.clear();
        while looked < total && self.listed.len() < most {
            let end = (self.position + most).min(total);
            let block = self.entries[self.position..end].iter().zip(self.position..);
            self.listed.extend(block.filter(|(entry, _)| entry.slope(price) < 0).map(|(_, place)| index(place)));
            looked += end - self.position;
            self.position = if end == total { 0 } else { end };
        }
        self.left = most / 3;
    }
}

/// Returns which way the flow of an arc can go: 1 up from zero, -1 down from the capacity; in the tree it is not asked.
pub(super) fn sign(state: State) -> i32 {
    match state {
        State::Empty => 1,
        State::Full => -1,
        State::Tree => 0,
    }
}
