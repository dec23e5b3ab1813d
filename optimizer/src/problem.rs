//! A snapshot as indices: sessions by steps, and the room that limits leave for them.

use headroom_domain::grid::NodeKind;
use headroom_domain::units::hours;
use headroom_domain::{Interval, Power};
use std::cmp::Ordering;
use std::ops::Range;

use crate::rows::{Measure, Rows};
use crate::snapshot::{NodeBaseLoad, SessionState, Snapshot};
use crate::storage::{Cell, StoragePlan};

/// Power of every session in every step, in W: `power[session][step]`, sessions in the order of the snapshot.
pub(crate) type Powers = Vec<Vec<f64>>;

/// When and how much a session can charge.
#[derive(Debug, Clone)]
pub(crate) struct Stay {
    /// The steps from now or arrival to departure.
    pub(crate) steps: Range<usize>,
    /// For each step of the grid, how much of it belongs to the stay.
    pub(crate) hours: Vec<f64>,
    /// Energy needed, wanted, and what of the allowed power reaches the battery's account.
    pub(crate) needed_wh: f64,
    pub(crate) wanted_wh: f64,
    pub(crate) uptake: f64,
    pub(crate) maximum_w: f64,
    pub(crate) minimum_w: f64,
    /// The most in each step, where a pattern says less than the maximum.
    pub(crate) pattern_w: Option<Vec<f64>>,
    /// What a kWh beyond the need is worth.
    pub(crate) value_per_kwh: f64,
    /// What a kWh counts in each step in the goal of cost.
    pub(crate) price_per_kwh: Vec<f64>,
    /// Its battery, where its state bounds what it can take or give.
    pub(crate) cell: Option<Cell>,
}

/// What is to be planned.
#[derive(Debug, Clone)]
pub(crate) struct Problem<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) rows: Rows<'a>,
    /// The steps, without what is before now; empty windows are past.
    pub(crate) windows: Vec<Option<Interval>>,
    /// What each row leaves for the planned sessions: `room_w[row][step]`, 0 where the load nobody steers takes all.
    pub(crate) room_w: Vec<Vec<f64>>,
    /// By how much that load passes the limit: `deficit_w[row][step]`.
    pub(crate) deficit_w: Vec<Vec<f64>>,
    /// What of the room is kept for vehicles yet to come: `kept_w[row][step]`.
    pub(crate) kept_w: Vec<Vec<f64>>,
    /// What batteries do, vehicles give back and generators hold back, once that is planned.
    pub(crate) storage: StoragePlan,
    pub(crate) stays: Vec<Stay>,
    /// What sessions that are not planned may draw at worst: `carried_w[session][step]`, empty for planned ones.
    pub(crate) carried_w: Powers,
    /// The planned sessions in an order that depends on what they are, not on where they stand in the snapshot.
    pub(crate) order: Vec<usize>,
    /// All sessions in such an order: sums in it are the same to the last bit.
    everyone: Vec<usize>,
    /// Steps in which no power may lie between zero and the minimum.
    pub(crate) near: Range<usize>,
    /// How long each step is, without what is before now, in h; what a kWh costs in it, its carbon included; and how
    /// dirty it is, as a share of the dirtiest step, where that is known.
    step_h: Vec<f64>,
    prices: Vec<f64>,
    dirts: Option<Vec<f64>>,
    /// How much less a kWh costs in each step because it would be fed in otherwise.
    pub(crate) saved_per_kwh: Vec<f64>,
    /// The highest price of the horizon.
    pub(crate) dearest_per_kwh: f64,
}

