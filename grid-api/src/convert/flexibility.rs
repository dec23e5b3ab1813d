//! Forecasts and impacts.

use chrono::TimeDelta;
use headroom_domain::limit::LimitViolation;

use super::limits::{warnings, warnings_to_proto};
use super::{count, energy, first, instant, interval, nearest_watts, power, target, timestamp, uncount, watt_hours};
use crate::model::{FlexibilityForecast, ForecastInterval, LimitImpact};
use crate::proto;

pub(crate) fn forecast_to_proto(forecast: &FlexibilityForecast) -> proto::FlexibilityForecast {
    let step = |step: &ForecastInterval| proto::ForecastInterval {
        start_time: Some(timestamp(step.interval.start)),
        end_time: Some(timestamp(step.interval.end)),
        baseline_import_w: nearest_watts(step.baseline_w),
        baseline_p10_w: nearest_watts(step.baseline_p10_w),
        baseline_p90_w: nearest_watts(step.baseline_p90_w),
        minimum_import_w: nearest_watts(step.minimum_w),
        maximum_import_w: nearest_watts(step.maximum_w),
        energy_floor_wh: watt_hours(step.energy_floor_wh),
        energy_ceiling_wh: watt_hours(step.energy_ceiling_wh),
        session_count: count(step.session_count),
    };
    proto::FlexibilityForecast {
        target: forecast.target.to_string(),
        issue_time: Some(timestamp(forecast.issued_at)),
        valid_until_time: Some(timestamp(forecast.valid_until)),
        resolution_s: i32::try_from(forecast.resolution.num_seconds()).unwrap_or(i32::MAX),
        intervals: forecast.intervals.iter().map(step).collect(),
    }
}

pub(crate) fn forecast(forecast: &proto::FlexibilityForecast) -> Result<FlexibilityForecast, LimitViolation> {
    let step = |(index, step): (usize, &proto::ForecastInterval)| {
        let path = format!("forecast.intervals[{index}]");
        Ok(ForecastInterval {
            interval: interval(step.start_time, step.end_time, &path).map_err(first)?,
            baseline_w: power(step.baseline_import_w),
            baseline_p10_w: power(step.baseline_p10_w),
            baseline_p90_w: power(step.baseline_p90_w),
            minimum_w: power(step.minimum_import_w),
            maximum_w: power(step.maximum_import_w),
            energy_floor_wh: energy(step.energy_floor_wh),
            energy_ceiling_wh: energy(step.energy_ceiling_wh),
            session_count: uncount(step.session_count),
        })
    };
    Ok(FlexibilityForecast {
        target: target(&forecast.target, "forecast.target")?,
        issued_at: instant(forecast.issue_time, "forecast.issue_time")?,
        valid_until: instant(forecast.valid_until_time, "forecast.valid_until_time")?,
        resolution: TimeDelta::seconds(forecast.resolution_s.into()),
        intervals: forecast.intervals.iter().enumerate().map(step).collect::<Result<_, _>>()?,
    })
}

const NANOS: f64 = 1e9;

/// To the billionth of a unit.
pub(super) fn money_to_proto(amount: f64, currency: &str) -> proto::Money {
    let (mut units, mut nanos) = (amount.trunc(), (amount.fract() * NANOS).round());
    if nanos.abs() >= NANOS {
        (units, nanos) = (units + nanos.signum(), 0.0);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let (units, nanos) = (units as i64, nanos as i32);
    proto::Money { currency_code: currency.to_owned(), units, nanos }
}

pub(super) fn money(money: proto::Money) -> (f64, String) {
    (money.units as f64 + f64::from(money.nanos) / NANOS, money.currency_code)
}

pub(crate) fn impact_to_proto(impact: &LimitImpact) -> proto::LimitImpact {
    let steps = impact.intervals.iter().map(|(interval, before, after)| proto::ImpactInterval {
        start_time: Some(timestamp(interval.start)),
        end_time: Some(timestamp(interval.end)),
        planned_import_before_w: nearest_watts(*before),
        planned_import_after_w: nearest_watts(*after),
    });
    proto::LimitImpact {
        intervals: steps.collect(),
        energy_shifted_wh: watt_hours(impact.energy_shifted_wh),
        energy_not_delivered_wh: watt_hours(impact.energy_not_delivered_wh),
        sessions_short_count: count(impact.sessions_short_count),
        cost_delta: impact.cost_delta.as_ref().map(|(amount, currency)| money_to_proto(*amount, currency)),
        warnings: warnings_to_proto(&impact.warnings),
    }
}

pub(crate) fn impact(impact: proto::LimitImpact) -> Result<LimitImpact, LimitViolation> {
    let step = |(index, step): (usize, &proto::ImpactInterval)| {
        let interval =
            interval(step.start_time, step.end_time, &format!("impact.intervals[{index}]")).map_err(first)?;
        Ok((interval, power(step.planned_import_before_w), power(step.planned_import_after_w)))
    };
    Ok(LimitImpact {
        intervals: impact.intervals.iter().enumerate().map(step).collect::<Result<_, _>>()?,
        energy_shifted_wh: energy(impact.energy_shifted_wh),
        energy_not_delivered_wh: energy(impact.energy_not_delivered_wh),
        sessions_short_count: uncount(impact.sessions_short_count),
        cost_delta: impact.cost_delta.map(money),
        warnings: warnings(impact.warnings),
    })
}
