use headroom_domain::{Current, Energy};
use headroom_ocpi_adapter::{RateUnit, StationPeriod};

use super::*;
use crate::scenario::Scenario;
use crate::vehicle::Vehicle;
use crate::world::SessionPlan;

fn scenario() -> Scenario {
    let mut scenario = Scenario::synthetic(1, "2026-03-10".parse().unwrap()).unwrap();
    let session = |number: usize, from: i64, until: i64| {
        let needed_wh = Energy::from_kwh(20.0);
        let arrival = scenario.window.start + TimeDelta::minutes(from);
        SessionPlan {
            id: format!("S-{number:04}"),
            evse_uid: scenario.site.evses[number].uid.clone(),
            arrival,
            departure: scenario.window.start + TimeDelta::minutes(until),
            needed_wh,
            vehicle: Vehicle::wanting(
                needed_wh,
                Energy::from_kwh(60.0),
                Ratio::from_ratio(0.3),
                3,
                Current::from_a(16.0),
            ),
            preference: None,
        }
    };
    scenario.sessions = vec![session(0, 10, 100), session(1, 20, 60)];
    scenario
}

struct Bench {
    state: State,
    start: DateTime<Utc>,
}

fn bench(scenario: Scenario) -> Bench {
    let start = scenario.window.start;
    let offer = Offer::new(&scenario).unwrap();
    Bench { state: State::new(Arc::new(scenario), offer, TimeDelta::minutes(1)).unwrap(), start }
}

impl Bench {
    fn at(&self, minute: i64) -> DateTime<Utc> {
        self.start + TimeDelta::minutes(minute)
    }

    fn advance(&mut self, minute: i64) -> Vec<Reply> {
        self.state.advance(self.at(minute))
    }

    fn pushes(&mut self) -> Vec<(usize, Push)> {
        self.state.pushes().into_iter().map(|(index, push, _)| (index, push)).collect()
    }

    /// Pushes all that is due; the service takes it or is away.
    fn push(&mut self, arrived: Result<(), bool>) -> Vec<(usize, Push)> {
        let pushes = self.state.pushes();
        for (index, push, session) in &pushes {
            self.state.pushed(*index, *push, session, arrived);
        }
        pushes.into_iter().map(|(index, push, _)| (index, push)).collect()
    }

    fn profile(&self, from: i64, limit_a: f64) -> StationProfile {
        let start = self.at(from);
        let periods = vec![StationPeriod { start, limit: limit_a }];
        StationProfile { start, end: None, unit: RateUnit::Amperes, periods }
    }

    fn set(&mut self, minute: i64, session: &str, limit_a: f64) -> ProfileAnswer {
        let (now, profile) = (self.at(minute), self.profile(minute, limit_a));
        self.state.ask(now, session, Ask::Set(profile), "http://service/result/1").answer
    }

    fn power_w(&self, index: usize) -> f64 {
        self.state.power(index).as_w()
    }
}

fn result(reply: &Reply) -> Option<ProfileResult> {
    match reply {
        Reply::Result { result, .. } => Some(*result),
        _ => None,
    }
}

#[test]
fn a_session_is_pushed_whole_when_its_vehicle_comes_and_updated_when_it_changes() {
    let mut bench = bench(scenario());
    bench.advance(5);
    assert_eq!(bench.push(Ok(())), []);
    bench.advance(10);
    assert_eq!(bench.push(Ok(())), [(0, Push::Whole)]);
    bench.advance(12);
    assert_eq!(bench.push(Ok(())), []);
    assert_eq!(bench.set(12, "s-0000", 16.0), ProfileAnswer::Accepted);
    bench.advance(13);
    assert_eq!(bench.push(Ok(())), [(0, Push::Update)]);
    bench.advance(18);
    assert_eq!(bench.push(Ok(())), [(0, Push::Update)]);
}

#[test]
fn a_session_has_one_push_under_way_at_a_time() {
    let mut bench = bench(scenario());
    bench.advance(10);
    assert_eq!(bench.pushes(), [(0, Push::Whole)]);
    bench.advance(19);
    assert_eq!(bench.pushes(), []);
}

#[test]
fn the_end_of_a_session_is_told_with_all_its_energy_and_once() {
    let mut bench = bench(scenario());
    bench.advance(20);
    bench.push(Ok(()));
    bench.set(20, "S-0001", 16.0);
    bench.advance(60);
    let pushes = bench.state.pushes();
    let (_, push, last) = pushes.iter().find(|(index, ..)| *index == 1).unwrap();
    assert_eq!((*push, last.status), (Push::Update, SessionStatus::Completed));
    assert_eq!(last.ended_at, Some(bench.at(60)));
    assert!((last.energy_wh.as_kwh() - 11.04 * 40.0 / 60.0).abs() < 0.05, "{}", last.energy_wh);
    assert_eq!(last.power_w, Some(Power::ZERO));
    for (index, push, session) in &pushes {
        bench.state.pushed(*index, *push, session, Ok(()));
    }
    bench.advance(90);
    assert!(bench.pushes().iter().all(|(index, _)| *index == 0));
}

#[test]
fn after_the_service_was_away_every_session_is_pushed_whole_again() {
    let mut bench = bench(scenario());
    bench.advance(20);
    bench.push(Ok(()));
    bench.advance(26);
    assert_eq!(bench.push(Err(true)), [(0, Push::Update), (1, Push::Update)]);
    assert_eq!(bench.push(Ok(())), [], "it waits before it tries again");
    bench.advance(29);
    assert_eq!(bench.push(Ok(())), [(0, Push::Whole), (1, Push::Whole)]);
}

