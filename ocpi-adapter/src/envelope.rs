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

/// Parses JSON that is not nested too deep, which is looked at first: nothing is built of what would be thrown away.
///
/// **Errors**: what is wrong, without what was sent.
pub(crate) fn parse(text: &[u8], depth_max: usize) -> Result<Value, String> {
    if depth(text) > depth_max {
        return Err(format!("nested deeper than {depth_max} levels"));
    }
    serde_json::from_slice(text).map_err(|error| format!("no JSON: {error}"))
}

/// Returns how deep objects and lists lie in each other in a text, should it be JSON.
pub(crate) fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
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

#[cfg(test)]
mod tests {
    use super::{depth, parse};

    #[test]
    fn depth_counts_brackets_that_are_no_text() {
        let deep = |text: &str| depth(text.as_bytes());
        assert_eq!((deep("5"), deep("[]"), deep(r#"{"a":[{}],"b":[]}"#)), (0, 1, 3));
        assert_eq!((deep(r#"["[[[["]"#), deep(r#"["\"[["]"#), deep(r#"["\\",[[]]]"#)), (1, 1, 3));
        assert!(parse("[".repeat(1_000_000).as_bytes(), 32).unwrap_err().contains("deeper"));
        assert!(parse(b"[[1]]", 2).is_ok() && parse(b"[[1]]", 1).is_err());
    }
}
