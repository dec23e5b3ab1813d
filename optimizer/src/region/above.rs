//! The places above the areas: what they leave, and how it is shared out from the top down.

use headroom_domain::{Interval, Power};

use crate::snapshot::NodeLimits;

use super::Region;
use super::capped::Planned;

/// Differences below this are none (W).
const SAME_W: f64 = 1e-3;

/// The places above, parents before children. **Shape**: rooms and loads are `[node][step]`, in W.
pub(super) struct Above {
    parents: Vec<Option<usize>>,
    /// The place that each area hangs from.
    places: Vec<usize>,
    /// What a place leaves for all areas below it, their fixed loads included; infinite where nothing limits it.
    gross_w: Vec<Vec<f64>>,
}

impl Above {
    /// Indexes a region that has been checked.
    pub(super) fn new(region: &Region) -> Self {
        let tree = &region.tree;
        let mut windows = Vec::new();
        if let Some(area) = region.areas.first() {
            let snapshot = &area.snapshot;
            let start = |step: Interval| Interval { start: step.start.max(snapshot.now), ..step };
            windows.extend(snapshot.grid.steps().map(start));
        }
        let rated = |node: usize| tree.nodes()[node].rating.maximum_import_w.map_or(f64::INFINITY, Power::as_w);
        let mut gross_w: Vec<Vec<f64>> = (0..tree.nodes().len()).map(|node| vec![rated(node); windows.len()]).collect();
        for limits in &region.limits {
            let Some(node) = tree.position(&limits.node) else { continue };
            for (room, window) in gross_w[node].iter_mut().zip(&windows) {
                *room = room.min(lowest(limits, *window));
            }
        }
        for base in &region.base_load {
            for node in tree.position(&base.node).into_iter().flat_map(|at| tree.path_to_root(at)) {
                for (room, guard) in gross_w[node].iter_mut().zip(&base.guard_w) {
                    *room -= guard.as_w();
                }
            }
        }
        let places = region.areas.iter().map(|area| tree.position(&area.above).unwrap_or(0)).collect();
        Self { parents: (0..tree.nodes().len()).map(|node| tree.parent(node)).collect(), places, gross_w }
    }

    /// Returns the number of places.
    pub(super) fn len(&self) -> usize {
        self.parents.len()
    }

