//! What every plan keeps where a site has batteries, generation, lines at angles and vehicles that give back.

use headroom_domain::schedule::{PlanStatus, Schedule, SessionPlan};
use headroom_domain::units::hours;
use headroom_domain::{CarbonIntensity, Current, Energy, EnergyPrice, Interval, NodeId, Power, Ratio};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::{
    Battery, Discharge, Generation, Line, LineTerm, Reserve, SessionState, Snapshot, VehicleBattery,
};
use proptest::prelude::*;

use crate::scene::scenes;

/// Numbers that make what a site has.
#[derive(Debug, Clone)]
struct Gear {
    /// Capacity in kWh, share stored, power in kW.
    battery: Option<(f64, f64, f64)>,
    /// Power in kW and whether it can be held back.
    generation: Option<(f64, bool)>,
    export_kw: Option<f64>,
    /// Most current in A, with a factor and an angle per EVSE.
    line: Option<(f64, Vec<(f64, f64)>)>,
    /// For each session: capacity, share stored, taper, whether it gives back.
    vehicles: Vec<Option<(f64, f64, f64, bool)>>,
    levels: Vec<bool>,
    reserve_kw: f64,
    carbon: bool,
}

fn gears() -> impl Strategy<Value = Gear> {
    let vehicle = (5.0..80.0_f64, 0.0..1.0_f64, prop_oneof![Just(1.0), 0.5..1.0_f64], any::<bool>());
    (
        prop::option::of((1.0..60.0_f64, 0.0..1.0_f64, 1.0..40.0_f64)),
        prop::option::of((0.0..60.0_f64, any::<bool>())),
        prop::option::of(0.0..20.0_f64),
        prop::option::of((5.0..120.0_f64, prop::collection::vec((-2.0..2.0_f64, 0.0..360.0_f64), 9))),
        prop::collection::vec(prop::option::weighted(0.6, vehicle), 9),
        prop::collection::vec(prop::bool::weighted(0.3), 9),
        prop_oneof![Just(0.0), 0.0..30.0_f64],
        any::<bool>(),
    )
        .prop_map(|(battery, generation, export_kw, line, vehicles, levels, reserve_kw, carbon)| Gear {
            battery,
            generation,
            export_kw,
            line,
            vehicles,
            levels,
            reserve_kw,
            carbon,
        })
}

fn site() -> NodeId {
    NodeId::new("site")
}

impl Gear {
    fn equip(&self, snapshot: &mut Snapshot) {
        let steps = snapshot.grid.len();
        snapshot.batteries.extend(self.battery.map(|(kwh, stored, kw)| Battery {
            node: site(),
            capacity_wh: Energy::from_kwh(kwh),
            stored_wh: Energy::from_kwh(kwh * stored),
            reserve_wh: Energy::from_kwh(kwh * 0.1),
            maximum_charge_w: Power::from_kw(kw),
            maximum_discharge_w: Power::from_kw(kw),
            efficiency: Ratio::from_ratio(0.95),
            wear: EnergyPrice::from_per_kwh(0.02),
        }));
        snapshot.generation.extend(self.generation.map(|(kw, curtailable)| {
            let shape = |share: f64| (0..steps).map(|at| Power::from_kw(kw * share * (at % 7) as f64 / 6.0)).collect();
            Generation { node: site(), sure_w: shape(0.3), expected_w: shape(0.8), most_w: shape(1.0), curtailable }
        }));
        if let Some(kw) = self.export_kw {
            for piece in &mut snapshot.limits[0].effective {
                let basis = piece.maximum_import_w.clone().map(|(_, basis)| basis);
                piece.maximum_export_w = basis.map(|basis| (Power::from_kw(kw), basis));
            }
        }
        snapshot.lines.extend(self.line.as_ref().map(|(limit, terms)| {
            Line {
                node: site(),
                maximum_current_a: Current::from_a(*limit),
                terms: (snapshot.sessions.iter().zip(terms))
                    .map(|(session, (factor, angle_deg))| LineTerm {
                        evse: session.node.clone(),
                        factor: *factor,
                        angle_deg: *angle_deg,
                    })
                    .collect(),
            }
        }));
        for (at, session) in snapshot.sessions.iter_mut().enumerate() {
            session.vehicle = self.vehicles[at].map(|(kwh, stored, taper, _)| VehicleBattery {
                capacity_wh: Energy::from_kwh(kwh),
                stored_wh: Energy::from_kwh(kwh * stored),
                taper_from: Ratio::from_ratio(taper),
                efficiency: Ratio::from_ratio(0.9),
            });
            let gives = self.vehicles[at].filter(|(.., gives)| *gives);
            session.discharge = gives.map(|(kwh, ..)| Discharge {
                maximum_w: session.maximum_w * 0.8,
                floor_wh: Energy::from_kwh(kwh * 0.4),
                wear: EnergyPrice::from_per_kwh(0.03),
            });
            if self.levels[at] {
                let level =
                    |share: i32| session.minimum_w + (session.maximum_w - session.minimum_w) * (f64::from(share) / 3.0);
                session.power_levels_w = (0..4).map(level).collect();
            }
        }
        if self.carbon {
            let dirt = |at: usize| CarbonIntensity::from_g_per_kwh(100.0 + 60.0 * (at % 5) as f64);
            snapshot.carbon = (0..steps).map(dirt).collect();
        }
        snapshot.export_prices = vec![EnergyPrice::from_per_kwh(0.08); steps];
        snapshot.reserves.push(Reserve { node: site(), power_w: vec![Power::from_kw(self.reserve_kw); steps] });
    }
}

