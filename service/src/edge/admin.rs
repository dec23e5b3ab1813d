//! What the operator does with partners, from the command line.
//!
//! | path | what |
//! |---|---|
//! | `GET /api/v1/partners` | all partners ([`PartnerView`]) |
//! | `POST /api/v1/partners/{name}/invite` | makes a token A ([`Invitation`]) |
//! | `POST /api/v1/partners/{name}/register` | makes the link, our side starts ([`Registering`]) |
//! | `POST /api/v1/partners/{name}/rotate` | renews both tokens and fetches the endpoints again |
//! | `POST /api/v1/partners/{name}/unregister` | ends the link |
//! | `POST /api/v1/partners/{name}/lint` | looks at its lists and keeps nothing ([`LintReport`]) |
//! | `GET /api/v1/partners/{name}/report` | what was wrong with what it sent ([`Report`]) |
//!
//! Every request needs `Authorization: Bearer` with the admin token, and comes from this machine unless the
//! configuration says otherwise.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use headroom_ocpi_adapter::server::Peer;
use headroom_ocpi_adapter::{Dialect, Platform, PlatformError, Secret};
use serde::{Deserialize, Serialize};
use tracing::{error, info};
use url::Url;

use super::lint::lint;
use super::meter::{bears, problem};
use crate::config::{PARTNER_NAME, is_partner_name};
use crate::control::Context;
use crate::store::StoreError;

pub use super::lint::{LintReport, ModuleLint};
pub use token::{TokenError, driver_salt, token, token_or_made};
pub use view::{KeptView, PartnerView, Period, PullView, RejectedView, Report};

mod token;
mod view;

/// What the handlers need.
pub struct Admin {
    /// The record and the clock.
    pub context: Arc<Context>,
    /// Our side of every link.
    pub platform: Platform,
    /// What a caller proves itself with.
    pub token: Secret,
    /// Whether callers may be on other machines.
    pub remote: bool,
}

/// What a partner needs to register with us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The partner.
    pub name: String,
    /// The token A, to be handed over on a safe way.
    pub token: String,
    /// Where our versions are.
    pub versions_url: Url,
}

/// What we need to register with a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registering {
    /// Where its versions are.
    pub versions_url: Url,
    /// The token A that it gave us.
    pub token: String,
}

/// All partners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partners {
    /// By name.
    pub partners: Vec<PartnerView>,
}

/// Returns the routes.
pub fn router(admin: Admin) -> axum::Router {
    let admin = Arc::new(admin);
    axum::Router::new()
        .route("/api/v1/partners", get(list))
        .route("/api/v1/partners/{name}/invite", post(invite))
        .route("/api/v1/partners/{name}/register", post(register))
        .route("/api/v1/partners/{name}/rotate", post(rotate))
        .route("/api/v1/partners/{name}/unregister", post(unregister))
        .route("/api/v1/partners/{name}/lint", post(lint_partner))
        .route("/api/v1/partners/{name}/report", get(report))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&admin), guard))
        .with_state(admin)
}

/// Lets only the operator through.
async fn guard(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|peer| peer.0.0.ip().to_canonical());
    // What a proxy on this machine passes on does not come from this machine.
    let passed_on = headers.contains_key(header::FORWARDED) || headers.contains_key("x-forwarded-for");
    if !admin.remote && (passed_on || !peer.is_some_and(|peer| peer.is_loopback())) {
        return problem(StatusCode::FORBIDDEN, "only from this machine, unless `server.admin_remote` is set");
    }
    if !bears(headers, admin.token.expose()) {
        let refused = problem(StatusCode::UNAUTHORIZED, "send `Authorization: Bearer` with the admin token");
        return ([(header::WWW_AUTHENTICATE, "Bearer")], refused).into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// Why a wish of the operator was not done.
enum Failure {
    Name,
    Unknown(String),
    NoLink(String),
    Body(JsonRejection),
    Platform(PlatformError),
    Store(StoreError),
}

impl From<PlatformError> for Failure {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Name => problem(StatusCode::UNPROCESSABLE_ENTITY, PARTNER_NAME),
            Self::Unknown(name) => problem(
                StatusCode::NOT_FOUND,
                &format!("partner {name} is not known: `headroom partners list` shows those that are"),
            ),
            Self::NoLink(name) => {
                problem(StatusCode::CONFLICT, &format!("partner {name} is not registered: make the link first"))
            }
            Self::Body(rejection) => problem(rejection.status(), &rejection.body_text()),
            Self::Platform(error) => {
                let status = match &error {
                    PlatformError::UnknownPartner(_) => StatusCode::NOT_FOUND,
                    PlatformError::AlreadyRegistered(_) => StatusCode::CONFLICT,
                    PlatformError::Store(..) | PlatformError::Http(_) => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::BAD_GATEWAY,
                };
                problem(status, &error.to_string())
            }
            Self::Store(error) => {
                error!(%error, "the operator could not be answered");
                problem(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer: try again")
            }
        }
    }
}

