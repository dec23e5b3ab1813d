//! What can give as well as take: batteries of the site, vehicles that give back, and generation that can be held back.
//!
//! Batteries and generation follow their plan at once, so limits may rest on them. No import limit rests on what a
//! vehicle gives back: it may leave at any time. It counts for cost and peaks, and under export limits.

use headroom_domain::schedule::{BatteryPlan, GenerationPlan};
use headroom_domain::{Energy, Power};

use crate::problem::{Powers, Problem, Stay};
use crate::snapshot::{Battery, Generation, SessionState};

/// What of a battery bounds its power.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) capacity_wh: f64,
    pub(crate) stored_wh: f64,
    pub(crate) floor_wh: f64,
    /// One way.
    pub(crate) efficiency: f64,
    /// State of charge from which the power falls in a straight line.
    pub(crate) taper_from: f64,
}

impl Cell {
    /// Returns the battery of a session's vehicle.
    pub(crate) fn of(session: &SessionState) -> Option<Self> {
        let vehicle = session.vehicle?;
        let stored_wh = vehicle.stored_wh.as_wh();
        let floor_wh = session.discharge.map_or(0.0, |discharge| discharge.floor_wh.as_wh());
        Some(Self {
            capacity_wh: vehicle.capacity_wh.as_wh(),
            stored_wh,
            // Who comes with less is not emptied further.
            floor_wh: floor_wh.min(stored_wh),
            efficiency: vehicle.efficiency.as_ratio(),
            taper_from: vehicle.taper_from.as_ratio(),
        })
    }

    /// Tells whether charging an energy comes to where the state bounds the power.
    pub(crate) fn is_bound(&self, energy_wh: f64) -> bool {
        self.stored_wh + self.efficiency * energy_wh > self.capacity_wh * self.taper_from.min(1.0)
    }

    /// Returns how power falls with the energy at the end of a step: `power <= offset - slope * stored`, in W and 1/h.
    pub(crate) fn taper(&self, maximum_w: f64) -> Option<(f64, f64)> {
        let offset_w = maximum_w / (1.0 - self.taper_from);
        (self.taper_from < 1.0).then(|| (offset_w, offset_w / self.capacity_wh))
    }

    /// Returns the most power, in W, of a step in which a watt brings `yield_h`.
    pub(crate) fn most_w(&self, maximum_w: f64, stored_wh: f64, yield_h: f64) -> f64 {
        let per_watt_wh = self.efficiency * yield_h;
        let until_full = if per_watt_wh > 0.0 { (self.capacity_wh - stored_wh) / per_watt_wh } else { 0.0 };
        let tapered = self
            .taper(maximum_w)
            .map_or(maximum_w, |(offset_w, slope)| (offset_w - slope * stored_wh) / (1.0 + slope * per_watt_wh));
        maximum_w.min(until_full).min(tapered).max(0.0)
    }
}

/// What is planned beside charging. **Units**: W. **Shape**: a value per step, or empty where nothing is planned.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_field_names, reason = "names end in their unit")]
pub(crate) struct StoragePlan {
    /// What each session gives back: a magnitude.
    pub(crate) discharge_w: Powers,
    /// What each battery takes; less than zero where it gives.
    pub(crate) batteries_w: Powers,
    /// What each generator holds back.
    pub(crate) held_back_w: Powers,
}

impl StoragePlan {
    /// Adds what is planned to what the root draws.
    pub(crate) fn add_to(&self, root_w: &mut [f64]) {
        let mut add = |sign: f64, powers: &Powers| {
            for power_w in powers {
                for (sum, power) in root_w.iter_mut().zip(power_w) {
                    *sum += sign * power;
                }
            }
        };
        add(-1.0, &self.discharge_w);
        add(1.0, &self.batteries_w);
    }

    /// Returns what a generator will probably give, where it is held back.
    pub(crate) fn generated_w(&self, at: usize, own: &Generation) -> Vec<Power> {
        let Some(held_back_w) = self.held_back_w.get(at) else { return own.expected_w.clone() };
        let may = own.most_w.iter().zip(held_back_w).map(|(most, held)| (*most - Power::from_w(*held)).or_zero());
        own.expected_w.iter().zip(may).map(|(expected, may)| may.min(*expected)).collect()
    }

    /// Returns what giving back costs a session of its energy, at the meter, in Wh.
    pub(crate) fn given_wh(&self, session: usize, stay: &Stay) -> f64 {
        let (Some(power_w), Some(cell)) = (self.discharge_w.get(session), stay.cell) else { return 0.0 };
        let given: f64 = power_w.iter().zip(&stay.hours).map(|(power, hours)| power * hours).sum();
        given / (cell.efficiency * cell.efficiency)
    }

    /// Returns what a session gives back in a step.
    pub(crate) fn of_session(&self, session: usize, step: usize) -> f64 {
        self.discharge_w.get(session).and_then(|power_w| power_w.get(step)).copied().unwrap_or(0.0)
    }
}

