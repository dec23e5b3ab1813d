//! The JSON API.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::view::{SiteSummary, SiteView, SiteViews};

/// At most so often a page is told that something changed; what changes in between is told at the end.
const BETWEEN_EVENTS: Duration = Duration::from_millis(500);

/// The answer of `GET /api/v1/sites`.
#[derive(Serialize)]
pub(super) struct Sites {
    sites: Vec<SiteSummary>,
}

/// What went wrong, as RFC 9457 says it.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
}

impl Problem {
    /// Says that there is no such site, and which there are.
    pub(super) async fn no_site<V: SiteViews>(id: &str, views: &V) -> Self {
        let known: Vec<_> = views.sites().await.into_iter().map(|site| format!("`{}`", site.id)).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let detail = format!("there is no site `{id}`: known sites are {known}");
        Self { kind: "about:blank", title: "Not Found", status: StatusCode::NOT_FOUND.as_u16(), detail }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self)).into_response()
    }
}

pub(super) async fn sites<V: SiteViews>(State(views): State<Arc<V>>) -> Json<Sites> {
    Json(Sites { sites: by_headroom(&*views).await })
}

/// Returns the sites, those with the least headroom first.
pub(super) async fn by_headroom<V: SiteViews>(views: &V) -> Vec<SiteSummary> {
    let mut sites = views.sites().await;
    sites.sort_by(|first, second| (first.headroom_now_w, &first.name).cmp(&(second.headroom_now_w, &second.name)));
    sites
}

pub(super) async fn site<V: SiteViews>(
    State(views): State<Arc<V>>,
    Path(id): Path<String>,
) -> Result<Json<SiteView>, Problem> {
    match views.site(&id).await {
        Some(view) => Ok(Json(view)),
        None => Err(Problem::no_site(&id, &*views).await),
    }
}

/// Says `changed` whenever the page should ask again, and once at the start.
pub(super) async fn events<V: SiteViews>(
    State(shared): State<Shared<V>>,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    if shared.views.site(&id).await.is_none() {
        return Err(Problem::no_site(&id, &*shared.views).await);
    }
    let changes = stream::unfold((shared.changed, true), async |(mut changed, first)| {
        if !first {
            tokio::time::sleep(BETWEEN_EVENTS).await;
            changed.changed().await.ok()?;
        }
        let revision = *changed.borrow_and_update();
        let event = Event::default().event("changed").data(revision.to_string());
        Some((Ok(event), (changed, false)))
    });
    Ok(Sse::new(changes).keep_alive(KeepAlive::default()))
}
