//! Updates of sessions (PATCH) read, checked, merged, kept and answered per second on one core, beside a bare axum handler that reads
//! the same JSON to a `serde_json::Value` and answers. No socket in either: requests go to the routers directly.
//!
//! A session has the charging periods of its first hour when it is patched, as in the middle of a stay.

#![expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use axum::routing::patch;
use headroom_domain::time::ManualClock;
use headroom_domain::{PartnerId, PartyId};
use headroom_ocpi_adapter::hosts::Unsaved;
use headroom_ocpi_adapter::memory::ScspMemory;
use headroom_ocpi_adapter::{
    Dialect, Link, Partner, PartnerParty, Platform, PlatformConfig, Registration, Role, Secret, Version, server,
};
use serde_json::{Value, json};
use tower::ServiceExt;
use url::Url;

const TOKEN: &str = "a-token-of-a-bench";
const SESSIONS: usize = 1_000;
/// A period every five minutes.
const PERIODS: usize = 12;

fn main() -> anyhow::Result<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let patches = if quick { 200 } else { 50_000 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        println!("what                          per second  median us  p99 us");
        let ours = scsp()?;
        for index in 0..SESSIONS {
            send(&ours, Method::PUT, index, session(index).to_string(), StatusCode::CREATED).await?;
        }
        let (ours, bare) = (times(&ours, patches).await?, times(&bare(), patches).await?);
        tell("session PATCH", &ours);
        tell("bare handler, JSON to Value", &bare);
        let ratio = ours.iter().sum::<Duration>().as_secs_f64() / bare.iter().sum::<Duration>().as_secs_f64();
        println!("a PATCH takes {ratio:.1} times as long as reading its JSON");
        Ok(())
    })
}

fn tell(what: &str, times: &[Duration]) {
    let per_second = times.len() as f64 / times.iter().sum::<Duration>().as_secs_f64();
    let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
    sorted.sort_by(f64::total_cmp);
    let (median, p99) = (sorted[sorted.len() / 2], sorted[sorted.len() * 99 / 100]);
    println!("{what:<28} {per_second:>11.0} {median:>10.1} {p99:>7.1}");
}

/// A service whose one partner is registered.
fn scsp() -> anyhow::Result<Router> {
    let url = Url::parse("http://127.0.0.1:1/ocpi")?;
    let mut config = PlatformConfig::new(url.clone(), Role::Scsp, PartyId::new("NL", "HDR"), "Bench");
    config.limits.requests.burst = u32::MAX;
    let link = Link {
        versions_url: url,
        token_sent: Secret::new("unused"),
        token_received: Secret::new(TOKEN).into(),
        tokens_before: Vec::new(),
        hub: None,
        told: None,
        parties: vec![PartnerParty {
            role: Role::Cpo,
            party: PartyId::new("NL", "STK"),
            business_name: "Stroomkade".to_owned(),
        }],
        version: Version::V221,
        endpoints: Vec::new(),
        registered_at: "2026-03-09T12:00:00Z".parse()?,
    };
    let partner = Partner {
        registration: Registration::Registered(link),
        ..Partner::new(PartnerId::new("cpo"), Dialect::default())
    };
    let clock = Arc::new(ManualClock::new("2026-03-09T12:00:00Z".parse()?));
    let platform = Platform::new(config, clock, vec![partner], Arc::new(Unsaved))?;
    Ok(server::scsp(platform, Arc::<ScspMemory>::default()))
}

fn bare() -> Router {
    let handler = |body: Bytes| async move {
        let read: Result<Value, _> = serde_json::from_slice(&body);
        let answer =
            json!({ "status_code": if read.is_ok() { 1000 } else { 2001 }, "timestamp": "2026-03-09T12:00:00Z" });
        std::hint::black_box(read).ok();
        answer.to_string()
    };
    Router::new().route("/ocpi/2.2.1/receiver/sessions/NL/STK/{id}", patch(handler))
}

async fn times(router: &Router, count: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        let body = change(number).to_string();
        #[expect(clippy::disallowed_methods, reason = "a bench is about real time")]
        let start = Instant::now();
        send(router, Method::PATCH, number % SESSIONS, body, StatusCode::OK).await?;
        times.push(start.elapsed());
        // As in the middle of a stay: the session does not grow without end.
        if number % SESSIONS == SESSIONS - 1 && number >= SESSIONS * 4 {
            for index in 0..SESSIONS {
                drop(send(router, Method::PUT, index, session(index).to_string(), StatusCode::OK).await);
            }
        }
    }
    Ok(times)
}

async fn send(router: &Router, method: Method, index: usize, body: String, want: StatusCode) -> anyhow::Result<()> {
    let request = Request::builder()
        .method(method)
        .uri(format!("/ocpi/2.2.1/receiver/sessions/NL/STK/S{index}"))
        .header("authorization", format!("Token {TOKEN}"))
        .header("content-type", "application/json")
        .header("x-request-id", "r")
        .header("x-correlation-id", "c")
        .body(Body::from(body))?;
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    axum::body::to_bytes(response.into_body(), usize::MAX).await.context("the answer")?;
    ensure!(status == want, "HTTP {status}, not {want}");
    Ok(())
}

fn session(index: usize) -> Value {
    let period = |minute: usize| {
        json!({ "start_date_time": format!("2026-03-09T11:{:02}:00Z", minute * 5),
                "dimensions": [{ "type": "POWER", "volume": 7.4 }, { "type": "ENERGY", "volume": 0.6167 }],
                "tariff_id": "T1" })
    };
    json!({
        "country_code": "NL", "party_id": "STK", "id": format!("S{index}"),
        "start_date_time": "2026-03-09T11:00:00Z", "kwh": 7.4,
        "cdr_token": { "country_code": "NL", "party_id": "MSP", "uid": "1", "type": "RFID", "contract_id": "C1" },
        "auth_method": "WHITELIST", "location_id": "L1", "evse_uid": "E1", "connector_id": "1", "currency": "EUR",
        "charging_periods": (0..PERIODS).map(period).collect::<Vec<_>>(),
        "status": "ACTIVE", "last_updated": "2026-03-09T11:55:00Z"
    })
}

fn change(number: usize) -> Value {
    let at = format!("2026-03-09T12:{:02}:{:02}Z", number / SESSIONS % 60, number % 60);
    json!({
        "kwh": 7.4 + number as f64 / 1e3, "last_updated": at,
        "charging_periods": [{ "start_date_time": at,
                               "dimensions": [{ "type": "POWER", "volume": 7.4 }, { "type": "ENERGY", "volume": 0.6167 }] }]
    })
}