impl Problem<'_> {
    /// Takes over what is planned beside charging: the sessions get the room that this leaves.
    pub(crate) fn settle(&mut self, storage: StoragePlan) {
        for (battery, power_w) in storage.batteries_w.iter().enumerate() {
            for &(row, weight) in self.rows.of_battery(battery) {
                for (step, power) in power_w.iter().enumerate() {
                    let left = self.room_w[row][step] - self.deficit_w[row][step] - weight * power;
                    (self.room_w[row][step], self.deficit_w[row][step]) = (left.max(0.0), (-left).max(0.0));
                }
            }
        }
        self.storage = storage;
    }

    /// Cuts powers to what the state of each battery allows, step by step; then what is given back.
    pub(crate) fn hold_to_state(&mut self, powers: &mut Powers) {
        for &session in &self.order {
            let (stay, Some(cell)) = (&self.stays[session], self.stays[session].cell) else { continue };
            let mut stored_wh = cell.stored_wh;
            for step in stay.steps.clone() {
                let (hours, yield_h) = (stay.hours[step], stay.yield_h(step));
                let most = cell.most_w(stay.maximum_w, stored_wh, yield_h);
                let power = &mut powers[session][step];
                // A vehicle tapers by itself below the minimum and between levels: what it is allowed stays there.
                let levels = &self.snapshot.sessions[session].power_levels_w;
                let settable = levels.iter().map(|level| level.as_w()).find(|level| *level >= most).unwrap_or(most);
                let least = if self.near.contains(&step) { stay.minimum_w.max(settable) } else { 0.0 };
                *power = power.min(most.max(least));
                stored_wh += cell.efficiency * yield_h * power.min(most);
                if let Some(given) = self.storage.discharge_w.get_mut(session).and_then(|given| given.get_mut(step)) {
                    let spare = (stored_wh - cell.floor_wh).max(0.0) * cell.efficiency / hours.max(f64::MIN_POSITIVE);
                    *given = if *power > 0.0 { 0.0 } else { given.min(spare) };
                    stored_wh -= *given * hours / cell.efficiency;
                }
            }
        }
    }

    /// Returns what batteries add to the room of a row in a step, in W.
    pub(crate) fn battery_room_w(&self, row: usize, step: usize) -> f64 {
        let shares = |(at, power_w): (usize, &Vec<f64>)| {
            let share = self.rows.of_battery(at).iter().find(|(own, _)| *own == row);
            share.map_or(0.0, |(_, weight)| -weight * power_w[step])
        };
        self.storage.batteries_w.iter().enumerate().map(shares).sum()
    }

    /// Returns what batteries below a node draw in a step, in W.
    pub(crate) fn battery_draw_w(&self, node: usize, step: usize) -> f64 {
        let planned = self.snapshot.batteries.iter().zip(&self.storage.batteries_w);
        let below = planned.filter(|(own, _)| self.snapshot.tree.is_below(&own.node, node));
        below.map(|(_, power_w)| power_w[step]).sum()
    }

    /// Returns the most that the state of a vehicle's battery allows in each step, where it is known.
    pub(crate) fn most_by_state(&self, session: usize, power_w: &[f64]) -> Option<Vec<f64>> {
        let (stay, cell) = (&self.stays[session], self.stays[session].cell?);
        let (mut stored_wh, mut most_w) = (cell.stored_wh, vec![0.0; self.steps()]);
        for step in stay.steps.clone() {
            most_w[step] = cell.most_w(stay.maximum_w, stored_wh, stay.yield_h(step));
            stored_wh += cell.efficiency * stay.yield_h(step) * power_w[step].min(most_w[step]);
            stored_wh -= self.storage.of_session(session, step) * stay.hours[step] / cell.efficiency;
        }
        Some(most_w)
    }

    /// Returns what the batteries are to do.
    pub(crate) fn battery_plans(&self) -> Vec<BatteryPlan> {
        let plan = |(at, battery): (usize, &Battery)| {
            let mut stored_wh = battery.stored_wh.as_wh();
            let power_w: Vec<f64> =
                self.storage.batteries_w.get(at).cloned().unwrap_or_else(|| vec![0.0; self.steps()]);
            let after = |(step, power): (usize, &f64)| {
                stored_wh = battery.after(stored_wh, *power, self.hours(step));
                Energy::from_wh(stored_wh.max(0.0))
            };
            let stored_wh = power_w.iter().enumerate().map(after).collect();
            let power_w = power_w.into_iter().map(Power::from_w).collect();
            BatteryPlan { node: battery.node.clone(), power_w, stored_wh }
        };
        self.snapshot.batteries.iter().enumerate().map(plan).collect()
    }

    /// Returns what generators that can be held back may give.
    pub(crate) fn generation_plans(&self) -> Vec<GenerationPlan> {
        let plan = |(at, own): (usize, &Generation)| {
            let held_back = |step: usize| self.storage.held_back_w.get(at).map_or(0.0, |power_w| power_w[step]);
            let may = |(step, most): (usize, &Power)| (*most - Power::from_w(held_back(step))).or_zero();
            own.curtailable.then(|| GenerationPlan {
                node: own.node.clone(),
                power_w: own.most_w.iter().enumerate().map(may).collect(),
            })
        };
        self.snapshot.generation.iter().enumerate().filter_map(plan).collect()
    }
}
