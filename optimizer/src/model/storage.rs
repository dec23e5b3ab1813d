//! Batteries, vehicles that give back and generation as columns and rows of the programme, and what bounds the power of a
//! vehicle by the state of its battery.

use headroom_domain::Power;

use crate::problem::{Powers, Problem};
use crate::snapshot::Battery;
use crate::solve::LinearProgramme;
use crate::storage::{Cell, StoragePlan};

use super::Model;

/// Powers below this are none.
const NOISE_W: f64 = 1e-3;

/// A column per step, where there is one.
type Columns = Vec<Option<usize>>;

/// The columns of what can give as well as take.
#[derive(Debug, Clone, Default)]
pub(crate) struct StorageColumns {
    /// What each session gives back.
    pub(crate) discharge: Vec<Columns>,
    pub(crate) batteries: Vec<BatteryColumns>,
    /// What each generator is allowed, and what that costs of what it will probably give.
    pub(crate) generation: Vec<(Columns, Columns)>,
    /// By how much a limit is passed where nothing can be done: column and hours.
    pub(crate) breaches: Vec<(usize, f64)>,
}

/// The columns of a battery.
#[derive(Debug, Clone, Default)]
pub(crate) struct BatteryColumns {
    pub(crate) charge: Columns,
    pub(crate) discharge: Columns,
    /// Energy in it at the end of each step.
    pub(crate) stored: Columns,
}

impl StorageColumns {
    /// Lays out columns for a problem; none where it has nothing of the kind.
    pub(crate) fn new(problem: &Problem<'_>, programme: &mut LinearProgramme) -> Self {
        let mut columns = Self { discharge: vec![Vec::new(); problem.stays.len()], ..Self::default() };
        for &session in problem.order.iter().filter(|session| problem.discharge_w(**session) > 0.0) {
            columns.discharge[session] = discharge(problem, programme, session);
        }
        let steps = 0..problem.steps();
        let lasting = |step: &usize| problem.hours(*step) > 0.0;
        for battery in &problem.snapshot.batteries {
            let kw = Power::as_kw;
            let mut of = |lower: f64, upper: f64| -> Columns {
                steps.clone().map(|step| lasting(&step).then(|| programme.column(0.0, lower, upper))).collect()
            };
            let stored_kwh = battery.stored_wh.as_kwh();
            columns.batteries.push(BatteryColumns {
                charge: of(0.0, kw(battery.maximum_charge_w)),
                discharge: of(0.0, kw(battery.maximum_discharge_w)),
                stored: of(battery.reserve_wh.as_kwh().min(stored_kwh), battery.capacity_wh.as_kwh()),
            });
        }
        for generation in &problem.snapshot.generation {
            let mut own = (Vec::new(), Vec::new());
            for step in steps.clone() {
                let (expected, most) = (generation.expected_w[step].as_kw(), generation.most_w[step].as_kw());
                let held_back = generation.curtailable && lasting(&step) && most > 0.0;
                let allowed = if costs_to_feed_in(problem, step) { expected } else { most };
                own.0.push(held_back.then(|| programme.column(0.0, 0.0, allowed)));
                own.1.push(held_back.then(|| programme.column(0.0, 0.0, expected)));
            }
            columns.generation.push(own);
        }
        columns
    }

    /// Returns all columns of what is given back.
    pub(crate) fn giving(&self) -> impl Iterator<Item = usize> + '_ {
        let batteries = self.batteries.iter().map(|own| &own.discharge);
        self.discharge.iter().chain(batteries).flatten().copied().flatten()
    }

    /// Returns what all this adds to what the root draws in a step, in kW of each column.
    pub(crate) fn net(&self, step: usize) -> Vec<(usize, f64)> {
        let given = self.discharge.iter().filter_map(|columns| columns.get(step).copied().flatten());
        let lost = self.generation.iter().filter_map(|(_, lost)| lost[step]);
        let mut entries: Vec<_> = given.map(|column| (column, -1.0)).chain(lost.map(|column| (column, 1.0))).collect();
        (0..self.batteries.len()).for_each(|at| entries.extend(self.battery(at, step)));
        entries
    }

    /// Returns what a battery adds to a row in a step.
    fn battery(&self, at: usize, step: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let own = &self.batteries[at];
        let charge = own.charge[step].map(|column| (column, 1.0));
        charge.into_iter().chain(own.discharge[step].map(|column| (column, -1.0)))
    }
}

