//! A partner that answers what a test tells it to, and remembers what it was asked.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use headroom_ocpi_adapter::{Endpoint, Interface, Link, Module, PartnerParty, Role, Secret, Version};
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use crate::world::{now, party};

/// What the stub was asked.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// What the stub answers.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

pub(crate) fn said(data: &Value) -> Said {
    Said::of(&json!({ "data": data, "status_code": 1000, "timestamp": "2026-03-09T12:00:00Z" }))
}

impl Said {
    pub(crate) fn of(body: &Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.to_string() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

#[derive(Clone)]
pub(crate) struct Stub {
    pub root: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Said + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), seen.clone());
        let handler = move |request: Request| {
            let (answer, log) = (answer.clone(), log.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                let seen = Seen {
                    method: parts.method,
                    path: parts.uri.path().to_owned(),
                    query: parts.uri.query().unwrap_or_default().to_owned(),
                    headers: parts.headers,
                    body: serde_json::from_slice(&body).unwrap_or_default(),
                };
                let said = answer(&seen);
                log.lock().push(seen);
                let mut response = Response::builder().status(StatusCode::from_u16(said.status).unwrap());
                for (name, value) in said.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(said.body)).unwrap()
            }
        };
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { root, seen }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}{path}", self.root)).unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }

    /// A link to the stub as a platform of these parties, as if the handshake were over.
    pub(crate) fn link(&self, parties: &[(Role, &str, &str)]) -> Link {
        let endpoint = |module, interface, path: &str| Endpoint { module, interface, url: self.url(path) };
        Link {
            versions_url: self.url("/versions"),
            token_sent: Secret::new("token-to-stub"),
            token_received: Secret::new("token-of-stub").into(),
            tokens_before: Vec::new(),
            hub: None,
            told: None,
            parties: parties
                .iter()
                .map(|(role, country, id)| PartnerParty {
                    role: role.clone(),
                    party: party(country, id),
                    business_name: (*id).to_owned(),
                })
                .collect(),
            version: Version::V221,
            endpoints: vec![
                endpoint(Module::Credentials, Interface::Receiver, "/credentials"),
                endpoint(Module::Locations, Interface::Sender, "/locations"),
                endpoint(Module::Locations, Interface::Receiver, "/receiver/locations/"),
                endpoint(Module::Tariffs, Interface::Sender, "/tariffs"),
                endpoint(Module::Sessions, Interface::Sender, "/sessions"),
                endpoint(Module::Sessions, Interface::Receiver, "/receiver/sessions"),
                endpoint(Module::Tariffs, Interface::Receiver, "/receiver/tariffs"),
                endpoint(Module::Cdrs, Interface::Sender, "/cdrs"),
                endpoint(Module::Cdrs, Interface::Receiver, "/receiver/cdrs"),
                endpoint(Module::Tokens, Interface::Sender, "/tokens"),
                endpoint(Module::Tokens, Interface::Receiver, "/receiver/tokens"),
                endpoint(Module::Commands, Interface::Receiver, "/commands"),
                endpoint(Module::HubClientInfo, Interface::Sender, "/hubclientinfo"),
                endpoint(Module::HubClientInfo, Interface::Receiver, "/receiver/hubclientinfo"),
                endpoint(Module::ChargingProfiles, Interface::Receiver, "/chargingprofiles"),
                endpoint(Module::ChargingProfiles, Interface::Sender, "/sender/chargingprofiles"),
            ],
            registered_at: now(),
        }
    }
}
