use super::*;

#[test]
fn line_73_a_price_by_time_of_day_holds_in_local_time_and_changes_within_a_period() {
    let day = tariff(vec![energy(0.4, between((8, 0), (20, 0))), energy(0.2, always())]);
    // 06:30 to 07:30 UTC is 07:30 to 08:30 in Berlin in winter.
    is_near(even(&day, "2026-01-12T06:30:00Z", "2026-01-12T07:30:00Z", 10.0), 3.0);
    // In summer the same hours of the day are an hour earlier.
    is_near(even(&day, "2026-07-13T05:30:00Z", "2026-07-13T06:30:00Z", 10.0), 3.0);
}

#[test]
fn line_73_times_wrap_over_midnight_and_the_end_of_day_is_midnight() {
    let night = tariff(vec![energy(0.1, between((22, 0), (6, 0))), energy(0.3, between((18, 0), (0, 0)))]);
    is_near(even(&night, "2026-01-12T20:00:00Z", "2026-01-12T22:00:00Z", 2.0), 0.3 + 0.1);
    is_near(even(&night, "2026-01-12T23:00:00Z", "2026-01-13T07:00:00Z", 8.0), 0.6);
}

#[test]
fn line_73_days_and_dates_change_at_local_midnight() {
    let mut saturday = always();
    saturday.hours.weekdays = vec![Weekday::Sat];
    let weekend = tariff(vec![energy(0.1, saturday), energy(0.3, always())]);
    // Friday 23:00 to Saturday 01:00 in Berlin.
    is_near(even(&weekend, "2026-01-09T22:00:00Z", "2026-01-10T00:00:00Z", 2.0), 0.4);
    let mut january = always();
    january.hours.start_date = NaiveDate::from_ymd_opt(2026, 1, 1);
    january.hours.end_date = NaiveDate::from_ymd_opt(2026, 2, 1);
    let month = tariff(vec![energy(0.1, january), energy(0.3, always())]);
    is_near(even(&month, "2026-01-31T22:00:00Z", "2026-02-01T00:00:00Z", 2.0), 0.4);
    is_near(even(&month, "2025-12-31T22:00:00Z", "2026-01-01T00:00:00Z", 2.0), 0.4);
}

#[test]
fn line_73_in_spring_an_hour_of_local_time_is_never_charged() {
    let dear_hour = tariff(vec![energy(1.0, between((2, 0), (3, 0))), energy(0.0, always())]);
    // 2026-03-29: 01:00 to 04:00 in Berlin are two hours.
    is_near(even(&dear_hour, "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z", 2.0), 0.0);
    // A window that begins in the hour that is not there begins with the hour after it.
    let from_half_past = tariff(vec![energy(1.0, between((2, 30), (4, 0))), energy(0.0, always())]);
    is_near(even(&from_half_past, "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z", 3.0), 1.0);
}

#[test]
fn line_73_in_autumn_an_hour_of_local_time_is_charged_twice() {
    let dear_hour = tariff(vec![energy(1.0, between((2, 0), (3, 0))), energy(0.0, always())]);
    // 2026-10-25: 01:00 to 04:00 in Berlin are four hours.
    is_near(even(&dear_hour, "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z", 4.0), 2.0);
    // From half past two: twice half an hour, and the hour after three once.
    let from_half_past = tariff(vec![energy(1.0, between((2, 30), (4, 0))), energy(0.0, always())]);
    is_near(even(&from_half_past, "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z", 4.0), 2.0);
}

#[test]
fn line_73_a_long_session_is_charged_anew_on_every_day() {
    let day = tariff(vec![energy(1.0, between((8, 0), (9, 0))), energy(0.0, always())]);
    is_near(even(&day, "2026-03-27T12:00:00Z", "2026-03-31T12:00:00Z", 96.0), 4.0);
}