fn costs_to_feed_in(problem: &Problem<'_>, step: usize) -> bool {
    problem.export_price(step) < 0.0
}

fn discharge(problem: &Problem<'_>, programme: &mut LinearProgramme, session: usize) -> Columns {
    let stay = &problem.stays[session];
    let most = problem.discharge_w(session) / 1000.0;
    let column = |step: usize| {
        let present = stay.steps.contains(&step) && stay.hours[step] > 0.0;
        present.then(|| programme.column(0.0, 0.0, most))
    };
    (0..problem.steps()).map(column).collect()
}

impl Model {
    /// Adds what the state of each battery allows.
    pub(super) fn add_states(&mut self, problem: &Problem<'_>) {
        for &session in &problem.order {
            if let Some(cell) = problem.stays[session].cell {
                self.add_vehicle(problem, session, cell);
            }
        }
        for (at, battery) in problem.snapshot.batteries.iter().enumerate() {
            let efficiency = battery.efficiency.as_ratio();
            let own = self.storage.batteries[at].clone();
            let mut before = None;
            for step in 0..problem.steps() {
                let (Some(stored), Some(charge), Some(discharge)) =
                    (own.stored[step], own.charge[step], own.discharge[step])
                else {
                    continue;
                };
                let hours = problem.hours(step);
                let mut entries = vec![(stored, 1.0), (charge, -efficiency * hours), (discharge, hours / efficiency)];
                entries.extend(before.map(|before| (before, -1.0)));
                let known = if before.is_none() { battery.stored_wh.as_kwh() } else { 0.0 };
                self.programme.equal(known, entries);
                before = Some(stored);
            }
        }
        for (at, generation) in problem.snapshot.generation.iter().enumerate() {
            for step in 0..problem.steps() {
                let (allowed, lost) = &self.storage.generation[at];
                let (Some(allowed), Some(lost)) = (allowed[step], lost[step]) else { continue };
                let (expected, entries) = (generation.expected_w[step].as_kw(), vec![(allowed, 1.0), (lost, 1.0)]);
                // Where losing costs, no more is lost than is held back; where it pays, that must be said.
                if costs_to_feed_in(problem, step) {
                    self.programme.equal(expected, entries);
                } else {
                    self.programme.at_least(expected, entries);
                }
            }
        }
    }

    /// Follows the energy in a vehicle's battery, and bounds its power where that tapers.
    fn add_vehicle(&mut self, problem: &Problem<'_>, session: usize, cell: Cell) {
        let stay = &problem.stays[session];
        let gives = self.storage.discharge[session].clone();
        let taper = cell.taper(stay.maximum_w / 1000.0);
        let charges: Vec<_> = self.of(problem, session).collect();
        let mut before = None;
        for step in stay.steps.clone().filter(|step| stay.hours[*step] > 0.0) {
            let charge = charges.iter().find(|(at, _)| *at == step).map(|(_, column)| *column);
            let stored = self.programme.column(0.0, cell.floor_wh / 1000.0, cell.capacity_wh / 1000.0);
            let mut entries = vec![(stored, 1.0)];
            entries.extend(charge.map(|column| (column, -cell.efficiency * stay.yield_h(step))));
            let given = gives.get(step).copied().flatten();
            entries.extend(given.map(|column| (column, stay.hours[step] / cell.efficiency)));
            entries.extend(before.map(|before| (before, -1.0)));
            self.programme.equal(if before.is_none() { cell.stored_wh / 1000.0 } else { 0.0 }, entries);
            if let (Some((offset_kw, slope)), Some(charge)) = (taper, charge) {
                // The slope is per Wh of a power in kW.
                self.programme.at_most(offset_kw, vec![(charge, 1.0), (stored, slope * 1000.0)]);
            }
            if let (Some(charge), Some(given)) = (charge, given) {
                // Nobody takes and gives at once.
                let shares = vec![(charge, 1.0 / stay.maximum_w), (given, 1.0 / problem.discharge_w(session))];
                self.programme.at_most(1.0 / 1000.0, shares);
            }
            before = Some(stored);
        }
    }

