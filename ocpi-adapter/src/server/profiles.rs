//! Charging profiles, as sender: results and active profiles come in (OCPI 2.2.1 §14.2). No answer has data.

use axum::http::Method;

use super::reply::Reply;
use super::{Asked, message, owned};
use crate::envelope::INVALID;
use crate::hosts::ProfileSender;
use crate::lower;
use crate::received::MessageKind;
use crate::wire::profiles::{ActiveChargingProfile, ActiveChargingProfileResult};

/// Takes a station's result of a request. It may come early, late or twice.
pub(super) async fn result(host: &impl ProfileSender, asked: &Asked, request_id: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::POST {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let lower = |body: ActiveChargingProfileResult| {
        let result = lower::profile::result(&body.result).ok_or("result: send ACCEPTED, REJECTED or UNKNOWN")?;
        Ok((result, body.profile.as_ref().map(lower::profile::active_profile).transpose()?))
    };
    let about = (MessageKind::ProfileResult, request_id);
    let (result, profile) = message::read(asked, about, &ActiveChargingProfileResult::CLASS, lower).await?;
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
    let lower = |body: ActiveChargingProfile| lower::profile::active_profile(&body);
    let about = (MessageKind::ActiveProfile, session_id);
    let profile = message::read(asked, about, &ActiveChargingProfile::CLASS, lower).await?;
    if host.active_profile(&asked.caller.id, session_id, profile).await? {
        Ok(Reply::done())
    } else {
        Err(Reply::not_found(INVALID, format!("session {session_id:?} is not known")))
    }
}
