//! What the service tells a time-series database: load, base load, limit and plan of a site, power of each session.
//!
//! It never stands in the way of control. [`Telemetry::record`] moves a point into a bounded queue and returns; a task of
//! its own carries batches to `InfluxDB` 2 (feature `influx`), keeps what the server does not take while it is away, drops
//! the oldest when there is no more room, and counts what it dropped. Points carry the time of the service's clock.

#[cfg_attr(
    not(any(test, feature = "influx")),
    expect(dead_code, reason = "without the feature `influx` there is nothing to carry points to")
)]
mod flush;
#[cfg(feature = "influx")]
mod influx;
mod point;
#[cfg_attr(
    not(any(test, feature = "influx")),
    expect(dead_code, reason = "without the feature `influx` nothing waits")
)]
mod queue;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use point::{Point, SiteReadings};
pub use queue::Counts;

use queue::Queue;

/// Most points that wait for the server, about 25 MB: more than an hour of 1,000 sessions told once a minute.
pub const QUEUE_POINTS: usize = 100_000;
/// Most points in one request, about 100 kB of line protocol.
pub const BATCH_POINTS: usize = 1_000;

/// Where points go: the table `[influx]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InfluxConfig {
    /// Scheme, host and port of the server, for example `http://127.0.0.1:8086`.
    pub url: Url,
    /// The organisation.
    pub org: String,
    /// The bucket, which must exist.
    pub bucket: String,
    /// The file that holds the token; absent: none is sent.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

/// What cannot be right about the table `[influx]`.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Not the address of a server.
    #[error("`influx.url` is `{url}`: {rule}")]
    Url {
        /// What was given, without a password.
        url: String,
        /// What it must be.
        rule: &'static str,
    },
    /// Nothing where a name must be.
    #[error("`influx.{0}` is empty: give the name that the server knows")]
    Empty(&'static str),
    /// The file of the token cannot be read.
    #[error(
        "`influx.token_file`: {path} cannot be read ({source}): make it readable to the service or leave the field out"
    )]
    TokenFile {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no token.
    #[error("`influx.token_file`: {0} does not hold one line of printable characters: write the token alone into it")]
    Token(PathBuf),
    /// The client could not be made.
    #[error("`influx`: the client cannot be made: {0}")]
    Client(String),
}

impl InfluxConfig {
    /// Checks all that can be checked without the server and without the token's file.
    pub fn check(&self) -> Result<(), TelemetryError> {
        let wrong = |rule| {
            let mut url = self.url.clone();
            let hidden = url.set_password(None).is_ok();
            let url = if hidden { url.to_string() } else { self.url.scheme().to_owned() };
            Err(TelemetryError::Url { url, rule })
        };
        if !matches!(self.url.scheme(), "http" | "https") || !self.url.has_host() {
            return wrong("give http:// or https://, a host and a port");
        }
        if self.url.path() != "/" || self.url.query().is_some() || self.url.fragment().is_some() {
            return wrong("give no path and no query: `/api/v2/write` is added to the host");
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return wrong("give no user and no password: name the token's file in `influx.token_file`");
        }
        match (self.org.is_empty(), self.bucket.is_empty()) {
            (true, _) => Err(TelemetryError::Empty("org")),
            (_, true) => Err(TelemetryError::Empty("bucket")),
            _ => Ok(()),
        }
    }

    /// Reads the token. Empty when there is no file.
    #[cfg(any(test, feature = "influx"))]
    fn token(&self) -> Result<String, TelemetryError> {
        let Some(path) = &self.token_file else { return Ok(String::new()) };
        let text =
            std::fs::read_to_string(path).map_err(|source| TelemetryError::TokenFile { path: path.clone(), source })?;
        let token = text.trim();
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(TelemetryError::Token(path.clone()));
        }
        Ok(token.to_owned())
    }
}

/// How often, how much and how patiently points are carried. **Units**: real time, whatever the service's clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Most points that wait.
    pub queue_points: usize,
    /// Most points in one request.
    pub batch_points: usize,
    /// How long a point waits for others to go with.
    pub flush_every: Duration,
    /// How long an answer is waited for.
    pub write_timeout: Duration,
    /// First pause after a failure; it doubles with each further one.
    pub first_retry: Duration,
    /// Longest pause.
    pub longest_retry: Duration,
    /// How long the end of the service waits for the last points.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            queue_points: QUEUE_POINTS,
            batch_points: BATCH_POINTS,
            flush_every: Duration::from_secs(1),
            write_timeout: Duration::from_secs(5),
            first_retry: Duration::from_secs(1),
            longest_retry: Duration::from_mins(1),
            grace: Duration::from_secs(3),
        }
    }
}

/// A handle to tell things with. Clones share one queue; the default one forgets all it is told.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    queue: Option<Arc<Queue>>,
}

impl Telemetry {
    /// Hands a point over. Returns at once, whatever the server does. A point without a known number is no point.
    pub fn record(&self, point: Point) {
        if let Some(queue) = self.queue.as_ref().filter(|_| !point.is_empty()) {
            queue.push(point);
        }
    }

    /// Returns what became of the points so far.
    pub fn counts(&self) -> Counts {
        self.queue.as_ref().map(|queue| queue.counts()).unwrap_or_default()
    }

    /// Tells whether anybody listens, for callers to whom making points is dear.
    pub fn is_on(&self) -> bool {
        self.queue.is_some()
    }
}

/// The task that carries the points.
#[derive(Debug, Default)]
#[must_use = "points that still wait at the end are lost unless `finish` is awaited"]
pub struct TelemetryTask {
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl TelemetryTask {
    /// Writes what still waits, for [`Pace::grace`] at most, and ends the task. Call it when nothing records any more.
    pub async fn finish(self) {
        let Some((stop, task)) = self.running else { return };
        stop.cancel();
        if let Err(error) = task.await {
            tracing::error!(%error, "telemetry: the carrying task failed");
        }
    }
}

/// Starts telemetry: a handle for those who tell, and the task that carries. Without a configuration both do nothing.
///
/// **Errors**: the address is not one, or the token cannot be read. A server that is away is no error.
pub fn start(config: Option<&InfluxConfig>, pace: Pace) -> Result<(Telemetry, TelemetryTask), TelemetryError> {
    match config {
        None => Ok((Telemetry::default(), TelemetryTask::default())),
        Some(config) => start_influx(config, pace),
    }
}

#[cfg(feature = "influx")]
fn start_influx(config: &InfluxConfig, pace: Pace) -> Result<(Telemetry, TelemetryTask), TelemetryError> {
    Ok(start_with(influx::Influx::new(config)?, pace))
}

#[cfg(not(feature = "influx"))]
fn start_influx(config: &InfluxConfig, _: Pace) -> Result<(Telemetry, TelemetryTask), TelemetryError> {
    config.check()?;
    tracing::warn!("`[influx]` is ignored: this program was built without the feature `influx`");
    Ok((Telemetry::default(), TelemetryTask::default()))
}

#[cfg(any(test, feature = "influx"))]
fn start_with(writer: impl flush::Writer, pace: Pace) -> (Telemetry, TelemetryTask) {
    let queue = Arc::new(Queue::new(pace.queue_points, pace.batch_points));
    let stop = CancellationToken::new();
    let task = tokio::spawn(flush::run(Arc::clone(&queue), writer, pace, stop.clone()));
    (Telemetry { queue: Some(queue) }, TelemetryTask { running: Some((stop, task)) })
}
