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

use crate::hosts::{Asker, CpoHost, EmspHost, ScspHost};
use crate::lower::Origin;
use crate::partner::Partner;
use crate::platform::Platform;
use crate::version::Version;

mod answer;
mod authorize;
mod cdrs;
mod clients;
mod commands;
mod configuration;
mod cpo;
mod emsp;
mod hub;
mod lists;
mod locations;
mod message;
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
mod tokens;

use cpo::Cpo;
use emsp::Emsp;
pub use hub::Hub;
use reply::Reply;
use request::Incoming;
use scsp::Scsp;
pub use tls::{Peer, TlsError, TlsFiles, TlsListener, serve_tls};

/// Makes the router of a smart charging service: versions, credentials, locations, sessions, tariffs, tokens and charge
/// detail records as receiver, charging profiles as sender, and charging preferences.
pub fn scsp<H: ScspHost>(platform: Platform, host: Arc<H>) -> Router {
    router(platform, Scsp { host })
}

/// Makes the router of a charge point operator: versions, credentials, locations, sessions, tariffs and charge detail
/// records as sender, tokens, commands and charging profiles as receiver, and charging preferences.
pub fn cpo<H: CpoHost>(platform: Platform, host: Arc<H>) -> Router {
    router(platform, Cpo { host })
}

/// Makes the router of an eMSP: versions, credentials, locations, sessions, tariffs and charge detail records as
/// receiver, tokens, commands and charging profiles as sender.
pub fn emsp<H: EmspHost>(platform: Platform, host: Arc<H>) -> Router {
    router(platform, Emsp { host })
}

/// Makes the router of a hub: versions, credentials, who is connected, and both sides of all modules of its partners.
pub fn hub(hub: Hub) -> Router {
    router(hub.platform().clone(), hub)
}

/// Who calls, and what was asked of a module.
struct Asked {
    platform: Platform,
    caller: Arc<Partner>,
    /// The version in the path.
    version: Version,
    incoming: Incoming,
}

impl Asked {
    fn origin(&self) -> Origin<'_> {
        Origin { version: self.version, ..Origin::of(&self.caller, self.platform.now()) }
    }

    fn asker(&self) -> Asker {
        Asker { partner: self.caller.id.clone(), party: self.incoming.party("from") }
    }
}

/// The functional modules of a role.
trait Modules: Clone + Send + Sync + 'static {
    /// Answers a request to `interface/module/rest…`.
    fn answer(&self, asked: &Asked) -> impl Future<Output = Result<Reply, Reply>> + Send;

    /// Tells whether requests to others are taken too, as a hub does.
    fn passes_on(&self) -> bool {
        false
    }

    /// Hears that a link was made, renewed or ended.
    fn links_changed(&self, _caller: &Partner) -> impl Future<Output = ()> + Send {
        std::future::ready(())
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
