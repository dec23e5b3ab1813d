//! What requests of streams have in common.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::Target;
use tonic::Status;

use super::flexibility::between;
use super::{Faults, parent};
use crate::convert::{self, instant_if_stated};
use crate::proto;
use crate::server::Caller;

/// The most targets of a stream that asks for each of them.
pub(in crate::server) const TARGETS_MAX: usize = 100;

/// The most targets that events are filtered by.
const FILTER_TARGETS_MAX: usize = 1000;

/// The shortest step of telemetry. **Units**: s.
pub(in crate::server) const TELEMETRY_RESOLUTION_MIN_S: i32 = 10;

/// How far back telemetry begins at most.
const TELEMETRY_BACK_MAX: TimeDelta = TimeDelta::hours(24);

/// Reads targets, each once, in order.
pub(super) fn targets(names: &[String], least: usize, faults: &mut Faults) -> Vec<Target> {
    at_most(names, least, TARGETS_MAX, faults)
}

fn at_most(names: &[String], least: usize, most: usize, faults: &mut Faults) -> Vec<Target> {
    if names.len() < least {
        faults.add("targets", "REQUIRED", "there is none: name one or more");
    }
    if names.len() > most {
        faults.add("targets", "TOO_MANY_TARGETS", format!("{} are too many: {most} are allowed", names.len()));
        return Vec::new();
    }
    let read = |(index, name): (usize, &String)| faults.take(convert::target(name, &format!("targets[{index}]")));
    names.iter().enumerate().filter_map(read).collect::<BTreeSet<_>>().into_iter().collect()
}

fn sequence(after: i64, faults: &mut Faults) {
    if after < 0 {
        let rule = "it is below 0: state the last sequence that you have dealt with, or 0 for all";
        faults.add("resume_after_sequence", "SEQUENCE_NEGATIVE", rule);
    }
}

/// Returns after which event, and of which targets.
pub(in crate::server) fn statuses(
    request: &proto::StreamLimitStatusRequest,
    caller: &Caller,
) -> Result<(i64, Vec<Target>), Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    sequence(request.resume_after_sequence, &mut faults);
    let targets = at_most(&request.targets, 0, FILTER_TARGETS_MAX, &mut faults);
    faults.none_or(Some((request.resume_after_sequence, targets)))
}

/// Returns after which event.
pub(in crate::server) fn enrolment(request: &proto::StreamEnrolmentRequest, caller: &Caller) -> Result<i64, Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    sequence(request.resume_after_sequence, &mut faults);
    faults.none_or(Some(request.resume_after_sequence))
}

/// What is asked of a stream of telemetry.
pub(in crate::server) struct TelemetryStream {
    pub(in crate::server) targets: Vec<Target>,
    pub(in crate::server) resolution: TimeDelta,
    /// The step that holds this is the first.
    pub(in crate::server) start: Option<DateTime<Utc>>,
}

pub(in crate::server) fn telemetry(
    request: &proto::StreamTelemetryRequest,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<TelemetryStream, Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let targets = targets(&request.targets, 1, &mut faults);
    let resolution = between(request.resolution_s, TELEMETRY_RESOLUTION_MIN_S, &mut faults);
    let start = faults.take(instant_if_stated(request.start_time, "start_time")).flatten();
    if start.is_some_and(|start| now - start > TELEMETRY_BACK_MAX) {
        let rule = format!("it is more than {} h back: ask for a report", TELEMETRY_BACK_MAX.num_hours());
        faults.add("start_time", "WINDOW_TOO_LONG", rule);
    }
    let resolution = faults.none_or(resolution)?;
    Ok(TelemetryStream { targets, resolution, start })
}
