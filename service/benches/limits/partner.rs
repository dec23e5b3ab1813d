//! A CPO on loopback: it takes every profile, and its stations say so right after.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use chrono::TimeDelta;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::now;

/// Objects of a page.
const PAGE: usize = 100;
/// Of every EVSE: three phases. **Units**: V, A.
pub(crate) const VOLTAGE_V: f64 = 230.0;
pub(crate) const CURRENT_A: f64 = 32.0;
/// What every vehicle draws where nothing limits it. **Units**: W.
pub(crate) const FULL_W: f64 = 3.0 * VOLTAGE_V * CURRENT_A;

/// How the location of a site is called, and its EVSEs; sessions are called as their EVSEs.
pub(crate) fn location_id(site: usize) -> String {
    format!("L{site}")
}

pub(crate) fn evse_uid(site: usize, evse: usize) -> String {
    format!("E{site}-{evse}")
}

/// The bench's end of a link.
#[derive(Clone)]
pub(crate) struct Partner(Arc<Inner>);

struct Inner {
    base: String,
    party: String,
    locations: Vec<Value>,
    sessions: Vec<Value>,
    client: reqwest::Client,
    /// What the service wants to be called with.
    token: Mutex<String>,
    /// What each session may draw now, by the last profile. **Units**: W.
    told_w: Mutex<BTreeMap<String, f64>>,
    failed: AtomicUsize,
}

impl Partner {
    /// Begins to serve sites with an active session at every EVSE.
    pub(crate) async fn start(party: String, sites: &[usize], evses: usize) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let session = |site: usize| (0..evses).map(move |evse| (site, evse));
        let partner = Self(Arc::new(Inner {
            base: format!("http://{}", listener.local_addr()?),
            locations: sites.iter().map(|site| location(&party, *site, evses)).collect(),
            sessions: sites.iter().copied().flat_map(session).map(|(site, evse)| active(&party, site, evse)).collect(),
            party,
            client: reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?,
            token: Mutex::default(),
            told_w: Mutex::default(),
            failed: AtomicUsize::new(0),
        }));
        let registered = async |State(partner): State<Self>, Json(theirs): Json<Value>| credentials(&partner, &theirs);
        let set =
            async |State(partner): State<Self>, Path(session), Json(set): Json<Value>| profile(partner, session, &set);
        let router = Router::new()
            .route("/versions", get(async |State(partner): State<Self>| versions(&partner)))
            .route("/2.2.1", get(async |State(partner): State<Self>| details(&partner)))
            .route("/credentials", post(registered).put(registered))
            .route("/locations", get(async |State(partner): State<Self>, query| page(&partner.0.locations, query)))
            .route("/sessions", get(async |State(partner): State<Self>, query| page(&partner.0.sessions, query)))
            .route("/chargingprofiles/{session}", put(set))
            .with_state(partner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(partner)
    }

    pub(crate) fn versions_url(&self) -> String {
        format!("{}/versions", self.0.base)
    }

    /// Returns what its sessions may draw now, all together. **Units**: W.
    pub(crate) fn told_w(&self) -> f64 {
        self.0.told_w.lock().values().sum()
    }

    /// Returns how many words of its stations did not get through.
    pub(crate) fn failed(&self) -> usize {
        self.0.failed.load(Ordering::Relaxed)
    }

    async fn say_accepted(&self, url: &str) -> anyhow::Result<()> {
        let token = format!("Token {}", *self.0.token.lock());
        let request = self.0.client.post(url).header("authorization", token).json(&json!({"result": "ACCEPTED"}));
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        anyhow::ensure!(answer["status_code"] == 1000, "{answer}");
        Ok(())
    }
}

fn envelope(data: &Value) -> Json<Value> {
    Json(json!({"data": data, "status_code": 1000, "timestamp": now()}))
}

fn versions(partner: &Partner) -> Json<Value> {
    envelope(&json!([{"version": "2.2.1", "url": format!("{}/2.2.1", partner.0.base)}]))
}

