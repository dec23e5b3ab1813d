//! As much of a smart charging service as the virtual partners need, and a day for them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::location::Location;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer, ProfileType};
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_domain::time::ScaledClock;
use headroom_domain::{Clock, Current, Energy, PartnerId, PartyId, Ratio};
use headroom_ocpi_adapter::hosts::Unsaved;
use headroom_ocpi_adapter::{
    Dialect, HostError, ObjectKey, Outcome, Platform, PlatformConfig, PreferenceReply, ProfileResult, Received, Role,
    ScspHost, StationProfile, server,
};
use headroom_simulator::partners::link::OcpiLink;
use headroom_simulator::scenario::Scenario;
use headroom_simulator::vehicle::Vehicle;
use headroom_simulator::world::{SessionPlan, StatedPreference};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// A simulated hour in a real second.
const SPEED: f64 = 3600.0;

/// Two vehicles in the first two hours of a day; the second driver says something.
pub(crate) fn scenario() -> Scenario {
    let mut scenario = Scenario::synthetic(1, "2026-03-10".parse().unwrap()).unwrap();
    let start = scenario.window.start;
    scenario.window.end = start + TimeDelta::minutes(150);
    scenario.base_load.history_days = 14;
    let needed_wh = Energy::from_kwh(5.0);
    let session = |number: usize, from: i64, until: i64, preference| SessionPlan {
        id: format!("S-{number:04}"),
        evse_uid: scenario.site.evses[number].uid.clone(),
        arrival: start + TimeDelta::minutes(from),
        departure: start + TimeDelta::minutes(until),
        needed_wh,
        vehicle: Vehicle::wanting(needed_wh, Energy::from_kwh(60.0), Ratio::from_ratio(0.3), 3, Current::from_a(16.0)),
        preference,
    };
    let stated = StatedPreference {
        stated_at: start + TimeDelta::minutes(20),
        profile_type: ProfileType::Cheap,
        departure: Some(start + TimeDelta::minutes(100)),
        energy_wh: Some(needed_wh),
    };
    scenario.sessions = vec![session(1, 10, 120, None), session(2, 20, 100, Some(stated))];
    scenario.start_clock(real_now(), SPEED);
    scenario
}

#[expect(clippy::disallowed_methods, reason = "the one clock of the test")]
fn real_now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(clippy::disallowed_methods, reason = "the one clock of the test")]
pub(crate) fn clock(scenario: &Scenario) -> Arc<dyn Clock> {
    Arc::new(ScaledClock::new(Some(scenario.clock), Utc::now))
}

/// A file that is gone when the test is over.
pub(crate) struct ResultFile(PathBuf);

impl ResultFile {
    pub(crate) fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("headroom-simulator-{}-{name}.json", std::process::id())))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.clone()
    }

    pub(crate) fn read<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&std::fs::read(&self.0).unwrap()).unwrap()
    }
}

impl Drop for ResultFile {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// What the service was told.
#[derive(Default)]
pub(crate) struct Told {
    pub sessions: BTreeMap<String, (Session, Value)>,
    pub whole: usize,
    pub preferences: Vec<(String, ChargingPreference)>,
    /// Preferences for sessions that were not known yet.
    pub too_early: usize,
    pub results: Vec<(String, ProfileResult)>,
    pub active: Vec<(String, StationProfile)>,
    pub readings: Vec<Value>,
}

#[derive(Default)]
pub(crate) struct Memory(pub(crate) Mutex<Told>);

impl ScspHost for Memory {
    async fn stored(&self, key: &ObjectKey) -> Result<Option<Value>, HostError> {
        Ok(self.0.lock().sessions.get(&key.id).map(|(_, raw)| raw.clone()))
    }

    async fn put_location(&self, _: Received<Location>) -> Result<Outcome, HostError> {
        Ok(Outcome::Created)
    }

    async fn put_session(&self, session: Received<Session>) -> Result<Outcome, HostError> {
        let mut told = self.0.lock();
        let periods = session.raw.get("charging_periods").and_then(Value::as_array).map_or(0, Vec::len);
        told.whole += usize::from(periods <= 1);
        told.sessions.insert(session.value.key.id.clone(), (session.value, session.raw));
        Ok(Outcome::Updated)
    }

