//! One request to a partner and its answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{DATE, RETRY_AFTER};
use axum::http::{HeaderMap, Method};
use chrono::DateTime;
use headroom_domain::{PartnerId, PartyId};
use parking_lot::Mutex;
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::client::{HubProblem, LinkError};
use crate::envelope::{self, Envelope};
use crate::partner::{Partner, Role, Secret, TokenForm};
use crate::platform::PlatformConfig;
use crate::privacy::Veil;
use crate::rate::Bucket;
use crate::token;

mod reach;

pub use reach::Reach;
use reach::{Forbidden, Resolver};

/// How deep objects and lists may lie in each other in an answer.
const DEPTH_MAX: usize = 32;

/// Most bytes of an answer.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// Most characters of a partner's words in an error.
const WORDS_MAX: usize = 300;

/// Sends requests. Redirects are not followed: they would carry the token elsewhere.
pub(crate) struct Exchange {
    client: reqwest::Client,
    reach: Arc<Reach>,
    timeout: Duration,
    role: Role,
    driver_salt: Secret,
    started: Instant,
    /// What was sent of late to partners that want it slow.
    paces: Mutex<BTreeMap<PartnerId, Bucket>>,
}

/// A request.
pub(crate) struct Call<'a> {
    pub method: Method,
    pub url: &'a Url,
    pub token: &'a Secret,
    pub partner: &'a Partner,
    /// Absent for credentials and versions, which go from platform to platform.
    pub routing: Option<Routing>,
    pub body: Option<Value>,
    /// Whether the answer holds drivers' tokens.
    pub tokens: bool,
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
    /// The address, for people to read.
    pub url: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub envelope: Envelope,
    words: String,
}

impl Exchange {
    pub(crate) fn new(config: &PlatformConfig) -> Result<Self, reqwest::Error> {
        // Fails when another part of the program has chosen a provider, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let reach = Arc::new(config.reach.clone());
        let client = client(config, &reach, true).or_else(|error| {
            tracing::warn!(%error, "the system's certificates cannot be used: of https partners only those of your own");
            client(config, &reach, false)
        })?;
        let (timeout, role, driver_salt) = (config.request_timeout, config.role.clone(), config.driver_salt.clone());
        Ok(Self { client, reach, timeout, role, driver_salt, started: Instant::now(), paces: Mutex::default() })
    }

