//! Whether a driver may charge, as the eMSP that is asked (OCPI 2.2.1 §12.2.1).

use axum::http::Method;

use super::reply::Reply;
use super::{Asked, owned, tokens};
use crate::envelope::{NOT_ENOUGH, UNKNOWN_LOCATION, UNKNOWN_TOKEN};
use crate::hosts::TokenSender;
use crate::roaming::{AuthorizationAsked, AuthorizationReply, LocationReference};
use crate::wire::tokens::LocationReferences;
use crate::{lift, lower};

pub(super) async fn answer(host: &impl TokenSender, asked: &Asked, uid: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::POST {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let question = AuthorizationAsked { uid: uid.to_owned(), kind: tokens::kind(asked), location: place(asked)? };
    Ok(match host.authorize(&asked.caller.id, question).await? {
        AuthorizationReply::Answer(authorization) => Reply::data(lift::authorization(&authorization)),
        // The text asks for both (OCPI 2.2.1 §12.2.1).
        AuthorizationReply::UnknownToken => Reply::not_found(UNKNOWN_TOKEN, format!("token {uid:?} is not known")),
        AuthorizationReply::LocationNeeded => {
            Reply::refused(NOT_ENOUGH, "send LocationReferences: it depends on where")
        }
        AuthorizationReply::UnknownLocation => Reply::refused(UNKNOWN_LOCATION, "location_id: not known here"),
    })
}

/// Returns where the driver stands; the body may be absent.
fn place(asked: &Asked) -> Result<Option<LocationReference>, Reply> {
    if asked.incoming.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let place: Option<LocationReferences> = asked.incoming.body()?;
    Ok(place.map(lower::token::location_reference))
}
