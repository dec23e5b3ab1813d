//! Who is connected to a hub, as any client of it (OCPI 2.2.1 §15.2). From platform to platform: no routing headers.

use axum::http::Method;
use headroom_domain::PartyId;

use super::Asked;
use super::owned;
use super::reply::Reply;
use crate::envelope::INVALID;
use crate::hosts::Outcome;
use crate::partner::Role;
use crate::{lift, lower};

pub(super) fn answer(asked: &Asked, country: &str, party: &str) -> Result<Reply, Reply> {
    let (platform, caller) = (&asked.platform, &asked.caller);
    if !caller.link().is_some_and(|link| link.has_role(&Role::Hub)) {
        return Err(Reply::not_found(INVALID, "you are no hub: see your credentials"));
    }
    let party = PartyId::new(country, party);
    match asked.incoming.method {
        Method::GET => {
            let known = platform.clients(&caller.id).into_iter().find(|client| client.party == party);
            let unknown = || Reply::not_found(INVALID, format!("{party} is not known: PUT it"));
            known.map(|client| Reply::data(lift::client_info(&client))).ok_or_else(unknown)
        }
        Method::PUT => {
            let client = lower::client_info::client_info(asked.origin(), asked.incoming.json()?)?.value;
            if client.party != party {
                return Err(Reply::invalid(format!(
                    "the URL names {party}, the object {}: make them the same",
                    client.party
                )));
            }
            Ok(Reply::put(platform.put_client(&caller.id, client).unwrap_or(Outcome::Stale)))
        }
        ref method => Err(owned::no_method(method)),
    }
}
