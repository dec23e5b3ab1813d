//! What a plan says of how far its load can move, without a solver.

use chrono::TimeDelta;
use headroom_domain::schedule::Schedule;
use headroom_domain::time::floor_to;
use headroom_domain::units::hours;
use headroom_domain::{Energy, Interval, Power};
use serde::{Deserialize, Serialize};

use crate::in_force::InForce;
use crate::problem::{Powers, Problem, Stay};
use crate::room::Room;
use crate::rows::Measure;
use crate::snapshot::{SessionState, Snapshot};

/// What the root will draw and how far that can be moved. **Shape**: adjoining steps in order, from now on.
///
/// Each step's least and most stand for themselves; what can be moved in all steps together is between the energies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Movable {
    /// The steps; none where the snapshot breaks a rule.
    pub steps: Vec<MovableStep>,
}

/// A step of a forecast. **Units**: W, means over the step. **Sign**: import; zero where it feeds in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovableStep {
    /// When.
    pub interval: Interval,
    /// As planned, at the median base load.
    pub baseline_w: Power,
    /// With a probability of 10 % it is less.
    pub baseline_p10_w: Power,
    /// With a probability of 10 % it is more.
    pub baseline_p90_w: Power,
    /// With every steered vehicle at the least that it can be brought to.
    pub minimum_w: Power,
    /// With every steered vehicle at the most that it and all limits allow. Not above the limit of the root, unless the
    /// baseline is.
    pub maximum_w: Power,
    /// Energy that the steered vehicles must have taken from now to the end of the step, so that each leaves with what it
    /// needs, as far as it can, charging at full power afterwards.
    pub energy_floor_wh: Energy,
    /// Energy that they can have taken by then: each at full power from now on, up to what it wants.
    pub energy_ceiling_wh: Energy,
    /// Vehicles there, steered or not.
    pub session_count: u32,
}

/// Tells from the plan in force how far its load can move.
///
/// Batteries and vehicles that cannot be steered are taken as planned. **Shape**: the schedule is one of this snapshot;
/// `base_load` has the 10 %, 50 % and 90 % quantiles of the load that nobody steers, a value per step of its grid. Steps
/// beyond the shortest list are left out.
pub fn forecast(snapshot: &Snapshot, schedule: &Schedule, base_load: [&[Power]; 3]) -> Movable {
    if snapshot.check().is_err() {
        return Movable::default();
    }
    let mut problem = Problem::new(snapshot);
    problem.open_to_all();
    let in_force = InForce::new(&problem, schedule);
    let powers = in_force.powers(&problem);
    problem.settle(in_force.storage);
    let movement = Movement::new(&problem, &powers);
    let [low, median, high] = base_load;
    let quantiles = low.iter().zip(median).zip(high).enumerate();
    let steps = quantiles.take(problem.steps());
    let steps = steps.filter_map(|(step, ((low, median), high))| movement.step(step, *low, *median, *high));
    Movable { steps: steps.collect() }
}

impl Movable {
    /// Returns the same on the multiples of a resolution since 1970, cut to a window; what is beyond the plan is left out.
    ///
    /// Powers are means over time, energies lie on a straight line between the ends of steps, and the vehicles are the
    /// most of the steps that are met. A resolution below a second is taken as a second.
    pub fn resample(&self, window: Interval, resolution: TimeDelta) -> Vec<MovableStep> {
        let resolution = resolution.max(TimeDelta::seconds(1));
        let planned = self.steps.first().zip(self.steps.last());
        let planned = planned.and_then(|(first, last)| Interval::new(first.interval.start, last.interval.end));
        let Some(window) = planned.and_then(|planned| planned.intersection(&window)) else { return Vec::new() };
        let mut steps = Vec::new();
        let mut start = floor_to(window.start, resolution);
        while start < window.end {
            let end = start.checked_add_signed(resolution).unwrap_or(window.end);
            let interval = Interval { start, end }.intersection(&window);
            steps.extend(interval.and_then(|interval| self.over(interval)));
            start = end;
        }
        steps
    }

    /// Returns one step for an interval within the plan.
    fn over(&self, interval: Interval) -> Option<MovableStep> {
        let first = self.steps.partition_point(|step| step.interval.end <= interval.start);
        let end = self.steps.partition_point(|step| step.interval.start < interval.end);
        let met = self.steps.get(first..end)?;
        let last = met.last()?;
        let hours_of =
            |step: &MovableStep| step.interval.intersection(&interval).map_or(0.0, |part| hours(part.duration()));
        let total_h = hours(interval.duration());
        let mean = |of: fn(&MovableStep) -> Power| {
            Power::from_w(met.iter().map(|step| of(step).as_w() * hours_of(step)).sum::<f64>() / total_h)
        };
        // What part of the last step it has seen.
        let seen = hours(interval.end - last.interval.start) / hours(last.interval.duration());
        let energy = |of: fn(&MovableStep) -> Energy| {
            let before = end.checked_sub(2).and_then(|before| self.steps.get(before)).map_or(Energy::ZERO, of);
            before + (of(last) - before) * seen
        };
        Some(MovableStep {
            interval,
            baseline_w: mean(|step| step.baseline_w),
            baseline_p10_w: mean(|step| step.baseline_p10_w),
            baseline_p90_w: mean(|step| step.baseline_p90_w),
            minimum_w: mean(|step| step.minimum_w),
            maximum_w: mean(|step| step.maximum_w),
            energy_floor_wh: energy(|step| step.energy_floor_wh),
            energy_ceiling_wh: energy(|step| step.energy_ceiling_wh),
            session_count: met.iter().map(|step| step.session_count).max()?,
        })
    }
}

