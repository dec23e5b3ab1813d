//! Versions and credentials: from platform to platform.

use axum::http::Method;

use super::Asked;
use super::reply::Reply;
use super::request::Incoming;
use crate::partner::{Partner, Registration};
use crate::platform::{Platform, Refusal, Standing, Wish, our_endpoints};
use crate::version::Version as AgreedVersion;
use crate::wire::credentials::Credentials;
use crate::wire::versions::{Endpoint, InterfaceRole, ModuleId, Version, VersionDetails, VersionNumber};

pub(super) fn versions(platform: &Platform, incoming: &Incoming) -> Result<Reply, Reply> {
    get_only(incoming)?;
    let versions = platform.config().versions.iter().map(|version| Version {
        version: VersionNumber::from(version.as_str().to_owned()),
        url: platform.url([version.as_str()]).to_string(),
    });
    Ok(Reply::data(versions.collect::<Vec<_>>()))
}

pub(super) fn details(platform: &Platform, asked: &Asked) -> Result<Reply, Reply> {
    get_only(&asked.incoming)?;
    let version = asked.version.as_str();
    let endpoints = our_endpoints(&platform.config().role).iter().map(|(module, role)| {
        let url = match (module, role) {
            (ModuleId::Credentials, _) => platform.url([version, "credentials"]),
            (_, InterfaceRole::Receiver) => platform.url([version, "receiver", module.as_str()]),
            (_, _) => platform.url([version, "sender", module.as_str()]),
        };
        Endpoint { identifier: module.clone(), role: Some(role.clone()), url: url.to_string() }
    });
    let version = Some(VersionNumber::from(version.to_owned()));
    Ok(Reply::data(VersionDetails { version, endpoints: endpoints.collect() }))
}

fn get_only(incoming: &Incoming) -> Result<(), Reply> {
    if incoming.method == Method::GET { Ok(()) } else { Err(Reply::not_allowed("only GET is answered here")) }
}

pub(super) async fn credentials(platform: &Platform, asked: &Asked, standing: Standing) -> Result<Reply, Reply> {
    let Asked { caller, version, incoming, .. } = asked;
    let wish = match incoming.method {
        Method::GET => return current(platform, caller, *version),
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
    let ours = platform.accept(caller, wish, *version, &credentials).await?;
    Ok(Reply::data(ours))
}

/// Returns our credentials with the token that the caller uses now.
fn current(platform: &Platform, caller: &Partner, version: AgreedVersion) -> Result<Reply, Reply> {
    match &caller.registration {
        Registration::Invited { token_a: token } => Ok(Reply::data(platform.credentials(token, &caller.id, version))),
        Registration::Registered(link) => {
            Ok(Reply::data(platform.credentials(&link.token_received, &caller.id, version)))
        }
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
