//! What was asked, read from the wire.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use headroom_domain::PartyId;
use percent_encoding::percent_decode_str;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::reply::Reply;
use crate::envelope;
use crate::partner::{Alias, Partner};
use crate::platform::{Limits, Platform};
use crate::privacy::Veil;

/// A request: the path below the platform's own, in parts.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub method: Method,
    pub segments: Vec<String>,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    depth_max: usize,
    veil: Veil,
}

impl Incoming {
    /// Reads a request. Empty parts of the path (`//`, a slash at the end) do not count.
    pub(crate) async fn read(
        platform: &Platform,
        caller: &Partner,
        request: Request<Body>,
        prefix: &[String],
    ) -> Result<Self, Reply> {
        let Limits { body_bytes, body_timeout, depth, .. } = platform.config().limits;
        let (parts, body) = request.into_parts();
        let late = |_| Reply::http(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
        let body = tokio::time::timeout(body_timeout, axum::body::to_bytes(body, body_bytes)).await.map_err(late)?;
        let body = body.map_err(|_| {
            Reply::http(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is cut or larger than {body_bytes} bytes"))
        })?;
        let segments = path(parts.uri.path());
        let segments = segments.strip_prefix(prefix).map(|path| resolve(path, &caller.dialect.aliases));
        Ok(Self {
            method: parts.method,
            segments: segments.ok_or_else(Self::unknown_path)?,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
            depth_max: depth,
            veil: Veil::of(&platform.config().role, &caller.dialect, &platform.config().driver_salt),
        })
    }

    /// Returns the parts of the path.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    pub(crate) fn unknown_path() -> Reply {
        Reply::not_found(envelope::CLIENT_ERROR, "no such path: see the version details")
    }

    /// Returns the body, with hashes for the ids of drivers where the partner's contract does not need them; 400 when
    /// it is no JSON, 2001 when it is nested too deep.
    pub(crate) fn json(&self) -> Result<Value, Reply> {
        if envelope::depth(&self.body) > self.depth_max && serde_json::from_slice::<IgnoredAny>(&self.body).is_ok() {
            return Err(Reply::invalid(format!("the body is nested deeper than {} levels", self.depth_max)));
        }
        let mut body = envelope::parse(&self.body, self.depth_max)
            .map_err(|problem| Reply::http(StatusCode::BAD_REQUEST, format!("the body: {problem}")))?;
        self.veil.cover(&mut body, self.is_of_tokens());
        Ok(body)
    }

    /// Tells whether the module is that of drivers' tokens.
    fn is_of_tokens(&self) -> bool {
        matches!(self.segments.as_slice(), [_, module, ..] if module == "tokens")
    }

    /// Returns the id of a driver's token in the path as it stands in the body that [`Self::json`] returns.
    pub(crate) fn driver(&self, uid: &str) -> String {
        self.veil.id(uid)
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

/// Returns the parts of a path that are not empty.
fn path(text: &str) -> Vec<String> {
    let parts = text.split('/').filter(|part| !part.is_empty());
    parts.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
}

/// Returns a path in our own words, where a partner calls us by others.
fn resolve(given: &[String], aliases: &[Alias]) -> Vec<String> {
    let fitting = aliases.iter().filter_map(|alias| Some((alias, given.strip_prefix(path(&alias.path).as_slice())?)));
    match fitting.min_by_key(|(_, rest)| rest.len()) {
        Some((alias, rest)) => path(&alias.means).into_iter().chain(rest.iter().cloned()).collect(),
        None => given.to_vec(),
    }
}