fn stay_h(snapshot: &Snapshot, session: &SessionState, at: usize) -> f64 {
    let stay = Interval::new(session.arrival.max(snapshot.now), session.departure);
    let step = snapshot.grid.step(at);
    stay.and_then(|stay| stay.intersection(&step)).map_or(0.0, |part| hours(part.duration()))
}

fn check_vehicles(snapshot: &Snapshot, schedule: &Schedule) {
    for (state, plan) in snapshot.sessions.iter().zip(&schedule.sessions).filter(|(state, _)| state.is_planned()) {
        for (at, power) in plan.power_w.iter().enumerate() {
            let least = state.discharge.map_or(Power::ZERO, |discharge| -discharge.maximum_w);
            assert!(*power >= least - Power::from_w(0.01), "{power} of {} at {at}", state.id);
            let near = snapshot.grid.step(at).start < snapshot.now + chrono::TimeDelta::hours(1);
            let is_level = |level: &Power| (*level - *power).as_w().abs() < 0.01;
            let settable = state.power_levels_w.is_empty() || state.power_levels_w.iter().any(is_level);
            assert!(!near || *power <= Power::ZERO || settable, "{power} is no level of {}", state.id);
        }
        check_battery(snapshot, state, plan);
    }
}

fn check_battery(snapshot: &Snapshot, state: &SessionState, plan: &SessionPlan) {
    let (Some(vehicle), Some(discharge)) = (state.vehicle, state.discharge) else { return };
    let (mut stored, efficiency) = (vehicle.stored_wh.as_wh(), vehicle.efficiency.as_ratio());
    let floor = discharge.floor_wh.as_wh().min(stored);
    for (at, power) in plan.power_w.iter().enumerate() {
        let energy = power.as_w() * stay_h(snapshot, state, at);
        stored += if energy > 0.0 { energy * state.uptake.as_ratio() * efficiency } else { energy / efficiency };
        stored = stored.min(vehicle.capacity_wh.as_wh());
        assert!(stored > floor - 1.0, "{stored} Wh is left of {floor} in {} at {at}", state.id);
    }
}

