//! A CPO that answers what a test tells it to, and remembers what it was asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use parking_lot::Mutex;
use serde_json::{Value, json};

/// What the stub was asked.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Value,
}

impl Seen {
    /// The session that a profile is for.
    fn session(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// What a profile allows in its first period: three phases of 230 V when it counts in amperes. **Units**: W.
    fn now_w(&self) -> f64 {
        let profile = &self.body["charging_profile"];
        let limit = profile["charging_profile_period"][0]["limit"].as_f64().unwrap();
        if profile["charging_rate_unit"] == "A" { limit * 3.0 * 230.0 } else { limit }
    }
}

#[derive(Default)]
pub(crate) struct Script {
    pub(crate) locations: Vec<Value>,
    pub(crate) sessions: Vec<Value>,
    pub(crate) cdrs: Vec<Value>,
    pub(crate) tokens: Vec<Value>,
    /// Pages of locations, by offset, that fail once.
    pub(crate) failing: BTreeSet<usize>,
    /// What is answered to the next profiles; then they are accepted.
    pub(crate) receipts: VecDeque<&'static str>,
    /// Whether stations answer at all.
    pub(crate) stations_answer: bool,
    /// Sessions whose stations are silent all the same, until [`Stub::wake`].
    pub(crate) silent: BTreeSet<String>,
    /// Where the silent ones would have answered that they take a profile: session and URL, oldest first.
    pub(crate) held: Vec<(String, String)>,
    pub(crate) seen: Vec<Seen>,
    /// What the service wants to be called with.
    pub(crate) token: String,
}

#[derive(Clone)]
pub(crate) struct Stub {
    pub(crate) base: String,
    pub(crate) script: Arc<Mutex<Script>>,
}

impl Stub {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { base, script: Arc::new(Mutex::new(script)) };
        let router = Router::new().fallback(answer).with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stub
    }

    pub(crate) fn versions_url(&self) -> String {
        format!("{}/versions", self.base)
    }

    /// Returns what was asked of paths that begin so.
    pub(crate) fn asked(&self, method: &Method, path: &str) -> Vec<Seen> {
        let script = self.script.lock();
        script.seen.iter().filter(|seen| seen.method == *method && seen.path.starts_with(path)).cloned().collect()
    }

    /// Returns the response URLs of the profiles that were put.
    pub(crate) fn response_urls(&self) -> Vec<String> {
        let puts = self.asked(&Method::PUT, "/chargingprofiles/");
        puts.iter().map(|put| put.body["response_url"].as_str().unwrap().to_owned()).collect()
    }

    /// Makes a silent station answer what it was asked, and from then on.
    pub(crate) fn wake(&self, session: &str) {
        let mut script = self.script.lock();
        script.silent.remove(session);
        let (answered, held) = std::mem::take(&mut script.held).into_iter().partition(|(of, _)| of == session);
        script.held = held;
        for (_, url) in answered {
            self.post_later(&url, json!({"result": "ACCEPTED"}));
        }
    }

    /// Returns what each session may draw now by the last profile it was sent, by session. **Units**: W.
    pub(crate) fn told_w(&self) -> BTreeMap<String, f64> {
        self.profiles_w().into_iter().collect()
    }

    /// Returns what the sessions were told that they may draw now, in the order in which they were.
    pub(crate) fn profiles_w(&self) -> Vec<(String, f64)> {
        self.asked(&Method::PUT, "/chargingprofiles/")
            .iter()
            .map(|put| (put.session().to_owned(), put.now_w()))
            .collect()
    }

    /// Returns what the service has at an address.
    pub(crate) async fn got(&self, url: &str) -> Value {
        self.send(Method::GET, url, Value::Null).await.1["data"].take()
    }

    /// Calls the service as a registered partner; returns the HTTP status and the OCPI code.
    pub(crate) async fn call(&self, method: Method, url: &str, body: Value) -> (u16, u64) {
        let (status, answer) = self.send(method, url, body).await;
        (status, answer["status_code"].as_u64().unwrap_or_default())
    }