impl<'a> Problem<'a> {
    /// Indexes a snapshot that has been checked.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let rows = Rows::new(snapshot);
        let now = snapshot.now;
        let windows: Vec<_> = snapshot.grid.steps().map(|step| Interval::new(step.start.max(now), step.end)).collect();
        let step_h: Vec<f64> =
            windows.iter().map(|window| window.map_or(0.0, |window| hours(window.duration()))).collect();
        let stays: Vec<_> = snapshot.sessions.iter().map(|session| stay(snapshot, session)).collect();
        let carried_w: Powers = snapshot.sessions.iter().map(|session| carried(session, &windows)).collect();
        let mut left_w: Vec<Vec<f64>> = (0..rows.all().len())
            .map(|row| (0..windows.len()).map(|step| room_in(&rows, row, step, windows[step])).collect())
            .collect();
        let everyone = canonical_order(snapshot);
        for &session in &everyone {
            for &(row, weight) in rows.of(session) {
                for (left, power) in left_w[row].iter_mut().zip(&carried_w[session]) {
                    *left -= weight * power;
                }
            }
        }
        let near_end = now + chrono::TimeDelta::seconds(snapshot.settings.minimum_current_within_s.min(31_536_000));
        let near = 0..snapshot.grid.edges().partition_point(|edge| *edge < near_end).min(snapshot.grid.len());
        let order = everyone.iter().copied().filter(|session| snapshot.sessions[*session].is_planned()).collect();
        let dearest_per_kwh = snapshot.prices.iter().map(|price| price.as_per_kwh()).fold(0.0, f64::max);
        let positive = |row: &Vec<f64>, sign: f64| row.iter().map(|left| (sign * left).max(0.0)).collect();
        let room_w: Vec<Vec<f64>> = left_w.iter().map(|row| positive(row, 1.0)).collect();
        let deficit_w = left_w.iter().map(|row| positive(row, -1.0)).collect();
        let kept_w = vec![vec![0.0; windows.len()]; rows.all().len()];
        let storage = StoragePlan::default();
        let mut problem = Self {
            snapshot,
            rows,
            windows,
            room_w,
            deficit_w,
            kept_w,
            storage,
            stays,
            carried_w,
            order,
            everyone,
            near,
            dearest_per_kwh,
            step_h,
            prices: (0..snapshot.grid.len()).map(|step| price(snapshot, step)).collect(),
            dirts: dirts(snapshot),
            saved_per_kwh: Vec::new(),
        };
        problem.keep_for_newcomers();
        for session in 0..problem.stays.len() {
            let prices =
                (0..problem.steps()).map(|step| crate::stages::cost::counted(&problem, session, step)).collect();
            problem.stays[session].price_per_kwh = prices;
        }
        let saved = |(step, drawn): (usize, f64)| {
            if drawn < 0.0 { problem.price(step) - problem.export_price(step) } else { 0.0 }
        };
        problem.saved_per_kwh = problem.unplanned_w().into_iter().enumerate().map(saved).collect();
        problem
    }

    /// Leaves a share of the room ahead to newcomers; nobody comes to an EVSE that is taken.
    fn keep_for_newcomers(&mut self) {
        let shares: Vec<f64> = self.windows.iter().map(|window| left_to_newcomers(self.snapshot, *window)).collect();
        for (index, row) in self.rows.all().iter().enumerate() {
            if self.snapshot.tree.nodes()[row.node].kind != NodeKind::Evse {
                for (step, share) in shares.iter().enumerate() {
                    self.kept_w[index][step] = self.room_w[index][step] * share;
                    self.room_w[index][step] -= self.kept_w[index][step];
                }
            }
        }
    }

    /// Keeps room for the arrivals that are expected, as far as there is some.
    pub(crate) fn keep_for_arrivals(&mut self) {
        for reserve in &self.snapshot.reserves {
            let Some(position) = self.snapshot.tree.position(&reserve.node) else { continue };
            let above: Vec<usize> = self.snapshot.tree.path_to_root(position).collect();
            for (index, row) in self.rows.all().iter().enumerate() {
                if !above.contains(&row.node) {
                    continue;
                }
                let weight = match row.measure {
                    Measure::Import => 1.0,
                    Measure::Phase(_) => 1.0 / 3.0,
                    Measure::Line => continue,
                };
                for (step, power) in reserve.power_w.iter().enumerate() {
                    // What the share for newcomers keeps already is for the same vehicles.
                    let wish = weight * power.as_w() - self.kept_w[index][step];
                    let kept = wish.clamp(0.0, self.room_w[index][step].max(0.0));
                    self.kept_w[index][step] += kept;
                    self.room_w[index][step] -= kept;
                }
            }
        }
    }

    /// Gives back what is kept for vehicles yet to come: what is in force keeps its room before they come.
    pub(crate) fn open_to_all(&mut self) {
        for (room_w, kept_w) in self.room_w.iter_mut().zip(&mut self.kept_w) {
            for (room, kept) in room_w.iter_mut().zip(kept_w) {
                *room += std::mem::take(kept);
            }
        }
    }

    /// Carries a power of a session like a load: it takes room, and is not planned.
    pub(crate) fn carry(&mut self, session: usize, step: usize, power_w: f64) {
        for &(row, weight) in self.rows.of(session) {
            let room_w = &mut self.room_w[row][step];
            *room_w = (*room_w - weight * power_w).max(0.0);
        }
        self.carried_w[session].resize(self.windows.len(), 0.0);
        self.carried_w[session][step] += power_w;
    }

    /// Adds to powers what this problem carries beside another one that it was made of.
    pub(crate) fn add_carried(&self, of: &Self, powers: &mut Powers) {
        for &session in &self.order {
            let before = of.carried_w[session].iter().copied().chain(std::iter::repeat(0.0));
            let carried = self.carried_w[session].iter().zip(before);
            for (power, (carried, before)) in powers[session].iter_mut().zip(carried) {
                *power += carried - before;
            }
        }
    }

    /// Tells whether nothing but the sessions is to be planned, and each watt of theirs counts alike.
    pub(crate) fn is_plain(&self) -> bool {
        self.snapshot.lines.is_empty() && self.is_only_charging()
    }

    /// Tells whether nothing but the sessions is to be planned, and what they come to is told by their prices.
    pub(crate) fn is_only_charging(&self) -> bool {
        let Snapshot { batteries, generation, base_load, .. } = self.snapshot;
        let feeds_in = || base_load.iter().flat_map(|base| &base.expected_w).any(|power| *power < Power::ZERO);
        let has_cell = || self.order.iter().any(|session| self.stays[*session].cell.is_some());
        batteries.is_empty() && generation.is_empty() && !feeds_in() && !has_cell()
    }

    /// Returns what a row leaves in a step beside its base load; less than zero where that alone breaks the limit.
    pub(crate) fn beside_base_w(&self, row: usize, step: usize) -> f64 {
        room_in(&self.rows, row, step, self.windows[step])
    }

    /// Returns the number of steps.
    pub(crate) fn steps(&self) -> usize {
        self.windows.len()
    }

    /// Returns a plan of zeros.
    pub(crate) fn nothing(&self) -> Powers {
        vec![vec![0.0; self.steps()]; self.stays.len()]
    }

    /// Returns how long a step is, without what is before now. **Units**: h.
    pub(crate) fn hours(&self, step: usize) -> f64 {
        self.step_h[step]
    }

    /// Returns what a kWh costs in a step, its carbon included.
    pub(crate) fn price(&self, step: usize) -> f64 {
        self.prices[step]
    }

    /// Returns what a kWh fed in earns in a step: no more than one costs.
    pub(crate) fn export_price(&self, step: usize) -> f64 {
        let stated = self.snapshot.export_prices.get(step).map_or(0.0, |price| price.as_per_kwh());
        stated.min(self.price(step))
    }

    /// Returns the mean price over time.
    pub(crate) fn mean_price(&self) -> f64 {
        let steps = 0..self.steps();
        let (money, total) = steps.fold((0.0, 0.0), |(money, total), step| {
            (money + self.price(step) * self.hours(step), total + self.hours(step))
        });
        if total > 0.0 { money / total } else { 0.0 }
    }

    /// Returns how dirty energy is in a step, as a share of the dirtiest of the horizon; `None` where that is not known.
    pub(crate) fn dirt(&self, step: usize) -> Option<f64> {
        self.dirts.as_ref().map(|dirts| dirts[step])
    }

    /// Returns what the root will probably draw beside what the planned sessions take, in W per step.
    pub(crate) fn expected_w(&self) -> Vec<f64> {
        self.drawn_beside(&self.storage)
    }

    /// Returns what the root would probably draw if nothing were planned, in W per step.
    pub(crate) fn unplanned_w(&self) -> Vec<f64> {
        self.drawn_beside(&StoragePlan::default())
    }

    fn drawn_beside(&self, storage: &StoragePlan) -> Vec<f64> {
        let mut expected = vec![0.0; self.steps()];
        let mut add = |sign: f64, powers: &[Power]| {
            for (sum, power) in expected.iter_mut().zip(powers) {
                *sum += sign * power.as_w();
            }
        };
        self.snapshot.base_load.iter().for_each(|base| add(1.0, &base.expected_w));
        for (at, generation) in self.snapshot.generation.iter().enumerate() {
            add(-1.0, &storage.generated_w(at, generation));
        }
        storage.add_to(&mut expected);
        for &session in &self.everyone {
            let (carried, stay, state) =
                (&self.carried_w[session], &self.stays[session], &self.snapshot.sessions[session]);
            for step in stay.steps.clone().filter(|step| *step < carried.len()) {
                let probable = carried[step] * stay.uptake;
                let now_w = state.power_now_w.filter(|_| !state.is_planned());
                expected[step] += now_w.map_or(probable, |power| probable.min(power.as_w()));
            }
        }
        expected
    }

    /// Returns the most that the root will probably draw under a plan, in W.
    pub(crate) fn highest_w(&self, powers: &Powers) -> f64 {
        self.drawn_w(powers).into_iter().fold(f64::NEG_INFINITY, f64::max)
    }

    /// Returns what the root will probably draw under a plan, in W per step.
    pub(crate) fn drawn_w(&self, powers: &Powers) -> Vec<f64> {
        let mut drawn_w = self.expected_w();
        for &session in &self.order {
            let stay = &self.stays[session];
            for step in stay.steps.clone() {
                drawn_w[step] += powers[session][step] * stay.uptake;
            }
        }
        drawn_w
    }

    /// Returns what the root will probably draw under a plan, in Wh per step.
    pub(crate) fn drawn_wh(&self, powers: &Powers) -> Vec<f64> {
        let mut drawn_wh = self.expected_w();
        for (step, drawn) in drawn_wh.iter_mut().enumerate() {
            *drawn *= self.hours(step);
        }
        for &session in &self.order {
            let stay = &self.stays[session];
            for step in stay.steps.clone() {
                drawn_wh[step] += powers[session][step] * stay.yield_h(step);
            }
        }
        drawn_wh
    }

    /// Returns the energy in Wh that powers bring to a session, less what it gives back.
    pub(crate) fn energy(&self, session: usize, power_w: &[f64]) -> f64 {
        let stay = &self.stays[session];
        let Some(most_w) = self.most_by_state(session, power_w) else {
            return stay.steps.clone().map(|step| power_w[step] * stay.hours[step]).sum::<f64>() * stay.uptake;
        };
        let taken: f64 = stay.steps.clone().map(|step| power_w[step].min(most_w[step]) * stay.yield_h(step)).sum();
        taken - self.storage.given_wh(session, stay)
    }

    /// Returns what a node will probably draw beside sessions and batteries, in W per step.
    pub(crate) fn expected_below_w(&self, node: usize) -> Vec<f64> {
        let tree = &self.snapshot.tree;
        let base = self.snapshot.base_load.iter().filter(|base| tree.is_below(&base.node, node));
        let generation = self.snapshot.generation.iter().filter(|own| tree.is_below(&own.node, node));
        let (base, generation): (Vec<_>, Vec<_>) = (base.collect(), generation.collect());
        let of_step = |step: usize| {
            let drawn: f64 = base.iter().map(|base| base.expected_w[step].as_w()).sum();
            drawn - generation.iter().map(|own| own.expected_w[step].as_w()).sum::<f64>()
        };
        (0..self.steps()).map(of_step).collect()
    }

    /// Returns the least that is drawn at a node beside what is planned, in W; less than zero where it feeds in.
    pub(crate) fn least_draw_w(&self, node: usize, step: usize) -> f64 {
        let tree = &self.snapshot.tree;
        let base = self.snapshot.base_load.iter().filter(|base| tree.is_below(&base.node, node));
        let least =
            |base: &NodeBaseLoad| base.least_w.get(step).copied().unwrap_or(base.expected_w[step].min(Power::ZERO));
        let drawn: f64 = base.map(|base| least(base).as_w()).sum();
        let fixed = self.snapshot.generation.iter().filter(|own| !own.curtailable && tree.is_below(&own.node, node));
        drawn - fixed.map(|own| own.most_w[step].as_w()).sum::<f64>()
    }

    /// Returns what a session may give back at most, in W.
    pub(crate) fn discharge_w(&self, session: usize) -> f64 {
        self.snapshot.sessions[session].discharge.map_or(0.0, |discharge| discharge.maximum_w.as_w())
    }
}