#[test]
fn a_session_that_the_service_has_lost_is_pushed_whole() {
    let mut bench = bench(scenario());
    bench.advance(20);
    bench.push(Ok(()));
    bench.advance(26);
    let pushes = bench.state.pushes();
    bench.state.pushed(0, pushes[0].1, &pushes[0].2, Err(false));
    bench.state.pushed(1, pushes[1].1, &pushes[1].2, Ok(()));
    bench.advance(30);
    assert_eq!(bench.push(Ok(())), [(0, Push::Whole)]);
}

#[test]
fn a_profile_reaches_its_station_after_a_while_and_then_its_result_is_told() {
    let mut bench = bench(scenario());
    bench.advance(10);
    assert_eq!(bench.set(10, "S-0000", 10.0), ProfileAnswer::Accepted);
    let (at_station, back) = (bench.at(10) + TimeDelta::seconds(4), bench.at(10) + TimeDelta::seconds(6));
    assert_eq!(bench.state.advance(at_station - TimeDelta::milliseconds(1)), []);
    assert_eq!(bench.power_w(0), 0.0);
    assert_eq!(bench.state.advance(back - TimeDelta::milliseconds(1)), []);
    assert_eq!(bench.power_w(0), 6900.0);
    let replies = bench.state.advance(back);
    assert_eq!(result(&replies[0]), Some(ProfileResult::Accepted));
    assert_eq!(replies[1], Reply::Active { session: 0 });
}

#[test]
fn the_active_profile_is_what_the_station_will_offer() {
    let mut bench = bench(scenario());
    bench.advance(10);
    let mut profile = bench.profile(10, 99.0);
    profile.periods.push(StationPeriod { start: bench.at(30), limit: 7.0 });
    let now = bench.at(10);
    bench.state.ask(now, "S-0000", Ask::Set(profile), "http://service/result/1");
    bench.advance(15);
    let (id, active) = bench.state.active_profile(0).unwrap();
    assert_eq!((id.as_str(), active.unit, active.start), ("S-0000", RateUnit::Amperes, bench.at(15)));
    let periods: Vec<_> = active.periods.iter().map(|period| (period.start, period.limit)).collect();
    assert_eq!(periods, [(bench.at(15), 16.0), (bench.at(30), 7.0)]);
}

#[test]
fn a_session_that_is_not_there_is_unknown() {
    let mut bench = bench(scenario());
    bench.advance(5);
    assert_eq!(bench.set(5, "S-0000", 10.0), ProfileAnswer::UnknownSession, "it has not come yet");
    assert_eq!(bench.set(5, "S-0815", 10.0), ProfileAnswer::UnknownSession, "nobody knows it");
    bench.advance(70);
    assert_eq!(bench.set(70, "S-0001", 10.0), ProfileAnswer::UnknownSession, "it has left");
}

#[test]
fn a_profile_that_comes_too_late_for_its_vehicle_is_refused_by_the_station() {
    let mut bench = bench(scenario());
    bench.advance(59);
    bench.state.ask(bench.at(60) - TimeDelta::seconds(2), "S-0001", Ask::Clear, "http://service/result/1");
    let replies = bench.advance(61);
    assert_eq!(replies.iter().filter_map(result).collect::<Vec<_>>(), [ProfileResult::Rejected]);
}

#[test]
fn profiles_arrive_in_the_order_in_which_they_were_sent() {
    let mut bench = bench(scenario());
    bench.advance(10);
    bench.set(10, "S-0000", 16.0);
    bench.set(10, "S-0000", 8.0);
    bench.advance(12);
    assert_eq!(bench.power_w(0), 8.0 * 690.0);
}

#[test]
fn faults_refuse_profiles_and_drop_results() {
    let mut faulty = scenario();
    faulty.faults.refuse = Ratio::from_ratio(1.0);
    let mut bench = bench(faulty);
    bench.advance(10);
    assert_eq!(bench.set(10, "S-0000", 16.0), ProfileAnswer::Accepted);
    assert_eq!(bench.advance(12).iter().filter_map(result).collect::<Vec<_>>(), [ProfileResult::Rejected]);
    assert_eq!(bench.power_w(0), 0.0);

    let mut faulty = scenario();
    faulty.faults.drop_callback = Ratio::from_ratio(1.0);
    let mut bench = self::bench(faulty);
    bench.advance(10);
    bench.set(10, "S-0000", 16.0);
    assert!(bench.advance(12).iter().all(|reply| result(reply).is_none()));
    assert_eq!((bench.power_w(0), bench.state.counts.results_dropped), (11_040.0, 1));
}

#[test]
fn a_cleared_profile_leaves_the_default_of_the_station() {
    let mut bench = bench(scenario());
    bench.advance(10);
    bench.set(10, "S-0000", 16.0);
    bench.advance(11);
    let now = bench.at(11);
    bench.state.ask(now, "S-0000", Ask::Clear, "http://service/result/2");
    bench.state.ask(now, "S-0000", Ask::Clear, "http://service/result/3");
    let replies = bench.advance(12);
    assert_eq!(
        replies.iter().filter_map(result).collect::<Vec<_>>(),
        [ProfileResult::Accepted, ProfileResult::Unknown]
    );
    assert_eq!(bench.power_w(0), 0.0);
}

#[test]
fn sessions_are_listed_as_they_are() {
    let mut bench = bench(scenario());
    bench.advance(15);
    let listed = bench.state.sessions();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].location_id, "workplace");
    assert_eq!(listed[0].status, SessionStatus::Active);
}
