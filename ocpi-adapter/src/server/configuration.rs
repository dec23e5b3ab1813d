//! Versions and credentials: from platform to platform.

use axum::http::Method;
use serde_json::json;

use super::reply::Reply;
use super::request::Incoming;
use crate::partner::{Partner, Registration};
use crate::platform::{Platform, Refusal, Standing, Wish, our_endpoints};
use crate::wire::v221::VERSION;
use crate::wire::v221::credentials::Credentials;
use crate::wire::v221::versions::{Endpoint, InterfaceRole, ModuleId, VersionDetails};

pub(super) fn versions(platform: &Platform, incoming: &Incoming) -> Result<Reply, Reply> {
    get_only(incoming)?;
    Ok(Reply::data(json!([{ "version": VERSION, "url": platform.url([VERSION]) }])))
}

pub(super) fn details(platform: &Platform, incoming: &Incoming) -> Result<Reply, Reply> {
    get_only(incoming)?;
    let endpoints = our_endpoints(&platform.config().role).iter().map(|(module, role)| {
        let url = match (module, role) {
            (ModuleId::Credentials, _) => platform.url([VERSION, "credentials"]),
            (_, InterfaceRole::Receiver) => platform.url([VERSION, "receiver", module.as_str()]),
            (_, _) => platform.url([VERSION, "sender", module.as_str()]),
        };
        Endpoint { identifier: module.clone(), role: Some(role.clone()), url: url.to_string() }
    });
    Ok(Reply::data(VersionDetails { version: Some(VERSION.to_owned()), endpoints: endpoints.collect() }))
}

fn get_only(incoming: &Incoming) -> Result<(), Reply> {
    if incoming.method == Method::GET { Ok(()) } else { Err(Reply::not_allowed("only GET is answered here")) }
}

pub(super) async fn credentials(
    platform: &Platform,
    caller: &Partner,
    standing: Standing,
    incoming: &Incoming,
) -> Result<Reply, Reply> {
    let wish = match incoming.method {
        Method::GET => return current(platform, caller),
        Method::DELETE => {
            return platform.end(caller, standing).await.map(|()| Reply::done()).map_err(Reply::from);
        }
        Method::POST if standing != Standing::Invited => return Err(Refusal::REGISTERED.into()),
        Method::PUT if standing != Standing::Registered => return Err(Refusal::NOT_REGISTERED.into()),
        Method::POST => Wish::Register,
        Method::PUT => Wish::Update,
        _ => return Err(Reply::not_allowed("GET, POST, PUT and DELETE are answered here")),
    };
    let credentials: Credentials = incoming.body()?;
    let ours = platform.accept(caller, wish, &credentials).await?;
    Ok(Reply::data(ours))
}

/// Returns our credentials with the token that the caller uses now.
fn current(platform: &Platform, caller: &Partner) -> Result<Reply, Reply> {
    match &caller.registration {
        Registration::Invited { token_a: token } => Ok(Reply::data(platform.credentials(token))),
        Registration::Registered(link) => Ok(Reply::data(platform.credentials(&link.token_received))),
        Registration::None => Err(Refusal::NOT_REGISTERED.into()),
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotNow(message) => Self::not_allowed(message),
            Refusal::DeadToken => Self::unauthorized("the token was replaced by another request"),
            Refusal::Ocpi(code, message) => Self::refused(code, message),
        }
    }
}
