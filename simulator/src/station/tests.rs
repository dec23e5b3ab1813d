use super::*;
use headroom_domain::Voltage;
use headroom_domain::profile::ProfilePeriod;

fn at(minute: u32) -> DateTime<Utc> {
    "2026-03-10T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(i64::from(minute))
}

fn station() -> Station {
    let wiring = Wiring {
        phases: Phase::ALL.to_vec(),
        voltage_v: Voltage::from_v(230.0),
        maximum_current_a: Current::from_a(16.0),
    };
    let mut station = Station::new("E1", wiring, Current::from_a(8.0));
    station.plug(0, vehicle(3));
    station
}

fn vehicle(phases: u8) -> Vehicle {
    let wanted = Energy::from_kwh(40.0);
    Vehicle::wanting(wanted, Energy::from_kwh(60.0), Ratio::from_ratio(0.1), phases, Current::from_a(16.0))
}

fn profile(periods: &[(u32, f64)]) -> CurrentProfile {
    CurrentProfile::new(periods.iter().map(|(start, limit)| (at(*start), Current::from_a(*limit))).collect(), None)
}

fn offered_a(station: &Station, minute: u32) -> f64 {
    station.offered(at(minute)).as_a()
}

#[test]
fn without_a_profile_the_station_offers_its_default() {
    assert_eq!(offered_a(&station(), 0), 8.0);
}

#[test]
fn a_profile_counts_from_its_absolute_start_and_its_last_period_goes_on() {
    let mut station = station();
    station.set_profile(profile(&[(10, 16.0), (20, 6.0)]));
    let offers: Vec<f64> = [9, 10, 19, 20, 9000].iter().map(|minute| offered_a(&station, *minute)).collect();
    assert_eq!(offers, [8.0, 16.0, 16.0, 6.0, 6.0]);
}

#[test]
fn a_profile_with_an_end_gives_way_to_the_default() {
    let mut station = station();
    station.set_profile(CurrentProfile::new(vec![(at(0), Current::from_a(16.0))], Some(at(30))));
    assert_eq!([offered_a(&station, 29), offered_a(&station, 30)], [16.0, 8.0]);
    assert_eq!(station.next_edge(at(0)), Some(at(30)));
}

#[test]
fn a_new_profile_replaces_the_old_one_whole() {
    let mut station = station();
    station.set_profile(profile(&[(0, 16.0), (30, 10.0)]));
    station.set_profile(profile(&[(0, 7.0)]));
    assert_eq!([offered_a(&station, 5), offered_a(&station, 40)], [7.0, 7.0]);
    assert_eq!(station.next_edge(at(5)), None);
}

#[test]
fn a_station_never_offers_more_than_its_connector_carries() {
    let mut station = station();
    station.set_profile(profile(&[(0, 99.0)]));
    assert_eq!(offered_a(&station, 0), 16.0);
}

#[test]
fn a_profile_goes_with_its_session() {
    let mut station = station();
    station.set_profile(profile(&[(0, 0.0)]));
    station.unplug();
    station.plug(1, vehicle(3));
    assert_eq!(offered_a(&station, 0), 8.0);
}

#[test]
fn a_profile_in_watts_is_shared_among_the_phases_of_the_evse() {
    let station = station();
    let told = ChargingProfile::new(vec![ProfilePeriod { start: at(0), limit_w: Power::from_w(6900.0) }]).unwrap();
    let current = CurrentProfile::from_power(&told, &station.wiring);
    assert_eq!(current.at(at(0)), Some(Current::from_a(10.0)));
}

#[test]
fn the_meter_counts_what_the_vehicle_draws() {
    let mut station = station();
    let drawn = station.advance(Interval { start: at(0), end: at(60) });
    assert_eq!(drawn.power_w, Power::from_w(8.0 * 230.0 * 3.0));
    assert_eq!(station.meter_wh, Energy::from_wh(8.0 * 230.0 * 3.0));
    station.unplug();
    assert_eq!(station.advance(Interval { start: at(60), end: at(120) }), Draw::default());
    assert_eq!(station.meter_wh, Energy::from_wh(8.0 * 230.0 * 3.0));
}

#[test]
fn a_single_phase_vehicle_loads_the_first_phase_of_its_evse() {
    let mut station = station();
    station.wiring.phases = vec![Phase::L3, Phase::L1, Phase::L2];
    station.plug(0, vehicle(1));
    assert_eq!(station.loaded_phases(), [Phase::L3]);
}
