//! Moves the energy of one session between its steps, in the room that the others leave.

use std::ops::Range;

use crate::fallback::{ENERGY_TOLERANCE_WH, by_price};
use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::stages::cost;

use super::NOISE_W;

pub(super) struct Mender<'a> {
    pub(super) problem: &'a Problem<'a>,
    pub(super) room: &'a mut Room,
    pub(super) session: usize,
}

impl Mender<'_> {
    pub(super) fn is_broken(&self, power_w: &[f64]) -> bool {
        let stay = &self.problem.stays[self.session];
        self.near().any(|step| power_w[step] > 0.0 && power_w[step] < stay.minimum_w)
    }

    /// Allows the minimum where a vehicle that is nearly full takes less by itself.
    pub(super) fn lift_tapering(&mut self, power_w: &mut [f64]) {
        let stay = &self.problem.stays[self.session];
        let Some(most_w) = self.problem.most_by_state(self.session, power_w) else { return };
        for step in self.near() {
            let missing_w = stay.minimum_w - power_w[step];
            let tapers = power_w[step] > 0.0 && most_w[step] < stay.minimum_w && power_w[step] > most_w[step] - 1.0;
            if tapers && missing_w > 0.0 && self.left(step) >= missing_w {
                self.set(power_w, step, stay.minimum_w);
            }
        }
    }

    /// Gathers the energy of the near steps that lie below the minimum into fewer steps.
    pub(super) fn gather(&mut self, power_w: &mut [f64]) {
        let stay = &self.problem.stays[self.session];
        let mut rest_wh = 0.0;
        for step in self.near() {
            if power_w[step] < stay.minimum_w {
                rest_wh += power_w[step] * stay.yield_h(step);
                self.set(power_w, step, 0.0);
            }
        }
        self.place(power_w, rest_wh);
    }

    /// Places energy in the cheapest steps with room and returns what found none.
    pub(super) fn place(&mut self, power_w: &mut [f64], mut rest_wh: f64) -> f64 {
        let stay = &self.problem.stays[self.session];
        let steps = by_price(self.problem, self.session);
        for &step in &steps {
            if rest_wh <= ENERGY_TOLERANCE_WH {
                break;
            }
            let most = (power_w[step] + self.left(step)).min(stay.maximum_w);
            let wish = power_w[step] + rest_wh / stay.yield_h(step);
            let starts = power_w[step] == 0.0 && self.is_near(step);
            if starts && most < stay.minimum_w {
                continue;
            }
            if starts && wish < stay.minimum_w {
                let missing_wh = stay.minimum_w * stay.yield_h(step) - rest_wh;
                if self.borrow(power_w, &steps, step, missing_wh) {
                    self.set(power_w, step, stay.minimum_w);
                    rest_wh = 0.0;
                }
                continue;
            }
            let power = wish.min(most);
            if power > power_w[step] {
                rest_wh -= (power - power_w[step]) * stay.yield_h(step);
                self.set(power_w, step, power);
            }
        }
        rest_wh
    }

    /// Takes energy off other steps that are not cheaper, none below what it may be; nothing when it is not enough.
    fn borrow(&mut self, power_w: &mut [f64], steps: &[usize], into: usize, energy_wh: f64) -> bool {
        let stay = &self.problem.stays[self.session];
        let price = self.price(into);
        let donors: Vec<usize> =
            steps.iter().copied().filter(|step| *step != into && self.price(*step) >= price).collect();
        let spare = |step: usize| (power_w[step] - self.floor(step)).max(0.0) * stay.yield_h(step);
        if donors.iter().map(|step| spare(*step)).sum::<f64>() < energy_wh {
            return false;
        }
        self.cut(power_w, &donors, energy_wh);
        true
    }

    /// Takes off other steps what one step brings too much.
    fn give_back(&mut self, power_w: &mut [f64], kept: usize, surplus_wh: f64) {
        let mut others = by_price(self.problem, self.session);
        others.retain(|step| *step != kept);
        self.cut(power_w, &others, surplus_wh);
    }

    /// Cuts energy off steps, the last of them first, none below what it may be.
    fn cut(&mut self, power_w: &mut [f64], steps: &[usize], mut energy_wh: f64) {
        let stay = &self.problem.stays[self.session];
        for &step in steps.iter().rev() {
            let less = (power_w[step] - self.floor(step)).max(0.0).min(energy_wh.max(0.0) / stay.yield_h(step));
            energy_wh -= less * stay.yield_h(step);
            self.set(power_w, step, power_w[step] - less);
        }
    }

    /// Keeps a session that must not pause at its minimum, where there is room, until it has what it wants.
    pub(super) fn hold(&mut self, power_w: &mut [f64]) {
        let stay = &self.problem.stays[self.session];
        let planned_wh = self.problem.energy(self.session, power_w);
        let mut delivered_wh = 0.0;
        for step in self.near() {
            let missing_w = stay.minimum_w - power_w[step];
            let open = delivered_wh < stay.wanted_wh - ENERGY_TOLERANCE_WH;
            if open && missing_w > 0.0 && self.left(step) >= missing_w {
                self.set(power_w, step, stay.minimum_w);
            }
            delivered_wh += power_w[step] * stay.yield_h(step);
        }
        let steps: Vec<usize> = stay.steps.clone().collect();
        let surplus_wh = self.problem.energy(self.session, power_w) - planned_wh;
        self.cut(power_w, &steps, surplus_wh);
        // What is more than wanted even so ends early.
        let mut surplus_wh = self.problem.energy(self.session, power_w) - stay.wanted_wh;
        for step in steps.into_iter().rev() {
            let energy_wh = power_w[step] * stay.yield_h(step);
            if energy_wh > 0.0 && energy_wh <= surplus_wh {
                surplus_wh -= energy_wh;
                self.set(power_w, step, 0.0);
            }
        }
    }

    /// Draws energy forward from the last steps into earlier ones that are not dearer and have room.
    pub(super) fn draw_forward(&mut self, power_w: &mut [f64]) {
        let stay = &self.problem.stays[self.session];
        let mut last = stay.steps.end;
        for step in stay.steps.clone() {
            // What own generation feeds in steps cannot be told from their prices alone.
            if power_w[step] == 0.0 || stay.yield_h(step) <= 0.0 || self.problem.saved_per_kwh[step] != 0.0 {
                continue;
            }
            let mut more_w = self.left(step).min(stay.maximum_w - power_w[step]);
            while more_w > 1.0 && last > step + 1 {
                let from = last - 1;
                if power_w[from] == 0.0 || self.price(from) < self.price(step) {
                    last -= 1;
                    continue;
                }
                let spare_w = if self.is_near(from) { power_w[from] - stay.minimum_w } else { power_w[from] };
                let energy_wh = (more_w * stay.yield_h(step)).min(spare_w.max(0.0) * stay.yield_h(from));
                self.set(power_w, from, power_w[from] - energy_wh / stay.yield_h(from));
                self.set(power_w, step, power_w[step] + energy_wh / stay.yield_h(step));
                more_w -= energy_wh / stay.yield_h(step);
                if more_w > 1.0 {
                    last -= 1;
                }
            }
        }
    }

    fn price(&self, step: usize) -> f64 {
        cost::marginal_price(self.problem, self.session, step)
    }

    /// Returns the least that a step with power keeps when some is taken off it.
    fn floor(&self, step: usize) -> f64 {
        if self.is_near(step) { self.problem.stays[self.session].minimum_w } else { 0.0 }
    }

    /// Returns the near steps of the stay.
    fn near(&self) -> Range<usize> {
        let (stay, near) = (&self.problem.stays[self.session].steps, &self.problem.near);
        stay.start.max(near.start)..stay.end.min(near.end)
    }

    fn is_near(&self, step: usize) -> bool {
        self.problem.near.contains(&step)
    }

    fn left(&self, step: usize) -> f64 {
        self.room.left(&self.problem.rows, self.session, step)
    }

    fn set(&mut self, power_w: &mut [f64], step: usize, power: f64) {
        let power = if power < NOISE_W { 0.0 } else { power };
        self.room.take(&self.problem.rows, self.session, step, power - power_w[step]);
        power_w[step] = power;
    }
}

