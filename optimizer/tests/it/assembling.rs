//! Facts about a site to a snapshot.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::forecast::{Forecast, Quantity};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::preference::{ChargingPreference, ProfileType};
use headroom_domain::profile::Belief;
use headroom_domain::session::Appetite;
use headroom_domain::site::Site;
use headroom_domain::{Energy, EnergyPrice, Interval, Power, Ratio, TimeGrid};
use headroom_optimizer::assemble::{AssembleError, Observation, ObservedSession, assemble, unplaced};
use headroom_optimizer::snapshot::{Settings, Snapshot};

use crate::scene::noon;

fn site() -> Site {
    serde_json::from_str(
        r#"{
            "id": "depot", "name": "Depot", "time_zone": "Europe/Amsterdam", "import_capacity_kw": 60, "margin_kw": 2,
            "safe_mode": { "import_limit_kw": 30, "rate_a": 6, "station_default_a": 6, "tail_after_min": 30 },
            "energy_price": { "currency": "EUR", "band": [
                { "price_per_kwh": 0.2, "start_time": "13:00", "end_time": "15:00" }, { "price_per_kwh": 0.4 } ] },
            "demand_charge_per_kw": 5,
            "circuit": [ { "id": "a", "phase_current_a": 32 } ],
            "evse": [
                { "uid": "E1", "circuit": "a", "phases": ["L1", "L2", "L3"], "voltage_v": 230, "maximum_current_a": 16 },
                { "uid": "E2", "circuit": "a", "phases": ["L2"], "voltage_v": 230, "maximum_current_a": 32 },
                { "uid": "E3", "phases": [], "voltage_v": 400, "maximum_current_a": 50 }
            ]
        }"#,
    )
    .unwrap()
}

fn session(id: &str, evse: &str) -> ObservedSession {
    ObservedSession {
        id: id.into(),
        evse_uid: evse.to_owned(),
        takes_profiles: true,
        started_at: noon() - TimeDelta::hours(1),
        energy_wh: Energy::from_kwh(5.0),
        power_w: Some(Power::from_kw(3.0)),
        preference: None,
        belief: Belief::untouched(Power::from_w(4140.0)),
        responsive: true,
        uptake: Ratio::from_ratio(1.0),
        load_share: Ratio::from_ratio(1.0),
        useful_w: None,
        appetite: Appetite::Usual,
    }
}

fn preference(departure: DateTime<Utc>, energy_kwh: f64) -> ChargingPreference {
    ChargingPreference {
        profile_type: ProfileType::Fast,
        departure: Some(departure),
        energy_need_wh: Some(Energy::from_kwh(energy_kwh)),
        discharge_allowed: false,
        stated_at: noon(),
    }
}

fn forecast() -> Forecast {
    // Hours from eleven on; the load is above its usual in the second.
    let grid = TimeGrid::uniform(noon() - TimeDelta::hours(1), TimeDelta::hours(1), 4);
    let values = |kw: [f64; 4]| kw.map(Power::from_kw).to_vec();
    Forecast {
        quantity: Quantity::BaseLoad,
        node: "depot".into(),
        issued_at: noon(),
        grid,
        quantiles: vec![
            (Ratio::from_ratio(0.5), values([1.0, 2.0, 3.0, 4.0])),
            (Ratio::from_ratio(0.99), values([5.0, 9.0, 7.0, 8.0])),
        ],
    }
}

fn with(site: &Site, sessions: &[ObservedSession], forecast: &Forecast) -> Result<Snapshot, AssembleError> {
    let interval = Interval::new(noon(), noon() + TimeDelta::hours(24)).unwrap();
    let capacity = Some((Power::from_kw(60.0), Basis::ConnectionCapacity));
    assemble(&Observation {
        now: noon(),
        site,
        tree: &site.tree()?,
        effective: &[EffectiveInterval { interval, maximum_import_w: capacity, maximum_export_w: None }],
        base_load: forecast,
        tariff: &[],
        peak_so_far: Power::from_kw(12.0),
        sessions,
        settings: Settings::default(),
    })
}

fn assembled(sessions: &[ObservedSession]) -> Snapshot {
    with(&site(), sessions, &forecast()).unwrap()
}

#[test]
fn what_a_driver_said_is_planned_with() {
    let leaves = noon() + TimeDelta::hours(3);
    let stated = ObservedSession { preference: Some(preference(leaves, 12.0)), ..session("s", "e1") };
    let snapshot = assembled(&[stated]);
    let state = &snapshot.sessions[0];
    assert_eq!((state.departure, state.profile_type), (leaves, ProfileType::Fast));
    assert_eq!((state.needed_wh, state.wanted_wh), (Energy::from_kwh(7.0), Energy::from_kwh(7.0)));
    assert_eq!(state.node.as_str(), "depot/evse/E1");
    assert_eq!((state.maximum_w, state.minimum_w), (Power::from_w(11_040.0), Power::from_w(4140.0)));
    assert_eq!(state.safe_rate_w, Power::from_w(4140.0));
}

#[test]
fn who_said_nothing_is_assumed_to_stay_and_need_the_usual_and_may_take_more() {
    let snapshot = assembled(&[session("s", "E1")]);
    let state = &snapshot.sessions[0];
    assert_eq!(state.departure, noon() + TimeDelta::hours(7));
    assert_eq!(state.needed_wh, Energy::from_kwh(15.0));
    assert_eq!(state.wanted_wh, Energy::from_wh(11_040.0 * 7.0));
}

