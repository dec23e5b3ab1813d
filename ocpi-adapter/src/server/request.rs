//! What was asked, read from the wire.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use headroom_domain::PartyId;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::reply::Reply;

/// Most bytes of a body.
const BODY_MAX: usize = 8 * 1024 * 1024;

/// A request: the path below the platform's own, in parts.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub method: Method,
    pub segments: Vec<String>,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Incoming {
    /// Reads a request. Empty parts of the path (`//`, a slash at the end) do not count.
    pub(crate) async fn read(request: Request<Body>, prefix: &[String]) -> Result<Self, Reply> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| {
            Reply::http(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is cut or larger than {BODY_MAX} bytes"))
        })?;
        let segments = parts.uri.path().split('/').filter(|part| !part.is_empty());
        let segments: Vec<String> =
            segments.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect();
        let segments = segments.strip_prefix(prefix).map(<[String]>::to_vec);
        let segments = segments.ok_or_else(Self::unknown_path)?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { method: parts.method, segments, query, headers: parts.headers, body })
    }

    /// Returns the parts of the path.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    pub(crate) fn unknown_path() -> Reply {
        Reply::not_found(crate::envelope::CLIENT_ERROR, "no such path: see the version details")
    }

    /// Returns the body; 400 when it is no JSON.
    pub(crate) fn json(&self) -> Result<Value, Reply> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Reply::http(StatusCode::BAD_REQUEST, format!("the body is no JSON: {error}")))
    }

    /// Returns the body as an object; 400 when it is no JSON, 2001 when it is another one.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Reply> {
        read(&self.json()?)
    }

    /// Returns a parameter of the query; empty ones are absent.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    }

    /// Returns a parameter that holds a URL. One that was not encoded, as in OCPI's own examples, is taken to the end.
    pub(crate) fn url_parameter(&self, name: &str) -> Option<String> {
        let start = self.query.find(&format!("{name}="))? + name.len() + 1;
        let rest = &self.query[start..];
        if rest.contains("://") { Some(rest.to_owned()) } else { self.parameter(name) }
    }

    /// Returns a party named by two headers, for example `OCPI-to-*`.
    pub(crate) fn party(&self, direction: &str) -> Option<PartyId> {
        let header = |part: &str| self.headers.get(format!("ocpi-{direction}-{part}"))?.to_str().ok();
        Some(PartyId::new(header("country-code")?.trim(), header("party-id")?.trim()))
    }
}

/// Reads a message whole: 2001 with the path of what is wrong.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Reply> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| Reply::invalid(format!("{}: {}", error.path(), error.inner())))
}