fn check_site(snapshot: &Snapshot, schedule: &Schedule) {
    for at in 0..snapshot.grid.len() {
        let window = snapshot.grid.step(at);
        if window.end <= snapshot.now {
            continue;
        }
        let pieces = snapshot.limits[0].effective.iter();
        let pieces: Vec<_> = pieces.filter(|piece| piece.interval.intersection(&window).is_some()).collect();
        let imports = pieces.iter().filter_map(|piece| piece.maximum_import_w.as_ref()).map(|(power, _)| power.as_w());
        let rated = snapshot.tree.root().rating.maximum_import_w.unwrap().as_w();
        let import = imports.fold(rated, f64::min) - snapshot.margin_w.as_w();
        let battery: f64 = schedule.batteries.iter().map(|plan| plan.power_w[at].as_w()).sum();
        let sure: f64 = snapshot.generation.iter().map(|own| own.sure_w[at].as_w()).sum();
        let carried: f64 = (snapshot.sessions.iter())
            .filter(|state| !state.is_planned() && state.arrival < window.end)
            .map(|state| state.belief.fallback_w.as_w())
            .sum();
        let planned = snapshot.sessions.iter().zip(&schedule.sessions).filter(|(state, _)| state.is_planned());
        let powers: Vec<f64> = planned.map(|(_, plan)| plan.power_w[at].as_w()).collect();
        let taken: f64 = powers.iter().map(|power| power.max(0.0)).sum();
        let given: f64 = powers.iter().map(|power| (-power).max(0.0)).sum();
        let base = snapshot.base_load[0].guard_w[at].as_w() - sure + carried;
        let import_load = base + battery + taken;
        assert!(import_load <= import.max(base) + 0.5, "{import_load} of {import} at {at}, {base} of it base load");
        assert!(taken <= (import - base - battery.min(0.0)).max(0.0) + 0.5, "vehicles add {taken} to a breach at {at}");
        let exports = pieces.iter().filter_map(|piece| piece.maximum_export_w.as_ref()).map(|(power, _)| power.as_w());
        let export = exports.fold(f64::INFINITY, f64::min);
        let fixed: f64 =
            snapshot.generation.iter().filter(|own| !own.curtailable).map(|own| own.most_w[at].as_w()).sum();
        let fed_in = given - battery + fixed;
        assert!(fed_in <= export.max(fixed) + 0.5, "{fed_in} of {export} fed in at {at}, {fixed} of it for sure");
    }
}

fn check_stored(snapshot: &Snapshot, schedule: &Schedule) {
    for (own, plan) in snapshot.batteries.iter().zip(&schedule.batteries) {
        let least = own.reserve_wh.min(own.stored_wh).as_wh();
        for stored in &plan.stored_wh {
            assert!((least - 1.0..=own.capacity_wh.as_wh() + 1.0).contains(&stored.as_wh()), "{stored} in {own:?}");
        }
    }
}

/// The line holds whatever share of its power each vehicle takes.
fn check_lines(snapshot: &Snapshot, schedule: &Schedule, shares: &[f64]) {
    for line in &snapshot.lines {
        for at in 0..snapshot.grid.len() {
            let (mut real, mut imaginary) = (0.0, 0.0);
            for (session, term) in line.terms.iter().enumerate() {
                let state = &snapshot.sessions[session];
                let wiring = snapshot.tree.get(&term.evse).unwrap().wiring.as_ref().unwrap();
                let power = schedule.sessions[session].power_w[at].as_w().max(0.0) * shares[session];
                let current =
                    if state.is_planned() { power / wiring.voltage_v.as_v() / wiring.phase_count() } else { 0.0 };
                real += term.factor * current * term.angle_deg.to_radians().cos();
                imaginary += term.factor * current * term.angle_deg.to_radians().sin();
            }
            let current = f64::hypot(real, imaginary);
            assert!(current <= line.maximum_current_a.as_a() + 0.01, "{current} A over {line:?} at {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[cfg_attr(not(feature = "highs"), ignore = "asks for the exact best")]
    #[test]
    fn plans_with_everything_a_site_can_have_keep_every_limit_and_state(
        scene in scenes(),
        gear in gears(),
        shares in prop::collection::vec(0.0..1.0_f64, 9),
    ) {
        let mut snapshot = scene.snapshot();
        gear.equip(&mut snapshot);
        prop_assert_eq!(snapshot.check(), Ok(()));
        let schedule = step(&snapshot);
        prop_assert_eq!(schedule.status, PlanStatus::Optimal);
        check_vehicles(&snapshot, &schedule);
        check_site(&snapshot, &schedule);
        check_stored(&snapshot, &schedule);
        check_lines(&snapshot, &schedule, &shares);
        let again = step(&snapshot);
        prop_assert_eq!(serde_json::to_string(&schedule).unwrap(), serde_json::to_string(&again).unwrap());
    }
}