/// Lets a session start in a step where others can put their energy elsewhere; returns how often others were asked.
pub(super) fn make_way(
    problem: &Problem<'_>,
    room: &mut Room,
    powers: &mut Powers,
    session: usize,
    mut rest_wh: f64,
) -> usize {
    let stay = &problem.stays[session];
    let mut asked = 0;
    for step in by_price(problem, session).into_iter().filter(|step| problem.near.contains(step)) {
        let missing_w = stay.minimum_w - room.left(&problem.rows, session, step);
        if rest_wh <= ENERGY_TOLERANCE_WH || powers[session][step] > 0.0 || missing_w <= 0.0 {
            continue;
        }
        for &other in problem.order.iter().rev().filter(|other| **other != session) {
            let spare_w = powers[other][step] - problem.stays[other].minimum_w;
            if spare_w < missing_w {
                continue;
            }
            asked += 1;
            let before = powers[other].clone();
            let mut mender = Mender { problem, room, session: other };
            mender.set(&mut powers[other], step, before[step] - missing_w);
            // The room given up is taken before the other looks for room elsewhere.
            mender.room.take(&problem.rows, session, step, stay.minimum_w);
            let fits = mender.room.of_step(step) > -NOISE_W;
            let left_wh = mender.place(&mut powers[other], missing_w * problem.stays[other].yield_h(step));
            if fits && left_wh <= ENERGY_TOLERANCE_WH {
                powers[session][step] = stay.minimum_w;
                rest_wh -= stay.minimum_w * stay.yield_h(step);
                Mender { problem, room, session }.give_back(&mut powers[session], step, -rest_wh);
                break;
            }
            for (step, power) in before.into_iter().enumerate() {
                mender.set(&mut powers[other], step, power);
            }
            mender.room.take(&problem.rows, session, step, -stay.minimum_w);
        }
    }
    asked
}