#[test]
fn who_is_still_there_after_departure_is_given_another_hour() {
    let late = ObservedSession { preference: Some(preference(noon(), 3.0)), ..session("s", "E1") };
    let snapshot = assembled(&[late]);
    assert_eq!(snapshot.sessions[0].departure, noon() + TimeDelta::hours(1));
    assert_eq!(snapshot.sessions[0].needed_wh, Energy::ZERO);
}

#[test]
fn who_is_nearly_full_is_given_little() {
    let useful_w = Some(Power::from_w(6250.0));
    let full = ObservedSession { appetite: Appetite::Tapering, useful_w, ..session("s", "E1") };
    let state = &assembled(&[full]).sessions[0];
    assert_eq!((state.needed_wh, state.wanted_wh), (Energy::from_kwh(1.0), Energy::from_kwh(1.0)));
    assert_eq!(state.maximum_w, Power::from_w(6250.0));
}

#[test]
fn who_has_stopped_needs_nothing_and_is_offered_the_least() {
    let full = ObservedSession { appetite: Appetite::Stopped, ..session("s", "E1") };
    let state = &assembled(&[full]).sessions[0];
    assert_eq!((state.needed_wh, state.maximum_w), (Energy::ZERO, Power::from_w(4140.0)));
    assert!(state.wanted_wh > Energy::ZERO && state.may_wait);
}

#[test]
fn only_who_stated_a_departure_is_kept_waiting_for_a_price() {
    let stated =
        ObservedSession { preference: Some(preference(noon() + TimeDelta::hours(3), 10.0)), ..session("s", "E1") };
    assert!(assembled(&[stated]).sessions[0].may_wait);
    assert!(!assembled(&[session("s", "E1")]).sessions[0].may_wait);
}

#[test]
fn a_share_of_phases_that_was_seen_loads_the_site_by_that_share_and_five_percent() {
    let one_phase = ObservedSession { load_share: Ratio::from_ratio(1.0 / 3.0), ..session("s", "E1") };
    assert!((assembled(&[one_phase]).sessions[0].load_share.as_ratio() - 0.35).abs() < 1e-9);
}

#[test]
fn an_evse_without_profiles_is_carried_at_all_it_can_give() {
    let deaf = ObservedSession { takes_profiles: false, ..session("s", "E1") };
    let state = &assembled(&[deaf]).sessions[0];
    assert!(!state.steerable);
    assert_eq!(state.belief, Belief::untouched(Power::from_w(11_040.0)));
}

#[test]
fn every_vacant_evse_has_its_station_default_kept_free() {
    let snapshot = assembled(&[session("s", "E1")]);
    let kept: Vec<_> = snapshot.base_load[1..]
        .iter()
        .map(|load| (load.node.as_str(), load.guard_w[0].as_w(), load.expected_w[0].as_w()))
        .collect();
    assert_eq!(kept, [("depot/evse/E2", 1380.0, 0.0), ("depot/evse/E3", 2400.0, 0.0)]);
}

#[test]
fn the_base_load_is_kept_free_at_its_guard_and_its_highest_over_each_step() {
    let snapshot = assembled(&[]);
    let load = &snapshot.base_load[0];
    assert_eq!((load.guard_w[0], load.expected_w[0]), (Power::from_kw(9.0), Power::from_kw(2.0)));
    assert_eq!((load.guard_w[12], load.expected_w[12]), (Power::from_kw(7.0), Power::from_kw(3.0)));
    assert_eq!(load.guard_w[100], Power::from_kw(8.0));
}

#[test]
fn prices_follow_the_local_clock_of_the_site() {
    // Noon in UTC is two in the afternoon in Amsterdam.
    let snapshot = assembled(&[]);
    assert_eq!(snapshot.prices[0], EnergyPrice::from_per_kwh(0.2));
    assert_eq!(snapshot.prices[12], EnergyPrice::from_per_kwh(0.4));
    assert_eq!(snapshot.demand_charge.unwrap().peak_so_far_w, Power::from_kw(12.0));
    assert_eq!((snapshot.margin_w, snapshot.settings.tail_after_s), (Power::from_kw(2.0), 1800));
    assert_eq!(snapshot.settings.refresh_before_s, 900);
}

#[test]
fn of_two_sessions_at_one_evse_the_later_counts() {
    let earlier = ObservedSession { started_at: noon() - TimeDelta::hours(9), ..session("old", "e1") };
    let snapshot = assembled(&[earlier, session("new", "E1")]);
    assert_eq!(snapshot.sessions.len(), 1);
    assert_eq!(snapshot.sessions[0].id.as_str(), "new");
}

#[test]
fn a_session_at_an_unknown_evse_costs_only_itself() {
    let sessions = [session("lost", "E9"), session("s", "E1")];
    assert_eq!(assembled(&sessions).sessions.len(), 1);
    let (site, forecast) = (site(), forecast());
    let observation = Observation {
        now: noon(),
        site: &site,
        tree: &site.tree().unwrap(),
        effective: &[],
        base_load: &forecast,
        tariff: &[],
        peak_so_far: Power::ZERO,
        sessions: &sessions,
        settings: Settings::default(),
    };
    assert_eq!(unplaced(&observation), ["lost".into()]);
}

#[test]
fn a_forecast_without_values_is_refused() {
    let empty = Forecast { quantiles: vec![], ..forecast() };
    assert_eq!(with(&site(), &[], &empty), Err(AssembleError::EmptyForecast));
    let mut short = forecast();
    short.quantiles[1].1.pop();
    assert_eq!(with(&site(), &[], &short), Err(AssembleError::ForecastLength { steps: 4, values: 3 }));
    let elsewhere = Forecast { node: "elsewhere".into(), ..forecast() };
    assert!(matches!(with(&site(), &[], &elsewhere), Err(AssembleError::Snapshot(_))));
}
