//! Utilities and the server over real connections on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod areas;
mod batch;
mod changes;
mod compliance;
mod connection;
mod flexibility;
mod host;
mod limits;
mod safe_mode;
mod security;
mod standard_services;
mod statuses;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::{EffectiveInterval, LimitInterval, LimitKind, Target, Terms};
use headroom_domain::time::ManualClock;
use headroom_domain::{Interval, NodeId, Power};
use headroom_grid_api::LimitDraft;
use headroom_grid_api::client::{ClientError, Refused, Utility};
use headroom_grid_api::server::{Access, Grant, Options, Role, ServeError, TokenGrant, serve};
use host::{Memory, SITE};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

const TOKEN: &str = "the-token-of-dso-1";

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0).unwrap()
}

fn window(start: i64, end: i64) -> Interval {
    Interval { start: at(start), end: at(end) }
}

fn site() -> Target {
    Target::ConnectionPoint(SITE.into())
}

/// A limit of `doe` with one import limit per `(start, end, watts)`.
fn draft(revision: i64, pieces: &[(i64, i64, f64)]) -> LimitDraft {
    let item = |&(start, end, import_w): &(i64, i64, f64)| LimitInterval {
        interval: window(start, end),
        maximum_import_w: Some(Power::from_w(import_w)),
        maximum_export_w: None,
    };
    LimitDraft {
        target: site(),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision,
        intervals: pieces.iter().map(item).collect(),
        reason: "feeder 7 is hot".to_owned(),
        terms: Terms::default(),
    }
}

/// A request id that a test can name.
fn request_id(number: u8) -> Uuid {
    uuid::Builder::from_random_bytes([number; 16]).into_uuid()
}

/// `start..end watts` of each piece; `-` where nothing limits import.
fn told(pieces: &[EffectiveInterval]) -> Vec<String> {
    let minute = |at_: DateTime<Utc>| (at_ - at(0)).num_minutes();
    let piece = |piece: &EffectiveInterval| {
        let watts = piece.maximum_import_w.as_ref().map_or("-".to_owned(), |(power, _)| power.as_w().to_string());
        format!("{}..{} {watts}", minute(piece.interval.start), minute(piece.interval.end))
    };
    pieces.iter().map(piece).collect()
}

/// The code and reason of a refusal.
#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Refused {
    answer.unwrap_err().refused().expect("a refusal").clone()
}

struct Server {
    host: Arc<Memory>,
    clock: Arc<ManualClock>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    async fn start() -> Self {
        Self::start_as(Self::options()).await
    }

    /// With a token for `dso-1` and one for `dso-2`.
    fn options() -> Options {
        let tokens = [(TOKEN, "dso-1"), ("the-token-of-dso-2", "dso-2")];
        let holder = |(token, utility): (&str, &str)| {
            let roles = [Role::Submit, Role::Read, Role::Test].into();
            let grant = Grant { utility: utility.to_owned(), roles, scope: None };
            TokenGrant { token: token.to_owned(), name: utility.to_owned(), grant }
        };
        let access = Access { tokens: tokens.map(holder).to_vec(), ..Access::default() };
        Options::new(Arc::new(ManualClock::new(at(0))), access)
    }

    async fn start_with(access: Access) -> Self {
        Self::start_as(Options { access, ..Self::options() }).await
    }

    /// The clock of the options is replaced by one that the test sets.
    async fn start_as(options: Options) -> Self {
        let clock = Arc::new(ManualClock::new(at(0)));
        let host = Arc::new(Memory::new(Arc::clone(&clock)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let options = Options { clock: clock.clone(), ..options };
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { stopped.await.unwrap_or_default() };
        let task = tokio::spawn(serve(listener, Arc::clone(&host), options, shutdown));
        Self { host, clock, url, stop: Some(stop), task }
    }

    fn utility(&self) -> Utility {
        Utility::connect(&self.url, "dso-1", Some(TOKEN)).unwrap()
    }

    fn ask_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    async fn stop(mut self) {
        self.ask_to_stop();
        self.task.await.unwrap().unwrap();
    }

    fn pass(&self, minutes: i64) {
        use headroom_domain::Clock;
        self.clock.set(self.clock.now() + TimeDelta::minutes(minutes));
    }
}
