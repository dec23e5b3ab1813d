//! A problem laid out as a network: session → node in a step → node above → grid.

use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::stages::{cost, preference};

use super::network::{Cost, Network};
use super::parts::Worth;
use super::peak::Peak;
use super::simplex::Simplex;
use super::tree::Tree;
use super::{COSTS, MISSED, UNITS};

/// What an arc stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin {
    /// A part of a session's power in a step.
    Power { session: usize, step: usize, part: usize },
    /// What a session wants and does not take.
    Rest { session: usize },
    /// A node's load in a step.
    Load { node: usize, step: usize },
}

/// The root of the network.
const GRID: u32 = 0;
/// Names are told apart by so many numbers.
const NAMES: u64 = 1 << 38;

/// A problem laid out as a network.
pub(super) struct Laid<'a> {
    pub(super) problem: &'a Problem<'a>,
    pub(super) network: Network,
    pub(super) peak: Option<Peak>,
    /// What all needs come to.
    pub(super) must: i64,
    /// What each arc stands for.
    pub(super) origins: Vec<Origin>,
    /// How long each step is, in ms.
    pub(super) length_ms: Vec<i64>,
    /// The arc from each node towards the grid; sessions have none.
    pub(super) up: Vec<Option<usize>>,
    tree: &'a Tree,
    /// `most_mw[session]`, in the steps of its stay; and what they come to below each node.
    most_mw: Vec<Vec<i64>>,
    load_mw: Vec<Vec<i64>>,
    /// The place of each node in each step, where it is in the network.
    places: Vec<Vec<Option<u32>>>,
}

impl<'a> Laid<'a> {
    /// Lays out a problem; `None` where a demand charge asks for what is no flow.
    pub(super) fn new(problem: &'a Problem<'a>, tree: &'a Tree) -> Option<Self> {
        let peak = match problem.snapshot.demand_charge {
            Some(charge) => Some(Peak::of(problem, charge)?),
            None => None,
        };
        let none = || tree.limit_w.iter().map(|limits| vec![0; limits.len()]).collect::<Vec<_>>();
        let mut laid = Self {
            problem,
            network: Network::default(),
            peak,
            must: 0,
            origins: Vec::new(),
            length_ms: (0..problem.steps()).map(|step| whole(problem.hours(step) * 3.6e6)).collect(),
            up: Vec::new(),
            tree,
            most_mw: vec![Vec::new(); problem.stays.len()],
            load_mw: none(),
            places: tree.limit_w.iter().map(|limits| vec![None; limits.len()]).collect(),
        };
        laid.node(0, None);
        laid.reckon_loads();
        for (session, taste) in preference::tastes(problem) {
            laid.session(session, &taste);
        }
        Some(laid)
    }

    fn node(&mut self, supply: i64, up: Option<usize>) -> u32 {
        self.up.push(up);
        self.network.node(supply)
    }

    fn arc(&mut self, from: u32, to: u32, capacity: i64, cost: Cost, origin: Origin) -> usize {
        self.origins.push(origin);
        self.network.arc(from, to, capacity, cost)
    }

    /// Reckons the most that each session can draw, and that sessions together can.
    fn reckon_loads(&mut self) {
        let (problem, room) = (self.problem, Room::of(self.problem));
        for &session in &problem.order {
            let stay = &problem.stays[session];
            let most = |step: usize| milliwatts(stay.most_w(step).min(room.left(&problem.rows, session, step)));
            let most_mw: Vec<i64> = stay.steps.clone().map(most).collect();
            for &node in &self.tree.above[session] {
                for (load, most) in self.load_mw[node][stay.steps.clone()].iter_mut().zip(&most_mw) {
                    *load = load.saturating_add(*most);
                }
            }
            self.most_mw[session] = most_mw;
        }
    }

    /// Adds a session: its energy, its steps, and what it leaves.
    fn session(&mut self, session: usize, taste: &impl Fn(usize) -> Option<preference::Taste>) {
        let (problem, stay) = (self.problem, &self.problem.stays[session]);
        let allowed = |energy_wh: f64| whole(energy_wh * UNITS / stay.uptake);
        let wanted = allowed(stay.wanted_wh);
        let most_mw = std::mem::take(&mut self.most_mw[session]);
        let reachable: i64 = {
            let energies = stay.steps.clone().zip(&most_mw).map(|(step, most)| energy(*most, self.length_ms[step]));
            energies.fold(0, i64::saturating_add)
        };
        let (must, wanted) = ((allowed(stay.needed_wh).min(reachable) - MISSED).max(0), wanted.min(reachable));
        if wanted <= 0 {
            return;
        }
        let from = self.node(wanted, None);
        self.must = self.must.saturating_add(must);
        let grid = &mut self.network.supply[GRID as usize];
        *grid = grid.saturating_sub(wanted);
        // Beside a peak money is reckoned by what is taken: so equal costs are equal numbers.
        let share = self.peak.as_ref().map_or(stay.uptake, |_| 1.0);
        let name = named(problem.snapshot.sessions[session].id.as_str().bytes());
        for (step, most_mw) in stay.steps.clone().zip(most_mw) {
            let Some(taste) = taste(step).filter(|_| most_mw > 0) else { continue };
            let place = self.place(&self.tree.above[session], step);
            let money = cost::price(problem, session, step) * share;
            let start = problem.snapshot.grid.edges()[step].timestamp_millis();
            for (part, part_mw, weight) in parts(most_mw, taste) {
                let name = named(start.to_le_bytes().into_iter().chain([u8::from(part > 0)])) ^ name;
                let cost = [scaled(money), scaled(weight), (mixed(name) % NAMES).cast_signed()];
                let most = energy(part_mw, self.length_ms[step]).min(wanted);
                self.arc(from, place, most, cost, Origin::Power { session, step, part });
            }
        }
        let worth = cost::value(problem, session).unwrap_or(0.0) * share;
        self.arc(from, GRID, wanted - must, [scaled(worth), 0, 0], Origin::Rest { session });
    }

