use chrono::{DateTime, TimeDelta, Utc};

use super::Pace;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

#[test]
fn a_burst_goes_out_at_once_and_the_rest_at_the_rate() {
    let mut pace = Pace::new(60, at(0));
    let at_once = (0..100).take_while(|_| pace.take(at(0)).is_ok()).count();
    assert_eq!(at_once, 10);
    assert_eq!(pace.take(at(0)), Err(at(1)));
    assert_eq!(pace.take(at(1)), Ok(()));
    assert!(pace.take(at(1)).is_err());
}

#[test]
fn pauses_double_with_every_refusal_up_to_ten_minutes_and_chance_stretches_them_by_half() {
    let mut pace = Pace::new(60, at(0));
    let mut now = at(0);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        pace.turned_away(now, 0.0, None);
        let until = pace.take(now).unwrap_err();
        pauses.push((until - now).num_seconds());
        now = until;
    }
    assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 600, 600]);
    let mut pace = Pace::new(60, at(0));
    pace.turned_away(at(0), 0.5, None);
    assert_eq!(pace.take(at(0)), Err(at(0) + TimeDelta::milliseconds(18_750)));
}

#[test]
fn answers_to_what_was_under_way_do_not_lengthen_a_pause_nor_end_it() {
    let mut pace = Pace::new(60, at(0));
    pace.turned_away(at(0), 0.0, None);
    pace.turned_away(at(1), 0.0, None);
    pace.went_well(at(2));
    assert_eq!(pace.take(at(3)), Err(at(15)));
    pace.turned_away(at(20), 0.0, None);
    assert_eq!(pace.take(at(20)), Err(at(50)));
}

#[test]
fn success_after_a_pause_begins_anew() {
    let mut pace = Pace::new(60, at(0));
    pace.turned_away(at(0), 0.0, None);
    pace.turned_away(at(15), 0.0, None);
    pace.went_well(at(45));
    pace.turned_away(at(60), 0.0, None);
    assert_eq!(pace.take(at(60)), Err(at(75)));
}

#[test]
fn a_partner_that_says_how_long_is_left_alone_so_long_and_no_longer_than_an_hour() {
    let mut pace = Pace::new(60, at(0));
    pace.turned_away(at(0), 0.0, Some(TimeDelta::seconds(5)));
    assert_eq!(pace.take(at(1)), Err(at(15)), "its own pause is longer");
    pace.turned_away(at(1), 0.0, Some(TimeDelta::seconds(120)));
    assert_eq!(pace.take(at(20)), Err(at(121)));
    pace.turned_away(at(121), 0.0, Some(TimeDelta::days(365)));
    assert_eq!(pace.take(at(200)), Err(at(3_721)));
}