    /// Returns what batteries add to an import or phase row in a step.
    pub(super) fn batteries_in(&self, problem: &Problem<'_>, row: usize, step: usize) -> Vec<(usize, f64)> {
        let mut entries = Vec::new();
        for at in 0..self.storage.batteries.len() {
            let share = problem.rows.of_battery(at).iter().find(|(own, _)| *own == row);
            if let Some((_, weight)) = share {
                entries.extend(self.storage.battery(at, step).map(|(column, sign)| (column, sign * weight)));
            }
        }
        entries
    }

    /// Adds the limits on what is fed in.
    ///
    /// Vehicles and batteries that give count on nobody's charging. A generator that can be held back is held to the
    /// limit as it is, so it may count on what is charged.
    pub(super) fn add_export_limits(&mut self, problem: &Problem<'_>) {
        let nodes: Vec<usize> = problem.rows.export_limited().collect();
        let present = if nodes.is_empty() { Vec::new() } else { self.by_step(problem) };
        for node in nodes {
            for (step, present) in present.iter().enumerate() {
                let limit_w = problem.windows[step].and_then(|window| problem.rows.export_limit(node, window));
                let Some(limit_w) = limit_w else { continue };
                let room_kw = (limit_w + problem.least_draw_w(node, step)) / 1000.0;
                let given = self.given_below(problem, node, step);
                let generated = self.generated_below(problem, node, step);
                self.add_export(problem, step, room_kw, given.clone());
                if !generated.is_empty() {
                    let tree = &problem.snapshot.tree;
                    let charged = present
                        .iter()
                        .filter(|(session, _)| tree.is_below(&problem.snapshot.sessions[*session].node, node));
                    let charged = charged.map(|&(session, column)| (column, -problem.stays[session].uptake));
                    self.add_export(
                        problem,
                        step,
                        room_kw,
                        given.into_iter().chain(generated).chain(charged).collect(),
                    );
                }
            }
        }
    }

    fn add_export(&mut self, problem: &Problem<'_>, step: usize, room_kw: f64, entries: Vec<(usize, f64)>) {
        let upper = |column: usize| self.programme.columns[column].upper;
        let most: f64 =
            entries.iter().map(|(column, sign)| if *sign > 0.0 { sign * upper(*column) } else { 0.0 }).sum();
        if most > room_kw && !entries.is_empty() {
            self.add_soft(problem, step, room_kw, (-room_kw).max(0.0), entries);
        }
    }

    /// Returns what vehicles and batteries below a node give in a step.
    pub(crate) fn given_below(&self, problem: &Problem<'_>, node: usize, step: usize) -> Vec<(usize, f64)> {
        let (snapshot, tree) = (problem.snapshot, &problem.snapshot.tree);
        let mut entries = Vec::new();
        for (session, state) in snapshot.sessions.iter().enumerate().filter(|(_, own)| tree.is_below(&own.node, node)) {
            let gives = self.storage.discharge[session].get(step).copied().flatten();
            entries.extend(gives.filter(|_| state.discharge.is_some()).map(|column| (column, 1.0)));
        }
        for (at, _) in snapshot.batteries.iter().enumerate().filter(|(_, own)| tree.is_below(&own.node, node)) {
            entries.extend(self.storage.battery(at, step).map(|(column, sign)| (column, -sign)));
        }
        entries
    }

