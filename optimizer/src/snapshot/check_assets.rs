//! What batteries, generation, lines and vehicles must keep.

use std::fmt::Display;

use headroom_domain::Power;

use super::check::{SessionField, SnapshotError, check_node, not_negative, order, range};
use super::{Battery, Generation, Line, SessionState, Snapshot};

impl Snapshot {
    pub(super) fn check_assets(&self) -> Result<(), SnapshotError> {
        for (field, values) in [("export_prices", self.export_prices.len()), ("carbon", self.carbon.len())] {
            if values > 0 {
                self.check_length(field, values)?;
            }
        }
        for (index, battery) in self.batteries.iter().enumerate() {
            let field = |name: &str| format!("batteries[{index}].{name}");
            check_node(field("node"), battery.node.as_str(), self.tree.position(&battery.node))?;
            battery.check(&field)?;
        }
        for (index, generation) in self.generation.iter().enumerate() {
            self.check_generation(&|name| format!("generation[{index}].{name}"), generation)?;
        }
        for (index, line) in self.lines.iter().enumerate() {
            self.check_line(&format!("lines[{index}]"), line)?;
        }
        for (index, reserve) in self.reserves.iter().enumerate() {
            let field = format!("reserves[{index}]");
            check_node(format_args!("{field}.node"), reserve.node.as_str(), self.tree.position(&reserve.node))?;
            self.check_powers(&format!("{field}.power_w"), &reserve.power_w)?;
        }
        Ok(())
    }

    fn check_generation(&self, field: &dyn Fn(&str) -> String, own: &Generation) -> Result<(), SnapshotError> {
        check_node(field("node"), own.node.as_str(), self.tree.position(&own.node))?;
        let lists = [("sure_w", &own.sure_w), ("expected_w", &own.expected_w), ("most_w", &own.most_w)];
        for (name, powers) in lists {
            self.check_powers(&field(name), powers)?;
        }
        let in_order = own.sure_w.iter().zip(&own.expected_w).zip(&own.most_w);
        if in_order.into_iter().any(|((sure, expected), most)| sure > expected || expected > most) {
            return Err(order(field("expected_w"), "must lie between `sure_w` and `most_w` in every step"));
        }
        Ok(())
    }

    fn check_line(&self, field: &str, line: &Line) -> Result<(), SnapshotError> {
        check_node(format_args!("{field}.node"), line.node.as_str(), self.tree.position(&line.node))?;
        let limit = line.maximum_current_a.as_a();
        range(format_args!("{field}.maximum_current_a"), limit, |value| value >= 0.0, "give 0 A or more")?;
        for (index, term) in line.terms.iter().enumerate() {
            let field = |name: &str| format!("{field}.terms[{index}].{name}");
            check_node(field("evse"), term.evse.as_str(), self.tree.position(&term.evse))?;
            range(field("factor"), term.factor, f64::is_finite, "give a finite number")?;
            range(field("angle_deg"), term.angle_deg, f64::is_finite, "give a finite number of degrees")?;
            let wired = self.tree.get(&term.evse).is_some_and(|node| node.wiring.is_some());
            if !wired {
                return Err(order(field("evse"), "has no `wiring` in `tree`: its current is not known"));
            }
        }
        Ok(())
    }

    fn check_powers(&self, field: &str, powers: &[Power]) -> Result<(), SnapshotError> {
        self.check_length(field, powers.len())?;
        powers.iter().try_for_each(|power| not_negative(field, *power))
    }
}

impl Battery {
    fn check(&self, field: &dyn Fn(&str) -> String) -> Result<(), SnapshotError> {
        let (capacity, stored, reserve) = (self.capacity_wh, self.stored_wh, self.reserve_wh);
        range(field("capacity_wh"), capacity.as_wh(), |value| value > 0.0, "give more than 0 Wh")?;
        let fits = |value: f64| (0.0..=capacity.as_wh()).contains(&value);
        range(field("stored_wh"), stored.as_wh(), fits, "give 0 Wh to `capacity_wh`")?;
        range(field("reserve_wh"), reserve.as_wh(), fits, "give 0 Wh to `capacity_wh`")?;
        not_negative(field("maximum_charge_w"), self.maximum_charge_w)?;
        not_negative(field("maximum_discharge_w"), self.maximum_discharge_w)?;
        range(field("wear"), self.wear.as_per_kwh(), |value| value >= 0.0, "give 0 or more")?;
        share(field("efficiency"), self.efficiency.as_ratio())
    }
}

impl SessionState {
    pub(super) fn check_vehicle<'a>(
        &self,
        field: &dyn Fn(&'static str) -> SessionField<'a>,
    ) -> Result<(), SnapshotError> {
        let levels = field("power_levels_w");
        self.power_levels_w.iter().try_for_each(|power| not_negative(levels, *power))?;
        if !self.power_levels_w.is_sorted() {
            return Err(order(levels, "must rise: sort it"));
        }
        if let Some(vehicle) = self.vehicle {
            let capacity = vehicle.capacity_wh.as_wh();
            range(field("vehicle.capacity_wh"), capacity, |value| value > 0.0, "give more than 0 Wh")?;
            let fits = |value: f64| (0.0..=capacity).contains(&value);
            range(field("vehicle.stored_wh"), vehicle.stored_wh.as_wh(), fits, "give 0 Wh to `capacity_wh`")?;
            share(field("vehicle.efficiency"), vehicle.efficiency.as_ratio())?;
            let from = vehicle.taper_from.as_ratio();
            range(field("vehicle.taper_from"), from, |value| (0.0..=1.0).contains(&value), "give 0 to 1")?;
        }
        if let Some(discharge) = self.discharge {
            if self.vehicle.is_none() {
                return Err(order(field("discharge"), "needs `vehicle`: without its state nothing can be given back"));
            }
            not_negative(field("discharge.maximum_w"), discharge.maximum_w)?;
            let floor = discharge.floor_wh.as_wh();
            range(field("discharge.floor_wh"), floor, |value| value >= 0.0, "give 0 Wh or more")?;
            range(field("discharge.wear"), discharge.wear.as_per_kwh(), |value| value >= 0.0, "give 0 or more")?;
        }
        Ok(())
    }
}

fn share(field: impl Display, value: f64) -> Result<(), SnapshotError> {
    range(field, value, |value| value > 0.0 && value <= 1.0, "give more than 0 and at most 1")
}
