//! What partners call: an axum router for each role.
//!
//! The routers answer under the path of `PlatformConfig::public_url`; merge them into the program's own router (do not
//! nest them: the path is part of what was given to partners).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use axum::routing::any;

use crate::hosts::{CpoHost, ScspHost};
use crate::lower::Origin;
use crate::partner::Partner;
use crate::platform::Platform;
use crate::version::Version;

mod answer;
mod configuration;
mod cpo;
mod lists;
mod locations;
mod owned;
mod preferences;
mod profile_requests;
mod profiles;
mod reply;
mod request;
mod scsp;
mod sessions;
mod tariffs;
mod tls;

use cpo::Cpo;
use reply::Reply;
use request::Incoming;
use scsp::Scsp;
pub use tls::{Peer, TlsError, TlsFiles, TlsListener, serve_tls};

/// Makes the router of a smart charging service: versions, credentials, locations, sessions and tariffs as receiver,
/// charging profiles as sender, and charging preferences.
pub fn scsp<H: ScspHost>(platform: Platform, host: Arc<H>) -> Router {
    router(platform.clone(), Scsp { platform, host })
}

/// Makes the router of a charge point operator: versions, credentials, locations, sessions and tariffs as sender, and
/// charging profiles as receiver.
pub fn cpo<H: CpoHost>(platform: Platform, host: Arc<H>) -> Router {
    router(platform.clone(), Cpo { platform, host })
}

/// Makes the router of an eMSP: versions and credentials.
pub fn emsp(platform: Platform) -> Router {
    router(platform, NoModules)
}

/// Who calls, and what was asked of a module.
struct Asked {
    caller: Arc<Partner>,
    /// The version in the path.
    version: Version,
    incoming: Incoming,
}

impl Asked {
    fn origin(&self) -> Origin<'_> {
        Origin { partner: &self.caller.id, dialect: &self.caller.dialect, version: self.version }
    }
}

/// The functional modules of a role.
trait Modules: Clone + Send + Sync + 'static {
    /// Answers a request to `interface/module/rest…`.
    fn answer(&self, asked: &Asked) -> impl Future<Output = Result<Reply, Reply>> + Send;
}

#[derive(Clone)]
struct NoModules;

impl Modules for NoModules {
    async fn answer(&self, _: &Asked) -> Result<Reply, Reply> {
        Err(Incoming::unknown_path())
    }
}

/// Paths are taken apart by hand, because `//` and a slash at the end are as good as the path itself.
fn router(platform: Platform, modules: impl Modules) -> Router {
    let segments = platform.config().public_url.path().split('/').filter(|part| !part.is_empty());
    let prefix: Arc<[String]> = segments.map(str::to_owned).collect();
    let root = prefix.iter().fold(String::new(), |path, part| format!("{path}/{part}"));
    let handler = move |request: Request<Body>| {
        let (platform, modules, prefix) = (platform.clone(), modules.clone(), prefix.clone());
        async move { answer_whole(platform, modules, prefix, request).await }
    };
    Router::new().route(&format!("{root}/{{*rest}}"), any(handler))
}

/// Answers a request to its end even when the caller hangs up: what is half done cannot be told from what is done.
async fn answer_whole(
    platform: Platform,
    modules: impl Modules,
    prefix: Arc<[String]>,
    request: Request<Body>,
) -> Response {
    let frame = answer::Frame::of(&platform, &request);
    let asked = tokio::spawn(async move { answer::answer(&platform, &modules, &prefix, request).await });
    let reply = asked.await.unwrap_or_else(|error| {
        tracing::error!(%error, "answering a partner failed");
        Reply::http(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "the request could not be carried out")
    });
    frame.close(reply)
}
