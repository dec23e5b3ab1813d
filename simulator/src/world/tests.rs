use headroom_domain::grid::Phase;
use headroom_domain::limit::Basis;
use headroom_domain::profile::ChargingProfile;
use headroom_domain::site::{Circuit, DriverDefaults, SafeMode, SiteEvse};
use headroom_domain::tariff::EnergyPriceElement;
use headroom_domain::{EnergyPrice, Ratio, TimeGrid};

use super::*;
use crate::vehicle::Vehicle;

fn at(minute: i64) -> DateTime<Utc> {
    "2026-03-10T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

fn site(evses: usize) -> Site {
    let evse = |index: usize| SiteEvse {
        uid: format!("E{index}"),
        circuit: Some("c".to_owned()),
        phases: Phase::ALL.to_vec(),
        voltage_v: 230.0,
        maximum_current_a: 16.0,
    };
    Site {
        id: "site".to_owned(),
        name: "Site".to_owned(),
        time_zone: chrono_tz::UTC,
        import_capacity_kw: 30.0,
        margin_kw: 0.0,
        base_load_kw: 10.0,
        base_load_guard: 0.98,
        safe_mode: SafeMode { import_limit_kw: 30.0, rate_a: 0.0, station_default_a: 0.0, tail_after_min: 60 },
        defaults: DriverDefaults::default(),
        energy_price: None,
        demand_charge_per_kw: None,
        circuits: vec![Circuit {
            id: "c".to_owned(),
            parent: None,
            import_limit_kw: None,
            phase_current_a: Some(24.0),
        }],
        evses: (0..evses).map(evse).collect(),
    }
}

fn session(evse: usize, from: i64, until: i64, kwh: f64) -> SessionPlan {
    let (needed_wh, battery) = (Energy::from_kwh(kwh), Energy::from_kwh(80.0));
    SessionPlan {
        id: format!("S-{evse}-{from}"),
        evse_uid: format!("E{evse}"),
        arrival: at(from),
        departure: at(until),
        needed_wh,
        vehicle: Vehicle::wanting(needed_wh, battery, Ratio::from_ratio(0.2), 3, Current::from_a(16.0)),
        preference: None,
    }
}

/// Two hours from eight, base load 10 kW, price 0.2 in the first hour and 0.4 in the second, limit 20 kW.
fn plan(evses: usize, sessions: Vec<SessionPlan>) -> Arc<SitePlan> {
    let window = Interval { start: at(0), end: at(120) };
    let element = |price, hour| EnergyPriceElement {
        price_per_kwh: EnergyPrice::from_per_kwh(price),
        start_time: chrono::NaiveTime::from_hms_opt(hour, 0, 0),
        end_time: chrono::NaiveTime::from_hms_opt(hour + 1, 0, 0),
        start_date: None,
        end_date: None,
        weekdays: Vec::new(),
    };
    let limit = EffectiveInterval {
        interval: window,
        maximum_import_w: Some((Power::from_kw(20.0), Basis::ConnectionCapacity)),
        maximum_export_w: None,
    };
    let grid = TimeGrid::uniform(at(0), TimeDelta::minutes(1), 120);
    Arc::new(SitePlan {
        site: site(evses),
        window,
        sessions,
        base_load: Series::constant(grid, Power::from_kw(10.0)),
        prices: Prices {
            elements: vec![element(0.2, 8), element(0.4, 9)],
            currency: "EUR".to_owned(),
            time_zone: chrono_tz::UTC,
        },
        carbon: None,
        limits: vec![limit],
    })
}

fn allow(world: &mut World, session: usize, from: i64, kw: f64) {
    let wiring = world.station_of(session).unwrap().wiring.clone();
    let profile = ChargingProfile::constant(at(from), Power::from_kw(kw));
    assert!(world.set_profile(session, CurrentProfile::from_power(&profile, &wiring)));
}

fn close(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-3, "{one} is not {other}");
}

#[test]
fn vehicles_come_and_go_at_their_time() {
    let mut world = World::new(plan(1, vec![session(0, 10, 30, 5.0), session(0, 30, 60, 5.0)])).unwrap();
    let seen: Vec<_> = world.advance(at(120)).into_iter().map(|seen| (seen.at, seen.session, seen.came)).collect();
    assert_eq!(seen, [(at(10), 0, true), (at(30), 0, false), (at(30), 1, true), (at(60), 1, false)]);
}