impl Stay {
    /// Returns the energy in Wh that a watt brings in a step.
    pub(crate) fn yield_h(&self, step: usize) -> f64 {
        self.uptake * self.hours[step]
    }

    /// Returns the most power in W that can be planned in a step, limits aside: none while it is not there.
    pub(crate) fn most_w(&self, step: usize) -> f64 {
        if self.hours[step] <= 0.0 {
            return 0.0;
        }
        self.pattern_w.as_ref().map_or(self.maximum_w, |pattern| pattern[step])
    }

    /// Returns the most energy in Wh that the stay can bring, limits aside.
    pub(crate) fn reach_wh(&self) -> f64 {
        let Some(cell) = self.cell else {
            return self.steps.clone().map(|step| self.maximum_w * self.yield_h(step)).sum();
        };
        let mut stored_wh = cell.stored_wh;
        let charge = |step: usize| {
            let energy_wh = cell.most_w(self.maximum_w, stored_wh, self.yield_h(step)) * self.yield_h(step);
            stored_wh += cell.efficiency * energy_wh;
            energy_wh
        };
        self.steps.clone().map(charge).sum()
    }
}

fn price(snapshot: &Snapshot, step: usize) -> f64 {
    let carbon_kg = snapshot.carbon.get(step).map_or(0.0, |carbon| carbon.as_g_per_kwh() / 1000.0);
    snapshot.prices[step].as_per_kwh() + snapshot.settings.carbon_price_per_kg.as_amount() * carbon_kg
}

