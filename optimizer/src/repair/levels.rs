//! Powers that a station can set: in the near steps a plan holds no others.

use headroom_domain::Power;

use crate::fallback::by_price;
use crate::problem::{Powers, Problem};
use crate::room::Room;

use super::NOISE_WH;

/// Lowers the powers of the near steps to levels, and puts the energy that this takes where it fits.
pub(super) fn snap(problem: &Problem<'_>, session: usize, powers: &mut Powers) {
    let state = &problem.snapshot.sessions[session];
    let levels = &state.power_levels_w;
    if levels.is_empty() {
        return;
    }
    let planned_wh = problem.energy(session, &powers[session]);
    for step in problem.stays[session].steps.clone().filter(|step| problem.near.contains(step)) {
        powers[session][step] = state.level_at_most(powers[session][step]);
    }
    let mut snapping = Snapping { problem, session, levels, room: Room::beside(problem, powers) };
    let power_w = &mut powers[session];
    snapping.place(power_w, planned_wh, false);
    // The last of a need is rounded up to a level.
    snapping.place(power_w, planned_wh.min(problem.stays[session].needed_wh), true);
}

struct Snapping<'a> {
    problem: &'a Problem<'a>,
    session: usize,
    levels: &'a [Power],
    room: Room,
}

impl Snapping<'_> {
    /// Adds energy up to a sum: levels in near steps, any power later.
    fn place(&mut self, power_w: &mut [f64], sum_wh: f64, beyond: bool) {
        let stay = &self.problem.stays[self.session];
        for step in by_price(self.problem, self.session) {
            loop {
                let rest_wh = sum_wh - self.problem.energy(self.session, power_w);
                if rest_wh <= NOISE_WH {
                    return;
                }
                let can_w = self.room.left(&self.problem.rows, self.session, step).min(stay.maximum_w - power_w[step]);
                let more_w = if self.problem.near.contains(&step) {
                    let next = self.levels.iter().map(|level| level.as_w()).find(|level| *level > power_w[step] + 1e-6);
                    let more_w = next.map_or(f64::INFINITY, |next| next - power_w[step]);
                    let fits = more_w <= can_w + 1e-6 && (beyond || more_w * stay.yield_h(step) <= rest_wh + NOISE_WH);
                    if fits { more_w } else { 0.0 }
                } else {
                    can_w.min(rest_wh / stay.yield_h(step))
                };
                if more_w <= 1e-6 {
                    break;
                }
                self.room.take(&self.problem.rows, self.session, step, more_w);
                power_w[step] += more_w;
            }
        }
    }
}