    /// Returns where the power of a step enters the tree; what is above is added when it is first asked for. Nodes that
    /// could not be overloaded are left out.
    fn place(&mut self, above: &[usize], step: usize) -> u32 {
        let binds = |node: &usize| {
            let (load, limit) = (self.load_mw[*node][step], milliwatts(self.tree.limit_w[*node][step]));
            load > limit || (*node == 0 && self.peak.as_ref().is_some_and(|peak| peak.could_rise(step, load)))
        };
        let Some(at) = above.iter().position(binds) else { return GRID };
        let node = above[at];
        if let Some(place) = self.places[node][step] {
            return place;
        }
        let limit_mw = milliwatts(self.tree.limit_w[node][step]).min(self.load_mw[node][step]);
        let place = self.node(0, None);
        let parent = self.place(&above[at + 1..], step);
        let length_ms = self.length_ms[step];
        let most = energy(limit_mw, length_ms);
        let arc = self.arc(place, parent, most, Cost::default(), Origin::Load { node, step });
        self.up[place as usize] = Some(arc);
        self.places[node][step] = Some(place);
        if let Some(peak) = self.peak.as_mut().filter(|_| node == 0) {
            peak.passes(arc, step, length_ms, most);
        }
        place
    }

    pub(super) fn is_load(&self, arc: usize) -> bool {
        matches!(self.origins[arc], Origin::Load { .. })
    }

    /// Returns a node and those that follow it on the way to the grid, without the grid itself.
    pub(super) fn way(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let above = |node: &usize| self.up[*node].map(|arc| self.network.arcs[arc].to as usize);
        std::iter::successors(Some(node), above).filter(|node| *node != GRID as usize)
    }

    /// Reads what energy is worth from the prices of the first goal.
    pub(super) fn worth(&self, simplex: &Simplex) -> Worth {
        // Beside a peak costs are per kWh taken, of which all take the same share.
        let share = self.peak.as_ref().map_or(1.0, Peak::uptake) / COSTS;
        let mut worth = Worth { session: vec![0.0; self.problem.stays.len()], toll: Vec::new() };
        worth.toll = self.places.iter().map(|places| vec![0.0; places.len()]).collect();
        for (at, (origin, arc)) in self.origins.iter().zip(&self.network.arcs).enumerate() {
            match *origin {
                Origin::Rest { session } => worth.session[session] = simplex.above_grid(arc.from) as f64 * share,
                Origin::Load { node, step } => worth.toll[node][step] = -simplex.slope(at).min(0) as f64 * share,
                Origin::Power { .. } => {}
            }
        }
        worth
    }

    /// Reads powers in W from a flow.
    pub(super) fn powers(&self, flow: &[i64]) -> Powers {
        let mut powers = self.problem.nothing();
        for (origin, flow) in self.origins.iter().zip(flow) {
            if let Origin::Power { session, step, .. } = *origin {
                powers[session][step] += *flow as f64 / self.length_ms[step] as f64 / 1000.0;
            }
        }
        powers
    }
}

/// Splits a power where what a kWh weighs changes: at what is in force.
fn parts(most_mw: i64, taste: preference::Taste) -> impl Iterator<Item = (usize, i64, f64)> {
    let (in_force_mw, change, stop) =
        taste.in_force.map_or((0, 0.0, 0.0), |(kw, change, stop)| (milliwatts(kw * 1000.0).max(0), change, stop));
    let below_mw = in_force_mw.min(most_mw);
    let both = [(0, below_mw, taste.late - change - stop), (1, most_mw - below_mw, taste.late + change)];
    both.into_iter().filter(|(_, part_mw, _)| *part_mw > 0)
}

/// Returns a power as whole mW, a hair above them aside.
#[expect(clippy::cast_possible_truncation, reason = "what is larger saturates, and fits no network")]
fn milliwatts(power_w: f64) -> i64 {
    (power_w * 1000.0 + 1e-3).floor().clamp(-1e17, 1e17) as i64
}

/// Returns the units of a power over a time.
fn energy(power_mw: i64, length_ms: i64) -> i64 {
    power_mw.saturating_mul(length_ms)
}

#[expect(clippy::cast_possible_truncation, reason = "what is larger saturates, and fits no network")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

fn scaled(money: f64) -> i64 {
    whole(money * COSTS)
}

/// Returns a number that a name gives, always the same (FNV-1a).
fn named(name: impl Iterator<Item = u8>) -> u64 {
    name.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Spreads a number over all bits (the last step of `SplitMix64`).
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