fn dirts(snapshot: &Snapshot) -> Option<Vec<f64>> {
    let carbon: Vec<f64> = snapshot.carbon.iter().map(|carbon| carbon.as_g_per_kwh()).collect();
    let dirtiest = carbon.iter().copied().fold(0.0, f64::max);
    let share = |step: usize| carbon.get(step).map_or(1.0, |carbon| carbon / dirtiest);
    (dirtiest > 0.0).then(|| (0..snapshot.grid.len()).map(share).collect())
}

/// Returns what a row leaves in what is left of a step beside its base load; nothing where that is past.
fn room_in(rows: &Rows<'_>, row: usize, step: usize, window: Option<Interval>) -> f64 {
    window.map_or(0.0, |window| rows.limit_w(row, window) - rows.guard_in(row, step))
}

/// Returns what a row leaves beside its base load; less than zero where the base load alone breaks the limit.
pub(crate) fn room(rows: &Rows<'_>, row: usize, window: Interval) -> f64 {
    rows.limit_w(row, window) - rows.guard(row, window)
}

/// How far ahead the room that is left to newcomers is at its most.
const NEWCOMERS_H: f64 = 2.0;

/// Returns the share of the room that plans leave to vehicles yet to come.
fn left_to_newcomers(snapshot: &Snapshot, window: Option<Interval>) -> f64 {
    let ahead = window.map_or(0.0, |window| hours(window.start - snapshot.now) / NEWCOMERS_H);
    snapshot.settings.left_to_newcomers.as_ratio() * ahead.clamp(0.0, 1.0)
}