/// How far a plan's load can move, step by step. **Units**: W and Wh at the root.
struct Movement<'a> {
    problem: &'a Problem<'a>,
    /// What is drawn beside the base load.
    beside_base_w: Vec<f64>,
    down_w: Vec<f64>,
    up_w: Vec<f64>,
    floor_wh: Vec<f64>,
    ceiling_wh: Vec<f64>,
}

impl<'a> Movement<'a> {
    fn new(problem: &'a Problem<'a>, powers: &Powers) -> Self {
        let zeros = || vec![0.0; problem.steps()];
        let (floor_wh, ceiling_wh) = (zeros(), zeros());
        let beside_base_w = beside_base(problem, powers);
        let mut movement = Self { problem, beside_base_w, down_w: zeros(), up_w: zeros(), floor_wh, ceiling_wh };
        let mut room = Room::beside(problem, powers);
        // Of those before the same limit, who takes most of what it is allowed moves most.
        let mut order = problem.order.clone();
        order.sort_by(|one, other| problem.stays[*other].uptake.total_cmp(&problem.stays[*one].uptake));
        for session in order {
            movement.add_powers(session, &powers[session], &mut room);
            movement.add_energies(&problem.stays[session]);
        }
        movement
    }

    fn add_powers(&mut self, session: usize, power_w: &[f64], room: &mut Room) {
        let (stay, state) = (&self.problem.stays[session], &self.problem.snapshot.sessions[session]);
        for step in stay.steps.clone() {
            let planned_w = power_w[step];
            let most_w = most(stay, step).min(planned_w + room.left(&self.problem.rows, session, step));
            let more_w = if most_w < stay.minimum_w { 0.0 } else { (most_w - planned_w).max(0.0) };
            room.take(&self.problem.rows, session, step, more_w);
            let share = stay.yield_h(step) / self.problem.hours(step).max(f64::MIN_POSITIVE);
            self.up_w[step] += more_w * share;
            self.down_w[step] += (planned_w - least(state, planned_w)) * share;
        }
    }

    fn add_energies(&mut self, stay: &Stay) {
        let needed_wh = stay.needed_wh.min(stay.reach_wh());
        let total_wh: f64 = stay.steps.clone().map(|step| stay.maximum_w * stay.yield_h(step)).sum();
        let mut full_wh = 0.0;
        for step in stay.steps.start..self.problem.steps() {
            full_wh += stay.maximum_w * stay.yield_h(step);
            self.floor_wh[step] += (needed_wh - (total_wh - full_wh).max(0.0)).max(0.0);
            self.ceiling_wh[step] += full_wh.min(stay.wanted_wh.max(needed_wh));
        }
    }

    fn step(&self, step: usize, low: Power, median: Power, high: Power) -> Option<MovableStep> {
        let interval = self.problem.windows[step]?;
        let baseline_w = Power::from_w(self.beside_base_w[step] + median.as_w()).or_zero();
        let most_w = (baseline_w + Power::from_w(self.up_w[step])).as_w().min(self.root_limit_w(interval));
        let present = self.problem.stays.iter().filter(|stay| stay.hours[step] > 0.0).count();
        Some(MovableStep {
            interval,
            baseline_w,
            baseline_p10_w: (baseline_w - (median - low).or_zero()).or_zero(),
            baseline_p90_w: baseline_w + (high - median).or_zero(),
            minimum_w: (baseline_w - Power::from_w(self.down_w[step])).or_zero(),
            maximum_w: baseline_w.max(Power::from_w(most_w)),
            energy_floor_wh: Energy::from_wh(self.floor_wh[step]),
            energy_ceiling_wh: Energy::from_wh(self.ceiling_wh[step]),
            session_count: u32::try_from(present).unwrap_or(u32::MAX),
        })
    }

    /// Returns what the root may draw; infinite where nothing limits it.
    fn root_limit_w(&self, window: Interval) -> f64 {
        let rows = &self.problem.rows;
        let root = rows.all().iter().position(|row| row.node == 0 && row.measure == Measure::Import);
        root.map_or(f64::INFINITY, |row| rows.limit_w(row, window))
    }
}

/// Returns what a plan draws at the root beside the base load, in W, as the mean of each step.
fn beside_base(problem: &Problem<'_>, powers: &Powers) -> Vec<f64> {
    let of_step = |(step, drawn_wh): (usize, f64)| {
        let base_w: f64 = problem.snapshot.base_load.iter().map(|base| base.expected_w[step].as_w()).sum();
        let hours = problem.hours(step);
        if hours > 0.0 { drawn_wh / hours - base_w } else { 0.0 }
    };
    problem.drawn_wh(powers).into_iter().enumerate().map(of_step).collect()
}

/// Returns the most power in W of a step, limits aside: what the vehicle takes now, for no more than it still wants.
fn most(stay: &Stay, step: usize) -> f64 {
    let yield_h = stay.yield_h(step);
    if yield_h <= 0.0 {
        return 0.0;
    }
    let most_w = stay.cell.map_or(stay.maximum_w, |cell| cell.most_w(stay.maximum_w, cell.stored_wh, yield_h));
    most_w.min(stay.wanted_wh / yield_h)
}

/// Returns the least power in W that a vehicle can be brought to: nothing, or its minimum where it must not pause.
fn least(state: &SessionState, planned_w: f64) -> f64 {
    if state.may_pause { 0.0 } else { planned_w.min(state.minimum_w.as_w()) }
}
