use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::{Power, SessionId};

use super::{NOT_SUPPORTED, station_state};
use crate::store::{ProfileRequest, RequestState};

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
    station_state(&references, Power::from_kw(1.0)).belief.worst_at(at(100))
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
        let state = station_state(&references, Power::ZERO);
        assert!(!state.responsive);
        (state.not_before.unwrap() - at(failures + 1)).num_seconds()
    };
    assert_eq!([1, 2, 3, 20].map(pause_s), [30, 60, 120, 900]);
}

#[test]
fn a_partner_that_does_not_support_profiles_is_believed() {
    let mut refused = request(1, 1.0, RequestState::Refused);
    refused.detail = Some(NOT_SUPPORTED.to_owned());
    assert!(!station_state(&[&refused], Power::ZERO).supported);
}