fn stay(snapshot: &Snapshot, session: &SessionState) -> Stay {
    let mut hours_of = vec![0.0; snapshot.grid.len()];
    let mut steps = 0..0;
    let (mut money, mut total) = (0.0, 0.0);
    if let Some(within) = Interval::new(session.arrival.max(snapshot.now), session.departure) {
        let edges = snapshot.grid.edges();
        let first = edges.partition_point(|edge| *edge <= within.start).saturating_sub(1);
        let end = edges.partition_point(|edge| *edge < within.end).min(snapshot.grid.len());
        steps = first..end.max(first);
        for step in steps.clone() {
            let part = within.intersection(&snapshot.grid.step(step)).map_or(0.0, |part| hours(part.duration()));
            hours_of[step] = part;
            money += snapshot.prices[step].as_per_kwh() * part;
            total += part;
        }
    }
    let mean = if total > 0.0 { money / total } else { 0.0 };
    let wanted_wh = session.wanted_wh.as_wh();
    let cell = Cell::of(session).filter(|cell| session.discharge.is_some() || cell.is_bound(wanted_wh));
    Stay {
        steps,
        hours: hours_of,
        needed_wh: session.needed_wh.as_wh(),
        wanted_wh,
        cell,
        uptake: session.uptake.as_ratio(),
        maximum_w: session.maximum_w.as_w(),
        minimum_w: session.minimum_w.as_w(),
        pattern_w: None,
        price_per_kwh: Vec::new(),
        value_per_kwh: snapshot.settings.wanted_value.map_or(mean, headroom_domain::EnergyPrice::as_per_kwh),
    }
}