    /// Returns what generators below a node that can be held back are allowed in a step.
    fn generated_below(&self, problem: &Problem<'_>, node: usize, step: usize) -> Vec<(usize, f64)> {
        let (snapshot, tree) = (problem.snapshot, &problem.snapshot.tree);
        let below = snapshot.generation.iter().enumerate().filter(|(_, own)| tree.is_below(&own.node, node));
        below.filter_map(|(at, _)| self.storage.generation[at].0[step].map(|column| (column, 1.0))).collect()
    }

    /// Adds a limit that may be passed by as little as must be.
    pub(super) fn add_soft(
        &mut self,
        problem: &Problem<'_>,
        step: usize,
        room_kw: f64,
        deficit_kw: f64,
        mut entries: Vec<(usize, f64)>,
    ) {
        if deficit_kw > 0.0 {
            let breach = self.programme.column(0.0, 0.0, deficit_kw);
            self.storage.breaches.push((breach, problem.hours(step)));
            entries.push((breach, -1.0));
        }
        self.programme.at_most(room_kw, entries);
    }

    /// Reads what is planned beside charging.
    pub(crate) fn storage_plan(&self, problem: &Problem<'_>, values: &[f64]) -> StoragePlan {
        let w = |column: &Option<usize>| column.map_or(0.0, |column| values[column].max(0.0) * 1000.0);
        // Where both flow, limits hold for the difference; the battery loses less than planned and may be full earlier.
        let battery = |own: &BatteryColumns, state: &Battery| {
            let (efficiency, mut stored_wh) = (state.efficiency.as_ratio(), state.stored_wh.as_wh());
            let net = |step: usize| {
                let (net_w, hours) = (w(&own.charge[step]) - w(&own.discharge[step]), problem.hours(step));
                let until_full_w =
                    (state.capacity_wh.as_wh() - stored_wh) / (efficiency * hours).max(f64::MIN_POSITIVE);
                let net_w = if net_w.abs() < NOISE_W { 0.0 } else { net_w.min(until_full_w.max(0.0)) };
                stored_wh = state.after(stored_wh, net_w, hours);
                net_w
            };
            (0..problem.steps()).map(net).collect()
        };
        let held_back = |(at, (allowed, _)): (usize, &(Columns, Columns))| {
            let most_w = &problem.snapshot.generation[at].most_w;
            let held =
                |(column, most): (&Option<usize>, &Power)| column.map_or(0.0, |_| (most.as_w() - w(column)).max(0.0));
            allowed.iter().zip(most_w).map(held).collect()
        };
        let batteries = self.storage.batteries.iter().zip(&problem.snapshot.batteries);
        StoragePlan {
            discharge_w: self.storage.discharge.iter().map(|columns| columns.iter().map(w).collect()).collect(),
            batteries_w: batteries.map(|(own, state)| battery(own, state)).collect(),
            held_back_w: self.storage.generation.iter().enumerate().map(held_back).collect(),
        }
    }

    /// Nets powers of sessions that take and give in one step.
    pub(crate) fn net_sessions(problem: &Problem<'_>, powers: &mut Powers, storage: &mut StoragePlan) {
        for (session, given) in storage.discharge_w.iter_mut().enumerate().filter(|(_, given)| !given.is_empty()) {
            let (stay, Some(cell)) = (&problem.stays[session], problem.stays[session].cell) else { continue };
            let lost = cell.efficiency * cell.efficiency;
            for step in stay.steps.clone() {
                if given[step] <= 0.0 || powers[session][step] <= 0.0 {
                    continue;
                }
                let into_wh = powers[session][step] * stay.yield_h(step) - given[step] * stay.hours[step] / lost;
                powers[session][step] = into_wh.max(0.0) / stay.yield_h(step);
                given[step] = (-into_wh).max(0.0) * lost / stay.hours[step];
            }
        }
    }
}
