//! Charging preferences (OCPI 2.2.1 §9.2): told to the CPO, and handed on to a smart charging service by agreement.

use axum::http::Method;

use super::reply::Reply;
use super::{Asked, message, owned};
use crate::envelope::INVALID;
use crate::hosts::{PreferenceReceiver, PreferenceReply};
use crate::received::MessageKind;
use crate::wire::preferences::ChargingPreferences;
use crate::{lift, lower};

pub(super) async fn answer(host: &impl PreferenceReceiver, asked: &Asked, session_id: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::PUT {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let lower = |said: ChargingPreferences| lower::preference::preference(&said, asked.platform.now());
    let about = (MessageKind::Preference, session_id);
    let preference = message::read(asked, about, &ChargingPreferences::CLASS, lower).await?;
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