fn details(partner: &Partner) -> Json<Value> {
    let base = &partner.0.base;
    let endpoint =
        |module: &str, role: &str| json!({"identifier": module, "role": role, "url": format!("{base}/{module}")});
    envelope(&json!({"version": "2.2.1", "endpoints": [
        endpoint("credentials", "RECEIVER"), endpoint("locations", "SENDER"), endpoint("sessions", "SENDER"),
        endpoint("chargingprofiles", "RECEIVER"),
    ]}))
}

fn credentials(partner: &Partner, theirs: &Value) -> Json<Value> {
    theirs["token"].as_str().unwrap_or_default().clone_into(&mut partner.0.token.lock());
    envelope(&json!({
        "token": "token-c-of-the-bench", "url": partner.versions_url(),
        "roles": [{
            "role": "CPO", "country_code": "NL", "party_id": partner.0.party, "business_details": {"name": "Bench"},
        }],
    }))
}

fn page(objects: &[Value], Query(query): Query<HashMap<String, String>>) -> Response {
    let offset = query.get("offset").and_then(|text| text.parse().ok()).unwrap_or(0);
    let page: Vec<_> = objects.iter().skip(offset).take(PAGE).cloned().collect();
    let mut headers = HeaderMap::new();
    headers.insert("X-Total-Count", objects.len().into());
    (headers, envelope(&page.into())).into_response()
}

fn profile(partner: Partner, session: String, set: &Value) -> Json<Value> {
    if let Some(now_w) = now_w(&set["charging_profile"]) {
        partner.0.told_w.lock().insert(session, now_w);
    }
    let url = set["response_url"].as_str().unwrap_or_default().to_owned();
    tokio::spawn(async move {
        if let Err(error) = partner.say_accepted(&url).await.context("a station's word") {
            partner.0.failed.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(%error, url, "not taken");
        }
    });
    envelope(&json!({"result": "ACCEPTED", "timeout": 60}))
}

/// Returns what a profile allows in its first period. **Units**: W.
fn now_w(profile: &Value) -> Option<f64> {
    let limit = profile["charging_profile_period"][0]["limit"].as_f64()?;
    Some(if profile["charging_rate_unit"] == "A" { limit * 3.0 * VOLTAGE_V } else { limit })
}

fn location(party: &str, site: usize, evses: usize) -> Value {
    let since = now() - TimeDelta::hours(1);
    let evse = |evse| {
        json!({
            "uid": evse_uid(site, evse), "status": "CHARGING", "capabilities": ["CHARGING_PROFILE_CAPABLE"],
            "last_updated": since,
            "connectors": [{
                "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
                "max_voltage": 230, "max_amperage": 32, "last_updated": since,
            }],
        })
    };
    json!({
        "country_code": "NL", "party_id": party, "id": location_id(site), "publish": true, "name": location_id(site),
        "address": "Street 1", "city": "Delft", "postal_code": "2600", "country": "NLD",
        "time_zone": "Europe/Amsterdam", "coordinates": {"latitude": "52.00000", "longitude": "4.36000"},
        "last_updated": since, "evses": (0..evses).map(evse).collect::<Vec<_>>(),
    })
}

fn active(party: &str, site: usize, evse: usize) -> Value {
    json!({
        "country_code": "NL", "party_id": party, "id": evse_uid(site, evse),
        "start_date_time": now() - TimeDelta::minutes(10), "kwh": 3.6,
        "cdr_token": {"country_code": "NL", "party_id": "TST", "uid": "04AABBCC", "type": "RFID", "contract_id": "C1"},
        "auth_method": "WHITELIST", "location_id": location_id(site), "evse_uid": evse_uid(site, evse),
        "connector_id": "1", "currency": "EUR", "status": "ACTIVE", "last_updated": now() - TimeDelta::minutes(1),
        "charging_periods": [],
    })
}