impl Admin {
    fn name(name: &str) -> Result<PartnerId, Failure> {
        if is_partner_name(name) { Ok(PartnerId::new(name)) } else { Err(Failure::Name) }
    }

    fn known(&self, name: &str) -> Result<PartnerId, Failure> {
        let id = Self::name(name)?;
        match self.platform.partner(&id) {
            Some(_) => Ok(id),
            None => Err(Failure::Unknown(name.to_owned())),
        }
    }

    fn linked(&self, name: &str) -> Result<PartnerId, Failure> {
        let id = self.known(name)?;
        let linked = self.platform.partner(&id).is_some_and(|partner| partner.link().is_some());
        if linked { Ok(id) } else { Err(Failure::NoLink(name.to_owned())) }
    }

    /// Writes down what the operator did.
    async fn did(&self, action: &str, partner: &PartnerId) -> Result<(), StoreError> {
        info!(%partner, action, "by the operator");
        self.context.store.audit(self.context.clock.now(), "operator", action, partner.as_str(), "").await
    }

    fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }
}

type Shared = State<Arc<Admin>>;

async fn list(State(admin): Shared) -> Result<Json<Partners>, Failure> {
    Ok(Json(Partners { partners: view::partners(&admin).await? }))
}

async fn invite(State(admin): Shared, Path(name): Path<String>) -> Result<Json<Invitation>, Failure> {
    let id = Admin::name(&name)?;
    let dialect = admin.platform.partner(&id).map_or_else(Dialect::default, |known| known.dialect);
    let token = admin.platform.invite(&id, dialect).await?;
    admin.did("invite", &id).await?;
    let (token, versions_url) = (token.expose().to_owned(), admin.platform.versions_url());
    Ok(Json(Invitation { name, token, versions_url }))
}

async fn register(
    State(admin): Shared,
    Path(name): Path<String>,
    body: Result<Json<Registering>, JsonRejection>,
) -> Result<Json<PartnerView>, Failure> {
    let id = Admin::name(&name)?;
    let Json(body) = body.map_err(Failure::Body)?;
    admin.platform.register(&id, &body.versions_url, &Secret::new(body.token)).await?;
    admin.did("register", &id).await?;
    shown(&admin, &id).await
}

async fn rotate(State(admin): Shared, Path(name): Path<String>) -> Result<Json<PartnerView>, Failure> {
    let id = admin.linked(&name)?;
    admin.platform.renew(&id).await?;
    admin.did("rotate", &id).await?;
    shown(&admin, &id).await
}

async fn unregister(State(admin): Shared, Path(name): Path<String>) -> Result<Json<PartnerView>, Failure> {
    let id = admin.linked(&name)?;
    admin.platform.unregister(&id).await?;
    admin.did("unregister", &id).await?;
    shown(&admin, &id).await
}

async fn lint_partner(State(admin): Shared, Path(name): Path<String>) -> Result<Json<LintReport>, Failure> {
    let id = admin.linked(&name)?;
    let link = admin.platform.partner(&id).and_then(|partner| partner.link().cloned());
    let link = link.ok_or_else(|| Failure::NoLink(name))?;
    Ok(Json(lint(&admin.platform, &id, &link, admin.now()).await))
}

async fn report(State(admin): Shared, Path(name): Path<String>) -> Result<Json<Report>, Failure> {
    let id = admin.known(&name)?;
    let partner = admin.platform.partner(&id).ok_or(Failure::Unknown(name))?;
    Ok(Json(view::report(&admin, &partner).await?))
}

async fn shown(admin: &Admin, id: &PartnerId) -> Result<Json<PartnerView>, Failure> {
    let found = view::partners(admin).await?.into_iter().find(|partner| partner.name == id.as_str());
    found.map(Json).ok_or_else(|| Failure::Unknown(id.to_string()))
}
