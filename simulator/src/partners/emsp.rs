//! The virtual eMSP: tells the service what its drivers want, shortly after they have plugged in.
//!
//! OCPI has no channel for this to a smart charging service; the service offers the endpoint of the Sessions sender
//! (OCPI 2.2.1 §8). The eMSP knows the ids of its drivers' sessions from the scenario.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer};
use headroom_domain::{Clock, PartyId};
use headroom_ocpi_adapter::{Client, Nobody, Role, server};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::partners::link::{OcpiLink, RETRY, platform, register, serve, service, until};
use crate::partners::report;
use crate::scenario::Scenario;
use crate::world::{SessionPlan, StatedPreference};

/// How long drivers take to say what they want after they have plugged in.
const AFTER_PLUG_IN: TimeDelta = TimeDelta::seconds(60);

/// Most requests to the service at a time.
const REQUESTS_MAX: usize = 4;

/// What a virtual eMSP is told.
#[derive(Debug, Clone)]
pub struct EmspConfig {
    /// The day.
    pub scenario: Arc<Scenario>,
    /// Its way to the service.
    pub link: OcpiLink,
    /// Where the results go.
    pub result: PathBuf,
}

/// What became of the preferences.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EmspResult {
    /// Preferences that drivers stated.
    pub stated: usize,
    /// Preferences that were answered, by the answer.
    pub answers: BTreeMap<String, usize>,
    /// Preferences whose driver left before the service answered.
    pub unanswered: usize,
    /// Tries that failed and were made again.
    pub retries: usize,
    /// Whether all were settled.
    pub finished: bool,
}

/// Runs a virtual eMSP until the last preference is settled or it is told to stop.
pub async fn run(
    config: EmspConfig,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.link.listen).await.context("cannot listen for OCPI")?;
    let party = PartyId::new("NL", "VEM");
    let platform = platform(&listener, Role::Emsp, party, "Virtual eMSP", clock.clone())?;
    let (stop, stopped) = watch::channel(false);
    let server = serve(listener, server::emsp(platform.clone(), Arc::new(Nobody)), stopped);
    let outcome = Arc::new(Mutex::new(EmspResult::default()));
    let work = async {
        register(&platform, &config.link).await;
        tracing::info!("registered with the service");
        tell_all(&config.scenario, &platform.client(&service()), &clock, &outcome).await;
    };
    let finished = until(work, shutdown).await;
    outcome.lock().finished = finished;
    let result = outcome.lock().clone();
    report::write(&config.result, &result)?;
    stop.send(true)?;
    server.await?;
    Ok(())
}

async fn tell_all(scenario: &Scenario, client: &Client, clock: &Arc<dyn Clock>, outcome: &Arc<Mutex<EmspResult>>) {
    let permits = Arc::new(Semaphore::new(REQUESTS_MAX));
    let mut telling = JoinSet::new();
    for session in scenario.sessions.iter().filter(|session| session.preference.is_some()) {
        outcome.lock().stated += 1;
        let (session, client, clock) = (session.clone(), client.clone(), clock.clone());
        let (permits, outcome) = (permits.clone(), outcome.clone());
        telling.spawn(async move { tell(&session, &client, clock.as_ref(), &permits, &outcome).await });
    }
    telling.join_all().await;
}

/// Tells the service what a driver wants, and again while it does not know the session or does not answer.
async fn tell(
    session: &SessionPlan,
    client: &Client,
    clock: &dyn Clock,
    permits: &Semaphore,
    outcome: &Mutex<EmspResult>,
) {
    let Some(stated) = &session.preference else { return };
    let from = stated.stated_at.max(session.arrival + AFTER_PLUG_IN);
    tokio::time::sleep(clock.real(from - clock.now())).await;
    while clock.now() < session.departure {
        let answer = {
            let _permit = permits.acquire().await;
            client.put_charging_preferences(&session.id, &preference(stated)).await
        };
        match answer {
            Ok(answer) => {
                *outcome.lock().answers.entry(name(answer).to_owned()).or_default() += 1;
                return;
            }
            Err(error) => {
                tracing::debug!(session = session.id, %error, "a preference waits");
                outcome.lock().retries += 1;
                tokio::time::sleep(clock.real(TimeDelta::minutes(1)).max(RETRY)).await;
            }
        }
    }
    outcome.lock().unanswered += 1;
}

fn preference(stated: &StatedPreference) -> ChargingPreference {
    ChargingPreference {
        profile_type: stated.profile_type,
        departure: stated.departure,
        energy_need_wh: stated.energy_wh,
        discharge_allowed: false,
        stated_at: stated.stated_at,
    }
}

fn name(answer: PreferenceAnswer) -> &'static str {
    match answer {
        PreferenceAnswer::Accepted => "accepted",
        PreferenceAnswer::DepartureRequired => "departure_required",
        PreferenceAnswer::EnergyNeedRequired => "energy_need_required",
        PreferenceAnswer::NotPossible => "not_possible",
        PreferenceAnswer::ProfileTypeNotSupported => "profile_type_not_supported",
    }
}
