//! The server: answers utilities and asks a [`UtilityHost`].

mod access;
mod areas;
mod compliance;
mod desk;
mod flexibility;
mod health;
mod host;
mod info;
mod jwt;
mod limits;
mod options;
mod pages;
mod principals;
mod quota;
mod request;
mod skew;
mod status;
mod streams;
mod tls;

pub use access::{Access, CertificateGrant, CertificateIdentity, Grant, JwtConfig, TokenGrant};
pub use host::{
    AreaHost, AuditQuery, Caller, Cancellation, ComplianceHost, Credential, Expiry, FlexibilityHost, Heartbeat,
    LimitHost, Page, PutArea, REQUEST_ID_KEPT, Refusal, RefusedChange, ReportQuery, ReportSubject, RequestKey, Role,
    Roles, SetSafeMode, Submission, UtilityHost,
};
pub use options::{Options, ServeError};
pub use quota::QuotaLimits;
pub use tls::ServerTls;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::proto::compliance_service_server::ComplianceServiceServer;
use crate::proto::flexibility_service_server::FlexibilityServiceServer;
use crate::proto::grid_area_service_server::GridAreaServiceServer;
use crate::proto::grid_limit_service_server::GridLimitServiceServer;
use crate::proto::info_service_server::InfoServiceServer;
use crate::{causes, proto};
use desk::Desk;

const MESSAGE_BYTES_MAX: usize = 4 << 20;
const HEADER_BYTES_MAX: u32 = 16 << 10;
const CONCURRENT_CALLS_MAX: u32 = 64;
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long calls under way may take after the end has been asked for.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves on a listener until `shutdown` is ready; streams are then ended, and calls under way are given 5 s.
///
/// Beside our services it offers `grpc.health.v1` (serving while [`Options::ready`] says so, not serving from `shutdown` on)
/// and reflection.
pub async fn serve<H: UtilityHost>(
    listener: TcpListener,
    host: Arc<H>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let mut server = Server::builder();
    if let Some(tls) = &options.tls {
        let config = tls.load()?;
        server = server.tls_config(config).map_err(|error| ServeError::Access(causes(&error)))?;
    }
    let (stop, stopping) = watch::channel(false);
    let ready = options.ready.clone();
    let desk = Arc::new(Desk::new(host, options, stopping.clone())?);
    let (reporter, health) = tonic_health::server::health_reporter();
    let health_told = health::tell(reporter, ready, stopping.clone()).await;
    let mut routes = routes(&desk)?;
    routes = routes.add_service(health);
    let shutdown = async move {
        shutdown.await;
        stop.send_replace(true);
        // Told before the connections are closed, so that whoever watches knows.
        health_told.await.unwrap_or_default();
    };
    let serving = server
        .concurrency_limit_per_connection(CONCURRENT_CALLS_MAX as usize)
        .max_concurrent_streams(CONCURRENT_CALLS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .add_routes(routes)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), shutdown);
    tokio::select! {
        result = serving => result.map_err(|error| ServeError::Transport(causes(&error))),
        () = drained(stopping) => {
            tracing::info!("gRPC calls were still under way when the server stopped");
            Ok(())
        }
    }
}

/// A caller that watches our health would keep its connection open for ever.
async fn drained(mut stopping: watch::Receiver<bool>) {
    streams::stopped(&mut stopping).await;
    tokio::time::sleep(DRAIN).await;
}

fn routes<H: UtilityHost>(desk: &Arc<Desk<H>>) -> Result<Routes, ServeError> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let transport = |error: tonic_reflection::server::Error| ServeError::Transport(error.to_string());
    let desk = || Arc::clone(desk);
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(
            GridLimitServiceServer::new(limits::Limits { desk: desk() }).max_decoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(
            GridAreaServiceServer::new(areas::Areas { desk: desk() }).max_decoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(
            FlexibilityServiceServer::new(flexibility::Flexibility { desk: desk() })
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(
            ComplianceServiceServer::new(compliance::Compliance { desk: desk() })
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(InfoServiceServer::new(info::Info { desk: desk() }).max_decoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(reflection().build_v1().map_err(transport)?)
        .add_service(reflection().build_v1alpha().map_err(transport)?);
    Ok(routes.routes())
}