    async fn send(&self, method: Method, url: &str, body: Value) -> (u16, Value) {
        let token = self.script.lock().token.clone();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let request = client.request(method, url).header("authorization", format!("Token {token}"));
        let response = request.json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    fn reply(&self, seen: &Seen) -> (u16, Value, Option<usize>) {
        let base = &self.base;
        let endpoint =
            |module: &str, role: &str| json!({"identifier": module, "role": role, "url": format!("{base}/{module}")});
        let mut script = self.script.lock();
        let data = match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", "/versions") => json!([{"version": "2.2.1", "url": format!("{base}/2.2.1")}]),
            ("GET", "/2.2.1") => json!({"version": "2.2.1", "endpoints": [
                endpoint("credentials", "RECEIVER"), endpoint("locations", "SENDER"), endpoint("tariffs", "SENDER"),
                endpoint("sessions", "SENDER"), endpoint("chargingprofiles", "RECEIVER"),
                endpoint("cdrs", "SENDER"), endpoint("tokens", "SENDER"),
            ]}),
            ("POST" | "PUT", "/credentials") => {
                seen.body["token"].as_str().unwrap().clone_into(&mut script.token);
                json!({"token": "stub-token-c", "url": format!("{base}/versions"), "roles": [{
                    "role": "CPO", "party_id": "STK", "country_code": "NL", "business_details": {"name": "Stub"},
                }]})
            }
            ("GET", "/locations") => {
                let offset = parameter(&seen.query, "offset").map_or(0, |text| text.parse().unwrap());
                if script.failing.remove(&offset) {
                    return (500, Value::Null, None);
                }
                return one_of(&script.locations, &seen.query);
            }
            ("GET", "/sessions") => script.sessions.clone().into(),
            ("GET", "/cdrs") => script.cdrs.clone().into(),
            ("GET", "/tokens") => return one_of(&script.tokens, &seen.query),
            ("GET", "/tariffs") => json!([]),
            ("PUT", path) if path.starts_with("/chargingprofiles/") => {
                let result = script.receipts.pop_front().unwrap_or("ACCEPTED");
                let url = seen.body["response_url"].as_str().unwrap();
                if script.silent.contains(seen.session()) {
                    script.held.push((seen.session().to_owned(), url.to_owned()));
                } else if result == "ACCEPTED" && script.stations_answer {
                    self.post_later(url, json!({"result": "ACCEPTED"}));
                }
                json!({"result": result, "timeout": 30})
            }
            ("GET", path) if path.starts_with("/chargingprofiles/") && script.silent.contains(seen.session()) => {
                json!({"result": "ACCEPTED", "timeout": 30})
            }
            ("GET", path) if path.starts_with("/chargingprofiles/") => {
                let told = script.seen.iter().rfind(|seen| seen.method == Method::PUT && seen.path == path);
                let profile = told.map(|put| put.body["charging_profile"].clone()).unwrap();
                let active = json!({"start_date_time": profile["start_date_time"], "charging_profile": profile});
                let url = parameter(&seen.query, "response_url").unwrap();
                self.post_later(&url, json!({"result": "ACCEPTED", "profile": active}));
                json!({"result": "ACCEPTED", "timeout": 30})
            }
            _ => Value::Null,
        };
        (200, data, None)
    }

    fn post_later(&self, url: &str, body: Value) {
        let (stub, url) = (self.clone(), url.to_owned());
        tokio::spawn(async move { stub.call(Method::POST, &url, body).await });
    }
}

/// Returns a page of one object, and how many there are.
fn one_of(objects: &[Value], query: &str) -> (u16, Value, Option<usize>) {
    let offset = parameter(query, "offset").map_or(0, |text| text.parse().unwrap());
    let page: Vec<_> = objects.iter().skip(offset).take(1).cloned().collect();
    (200, page.into(), Some(objects.len()))
}

pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn answer(State(stub): State<Stub>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let seen = Seen {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let (status, data, total) = stub.reply(&seen);
    stub.script.lock().seen.push(seen);
    let envelope = json!({"data": data, "status_code": 1000, "timestamp": "2026-03-09T12:00:00Z"});
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if let Some(total) = total {
        response = response.header("X-Total-Count", total.to_string());
    }
    response.body(Body::from(envelope.to_string())).unwrap()
}
