use super::*;
use chrono::{Datelike, TimeZone, Timelike, Weekday};
use chrono_tz::Europe::Amsterdam;
use proptest::prelude::*;

const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// An office: 20 kW at night and on Sundays, 60 kW on workdays from 8 to 18 h local, 30 kW on Saturdays.
fn office_w(at: DateTime<Utc>) -> f64 {
    let local = at.with_timezone(&Amsterdam);
    match local.weekday() {
        Weekday::Sun => 20_000.0,
        Weekday::Sat => 30_000.0,
        _ if (8..18).contains(&local.hour()) => 60_000.0,
        _ => 20_000.0,
    }
}

/// A number in -1..1 that looks like chance.
fn noise(at: DateTime<Utc>) -> f64 {
    let mixed = at.timestamp().unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
    let mixed = mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32;
    mixed as f64 / f64::from(u32::MAX) * 2.0 - 1.0
}

fn history(
    end: DateTime<Utc>,
    days: i64,
    step: TimeDelta,
    load_w: impl Fn(DateTime<Utc>) -> f64,
) -> Vec<(Interval, Power)> {
    let mut start = end - TimeDelta::days(days);
    let mut steps = Vec::new();
    while start < end {
        steps.push((Interval { start, end: start + step }, Power::from_w(load_w(start))));
        start += step;
    }
    steps
}

fn noisy_office(at: DateTime<Utc>) -> f64 {
    office_w(at) * (1.0 + 0.05 * noise(at))
}

/// A Wednesday, 10 h in Amsterdam.
fn wednesday() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 5, 14, 8, 0, 0).unwrap()
}

fn planning_grid(start: DateTime<Utc>) -> TimeGrid {
    TimeGrid::widening(start, &[(TimeDelta::minutes(5), 24), (QUARTER, 88), (TimeDelta::hours(1), 24)])
}

fn predict(model: &Model, recent: &[(Interval, Power)], at: DateTime<Utc>) -> Forecast {
    let forecast = model.predict(NodeId::new("site"), recent, &planning_grid(at), at);
    check_shape(&forecast);
    forecast
}

fn check_shape(forecast: &Forecast) {
    assert_eq!(forecast.quantiles.len(), PROBABILITIES.len());
    for (_, values) in &forecast.quantiles {
        assert_eq!(values.len(), forecast.grid.len());
    }
    for pair in forecast.quantiles.windows(2) {
        assert!(pair[0].0 < pair[1].0);
        for (index, (lower, upper)) in pair[0].1.iter().zip(&pair[1].1).enumerate() {
            assert!(lower <= upper, "step {index}: {} of {lower} is above {} of {upper}", pair[0].0, pair[1].0);
        }
    }
}

fn value_w(forecast: &Forecast, probability: f64, at: DateTime<Utc>) -> f64 {
    let step = forecast.grid.index_of(at).unwrap();
    forecast.at_least(Ratio::from_ratio(probability))[step].as_w()
}

fn fit(history: &[(Interval, Power)]) -> Model {
    DayTypeProfile::new(Power::from_kw(50.0)).fit(history, Amsterdam)
}

#[test]
fn an_office_is_expected_as_its_day_types_are() {
    let now = wednesday();
    let past = history(now, 28, QUARTER, noisy_office);
    let forecast = predict(&fit(&past), &past, now);
    for hours in [1, 5, 9, 14, 25, 40] {
        let at = now + TimeDelta::hours(hours);
        let expected_w = value_w(&forecast, 0.5, at);
        assert!((expected_w - office_w(at)).abs() < 0.05 * office_w(at), "after {hours} h: {expected_w}");
        assert!(value_w(&forecast, 0.98, at) > office_w(at), "after {hours} h");
        assert!(value_w(&forecast, 0.98, at) < 1.3 * office_w(at), "after {hours} h");
    }
}

#[test]
fn a_holiday_is_like_a_sunday() {
    let now = wednesday();
    let past = history(now, 28, QUARTER, noisy_office);
    let tomorrow = now + TimeDelta::days(1);
    let holidays = [tomorrow.date_naive()].into();
    let model = DayTypeProfile { configured: Power::ZERO, holidays }.fit(&past, Amsterdam);
    assert!(value_w(&predict(&model, &past, now), 0.5, tomorrow) < 25_000.0);
}

