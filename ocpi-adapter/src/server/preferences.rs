//! Charging preferences that are handed on to us (OCPI 2.2.1 §9.2, offered to eMSPs and CPOs by agreement).

use axum::http::Method;

use super::Asked;
use super::owned;
use super::reply::Reply;
use super::scsp::Scsp;
use crate::envelope::INVALID;
use crate::hosts::{PreferenceReply, ScspHost};
use crate::wire::preferences::ChargingPreferences;
use crate::{lift, lower};

pub(super) async fn answer<H: ScspHost>(scsp: &Scsp<H>, asked: &Asked, session_id: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::PUT {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let said: ChargingPreferences = asked.incoming.body()?;
    let preference = lower::preference::preference(&said, scsp.platform.now()).map_err(Reply::invalid)?;
    match scsp.host.put_preference(&asked.caller.id, session_id, preference).await? {
        PreferenceReply::Answer(answer) => Ok(Reply::data(lift::answer(answer))),
        PreferenceReply::UnknownSession => {
            Err(Reply::not_found(INVALID, format!("session {session_id:?} is not known")))
        }
        PreferenceReply::NotCapable => {
            Err(Reply::not_found(INVALID, "the EVSE lacks the capability CHARGING_PREFERENCES_CAPABLE"))
        }
    }
}
