use headroom_datasets::Stated;
use headroom_domain::invariants::import_limit_at;

use super::*;
use crate::world::twin;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn synthetic_day() -> Scenario {
    Scenario::synthetic(1, date("2026-03-10")).unwrap()
}

fn recording() -> Vec<RecordedSession> {
    let session = |index: i64, station: &str, from: &str, hours: i64| {
        let arrival: DateTime<Utc> = from.parse().unwrap();
        let stated = Stated { energy_wh: Some(Energy::from_kwh(12.0)), departure: None, known_from: arrival };
        RecordedSession {
            id: format!("recorded-{index}"),
            station: station.to_owned(),
            arrival,
            departure: arrival + TimeDelta::hours(hours),
            energy_wh: Energy::from_kwh(8.0),
            stated: Some(stated),
            site: None,
            user: None,
        }
    };
    vec![
        session(0, "CA-1", "2019-09-04T15:00:00Z", 4),
        session(1, "CA-2", "2019-09-04T16:00:00Z", 40),
        session(2, "CA-1", "2019-09-04T18:00:00Z", 4),
        session(3, "CA-3", "2019-09-05T10:30:00Z", 1),
        session(4, "CA-3", "2019-09-05T15:00:00Z", 1),
    ]
}

#[test]
fn the_synthetic_site_is_sound() {
    synthetic_day().site.check().unwrap();
}

#[test]
fn the_same_seed_gives_the_same_day() {
    assert_eq!(synthetic_day(), synthetic_day());
}

#[test]
fn a_scenario_comes_back_from_its_file() {
    let scenario = synthetic_day();
    let text = serde_json::to_string(&scenario).unwrap();
    assert_eq!(serde_json::from_str::<Scenario>(&text).unwrap(), scenario);
}

#[test]
fn the_limits_of_the_synthetic_day_bind() {
    let scenario = synthetic_day();
    let twin = twin(&scenario.site_plan()).unwrap();
    assert!(scenario.sessions.len() >= 20, "{} sessions", scenario.sessions.len());
    assert!(twin.meter().steered_violation().violation_s > 3600.0);
    assert_eq!(twin.meter().base_violation().violation_s, 0.0);
}

#[test]
fn at_noon_a_tighter_limit_holds_and_afterwards_the_first_one_again() {
    let scenario = synthetic_day();
    let limits = scenario.limits_in_force();
    let limit = |at: &str| import_limit_at(&limits, at.parse().unwrap()).unwrap();
    let [night, morning, noon, afternoon] =
        ["2026-03-10T04:00:00Z", "2026-03-10T08:00:00Z", "2026-03-10T12:00:00Z", "2026-03-10T14:00:00Z"].map(limit);
    assert!(noon < morning && morning < night);
    assert_eq!(morning, afternoon);
    assert_eq!(night.as_kw(), scenario.site.import_capacity_kw);
}

#[test]
fn a_recorded_day_runs_from_four_to_four_at_the_stations_of_the_recording() {
    let scenario = Scenario::recorded(&recording(), date("2019-09-04"), None, 1).unwrap();
    scenario.site.check().unwrap();
    let uids: Vec<_> = scenario.site.evses.iter().map(|evse| evse.uid.as_str()).collect();
    assert_eq!(uids, ["CA-1", "CA-2", "CA-3"]);
    assert_eq!(scenario.window.start, "2019-09-04T11:00:00Z".parse::<DateTime<Utc>>().unwrap());
    let placed: Vec<_> =
        scenario.sessions.iter().map(|session| (session.id.as_str(), session.evse_uid.as_str())).collect();
    // The third vehicle came to a station that was still taken, so it goes to another one; the fourth finds its own free.
    assert_eq!(placed, [("S-0001", "CA-1"), ("S-0002", "CA-2"), ("S-0003", "CA-3"), ("S-0004", "CA-3")]);
    assert!(scenario.sessions.iter().all(|session| session.departure < scenario.window.end));
}

#[test]
fn a_vehicle_that_comes_in_the_last_minutes_is_left_out_and_named() {
    let mut sessions = recording();
    sessions[3].arrival = "2019-09-05T10:55:00Z".parse().unwrap();
    let scenario = Scenario::recorded(&sessions, date("2019-09-04"), None, 1).unwrap();
    assert_eq!((scenario.sessions.len(), scenario.left_out.len()), (3, 1));
    assert!(scenario.left_out[0].starts_with("recorded-3"));
}

#[test]
fn a_vehicle_without_a_free_evse_is_left_out_and_named() {
    let mut sessions = recording();
    for session in &mut sessions {
        session.station = "CA-1".to_owned();
    }
    let scenario = Scenario::recorded(&sessions, date("2019-09-04"), None, 1).unwrap();
    // The fourth comes when the first has left.
    assert_eq!(scenario.left_out.len(), 2, "{:?}", scenario.left_out);
    assert!(scenario.left_out[0].starts_with("recorded-1 at 2019-09-04 16:00:00 UTC"));
}

#[test]
fn a_day_without_sessions_is_refused_with_the_busiest_day() {
    let refused = Scenario::recorded(&recording(), date("2019-10-01"), None, 1).unwrap_err();
    let expected = "no session was recorded on 2019-10-01: choose a day of the recording, for example 2019-09-04";
    assert_eq!(refused.to_string(), expected);
    assert!(matches!(Scenario::recorded(&[], date("2019-10-01"), None, 1), Err(ScenarioError::EmptyRecording)));
}

#[test]
fn the_history_of_the_base_load_ends_where_the_day_begins() {
    let scenario = synthetic_day();
    let history = scenario.base_load_history();
    assert_eq!(history.len(), 28 * 96);
    assert_eq!(history.last().unwrap().0.end, scenario.window.start);
}
