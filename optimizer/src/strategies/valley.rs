//! Needs laid where the site draws least.

use crate::fallback::{self, ENERGY_TOLERANCE_WH};
use crate::problem::{Powers, Problem};
use crate::room::Room;

/// Into how many blocks the power between minimum and maximum is cut: finer ones bring no smoother load, only time.
const BLOCKS: f64 = 8.0;

/// Fills the valleys of the site's load, the least patient session first.
pub(super) fn fill(problem: &Problem<'_>) -> Powers {
    let mut filler =
        Filler { problem, powers: problem.nothing(), room: Room::of(problem), load_w: problem.expected_w() };
    let order = fallback::by_laxity(problem);
    for &session in &order {
        filler.pour(session, problem.stays[session].needed_wh, f64::INFINITY);
        fallback::round_up(problem, &mut filler.room, session, &mut filler.powers[session]);
    }
    for &session in &order {
        let mean_w = filler.mean_load_w(session);
        filler.pour(session, problem.stays[session].wanted_wh, mean_w);
    }
    filler.powers
}

struct Filler<'a> {
    problem: &'a Problem<'a>,
    powers: Powers,
    room: Room,
    /// What the root will probably draw with what is planned so far.
    load_w: Vec<f64>,
}

impl Filler<'_> {
    /// Adds block after block to a session where the load is lowest, and below a level, up to an energy.
    fn pour(&mut self, session: usize, energy_wh: f64, below_w: f64) {
        let stay = &self.problem.stays[session];
        let mut rest_wh = energy_wh - self.problem.energy(session, &self.powers[session]);
        let mut open: Vec<usize> = stay.steps.clone().filter(|step| stay.yield_h(*step) > 0.0).collect();
        while rest_wh > ENERGY_TOLERANCE_WH {
            let lowest = |one: &usize, other: &usize| self.load_w[*one].total_cmp(&self.load_w[*other]);
            // Of equal loads the earliest.
            let Some(place) = (0..open.len()).min_by(|one, other| lowest(&open[*one], &open[*other])) else { return };
            let step = open[place];
            if self.load_w[step] >= below_w {
                return;
            }
            let added_w = self.block_w(session, step, rest_wh);
            if added_w <= 0.0 {
                open.remove(place);
                continue;
            }
            self.powers[session][step] += added_w;
            self.room.take(&self.problem.rows, session, step, added_w);
            self.load_w[step] += added_w * stay.uptake;
            rest_wh -= added_w * stay.yield_h(step);
        }
    }

    /// Returns what a session may add in a step; zero where its most or a limit is reached, or little is missing.
    fn block_w(&self, session: usize, step: usize, rest_wh: f64) -> f64 {
        let stay = &self.problem.stays[session];
        let power_w = self.powers[session][step];
        let block_w = ((stay.maximum_w - stay.minimum_w) / BLOCKS).max(stay.maximum_w / 100.0);
        let block_w = if power_w == 0.0 { stay.minimum_w.max(block_w) } else { block_w };
        let fits_w = self.room.left(&self.problem.rows, session, step).min(stay.maximum_w - power_w);
        let added_w = block_w.min(fits_w).min(rest_wh / stay.yield_h(step));
        if added_w < 1e-6 || power_w + added_w < stay.minimum_w { 0.0 } else { added_w }
    }

    fn mean_load_w(&self, session: usize) -> f64 {
        let hours = &self.problem.stays[session].hours;
        let (sum, total) = self
            .load_w
            .iter()
            .zip(hours)
            .fold((0.0, 0.0), |(sum, total), (load_w, hours)| (sum + load_w * hours, total + hours));
        if total > 0.0 { sum / total } else { 0.0 }
    }
}
