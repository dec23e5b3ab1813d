//! The envelope of every answer, and its status codes (OCPI 2.2.1 §4.1, §5).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::wire::base::Timestamp;

/// Success.
pub(crate) const SUCCESS: u16 = 1000;
/// Generic error of the client.
pub(crate) const CLIENT_ERROR: u16 = 2000;
/// Invalid or missing parameters.
pub(crate) const INVALID: u16 = 2001;
/// Not enough information, such as no location.
pub(crate) const NOT_ENOUGH: u16 = 2002;
/// Unknown location.
pub(crate) const UNKNOWN_LOCATION: u16 = 2003;
/// Unknown token.
pub(crate) const UNKNOWN_TOKEN: u16 = 2004;
/// Generic error of the server.
pub(crate) const SERVER_ERROR: u16 = 3000;
/// The client's own versions or details could not be fetched.
pub(crate) const CLIENT_API: u16 = 3001;
/// No version in common.
pub(crate) const NO_VERSION: u16 = 3002;
/// An expected endpoint is missing.
pub(crate) const NO_ENDPOINT: u16 = 3003;
/// Generic error of a hub.
pub(crate) const HUB_ERROR: u16 = 4000;
/// The hub does not know the receiver.
pub(crate) const HUB_UNKNOWN_RECEIVER: u16 = 4001;
/// The receiver did not answer the hub in time.
pub(crate) const HUB_TIMEOUT: u16 = 4002;
/// The receiver is not connected to the hub.
pub(crate) const HUB_NOT_CONNECTED: u16 = 4003;

/// Writes an envelope.
pub(crate) fn write(data: Option<Value>, code: u16, message: Option<&str>, now: DateTime<Utc>) -> Value {
    let mut envelope = json!({ "status_code": code, "timestamp": Timestamp(now).to_string() });
    if let Some(data) = data {
        envelope["data"] = data;
    }
    if let Some(message) = message {
        envelope["status_message"] = message.into();
    }
    envelope
}

/// What an envelope held.
#[derive(Debug, Clone, Default)]
pub(crate) struct Envelope {
    pub code: Option<u16>,
    pub message: Option<String>,
    pub data: Value,
}

/// Reads an envelope; anything else has no code.
pub(crate) fn read(mut body: Value) -> Envelope {
    Envelope {
        code: body.get("status_code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()),
        message: body.get("status_message").and_then(Value::as_str).map(str::to_owned),
        data: body.get_mut("data").map(Value::take).unwrap_or_default(),
    }
}

/// Returns a single object, out of a list of one where a partner wraps it in a list.
pub(crate) fn single(data: Value) -> Value {
    match data {
        Value::Array(mut items) if items.len() == 1 => items.remove(0),
        data => data,
    }
}
