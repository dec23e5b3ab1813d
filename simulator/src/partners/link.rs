//! What the OCPI partners have in common: their server, and their link with the service.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use headroom_domain::{Clock, PartnerId, PartyId};
use headroom_ocpi_adapter::hosts::Unsaved;
use headroom_ocpi_adapter::{Platform, PlatformConfig, PlatformError, Role, Secret};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

/// How the service is reached by OCPI, and where it reaches us.
#[derive(Debug, Clone)]
pub struct OcpiLink {
    /// Where the service lists its versions.
    pub versions_url: Url,
    /// The token A that it gave us.
    pub token_a: Secret,
    /// Where we listen; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// How long to wait before trying again what the service did not answer. Real time.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// The service, as the virtual partners call it.
pub(super) fn service() -> PartnerId {
    PartnerId::new("headroom")
}

/// Makes the platform of a virtual partner that listens at an address.
pub(super) fn platform(
    listener: &TcpListener,
    role: Role,
    party: PartyId,
    name: &str,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Platform> {
    let url = Url::parse(&format!("http://{}/ocpi", listener.local_addr()?))?;
    let mut config = PlatformConfig::new(url, role, party, name);
    config.request_timeout = Duration::from_secs(5);
    Ok(Platform::new(config, clock, Vec::new(), Arc::new(Unsaved))?)
}

/// Serves until told to stop.
pub(super) fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stopped = async move {
            // An error means that nobody can stop us any more, which is a stop.
            drop(stop.wait_for(|stop| *stop).await);
        };
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "the server of a virtual partner failed");
        }
    })
}

/// Registers with the service, however often it takes.
pub(super) async fn register(platform: &Platform, link: &OcpiLink) {
    loop {
        match platform.register(&service(), &link.versions_url, &link.token_a).await {
            Ok(()) | Err(PlatformError::AlreadyRegistered(_)) => return,
            Err(error) => tracing::info!(%error, "not registered yet"),
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Runs work until it is done or a stop is asked for; true when it is done.
pub(super) async fn until(work: impl Future<Output = ()>, stop: impl Future<Output = ()>) -> bool {
    tokio::select! {
        () = work => true,
        () = stop => false,
    }
}
