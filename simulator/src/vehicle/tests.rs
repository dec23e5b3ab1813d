use super::*;

fn vehicle(state_of_charge: f64, phases: u8) -> Vehicle {
    Vehicle {
        battery_wh: Energy::from_kwh(60.0),
        state_of_charge: Ratio::from_ratio(state_of_charge),
        charge_limit: Ratio::from_ratio(1.0),
        phases,
        maximum_current_a: Current::from_a(16.0),
        efficiency: Ratio::from_ratio(0.9),
    }
}

fn draw(vehicle: &mut Vehicle, offered_a: f64, evse_phases: u8) -> Draw {
    vehicle.draw(Current::from_a(offered_a), Voltage::from_v(230.0), evse_phases, TimeDelta::minutes(1))
}

#[test]
fn a_vehicle_draws_no_more_than_offered_on_each_phase() {
    assert_eq!(draw(&mut vehicle(0.3, 3), 10.0, 3).power_w, Power::from_w(6900.0));
}

#[test]
fn a_vehicle_draws_no_more_than_its_charger_takes() {
    assert_eq!(draw(&mut vehicle(0.3, 3), 32.0, 3).power_w, Power::from_w(11_040.0));
}

#[test]
fn a_single_phase_vehicle_uses_one_phase_of_three() {
    assert_eq!(draw(&mut vehicle(0.3, 1), 16.0, 3).power_w, Power::from_w(3680.0));
}

#[test]
fn a_three_phase_vehicle_uses_the_one_phase_there_is() {
    assert_eq!(draw(&mut vehicle(0.3, 3), 16.0, 1).power_w, Power::from_w(3680.0));
}

#[test]
fn an_offer_below_six_ampere_is_no_offer() {
    let mut waiting = vehicle(0.3, 3);
    assert_eq!(draw(&mut waiting, 5.9, 3), Draw::default());
    assert_eq!(waiting, vehicle(0.3, 3));
    assert!(draw(&mut waiting, 6.0, 3).power_w > Power::ZERO);
}

#[test]
fn power_falls_in_a_line_above_eighty_per_cent() {
    assert_eq!(draw(&mut vehicle(0.8, 3), 16.0, 3).power_w, Power::from_w(11_040.0));
    let half = draw(&mut vehicle(0.9, 3), 16.0, 3).power_w;
    assert!((half.as_w() - 5520.0).abs() < 1.0, "{half}");
}

#[test]
fn the_battery_stores_less_than_the_meter_counts() {
    let mut charging = vehicle(0.5, 3);
    let drawn = charging.draw(Current::from_a(16.0), Voltage::from_v(230.0), 3, TimeDelta::hours(1));
    let stored = (charging.state_of_charge.as_ratio() - 0.5) * 60_000.0;
    assert!((stored - 0.9 * drawn.energy_wh.as_wh()).abs() < 1e-6);
}

#[test]
fn a_vehicle_stops_when_it_is_as_full_as_its_driver_wants() {
    let wanted = Energy::from_kwh(7.0);
    let mut charging =
        Vehicle::wanting(wanted, Energy::from_kwh(60.0), Ratio::from_ratio(0.5), 3, Current::from_a(16.0));
    let drawn: Energy = (0..120).map(|_| draw(&mut charging, 16.0, 3).energy_wh).sum();
    assert!((drawn.as_wh() - wanted.as_wh()).abs() < 1e-2, "{drawn}");
    assert_eq!(draw(&mut charging, 16.0, 3), Draw::default());
}

#[test]
fn a_full_battery_is_reached_in_finite_time() {
    let mut charging = vehicle(0.9, 3);
    for _ in 0..400 {
        draw(&mut charging, 16.0, 3);
    }
    assert!(charging.room() < Energy::from_wh(0.01));
}

#[test]
fn a_vehicle_arrives_emptier_where_its_wish_would_not_fit() {
    let (battery, arrival) = (Energy::from_kwh(60.0), Ratio::from_ratio(0.5));
    let wanting = |kwh| Vehicle::wanting(Energy::from_kwh(kwh), battery, arrival, 3, Current::from_a(16.0));
    assert!((wanting(50.0).room().as_kwh() - 50.0).abs() < 1e-6);
    assert!((wanting(100.0).room().as_kwh() - 100.0).abs() < 1e-6);
    assert_eq!(wanting(100.0).state_of_charge, Ratio::ZERO);
}