#[test]
fn a_station_that_was_told_nothing_gives_its_default() {
    let mut world = World::new(plan(1, vec![session(0, 0, 60, 5.0)])).unwrap();
    world.advance(at(120));
    assert_eq!(world.energy_of(0), Energy::ZERO);
}

#[test]
fn a_profile_takes_effect_at_its_start_to_the_second() {
    let mut world = World::new(plan(1, vec![session(0, 0, 100, 50.0)])).unwrap();
    world.advance(at(5));
    allow(&mut world, 0, 20, 6.9);
    world.advance(at(80));
    close(world.energy_of(0).as_kwh(), 6.9);
}

#[test]
fn a_profile_for_a_vehicle_that_left_is_refused() {
    let mut world = World::new(plan(1, vec![session(0, 0, 10, 5.0)])).unwrap();
    world.advance(at(15));
    assert!(!world.set_profile(0, CurrentProfile::new(vec![(at(0), Current::from_a(16.0))], None)));
}

#[test]
fn what_vehicles_draw_beyond_the_limit_is_a_violation() {
    let mut world = World::new(plan(1, vec![session(0, 0, 100, 50.0)])).unwrap();
    world.advance(at(0));
    allow(&mut world, 0, 10, 11.04);
    allow_until(&mut world, at(40));
    world.advance(at(120));
    let seen = world.meter().steered_violation();
    close(seen.violation_s, 1800.0);
    close(seen.violation_kwh, 1.04 * 0.5);
    close(world.meter().peak().as_kw(), 21.04);
}

fn allow_until(world: &mut World, until: DateTime<Utc>) {
    world.advance(at(20));
    let profile = CurrentProfile::new(vec![(at(20), Current::from_a(16.0)), (until, Current::ZERO)], None);
    assert!(world.set_profile(0, profile));
}

#[test]
fn what_the_base_load_alone_breaks_is_named_apart() {
    let mut plan = Arc::unwrap_or_clone(plan(1, vec![session(0, 0, 60, 50.0)]));
    plan.limits[0].maximum_import_w = Some((Power::from_kw(8.0), Basis::ConnectionCapacity));
    let mut world = World::new(Arc::new(plan)).unwrap();
    world.advance(at(0));
    allow(&mut world, 0, 0, 6.9);
    world.advance(at(120));
    close(world.meter().base_violation().violation_kwh, 4.0);
    close(world.meter().base_violation().violation_s, 7200.0);
    close(world.meter().steered_violation().violation_kwh, 6.9);
    close(world.meter().steered_violation().violation_s, 3600.0);
}

#[test]
fn a_trace_gives_the_same_violation_as_the_meter_under_the_same_limits() {
    let mut world = World::uncontrolled(plan(2, vec![session(0, 3, 100, 5.0), session(1, 17, 60, 7.0)])).unwrap();
    world.advance(at(120));
    let (steered, base) = Violation::of(world.meter().trace(), &world.plan().limits);
    close(steered.violation_s, world.meter().steered_violation().violation_s);
    close(steered.violation_kwh, world.meter().steered_violation().violation_kwh);
    assert!(steered.violation_s > 0.0);
    assert_eq!(base, Violation::default());
}

#[test]
fn two_vehicles_on_one_circuit_overload_its_phases() {
    let mut world = World::uncontrolled(plan(2, vec![session(0, 0, 100, 50.0), session(1, 30, 60, 50.0)])).unwrap();
    world.advance(at(120));
    close(world.circuit_violation_s(), 1800.0);
}

#[test]
fn energy_is_paid_at_the_price_of_its_hour() {
    let mut world = World::new(plan(1, vec![session(0, 0, 110, 50.0)])).unwrap();
    world.advance(at(0));
    allow(&mut world, 0, 30, 6.9);
    world.advance(at(90));
    close(world.cost_of(0), 3.45 * 0.2 + 3.45 * 0.4);
}

#[test]
fn the_meter_reads_means_of_minutes() {
    let mut world = World::new(plan(1, vec![session(0, 0, 110, 50.0)])).unwrap();
    world.advance(at(0));
    let half = at(0) + TimeDelta::seconds(30);
    world.set_profile(0, CurrentProfile::new(vec![(half, Current::from_a(10.0))], None));
    world.advance(at(2));
    let readings = world.meter_mut().take_readings();
    assert_eq!(readings.len(), 2);
    assert_eq!((readings[0].start, readings[0].end), (at(0), at(1)));
    close(readings[0].import_w.as_kw(), 10.0 + 6.9 / 2.0);
    close(readings[1].import_w.as_kw(), 16.9);
    close(readings[1].base_load_w.as_kw(), 10.0);
    assert!(world.meter_mut().take_readings().is_empty());
}

