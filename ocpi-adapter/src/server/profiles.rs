//! Charging profiles, as sender: results and active profiles come in (OCPI 2.2.1 §14.2). No answer has data.

use axum::http::Method;

use super::Asked;
use super::owned;
use super::reply::Reply;
use crate::envelope::INVALID;
use crate::hosts::ProfileSender;
use crate::lower;
use crate::wire::profiles::{ActiveChargingProfile, ActiveChargingProfileResult};

/// Takes a station's result of a request. It may come early, late or twice.
pub(super) async fn result(host: &impl ProfileSender, asked: &Asked, request_id: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::POST {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let body: ActiveChargingProfileResult = asked.incoming.body()?;
    let result = lower::profile::result(&body.result)
        .ok_or_else(|| Reply::invalid("result: send ACCEPTED, REJECTED or UNKNOWN"))?;
    let profile = body.profile.as_ref().map(lower::profile::active_profile).transpose().map_err(Reply::invalid)?;
    if host.profile_result(&asked.caller.id, request_id, result, profile).await? {
        Ok(Reply::done())
    } else {
        Err(Reply::invalid(format!("no request {request_id:?} was sent to you")))
    }
}

/// Takes word of a changed active profile.
pub(super) async fn active(host: &impl ProfileSender, asked: &Asked, session_id: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::PUT {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let body: ActiveChargingProfile = asked.incoming.body()?;
    let profile = lower::profile::active_profile(&body).map_err(Reply::invalid)?;
    if host.active_profile(&asked.caller.id, session_id, profile).await? {
        Ok(Reply::done())
    } else {
        Err(Reply::not_found(INVALID, format!("session {session_id:?} is not known")))
    }
}
