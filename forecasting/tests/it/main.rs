//! Base load on recorded loads.

mod recorded;

use chrono::{TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Amsterdam;
use headroom_domain::{NodeId, Power, Ratio, TimeGrid};
use headroom_forecasting::DayTypeProfile;
use headroom_forecasting::evaluation::{coverage, pinball, relative_mae};

use recorded::Recording;

const TEST_DAYS: i64 = 35;

/// Mean scores of daily forecasts over the next day, all quarter hours together.
#[derive(Debug)]
struct Score {
    relative_mae: f64,
    normalised_pinball: f64,
    coverage_80: f64,
    above_90: f64,
    above_98: f64,
}

fn backtest(recording: &Recording, origin_hour: i64) -> Score {
    let day = TimeDelta::days(1);
    let end = recording.end() - day;
    let (mut actual, mut naive) = (Vec::new(), Vec::new());
    let mut quantiles: Vec<(Ratio, Vec<Power>)> = Vec::new();
    for back in (0..TEST_DAYS).rev() {
        let midnight = Utc
            .from_utc_datetime(&(end - day * i32::try_from(back).unwrap()).date_naive().and_hms_opt(0, 0, 0).unwrap());
        let origin = midnight + TimeDelta::hours(origin_hour);
        let history = recording.between(origin - TimeDelta::days(56), origin);
        let model = DayTypeProfile::new(Power::ZERO).fit(history, Amsterdam);
        let grid = TimeGrid::uniform(origin, TimeDelta::minutes(15), 96);
        let recent = recording.between(origin - TimeDelta::hours(2), origin);
        let forecast = model.predict(NodeId::new("feeder"), recent, &grid, origin);
        if quantiles.is_empty() {
            quantiles = forecast.quantiles.iter().map(|(p, _)| (*p, Vec::new())).collect();
        }
        for (index, step) in grid.steps().enumerate() {
            let (Some(now), Some(week_ago)) = (recording.at(step.start), recording.at(step.start - TimeDelta::days(7)))
            else {
                continue;
            };
            actual.push(now);
            naive.push(week_ago);
            for (all, (_, values)) in quantiles.iter_mut().zip(&forecast.quantiles) {
                all.1.push(values[index]);
            }
        }
    }
    let at = |p: f64| &quantiles.iter().find(|(q, _)| q.as_ratio() >= p).unwrap().1;
    let range = (*recording.values().max().unwrap() - *recording.values().min().unwrap()).as_w();
    let loss = |p: f64| pinball(Ratio::from_ratio(p), at(p), &actual).unwrap().as_w() / range;
    let above = |p: f64| actual.iter().zip(at(p)).filter(|(a, f)| a > f).count() as f64 / actual.len() as f64;
    Score {
        relative_mae: relative_mae(at(0.5), &naive, &actual).unwrap().as_ratio(),
        normalised_pinball: (loss(0.1) + loss(0.5) + loss(0.9)) / 3.0,
        coverage_80: coverage(at(0.1), at(0.9), &actual).unwrap().as_ratio(),
        above_90: above(0.9),
        above_98: above(0.98),
    }
}

#[test]
fn the_day_type_profile_is_clearly_better_than_the_week_before() {
    let Some(recordings) = recorded::loads() else { return };
    for hour in [0, 6, 12, 18] {
        let scores: Vec<Score> = recordings.iter().map(|recording| backtest(recording, hour)).collect();
        let n = scores.len() as f64;
        for (r, s) in recordings.iter().zip(&scores) {
            println!(
                "{hour:2} {:28} rMAE {:.3} nPB {:.4} cov {:.2} >90 {:.3} >98 {:.3}",
                r.name, s.relative_mae, s.normalised_pinball, s.coverage_80, s.above_90, s.above_98
            );
        }
        println!(
            "{hour:2} mean rMAE {:.3} nPB {:.4} cov {:.2}",
            scores.iter().map(|s| s.relative_mae).sum::<f64>() / n,
            scores.iter().map(|s| s.normalised_pinball).sum::<f64>() / n,
            scores.iter().map(|s| s.coverage_80).sum::<f64>() / n
        );
    }
}