#[test]
fn what_the_last_hour_was_above_its_profile_decays() {
    let now = wednesday();
    let shift = |at: DateTime<Utc>| 10_000.0 * noise(floor(at, 4)) + noisy_office(at);
    let past = history(now, 28, QUARTER, shift);
    let model = fit(&past);
    let raised: Vec<_> = past
        .iter()
        .map(|(step, power)| (*step, if now - step.end < TimeDelta::hours(1) { *power * 1.5 } else { *power }))
        .collect();
    let (plain, raised) = (predict(&model, &past, now), predict(&model, &raised, now));
    let lift_w = |hours: i64| {
        let at = now + TimeDelta::hours(hours);
        value_w(&raised, 0.5, at) - value_w(&plain, 0.5, at)
    };
    assert!(lift_w(0) > 5_000.0, "{}", lift_w(0));
    assert!(lift_w(0) > lift_w(3) && lift_w(3) >= lift_w(20) && lift_w(20) >= 0.0);
}

fn floor(at: DateTime<Utc>, hours: i64) -> DateTime<Utc> {
    headroom_domain::time::floor_to(at, TimeDelta::hours(hours))
}

#[test]
fn the_near_term_is_guarded_by_the_last_value_and_the_spread_of_changes() {
    let now = wednesday();
    for step in [TimeDelta::minutes(1), TimeDelta::minutes(5), QUARTER] {
        let past = history(now, 14, step, noisy_office);
        let changes: Vec<f64> = past.windows(2).map(|pair| (pair[1].1 - pair[0].1).as_w()).collect();
        let spread_w = (changes.iter().map(|change| change * change).sum::<f64>() / changes.len() as f64).sqrt();
        let mut recent = past.clone();
        recent.last_mut().unwrap().1 = Power::from_kw(90.0);
        let forecast = predict(&fit(&past), &recent, now);
        for minutes in [0, 5, 10, 15, 25] {
            let guard_w = value_w(&forecast, 0.98, now + TimeDelta::minutes(minutes));
            assert!(guard_w >= 90_000.0 + spread_w, "{step}, {minutes} min: {guard_w}");
        }
        let later_w = value_w(&forecast, 0.98, now + TimeDelta::hours(6));
        assert!(later_w < 90_000.0, "{step}: {later_w}");
    }
}

#[test]
fn the_first_day_is_the_configured_constant_but_never_below_what_is_measured() {
    let now = wednesday();
    for past in [Vec::new(), history(now, 1, QUARTER, noisy_office).split_off(50)] {
        let model = fit(&past);
        assert!(!model.is_learnt());
        let forecast = predict(&model, &past, now);
        assert_eq!(value_w(&forecast, 0.5, now + TimeDelta::hours(5)).to_bits(), 50_000_f64.to_bits());
        let measured_w = past.last().map_or(0.0, |(_, power)| power.as_w());
        assert!(value_w(&forecast, 0.98, now) >= measured_w.max(50_000.0));
    }
    check_shape(&configured(NodeId::new("site"), Power::from_kw(50.0), &planning_grid(now), now));
}

#[test]
fn peaks_within_a_step_are_guarded_when_the_history_is_finer() {
    let now = wednesday();
    let spiky = |at: DateTime<Utc>| if at.minute() % 15 == 7 { 80_000.0 } else { 20_000.0 + 500.0 * noise(at) };
    let past = history(now, 14, TimeDelta::minutes(1), spiky);
    let forecast = predict(&fit(&past), &past, now);
    for hours in [0, 1, 10, 30] {
        let at = now + TimeDelta::hours(hours);
        assert!(value_w(&forecast, 0.98, at) >= 79_900.0, "after {hours} h");
        assert!(value_w(&forecast, 0.9, at + TimeDelta::hours(1)) < 30_000.0, "the mean of a step is no peak");
    }
}

#[test]
fn what_is_measured_after_the_issue_is_not_looked_at() {
    let now = wednesday();
    let past = history(now, 14, QUARTER, noisy_office);
    let mut leaking = past.clone();
    let future = Interval { start: now - TimeDelta::minutes(5), end: now + TimeDelta::minutes(10) };
    leaking.push((future, Power::from_kw(500.0)));
    let model = fit(&past);
    assert_eq!(predict(&model, &past, now), predict(&model, &leaking, now));
}

#[test]
fn stale_measurements_widen_the_band() {
    let now = wednesday();
    let shift = |at: DateTime<Utc>| 10_000.0 * noise(floor(at, 8)) + noisy_office(at);
    let past = history(now, 28, QUARTER, shift);
    let model = fit(&past);
    let stale = &past[..past.len() - 12];
    let width_w = |recent| {
        let forecast = predict(&model, recent, now);
        value_w(&forecast, 0.75, now + TimeDelta::hours(1)) - value_w(&forecast, 0.25, now + TimeDelta::hours(1))
    };
    assert!(width_w(stale) > width_w(&past), "{} {}", width_w(stale), width_w(&past));
}

