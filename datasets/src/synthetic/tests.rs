use super::*;
use crate::session::RecordedSession;
use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Europe::Amsterdam;
use chrono_tz::Tz;
use headroom_domain::units::hours;
use headroom_domain::{Interval, Power};
use std::collections::BTreeMap;

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 5, day).unwrap()
}

/// Twenty workdays of fifty plugs.
fn workdays() -> Vec<SyntheticSession> {
    let days = (5..=30).map(date).filter(|date| !matches!(date.format("%a").to_string().as_str(), "Sat" | "Sun"));
    days.flat_map(|date| workplace_day(7, date, Amsterdam, 50)).collect()
}

fn share(sessions: &[SyntheticSession], of: impl Fn(&SyntheticSession) -> bool) -> f64 {
    sessions.iter().filter(|session| of(session)).count() as f64 / sessions.len() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn local_hour(at: DateTime<Utc>) -> f64 {
    let local = at.with_timezone(&Amsterdam);
    f64::from(local.num_seconds_from_midnight()) / 3600.0
}

#[test]
fn the_same_seed_gives_the_same_day_and_another_seed_another() {
    let bytes = |seed| serde_json::to_vec(&workplace_day(seed, date(14), Amsterdam, 40)).unwrap();
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    assert_ne!(workplace_day(1, date(14), Amsterdam, 40), workplace_day(1, date(15), Amsterdam, 40));
}

#[test]
fn a_plug_never_holds_two_vehicles() {
    let mut until: BTreeMap<(NaiveDate, usize), DateTime<Utc>> = BTreeMap::new();
    for session in workdays() {
        assert!(session.departure > session.arrival);
        let before = until.insert((session.arrival.date_naive(), session.evse), session.departure);
        assert!(before.is_none_or(|end| end < session.arrival), "{}", session.id);
    }
}

#[test]
fn people_come_in_the_morning_and_leave_in_the_evening() {
    let sessions = workdays();
    assert!((700..1000).contains(&sessions.len()), "{}", sessions.len());
    assert!(share(&sessions, |session| (7.5..=10.0).contains(&local_hour(session.arrival))) > 0.8);
    assert!(share(&sessions, |session| (12.0..=14.0).contains(&local_hour(session.arrival))) > 0.05);
    assert!(share(&sessions, |session| (15.5..=18.5).contains(&local_hour(session.departure))) > 0.8);
    let sunday = workplace_day(7, date(18), Amsterdam, 50);
    assert!(sunday.len() < 10, "{}", sunday.len());
}

#[test]
fn what_is_needed_fits_the_battery_and_mostly_the_stay() {
    let sessions = workdays();
    for session in &sessions {
        let (needed_kwh, vehicle) = (session.energy_needed_wh.as_kwh(), &session.vehicle);
        assert!((3.999..=45.001).contains(&needed_kwh), "{needed_kwh}");
        let free_kwh = vehicle.battery_wh.as_kwh() * (1.0 - vehicle.arrival_soc.as_ratio());
        assert!(needed_kwh <= free_kwh + 0.001, "{needed_kwh} kWh into {free_kwh} kWh");
        assert!((0.0..1.0).contains(&vehicle.arrival_soc.as_ratio()));
    }
    let able = |session: &SyntheticSession| {
        let vehicle = &session.vehicle;
        let maximum_kw = vehicle.maximum_current_a.as_a() * 0.23 * f64::from(vehicle.phases);
        session.energy_needed_wh.as_kwh() <= maximum_kw * hours(session.departure - session.arrival)
    };
    let able = share(&sessions, able);
    assert!((0.9..1.0).contains(&able), "{able}");
}

#[test]
fn drivers_ask_for_too_much_leave_later_than_said_and_some_say_nothing() {
    let sessions = workdays();
    let silent = share(&sessions, |session| session.stated.is_none());
    assert!((0.1..0.2).contains(&silent), "{silent}");
    let said = || sessions.iter().filter_map(|session| Some((session, session.stated?)));
    for (session, stated) in said() {
        assert!(stated.known_from >= session.arrival && stated.known_from < session.departure);
        assert!(stated.departure.is_none_or(|departure| departure > session.arrival));
    }
    let asked =
        said().filter_map(|(session, stated)| Some(stated.energy_wh?.as_wh() / session.energy_needed_wh.as_wh()));
    let asked = median(asked.collect());
    assert!((1.4..2.0).contains(&asked), "{asked}");
    let late = said().filter_map(|(session, stated)| Some(hours(session.departure - stated.departure?)));
    let late = median(late.collect());
    assert!((0.2..1.0).contains(&late), "{late}");
    let far = said().filter(|(session, stated)| {
        stated.departure.is_some_and(|departure| (session.departure - departure).abs() > TimeDelta::hours(2))
    });
    assert!(far.count() > sessions.len() / 30);
}

fn load(window: Interval, step: TimeDelta, time_zone: Tz) -> Vec<f64> {
    base_load(3, window, step, time_zone, Power::from_kw(100.0)).values().iter().map(|power| power.as_kw()).collect()
}

fn day(day: u32) -> Interval {
    let start = Amsterdam.from_local_datetime(&date(day).and_time(NaiveTime::MIN)).unwrap().to_utc();
    Interval { start, end: start + TimeDelta::days(1) }
}

#[test]
fn any_two_windows_of_the_building_agree_to_the_bit() {
    let minute = TimeDelta::minutes(1);
    let whole = load(Interval { start: day(12).start, end: day(14).end }, minute, Amsterdam);
    let start = day(13).start + TimeDelta::minutes(437);
    let part = load(Interval { start, end: start + TimeDelta::hours(30) }, minute, Amsterdam);
    assert_eq!(part, whole[1440 + 437..1440 + 437 + 1800]);
    let quarters = load(day(12), TimeDelta::minutes(15), Amsterdam);
    let mean = whole[..15].iter().sum::<f64>() / 15.0;
    assert!((quarters[0] - mean).abs() < 1e-9);
}

#[test]
fn the_building_sleeps_at_night_and_peaks_at_midday_on_workdays() {
    let minute = TimeDelta::minutes(1);
    let wednesday = load(day(14), minute, Amsterdam);
    let mean = |hours: std::ops::Range<usize>| {
        let part = &wednesday[hours.start * 60..hours.end * 60];
        part.iter().sum::<f64>() / part.len() as f64
    };
    assert!((18.0..28.0).contains(&mean(1..5)), "{}", mean(1..5));
    assert!((30.0..60.0).contains(&mean(6..8)), "{}", mean(6..8));
    assert!((68.0..100.0).contains(&mean(12..13)), "{}", mean(12..13));
    let saturday = load(day(17), minute, Amsterdam);
    assert!(saturday.iter().copied().fold(0.0, f64::max) < 50.0);
    for value in wednesday.iter().chain(&saturday) {
        assert!((0.0..=100.0).contains(value));
    }
    let jump = wednesday.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
    assert!(jump < 5.0, "{jump}");
}

#[test]
fn the_building_keeps_local_time_over_a_clock_change() {
    let start = Utc.with_ymd_and_hms(2025, 3, 28, 7, 0, 0).unwrap();
    let at = |days: i64, hour: i64| {
        let start = start + TimeDelta::days(days) + TimeDelta::hours(hour - 7);
        load(Interval { start, end: start + TimeDelta::hours(1) }, TimeDelta::hours(1), Amsterdam)[0]
    };
    // 11 h local is 10 h UTC on the Friday and 9 h UTC on the Monday.
    assert!((at(0, 10) - at(3, 9)).abs() < 20.0);
    assert!(at(3, 4) > at(0, 4) + 3.0, "6 h local against 5 h local");
}

#[test]
fn odd_windows_and_steps_are_no_trouble() {
    let start = day(14).start + TimeDelta::milliseconds(12_345);
    let window = Interval { start, end: start + TimeDelta::seconds(100) };
    assert_eq!(load(window, TimeDelta::seconds(30), Amsterdam).len(), 4);
    assert_eq!(load(window, TimeDelta::zero(), Amsterdam).len(), 100);
    assert_eq!(load(Interval { start, end: start }, TimeDelta::minutes(5), Amsterdam).len(), 1);
    assert!(workplace_day(1, date(14), Amsterdam, 0).is_empty());
}

#[test]
fn a_vehicle_for_a_recorded_session_could_have_taken_what_was_delivered() {
    let recorded = |energy_kwh: f64, stay_min: i64, id: &str| RecordedSession {
        id: id.to_owned(),
        station: "CA-1".to_owned(),
        arrival: day(14).start,
        departure: day(14).start + TimeDelta::minutes(stay_min),
        energy_wh: Energy::from_kwh(energy_kwh),
        stated: None,
        site: None,
        user: None,
    };
    for (index, (energy_kwh, stay_min)) in
        [(0.5, 5), (3.0, 480), (6.6, 60), (13.0, 60), (40.0, 240), (57.7, 480), (85.0, 600), (120.0, 600), (50.0, 20)]
            .iter()
            .cycle()
            .take(180)
            .enumerate()
    {
        let session = recorded(*energy_kwh, *stay_min, &format!("session {index}"));
        let vehicle = vehicle_for(&session, 5);
        assert_eq!(vehicle, vehicle_for(&session, 5));
        let free_kwh = vehicle.battery_wh.as_kwh() * (1.0 - vehicle.arrival_soc.as_ratio());
        assert!(*energy_kwh <= free_kwh + 1e-9, "{energy_kwh} kWh into {vehicle:?}");
        let maximum_kw = vehicle.maximum_current_a.as_a() * 0.23 * f64::from(vehicle.phases);
        let able_kwh = maximum_kw * *stay_min as f64 / 60.0;
        assert!(*energy_kwh <= able_kwh || *stay_min == 20, "{energy_kwh} kWh in {stay_min} min by {vehicle:?}");
        assert!((0.0..1.0).contains(&vehicle.arrival_soc.as_ratio()));
    }
    let phases: Vec<u8> = (0..50).map(|index| vehicle_for(&recorded(8.0, 480, &index.to_string()), 5).phases).collect();
    assert!(phases.contains(&1) && phases.contains(&3));
}
