use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::{Power, SessionId};

use super::{agrees, station_state};
use crate::store::{ProfileRequest, RequestState, StationReport};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn request(revision: i64, kw: f64, state: RequestState) -> ProfileRequest {
    let settled = !matches!(state, RequestState::Created | RequestState::Waiting);
    ProfileRequest {
        revision,
        id: revision.to_string(),
        session: SessionId::new("s"),
        profile: ChargingProfile::constant(at(0), Power::from_kw(kw)),
        state,
        created_at: at(revision),
        sent_at: Some(at(revision)),
        settled_at: settled.then(|| at(revision + 1)),
        deadline: None,
        detail: None,
    }
}

fn worst(requests: &[ProfileRequest]) -> Power {
    let references: Vec<_> = requests.iter().collect();
    station_state(&references, None, Power::from_kw(1.0)).belief.worst_at(at(100))
}

#[test]
fn a_session_that_was_never_told_anything_may_draw_the_stations_default() {
    assert_eq!(worst(&[]), Power::from_kw(1.0));
}

#[test]
fn a_reduction_counts_only_when_it_is_acknowledged() {
    assert_eq!(
        worst(&[request(1, 9.0, RequestState::InForce), request(2, 3.0, RequestState::Waiting)]),
        Power::from_kw(9.0)
    );
    assert_eq!(worst(&[request(2, 3.0, RequestState::InForce)]), Power::from_kw(3.0));
}

#[test]
fn an_increase_counts_from_the_moment_it_is_decided() {
    assert_eq!(
        worst(&[request(1, 3.0, RequestState::InForce), request(2, 9.0, RequestState::Created)]),
        Power::from_kw(9.0)
    );
}

#[test]
fn a_silent_increase_may_be_in_force_and_a_refused_one_is_not() {
    assert_eq!(
        worst(&[request(1, 3.0, RequestState::InForce), request(2, 9.0, RequestState::Unknown)]),
        Power::from_kw(9.0)
    );
    assert_eq!(
        worst(&[request(1, 3.0, RequestState::InForce), request(2, 9.0, RequestState::Refused)]),
        Power::from_kw(3.0)
    );
}

#[test]
fn an_older_profile_whose_word_came_late_stays_possible() {
    assert_eq!(
        worst(&[request(1, 9.0, RequestState::InForce), request(2, 3.0, RequestState::InForce)]),
        Power::from_kw(9.0)
    );
}

#[test]
fn each_failure_doubles_the_pause_up_to_a_quarter_of_an_hour() {
    let pause_s = |failures: i64| {
        let requests: Vec<_> = (1..=failures).map(|revision| request(revision, 1.0, RequestState::Refused)).collect();
        let references: Vec<_> = requests.iter().collect();
        let state = station_state(&references, None, Power::ZERO);
        assert!(!state.responsive);
        (state.not_before.unwrap() - at(failures + 1)).num_seconds()
    };
    assert_eq!([1, 2, 3, 20].map(pause_s), [30, 60, 120, 900]);
}

fn kw(powers: [f64; 3]) -> [Power; 3] {
    powers.map(Power::from_kw)
}

fn report(minute: i64, until: i64, kw: f64) -> StationReport {
    let profile = ChargingProfile::constant(at(minute), Power::from_kw(kw));
    StationReport { at: at(minute), until: at(until), profile }
}

fn worst_over(requests: &[ProfileRequest], report: &StationReport, minutes: [i64; 3]) -> [Power; 3] {
    let references: Vec<_> = requests.iter().collect();
    let state = station_state(&references, Some(report), Power::from_kw(1.0));
    minutes.map(|minute| state.belief.worst_at(at(minute)))
}

#[test]
fn a_lower_real_limit_is_believed_while_the_stations_word_holds() {
    let told = request(1, 9.0, RequestState::InForce);
    let report = report(10, 40, 4.0);
    assert_eq!(worst_over(std::slice::from_ref(&told), &report, [10, 39, 40]), kw([4.0, 4.0, 9.0]));
    let state = station_state(&[&told], Some(&report), Power::ZERO);
    assert_eq!(state.cap(at(20)), Some(Power::from_kw(4.0)));
    assert_eq!(state.cap(at(50)), None);
    assert!(state.is_capped(at(15)) && !state.is_capped(at(25)));
}

#[test]
fn a_higher_real_limit_is_believed_too_and_is_no_cap() {
    let told = request(1, 3.0, RequestState::InForce);
    let report = report(10, 40, 9.0);
    assert_eq!(worst_over(std::slice::from_ref(&told), &report, [10, 39, 40]), kw([9.0, 9.0, 3.0]));
    assert_eq!(station_state(&[&told], Some(&report), Power::ZERO).cap(at(20)), None);
}

#[test]
fn the_stations_word_settles_what_was_silent_before_and_not_what_is_under_way() {
    let (told, silent) = (request(1, 3.0, RequestState::InForce), request(3, 9.0, RequestState::Unknown));
    assert_eq!(worst_over(&[told.clone(), silent.clone()], &report(10, 40, 3.0), [10, 39, 40]), kw([3.0, 3.0, 9.0]));
    let under_way = request(11, 7.0, RequestState::Waiting);
    assert_eq!(worst_over(&[told, silent, under_way], &report(10, 40, 3.0), [12, 39, 40]), kw([7.0, 7.0, 9.0]));
}

#[test]
fn an_acknowledgement_after_the_stations_word_overtakes_it() {
    let told = request(20, 6.0, RequestState::InForce);
    let report = report(10, 40, 2.0);
    assert_eq!(worst_over(std::slice::from_ref(&told), &report, [22, 30, 40]), kw([6.0, 6.0, 6.0]));
    assert!(station_state(&[&told], Some(&report), Power::ZERO).report.is_none());
}

#[test]
fn a_station_that_rounds_to_tenths_of_an_ampere_agrees() {
    let told = ChargingProfile::constant(at(0), Power::from_kw(7.0));
    assert!(agrees(&told, &report(10, 40, 6.95)));
    assert!(!agrees(&told, &report(10, 40, 6.0)));
}
