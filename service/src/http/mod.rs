//! The operator's page and the JSON API that is its only food.
//!
//! | path | what |
//! |---|---|
//! | `/` | the page of the only site, or the list of sites |
//! | `/sites/{id}` | the page of a site |
//! | `/api/v1/sites` | all sites, those with the least headroom first |
//! | `/api/v1/sites/{id}` | a site with all that its page shows ([`SiteView`]) |
//! | `/api/v1/sites/{id}/events` | Server-Sent Events that only say `changed` |
//! | `/assets/{name}`, `/favicon.ico` | scripts and styles, compiled into the program |
//!
//! It reads and never writes; what it shows comes from one [`SiteViews`].

mod api;
mod assets;
mod page;
#[cfg(test)]
mod tests;
mod view;
mod words;

use axum::Router;
use axum::extract::FromRef;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::watch;

#[cfg(feature = "simulate")]
pub(crate) use assets::chart_library;
pub use view::{
    Ahead, LimitEntry, LimitStep, Past, PastSession, PlanView, PriceStep, ProfileState, SessionView, SiteSummary,
    SiteView, SiteViews, limit_steps,
};
pub use words::{Badge, BadgeKind, ReasonView, Severity};

/// What the handlers share.
struct Shared<V> {
    views: Arc<V>,
    changed: watch::Receiver<u64>,
}

impl<V> Clone for Shared<V> {
    fn clone(&self) -> Self {
        Self { views: Arc::clone(&self.views), changed: self.changed.clone() }
    }
}

impl<V> FromRef<Shared<V>> for Arc<V> {
    fn from_ref(shared: &Shared<V>) -> Self {
        Self::clone(&shared.views)
    }
}

/// Returns the routes of the page and its API, ready to be merged with others: it has no fallback, and its security
/// headers are on its own routes only.
///
/// Send any new value through `changed` whenever a view may have changed; drop its sender to end the event streams, so
/// that a graceful shutdown need not wait for open pages.
pub fn router<V: SiteViews>(views: Arc<V>, changed: watch::Receiver<u64>) -> Router {
    Router::new()
        .route("/", get(page::home::<V>))
        .route("/sites/{id}", get(page::site::<V>))
        .route("/api/v1/sites", get(api::sites::<V>))
        .route("/api/v1/sites/{id}", get(api::site::<V>))
        .route("/api/v1/sites/{id}/events", get(api::events::<V>))
        .route("/assets/{name}", get(assets::asset))
        .route("/favicon.ico", get(assets::favicon))
        .route_layer(axum::middleware::map_response(with_security_headers))
        .with_state(Shared { views, changed })
}

/// Everything comes from this server, nothing is inline, nobody may frame it.
const SECURITY_HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

async fn with_security_headers(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Live data must never come from a cache; assets say for themselves how they may be kept.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
