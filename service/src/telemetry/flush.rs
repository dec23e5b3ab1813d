//! The task that carries points from the queue to the server: in batches, with patience, and never in anyone's way.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Pace;
use super::point::Point;
use super::queue::Queue;

/// Something that takes a batch of points.
pub(super) trait Writer: Send + Sync + 'static {
    /// Writes all of a batch. Writing a batch twice must be harmless.
    fn write(&self, batch: &[Point]) -> impl Future<Output = Result<(), WriteError>> + Send;
}

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WriteError {
    /// The server is not there, not well, or does not let us in: the same batch may be taken later.
    #[error("{0}")]
    Away(String),
    /// The server will never take this batch.
    #[error("{0}")]
    Refused(String),
}

/// Carries points until `stop`, then once more what still waits, for [`Pace::grace`] at most.
pub(super) async fn run(queue: Arc<Queue>, writer: impl Writer, pace: Pace, stop: CancellationToken) {
    let mut carrier = Carrier { delays: delays(&pace), queue, writer, pace, away: false, refusing: false };
    let mut pause = pace.flush_every;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep(pause) => {}
            () = carrier.queue.batch_ready(), if !carrier.away => {}
        }
        pause = tokio::select! {
            () = stop.cancelled() => break,
            pause = carrier.carry() => pause,
        };
    }
    let in_time = timeout(pace.grace, carrier.drain()).await.is_ok_and(|drained| drained.is_ok());
    let lost = carrier.queue.abandon();
    if !in_time && lost > 0 {
        tracing::warn!(points = lost, "telemetry: stopped before InfluxDB took the last points: they are lost");
    }
}

fn delays(pace: &Pace) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(pace.first_retry)
        .with_max_delay(pace.longest_retry)
        .without_max_times()
        .build()
}

struct Carrier<W> {
    queue: Arc<Queue>,
    writer: W,
    pace: Pace,
    delays: ExponentialBackoff,
    away: bool,
    refusing: bool,
}

impl<W: Writer> Carrier<W> {
    /// Writes what waits. Returns how long to wait before the next time.
    async fn carry(&mut self) -> Duration {
        match self.drain().await {
            Ok(()) => {
                let dropped = self.queue.caught_up();
                if self.away || dropped > 0 {
                    tracing::info!(dropped, "telemetry: InfluxDB has taken all that waited");
                }
                self.away = false;
                self.delays = delays(&self.pace);
                self.pace.flush_every
            }
            Err(reason) => {
                if !self.away {
                    tracing::warn!(%reason, "telemetry: InfluxDB takes no points: they are kept and tried again");
                }
                self.away = true;
                self.delays.next().unwrap_or(self.pace.longest_retry)
            }
        }
    }

    /// Writes batch after batch until none waits or one fails.
    async fn drain(&mut self) -> Result<(), String> {
        loop {
            let mut batch = InFlight { queue: &self.queue, points: self.queue.take() };
            if batch.points.is_empty() {
                return Ok(());
            }
            let answer = timeout(self.pace.write_timeout, self.writer.write(&batch.points)).await;
            match answer {
                Ok(Ok(())) => self.queue.written(batch.settle()),
                Ok(Err(WriteError::Refused(reason))) => {
                    let points = batch.settle();
                    self.queue.refused(points);
                    if !std::mem::replace(&mut self.refusing, true) {
                        tracing::warn!(%reason, points, "telemetry: InfluxDB refuses points: they are dropped, and so are more like them");
                    }
                    continue;
                }
                Ok(Err(WriteError::Away(reason))) => return Err(reason),
                Err(_) => return Err(format!("no answer within {:?}", self.pace.write_timeout)),
            }
            self.refusing = false;
        }
    }
}

/// A batch under way. Unless settled, its points return to the queue, also when the write is cancelled.
struct InFlight<'a> {
    queue: &'a Queue,
    points: Vec<Point>,
}

impl InFlight<'_> {
    fn settle(&mut self) -> usize {
        std::mem::take(&mut self.points).len()
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.points.is_empty() {
            self.queue.put_back(std::mem::take(&mut self.points));
        }
    }
}
