//! Base load on recorded loads.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of a test: a panic fails it, and a skip is said"
)]

mod recorded;

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Europe::Amsterdam;
use headroom_domain::{NodeId, Power, Ratio, TimeGrid};
use headroom_forecasting::DayTypeProfile;
use headroom_forecasting::evaluation::{coverage, pinball, relative_mae};

use recorded::Recording;

const TEST_DAYS: i32 = 35;
const HISTORY: TimeDelta = TimeDelta::days(56);

/// Scores of a forecast a day over the next 24 h, all quarter hours together.
#[derive(Debug)]
struct Score {
    /// Mean absolute error over that of the value a week before.
    relative_mae: f64,
    /// Mean pinball loss of q10, q50 and q90 over the range of the load.
    normalised_pinball: f64,
    coverage_80: f64,
    above_98: f64,
}

/// Forecasts that were made, side by side with what came.
#[derive(Default)]
struct Issued {
    actual: Vec<Power>,
    week_before: Vec<Power>,
    quantiles: Vec<(Ratio, Vec<Power>)>,
}

impl Issued {
    fn collect(recording: &Recording, origin_h: i64) -> Self {
        let mut issued = Self::default();
        let last = recording.end().date_naive().and_time(NaiveTime::MIN).and_utc() - TimeDelta::days(1);
        for back in (0..TEST_DAYS).rev() {
            issued.add(recording, last - TimeDelta::days(1) * back + TimeDelta::hours(origin_h));
        }
        issued
    }

    fn add(&mut self, recording: &Recording, origin: chrono::DateTime<chrono::Utc>) {
        let model = DayTypeProfile::new(Power::ZERO).fit(recording.between(origin - HISTORY, origin), Amsterdam);
        let recent = recording.between(origin - TimeDelta::hours(2), origin);
        let grid = TimeGrid::uniform(origin, TimeDelta::minutes(15), 96);
        let forecast = model.predict(NodeId::new("feeder"), recent, &grid, origin);
        if self.quantiles.is_empty() {
            self.quantiles = forecast.quantiles.iter().map(|(probability, _)| (*probability, Vec::new())).collect();
        }
        for (index, step) in grid.steps().enumerate() {
            let week_before = recording.at(step.start - TimeDelta::days(7));
            let (Some(actual), Some(week_before)) = (recording.at(step.start), week_before) else { continue };
            self.actual.push(actual);
            self.week_before.push(week_before);
            for (all, (_, values)) in self.quantiles.iter_mut().zip(&forecast.quantiles) {
                all.1.push(values[index]);
            }
        }
    }

    fn at(&self, probability: f64) -> &[Power] {
        &self.quantiles.iter().find(|(found, _)| found.as_ratio() >= probability).unwrap().1
    }

    fn score(&self, recording: &Recording) -> Score {
        let range_w = recording.range().as_w();
        let loss = |probability: f64| {
            pinball(Ratio::from_ratio(probability), self.at(probability), &self.actual).unwrap().as_w() / range_w
        };
        let above = self.actual.iter().zip(self.at(0.98)).filter(|(actual, guard)| actual > guard).count();
        Score {
            relative_mae: relative_mae(self.at(0.5), &self.week_before, &self.actual).unwrap().as_ratio(),
            normalised_pinball: (loss(0.1) + loss(0.5) + loss(0.9)) / 3.0,
            coverage_80: coverage(self.at(0.1), self.at(0.9), &self.actual).unwrap().as_ratio(),
            above_98: above as f64 / self.actual.len() as f64,
        }
    }
}

#[test]
fn the_day_type_profile_is_clearly_better_than_the_week_before() {
    let Some(recordings) = recorded::loads() else { return };
    for origin_h in [0, 12] {
        let score = |recording| Issued::collect(recording, origin_h).score(recording);
        let scores: Vec<Score> = recordings.iter().map(score).collect();
        for (recording, score) in recordings.iter().zip(&scores) {
            println!("{} from {origin_h} h: {score:.3?}", recording.name);
            assert!(score.relative_mae < 0.85, "{}: {score:?}", recording.name);
            assert!((0.68..0.92).contains(&score.coverage_80), "{}: {score:?}", recording.name);
            assert!(score.above_98 < 0.05, "{}: {score:?}", recording.name);
        }
        let mean = |of: fn(&Score) -> f64| scores.iter().map(of).sum::<f64>() / scores.len() as f64;
        assert!(mean(|score| score.relative_mae) < 0.75);
        assert!(mean(|score| score.normalised_pinball) < 0.0300);
    }
}