    /// Returns an area's places, upwards.
    pub(super) fn path(&self, area: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(self.places[area]), |at| self.parents[*at])
    }

    /// Returns what every place leaves for what is planned; 0 where fixed loads take all.
    pub(super) fn rooms(&self, planned: &[Planned]) -> Vec<Vec<f64>> {
        let mut rooms = self.gross_w.clone();
        for (area, planned) in planned.iter().enumerate() {
            for node in self.path(area) {
                for (room, fixed) in rooms[node].iter_mut().zip(&planned.fixed_w) {
                    *room -= fixed;
                }
            }
        }
        rooms.iter_mut().flatten().for_each(|room| *room = room.max(0.0));
        rooms
    }

    /// Adds up by place what the areas have in a list each.
    pub(super) fn sums<'a>(&self, steps: usize, of: impl Fn(usize) -> &'a [f64]) -> Vec<Vec<f64>> {
        let mut sums = vec![vec![0.0; steps]; self.len()];
        for area in 0..self.places.len() {
            for node in self.path(area) {
                for (sum, value) in sums[node].iter_mut().zip(of(area)) {
                    *sum += value;
                }
            }
        }
        sums
    }

    /// Tells whether plans together keep every limit above.
    pub(super) fn keeps(&self, planned: &[Planned]) -> bool {
        let rooms = self.rooms(planned);
        let loads = self.sums(self.steps(), |area| &planned[area].drawn_w);
        loads.iter().flatten().zip(rooms.iter().flatten()).all(|(load, room)| *load <= room + SAME_W)
    }

    /// Returns the number of steps.
    pub(super) fn steps(&self) -> usize {
        self.gross_w[0].len()
    }

    /// Allots every place's room to what hangs from it: to plans, in proportion where not all fits, and what is left in
    /// proportion to appetites.
    ///
    /// **Shape**: a value in W per step for each area: what its planned sessions may draw; infinite without a limit.
    pub(super) fn allot(&self, planned: &[Planned], appetite_w: impl Fn(usize, usize) -> f64) -> Vec<Vec<f64>> {
        self.allot_claims(planned, |area| &planned[area].drawn_w, appetite_w)
    }

    /// The same for claims that are no plans.
    pub(super) fn allot_claims<'a>(
        &self,
        planned: &[Planned],
        claims_w: impl Fn(usize) -> &'a [f64],
        appetite_w: impl Fn(usize, usize) -> f64,
    ) -> Vec<Vec<f64>> {
        let rooms = self.rooms(planned);
        let mut allotted = vec![vec![f64::INFINITY; self.steps()]; self.places.len()];
        let mut shares = vec![Share::default(); self.places.len()];
        for step in 0..self.steps() {
            for (area, share) in shares.iter_mut().enumerate() {
                *share = Share { claim_w: claims_w(area)[step], appetite_w: appetite_w(area, step), areas: 1.0 };
            }
            let caps = self.share_out(&rooms, step, &shares);
            for (allotted, cap) in allotted.iter_mut().zip(caps) {
                allotted[step] = cap;
            }
        }
        allotted
    }

    /// Shares the rooms of one step among the areas.
    fn share_out(&self, rooms: &[Vec<f64>], step: usize, shares: &[Share]) -> Vec<f64> {
        // Upwards: what each place asks for is what fits through it.
        let mut asked = vec![Share::default(); self.len()];
        for (area, share) in shares.iter().enumerate() {
            asked[self.places[area]].add(*share);
        }
        let whole = asked.clone();
        let mut below = whole;
        for node in (0..self.len()).rev() {
            asked[node] = below[node].within(rooms[node][step]);
            if let Some(parent) = self.parents[node] {
                below[parent].add(asked[node]);
            }
        }
        // Downwards: what each place has is shared among what asks for it there.
        let mut caps = vec![f64::INFINITY; self.len()];
        for node in 0..self.len() {
            let given = self.parents[node].map_or(f64::INFINITY, |parent| asked[node].of(caps[parent], &below[parent]));
            caps[node] = given.min(rooms[node][step]);
        }
        let of = |(share, place): (&Share, &usize)| share.of(caps[*place], &below[*place]);
        shares.iter().zip(&self.places).map(of).collect()
    }
}

/// What someone asks for in a step.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    /// What it draws by its plan.
    claim_w: f64,
    /// What it could draw beyond.
    appetite_w: f64,
    /// How many areas stand behind it: what nobody could draw is theirs alike, for those who come.
    areas: f64,
}

impl Share {
    fn add(&mut self, other: Self) {
        self.claim_w += other.claim_w;
        self.appetite_w += other.appetite_w;
        self.areas += other.areas;
    }

    /// Returns what of it fits through a room.
    fn within(self, room_w: f64) -> Self {
        let claim_w = self.claim_w.min(room_w);
        Self { claim_w, appetite_w: self.appetite_w.min(room_w - claim_w), ..self }
    }

    /// Returns its part of a cap that all share.
    fn of(self, cap_w: f64, all: &Self) -> f64 {
        if cap_w.is_infinite() {
            return f64::INFINITY;
        }
        if all.claim_w > cap_w {
            return self.claim_w * cap_w / all.claim_w;
        }
        let left_w = cap_w - all.claim_w;
        if all.appetite_w > left_w {
            return self.claim_w + self.appetite_w * left_w / all.appetite_w;
        }
        self.claim_w + self.appetite_w + (left_w - all.appetite_w) * self.areas / all.areas.max(1.0)
    }
}

/// Returns the lowest import limit that holds in a window.
fn lowest(limits: &NodeLimits, window: Interval) -> f64 {
    let powers = limits.over(window).filter_map(|piece| piece.maximum_import_w.as_ref());
    powers.map(|(power, _)| power.as_w()).fold(f64::INFINITY, f64::min)
}