/// Returns the most that a session that is not planned may draw in each step, whenever it leaves.
fn carried(session: &SessionState, windows: &[Option<Interval>]) -> Vec<f64> {
    if session.is_planned() {
        return Vec::new();
    }
    let worst = |window: &Option<Interval>| match window {
        Some(window) if window.end > session.arrival => worst_over(session, *window).as_w(),
        _ => 0.0,
    };
    windows.iter().map(worst).collect()
}

fn worst_over(session: &SessionState, window: Interval) -> Power {
    let inside = session.belief.edges().filter(|edge| window.contains(*edge));
    inside.map(|edge| session.belief.worst_at(edge)).fold(session.belief.worst_at(window.start), Power::max)
}

fn canonical_order(snapshot: &Snapshot) -> Vec<usize> {
    let mut order: Vec<usize> = (0..snapshot.sessions.len()).collect();
    order.sort_by(|first, second| by_content(snapshot, *first, *second));
    order
}

fn by_content(snapshot: &Snapshot, first: usize, second: usize) -> Ordering {
    let key = |index: usize| {
        let session = &snapshot.sessions[index];
        let what = (session.departure, session.arrival, session.needed_wh, session.wanted_wh, session.maximum_w);
        let kind = (session.minimum_w, session.uptake, session.profile_type as u8, session.safe_rate_w);
        (what, kind, snapshot.tree.position(&session.node), &session.id)
    };
    let priority = |index: usize| snapshot.sessions[index].priority;
    priority(second).total_cmp(&priority(first)).then_with(|| key(first).cmp(&key(second)))
}
