//! What is answered, before it is on the wire.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use headroom_domain::PartyId;
use serde::Serialize;
use serde_json::Value;

use crate::envelope;
use crate::hosts::{HostError, Outcome};
use crate::platform::TooMany;
use crate::received::Rejected;

/// An answer: HTTP status and envelope.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub code: u16,
    pub message: Option<String>,
    pub data: Option<Value>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    fn new(status: StatusCode, code: u16, message: Option<String>) -> Self {
        Self { status, code, message, data: None, headers: Vec::new() }
    }

    /// Success without data.
    pub(crate) fn done() -> Self {
        Self::new(StatusCode::OK, envelope::SUCCESS, None)
    }

    /// Success with data.
    pub(crate) fn data(data: impl Serialize) -> Self {
        match serde_json::to_value(data) {
            Ok(data) => Self { data: Some(data), ..Self::done() },
            Err(error) => Self::refused(envelope::SERVER_ERROR, format!("the answer cannot be written: {error}")),
        }
    }

    /// Success of a PUT.
    pub(crate) fn put(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Created => Self { status: StatusCode::CREATED, ..Self::done() },
            Outcome::Updated => Self::done(),
            Outcome::Stale => {
                Self { message: Some("older than what is known (last_updated): not stored".to_owned()), ..Self::done() }
            }
        }
    }

    /// An OCPI error in a request that HTTP has nothing against.
    pub(crate) fn refused(code: u16, message: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, code, Some(message.into()))
    }

    /// 2001 in a request that HTTP has nothing against.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::refused(envelope::INVALID, message)
    }

    /// 401.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, envelope::CLIENT_ERROR, Some(message.into()))
    }

    /// 404.
    pub(crate) fn not_found(code: u16, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, Some(message.into()))
    }

    /// 429.
    pub(crate) fn too_many(TooMany(wait): TooMany) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let reply = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            envelope::CLIENT_ERROR,
            Some(format!("too many requests: wait {seconds} s")),
        );
        reply.with(RETRY_AFTER, &seconds.to_string())
    }

    /// Wraps a single object in a list, as some partners expect it.
    pub(crate) fn wrapped(mut self) -> Self {
        self.data = self.data.map(|data| if data.is_array() { data } else { Value::Array(vec![data]) });
        self
    }

    /// 405.
    pub(crate) fn not_allowed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, envelope::CLIENT_ERROR, Some(message.into()))
    }

    /// Any other HTTP error.
    pub(crate) fn http(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, envelope::INVALID, Some(message.into()))
    }

    /// Tells from which party it is, where it is not the one that was asked.
    pub(crate) fn of_party(self, party: &PartyId) -> Self {
        self.with(HeaderName::from_static("ocpi-from-country-code"), party.country_code())
            .with(HeaderName::from_static("ocpi-from-party-id"), party.party_id())
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

impl From<Rejected> for Reply {
    fn from(rejected: Rejected) -> Self {
        Self::invalid(rejected.reason())
    }
}

impl From<HostError> for Reply {
    fn from(error: HostError) -> Self {
        tracing::error!(%error, "a partner's request could not be carried out");
        Self::refused(envelope::SERVER_ERROR, "the request could not be carried out: try again later")
    }
}
