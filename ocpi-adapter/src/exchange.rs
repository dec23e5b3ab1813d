//! One request to a partner and its answer.

use std::time::Duration;

use axum::http::{HeaderMap, Method};
use headroom_domain::PartyId;
use reqwest::redirect::Policy;
use serde_json::Value;
use url::{Host, Url};

use crate::client::{HubProblem, LinkError};
use crate::envelope::{self, Envelope};
use crate::partner::{Secret, TokenForm};
use crate::token;

/// Most bytes of an answer.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// Most characters of a partner's words in an error.
const WORDS_MAX: usize = 300;

/// Sends requests. Redirects are not followed: they would carry the token elsewhere.
pub(crate) struct Exchange {
    client: reqwest::Client,
    /// For loopback, where no proxy of the environment can help.
    direct: reqwest::Client,
    timeout: Duration,
}

/// A request.
pub(crate) struct Call<'a> {
    pub method: Method,
    pub url: &'a Url,
    pub token: &'a Secret,
    pub form: TokenForm,
    /// Absent for credentials and versions, which go from platform to platform.
    pub routing: Option<Routing>,
    pub body: Option<Value>,
}

/// Between which parties a request goes.
pub(crate) struct Routing {
    pub to: Option<PartyId>,
    pub from: PartyId,
    /// What a request that is passed on keeps; a new one is made otherwise.
    pub correlation_id: Option<String>,
}

/// What came back: HTTP status and envelope.
#[derive(Debug)]
pub(crate) struct Answer {
    pub method: Method,
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub envelope: Envelope,
    words: String,
}

impl Exchange {
    pub(crate) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        // Fails when another part of the program has chosen a provider, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let build = |direct: bool, trust: bool| {
            let builder = reqwest::Client::builder().redirect(Policy::none()).timeout(timeout);
            let builder = if direct { builder.no_proxy() } else { builder };
            if trust { builder.build() } else { builder.tls_certs_only([]).build() }
        };
        let both = |trust: bool| build(false, trust).and_then(|client| Ok((client, build(true, trust)?)));
        let (client, direct) = both(true).or_else(|error| {
            tracing::warn!(%error, "the system's certificates cannot be used: only http partners can be reached");
            both(false)
        })?;
        Ok(Self { client, direct, timeout })
    }

    /// Sends a request and reads the answer, whatever its status.
    ///
    /// **Errors**: no answer, or a success that is no JSON.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, LinkError> {
        let (method, url) = (call.method.clone(), call.url.clone());
        let unreachable = |error: &reqwest::Error| LinkError::Unreachable {
            method: method.to_string(),
            url: url.to_string(),
            problem: problem_of(error),
            timed_out: error.is_timeout(),
        };
        let mut response = self.request(call).send().await.map_err(|error| unreachable(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + chunk.len() > ANSWER_MAX {
                let problem = format!("it is larger than {ANSWER_MAX} bytes");
                return Err(LinkError::Unreadable { method: method.to_string(), url: url.to_string(), problem });
            }
            body.extend_from_slice(&chunk);
        }
        let envelope = match serde_json::from_slice::<Value>(&body) {
            Ok(body) => envelope::read(body),
            Err(error) if status.is_success() => {
                let problem = format!("no JSON: {error}");
                return Err(LinkError::Unreadable { method: method.to_string(), url: url.to_string(), problem });
            }
            Err(_) => Envelope::default(),
        };
        tracing::debug!(%method, %url, status = status.as_u16(), code = envelope.code, "called a partner");
        let words = envelope.message.clone().unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
        let words = words.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        Ok(Answer { method, url, status: status.as_u16(), headers, envelope, words })
    }

    fn request(&self, call: Call<'_>) -> reqwest::RequestBuilder {
        let loopback = match call.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let client = if loopback { &self.direct } else { &self.client };
        let mut request = client
            .request(call.method, call.url.clone())
            .timeout(self.timeout)
            .header("authorization", token::write(call.token, call.form))
            .header("x-request-id", uuid::Uuid::new_v4().to_string());
        let correlation_id = call.routing.as_ref().and_then(|routing| routing.correlation_id.clone());
        request =
            request.header("x-correlation-id", correlation_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()));
        if let Some(Routing { to, from, .. }) = &call.routing {
            request = request
                .header("ocpi-from-country-code", from.country_code())
                .header("ocpi-from-party-id", from.party_id());
            if let Some(to) = to {
                request =
                    request.header("ocpi-to-country-code", to.country_code()).header("ocpi-to-party-id", to.party_id());
            }
        }
        match &call.body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

impl Answer {
    /// Returns the data of a success.
    ///
    /// **Errors**: HTTP says no, OCPI says no, or it is no envelope.
    pub(crate) fn success(self) -> Result<Value, LinkError> {
        let (method, url) = (self.method.to_string(), self.url.to_string());
        match self.envelope.code {
            Some(code @ 4000..5000) => {
                Err(LinkError::Hub { method, url, problem: HubProblem::of(code), code, message: self.words })
            }
            code if !(200..300).contains(&self.status) => {
                Err(LinkError::Http { method, url, status: self.status, code, message: self.words })
            }
            Some(1000..2000) => Ok(self.envelope.data),
            Some(code) => Err(LinkError::Refused { method, url, code, message: self.words }),
            None => Err(LinkError::Unreadable { method, url, problem: "it has no status_code".to_owned() }),
        }
    }

    /// Reads the data of a success.
    pub(crate) fn read<T: serde::de::DeserializeOwned>(self) -> Result<T, LinkError> {
        let (method, url) = (self.method.to_string(), self.url.to_string());
        let data = self.success()?;
        serde_path_to_error::deserialize(&data).map_err(|error| {
            let problem = format!("data.{}: {}", error.path(), error.inner());
            LinkError::Unreadable { method, url, problem }
        })
    }
}

/// Returns an error with its causes: the outermost alone says nothing.
fn problem_of(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { "no connection".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
