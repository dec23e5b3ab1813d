//! From a configuration to a running service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::Clock;
use headroom_domain::time::ScaledClock;
use headroom_grid_api::server as grid_server;
use headroom_ocpi_adapter::server as ocpi_server;
use headroom_ocpi_adapter::server::{Peer, TlsFiles, serve_tls};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::config::{Checked, Config, TlsEntry, access};
use crate::control::{Context, Links, Views, links, outbox, planner, upkeep};
use crate::edge::admin::{self, Admin};
use crate::edge::partners::PartnerEdge;
use crate::edge::utility::{UtilityEdge, note_enrolment};
use crate::edge::{meter, ocpi, pull};
use crate::store::Store;
use crate::{http, telemetry};

/// How far ahead a utility may limit.
const LIMIT_HORIZON: TimeDelta = TimeDelta::days(60);
/// How many pulls may be due at once.
const PULLS_DUE: usize = 64;

/// Runs the service until told to stop.
pub async fn serve(checked: Checked, stop: CancellationToken) -> anyhow::Result<()> {
    let config = &checked.config;
    let store =
        Store::open(&config.store.path).await.with_context(|| format!("opening {}", config.store.path.display()))?;
    let clock: Arc<dyn Clock> = Arc::new(ScaledClock::new(config.clock, real_time));
    store.drop_unsent_requests(clock.now()).await?;
    let http_listener = listen(config.server.http_listen, "server.http_listen").await?;
    let grpc_listener = listen(config.server.grpc_listen, "server.grpc_listen").await?;

    let (due, pulls_due) = mpsc::channel(PULLS_DUE);
    let platform = ocpi::platform(config, &clock, &store, due).await?;
    let links = Links::load(&store).await?;
    let context = Arc::new(Context::new(&checked, store, Arc::clone(&clock), links)?);
    note_enrolment(&context).await?;
    let (telemetry, telemetry_task) = telemetry::start(config.influx.as_ref(), telemetry::Pace::default())?;

    let tasks = TaskTracker::new();
    let partners = Arc::new(PartnerEdge::new(Arc::clone(&context)));
    tasks.spawn(planner::run(Arc::clone(&context), telemetry, stop.clone()));
    tasks.spawn(outbox::run(Arc::clone(&context), platform.clone(), chance, stop.clone()));
    tasks.spawn(links::run(Arc::clone(&context), stop.clone()));
    tasks.spawn(upkeep::run(Arc::clone(&context), stop.clone()));
    tasks.spawn(ocpi::renew_outdated(platform.clone()));
    tasks.spawn(pull::run(Arc::clone(&context), platform.clone(), Arc::clone(&partners), pulls_due, stop.clone()));

    for note in checked.notes() {
        info!("{note}");
    }
    let admin = Admin {
        context: Arc::clone(&context),
        platform: platform.clone(),
        token: admin::token_or_made(config)?,
        remote: config.server.admin_remote,
    };
    let routes = ocpi_server::scsp(platform, partners)
        .merge(admin::router(admin))
        .merge(http::router(Arc::new(Views::new(Arc::clone(&context))), context.changes.subscribe()))
        .merge(meter::router(Arc::clone(&context)));
    let utility = Arc::new(UtilityEdge::new(Arc::clone(&context)));
    let grpc_options = grid_options(config, &clock, context.planned.subscribe())?;
    info!(http = %config.server.http_listen, grpc = %config.server.grpc_listen, "serving");
    let http_server = serve_http(http_listener, routes, config.server.tls.as_ref(), stop.clone());
    let grpc_server = grid_server::serve(grpc_listener, utility, grpc_options, stop.clone().cancelled_owned());
    let served = tokio::select! {
        served = async { tokio::try_join!(async { http_server.await.context("HTTP") }, async { grpc_server.await.context("gRPC") }) } => served.map(|_| ()),
        () = stopped_for(&stop, Duration::from_secs(5)) => Ok(()),
    };
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    telemetry_task.finish().await;
    served
}

async fn serve_http(
    listener: TcpListener,
    routes: axum::Router,
    tls: Option<&TlsEntry>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let stopped = stop.cancelled_owned();
    let Some(TlsEntry { certificates, key }) = tls else {
        let routes = routes.into_make_service_with_connect_info::<Peer>();
        return Ok(axum::serve(listener, routes).with_graceful_shutdown(stopped).await?);
    };
    let files = TlsFiles { certificates: certificates.clone(), key: key.clone() };
    Ok(serve_tls(listener, routes, &files, stopped).await?)
}

/// Open pages and streams get a moment to end; then the service ends without them.
async fn stopped_for(stop: &CancellationToken, grace: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}

#[expect(clippy::disallowed_methods, reason = "the one place where the service reads real time")]
fn real_time() -> DateTime<Utc> {
    Utc::now()
}

/// Returns a number in `[0, 1)` that nobody can foretell.
fn chance() -> f64 {
    let bits = u32::try_from(uuid::Uuid::new_v4().as_u128() >> 96).unwrap_or_default();
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

async fn listen(address: SocketAddr, field: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("`{field}`: {address} cannot be listened on; is it in use?"))
}

/// `planned` tells when every site has a plan: before that the server says that it is not ready.
fn grid_options(
    config: &Config,
    clock: &Arc<dyn Clock>,
    planned: watch::Receiver<bool>,
) -> anyhow::Result<grid_server::Options> {
    let jwt = config.grpc.jwt.as_ref();
    let jwks = jwt.map(|jwt| std::fs::read_to_string(&jwt.jwks)).transpose().context("`grpc.jwt.jwks`")?;
    let access = access(&config.utilities, jwt, jwks)
        .map_err(|mistakes| anyhow::anyhow!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    Ok(grid_server::Options {
        horizon_max: LIMIT_HORIZON,
        quotas: config.grpc.quotas(),
        clock_skew_tolerance: config.grpc.skew_tolerance(),
        tls: config.grpc.server_tls(),
        ready: planned,
        ..grid_server::Options::new(Arc::clone(clock), access)
    })
}
