//! The server: answers utilities and asks a [`UtilityHost`].

mod access;
mod host;
mod info;
mod limits;
mod request;
mod status;

pub use access::Access;
pub use host::{Cancellation, Page, REQUEST_ID_KEPT, Refusal, Submission, UtilityHost};

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use headroom_domain::Clock;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::server::HealthReporter;

use crate::proto::grid_limit_service_server::{self, GridLimitServiceServer};
use crate::proto::info_service_server::{self, InfoServiceServer};
use crate::{causes, proto};

const MESSAGE_BYTES_MAX: usize = 4 << 20;
const HEADER_BYTES_MAX: u32 = 16 << 10;
const CONCURRENT_CALLS_MAX: u32 = 64;
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long calls under way may take after the end has been asked for.
const DRAIN: Duration = Duration::from_secs(5);

/// What the server is told.
#[derive(Clone)]
pub struct Options {
    /// Judges whether intervals are past.
    pub clock: Arc<dyn Clock>,
    /// Who may call.
    pub access: Access,
    /// How far ahead an interval may end.
    pub horizon_max: TimeDelta,
    /// The longest window of an effective limit.
    pub window_max: TimeDelta,
    /// After which a call is given up. Real time.
    pub call_timeout: Duration,
}

impl Options {
    /// Makes the usual options: 31 days ahead, windows of 14 days, 30 s for a call.
    pub fn new(clock: Arc<dyn Clock>, access: Access) -> Self {
        let (horizon_max, window_max) = (TimeDelta::days(31), TimeDelta::days(14));
        Self { clock, access, horizon_max, window_max, call_timeout: Duration::from_secs(30) }
    }
}

/// Why the server stopped, or did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The list of those who may call is wrong.
    #[error("access to the gRPC server: {0}")]
    Access(String),
    /// The transport failed.
    #[error("the gRPC server failed: {0}")]
    Transport(String),
}

/// What all services share.
struct Desk {
    options: Options,
    door: access::Door,
}

impl Desk {
    /// Waits for an answer as long as a call may take. The transport's own time-out would say CANCELLED, which callers do
    /// not repeat.
    async fn in_time<T, E: Into<Status>>(&self, answer: impl Future<Output = Result<T, E>>) -> Result<T, Status> {
        match tokio::time::timeout(self.options.call_timeout, answer).await {
            Ok(answer) => answer.map_err(Into::into),
            Err(_) => Err(status::too_late(self.options.call_timeout)),
        }
    }
}

/// Serves on a listener until `shutdown` is ready; calls under way are then given 5 s.
///
/// Beside our services it offers `grpc.health.v1` (serving from the start, not serving from `shutdown` on) and reflection.
pub async fn serve<H: UtilityHost>(
    listener: TcpListener,
    host: Arc<H>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (health, routes) = routes(host, options).await?;
    let (stopping, stopped) = oneshot::channel::<()>();
    let shutdown = async move {
        shutdown.await;
        set_health(&health, tonic_health::ServingStatus::NotServing).await;
        drop(stopping);
    };
    let serving = Server::builder()
        .concurrency_limit_per_connection(CONCURRENT_CALLS_MAX as usize)
        .max_concurrent_streams(CONCURRENT_CALLS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .add_routes(routes)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), shutdown);
    // A caller that watches our health would keep its connection open for ever.
    let drained = async move {
        stopped.await.ok();
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = serving => result.map_err(|error| ServeError::Transport(causes(&error))),
        () = drained => {
            tracing::info!("gRPC calls were still under way when the server stopped");
            Ok(())
        }
    }
}

async fn routes<H: UtilityHost>(host: Arc<H>, options: Options) -> Result<(HealthReporter, Routes), ServeError> {
    let door = access::Door::new(&options.access)?;
    let desk = Arc::new(Desk { options, door });
    let limits = GridLimitServiceServer::new(limits::Limits { host, desk: Arc::clone(&desk) })
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let info = InfoServiceServer::new(info::Info { desk }).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let (health, health_service) = tonic_health::server::health_reporter();
    set_health(&health, tonic_health::ServingStatus::Serving).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let transport = |error: tonic_reflection::server::Error| ServeError::Transport(error.to_string());
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(limits)
        .add_service(info)
        .add_service(health_service)
        .add_service(reflection().build_v1().map_err(transport)?)
        .add_service(reflection().build_v1alpha().map_err(transport)?);
    Ok((health, routes.routes()))
}

async fn set_health(health: &HealthReporter, status: tonic_health::ServingStatus) {
    for service in ["", grid_limit_service_server::SERVICE_NAME, info_service_server::SERVICE_NAME] {
        health.set_service_status(service, status).await;
    }
}
