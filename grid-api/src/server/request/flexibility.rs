//! Requests of `FlexibilityService`.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::Interval;
use headroom_domain::limit::Target;
use tonic::Status;

use super::streams::targets;
use super::{Faults, bounded_window, parent};
use crate::convert::target;
use crate::proto;
use crate::server::Caller;

/// The shortest, the usual and the longest step of a forecast. **Units**: s.
const RESOLUTION_MIN_S: i32 = 60;
const RESOLUTION_S: i32 = 900;
pub(super) const RESOLUTION_MAX_S: i32 = 86_400;

/// The most steps of a forecast.
const STEPS_MAX: i64 = 4032;

/// The usual horizon of a stream of forecasts. **Units**: s.
const HORIZON_S: i64 = 86_400;

pub(in crate::server) struct ForecastQuestion {
    pub(in crate::server) target: Target,
    pub(in crate::server) window: Interval,
    pub(in crate::server) resolution: TimeDelta,
}

pub(in crate::server) fn forecast(
    request: &proto::GetForecastRequest,
    window_max: TimeDelta,
) -> Result<ForecastQuestion, Status> {
    let mut faults = Faults::default();
    let target = faults.take(target(&request.target, "target"));
    let window = bounded_window(request.start_time, request.end_time, window_max, &mut faults);
    let resolution = resolution(request.resolution_s, &mut faults);
    if let (Some(window), Some(resolution)) = (window, resolution) {
        steps(window.duration(), resolution, &mut faults);
    }
    let (target, (window, resolution)) = faults.none_or(target.zip(window.zip(resolution)))?;
    Ok(ForecastQuestion { target, window, resolution })
}

/// What is asked of a stream of forecasts.
pub(in crate::server) struct ForecastStream {
    pub(in crate::server) targets: Vec<Target>,
    pub(in crate::server) resolution: TimeDelta,
    horizon: TimeDelta,
}

impl ForecastStream {
    /// Returns the window from the step that holds `now`.
    pub(in crate::server) fn window(&self, now: DateTime<Utc>) -> Interval {
        let start = headroom_domain::time::floor_to(now, self.resolution);
        Interval { start, end: start + self.horizon }
    }
}

pub(in crate::server) fn forecasts(
    request: &proto::StreamForecastsRequest,
    caller: &Caller,
    window_max: TimeDelta,
) -> Result<ForecastStream, Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let targets = targets(&request.targets, 1, &mut faults);
    let resolution = resolution(request.resolution_s, &mut faults);
    let horizon = horizon(request.horizon_s, window_max, &mut faults);
    if let (Some(horizon), Some(resolution)) = (horizon, resolution) {
        steps(horizon, resolution, &mut faults);
    }
    let (resolution, horizon) = faults.none_or(resolution.zip(horizon))?;
    Ok(ForecastStream { targets, resolution, horizon })
}

fn resolution(resolution_s: i32, faults: &mut Faults) -> Option<TimeDelta> {
    let resolution_s = if resolution_s == 0 { RESOLUTION_S } else { resolution_s };
    between(resolution_s, RESOLUTION_MIN_S, faults)
}

/// Checks a resolution; the longest is a day.
pub(super) fn between(resolution_s: i32, shortest_s: i32, faults: &mut Faults) -> Option<TimeDelta> {
    if resolution_s < shortest_s {
        let rule = format!("it is shorter than {shortest_s} s: ask for longer steps");
        faults.add("resolution_s", "RESOLUTION_TOO_SHORT", rule);
        return None;
    }
    if resolution_s > RESOLUTION_MAX_S {
        let rule = format!("it is longer than {RESOLUTION_MAX_S} s: ask for shorter steps");
        faults.add("resolution_s", "RESOLUTION_TOO_LONG", rule);
        return None;
    }
    Some(TimeDelta::seconds(resolution_s.into()))
}

fn horizon(horizon_s: i64, longest: TimeDelta, faults: &mut Faults) -> Option<TimeDelta> {
    let horizon_s = if horizon_s == 0 { HORIZON_S.min(longest.num_seconds()) } else { horizon_s };
    if horizon_s < 0 {
        faults.add("horizon_s", "HORIZON_NEGATIVE", "it is below 0: state 1 or more, or leave it out");
        return None;
    }
    if horizon_s > longest.num_seconds() {
        let rule = format!("it is longer than {} s: ask for less", longest.num_seconds());
        faults.add("horizon_s", "HORIZON_TOO_LONG", rule);
        return None;
    }
    Some(TimeDelta::seconds(horizon_s))
}

fn steps(length: TimeDelta, resolution: TimeDelta, faults: &mut Faults) {
    let count = length.num_seconds() / resolution.num_seconds().max(1);
    if count > STEPS_MAX {
        let rule = format!("that makes {count} steps, {STEPS_MAX} are allowed: take longer steps or ask in parts");
        faults.add("resolution_s", "TOO_MANY_STEPS", rule);
    }
}
