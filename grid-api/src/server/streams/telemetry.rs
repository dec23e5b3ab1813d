//! The stream of what meters measure.

use std::sync::Arc;

use headroom_domain::Interval;
use headroom_domain::time::floor_to;

use super::{Poured, Tap};
use crate::convert::compliance::sample_to_proto;
use crate::proto;
use crate::server::desk::Desk;
use crate::server::host::{Caller, UtilityHost};
use crate::server::request::streams::TelemetryStream;
use crate::server::status::Paths;

/// Steps that are asked for at once.
const STEPS: i32 = 360;

/// Gives each step of each target once, a little after its end, in the order of time and within a step in the order of the
/// targets.
pub(in crate::server) async fn telemetry<H: UtilityHost>(
    desk: Arc<Desk<H>>,
    caller: Caller,
    asked: TelemetryStream,
    mut tap: Tap<proto::StreamTelemetryResponse>,
) -> Poured {
    let (resolution, delay) = (asked.resolution, desk.options.telemetry_delay);
    let mut next = floor_to(asked.start.unwrap_or_else(|| desk.now() - delay), resolution);
    loop {
        let over = floor_to(desk.now() - delay, resolution);
        while next < over {
            let window = Interval { start: next, end: over.min(next + resolution * STEPS) };
            let mut samples = Vec::new();
            for target in &asked.targets {
                let answer = desk.host.telemetry(&caller, target, window, resolution);
                let answered = desk.ask(Paths::TARGETS, answer).await?;
                samples.extend(answered.into_iter().map(|sample| (target, sample)));
            }
            // A stable sort: whoever resumes after a cut has all targets up to the step before.
            samples.sort_by_key(|(_, sample)| sample.interval.end);
            for (target, sample) in samples {
                let sample = Some(sample_to_proto(&sample, target));
                tap.give(proto::StreamTelemetryResponse { sample }, None).await?;
            }
            next = window.end;
        }
        let due = next + resolution + delay;
        tap.pause(due - tap.clock().now()).await?;
    }
}
