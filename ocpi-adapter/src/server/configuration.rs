//! Versions and credentials: from platform to platform.

use axum::http::Method;

use super::Asked;
use super::reply::Reply;
use super::request::Incoming;
use crate::envelope::SERVER_ERROR;
use crate::platform::{Caller, Platform, Refusal, Standing, Wish, v211};
use crate::version::Version;
use crate::wire::credentials::Credentials;

pub(super) fn versions(platform: &Platform, incoming: &Incoming) -> Result<Reply, Reply> {
    get_only(incoming)?;
    Ok(Reply::data(platform.offered_versions()))
}

pub(super) fn details(platform: &Platform, asked: &Asked) -> Result<Reply, Reply> {
    get_only(&asked.incoming)?;
    Ok(Reply::data(platform.offered_details(asked.version)))
}

fn get_only(incoming: &Incoming) -> Result<(), Reply> {
    if incoming.method == Method::GET { Ok(()) } else { Err(Reply::not_allowed("only GET is answered here")) }
}

pub(super) async fn credentials(platform: &Platform, asked: &Asked, caller: &Caller) -> Result<Reply, Reply> {
    let Asked { version, incoming, .. } = asked;
    let wish = match incoming.method {
        // With the token that the caller uses now: only it knows it.
        Method::GET => return written(platform.credentials(&caller.token, &caller.partner.id, *version), *version),
        Method::DELETE => return platform.end(caller).await.map(|()| Reply::done()).map_err(Reply::from),
        Method::POST if caller.standing != Standing::Invited => return Err(Refusal::REGISTERED.into()),
        Method::PUT if caller.standing != Standing::Registered => return Err(Refusal::NOT_REGISTERED.into()),
        Method::POST => Wish::Register,
        Method::PUT => Wish::Update,
        _ => return Err(Reply::not_allowed("GET, POST, PUT and DELETE are answered here")),
    };
    let credentials = platform.read_credentials(&caller.partner.id, &incoming.json()?, *version).await;
    let credentials = credentials.map_err(Reply::invalid)?;
    written(platform.accept(caller, wish, *version, &credentials).await?, *version)
}

fn written(credentials: Credentials, version: Version) -> Result<Reply, Reply> {
    let unwritable = |error: serde_json::Error| Reply::refused(SERVER_ERROR, error.to_string());
    Ok(Reply::data(v211::write(credentials, version).map_err(unwritable)?))
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