    async fn put_tariff(&self, _: Received<Tariff>) -> Result<Outcome, HostError> {
        Ok(Outcome::Created)
    }

    async fn delete_tariff(&self, _: &ObjectKey) -> Result<bool, HostError> {
        Ok(false)
    }

    async fn put_preference(
        &self,
        _: &PartnerId,
        session_id: &str,
        preference: ChargingPreference,
    ) -> Result<PreferenceReply, HostError> {
        let mut told = self.0.lock();
        if !told.sessions.contains_key(session_id) {
            told.too_early += 1;
            return Ok(PreferenceReply::UnknownSession);
        }
        told.preferences.push((session_id.to_owned(), preference));
        Ok(PreferenceReply::Answer(PreferenceAnswer::Accepted))
    }

    async fn profile_result(
        &self,
        _: &PartnerId,
        request_id: &str,
        result: ProfileResult,
        _: Option<StationProfile>,
    ) -> Result<bool, HostError> {
        self.0.lock().results.push((request_id.to_owned(), result));
        Ok(true)
    }

    async fn active_profile(&self, _: &PartnerId, id: &str, profile: StationProfile) -> Result<bool, HostError> {
        self.0.lock().active.push((id.to_owned(), profile));
        Ok(true)
    }
}

/// A service on loopback.
pub(crate) struct Service {
    pub platform: Platform,
    pub memory: Arc<Memory>,
    pub address: SocketAddr,
    server: Option<Runtime>,
}

pub(crate) const METER_TOKEN: &str = "meter-token";

impl Service {
    pub(crate) async fn start(clock: Arc<dyn Clock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = Url::parse(&format!("http://{address}/ocpi")).unwrap();
        let config = PlatformConfig::new(url, Role::Scsp, PartyId::new("NL", "HDR"), "Service");
        let platform = Platform::new(config, clock, Vec::new(), Arc::new(Unsaved)).unwrap();
        let memory = Arc::new(Memory::default());
        let server = Some(serve(listener, &platform, &memory));
        Self { platform, memory, address, server }
    }

    /// Is away, and then back at the same address with all that it knew.
    /// Kills the server with all its connections, and starts it again when a request to a path has failed.
    pub(crate) async fn restart_after(&mut self, path: &str) {
        self.stop();
        let deaf = self.listen().await;
        loop {
            let (mut connection, _) = deaf.accept().await.unwrap();
            let mut head = [0; 256];
            let length = connection.read(&mut head).await.unwrap_or(0);
            if String::from_utf8_lossy(&head[..length]).contains(path) {
                break;
            }
        }
        drop(deaf);
        let listener = self.listen().await;
        self.server = Some(serve(listener, &self.platform, &self.memory));
    }

    async fn listen(&self) -> TcpListener {
        loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => return listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown_background();
        }
    }

    pub(crate) async fn invite(&self, partner: &str) -> OcpiLink {
        let token_a = self.platform.invite(&PartnerId::new(partner), Dialect::default()).await.unwrap();
        OcpiLink { versions_url: self.platform.versions_url(), token_a, listen: "127.0.0.1:0".parse().unwrap() }
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://{}/", self.address)).unwrap()
    }

    /// Waits until the service knows something.
    pub(crate) async fn until<T>(&self, what: &str, known: impl Fn(&Told) -> Option<T>) -> T {
        let look = async {
            loop {
                if let Some(found) = known(&self.memory.0.lock()) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let patience = Duration::from_mins(2);
        tokio::time::timeout(patience, look).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Serves on a runtime of its own, so that stopping ends connections too.
fn serve(listener: TcpListener, platform: &Platform, memory: &Arc<Memory>) -> Runtime {
    let readings =
        Router::new().route("/api/v1/sites/{site}/meter-readings", post(take_readings)).with_state(memory.clone());
    let router = server::scsp(platform.clone(), memory.clone()).merge(readings);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = listener.into_std().unwrap();
    runtime.spawn(async move { axum::serve(TcpListener::from_std(listener).unwrap(), router).await.unwrap() });
    runtime
}

async fn take_readings(State(memory): State<Arc<Memory>>, headers: HeaderMap, Json(report): Json<Value>) {
    assert_eq!(headers["authorization"], format!("Bearer {METER_TOKEN}"));
    memory.0.lock().readings.extend(report["readings"].as_array().unwrap().iter().cloned());
}
