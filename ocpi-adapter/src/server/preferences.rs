//! Charging preferences (OCPI 2.2.1 §9.2): told to the CPO, and handed on to a smart charging service by agreement.

use axum::http::Method;

use super::Asked;
use super::owned;
use super::reply::Reply;
use crate::envelope::INVALID;
use crate::hosts::{PreferenceReceiver, PreferenceReply};
use crate::wire::preferences::ChargingPreferences;
use crate::{lift, lower};

pub(super) async fn answer(host: &impl PreferenceReceiver, asked: &Asked, session_id: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::PUT {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let said: ChargingPreferences = asked.incoming.body()?;
    let preference = lower::preference::preference(&said, asked.platform.now()).map_err(Reply::invalid)?;
    match host.put_preference(&asked.caller.id, session_id, preference).await? {
        PreferenceReply::Answer(answer) => Ok(Reply::data(lift::answer(answer))),
        PreferenceReply::UnknownSession => {
            Err(Reply::not_found(INVALID, format!("session {session_id:?} is not known")))
        }
        PreferenceReply::NotCapable => {
            Err(Reply::not_found(INVALID, "the EVSE lacks the capability CHARGING_PREFERENCES_CAPABLE"))
        }
    }
}
