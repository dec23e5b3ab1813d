//! Charge detail records, as receiver (OCPI 2.2.1 §10.2): posted once, never changed.

use axum::http::header::LOCATION;
use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::Asked;
use super::owned;
use super::reply::Reply;
use crate::envelope::INVALID;
use crate::hosts::CdrReceiver;
use crate::lower;
use crate::roaming::CdrKey;

/// Takes a record and tells where it is found from now on.
pub(super) async fn post(host: &impl CdrReceiver, asked: &Asked) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::POST {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let cdr = match lower::cdr::cdr(asked.origin(), asked.incoming.json()?) {
        Ok(cdr) => cdr,
        Err(rejected) => {
            let reply = Reply::from(rejected.clone());
            return Err(owned::once_told(host.rejected_cdr(&asked.caller.id, rejected).await, reply));
        }
    };
    let CdrKey { party, id, .. } = cdr.value.key.clone();
    owned::owner(asked, party.country_code(), party.party_id())?;
    if cdr.value.is_credit && cdr.value.credit_reference_id.is_none() {
        return Err(Reply::invalid("credit_reference_id: required for a credit"));
    }
    let version = asked.version.as_str();
    let url = asked.platform.url([version, "receiver", "cdrs", party.country_code(), party.party_id(), &id]);
    let reply = Reply { status: StatusCode::CREATED, ..Reply::put(host.put_cdr(cdr).await?) };
    Ok(reply.with(LOCATION, url.as_str()))
}

pub(super) async fn get(
    host: &impl CdrReceiver,
    asked: &Asked,
    country: &str,
    party: &str,
    id: &str,
) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::GET {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let party = owned::owner(asked, country, party)?;
    let key = CdrKey { partner: asked.caller.id.clone(), party, id: id.to_owned() };
    let unknown = || Reply::not_found(INVALID, format!("{}/{id} is not known", key.party));
    host.cdr(&key).await?.filter(Value::is_object).map(Reply::data).ok_or_else(unknown)
}
