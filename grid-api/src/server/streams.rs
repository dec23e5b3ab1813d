//! Streams: a task that fills a bounded buffer, and what the transport takes from it.

mod events;
mod forecasts;
mod telemetry;

pub(super) use events::follow;
pub(super) use forecasts::forecasts;
pub(super) use telemetry::telemetry;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use chrono::TimeDelta;
use futures::{FutureExt, Stream};
use headroom_domain::Clock;
use tokio::sync::{mpsc, oneshot, watch};
use tonic::Status;

use super::access;
use super::desk::Desk;
use super::host::{Caller, Expiry, UtilityHost};
use super::options::Options;
use super::status;

/// Messages that wait for a reader, beside what the transport holds.
const BUFFER: usize = 16;

/// How often a stream looks at the clock at most. Real time.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a stream waits for the clock at most before it looks again: a clock may be set. Real time.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// What a stream is made into: it ends with a refusal, after all that was given before.
pub(super) struct Outlet<T> {
    messages: mpsc::Receiver<T>,
    end: Option<oneshot::Receiver<Status>>,
}

impl<T> Stream for Outlet<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.messages.poll_recv(context) {
            Poll::Ready(Some(message)) => Poll::Ready(Some(Ok(message))),
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                let Some(end) = self.end.as_mut() else { return Poll::Ready(None) };
                let end = std::task::ready!(end.poll_unpin(context));
                self.end = None;
                // A task that broke off has said nothing.
                Poll::Ready(Some(Err(end.unwrap_or_else(|_| status::unavailable("the stream broke off", LOOK_EVERY)))))
            }
        }
    }
}

/// Waits until the server stops.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    stopping.wait_for(|stopping| *stopping).await.map(drop).unwrap_or_default();
}

/// Waits about as long as a stretch of a clock's time takes, or until it is time to look at the clock again.
async fn passed(clock: &dyn Clock, length: TimeDelta) {
    let real = clock.real(length.max(TimeDelta::zero())).clamp(LOOK_EVERY, LOOK_AGAIN);
    tokio::time::sleep(real).await;
}

/// Waits until a caller would be turned away, and tells how.
async fn expired(clock: &dyn Clock, valid_until: Option<Expiry>) -> Status {
    let Some(Expiry { at, credential }) = valid_until else { return std::future::pending().await };
    loop {
        let now = clock.now();
        if at <= now {
            return access::expired(credential);
        }
        passed(clock, at - now).await;
    }
}

/// Where the task of a stream puts its messages.
pub(super) struct Tap<T> {
    messages: mpsc::Sender<T>,
    stopping: watch::Receiver<bool>,
    options: Options,
    last: Option<i64>,
}

/// A stream goes on until something ends it.
pub(super) type Poured = Result<Infallible, Status>;

impl<T> Tap<T> {
    /// Puts a message into the buffer, waiting for the reader as long as it may take. `sequence` is where the reader may
    /// resume after it.
    pub(super) async fn give(&mut self, message: T, sequence: Option<i64>) -> Result<(), Status> {
        let slow_reader = self.options.slow_reader;
        let taken = tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => return Err(status::stopping()),
            taken = tokio::time::timeout(slow_reader, self.messages.send(message)) => taken,
        };
        match taken {
            Ok(Ok(())) => {
                self.last = sequence.or(self.last);
                Ok(())
            }
            Ok(Err(_)) => Err(Status::cancelled("the reader has gone")),
            Err(_) => {
                tracing::warn!(after_s = slow_reader.as_secs_f64(), "a stream is ended: its reader does not read");
                Err(status::slow_reader(slow_reader, self.last))
            }
        }
    }

    /// Waits until the host may have something new.
    pub(super) async fn news(&mut self, news: &mut watch::Receiver<u64>) -> Result<(), Status> {
        let told = async {
            if news.changed().await.is_err() {
                // Nobody can tell any more.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => Err(status::stopping()),
            () = told => Ok(()),
        }
    }

    /// Waits about as long as a stretch of the server's time takes.
    pub(super) async fn pause(&mut self, length: TimeDelta) -> Result<(), Status> {
        tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => Err(status::stopping()),
            () = passed(self.options.clock.as_ref(), length) => Ok(()),
        }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.options.clock.as_ref()
    }
}

impl<H: UtilityHost> Desk<H> {
    /// Opens a stream for a caller, which takes one of its places until it ends: it ends also when a call would be refused
    /// because what the caller showed has expired.
    pub(super) fn open<T, F>(&self, caller: &Caller, pour: impl FnOnce(Tap<T>) -> F) -> Result<Outlet<T>, Status>
    where
        T: Send + 'static,
        F: Future<Output = Poured> + Send + 'static,
    {
        let place = self.quotas.stream(&caller.principal)?;
        let (messages, received) = mpsc::channel(BUFFER);
        let (end, ended) = oneshot::channel();
        let hung_up = messages.clone();
        let tap = Tap { messages, stopping: self.stopping.clone(), options: self.options.clone(), last: None };
        let (clock, valid_until) = (Arc::clone(&self.options.clock), caller.valid_until);
        let poured = pour(tap);
        tokio::spawn(async move {
            let end_status = tokio::select! {
                poured = poured => poured.err(),
                end = expired(clock.as_ref(), valid_until) => Some(end),
                () = hung_up.closed() => None,
            };
            drop(place);
            if let Some(end_status) = end_status {
                // The reader may have gone meanwhile.
                end.send(end_status).unwrap_or_default();
            }
            drop(hung_up);
        });
        Ok(Outlet { messages: received, end: Some(ended) })
    }
}

#[cfg(test)]
mod tests;
