//! Signals on grids.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::{Interval, TimeGrid};
use proptest::prelude::*;

use super::super::{SeriesError, Signal, SignalRow, SignalUnit};

fn start() -> DateTime<Utc> {
    "2022-03-01T00:00:00Z".parse().unwrap()
}

fn at(minutes: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minutes)
}

fn signal(unit: SignalUnit, step_min: i64, values: &[Option<f64>]) -> Signal {
    let row = |(index, value): (usize, &Option<f64>)| {
        let first = i64::try_from(index).unwrap() * step_min;
        SignalRow { interval: Interval { start: at(first), end: at(first + step_min) }, value: *value, issued_at: None }
    };
    let rows = values.iter().enumerate().map(row).collect();
    Signal { name: "typed".to_owned(), unit, rows, time_zone: chrono_tz::UTC, source: String::new() }
}

#[test]
fn a_series_has_the_mean_of_each_step_and_only_where_all_of_it_is_known() {
    let load = signal(SignalUnit::Kw, 60, &[Some(2.0), Some(-4.0), None, Some(1.0)]);
    let powers =
        |first: i64, step: i64, count| load.powers(&TimeGrid::uniform(at(first), TimeDelta::minutes(step), count));
    let series = powers(30, 45, 2).unwrap();
    // 30 min at 2 and 15 min at -4, then 45 min at -4.
    assert!((series.values()[0].as_kw() - 0.0).abs() < 1e-9 && (series.values()[1].as_kw() + 4.0).abs() < 1e-9);
    let uncovered = |from| Err(SeriesError::NotCovered { name: "typed".to_owned(), from: at(from) });
    assert_eq!(powers(60, 60, 2), uncovered(120), "no value is no zero");
    assert_eq!(powers(180, 60, 2), uncovered(240), "after the end");
    assert_eq!(powers(-60, 60, 1), uncovered(-60), "before the start");
    let day = load.prices(&TimeGrid::uniform(at(0), TimeDelta::minutes(60), 1)).unwrap_err().to_string();
    assert!(day.contains("`typed` is in kW, not money per kWh"), "{day}");
}

#[test]
fn prices_and_carbon_are_weighted_by_time() {
    let grid = TimeGrid::uniform(at(0), TimeDelta::minutes(120), 1);
    let price = SignalUnit::PricePerKwh { currency: "EUR".to_owned() };
    let series = signal(price, 60, &[Some(0.1), Some(-0.3)]).prices(&grid).unwrap();
    assert!((series.values()[0].as_per_kwh() + 0.1).abs() < 1e-12);
    let series = signal(SignalUnit::GPerKwh, 60, &[Some(100.0), Some(0.0)]).carbon(&grid).unwrap();
    assert!((series.values()[0].as_g_per_kwh() - 50.0).abs() < 1e-9);
}

#[test]
fn what_was_not_yet_known_is_not_read() {
    let row = |first: i64, value: f64, issued: Option<i64>| SignalRow {
        interval: Interval { start: at(first), end: at(first + 60) },
        value: Some(value),
        issued_at: issued.map(at),
    };
    let mut forecast = signal(SignalUnit::GPerKwh, 60, &[]);
    forecast.rows = vec![row(0, 9.0, None), row(60, 1.0, Some(0)), row(60, 2.0, Some(30)), row(120, 3.0, Some(60))];
    let known =
        |minutes: i64| -> Vec<f64> { forecast.known_at(at(minutes)).rows.iter().filter_map(|row| row.value).collect() };
    assert_eq!(known(-1), Vec::<f64>::new());
    assert_eq!(known(0), [1.0]);
    assert_eq!(known(59), [2.0], "the latest issue counts");
    assert_eq!(known(60), [9.0, 2.0, 3.0], "a measurement is known when its interval has ended");
}

proptest! {
    #[test]
    fn resampling_keeps_energy(
        values in prop::collection::vec(-50.0..50.0_f64, 8),
        cuts in prop::collection::btree_set(1_i64..480, 1..12),
    ) {
        let values: Vec<Option<f64>> = values.into_iter().map(Some).collect();
        let load = signal(SignalUnit::Kw, 60, &values);
        let edges = [0].into_iter().chain(cuts).chain([480]).map(at).collect();
        let energy_kwh = load.powers(&TimeGrid::new(edges).unwrap()).unwrap().energy().as_kwh();
        let sum: f64 = values.iter().flatten().sum();
        prop_assert!((energy_kwh - sum).abs() < 1e-6, "{energy_kwh} {sum}");
    }
}
