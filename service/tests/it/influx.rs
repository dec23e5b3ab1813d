//! Telemetry against a server that speaks `InfluxDB` 2's write API: Debian's `victoria-metrics`.

#![cfg(feature = "influx")]
#![expect(clippy::unwrap_used, reason = "a helper that fails ends its test")]

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::ids::SessionId;
use headroom_domain::units::Power;
use headroom_service::telemetry::{self, InfluxConfig, Pace, Point, SiteReadings, Telemetry};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const BINARY: &str = "victoria-metrics";
const REMEDY: &str = "victoria-metrics must be installed: `make setup`, which `make test` runs, does it";
/// How long anything here may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it looks.
const GLANCE: Duration = Duration::from_millis(50);

/// A time-series server of the test's own. Killed when dropped.
struct Server {
    port: u16,
    process: Child,
}

impl Server {
    /// Starts the server on a port and waits until it answers.
    async fn start(port: u16, storage: &Path) -> Self {
        let process = Command::new(BINARY)
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            .arg(format!("-storageDataPath={}", storage.display()))
            .args(["-retentionPeriod=100y", "-memory.allowedBytes=64MiB", "-loggerLevel=ERROR"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect(REMEDY);
        let server = Self { port, process };
        eventually("the server answers", || async { server.get("/health").await }).await;
        server
    }

    /// Ends the server at once and frees its port.
    async fn stop(mut self) {
        self.process.kill().await.unwrap();
    }

    async fn get(&self, path_and_query: &str) -> Option<String> {
        let response = client().get(format!("http://127.0.0.1:{}{path_and_query}", self.port)).send().await.ok()?;
        response.error_for_status().ok()?.text().await.ok()
    }

    /// Returns time (ms) and value of each sample of a series, once there are `count` of them.
    async fn samples(&self, series: &str, count: usize) -> Vec<(i64, f64)> {
        let what = format!("{count} samples of {series}");
        eventually(&what, || async {
            self.get("/internal/force_flush").await?;
            let export = self.get(&format!("/api/v1/export?match[]={series}")).await?;
            let samples: Vec<_> = export.lines().flat_map(samples_of).collect();
            (samples.len() == count).then_some(samples)
        })
        .await
    }
}

fn samples_of(line: &str) -> Vec<(i64, f64)> {
    let series: serde_json::Value = serde_json::from_str(line).unwrap();
    let list = |name: &str| series[name].as_array().unwrap().clone();
    list("timestamps")
        .iter()
        .zip(list("values"))
        .map(|(at, value)| (at.as_i64().unwrap(), value.as_f64().unwrap()))
        .collect()
}

fn client() -> reqwest::Client {
    // Whoever comes first in this process installs it.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Waits until something is there.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let found = timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(GLANCE).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("in vain waited for: {what}"))
}

/// Returns a free port below the range from which systems hand out ports, so that it stays free while the server is away.
fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(8) + ASKED.fetch_add(1, Ordering::Relaxed);
    let mut ports = (0..10_000).map(|offset| 20_000 + ((first + offset) % 10_000) as u16);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn config(port: u16) -> InfluxConfig {
    let url = format!("http://127.0.0.1:{port}").parse().unwrap();
    InfluxConfig { url, org: "depot".into(), bucket: "headroom".into(), token_file: None }
}

/// Short pauses, so that the tests are.
fn pace() -> Pace {
    let short = Duration::from_millis(100);
    Pace {
        queue_points: 50,
        batch_points: 20,
        flush_every: short,
        first_retry: short,
        longest_retry: short,
        ..Pace::default()
    }
}

fn noon() -> DateTime<Utc> {
    "2019-10-16T12:00:00.250Z".parse().unwrap()
}

/// Tells the load of a site, one point a minute: minute 3 draws 3 kW.
fn record_minutes(telemetry: &Telemetry, minutes: std::ops::Range<i32>) {
    for minute in minutes {
        let readings = SiteReadings {
            load: Some(Power::from_kw(f64::from(minute))),
            limit: Some(Power::ZERO),
            ..SiteReadings::default()
        };
        telemetry.record(Point::site(noon() + TimeDelta::minutes(minute.into()), "site-a", readings));
    }
}

fn minutes(range: std::ops::Range<i32>) -> Vec<(i64, f64)> {
    let sample =
        |minute: i32| ((noon() + TimeDelta::minutes(minute.into())).timestamp_millis(), f64::from(minute) * 1000.0);
    range.map(sample).collect()
}

#[tokio::test]
async fn points_arrive_with_their_tags_and_the_time_of_the_clock() {
    let storage = tempfile::tempdir().unwrap();
    let server = Server::start(free_port(), storage.path()).await;
    let (telemetry, task) = telemetry::start(Some(&config(server.port)), pace()).unwrap();
    record_minutes(&telemetry, 0..30);
    let session = SessionId::new("cpo-1/DE*ABC, 17");
    telemetry.record(Point::session(
        noon(),
        "site-a",
        &session,
        Some(Power::from_w(7360.5)),
        Some(Power::from_w(11_000.0)),
    ));
    task.finish().await;
    assert_eq!(telemetry.counts().written, 31, "{:?}", telemetry.counts());
    assert_eq!(server.samples(r#"site_load_w{site="site-a"}"#, 30).await, minutes(0..30));
    let limit = server.samples("site_limit_w", 30).await;
    assert!(limit.iter().all(|(_, watts)| *watts == 0.0), "a limit of zero is written as zero: {limit:?}");
    let power = r#"session_power_w{site="site-a",session="cpo-1/DE*ABC,%2017"}"#;
    assert_eq!(server.samples(power, 1).await, [(noon().timestamp_millis(), 7360.5)]);
    let allowed = server.samples("session_allowed_w", 1).await;
    assert_eq!(allowed, [(noon().timestamp_millis(), 11_000.0)]);
}

#[tokio::test]
async fn while_the_server_is_away_the_newest_points_wait_and_arrive_when_it_is_back() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let port = free_port();
    let server = Server::start(port, first.path()).await;
    let (telemetry, task) = telemetry::start(Some(&config(port)), pace()).unwrap();
    record_minutes(&telemetry, 0..10);
    eventually("the first points are written", || async { (telemetry.counts().written == 10).then_some(()) }).await;
    assert_eq!(server.samples("site_load_w", 10).await, minutes(0..10));
    server.stop().await;

    record_minutes(&telemetry, 10..130);
    eventually("the oldest points are dropped", || async { (telemetry.counts().dropped == 70).then_some(()) }).await;

    // On an empty disk, because a killed server may have lost what it took last.
    let server = Server::start(port, second.path()).await;
    eventually("the backlog is written", || async { (telemetry.counts().written == 60).then_some(()) }).await;
    assert_eq!(server.samples("site_load_w", 50).await, minutes(80..130));
    task.finish().await;
    assert_eq!(telemetry.counts().dropped, 70);
}