#[test]
fn needed_is_what_physics_allows_of_what_was_asked() {
    let plan = plan(2, vec![session(0, 0, 60, 50.0), session(1, 0, 60, 5.0)]);
    let twin = twin(&plan).unwrap();
    let mut world = World::new(plan).unwrap();
    world.advance(at(120));
    let (score, sessions) = score(&world, &twin);
    close(sessions[0].needed_kwh, 11.04);
    close(sessions[1].needed_kwh, 5.0);
    close(score.energy_asked_kwh, 55.0);
    close(score.shortfall_kwh, 16.04);
    close(score.cost_uncontrolled, 16.04 * 0.2);
    assert_eq!((score.sessions, score.cost, score.violation_s), (2, 0.0, 0.0));
}

#[test]
fn how_the_world_is_asked_does_not_change_what_happens() {
    let plan = plan(2, vec![session(0, 3, 100, 9.0), session(1, 17, 60, 7.0)]);
    let mut at_once = World::uncontrolled(plan.clone()).unwrap();
    at_once.advance(at(120));
    let mut often = World::uncontrolled(plan).unwrap();
    for minute in 0..=120 {
        often.advance(at(minute));
    }
    assert_eq!(at_once.meter().trace().len(), often.meter().trace().len());
    for (one, other) in at_once.meter().trace().iter().zip(often.meter().trace()) {
        assert_eq!((one.start, one.end), (other.start, other.end));
        close(one.steered_w.as_kw(), other.steered_w.as_kw());
    }
    close(at_once.energy_of(0).as_kwh(), often.energy_of(0).as_kwh());
}

#[test]
fn a_day_is_scored_by_what_was_short_overloaded_unbalanced_and_paid_at_its_peak() {
    let mut plan = Arc::unwrap_or_clone(plan(2, vec![session(0, 0, 100, 50.0), session(1, 30, 60, 5.0)]));
    plan.site.demand_charge_per_kw = Some(2.0);
    plan.sessions[1].vehicle.phases = 1;
    plan.carbon = Some(Series::constant(plan.base_load.grid().clone(), CarbonIntensity::from_g_per_kwh(400.0)));
    let plan = Arc::new(plan);
    let mut world = World::uncontrolled(plan.clone()).unwrap();
    world.advance(at(120));
    world.count_profile();
    let (score, _) = score(&world, &World::new(plan).unwrap());
    // 100 min at 11.04 kW, and 30 min of one phase at 3.68 kW.
    close(score.energy_delivered_kwh, 18.4 + 1.84);
    close(score.carbon_kg.unwrap(), 0.4 * (18.4 + 1.84));
    close(score.demand_charge_cost, 2.0 * (11.04 + 3.68));
    close(score.unbalance_a, 16.0);
    close(score.profiles_per_session, 0.5);
    // The limit of 20 kW leaves the vehicles 10 kW, the circuit 24 A on each phase.
    let [root, circuit] = &score.overloads[..] else { panic!("{:?}", score.overloads) };
    close(root.power.overload_min, 100.0);
    close(root.power.overload_kwh, 1.04 * 100.0 / 60.0 + 3.68 * 0.5);
    close(circuit.phases[0].overload_min, 30.0);
    close(circuit.phases[0].overload_kwh, 8.0 * 0.23 * 0.5);
    assert_eq!((circuit.phases[1], circuit.phases[2]), (Overload::default(), Overload::default()));
}

#[test]
fn a_session_that_misses_more_than_a_tenth_of_a_kilowatt_hour_is_short() {
    let plan = plan(2, vec![session(0, 0, 60, 5.0), session(1, 0, 60, 5.0)]);
    let twin = twin(&plan).unwrap();
    let mut world = World::new(plan).unwrap();
    world.advance(at(0));
    allow(&mut world, 0, 0, 11.0);
    allow(&mut world, 1, 0, 4.8);
    world.advance(at(120));
    let (score, sessions) = score(&world, &twin);
    close(sessions[1].delivered_kwh, 4.8);
    assert_eq!(score.sessions_short, 1);
}

#[test]
fn what_is_given_is_given_whatever_the_vehicle_would_take() {
    let plan = plan(1, vec![session(0, 0, 60, 5.0)]);
    let window = Interval { start: at(10), end: at(40) };
    let mut world = World::given(plan, vec![vec![(window, Power::from_kw(1.0))]]).unwrap();
    world.advance(at(120));
    close(world.energy_of(0).as_kwh(), 0.5);
}