#[test]
fn the_profile_follows_local_time_over_a_clock_change() {
    // Clocks went forward on 2025-03-30: 8 h local is 7 h UTC before and 6 h UTC after.
    let monday = Utc.with_ymd_and_hms(2025, 3, 31, 0, 0, 0).unwrap();
    let past = history(monday, 28, QUARTER, noisy_office);
    let forecast = predict(&fit(&past), &past, monday);
    let open = Utc.with_ymd_and_hms(2025, 3, 31, 6, 15, 0).unwrap();
    assert!(value_w(&forecast, 0.5, open) > 55_000.0);
    assert!(value_w(&forecast, 0.5, open - TimeDelta::hours(1)) < 25_000.0);
}

#[test]
fn holes_odd_days_and_odd_meters_leave_a_sound_forecast() {
    let now = Utc.with_ymd_and_hms(2025, 10, 27, 8, 0, 0).unwrap(); // the day after the 25-hour day
    let full = history(now, 28, QUARTER, noisy_office);
    let gaps: Vec<_> = full.iter().filter(|(step, _)| noise(step.start) > -0.6).copied().collect();
    let hole = now - TimeDelta::days(6)..now - TimeDelta::days(3);
    let holed: Vec<_> = full.iter().filter(|(step, _)| !hole.contains(&step.start)).copied().collect();
    let mut shuffled = full.clone();
    shuffled.sort_by_key(|(step, _)| step.start.timestamp().wrapping_mul(0x9E37_79B9));
    let mut broken = full.clone();
    broken.push((Interval { start: now, end: now - QUARTER }, Power::from_kw(1.0)));
    broken.push((Interval { start: now - TimeDelta::days(900), end: now }, Power::from_kw(1.0)));
    broken.push((Interval { start: now - QUARTER / 2, end: now }, Power::from_w(f64::MAX)));
    let hourly = history(now, 28, TimeDelta::hours(1), noisy_office);
    let five_days = history(now, 5, QUARTER, noisy_office);
    let one_day = history(now, 1, QUARTER, noisy_office);
    let from_solar = history(now, 28, QUARTER, |at| 30_000.0 - noisy_office(at));
    for past in [&full, &gaps, &holed, &shuffled, &broken, &hourly, &five_days, &one_day, &from_solar] {
        let model = fit(past);
        assert!(model.is_learnt());
        predict(&model, past, now);
        predict(&model, &[], now);
    }
    assert_eq!(fit(&shuffled), fit(&full));
}

#[test]
fn a_constant_zero_is_expected_to_stay_zero() {
    let now = wednesday();
    let past = history(now, 14, QUARTER, |_| 0.0);
    let forecast = predict(&fit(&past), &past, now);
    assert!(forecast.quantiles.iter().flat_map(|(_, values)| values).all(|value| *value == Power::ZERO));
}

#[test]
fn a_load_that_was_never_negative_is_not_expected_below_zero() {
    let now = wednesday();
    let past = history(now, 14, QUARTER, |at| (20_000.0 * noise(at)).max(0.0));
    let forecast = predict(&fit(&past), &past, now);
    assert!(forecast.quantiles[0].1.iter().all(|value| *value >= Power::ZERO));
}

#[test]
fn a_model_survives_json() {
    let now = wednesday();
    let past = history(now, 14, QUARTER, noisy_office);
    let model = fit(&past);
    let again: Model = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert!(predict(&model, &past, now) == predict(&again, &past, now));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_history_gives_finite_rising_quantiles(
        values in prop::collection::vec(prop_oneof![Just(0.0), -1e6..1e6, 0.0..1e5], 1..400),
        step_min in 1_i64..90,
        keep in 1_usize..5,
    ) {
        let now = wednesday();
        let step = TimeDelta::minutes(step_min);
        let start = now - step * i32::try_from(values.len()).unwrap();
        let past: Vec<_> = values.iter().enumerate().filter(|(index, _)| index % 5 < keep).map(|(index, value)| {
            let start = start + step * i32::try_from(index).unwrap();
            (Interval { start, end: start + step }, Power::from_w(*value))
        }).collect();
        predict(&fit(&past), &past, now);
    }
}