    /// Sends a request and reads the answer, whatever its status.
    ///
    /// **Errors**: an address that may not be called, no answer, or a success that is no JSON.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, LinkError> {
        let (method, url) = (call.method.clone(), masked(call.url));
        address(call.url.as_str()).map_err(|problem| LinkError::Unsendable(format!("{method} {url}: {problem}")))?;
        let forbidden = |error: &Forbidden| LinkError::Unsendable(format!("{method} {url}: {error}"));
        self.reach.check(call.url).map_err(|error| forbidden(&error))?;
        let failed = |error: &reqwest::Error| match cause::<Forbidden>(error) {
            Some(error) => forbidden(error),
            None => LinkError::Unreachable {
                method: method.to_string(),
                url: url.clone(),
                problem: problem_of(error),
                timed_out: error.is_timeout(),
            },
        };
        let unreadable =
            |problem: String| LinkError::Unreadable { method: method.to_string(), url: url.clone(), problem };
        self.wait_for_turn(call.partner).await;
        let mut response = self.request(&call).send().await.map_err(|error| failed(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(unreadable(format!("it is larger than {ANSWER_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        let mut envelope = match envelope::parse(&body, DEPTH_MAX) {
            Ok(body) => envelope::read(body),
            Err(problem) if status.is_success() => return Err(unreadable(problem)),
            Err(_) => Envelope::default(),
        };
        if call.routing.is_some() {
            let veil = Veil::of(&self.role, &call.partner.dialect, &self.driver_salt);
            veil.cover(&mut envelope.data, call.tokens);
        }
        tracing::debug!(%method, url, status = status.as_u16(), code = envelope.code, "called a partner");
        let words = envelope.message.clone().unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
        // Some repeat in their words what they were sent.
        let words = words.replace(&token::write(call.token, TokenForm::Base64)["Token ".len()..], "…");
        let words = words.replace(call.token.expose(), "…");
        let words = words.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        Ok(Answer { method: call.method, url, status: status.as_u16(), headers, envelope, words })
    }

    /// Waits until a partner that wants it slow may be called.
    async fn wait_for_turn(&self, partner: &Partner) {
        let Some(rate) = partner.dialect.pace else { return };
        loop {
            let now = self.started.elapsed();
            let turn = self.paces.lock().entry(partner.id.clone()).or_default().take(rate, now);
            match turn {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    fn request(&self, call: &Call<'_>) -> reqwest::RequestBuilder {
        let form = call.partner.dialect.token_form;
        let mut request = self
            .client
            .request(call.method.clone(), call.url.clone())
            .timeout(self.timeout)
            .header("authorization", token::write(call.token, form))
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

fn client(config: &PlatformConfig, reach: &Arc<Reach>, trust_system: bool) -> Result<reqwest::Client, reqwest::Error> {
    let mut roots = Vec::new();
    for pem in &config.root_certificates {
        roots.extend(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?);
    }
    let builder = reqwest::Client::builder().redirect(Policy::none()).timeout(config.request_timeout);
    let builder = if reach.through_proxy { builder } else { builder.no_proxy().dns_resolver(Resolver(reach.clone())) };
    if trust_system { builder.tls_certs_merge(roots).build() } else { builder.tls_certs_only(roots).build() }
}

/// Reads an address that a partner gave us.
///
/// **Errors**: what is wrong with it, without the address: it may hold a token.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("send an address that begins with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("send an address without a user name or password".to_owned());
    }
    Ok(url)
}

/// Returns an address for people to read, without what in its query may be a secret.
pub(crate) fn masked(url: &Url) -> String {
    const SECRET: [&str; 6] = ["token", "secret", "key", "password", "auth", "sig"];
    if url.query().is_none() {
        return url.to_string();
    }
    let mut shown = url.clone();
    let pairs = url.query_pairs().map(|(name, value)| {
        let secret = SECRET.iter().any(|word| name.to_ascii_lowercase().contains(word));
        let nested = || Url::parse(&value).map_or_else(|_| value.to_string(), |url| masked(&url));
        let value = if secret { "***".to_owned() } else { nested() };
        (name, value)
    });
    shown.query_pairs_mut().clear().extend_pairs(pairs);
    shown.to_string()
}

impl Answer {
    /// Returns the data of a success.
    ///
    /// **Errors**: HTTP says no, OCPI says no, or it is no envelope.
    pub(crate) fn success(self) -> Result<Value, LinkError> {
        let (method, url) = (self.method.to_string(), self.url.clone());
        match self.envelope.code {
            Some(code @ 4000..5000) => {
                Err(LinkError::Hub { method, url, problem: HubProblem::of(code), code, message: self.words })
            }
            code if !(200..300).contains(&self.status) => {
                let retry_after = retry_after(&self.headers);
                Err(LinkError::Http { method, url, status: self.status, code, message: self.words, retry_after })
            }
            Some(1000..2000) => Ok(self.envelope.data),
            Some(code) => Err(LinkError::Refused { method, url, code, message: self.words }),
            None => Err(LinkError::Unreadable { method, url, problem: "it has no status_code".to_owned() }),
        }
    }

    /// Reads the data of a success.
    pub(crate) fn read<T: serde::de::DeserializeOwned>(self) -> Result<T, LinkError> {
        let (method, url) = (self.method.to_string(), self.url.clone());
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

/// Returns what a cause of an error is, when it is that.
fn cause<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<E>() {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}

/// Returns how long a partner asks us to wait: seconds, or an instant that is compared with its own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let instant = |name| DateTime::parse_from_rfc2822(text(name)?).ok();
    if let Ok(seconds) = text(RETRY_AFTER)?.parse() {
        return Some(Duration::from_secs(seconds));
    }
    (instant(RETRY_AFTER)? - instant(DATE)?).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::{Dialect, Rate, Role};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn retry_after_is_seconds_or_an_instant_of_the_partners_clock() {
        assert_eq!(retry_after(&headers(&[("retry-after", "120")])), Some(Duration::from_mins(2)));
        let at = ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT");
        let date = ("date", "Wed, 21 Oct 2015 07:27:30 GMT");
        assert_eq!(retry_after(&headers(&[at, date])), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&headers(&[at])), None);
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")])), None);
    }

    #[test]
    fn tokens_in_addresses_are_not_shown() {
        let url = Url::parse("https://a.example/x?Token=abc&limit=5&response_url=https%3A%2F%2Fb%2F%3Fapi_key%3Dabc");
        let shown = masked(&url.unwrap());
        assert!(!shown.contains("abc") && shown.contains("limit=5"), "{shown}");
    }

    #[tokio::test(start_paused = true)]
    async fn requests_to_a_slow_partner_wait_for_their_turn() {
        let url = Url::parse("http://127.0.0.1/ocpi").unwrap();
        let config = PlatformConfig::new(url, Role::Scsp, PartyId::new("NL", "HDR"), "Test");
        let exchange = Exchange::new(&config).unwrap();
        let pace = Some(Rate { per_second: 2.0, burst: 1 });
        let slow = Partner::new(PartnerId::new("slow"), Dialect { pace, ..Dialect::default() });
        let started = Instant::now();
        for _ in 0..5 {
            exchange.wait_for_turn(&slow).await;
        }
        assert_eq!(started.elapsed().as_millis() / 10, 200, "four turns of half a second");
        exchange.wait_for_turn(&Partner::new(PartnerId::new("quick"), Dialect::default())).await;
        assert_eq!(started.elapsed().as_millis() / 10, 200, "others need not wait");
    }
}
