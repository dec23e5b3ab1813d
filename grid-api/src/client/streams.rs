//! Streams. Each ends with an error: a server has no other way to end one.

use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt, stream};
use headroom_domain::limit::Target;

use super::flexibility::seconds;
use super::{ClientError, Utility, there};
use crate::convert::{areas, compliance, flexibility, status, timestamp};
use crate::model::{EnrolmentEvent, FlexibilityForecast, StatusEvent, TelemetrySample};
use crate::proto;

/// Pauses between attempts to open a stream do not grow longer. Real time.
const PAUSE_MAX: Duration = Duration::from_secs(30);

type Events = Pin<Box<dyn Stream<Item = Result<StatusEvent, ClientError>> + Send>>;

fn names(targets: &[Target]) -> Vec<String> {
    targets.iter().map(ToString::to_string).collect()
}

impl Utility {
    /// Opens a stream of what becomes of the utility's limits after an event, 0 for all; only of these targets when there
    /// are some.
    pub async fn statuses(
        &self,
        after: i64,
        targets: &[Target],
    ) -> Result<impl Stream<Item = Result<StatusEvent, ClientError>> + Send + use<>, ClientError> {
        let request = proto::StreamLimitStatusRequest {
            parent: self.parent(),
            resume_after_sequence: after,
            targets: names(targets),
        };
        let answers = self.limits().stream_limit_status(self.request(request)).await?.into_inner();
        Ok(answers.map(|answer| Ok(status::event(&there(answer?.event, "event")?)?)))
    }

    /// As [`Utility::statuses`], and opens the stream again where it was cut, as long as that may help: after a pause that
    /// doubles from `pause` (real time) until something comes, or as the server wishes. Ends after an error that cannot be
    /// helped so.
    pub fn watch_statuses(
        &self,
        after: i64,
        targets: Vec<Target>,
        pause: Duration,
    ) -> impl Stream<Item = Result<StatusEvent, ClientError>> + Send + use<> {
        let watch =
            Watch { utility: self.clone(), targets, after, events: None, first_pause: pause, pause, done: false };
        stream::unfold(watch, |mut watch| async move {
            let next = watch.next().await?;
            Some((next, watch))
        })
    }

    /// Opens a stream of who is enrolled, changed or removed after an event, 0 for all.
    pub async fn enrolment(
        &self,
        after: i64,
    ) -> Result<impl Stream<Item = Result<EnrolmentEvent, ClientError>> + Send + use<>, ClientError> {
        let request = proto::StreamEnrolmentRequest { parent: self.parent(), resume_after_sequence: after };
        let answers = self.areas_client().stream_enrolment(self.request(request)).await?.into_inner();
        Ok(answers.map(|answer| Ok(areas::enrolment(there(answer?.event, "event")?)?)))
    }

    /// Opens a stream of forecasts as they change. **Units**: whole seconds of `resolution` and `horizon`.
    pub async fn forecasts(
        &self,
        targets: &[Target],
        resolution: TimeDelta,
        horizon: TimeDelta,
    ) -> Result<impl Stream<Item = Result<FlexibilityForecast, ClientError>> + Send + use<>, ClientError> {
        let request = proto::StreamForecastsRequest {
            parent: self.parent(),
            targets: names(targets),
            resolution_s: seconds(resolution),
            horizon_s: horizon.num_seconds(),
        };
        let answers = self.flexibility().stream_forecasts(self.request(request)).await?.into_inner();
        Ok(answers.map(|answer| Ok(flexibility::forecast(&there(answer?.forecast, "forecast")?)?)))
    }

    /// Opens a stream of what meters measure, from the step that holds `start`, or from now on. **Units**: whole seconds of
    /// `resolution`.
    pub async fn telemetry(
        &self,
        targets: &[Target],
        resolution: TimeDelta,
        start: Option<DateTime<Utc>>,
    ) -> Result<impl Stream<Item = Result<(Target, TelemetrySample), ClientError>> + Send + use<>, ClientError> {
        let request = proto::StreamTelemetryRequest {
            parent: self.parent(),
            targets: names(targets),
            resolution_s: seconds(resolution),
            start_time: start.map(timestamp),
        };
        let answers = self.compliance().stream_telemetry(self.request(request)).await?.into_inner();
        Ok(answers.map(|answer| Ok(compliance::sample(&there(answer?.sample, "sample")?)?)))
    }
}

/// A stream that is opened again.
struct Watch {
    utility: Utility,
    targets: Vec<Target>,
    /// The last event that was given.
    after: i64,
    events: Option<Events>,
    first_pause: Duration,
    pause: Duration,
    done: bool,
}

impl Watch {
    async fn next(&mut self) -> Option<Result<StatusEvent, ClientError>> {
        while !self.done {
            let error = match self.event().await {
                Ok(Some(event)) => {
                    self.after = self.after.max(event.sequence);
                    self.pause = self.first_pause;
                    return Some(Ok(event));
                }
                // Ended without a word.
                Ok(None) => None,
                Err(error) if error.is_retryable() => Some(error),
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
            };
            self.events = None;
            let wished = error.as_ref().and_then(|error| error.refused()?.retry_after).unwrap_or_default();
            tokio::time::sleep(self.pause.max(wished)).await;
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
        None
    }

    /// Returns the next event of the stream that is open, or of one that is opened for it.
    async fn event(&mut self) -> Result<Option<StatusEvent>, ClientError> {
        let events = match &mut self.events {
            Some(events) => events,
            closed => {
                let opened = self.utility.statuses(self.after, &self.targets).await?;
                closed.insert(Box::pin(opened))
            }
        };
        events.next().await.transpose()
    }
}
