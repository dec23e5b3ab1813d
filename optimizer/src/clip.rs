//! The plan in force cut to the limits of now, without a solver. Steps times sessions times depth of the tree.

use headroom_domain::schedule::{PlanStatus, Schedule};

use crate::explain::{self, TIGHT_W};
use crate::fallback;
use crate::in_force::InForce;
use crate::outcome;
use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::snapshot::Snapshot;
use crate::storage::StoragePlan;

mod export;
use export::Exports;

/// Room that falls short by less than this (W) is the solver's noise.
const NOISE_W: f64 = 0.01;

/// Cuts a plan to what a snapshot that has been checked allows.
pub(crate) fn clip(snapshot: &Snapshot, standing: &Schedule) -> Schedule {
    let mut problem = Problem::new(snapshot);
    problem.open_to_all();
    let InForce { power_w, storage } = InForce::new(&problem, standing);
    for (stay, power_w) in problem.stays.iter_mut().zip(&power_w) {
        let most_w = stay.maximum_w;
        stay.pattern_w =
            Some(power_w.iter().map(|power| power.map_or(most_w, |power| power.clamp(0.0, most_w))).collect());
    }
    let Clipped { mut powers, storage, cuts } = Clipper::new(&problem, &power_w, storage).run();
    problem.settle(storage);
    problem.hold_to_state(&mut powers);
    let mut schedule = outcome::schedule(&problem, &powers, PlanStatus::Fallback);
    for Cut { session, step, row } in cuts {
        schedule.sessions[session].reasons[step] = Some(explain::of_row(&problem, row, step));
    }
    schedule
}

/// A power that was cut, and the row that had no room for it.
struct Cut {
    session: usize,
    step: usize,
    row: usize,
}

struct Clipped {
    powers: Powers,
    storage: StoragePlan,
    cuts: Vec<Cut>,
}

struct Clipper<'a> {
    problem: &'a Problem<'a>,
    /// What the plan says of each session; `None` where it does not.
    standing_w: &'a [Vec<Option<f64>>],
    exports: Exports<'a>,
    room: Room,
    /// What each battery holds.
    stored_wh: Vec<f64>,
    clipped: Clipped,
}

impl<'a> Clipper<'a> {
    fn new(problem: &'a Problem<'a>, standing_w: &'a [Vec<Option<f64>>], storage: StoragePlan) -> Self {
        let beside_base = |(room_w, deficit_w): (&Vec<f64>, &Vec<f64>)| {
            room_w.iter().zip(deficit_w).map(|(room, deficit)| room - deficit).collect()
        };
        Self {
            problem,
            standing_w,
            exports: Exports::new(problem, &storage),
            room: Room::new(problem.room_w.iter().zip(&problem.deficit_w).map(beside_base).collect()),
            stored_wh: problem.snapshot.batteries.iter().map(|battery| battery.stored_wh.as_wh()).collect(),
            clipped: Clipped { powers: problem.nothing(), storage, cuts: Vec::new() },
        }
    }

    /// Looks at one step after the other: what gives, the vehicles, what batteries take of the rest, what is fed in.
    fn run(mut self) -> Clipped {
        // Who has the least time to spare is served first, so who has the most gives way first.
        let order = fallback::by_laxity(self.problem);
        for step in (0..self.problem.steps()).filter(|step| self.problem.windows[*step].is_some()) {
            self.exports.hold_givers(&mut self.clipped.storage, step);
            self.batteries(step, -1.0);
            for &session in &order {
                self.vehicle(session, step);
            }
            self.batteries(step, 1.0);
        }
        let is_open = |session: &usize| {
            let steps = self.problem.stays[*session].steps.clone();
            self.standing_w[*session][steps].iter().any(Option::is_none)
        };
        let open: Vec<usize> = order.into_iter().filter(is_open).collect();
        fallback::complete(self.problem, &mut self.room, &open, &mut self.clipped.powers);
        for step in 0..self.problem.steps() {
            self.exports.hold_back(&mut self.clipped.storage, &self.clipped.powers, step);
        }
        self.clipped
    }

    fn vehicle(&mut self, session: usize, step: usize) {
        let standing_w = self.problem.stays[session].most_w(step);
        if self.standing_w[session][step].is_none() || standing_w <= 0.0 {
            return;
        }
        let left_w = self.room.left(&self.problem.rows, session, step);
        let power_w = if left_w >= standing_w - NOISE_W { standing_w } else { self.settable(session, step, left_w) };
        if power_w < standing_w - TIGHT_W
            && let Some(row) = explain::fullest(&self.room, self.problem, session, step)
        {
            self.clipped.cuts.push(Cut { session, step, row });
        }
        self.room.take(&self.problem.rows, session, step, power_w);
        self.clipped.powers[session][step] = power_w;
    }

    /// Returns what a station can be set to of the room that is left; far ahead a step stands for its mean.
    fn settable(&self, session: usize, step: usize, left_w: f64) -> f64 {
        let (stay, state) = (&self.problem.stays[session], &self.problem.snapshot.sessions[session]);
        if !self.problem.near.contains(&step) {
            return left_w;
        }
        let level_w = if state.power_levels_w.is_empty() { left_w } else { state.level_at_most(left_w) };
        if level_w < stay.minimum_w { 0.0 } else { level_w }
    }

    /// Lets batteries give (-1) what they planned and hold, or take (1) what they planned where there is room.
    fn batteries(&mut self, step: usize, sign: f64) {
        let (problem, hours) = (self.problem, self.problem.hours(step).max(f64::MIN_POSITIVE));
        for (at, battery) in problem.snapshot.batteries.iter().enumerate() {
            let planned_w = self.clipped.storage.batteries_w[at][step];
            if sign * planned_w <= 0.0 {
                continue;
            }
            let (shares, efficiency) = (problem.rows.of_battery(at), battery.efficiency.as_ratio());
            let stored_wh = &mut self.stored_wh[at];
            let power_w = if sign < 0.0 {
                planned_w.max((battery.reserve_wh.as_wh() - *stored_wh).min(0.0) * efficiency / hours)
            } else {
                let until_full_w = (battery.capacity_wh.as_wh() - *stored_wh) / (efficiency * hours);
                planned_w.min(self.room.left_of(shares, step)).min(until_full_w).max(0.0)
            };
            *stored_wh = battery.after(*stored_wh, power_w, problem.hours(step));
            self.room.take_in(shares, step, power_w);
            self.clipped.storage.batteries_w[at][step] = power_w;
        }
    }
}
